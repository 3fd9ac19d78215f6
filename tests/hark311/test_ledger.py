"""The ledger of intake: it balances when nothing is lost or doubled, and says so when something is."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import event
from sqlmodel import col, func, select, text
from typer.testing import CliRunner

from hark311.cli import app
from hark311.ledger import Ledger, ledger_of
from listeners.gaps import close_gap
from listeners.intake import store_batch, store_posts
from listeners.protocol import Batch
from models import Account, Database, Gap, IntakeDay, Mention, Post, Spend, migrations
from models.deletion import forget_post
from models.ledger import count_intake
from models.posts import IncomingAuthor, IncomingPost, NoticedGap, PostKind, UnreadableItem
from tests.rows import MORNING, an_account
from tests.town import Town

DEE = IncomingAuthor("7", "dee")


def _post(post_id: str, kind: PostKind = PostKind.MENTION, **more: object) -> IncomingPost:
    given: dict[str, object] = {
        "post_id": post_id,
        "edit_chain": post_id,
        "conversation_id": post_id,
        "author": DEE,
        "text": f"pothole number {post_id}",
        "created_at": MORNING,
        "kind": kind,
    }
    return IncomingPost(**(given | more))  # type: ignore[arg-type]  # tests name any field


def _ledger(database: Database, now: datetime = MORNING) -> Ledger:
    return ledger_of(database, now)


def _today(database: Database) -> IntakeDay:
    with database.read() as session:
        return session.exec(select(IntakeDay).where(IntakeDay.day == MORNING.date())).one()


def test_every_delivered_post_is_counted_as_exactly_one_thing(either_database: Database) -> None:
    page = [
        _post("1"),
        _post("2"),
        _post("3", PostKind.OWN, author=IncomingAuthor("311", "Philly311Demo")),
        _post("4", PostKind.REPOST),
        _post("5", PostKind.CONTEXT),
    ]
    broken = [UnreadableItem("6", "no text", "{}")]
    for _ in range(2):
        with either_database.write() as session:
            store_batch(session, an_account(session), Batch(page, "6", broken), MORNING)
    day = _today(either_database)
    assert (day.mentions, day.own, day.reposts, day.context, day.unreadable, day.repeated) == (2, 1, 1, 1, 1, 6)
    assert day.delivered == 12
    found = _ledger(either_database)
    assert found.balances, found.as_dict()


def test_a_page_that_is_rolled_back_is_not_counted(database: Database) -> None:
    def falls_over() -> None:
        with database.write() as session:
            store_posts(session, an_account(session), [_post("1")], MORNING)
            raise RuntimeError("the process fell over")

    with pytest.raises(RuntimeError):
        falls_over()
    with database.read() as session:
        assert session.exec(select(IntakeDay)).all() == []


def test_a_post_the_database_refuses_is_counted_as_unreadable_and_the_rest_as_what_they_are(database: Database) -> None:
    with database.write() as session:
        broken = _post("2", raw={"seen": object()})
        store_batch(session, an_account(session), Batch([_post("1"), broken, _post("3")], "3"), MORNING)
    day = _today(database)
    assert (day.mentions, day.unreadable, day.delivered) == (2, 1, 3)
    assert _ledger(database).balances


def test_context_that_becomes_a_mention_moves_from_one_column_to_the_other(either_database: Database) -> None:
    with either_database.write() as session:
        store_posts(session, an_account(session), [_post("1", PostKind.CONTEXT)], MORNING)
    later = MORNING + timedelta(days=1)
    with either_database.write() as session:
        store_posts(session, an_account(session), [_post("1")], later)
    days = {day.day: day for day in _ledger(either_database, later).accounts[0].days}
    assert days[MORNING.date()].counted["mentions"] == 1
    assert days[MORNING.date()].counted["context"] == 0
    assert days[later.date()].counted["repeated"] == 1
    assert all(day.balances for day in days.values())


def test_what_an_author_deletes_is_counted_once(database: Database) -> None:
    with database.write() as session:
        account = an_account(session)
        store_posts(session, account, [_post("1"), _post("2", edit_chain="1")], MORNING)
        for post in session.exec(select(Post)).all():
            forget_post(session, post, "test", "its author deleted it", MORNING)
    assert _today(database).deleted == 2
    assert _ledger(database).balances


def test_gaps_are_counted_when_they_open_and_when_they_close(database: Database) -> None:
    with database.write() as session:
        gap = NoticedGap("1", "9", "X shows mentions of the last seven days only")
        store_batch(session, an_account(session), Batch((), "9", gap=gap), MORNING)
    later = MORNING + timedelta(days=2)
    with database.write() as session:
        for _ in range(2):
            close_gap(session, session.exec(select(Gap)).one(), "staff:1", "dealt with", later)
    newest, oldest = _ledger(database, later).accounts[0].days
    assert (oldest.counted["gaps_opened"], newest.counted["gaps_closed"]) == (1, 1)
    assert newest.balances
    assert oldest.balances


def test_a_post_that_was_lost_or_stored_behind_its_back_shows(database: Database) -> None:
    with database.write() as session:
        store_posts(session, an_account(session), [_post("1"), _post("2")], MORNING)
    with database.write() as session:
        session.delete(session.exec(select(Post).where(Post.channel_post_id == "2")).one())
    found = _ledger(database)
    assert not found.balances
    assert found.accounts[0].days[0].problems == ["2 posts to us were counted and 1 are stored."]


def test_the_channel_counting_more_than_we_hold_shows(database: Database) -> None:
    with database.write() as session:
        account = an_account(session)
        store_posts(session, account, [_post("1"), _post("2")], MORNING)
        day = session.exec(select(IntakeDay)).one()
        day.platform_count = 2
        session.add(day)
    assert _ledger(database).balances
    with database.write() as session:
        day = session.exec(select(IntakeDay)).one()
        day.platform_count = 3
        session.add(day)
    found = _ledger(database)
    assert "The channel counts 3" in found.accounts[0].days[0].problems[0]


def test_spend_stands_beside_the_posts_of_its_day(database: Database) -> None:
    with database.write() as session:
        account = an_account(session)
        session.flush()
        for endpoint in ("mentions", "posts"):
            session.add(
                Spend(account_id=account.id or 0, day=MORNING.date(), endpoint=endpoint, calls=3, microdollars=250_000)
            )
    day = _ledger(database).accounts[0].days[0]
    assert (day.calls, day.spend) == (6, 0.5)


def test_an_older_database_begins_its_ledger_with_what_it_holds(tmp_path: Path) -> None:
    database = Database.in_file(tmp_path / "older.db")
    config = migrations._config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
    with database.engine.begin() as connection:
        for statement in (
            "INSERT INTO account (id, name, channel, handle, channel_account_id, health, trouble)"
            " VALUES (1, 'x', 'x', 'us', '311', 'ok', '')",
            "INSERT INTO conversation (id, account_id, channel_conversation_id, private) VALUES (1, 1, 't', false)",
            "INSERT INTO author (id, channel, channel_author_id, handle, display_name, protected)"
            " VALUES (1, 'x', '7', 'dee', 'Dee', false)",
        ):
            connection.execute(text(statement))
        posts = (
            "INSERT INTO post (account_id, channel_post_id, edit_chain, conversation_id, author_id, kind, text, url,"
            " pin_title, created_at, received_at, deleted_at) VALUES (1, :id, :id, 1, :author, :kind, '', '', '',"
            " '2026-11-20 08:00:00.000000', :at, :gone)"
        )
        for post_id, author, kind, at, gone in (
            ("1", 1, "mention", "2026-11-19 23:59:59.000000", None),
            ("2", 1, "mention", "2026-11-20 00:00:00.000000", "2026-11-20 07:00:00.000000"),
            ("3", None, "own", "2026-11-20 01:00:00.000000", None),
        ):
            connection.execute(text(posts), {"id": post_id, "author": author, "kind": kind, "at": at, "gone": gone})
    migrations.upgrade(database)
    found = _ledger(database)
    assert found.balances, found.as_dict()
    assert [(day.day, day.counted["mentions"], day.sent) for day in found.accounts[0].days] == [
        (date(2026, 11, 20), 1, 1),
        (date(2026, 11, 19), 1, 0),
    ]
    database.dispose()


def test_hark_ledger_prints_json_and_ends_with_1_when_it_does_not_balance(town: Town) -> None:
    town.simulator.say_on_x("pothole at 5th and Market st")
    town.hear()
    town.approve(town.mentions()[0].id, "Thank you, we are on it.", file_request=False)
    town.deliver()
    town.listen()
    runner = CliRunner()
    good = runner.invoke(app, ["ledger", "--json", "--data", str(town.data)])
    assert good.exit_code == 0, good.output
    found = json.loads(good.output)
    assert found["balances"] is True
    x = next(one for one in found["accounts"] if one["account"] == "x")
    assert (x["totals"]["mentions"], x["days"][0]["sent"]) == (1, 1)
    with town.database.write() as session:
        count_intake(session, town.account("x").id or 0, datetime.now(UTC).date(), mentions=1)
    bad = runner.invoke(app, ["ledger", "--json", "--account", "x", "--data", str(town.data)])
    assert bad.exit_code == 1
    assert json.loads(bad.output)["balances"] is False
    table = runner.invoke(app, ["ledger", "--data", str(town.data)])
    assert table.exit_code == 1
    assert "2 posts to us were counted and 1 are stored." in " ".join(table.output.split())
    assert runner.invoke(app, ["ledger", "--account", "nobody", "--data", str(town.data)]).exit_code == 2


@pytest.mark.timeout(180)
def test_the_ledger_balances_after_a_listener_was_killed_20_times_in_mid_page(town: Town) -> None:
    said = town.simulator.say_many_on_x([{"text": f"graffiti on wall {number}"} for number in range(350)])
    subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.hark311.dying_listener",
            str(town.data),
            str(town.simulator.settings.port),
            "20",
            "311",
        ],
        check=True,
        timeout=150,
    )
    with town.database.write() as session:
        account = session.exec(select(Account).where(Account.name == "x")).one()
        account.lease_until = None
        session.add(account)
    town.listen("x")
    with town.database.read() as session:
        stored = session.exec(select(Post.channel_post_id).where(Post.kind == PostKind.MENTION)).all()
        assert sorted(stored) == sorted(one["id"] for one in said)
        assert session.exec(select(func.count(col(Mention.id)))).one() == 350
    found = ledger_of(town.database, town.clock())
    assert found.balances, found.as_dict()
    x = next(one for one in found.accounts if one.name == "x")
    assert x.total("mentions") == 350


def test_how_much_is_asked_of_the_database_does_not_grow_with_the_days(either_database: Database) -> None:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    numbers = []
    event.listen(either_database.engine, "before_cursor_execute", note)
    for day in range(3):
        at = MORNING + timedelta(days=day)
        with either_database.write() as session:
            account = an_account(session)
            store_batch(
                session,
                account,
                Batch([_post(f"{day}", created_at=at)], "1", [UnreadableItem(f"u{day}", "?", "{}")]),
                at,
            )
            counted = session.exec(select(IntakeDay).where(IntakeDay.day == at.date())).one()
            counted.platform_count = 2
            session.add(counted)
        asked.clear()
        found = _ledger(either_database, at)
        numbers.append(len(asked))
        assert [one.held for one in found.accounts[0].days] == [2] * (day + 1)
    assert len(set(numbers)) == 1
