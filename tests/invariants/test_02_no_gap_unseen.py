"""Invariant 2: the cursor moves with the posts it covers; what we have not heard is recorded, never skipped."""

import asyncio

import pytest
from sqlmodel import col, func, select

from listeners.hearing import Hearing
from models import AccountHealth, Gap, Mention, Post, UnreadablePost
from tests.running import wait_until
from tests.town import Town


def _stored(town: Town) -> set[str]:
    with town.database.read() as session:
        return set(session.exec(select(Post.text)).all())


def test_a_crash_while_storing_leaves_cursor_and_posts_where_they_were(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.simulator.say_many_on_x([{"text": f"pothole {number}"} for number in range(30)])
    before = town.account("x").cursor

    def dies(*_: object) -> None:
        raise SystemExit("killed in the middle of a page")

    with monkeypatch.context() as patched:
        patched.setattr("listeners.intake._attach", dies)
        with pytest.raises(SystemExit):
            town.listen("x")
    assert town.account("x").cursor == before
    assert _stored(town) == set()
    town.clock.advance(minutes=2)
    town.listen("x")
    assert len(_stored(town)) == 30


def test_a_failure_between_pages_loses_no_older_post(town: Town) -> None:
    town.listen("x")
    town.simulator.say_many_on_x([{"text": f"trash day {number}"} for number in range(250)])

    async def one_page_then_trouble() -> None:
        hearing = next(one for one in town.hearings() if one.account_name == "x")
        async with hearing.listener:
            assert await hearing.listen_once() == 0
            town.simulator.fault("x", "status", "mentions", status=503, times=1)
            assert await hearing.listen_once() > 0

    asyncio.run(one_page_then_trouble())
    assert 0 < len(_stored(town)) < 250
    assert town.account("x").health == AccountHealth.UNAVAILABLE
    town.clock.advance(minutes=2)
    town.listen("x")
    assert len(_stored(town)) == 250
    assert town.account("x").health == AccountHealth.OK


def test_more_mentions_than_x_pages_back_are_a_gap_that_is_filled_again(town: Town) -> None:
    town.simulator.say_on_x("the first one")
    town.listen("x")
    for start in range(0, 950, 190):
        town.simulator.say_many_on_x([{"text": f"leaf pile {number}"} for number in range(start, start + 190)])
    town.listen("x")
    with town.database.read() as session:
        assert session.exec(select(Gap)).one().closed_at is None
    town.listen("x")
    assert len(_stored(town)) == 951
    with town.database.read() as session:
        assert session.exec(select(Gap)).one().closed_at is not None


def test_what_search_cannot_reach_any_more_is_recorded_as_a_gap(town: Town) -> None:
    town.simulator.say_on_x("the first one")
    town.listen("x")
    town.simulator.say_many_on_x([{"text": f"leaf pile {number}"} for number in range(801)])
    town.clock.advance(days=8)
    town.listen("x")
    with town.database.read() as session:
        gap = session.exec(select(Gap).where(col(Gap.reason).contains("newest 800"))).one()
    assert "newest 800" in gap.reason
    assert "seven days" in gap.trouble
    assert gap.closed_at is None


def test_a_post_that_becomes_visible_late_is_still_heard(town: Town) -> None:
    late = town.simulator.say_on_x("late but real: sewage on the street", late_by=1.5)
    town.simulator.say_on_x("in time: a street light is out")
    town.listen("x")
    assert len(_stored(town)) == 1

    def both_are_heard() -> bool:
        town.listen("x")
        return len(_stored(town)) == 2

    wait_until(both_are_heard, every=0.2)
    assert town.mention_of(late)


def test_a_telegram_update_is_confirmed_only_after_it_is_stored(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.simulator.say_on_telegram("no heat in our building")

    def dies(*_: object) -> None:
        raise SystemExit("killed before the commit")

    with monkeypatch.context() as patched:
        patched.setattr(Hearing, "_store", dies)
        with pytest.raises(SystemExit):
            town.listen("telegram")
    assert _stored(town) == set()
    town.clock.advance(minutes=2)
    town.listen("telegram")
    assert _stored(town) == {"no heat in our building"}


def test_an_unreadable_post_is_kept_raw_and_the_rest_of_the_page_goes_on(town: Town) -> None:
    page = {
        "data": [
            {"id": "30", "text": "fine one @Philly311Demo", "author_id": "8"},
            {"id": "20", "author_id": "8"},
            "not even an object",
            {"id": "10", "text": "another fine one @Philly311Demo", "author_id": "9"},
        ],
        "meta": {"result_count": 4, "newest_id": "30"},
    }
    for _ in range(2):
        town.simulator.fault("x", "status", "mentions", status=200, body=page)
        town.listen("x")
    assert {text.removesuffix(" @Philly311Demo") for text in _stored(town)} == {"fine one", "another fine one"}
    with town.database.read() as session:
        kept = session.exec(select(UnreadablePost)).all()
        assert len(kept) == 2
        assert kept[0].channel_post_id == "20"
        assert all(one.reason and one.raw for one in kept)
        assert session.exec(select(func.count()).select_from(Mention)).one() == 2


def test_an_unreadable_telegram_update_is_kept_raw_and_not_asked_for_again(town: Town) -> None:
    broken = {"update_id": 900, "message": {"message_id": 5, "chat": {"id": 1, "type": "private"}, "text": "no date"}}
    town.simulator.fault("telegram", "status", "getUpdates", status=200, body={"ok": True, "result": [broken]})
    town.listen("telegram")
    with town.database.read() as session:
        assert session.exec(select(UnreadablePost.channel_post_id)).one() == "update-900"
    assert town.account("telegram").cursor == "901"


def test_a_wrong_key_stops_the_channel_says_so_and_resumes_when_mended(town: Town) -> None:
    town.listen()
    town.simulator.say_on_x("heard only after the key is mended")
    town.simulator.fault("x", "bad_key")
    town.listen("x")
    account = town.account("x")
    assert account.health == AccountHealth.CREDENTIALS_REJECTED
    assert "mend the key" in account.trouble
    town.simulator.clear_faults()
    town.listen("x")
    assert town.account("x").health == AccountHealth.OK
    assert town.account("x").trouble == ""
    assert len(_stored(town)) == 1


def test_a_rate_limit_is_waited_out_until_the_time_x_names(town: Town) -> None:
    town.simulator.fault("x", "rate_limit", "mentions", reset_in=120, times=1)
    town.listen("x")
    account = town.account("x")
    assert account.health == AccountHealth.RATE_LIMITED
    assert account.resume_at is not None
    assert 100 <= (account.resume_at - town.clock()).total_seconds() <= 125


def test_two_listeners_never_hear_one_account_at_a_time(town: Town) -> None:
    async def second_one_waits() -> None:
        first, second = (next(one for one in town.hearings(name) if one.account_name == "x") for name in ("a", "b"))
        async with first.listener, second.listener:
            await first.listen_once()
            await second.listen_once()
            assert town.account("x").lease_holder == "a"
            town.clock.advance(minutes=2)
            await second.listen_once()
            assert town.account("x").lease_holder == "b"

    asyncio.run(second_one_waits())
