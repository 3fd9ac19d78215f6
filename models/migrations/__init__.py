"""Schema upgrades with Alembic, shipped in the wheel. `hark db upgrade` and `hark up` call `upgrade`."""

import warnings
from collections.abc import Mapping
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SAWarning

from models.database import Database

HERE = Path(__file__).parent
UNDECLARED = ("place_feature_box", "ix_place_feature_box", "mention_find", "ix_mention_words_terms", "ix_reply_words")
"""Prefixes: the spatial and the full-text index with their shadow tables on SQLite, those indexes on PostgreSQL, and
the index of what replies say."""
COLUMNS_UNDECLARED = (("mention_words", "terms"),)
"""(table, column) that PostgreSQL makes of another one, for an index."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(database: Database) -> tuple[str | None, str]:
    """Bring the schema to the newest revision; returns (revision before, revision now). Safe to repeat."""
    before, config = current(database), _config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, newest()


def current(database: Database) -> str | None:
    """The revision the database is at; None for an empty one."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The revision this code wants."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("the package was built without its migrations")
    return head


def differences(database: Database) -> list[str]:
    """What separates the database from the tables the code declares, in words; empty when they agree."""
    from alembic.autogenerate import compare_metadata

    from models import tables

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _declared})
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index", SAWarning)
            return [str(difference) for difference in compare_metadata(context, tables())]


def _declared(name: str | None, kind: str, parents: Mapping[str, str | None]) -> bool:
    if kind == "column":
        return (parents.get("table_name"), name) not in COLUMNS_UNDECLARED
    return name is None or not name.startswith(UNDECLARED)
