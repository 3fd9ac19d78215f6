"""How a tweet chat is heard: by its tag, by mentions and replies, by a stream; every post once (invariants 1 and 2)."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from sqlmodel import col, select

from listeners.cadence import FLOOR
from listeners.hearing import Hearing
from listeners.intake import store_posts
from listeners.lanes import BESIDE_STREAM, lane_of
from listeners.protocol import OurAccount, Streams
from listeners.telegram.reading import read_updates
from models import (
    Account,
    ChatLane,
    ChatNetwork,
    ChatState,
    HeardBy,
    Lane,
    ListeningRule,
    Mention,
    MentionState,
    Post,
    TweetChat,
)
from models.posts import PostKind
from responders.chats.hearing import keep_hearing
from tests.responders.chats.chats import a_chat, board, entry
from tests.town import Town


def hear(town: Town, account: str | None = None) -> None:
    """One look at everything, and on to the board."""
    keep(town)
    town.listen(account)
    town.understand()


def keep(town: Town) -> None:
    with town.database.write() as session:
        keep_hearing(session, town.clock())


def rules(town: Town) -> list[ListeningRule]:
    with town.database.read() as session:
        return list(session.exec(select(ListeningRule).order_by(col(ListeningRule.id))).all())


@pytest.mark.parametrize("network", ["x", "mastodon", "bluesky"])
def test_whoever_uses_the_tag_is_on_the_board_once_however_often_it_is_heard(town: Town, network: str) -> None:
    chat = a_chat(town, network)
    say = getattr(town.simulator, f"say_on_{network}")
    say("A1 more trees please #parkchat", mention=False)
    say("nothing to do with it", mention=False)
    say("A1 benches #ParkChat", mention=True)
    hear(town, network)
    town.clock.advance(seconds=70)
    hear(town, network)
    found = board(town, chat)
    assert [(one.lane, one.heard_by) for _, one in sorted(found, key=lambda pair: "benches" in pair[0])] == [
        (ChatLane.ANSWER, HeardBy.TAG),
        (ChatLane.ANSWER, HeardBy.MENTION),
    ]
    assert {one.state for one in town.mentions()} == {MentionState.SET_ASIDE}
    assert entry(town, chat, "more trees").question_id == entry(town, chat, "benches").question_id
    with town.database.read() as session:
        addressed = {one.addressed for one in session.exec(select(Mention)).all()}
        assert addressed == {True, False}
        assert len(session.exec(select(Post).where(Post.kind == PostKind.MENTION)).all()) == 2


def test_a_hashtag_is_searched_for_only_while_its_chat_is_on(town: Town) -> None:
    chat = a_chat(town, "x", "mastodon", "telegram")
    keep(town)
    keep(town)
    assert [(one.query, one.chat_id, one.begins_at is not None, one.ended_at) for one in rules(town)] == [
        ("#ParkChat", chat, True, None)
    ] * 2
    assert all("Our parks" in one.label for one in rules(town))
    with town.database.read() as session:
        troubles = session.exec(select(ChatNetwork.trouble).order_by(col(ChatNetwork.id))).all()
    assert ["which group" in one for one in troubles] == [False, False, True]
    with town.database.write() as session:
        ended = session.get_one(TweetChat, chat)
        ended.state, ended.ended_at = ChatState.ENDED, town.clock()
        session.add(ended)
    town.clock.advance(hours=20)
    keep(town)
    assert not any(one.ended_at for one in rules(town))
    town.clock.advance(hours=5)
    keep(town)
    assert all(one.ended_at for one in rules(town))


def test_another_hashtag_is_another_search_and_a_network_taken_out_is_searched_no_more(town: Town) -> None:
    chat = a_chat(town, "x", "mastodon")
    keep(town)
    with town.database.write() as session:
        session.get_one(TweetChat, chat).hashtag = "TreeChat"
        session.delete(session.exec(select(ChatNetwork).order_by(col(ChatNetwork.id).desc())).all()[0])
    keep(town)
    assert [(one.query, one.ended_at is None) for one in rules(town)] == [
        ("#ParkChat", False),
        ("#ParkChat", False),
        ("#TreeChat", True),
    ]


def test_a_search_that_a_person_ended_stays_ended_and_says_so(town: Town) -> None:
    a_chat(town, "x")
    keep(town)
    with town.database.write() as session:
        rule = session.exec(select(ListeningRule)).one()
        rule.ended_at, rule.ended_by = town.clock(), town.staff_id
        session.add(rule)
    keep(town)
    assert len(rules(town)) == 1
    with town.database.read() as session:
        assert "ended this search by hand" in session.exec(select(ChatNetwork.trouble)).one()


@pytest.mark.parametrize("network", ["x", "mastodon", "bluesky"])
def test_a_crash_while_a_hashtags_page_is_stored_loses_nothing_of_it(
    town: Town, network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = a_chat(town, network)
    for number in range(3):
        getattr(town.simulator, f"say_on_{network}")(f"A1 wish {number} #ParkChat", mention=False)
    keep(town)

    def dies(*_: object) -> None:
        raise SystemExit("killed in the middle of a page")

    with monkeypatch.context() as patched:
        patched.setattr("listeners.intake._attach", dies)
        with pytest.raises(SystemExit):
            town.listen(network)
    assert town.mentions() == []
    town.clock.advance(minutes=2)
    hear(town, network)
    assert len(board(town, chat)) == 3


def test_while_a_chat_is_live_it_is_looked_at_every_few_seconds(town: Town) -> None:
    chat = a_chat(town, "x")
    keep(town)

    async def look() -> tuple[float, Lane]:
        (hearing,) = (one for one in town.hearings() if one.account_name == "x")
        hearing.poll_every = timedelta(seconds=15)
        async with hearing.listener:
            while (pause := await hearing.listen_once()) == 0:
                pass
        with town.database.read() as session:
            return pause, session.exec(select(Lane).where(Lane.name == lane_of(rules(town)[0].id or 0))).one()

    pause, lane = asyncio.run(look())
    assert pause == 5
    assert lane.resume_at is not None
    assert lane.resume_at - town.clock() <= timedelta(seconds=5)
    with town.database.write() as session:
        session.get_one(TweetChat, chat).state = ChatState.ENDED
    town.clock.advance(seconds=6)
    pause, lane = asyncio.run(look())
    assert pause == 15
    assert lane.resume_at is not None
    assert lane.resume_at - town.clock() > timedelta(seconds=55)


def test_reposts_are_folded_into_a_count_and_no_work(town: Town) -> None:
    chat = a_chat(town)
    said = town.simulator.say_on_x("A1 more trees #ParkChat", mention=False)
    for who in ("bo_1", "bo_2", "bo_3"):
        town.simulator.say_on_x(author=who, repost_of=said, mention=False)
    hear(town)
    town.understand()
    assert len(board(town, chat)) == 1
    assert entry(town, chat, "trees").reposts == 3
    assert len(town.mentions()) == 1


def test_a_late_page_a_repeated_page_and_a_crash_lose_and_double_nothing_on_mastodon(town: Town) -> None:
    chat = a_chat(town, "mastodon")
    town.simulator.say_many_on_mastodon(
        [{"text": f"A1 wish {number} #ParkChat", "mention": False, "author": f"p{number}"} for number in range(95)]
    )
    keep(town)
    town.simulator.fault("mastodon", "drop_after", "tagged")
    town.simulator.fault("mastodon", "repeat", "tagged")
    for _ in range(4):
        hear(town, "mastodon")
        town.clock.advance(seconds=70)
    assert len(board(town, chat)) == 95
    town.simulator.say_on_mastodon("A1 one more #ParkChat", mention=False)
    hear(town, "mastodon")
    assert len(board(town, chat)) == 96


def test_only_the_very_tag_counts_on_bluesky(town: Town) -> None:
    chat = a_chat(town, "bluesky")
    town.simulator.say_on_bluesky("look at #ParkChatter", mention=False)
    town.simulator.say_on_bluesky("look at #parkchat!", mention=False)
    hear(town, "bluesky")
    assert [text for text, _ in board(town, chat)] == ["look at #parkchat!"]


@pytest.mark.parametrize("network", ["x", "mastodon", "bluesky"])
def test_a_post_of_a_live_chat_that_its_author_deletes_leaves_the_board(town: Town, network: str) -> None:
    chat = a_chat(town, network)
    said = getattr(town.simulator, f"say_on_{network}")("A1 more trees #ParkChat", mention=False)
    hear(town, network)
    assert len(board(town, chat)) == 1
    getattr(town.simulator, f"delete_on_{network}")(said)

    async def ask() -> int:
        (hearing,) = (one for one in town.hearings() if one.account_name == network)
        async with hearing.listener:
            return await hearing.forget_deleted()

    assert asyncio.run(ask()) == 1
    assert board(town, chat) == []
    assert [one.state for one in town.mentions()] == [MentionState.WITHDRAWN]


def test_in_a_telegram_group_every_message_belongs_to_the_chat_while_it_is_live(town: Town) -> None:
    chat = a_chat(town, "telegram")
    us = OurAccount("311000311", "Philly311DemoBot")

    def say(number: int, text: str, group: int) -> None:
        update = {
            "update_id": number,
            "message": {
                "message_id": number,
                "date": int(town.clock().timestamp()),
                "chat": {"id": group, "type": "supergroup", "title": "Parks"},
                "from": {"id": 55 + number, "is_bot": False, "first_name": "Dee"},
                "text": text,
            },
        }
        posts = read_updates([update], us).posts
        with town.database.write() as session:
            account = session.exec(select(Account).where(Account.name == "telegram").with_for_update()).one()
            store_posts(session, account, posts, town.clock())

    say(1, "A1 more shade", -100555)
    assert town.mentions() == []
    with town.database.write() as session:
        network = session.exec(select(ChatNetwork)).one()
        network.conversation_id = "-100555"
        session.add(network)
    say(2, "A1 more water", -100555)
    say(3, "who has a ladder", -100556)
    town.understand()
    assert [(text, one.heard_by) for text, one in board(town, chat)] == [("A1 more water", HeardBy.GROUP)]
    assert [(one.state, one.addressed) for one in town.mentions()] == [(MentionState.SET_ASIDE, False)]


def _with_stream(town: Town) -> Hearing:
    town.set_up("x", filtered_stream=True)
    (hearing,) = (one for one in town.hearings() if one.account_name == "x")
    return hearing


async def _until_open(hearing: Hearing) -> None:
    assert isinstance(hearing.listener, Streams)
    for _ in range(200):
        await hearing.listen_once()
        if hearing.listener.stream_is_open:
            await hearing.listen_once()
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the stream did not open")


async def _until_stored(hearing: Hearing, town: Town, many: int) -> None:
    for _ in range(200):
        await hearing.listen_once()
        if len(town.mentions()) >= many:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the stream brought nothing")


def test_the_filtered_stream_brings_a_post_that_search_does_not_find_yet_and_it_is_stored_once(town: Town) -> None:
    chat = a_chat(town)
    keep(town)

    async def listen() -> None:
        async with AsyncExitStack() as stack:
            hearing = _with_stream(town)
            await stack.enter_async_context(hearing.listener)
            await _until_open(hearing)
            searches = len(town.simulator.calls(operation="search"))
            await asyncio.to_thread(town.simulator.say_on_x, "A1 more trees #ParkChat", mention=False)
            await _until_stored(hearing, town, 1)
            assert hearing.woken.is_set()
            assert len(town.simulator.calls(operation="search")) == searches  # beside a stream it waits
            town.clock.advance(seconds=BESIDE_STREAM.total_seconds() + 1)
            await hearing.listen_once()
            assert len(town.simulator.calls(operation="search")) > searches

    asyncio.run(listen())
    town.understand()
    assert len(board(town, chat)) == 1
    assert entry(town, chat, "trees").heard_by == HeardBy.TAG


def test_what_the_stream_brings_is_stored_at_once_and_costs_no_look_at_the_mentions(town: Town) -> None:
    a_chat(town)
    keep(town)

    async def listen() -> None:
        hearing = _with_stream(town)
        async with hearing.listener:
            await _until_open(hearing)
            hearing.pause_of = lambda _usual, _new: FLOOR
            resting = asyncio.create_task(hearing.listen())
            await asyncio.sleep(0.5)
            looks = len(town.simulator.calls(operation="mentions"))
            for number in range(3):
                await asyncio.to_thread(town.simulator.say_on_x, f"A1 wish {number} #ParkChat", mention=False)
            for _ in range(200):
                if len(town.mentions()) == 3:
                    break
                await asyncio.sleep(0.05)
            assert len(town.simulator.calls(operation="mentions")) == looks
            resting.cancel()
            await asyncio.gather(resting, return_exceptions=True)

    asyncio.run(listen())
    assert len(town.mentions()) == 3


def test_the_tag_of_a_live_chat_is_searched_for_though_the_money_of_the_month_is_spent(town: Town) -> None:
    a_chat(town)
    keep(town)
    town.simulator.say_on_x("A1 more trees #ParkChat", mention=False)

    async def listen() -> None:
        (hearing,) = (one for one in town.hearings() if one.account_name == "x")
        hearing.affords = lambda: False
        async with hearing.listener:
            await hearing.listen_once()

    asyncio.run(listen())
    assert len(town.mentions()) == 1


def test_a_tier_without_the_stream_is_searched_as_fast_as_ever(town: Town) -> None:
    chat = a_chat(town)
    keep(town)
    town.simulator.fault(
        "x", "status", "streaming", status=403, body={"title": "Forbidden", "detail": "not in your tier"}, times=50
    )
    town.simulator.fault(
        "x", "status", "stream_rules", status=403, body={"title": "Forbidden", "detail": "not in your tier"}, times=50
    )

    async def listen() -> None:
        hearing = _with_stream(town)
        async with hearing.listener:
            town.simulator.say_on_x("A1 more trees #ParkChat", mention=False)
            await hearing.listen_once()
            assert isinstance(hearing.listener, Streams)
            assert not hearing.listener.stream_is_open

    asyncio.run(listen())
    town.understand()
    assert len(board(town, chat)) == 1


def test_the_stream_is_closed_and_its_rules_are_taken_back_once_no_chat_is_live(town: Town) -> None:
    chat = a_chat(town)
    keep(town)

    async def listen() -> None:
        hearing = _with_stream(town)
        async with hearing.listener:
            await _until_open(hearing)
            with town.database.write() as session:
                session.get_one(TweetChat, chat).state = ChatState.ENDED
            await hearing.listen_once()
            assert isinstance(hearing.listener, Streams)
            assert not hearing.listener.stream_is_open

    asyncio.run(listen())
    assert [one["method"] for one in town.simulator.calls(operation="stream_rules")].count("POST") == 2
