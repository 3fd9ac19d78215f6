"""The two databases behave alike where we rely on it."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic import command
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlmodel import select, text

from models import Account, AuditEntry, Author, Channel, Database, migrations, record
from tests.rows import a_mention, an_account

COLUMNS = (
    "account_id, channel_post_id, edit_chain, conversation_id, kind, text, url, pin_title, created_at, received_at"
)
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def test_the_migrations_make_exactly_the_tables_the_code_declares(either_database: Database) -> None:
    assert migrations.current(either_database) == migrations.newest()
    assert migrations.differences(either_database) == []


def test_upgrading_again_changes_nothing(either_database: Database) -> None:
    before, now = migrations.upgrade(either_database)
    assert before == now


def test_times_come_back_aware_and_in_utc(either_database: Database) -> None:
    in_philadelphia = NOW.astimezone(timezone(timedelta(hours=-5)))
    with either_database.write() as session:
        an_account(session).last_contact_at = in_philadelphia
    with either_database.read() as session:
        stored = session.exec(select(Account.last_contact_at)).one()
    assert stored == NOW
    assert stored is not None
    assert stored.utcoffset() == timedelta(0)


def test_a_naive_time_is_refused_on_its_way_in(database: Database) -> None:
    with pytest.raises(StatementError, match="naive"), database.write() as session:
        an_account(session).last_contact_at = datetime(2026, 11, 20)  # noqa: DTZ001 - naive on purpose


def test_a_block_that_raises_leaves_nothing_behind(either_database: Database) -> None:
    def falls_over() -> None:
        with either_database.write() as session:
            a_mention(session)
            raise RuntimeError("the process fell over")

    with pytest.raises(RuntimeError):
        falls_over()
    with either_database.read() as session:
        assert session.exec(select(Account)).all() == []


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET why = 'nothing'", "DELETE FROM audit_entry"])
def test_the_audit_can_be_added_to_and_never_changed(either_database: Database, statement: str) -> None:
    with either_database.write() as session:
        record(session, "Mention", 1, "test", "something happened", NOW)
    with pytest.raises((DBAPIError, IntegrityError), match="append-only"), either_database.write() as session:
        session.exec(text(statement))  # type: ignore[call-overload]  # plain SQL, as an intruder would send it
    with either_database.read() as session:
        assert session.exec(select(AuditEntry.why)).all() == ["something happened"]


def test_two_writers_queue_up_instead_of_failing(database: Database) -> None:
    with database.write() as session:
        an_account(session)

    def count_up() -> None:
        for _ in range(20):
            with database.write() as session:
                account = session.exec(select(Account).with_for_update()).one()
                account.cursor = str(int(account.cursor or 0) + 1)
                session.add(account)

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.exec(select(Account.cursor)).one() == "80"


def test_a_post_cannot_be_stored_twice_even_past_the_code(either_database: Database) -> None:
    with either_database.write() as session:
        a_mention(session, channel=Channel.X)
    with pytest.raises(IntegrityError), either_database.write() as session:
        session.exec(  # type: ignore[call-overload]  # plain SQL, past every check of ours
            text(f"INSERT INTO post ({COLUMNS}) SELECT {COLUMNS} FROM post")  # noqa: S608 - our own column names
        )


def test_rows_that_earlier_versions_wrote_wrongly_are_mended(either_database: Database) -> None:
    with either_database.write() as session:
        for channel in (Channel.MASTODON, Channel.X):
            session.add(Author(channel=channel, channel_author_id="7", protected=True))
    with either_database.engine.begin() as connection:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0034")
    migrations.upgrade(either_database)
    with either_database.read() as session:
        found = session.exec(select(Author)).all()
    assert {one.channel: one.protected for one in found} == {Channel.MASTODON: False, Channel.X: True}
