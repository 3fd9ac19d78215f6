"""What goes wrong on Mastodon for one post alone, and who is answered all the same; against the simulator."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from mastodon import MastodonNetworkError
from sqlmodel import select

from hark311 import wiring
from hark311.outgoing import plain_session
from hark311.simulator import RunningSimulator, SimulatorSettings
from listeners import hearing as hearing_module
from listeners.errors import ChannelUnavailable
from listeners.hearing import Hearing
from listeners.mastodon import MastodonListener
from listeners.mastodon_threads import TRIES
from listeners.protocol import AsksOneByOne
from listeners.threads import fetch_threads_of
from models import AccountHealth, Author, Post
from models.posts import PostKind
from responders.may_reply import may_reply
from tests.town import Town


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    settings = SimulatorSettings(tmp_path / "city.db", port=0)
    with RunningSimulator(settings.database, settings) as running:
        yield running


@pytest.fixture
async def listener(simulator: RunningSimulator) -> AsyncIterator[MastodonListener]:
    async with _listener(simulator) as entered:
        yield entered


def _listener(simulator: RunningSimulator) -> MastodonListener:
    token, url = simulator.settings.mastodon_token, simulator.mastodon_url
    return MastodonListener(session=plain_session(), access_token=token, base_url=url, streaming=False)


def _ear(town: Town) -> Hearing:
    (hearing,) = (one for one in town.hearings() if one.account_name == "mastodon")
    return hearing


def test_who_approves_their_followers_is_answered_like_anybody_else(town: Town) -> None:
    town.simulator.change_mastodon_account("dee", locked=True)
    said = town.simulator.say_on_mastodon("a deep pothole at 5th and Market St", author="dee")
    town.listen("mastodon")
    with town.database.write() as session:
        author = session.exec(select(Author)).one()
        assert not author.protected
        author.protected = True  # as it was stored before
    again = town.simulator.say_on_mastodon("it is still there", author="dee")
    town.listen("mastodon")
    with town.database.read() as session:
        assert not session.exec(select(Author)).one().protected
    speaking = wiring.speaking_of(town.settings)
    with town.database.read() as session:
        assert all(may_reply(session, one, speaking).allowed for one in town.mentions())
    town.understand()
    for one in (said, again):
        town.approve(town.mention_of(one).id, "Thank you, we look into it.", file_request=False)
    town.clock.advance(minutes=2)
    town.deliver()
    replies = town.simulator.our_replies_on_mastodon()
    assert {(one["in_reply_to"], one["visibility"]) for one in replies} == {(said, "unlisted"), (again, "unlisted")}


async def test_a_thread_that_is_shown_at_the_second_asking_keeps_its_beginning(
    simulator: RunningSimulator, listener: MastodonListener
) -> None:
    root = simulator.say_on_mastodon("who saw this?", mention=False)
    between = simulator.say_on_mastodon("no idea", author="ann", in_reply_to=root, mention=False)
    simulator.say_on_mastodon("ask the city", author="bob", in_reply_to=between)
    simulator.fault("mastodon", "status", "context", status=503)
    with pytest.raises(ChannelUnavailable):
        await listener.fetch(None)
    assert {one.conversation_id for one in (await listener.fetch(None)).posts} == {root}


@pytest.mark.parametrize("fault", ["status", "garbage", "drop_before"])
def test_a_thread_that_is_never_shown_stops_no_hearing(town: Town, fault: str) -> None:
    root = town.simulator.say_on_mastodon("who saw this?", author="ann", mention=False)
    between = town.simulator.say_on_mastodon("no idea", author="ann", in_reply_to=root, mention=False)
    huge = town.simulator.say_on_mastodon("ask the city", author="bob", in_reply_to=between)
    behind = town.simulator.say_on_mastodon("a gas leak at 5th and Market St", author="cy")
    town.simulator.fault("mastodon", fault, "context", times=None)

    async def hear() -> None:
        async with (ear := _ear(town)).listener:
            for _ in range(3):
                await ear.listen_once()
            assert await fetch_threads_of(ear) == 0
            town.simulator.clear_faults()
            assert await fetch_threads_of(ear) == 1

    asyncio.run(hear())
    assert town.mention_of(huge).id != town.mention_of(behind).id
    with town.database.read() as session:
        posts = {one.channel_post_id: one for one in session.exec(select(Post)).all()}
    assert posts[root].kind == posts[between].kind == PostKind.CONTEXT
    assert posts[root].conversation_id == posts[between].conversation_id == posts[huge].conversation_id


def test_a_thread_we_may_not_see_takes_no_permission_from_the_account(town: Town) -> None:
    root = town.simulator.say_on_mastodon("who saw this?", author="ann", mention=False)
    said = town.simulator.say_on_mastodon("ask the city", author="bob", in_reply_to=root)
    body = {"error": "This action is not allowed"}
    town.simulator.fault("mastodon", "status", "context", status=403, body=body, times=None)
    town.listen("mastodon")
    assert town.mention_of(said).id
    assert town.account("mastodon").health == AccountHealth.OK


async def test_where_no_thread_is_shown_few_are_waited_for(
    simulator: RunningSimulator, listener: MastodonListener
) -> None:
    roots = [simulator.say_on_mastodon(f"hole {number}", author="ann", mention=False) for number in range(8)]
    said = [simulator.say_on_mastodon("look", author="bob", in_reply_to=root) for root in roots]
    simulator.fault("mastodon", "status", "context", times=None)
    with pytest.raises(ChannelUnavailable):
        await listener.fetch(None)
    assert [one.post_id for one in (await listener.fetch(None)).posts] == said
    assert len(simulator.calls(channel="mastodon", operation="context")) == TRIES


def test_one_thread_that_is_not_given_holds_up_no_other(town: Town) -> None:
    for author in ("ann", "cy"):
        root = town.simulator.say_on_mastodon("who saw this?", author=author, mention=False)
        between = town.simulator.say_on_mastodon("no idea", author=author, in_reply_to=root, mention=False)
        town.simulator.say_on_mastodon("ask the city", author="bob", in_reply_to=between)
    town.simulator.fault("mastodon", "status", "context", status=403, body={"error": "no"}, times=2)
    town.listen("mastodon")
    town.simulator.fault("mastodon", "status", "context", status=503)

    async def fetch() -> int:
        async with (ear := _ear(town)).listener:
            return await fetch_threads_of(ear)

    assert asyncio.run(fetch()) == 1


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A round asks about four posts, two and two."""
    monkeypatch.setattr(hearing_module, "ONE_BY_ONE", 2)
    monkeypatch.setattr(hearing_module, "ONE_BY_ONE_A_ROUND", 4)


def _looks(town: Town, times: int) -> list[int]:
    """So many looks for deletions by one process: how many posts each of them found gone."""

    async def look() -> list[int]:
        async with (ear := _ear(town)).listener:
            assert isinstance(ear.listener, AsksOneByOne)
            return [await ear.forget_deleted() for _ in range(times)]

    return asyncio.run(look())


def _said(town: Town, number: int) -> list[str]:
    said = [town.simulator.say_on_mastodon(f"hole {one}", author=f"r{one}") for one in range(number)]
    town.listen("mastodon")
    return said


def test_a_look_for_deletions_asks_for_a_part_and_the_next_goes_on(town: Town, few: None) -> None:
    said = _said(town, 7)
    for one in (said[0], said[6]):
        town.simulator.delete_on_mastodon(one)
    assert _looks(town, 2) == [1, 1]
    assert len(town.simulator.calls(channel="mastodon", operation="status")) == 7
    town.simulator.delete_on_mastodon(said[2])
    assert _looks(town, 1) == [1]  # it has begun anew


def test_a_look_that_is_asked_to_wait_keeps_what_it_found_and_goes_on_there(town: Town, few: None) -> None:
    said = _said(town, 7)
    for one in (said[0], said[3], said[6]):
        town.simulator.delete_on_mastodon(one)
    town.simulator.fault("mastodon", "slow", "status", seconds=0, times=3)
    town.simulator.fault("mastodon", "rate_limit", "status")
    assert _looks(town, 3) == [1, 1, 1]
    assert len(town.simulator.calls(channel="mastodon", operation="status")) == 4 + 5


def test_a_post_that_cannot_be_asked_for_holds_up_none_behind_it(town: Town, few: None) -> None:
    said = _said(town, 4)
    town.simulator.delete_on_mastodon(said[3])

    async def look() -> list[int]:
        async with (ear := _ear(town)).listener:
            assert isinstance(ear.listener, MastodonListener)
            ask = ear.listener._api.status

            def status(post_id: str) -> object:
                if post_id == said[0]:
                    raise MastodonNetworkError("it breaks each time")
                return ask(post_id)

            ear.listener._api.status = status
            return [await ear.forget_deleted() for _ in range(2)]

    assert asyncio.run(look()) == [0, 1]


@pytest.mark.parametrize(
    ("scopes", "lacks"),
    [
        (("read", "write"), ""),
        (("read", "write:statuses", "write:media", "write:mutes", "write:blocks"), ""),
        (("read:accounts", "read:notifications", "read:statuses", "write"), ""),
        (("read", "write:statuses"), "write:media, write:mutes, write:blocks"),
        (("read:accounts", "read:statuses", "write"), "read:notifications"),
    ],
)
async def test_the_check_names_the_scopes_that_are_lacking(tmp_path: Path, scopes: tuple[str, ...], lacks: str) -> None:
    settings = SimulatorSettings(tmp_path / "scopes.db", port=0, mastodon_scopes=scopes)
    with RunningSimulator(settings.database, settings) as simulator:
        async with _listener(simulator) as listener:
            found = {one.what: one for one in await listener.check()}["scopes"]
    assert (found.ok, found.says.partition("lacks ")[2]) == (not lacks, lacks)
