"""Search, saved views, who looks at what, and what the queue is sorted by: filled in for what is stored already."""

import itertools
from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from alembic import op

from models.search import words_of
from models.sorting import area_at

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CHUNK = 2_000
SQLITE = [
    """
    CREATE VIRTUAL TABLE mention_find USING fts5(
        words, content='mention_words', content_rowid='mention_id', detail='none', columnsize=0,
        tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* Co'"
    )
    """,
    """
    CREATE TRIGGER mention_words_inserted AFTER INSERT ON mention_words BEGIN
        INSERT INTO mention_find (rowid, words) VALUES (NEW.mention_id, NEW.words);
    END
    """,
    """
    CREATE TRIGGER mention_words_deleted AFTER DELETE ON mention_words BEGIN
        INSERT INTO mention_find (mention_find, rowid, words) VALUES ('delete', OLD.mention_id, OLD.words);
    END
    """,
    """
    CREATE TRIGGER mention_words_changed AFTER UPDATE ON mention_words BEGIN
        INSERT INTO mention_find (mention_find, rowid, words) VALUES ('delete', OLD.mention_id, OLD.words);
        INSERT INTO mention_find (rowid, words) VALUES (NEW.mention_id, NEW.words);
    END
    """,
]
POSTGRESQL = [
    """
    ALTER TABLE mention_words ADD COLUMN terms tsvector
    GENERATED ALWAYS AS (array_to_tsvector(string_to_array(words, ' '))) STORED
    """,
    "CREATE INDEX ix_mention_words_terms ON mention_words USING gin (terms) WITH (fastupdate = off)",
]
SERVICE_AND_LANGUAGE = """
UPDATE mention SET
    service_code = coalesce(
        (SELECT service_code FROM service_request WHERE mention_id = mention.id AND state != 'cancelled' LIMIT 1),
        (SELECT service_code FROM understanding WHERE mention_id = mention.id ORDER BY id DESC LIMIT 1),
        ''
    ),
    language = coalesce(
        (SELECT language FROM understanding WHERE mention_id = mention.id ORDER BY id DESC LIMIT 1), ''
    ),
    promised_at = (
        SELECT expected_datetime FROM service_request WHERE mention_id = mention.id AND state != 'cancelled' LIMIT 1
    )
"""
PLACES = sa.text(
    "SELECT mention_id, lat, long FROM service_request WHERE state != 'cancelled' AND lat IS NOT NULL"
    " AND long IS NOT NULL AND mention_id > :after ORDER BY mention_id LIMIT :limit"
)
POSTS = sa.text(
    "SELECT post.mention_id, post.text, post.pin_title, author.handle, author.display_name FROM post"
    " JOIN author ON author.id = post.author_id WHERE post.mention_id > :after AND post.mention_id <= :last"
    " AND post.kind = 'mention' AND post.deleted_at IS NULL ORDER BY post.id"
)
PICTURES = sa.text(
    "SELECT post.mention_id, attachment.alt_text FROM post JOIN attachment ON attachment.post_id = post.id"
    " WHERE post.mention_id > :after AND post.mention_id <= :last AND post.deleted_at IS NULL"
    " AND attachment.alt_text != ''"
)


def upgrade() -> None:
    op.add_column("mention", sa.Column("promised_at", sa.DateTime(timezone=True), nullable=True))
    _tables()
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
    op.execute(SERVICE_AND_LANGUAGE)
    _areas()
    _words()
    _indexes()


def _tables() -> None:
    op.create_table(
        "mention_words",
        sa.Column("mention_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mention.id"]),
        sa.PrimaryKeyConstraint("mention_id"),
    )
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_user.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_saved_view_staff", "saved_view", ["staff_id"])
    op.create_table(
        "presence",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_user.id"]),
        sa.PrimaryKeyConstraint("staff_id", "mention_id"),
    )
    op.create_index("ix_presence_mention", "presence", ["mention_id"])


def _indexes() -> None:
    for name in ("service_code", "language", "area", "account_id"):
        short = name.removesuffix("_code").removesuffix("_id")
        op.create_index(f"ix_mention_{short}", "mention", [name, "received_at"])
    op.create_index("ix_mention_author", "mention", ["author_id", "id"])
    for short, columns in (
        ("promised", ["state", "danger", "promised_at"]),
        ("assigned", ["assigned_to", "received_at"]),
    ):
        only = sa.text(f"{'promised_at' if short == 'promised' else 'assigned_to'} IS NOT NULL")
        op.create_index(
            f"ix_mention_{short}", "mention", columns, unique=False, sqlite_where=only, postgresql_where=only
        )


def _areas() -> None:
    """The area of each mention whose request has a point; none where the city's areas were never imported."""
    bind, after = op.get_bind(), 0
    areas = sa.text("SELECT 1 FROM place_feature WHERE kind = 'area' AND shape IS NOT NULL LIMIT 1")
    while bind.execute(areas).first() is not None:
        rows = bind.execute(PLACES, {"after": after, "limit": CHUNK}).all()
        if not rows:
            return
        after = int(rows[-1][0])
        found = [{"id": int(row[0]), "area": area_at(bind, float(row[1]), float(row[2]))} for row in rows]
        for one in (one for one in found if one["area"]):
            bind.execute(sa.text("UPDATE mention SET area = :area WHERE id = :id"), one)


def _words() -> None:
    """What each mention says, under the index."""
    bind = op.get_bind()
    last = int(bind.execute(sa.text("SELECT coalesce(max(id), 0) FROM mention")).scalar_one())
    for after in itertools.takewhile(lambda one: one < last, itertools.count(0, CHUNK)):
        span = {"after": after, "last": after + CHUNK}
        said: dict[int, list[str]] = defaultdict(list)
        for query in (POSTS, PICTURES):
            for mention_id, *texts in bind.execute(query, span):
                said[int(mention_id)] += texts
        rows: list[dict[str, Any]] = [{"id": one, "words": words_of(texts)} for one, texts in said.items()]
        if rows:
            bind.execute(sa.text("INSERT INTO mention_words (mention_id, words) VALUES (:id, :words)"), rows)
