"""Telegram from a resident's telephone to the desk: albums, live places, groups that move, voice, one way at a time."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import telegram
from sqlmodel import col, select

from hark311.console.thread_queries import thread_of
from hark311.simulator import RunningSimulator
from hark311.simulator.pictures import draw_png
from hark311.simulator.settings import SimulatorSettings
from listeners.changes import STILL_METRES, metres
from listeners.errors import ChannelUnavailable
from listeners.intake import ALBUM_SETTLES, store_page
from listeners.protocol import Finding, OurAccount
from listeners.telegram import TelegramListener
from listeners.telegram.reading import read_updates
from models import (
    Account,
    Attachment,
    Conversation,
    Mention,
    MentionState,
    Post,
    Reply,
    ReplyPicture,
    ReplyState,
    Understanding,
    utc_now,
)
from models.posts import AttachmentKind
from responders.doubts import says_not_sent
from tests.town import Town

BY_JUNE: dict[str, Any] = {"from": {"id": 701, "first_name": "June", "username": "june_demo"}}
BLOCK: dict[str, Any] = {"id": -900, "type": "group", "title": "Block captains"}
US = OurAccount("311000311", "Philly311DemoBot")
SECRET = "a-secret_of_OURS_for-webhooks-0011"
PLACE = {"latitude": 39.9526, "longitude": -75.1652, "horizontal_accuracy": 20.0, "live_period": 900}
METRE = 1 / 111_195
"""Degrees of latitude."""


def _say(town: Town, text: str | None = None, **more: Any) -> dict[str, Any]:
    done: dict[str, Any] = town.simulator.say_on_telegram(text, **(BY_JUNE | more))
    town.listen("telegram")
    return done


def _posts(town: Town) -> list[Post]:
    with town.database.read() as session:
        return list(session.exec(select(Post).order_by(col(Post.id))).all())


def _thread(town: Town, mention: Mention) -> list[Any]:
    with town.database.read() as session:
        account = session.get_one(Account, mention.account_id)
        return thread_of(session, session.get_one(Mention, mention.id), account, None, [], town.clock())[0]


def test_an_album_is_one_post_on_the_desk_and_is_understood_once(town: Town) -> None:
    _say(town, album=[{}, {}, {}], caption="three holes on Locust Street")
    (mention,) = town.mentions()
    assert mention.understand_after == mention.received_at + ALBUM_SETTLES, "the rest of it may still come"
    town.clock.advance(seconds=2.5)
    town.understand()
    (mention,) = town.mentions()
    assert mention.state == MentionState.DRAFTED
    (shown,) = _thread(town, mention)
    assert [one.kind for one in shown.attachments] == [AttachmentKind.PHOTO] * 3
    assert "".join(piece.text for piece in shown.pieces) == "three holes on Locust Street"
    with town.database.read() as session:
        assert len(session.exec(select(Understanding)).all()) == 1


def test_every_part_of_an_album_that_comes_apart_is_waited_for(town: Town) -> None:
    """As a webhook brings them: one update a call, and not in their order."""
    town.simulator.say_on_telegram(album=[{}, {}, {}], caption="three holes", **BY_JUNE)
    parts, now = _waiting(town), utc_now()
    with town.database.write() as session:
        account = session.exec(select(Account).where(Account.name == "telegram")).one()
        for late, update in enumerate(reversed(parts)):
            store_page(session, account, read_updates([update], US), now + timedelta(seconds=late))
    (mention,) = town.mentions()
    assert mention.understand_after == now + timedelta(seconds=2) + ALBUM_SETTLES
    (shown,) = _thread(town, mention)
    assert (len(shown.attachments), [piece.text for piece in shown.pieces]) == (3, ["three holes"])


def test_a_live_place_that_only_trembles_is_no_news(town: Town) -> None:
    said = _say(town, location=PLACE)
    (mention,) = town.mentions()
    for step in range(1, 6):
        moved = PLACE | {"latitude": PLACE["latitude"] + 4 * step * METRE}
        town.simulator.say_on_telegram(location=moved, edit_of=str(said["message_id"]), **BY_JUNE)
    town.listen("telegram")
    assert [one.version for one in town.mentions()] == [mention.version]
    assert len(_posts(town)) == 1


def test_a_live_place_that_walks_away_slowly_is_news_when_it_is_far_enough(town: Town) -> None:
    said = _say(town, location=PLACE)
    for step in range(1, 13):
        point = PLACE | {"latitude": PLACE["latitude"] + 10 * step * METRE}
        town.simulator.say_on_telegram(location=point, edit_of=str(said["message_id"]), **BY_JUNE)
    town.listen("telegram")
    posts, (mention,) = _posts(town), town.mentions()
    assert (len(posts), mention.version, mention.needs_understanding) == (4, 1, True)
    apart = [metres(one.lat or 0, one.lon or 0, other.lat or 0, other.lon or 0) for one, other in pairwise(posts)]
    assert all(STILL_METRES < far <= STILL_METRES + 11 for far in apart)


def test_a_more_precise_point_is_kept_quietly_and_the_end_of_sharing_is_news(town: Town) -> None:
    said = _say(town, location=PLACE | {"horizontal_accuracy": 200.0})
    near = PLACE | {"latitude": PLACE["latitude"] + 20 * METRE, "horizontal_accuracy": 5.0}
    _say(town, location=near, edit_of=str(said["message_id"]))
    (post,), (mention,) = _posts(town), town.mentions()
    assert (post.lat, post.pin_accuracy_m, mention.version) == (near["latitude"], 5.0, 1)
    stopped = {name: value for name, value in near.items() if name != "live_period"}
    _say(town, location=stopped, edit_of=str(said["message_id"]))
    assert (len(_posts(town)), town.mentions()[0].version) == (2, 1)


def test_a_voice_message_is_kept_and_goes_to_a_person(town: Town) -> None:
    _say(town, voice={"duration": 4})
    town.understand()
    (mention,) = town.mentions()
    with town.database.read() as session:
        assert [one.kind for one in session.exec(select(Attachment)).all()] == [AttachmentKind.VOICE]
        understanding = session.exec(select(Understanding)).one()
    assert (mention.state, understanding.abstained) == (MentionState.DRAFTED, True)


def test_a_shared_contact_leaves_no_trace(town: Town) -> None:
    _say(town, contact={"phone_number": "+12155550142", "first_name": "Rosa"})
    assert (_posts(town), town.mentions()) == ([], [])
    assert b"2155550142" not in (town.data / "hark.db").read_bytes() + (town.data / "hark.db-wal").read_bytes()


def test_a_group_that_becomes_a_supergroup_keeps_its_history_and_replies_follow(town: Town) -> None:
    _say(town, "/report a hole on Locust Street", chat=BLOCK)
    town.understand()
    (mention,) = town.mentions()
    new = town.simulator.migrate_group(BLOCK["id"])
    town.approve(mention.id, "Thank you. We look into it.", file_request=False)
    town.deliver()
    (sent,) = town.simulator.telegram_messages(by="us")
    assert (sent["chat_id"], sent["text"], sent["reply_to"]) == (new, "Thank you. We look into it.", None)
    town.listen("telegram")
    _say(town, "/report it is deeper now", chat={"id": new, "type": "supergroup", "title": "Block captains"})
    with town.database.read() as session:
        (room,) = session.exec(select(Conversation)).all()
        assert room.channel_conversation_id == str(new)
        assert {post.conversation_id for post in session.exec(select(Post)).all()} == {room.id}


def test_what_came_in_the_new_group_before_we_heard_of_the_move_joins_the_old_thread(town: Town) -> None:
    _say(town, "/report a hole on Locust Street", chat=BLOCK)
    new = town.simulator.migrate_group(BLOCK["id"])
    supergroup = {"id": new, "type": "supergroup", "title": "Block captains"}
    town.simulator.say_on_telegram("/report it is deeper now", chat=supergroup, **BY_JUNE)
    *notices, message = _waiting(town)[-3:]
    assert all("migrate" in str(notice) for notice in notices)
    with town.database.write() as session:
        account = session.exec(select(Account).where(Account.name == "telegram")).one()
        for update in (message, *notices):
            store_page(session, account, read_updates([update], US), utc_now())
    with town.database.read() as session:
        (room,) = session.exec(select(Conversation)).all()
        rooms = {one.conversation_id for one in session.exec(select(Mention)).all()}
    assert (room.channel_conversation_id, rooms) == (str(new), {room.id})


def _a_picture_in_doubt(town: Town) -> tuple[int, int]:
    """A reply with a picture that landed unseen: Mention.id, and the number of our message."""
    _say(town, "no hot water at 1200 S 9th St")
    town.understand()
    (mention,) = town.mentions()
    with town.database.write() as session:
        session.add(
            ReplyPicture(
                reply_id=town.reply_to(mention.id).id or 0,
                content=draw_png("meter"),
                media_type="image/png",
                width=320,
                height=240,
                alt_text="A water meter.",
                added_by=town.staff_id,
                added_at=town.clock(),
            )
        )
    town.approve(mention.id, "Does it look like this?", file_request=False)
    town.simulator.fault("telegram", "drop_after", "sendPhoto")
    town.deliver()
    assert town.reply_to(mention.id).state == ReplyState.UNCERTAIN
    (ours,) = town.simulator.telegram_messages(by="us")
    return mention.id or 0, int(ours["message_id"])


def _first_reply(town: Town, mention_id: int) -> Reply:
    with town.database.read() as session:
        return session.exec(select(Reply).where(Reply.mention_id == mention_id).order_by(col(Reply.id))).all()[0]


def test_a_resident_who_answers_our_picture_proves_by_its_caption_that_it_landed(town: Town) -> None:
    mention_id, ours = _a_picture_in_doubt(town)
    _say(town, "yes, it does", reply_to=ours)
    reply = _first_reply(town, mention_id)
    assert (reply.state, reply.sent_text) == (ReplyState.SENT, "Does it look like this?")


def test_what_a_resident_answers_is_not_said_again_though_a_person_did_not_see_it_there(town: Town) -> None:
    mention_id, ours = _a_picture_in_doubt(town)
    says_not_sent(town.desk, _first_reply(town, mention_id).id or 0, town.staff_id)
    _say(town, "yes, it does", reply_to=ours)
    assert _first_reply(town, mention_id).state == ReplyState.APPROVED
    town.deliver()
    assert _first_reply(town, mention_id).state == ReplyState.SENT
    assert len(town.simulator.telegram_messages(by="us")) == 1


def _waiting(town: Town) -> list[Any]:
    async def ask() -> list[Any]:
        token = town.simulator.settings.telegram_token
        async with telegram.Bot(token, base_url=town.simulator.telegram_base_url) as bot:
            return [update.to_dict() for update in await bot.get_updates()]

    return asyncio.run(ask())


@pytest.fixture
def simulator(tmp_path: Any) -> Any:
    settings = SimulatorSettings(tmp_path / "city.db", port=0)
    with RunningSimulator(settings.database, settings) as running:
        yield running


def _listener(simulator: RunningSimulator, **more: Any) -> TelegramListener:
    return TelegramListener(
        token=simulator.settings.telegram_token,
        base_url=f"{simulator.url}/telegram",
        long_poll_seconds=0,
        **more,
    )


def _hook(simulator: RunningSimulator) -> dict[str, str]:
    return {"webhook_url": "http://127.0.0.1:9/webhooks/bot", "webhook_secret": SECRET}


async def test_with_webhooks_the_webhook_is_set_and_nothing_is_polled(simulator: RunningSimulator) -> None:
    async with _listener(simulator, **_hook(simulator)) as listener:
        batch = await listener.fetch("17")
        assert (list(batch.posts), batch.cursor, batch.more) == ([], "17", False)
        await listener.fetch("17")
    made = [call["operation"] for call in simulator.calls(channel="telegram")]
    assert made == ["getMe", "getWebhookInfo", "setWebhook", "getWebhookInfo"]


async def test_a_webhook_that_somebody_took_away_is_set_again(simulator: RunningSimulator) -> None:
    async with _listener(simulator, **_hook(simulator)) as listener, _bot(simulator) as bot:
        await listener.fetch(None)
        await bot.delete_webhook()
        await listener.fetch(None)
        assert (await bot.get_webhook_info()).url == _hook(simulator)["webhook_url"]


async def test_back_to_polling_the_webhook_goes_and_what_waited_is_heard(simulator: RunningSimulator) -> None:
    async with _bot(simulator) as bot:
        await bot.set_webhook("http://127.0.0.1:9/webhooks/bot")
    simulator.say_on_telegram("a hole on Locust Street")
    async with _listener(simulator) as listener:
        with pytest.raises(ChannelUnavailable, match="taken away"):
            await listener.fetch(None)
        (post,) = (await listener.fetch(None)).posts
    assert post.text == "a hole on Locust Street"


async def test_a_webhook_that_telegram_cannot_reach_is_told_with_how_much_waits(simulator: RunningSimulator) -> None:
    async with _listener(simulator, **_hook(simulator)) as listener:
        await listener.fetch(None)
        simulator.say_on_telegram("a hole on Locust Street")
        async with asyncio.timeout(10):
            while True:
                try:
                    await listener.fetch(None)
                except ChannelUnavailable as error:
                    told = str(error)
                    break
                await asyncio.sleep(0.02)
    assert "Connection failed" in told
    assert "1 waiting" in told


def _bot(simulator: RunningSimulator) -> telegram.Bot:
    return telegram.Bot(simulator.settings.telegram_token, base_url=simulator.telegram_base_url)


async def _findings(listener: TelegramListener) -> dict[str, Finding]:
    async with listener:
        return {one.what: one for one in await listener.check()}


async def test_the_check_says_what_is_right(simulator: RunningSimulator) -> None:
    async with _bot(simulator) as bot:
        await bot.set_my_description("Philly 311. Run by Mae Jones.")
    found = await _findings(_listener(simulator, operator="Mae Jones"))
    assert {what: one.ok for what, one in found.items()} == {
        "token": True,
        "groups": True,
        "clock": True,
        "named operator": True,
        "webhook": True,
    }
    assert simulator.settings.telegram_username in found["token"].says


async def test_the_check_says_what_is_wrong_and_what_to_do(simulator: RunningSimulator) -> None:
    off = _listener(simulator, clock=lambda: utc_now() + timedelta(minutes=3), **_hook(simulator))
    found = await _findings(off)
    assert {what for what, one in found.items() if one.ok is False} == {"clock", "named operator", "webhook"}
    assert all(one.advice for one in found.values() if one.ok is False)


async def test_the_check_tells_of_a_bad_token_and_of_a_channel_that_does_not_answer(
    simulator: RunningSimulator,
) -> None:
    simulator.fault("telegram", "bad_key", "getMe")
    found = await _findings(_listener(simulator))
    assert (found["token"].ok, "BotFather" in found["token"].advice) == (False, True)
    simulator.fault("telegram", "html_error", "getWebhookInfo", status=502)
    found = await _findings(_listener(simulator))
    assert found["token"].ok
    assert found["Telegram"].ok is None
