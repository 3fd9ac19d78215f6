"""Hearing one account: what each class of error does, the lease, what comes beside mentions, another account's key."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

import pytest
from sqlmodel import select

from hark311.retiring import bring_back, retire
from listeners.errors import (
    ChannelUnavailable,
    CredentialsRejected,
    ListenerError,
    PermissionMissing,
    RateLimited,
)
from listeners.hearing import LEASE, Hearing
from listeners.protocol import Batch, OurAccount
from models import Account, AccountHealth, Channel, Database, Mention
from models.posts import IncomingAuthor, IncomingPost, UnreadableItem
from tests.rows import MORNING
from tests.town import Clock, Town


class Scripted:
    """A channel whose answers are written down: each is a page or an error."""

    channel = Channel.X

    def __init__(self, *answers: Batch | ListenerError, account_id: str = "311") -> None:
        self.answers = list(answers)
        self.us = OurAccount(account_id, "Philly311Demo")
        self.asked: list[str | None] = []
        self.was_asked = asyncio.Event()

    async def whoami(self) -> OurAccount:
        return self.us

    async def fetch(self, cursor: str | None) -> Batch:
        self.asked.append(cursor)
        self.was_asked.set()
        answer = self.answers.pop(0) if self.answers else Batch((), cursor)
        if isinstance(answer, ListenerError):
            raise answer
        return answer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


@pytest.fixture
def account(database: Database) -> str:
    with database.write() as session:
        session.add(Account(name="x", channel=Channel.X, cursor="41"))
    return "x"


def _ear(
    database: Database,
    listener: Scripted,
    *,
    clock: Callable[[], object] | None = None,
    beside: Sequence[Callable[[Hearing], object]] = (),
    holder: str = "test",
) -> Hearing:
    async def heard() -> None:
        return None

    return Hearing(
        database=database,
        account_name="x",
        listener=listener,
        holder=holder,
        heard=heard,
        poll_every=timedelta(seconds=7),
        clock=clock or (lambda: MORNING),  # type: ignore[arg-type]  # tests turn it by hand
        beside=beside,  # type: ignore[arg-type]
    )


def _stands(database: Database) -> Account:
    with database.read() as session:
        return session.get_one(Account, 1)


WAIT_UNTIL = MORNING + timedelta(minutes=9)


@pytest.mark.parametrize(
    ("error", "health", "shortest", "longest", "said"),
    [
        (CredentialsRejected("X refuses the key"), AccountHealth.CREDENTIALS_REJECTED, 20, 20, "mend the key"),
        (PermissionMissing("switch on reading"), AccountHealth.NO_PERMISSION, 300, 300, "all else goes on"),
        (RateLimited(WAIT_UNTIL), AccountHealth.RATE_LIMITED, 540, 541, "asked to wait"),
        (ChannelUnavailable("X answered 503"), AccountHealth.UNAVAILABLE, 1, 2, "We keep trying"),
    ],
    ids=["auth", "permission", "rate", "outage"],
)
async def test_each_class_of_error_has_its_own_behaviour(
    database: Database,
    account: str,
    error: ListenerError,
    health: AccountHealth,
    shortest: float,
    longest: float,
    said: str,
) -> None:
    listener = Scripted(error)
    ear = _ear(database, listener)
    pause = await ear.listen_once()
    stands = _stands(database)
    assert (stands.health, stands.cursor) == (health, "41")
    assert shortest <= pause <= longest
    assert said in stands.trouble
    assert stands.resume_at == MORNING + timedelta(seconds=pause)
    assert await ear.listen_once() == 7
    healed = _stands(database)
    assert (healed.health, healed.trouble, healed.resume_at) == (AccountHealth.OK, "", None)
    assert listener.asked == ["41", "41"]


async def test_an_ear_that_breaks_on_a_page_says_so_until_a_page_is_heard(database: Database, account: str) -> None:
    class Broken(Scripted):
        async def fetch(self, cursor: str | None) -> Batch:
            if len(self.asked) < 2:
                self.asked.append(cursor)
                raise TypeError("a fault of ours")
            return await super().fetch(cursor)

    ear = _ear(database, Broken())
    for shortest in (1, 2):
        pause = await ear.listen_once()
        stands = _stands(database)
        assert (stands.health, stands.cursor) == (AccountHealth.UNAVAILABLE, "41")
        assert stands.trouble.startswith("What came could not be taken in (TypeError)")
        assert stands.resume_at == MORNING + timedelta(seconds=pause)
        assert shortest <= pause <= 2 * shortest
    assert await ear.listen_once() == 7
    assert (_stands(database).health, _stands(database).trouble) == (AccountHealth.OK, "")


async def test_content_that_cannot_be_read_is_kept_and_the_page_goes_on(database: Database, account: str) -> None:
    page = Batch((), "42", [UnreadableItem("42", "no text", "{}")])
    assert await _ear(database, Scripted(page)).listen_once() == 7
    stands = _stands(database)
    assert (stands.health, stands.cursor) == (AccountHealth.OK, "42")


async def test_a_refused_key_is_tried_again_ever_more_slowly(database: Database, account: str) -> None:
    ear = _ear(database, Scripted(*[CredentialsRejected("no")] * 6))
    assert [await ear.listen_once() for _ in range(6)] == [20, 40, 80, 120, 120, 120]


async def test_a_missing_permission_lets_what_is_heard_beside_the_mentions_go_on(
    database: Database, account: str
) -> None:
    heard: list[str] = []

    async def beside(ear: Hearing) -> None:
        heard.append(ear.account_name)

    ear = _ear(database, Scripted(PermissionMissing("no mentions")), beside=[beside])
    await ear.listen_once()
    assert heard == ["x"]


async def test_nothing_is_heard_beside_while_mentions_wait_or_a_limit_is_on(database: Database, account: str) -> None:
    heard: list[str] = []

    async def beside(ear: Hearing) -> None:
        heard.append(ear.account_name)

    ear = _ear(database, Scripted(Batch((), "42", more=True), RateLimited(WAIT_UNTIL)), beside=[beside])
    assert await ear.listen_once() == 0
    await ear.listen_once()
    assert heard == []
    await ear.listen_once()
    assert heard == ["x"]


async def test_trouble_beside_the_mentions_never_stops_them(database: Database, account: str) -> None:
    async def breaks(_ear: Hearing) -> None:
        raise ValueError("a fault of ours")

    async def refused(_ear: Hearing) -> None:
        raise RateLimited(WAIT_UNTIL)

    ear = _ear(database, Scripted(Batch((), "42")), beside=[breaks, refused])
    assert await ear.listen_once() == 7
    assert _stands(database).health == AccountHealth.OK


async def test_a_page_fetched_by_a_listener_that_lost_its_lease_is_not_stored(database: Database, account: str) -> None:
    clock = Clock()
    other = _ear(database, Scripted(), clock=clock, holder="other")

    class Slow(Scripted):
        async def fetch(self, cursor: str | None) -> Batch:
            clock.advance(seconds=LEASE.total_seconds() + 1)
            await other.listen_once()
            return Batch((), "99")

    await _ear(database, Slow(), clock=clock).listen_once()
    stands = _stands(database)
    assert (stands.cursor, stands.lease_holder) == ("41", "other")


async def test_an_ear_that_rests_is_woken_at_once(database: Database, account: str) -> None:
    ear = _ear(database, Scripted())
    ear.poll_every = timedelta(minutes=30)
    listening = asyncio.create_task(ear.listen())
    listener = ear.listener
    assert isinstance(listener, Scripted)
    async with asyncio.timeout(10):
        await listener.was_asked.wait()
        listener.was_asked.clear()
        ear.woken.set()
        await listener.was_asked.wait()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    stands = _stands(database)
    assert (stands.lease_holder, stands.lease_until) == (None, MORNING), "when somebody last listened is kept"


async def test_a_pause_that_the_channel_asked_for_is_kept_whatever_it_says_meanwhile(
    database: Database, account: str
) -> None:
    listener = Scripted(RateLimited(MORNING + timedelta(seconds=1)))
    ear = _ear(database, listener)
    ear.woken.set()
    loop = asyncio.get_running_loop()
    listening, began = asyncio.create_task(ear.listen()), loop.time()
    async with asyncio.timeout(10):
        await listener.was_asked.wait()
        listener.was_asked.clear()
        ear.woken.set()
        await listener.was_asked.wait()
    assert loop.time() - began >= 1
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_new_keys_of_the_same_account_go_on_with_its_history(database: Database, account: str) -> None:
    await _ear(database, Scripted(Batch((), "42"))).listen_once()
    renewed = Scripted(Batch((), "43"))
    await _ear(database, renewed).listen_once()
    assert renewed.asked == ["42"]
    assert _stands(database).cursor == "43"


@pytest.mark.parametrize(
    ("answers", "still_refused"),
    [
        ([Batch((), "42"), Batch((), "43")], True),
        ([RateLimited(MORNING), Batch((), "42")], True),
        ([CredentialsRejected("X refuses the key"), Batch((), "42")], False),
    ],
    ids=["heard all the while", "asked to wait", "another key"],
)
async def test_hearing_well_does_not_say_that_a_key_may_write(
    database: Database, account: str, answers: list[Batch | ListenerError], still_refused: bool
) -> None:
    with database.write() as session:
        row = session.get_one(Account, 1)
        row.refused_since, row.refused_because = MORNING, "X takes nothing from us."
    ear = _ear(database, Scripted(*answers))
    for _ in answers:
        await ear.listen_once()
    stands = _stands(database)
    assert stands.health == AccountHealth.OK
    assert stands.stands == (AccountHealth.SENDING_REFUSED if still_refused else AccountHealth.OK)
    assert bool(stands.refused_because) == bool(stands.refused_since) == still_refused


async def test_the_key_of_another_account_under_the_same_name_is_refused(database: Database, account: str) -> None:
    await _ear(database, Scripted(Batch((), "42"))).listen_once()
    stranger = Scripted(Batch((), "7"), account_id="999")
    await _ear(database, stranger).listen_once()
    stands = _stands(database)
    assert stranger.asked == []
    assert (stands.cursor, stands.channel_account_id) == ("42", "311")
    assert stands.health == AccountHealth.CREDENTIALS_REJECTED
    assert "(999)" in stands.trouble
    assert "a name of its own" in stands.trouble


async def test_a_retired_account_is_not_heard_until_it_is_brought_back(database: Database, account: str) -> None:
    listener = Scripted(Batch((), "42"))
    with database.write() as session:
        retire(session, session.get_one(Account, 1), "test", MORNING)
    ear = _ear(database, listener)
    assert await ear.listen_once() > 7
    assert listener.asked == []
    with database.write() as session:
        session.get_one(Account, 1).refused_since = MORNING
        assert bring_back(session, session.get_one(Account, 1), "test", MORNING)
        assert session.get_one(Account, 1).refused_since is None, "what it may do is found anew"
    await ear.listen_once()
    assert (listener.asked, _stands(database).cursor) == (["41"], "42")


async def test_what_is_written_while_we_ask_for_the_first_time_is_not_from_before(
    database: Database, account: str
) -> None:
    """A long poll brings it the moment it is written, and that moment is before the page is stored."""
    now = [MORNING]
    said = IncomingPost("43", "43", "43", IncomingAuthor("7", "dee"), "a gas leak", MORNING + timedelta(seconds=9))

    class LongPoll(Scripted):
        async def fetch(self, cursor: str | None) -> Batch:
            now[0] = MORNING + timedelta(seconds=10)
            return await super().fetch(cursor)

    ear = _ear(database, LongPoll(Batch([said], "43")), clock=lambda: now[0])
    ear.ask_backfill = True
    await ear.listen_once()
    with database.read() as session:
        assert session.exec(select(Mention)).one().needs_understanding


def test_after_an_outage_of_the_channel_everything_resumes(town: Town) -> None:
    town.simulator.say_on_x("before the outage: pothole")
    town.simulator.say_on_telegram("before the outage: no heat")
    town.listen()
    town.simulator.say_on_x("said while we could not hear")
    town.simulator.say_on_telegram("written while we could not hear")
    town.simulator.stop()
    town.listen("x")
    town.listen("telegram")
    assert {town.account(name).health for name in ("x", "telegram")} == {AccountHealth.UNAVAILABLE}
    town.simulator.start()
    town.clock.advance(minutes=2)
    town.listen("x")
    town.listen("telegram")
    assert {town.account(name).health for name in ("x", "telegram")} == {AccountHealth.OK}
    assert len(town.mentions()) == 4
