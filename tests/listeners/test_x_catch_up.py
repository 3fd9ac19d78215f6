"""Catching up on X page by page, when X or our own memory of the place fails in the middle."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hark311.outgoing import x_session
from hark311.simulator import RunningSimulator
from listeners.errors import ChannelUnavailable
from listeners.protocol import Batch
from listeners.x import Cursor, XListener


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    with RunningSimulator(tmp_path / "city.db") as running:
        yield running


@pytest.fixture
async def x(simulator: RunningSimulator) -> AsyncIterator[XListener]:
    keys = simulator.settings.x_keys
    async with XListener(
        session=x_session(simulator.x_url),
        bearer_token=keys.bearer_token,
        consumer_key=keys.consumer_key,
        consumer_secret=keys.consumer_secret,
        access_token=keys.access_token,
        access_token_secret=keys.access_token_secret,
    ) as listener:
        yield listener


async def _rest(x: XListener, cursor: str | None) -> list[Batch]:
    batches: list[Batch] = []
    while not batches or batches[-1].more:
        batches.append(await x.fetch(cursor))
        cursor = batches[-1].cursor
        assert len(batches) < 20
    return batches


def _ids(batches: list[Batch]) -> set[str]:
    return {post.post_id for batch in batches for post in batch.posts}


async def test_a_lost_place_is_a_gap_because_x_shows_only_the_newest(simulator: RunningSimulator, x: XListener) -> None:
    said = simulator.say_on_x("a hole")
    batch = await x.fetch("broken")
    assert [post.post_id for post in batch.posts] == [said]
    assert batch.gap is not None
    assert "was lost" in batch.gap.reason
    assert (await x.fetch(batch.cursor)).gap is None


async def test_no_place_yet_is_no_gap(simulator: RunningSimulator, x: XListener) -> None:
    simulator.say_on_x("a hole")
    assert (await x.fetch(None)).gap is None


async def test_a_page_token_x_does_not_know_any_more_begins_the_catch_up_anew(
    simulator: RunningSimulator, x: XListener
) -> None:
    said = [str(one["id"]) for one in simulator.say_many_on_x([{"text": f"leaf pile {n}"} for n in range(150)])]
    first = await x.fetch(None)
    simulator.fault("x", "status", "mentions", status=400, body={"title": "Invalid Request", "detail": "token"})
    again = await x.fetch(first.cursor)
    assert (list(again.posts), again.more) == ([], False)
    assert _ids(await _rest(x, again.cursor)) == set(said)


async def test_the_mark_moves_only_once_the_whole_catch_up_is_heard(simulator: RunningSimulator, x: XListener) -> None:
    simulator.say_many_on_x([{"text": f"leaf pile {number}"} for number in range(150)])
    first = await x.fetch(None)
    halfway = Cursor.load(first.cursor)
    assert halfway is not None
    assert halfway.since is None
    assert halfway.top == first.posts[-1].post_id
    done = Cursor.load((await _rest(x, first.cursor))[-1].cursor)
    assert done == Cursor(since=halfway.top)


@pytest.mark.parametrize("id", ["9" * 30, "²", "-5", ""])
async def test_an_impossible_id_does_not_move_the_mark(simulator: RunningSimulator, x: XListener, id: str) -> None:
    page = {
        "data": [{"id": id, "text": "?"}, {"id": "30", "text": "a hole", "author_id": "8"}],
        "meta": {"result_count": 2},
    }
    simulator.fault("x", "status", "mentions", status=200, body=page)
    batch = await x.fetch(None)
    assert Cursor.load(batch.cursor) == Cursor(since="30")
    assert len(batch.unreadable) == 1


async def test_an_answer_of_errors_only_is_no_empty_page(simulator: RunningSimulator, x: XListener) -> None:
    """What X answers about an account it has suspended."""
    said = simulator.say_on_x("a hole")
    body = {"errors": [{"title": "Forbidden", "detail": "User has been suspended.", "value": "311000311"}]}
    for call in ("me", "mentions"):
        simulator.fault("x", "status", call, status=200, body=body)
        with pytest.raises(ChannelUnavailable):
            await x.fetch(None)
    assert _ids(await _rest(x, None)) == {said}


async def test_posts_that_x_shows_no_more_are_told_and_no_others(simulator: RunningSimulator, x: XListener) -> None:
    stays, goes = simulator.say_on_x("a hole"), simulator.say_on_x("another hole")
    private = simulator.say_on_x("a third hole", author="sam_19147")
    simulator.delete_on_x(goes)
    simulator.change_author("sam_19147", protected=True)
    assert list(await x.deleted([stays, goes, private])) == [goes, private]
    assert list(await x.deleted([stays])) == []


@pytest.mark.parametrize("kind", ["html_error", "garbage", "drop_before"])
async def test_a_failed_look_up_says_nothing_about_deletion(
    simulator: RunningSimulator, x: XListener, kind: str
) -> None:
    said = simulator.say_on_x("a hole")
    simulator.fault("x", kind, "lookup")
    with pytest.raises(ChannelUnavailable):
        await x.deleted([said])


@pytest.mark.parametrize(
    ("seen", "ids", "cut_short"),
    [
        (700, ["", *map(str, range(201, 300))], True),
        (700, list(map(str, range(201, 260))), True),
        (600, list(map(str, range(201, 301))), False),
        (700, list(map(str, range(5, 100))), False),
    ],
    ids=["one row without an id", "a last page that is not full", "seven pages", "down to what is stored"],
)
async def test_a_list_that_ends_on_its_last_page_is_a_gap_whatever_x_left_out(
    simulator: RunningSimulator, x: XListener, seen: int, ids: list[str], cut_short: bool
) -> None:
    page = {
        "data": [{"id": one, "text": "a hole", "author_id": "8"} for one in reversed(ids)],
        "meta": {"result_count": len(ids)},
    }
    simulator.fault("x", "status", "mentions", status=200, body=page)
    halfway = Cursor(since="10", start="10", top="900", lowest="301", page="b26abc", seen=seen)
    batch = await x.fetch(halfway.dump())
    assert Cursor.load(batch.cursor) == Cursor(since="900")
    assert (batch.gap is not None) == cut_short
    assert batch.gap is None or (batch.gap.after_post_id, batch.gap.before_post_id) == ("10", "201")
