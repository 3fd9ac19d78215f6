"""Gaps are filled again page by page, after everything that is new; and what was written before we began waits."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import col, select

from listeners import backfill
from listeners.counting import ASK_EVERY, compare_with_channel
from listeners.errors import ChannelUnavailable, ListenerError
from listeners.gaps import refill_a_page
from listeners.hearing import Hearing
from listeners.intake import begin, store_posts
from listeners.protocol import Batch
from models import Account, AuditEntry, Channel, Database, Gap, IntakeDay, Mention, MentionState, Post
from models.posts import IncomingAuthor, IncomingPost, NoticedGap
from tests.listeners.test_hearing import Scripted
from tests.rows import MORNING, an_account


def _post(post_id: str, created_at: datetime = MORNING, **more: object) -> IncomingPost:
    given: dict[str, object] = {
        "post_id": post_id,
        "edit_chain": post_id,
        "conversation_id": post_id,
        "author": IncomingAuthor("7", "dee"),
        "text": f"pothole number {post_id}",
        "created_at": created_at,
    }
    return IncomingPost(**(given | more))  # type: ignore[arg-type]  # tests name any field


class WithPast(Scripted):
    """A channel that still shows a stretch of the past, and counts."""

    def __init__(self, *pages: Batch | ListenerError, count: int | None = None) -> None:
        super().__init__()
        self.pages, self.count = list(pages), count
        self.refills: list[tuple[str, str, str | None]] = []
        self.counted: list[date] = []

    async def refill(self, after: str, before: str, cursor: str | None) -> Batch:
        self.refills.append((after, before, cursor))
        page = self.pages.pop(0)
        if isinstance(page, ListenerError):
            raise page
        return page

    async def count_mentions(self, day: date) -> int | None:
        self.counted.append(day)
        return self.count


def _ear(database: Database, listener: Scripted) -> Hearing:
    async def heard() -> None:
        return None

    with database.write() as session:
        account = an_account(session)
        account.name = "x"
        session.add(account)
    return Hearing(
        database=database,
        account_name="x",
        listener=listener,
        holder="test",
        heard=heard,
        poll_every=timedelta(seconds=7),
        clock=lambda: MORNING,
        beside=(refill_a_page, compare_with_channel),
    )


def _gap(database: Database, after: str = "10", before: str = "20") -> None:
    with database.write() as session:
        account = session.exec(select(Account)).one()
        gap = Gap(
            account_id=account.id or 0,
            after_post_id=after,
            before_post_id=before,
            reason="we were away",
            noticed_at=MORNING,
        )
        session.add(gap)


def _the_gap(database: Database) -> Gap:
    with database.read() as session:
        return session.exec(select(Gap)).one()


async def test_a_gap_is_filled_page_by_page_and_closes_when_nothing_of_it_is_left(database: Database) -> None:
    listener = WithPast(Batch([_post("11"), _post("12")], "p2", more=True), Batch([_post("13")], None))
    ear = _ear(database, listener)
    _gap(database)
    await ear.listen_once()
    half = _the_gap(database)
    assert (half.refilled, half.refill_cursor, half.closed_at) == (2, "p2", None)
    await ear.listen_once()
    filled = _the_gap(database)
    assert (filled.refilled, filled.refilled_at, filled.closed_by) == (3, MORNING, "listener")
    assert listener.refills == [("10", "20", None), ("10", "20", "p2")]
    with database.read() as session:
        assert (
            session.exec(select(AuditEntry.why).where(AuditEntry.about == "Gap")).one() == "filled again with 3 posts"
        )
        day = session.exec(select(IntakeDay).where(IntakeDay.day == MORNING.date())).one()
        assert (day.gaps_closed, day.mentions) == (1, 3)
    await ear.listen_once()
    assert len(listener.refills) == 2


async def test_a_crash_while_filling_leaves_posts_and_place_where_they_were(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Batch([_post("11")], "p2", more=True)
    listener = WithPast(page, page)
    ear = _ear(database, listener)
    _gap(database)

    def dies(*_: object) -> None:
        raise SystemExit("killed in the middle of a page")

    with monkeypatch.context() as patched:
        patched.setattr("listeners.intake._attach", dies)
        with pytest.raises(SystemExit):
            await ear.listen_once()
    assert (_the_gap(database).refill_cursor, _the_gap(database).refilled) == (None, 0)
    await ear.listen_once()
    assert (_the_gap(database).refill_cursor, _the_gap(database).refilled) == ("p2", 1)


async def test_what_the_channel_shows_only_in_part_stays_open_and_says_so(database: Database) -> None:
    rest = NoticedGap("10", "12", "X shows the last seven days only")
    ear = _ear(database, WithPast(Batch([_post("13")], None, gap=rest)))
    _gap(database)
    await ear.listen_once()
    gap = _the_gap(database)
    assert gap.closed_at is None
    assert gap.refilled_at == MORNING
    assert "seven days only" in gap.trouble


async def test_trouble_while_filling_is_tried_again_with_the_next_round(database: Database) -> None:
    listener = WithPast(ChannelUnavailable("X answered 503"), Batch([_post("11")], None))
    ear = _ear(database, listener)
    _gap(database)
    await ear.listen_once()
    assert _the_gap(database).refilled_at is None
    await ear.listen_once()
    assert _the_gap(database).refilled == 1


async def test_a_channel_without_a_past_says_why_the_gap_stays(database: Database) -> None:
    ear = _ear(database, Scripted())
    _gap(database)
    await ear.listen_once()
    gap = _the_gap(database)
    assert gap.closed_at is None
    assert "does not show" in gap.trouble


async def test_a_gap_with_no_known_end_is_left_to_the_listening_itself(database: Database) -> None:
    listener = WithPast()
    ear = _ear(database, listener)
    _gap(database, "", "")
    await ear.listen_once()
    assert listener.refills == []


async def test_the_channels_own_count_is_asked_now_and_then(database: Database) -> None:
    listener, now = WithPast(count=12), [MORNING]
    ear = _ear(database, listener)
    ear.clock = lambda: now[0]
    for _ in range(3):
        await ear.listen_once()
    assert listener.counted == [MORNING.date() - timedelta(days=1), MORNING.date()]
    now[0] += ASK_EVERY
    await ear.listen_once()
    assert len(listener.counted) == 4
    with database.read() as session:
        counts = session.exec(select(IntakeDay.platform_count).order_by(col(IntakeDay.day))).all()
    assert counts == [12, 12]


async def test_a_channel_that_refuses_to_count_is_not_asked_again_with_every_page(database: Database) -> None:
    class Refuses(WithPast):
        async def count_mentions(self, day: date) -> int | None:
            self.counted.append(day)
            raise ChannelUnavailable("the plan does not hold counts")

    listener = Refuses()
    ear = _ear(database, listener)
    for _ in range(3):
        await ear.listen_once()
    assert len(listener.counted) == 1


BEGAN = MORNING
OLD = [_post(str(number), BEGAN - timedelta(days=number)) for number in range(1, 6)]


def _began(database: Database, posts: Sequence[IncomingPost] = OLD) -> int:
    """An account that began at BEGAN and then heard these posts; its id."""
    with database.write() as session:
        account = an_account(session)
        begin(account, BEGAN, ask=True)
        store_posts(session, account, posts, BEGAN + timedelta(minutes=1))
        return account.id or 0


def _to_understand(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(session.exec(select(Mention.edit_chain).where(col(Mention.needs_understanding))).all())


def test_what_was_written_before_we_began_is_stored_and_waits(either_database: Database) -> None:
    account_id = _began(either_database, [*OLD, _post("new", BEGAN + timedelta(seconds=30))])
    assert _to_understand(either_database) == ["new"]
    with either_database.read() as session:
        waits = backfill.waiting(session, account_id)
        day = session.exec(select(IntakeDay)).one()
    assert waits is not None
    assert (waits.posts, waits.oldest, waits.newest) == (5, BEGAN - timedelta(days=5), BEGAN - timedelta(days=1))
    assert (day.mentions, day.waiting) == (6, 5)


def test_a_person_takes_in_the_newest_days_and_leaves_the_rest(database: Database) -> None:
    account_id = _began(database)
    with database.write() as session:
        assert backfill.take_in(session, account_id, BEGAN - timedelta(days=2), "staff:1", BEGAN) == 2
    assert _to_understand(database) == ["1", "2"]
    with database.write() as session:
        assert backfill.leave(session, account_id, "staff:1", BEGAN) == 3
    with database.read() as session:
        assert backfill.waiting(session, account_id) is None
        left = session.exec(select(Mention).where(Mention.state == MentionState.SET_ASIDE)).all()
        assert len(left) == 3
        assert session.exec(select(AuditEntry.why).where(AuditEntry.about == "Account")).one().startswith("took in 2")


def test_who_writes_again_is_heard_although_what_they_wrote_before_waits(database: Database) -> None:
    _began(database)
    with database.write() as session:
        again = _post("6", BEGAN + timedelta(minutes=5), conversation_id="1", in_reply_to="1")
        store_posts(session, an_account(session), [again], BEGAN + timedelta(minutes=6))
    assert _to_understand(database) == ["1"]
    with database.read() as session:
        assert len(session.exec(select(Post).join(Mention).where(Mention.edit_chain == "1")).all()) == 2


def test_what_was_written_the_day_before_we_began_is_understood_at_once(database: Database) -> None:
    _began(database, [_post("1", BEGAN - timedelta(hours=23)), _post("2", BEGAN - timedelta(hours=24))])
    assert _to_understand(database) == ["1"]


def test_an_edit_from_before_we_began_does_not_wake_what_waits(database: Database) -> None:
    _began(database)
    with database.write() as session:
        edited = _post("7", BEGAN - timedelta(hours=24), edit_chain="1")
        store_posts(session, an_account(session), [edited], BEGAN + timedelta(minutes=6))
    assert _to_understand(database) == []


def test_an_account_heard_before_this_version_began_at_its_last_contact() -> None:
    account = Account(name="x", channel=Channel.X, last_contact_at=MORNING - timedelta(hours=3))
    begin(account, MORNING, ask=True)
    assert account.began_at == MORNING - timedelta(hours=3)
    begin(account, datetime(2027, 1, 1, tzinfo=UTC), ask=True)
    assert account.began_at == MORNING - timedelta(hours=3)
    begin(account, MORNING, ask=False)
    assert account.began_at is None
