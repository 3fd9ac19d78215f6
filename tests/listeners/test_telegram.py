"""How Telegram's updates are read: a table of what comes and what we make of it; and that no JSON breaks a page."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hark311.simulator.telegram_text import marks_in
from listeners.errors import UnreadablePost
from listeners.protocol import OurAccount
from listeners.telegram.reading import read_update, read_updates
from models.posts import AttachmentKind, IncomingPost, Pin, PostKind
from tests.listeners.json_values import ANY_JSON, is_well_formed, spoilt

US = OurAccount("311", "Philly311DemoBot")
SENT = 1795248000
DEE = {"id": 7, "is_bot": False, "first_name": "Dee", "last_name": "Ito", "username": "dee_215", "language_code": "es"}
OUR_BOT = {"id": 311, "is_bot": True, "first_name": "Philly 311", "username": "Philly311DemoBot"}
PRIVATE = {"id": 7, "type": "private", "first_name": "Dee"}
GROUP = {"id": -100555, "type": "supergroup", "title": "Rittenhouse neighbours"}
FILE = {"file_id": "F1", "file_unique_id": "U1"}
MESSAGE: dict[str, Any] = {
    "message_id": 5,
    "from": DEE,
    "chat": PRIVATE,
    "date": SENT,
    "text": "a hole on Locust Street",
}
OUR_MESSAGE: dict[str, Any] = {
    "message_id": 4,
    "from": OUR_BOT,
    "chat": PRIVATE,
    "date": SENT - 60,
    "text": "Where is it?",
}
PHOTO = [
    FILE | {"file_id": "small", "width": 90, "height": 67},
    FILE | {"file_id": "large", "width": 800, "height": 600},
]
VENUE = {
    "location": {"latitude": 39.95, "longitude": -75.16},
    "title": "City Hall",
    "address": "Broad and Market",
}


def _update(kind: str = "message", without: str = "", **more: Any) -> dict[str, Any]:
    message = {name: value for name, value in (MESSAGE | more).items() if name != without}
    return {"update_id": 900, kind: message}


def _from(person: dict[str, Any]) -> dict[str, Any]:
    return {"from": person}


def _media(**more: Any) -> dict[str, Any]:
    return _update(without="text", **more)


def _read(update: dict[str, Any]) -> list[IncomingPost]:
    return read_update(update, US)


def _one(update: dict[str, Any]) -> IncomingPost:
    (post,) = _read(update)
    return post


def test_a_private_message_is_read_whole() -> None:
    update = _update()
    post = _one(update)
    assert (post.post_id, post.edit_chain, post.conversation_id) == ("7:5", "7:5", "7")
    assert (post.text, post.language_hint) == ("a hole on Locust Street", "es")
    assert post.created_at == datetime.fromtimestamp(SENT, UTC)
    assert post.created_at.tzinfo is UTC
    assert (post.author.channel_author_id, post.author.handle, post.author.display_name) == ("7", "dee_215", "Dee Ito")
    assert (post.kind, post.private, post.may_reply) == (PostKind.MENTION, True, True)
    assert (post.in_reply_to, post.album, post.pin, list(post.attachments)) == (None, None, None, [])
    assert post.raw == update


@pytest.mark.parametrize(
    ("part", "kind", "file_id"),
    [
        ({"photo": PHOTO}, AttachmentKind.PHOTO, "large"),
        ({"video": FILE | {"width": 9, "height": 9, "duration": 2}}, AttachmentKind.VIDEO, "F1"),
        ({"video_note": FILE | {"length": 9, "duration": 2}}, AttachmentKind.VIDEO, "F1"),
        (
            {"animation": FILE | {"width": 9, "height": 9, "duration": 2}, "document": FILE | {"file_id": "F2"}},
            AttachmentKind.VIDEO,
            "F1",
        ),
        ({"voice": FILE | {"duration": 3}}, AttachmentKind.VOICE, "F1"),
        ({"audio": FILE | {"duration": 3}}, AttachmentKind.VOICE, "F1"),
        ({"document": FILE | {"file_name": "hole.pdf"}}, AttachmentKind.DOCUMENT, "F1"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_file_comes_by_its_id_with_the_caption_as_text(
    part: dict[str, Any], kind: AttachmentKind, file_id: str
) -> None:
    post = _one(_media(**part, caption="look at this"))
    (file,) = post.attachments
    assert (file.kind, file.channel_file_id, file.url) == (kind, file_id, "")
    assert post.text == "look at this"


@pytest.mark.parametrize(
    "part",
    [
        {"sticker": FILE | {"width": 9, "height": 9, "is_animated": False, "is_video": False, "type": "regular"}},
        {"dice": {"emoji": "🎲", "value": 3}},
    ],
    ids=lambda value: next(iter(value)),
)
def test_what_has_no_words_is_still_a_post_for_a_person_to_see(part: dict[str, Any]) -> None:
    post = _one(_media(**part))
    assert (post.text, post.kind, list(post.attachments)) == ("", PostKind.MENTION, [])


def test_album_parts_share_the_albums_id() -> None:
    first = _one(_media(photo=PHOTO, caption="two holes", media_group_id="91"))
    second = _one(_media(photo=PHOTO, media_group_id="91", message_id=6))
    assert first.album == second.album == "91"
    assert (first.text, second.text) == ("two holes", "")
    assert first.post_id != second.post_id


def test_a_shared_place_is_a_pin_with_its_accuracy() -> None:
    place = {"latitude": 39.9526, "longitude": -75.1635, "horizontal_accuracy": 12.5}
    assert _one(_media(location=place)).pin == Pin(39.9526, -75.1635, 12.5)


def test_a_named_place_is_a_pin_with_name_and_address() -> None:
    assert _one(_media(venue=VENUE, location=VENUE["location"])).pin == Pin(
        39.95, -75.16, title="City Hall", address="Broad and Market"
    )


def test_a_live_place_that_moves_is_a_new_version_with_a_new_pin() -> None:
    place = {"latitude": 39.95, "longitude": -75.16, "live_period": 900}
    first = _one(_media(location=place))
    moved = _media(location=place | {"latitude": 39.96}, edit_date=SENT + 30)
    second = _one({"update_id": 901, "edited_message": moved["message"]})
    assert second.edit_chain == first.post_id
    assert second.post_id != first.post_id
    assert (first.pin, second.pin) == (Pin(39.95, -75.16), Pin(39.96, -75.16))


def test_an_edited_message_is_a_new_version_at_the_time_of_the_edit() -> None:
    post = _one(_update("edited_message", text="a hole on Spruce Street", edit_date=SENT + 60))
    assert (post.edit_chain, post.text) == ("7:5", "a hole on Spruce Street")
    assert post.post_id not in ("7:5", _one(_update("edited_message", edit_date=SENT + 90)).post_id)
    assert post.created_at == datetime.fromtimestamp(SENT + 60, UTC)


def test_two_edits_within_a_second_are_two_versions() -> None:
    first = _one(_update("edited_message", text="a hole on Spruce Street", edit_date=SENT + 60))
    second = _one(_update("edited_message", text="a hole on Pine Street", edit_date=SENT + 60))
    assert first.post_id != second.post_id


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"text": "hey @Philly311DemoBot a hole"}, PostKind.MENTION),
        ({"text": "hey @philly311demobot, a hole"}, PostKind.MENTION),
        ({"text": "/report a hole"}, PostKind.MENTION),
        ({"text": "/report@Philly311DemoBot a hole"}, PostKind.MENTION),
        ({"text": "yes", "reply_to_message": OUR_MESSAGE | {"chat": GROUP}}, PostKind.MENTION),
        ({"text": "who brings the cake?"}, PostKind.CONTEXT),
        ({"text": "ask @Philly311DemoBotFans about it"}, PostKind.CONTEXT),
        ({"text": "mail to info@philly311demobot.org"}, PostKind.CONTEXT),
        ({"text": "/weather@SomeOtherBot"}, PostKind.CONTEXT),
        ({"text": "5th / Market is loud"}, PostKind.CONTEXT),
        ({"text": "yes", "reply_to_message": MESSAGE | {"chat": GROUP, "message_id": 2}}, PostKind.CONTEXT),
        (
            {"text": "yes", "reply_to_message": OUR_MESSAGE | {"chat": GROUP, "from": OUR_BOT | {"id": 312}}},
            PostKind.CONTEXT,
        ),
    ],
)
def test_in_a_group_only_what_speaks_to_us_is_a_mention(more: dict[str, Any], kind: PostKind) -> None:
    post = _read(_update(chat=GROUP, **more))[-1]
    assert (post.kind, post.private, post.conversation_id) == (kind, False, "-100555")


def test_a_caption_in_a_group_can_name_us() -> None:
    assert _one(_media(chat=GROUP, photo=PHOTO, caption="@Philly311DemoBot look")).kind == PostKind.MENTION


def test_a_topic_is_a_conversation_of_its_own() -> None:
    topic: dict[str, Any] = {"chat": GROUP, "is_topic_message": True, "message_thread_id": 40, "text": "/report a hole"}
    assert _one(_update(**topic)).conversation_id == "-100555/40"
    assert _one(_update(**topic | {"is_topic_message": False})).conversation_id == "-100555"


def test_a_message_in_a_topic_that_our_bot_opened_does_not_thereby_speak_to_us() -> None:
    """Telegram hangs every message of a topic under the service message that opened it."""
    opened = {
        "message_id": 40,
        "from": OUR_BOT,
        "chat": GROUP,
        "date": SENT - 60,
        "message_thread_id": 40,
        "is_topic_message": True,
        "forum_topic_created": {"name": "Potholes", "icon_color": 7322096},
    }
    post = _one(_update(chat=GROUP, text="nice", is_topic_message=True, message_thread_id=40, reply_to_message=opened))
    assert (post.kind, post.in_reply_to) == (PostKind.CONTEXT, None)


@pytest.mark.parametrize("name", ["from", ""])
def test_who_writes_as_a_channel_is_known_by_the_channel(name: str) -> None:
    """For other programs' sake Telegram puts an invented person, the same for all channels, into `from`."""
    channel = {"id": -100999, "type": "channel", "title": "Rittenhouse news", "username": "rittenhouse_news"}
    invented = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
    post = _one(_update(without=name, chat=GROUP, text="/report a hole", sender_chat=channel, **_from(invented)))
    assert (post.author.channel_author_id, post.author.display_name) == ("-100999", "Rittenhouse news")


def test_a_message_without_any_sender_is_unreadable() -> None:
    with pytest.raises(UnreadablePost, match="no sender"):
        _read(_update(without="from", chat=GROUP))


@pytest.mark.parametrize(
    "part",
    [
        {"new_chat_members": [DEE]},
        {"left_chat_member": DEE},
        {"new_chat_title": "Neighbours"},
        {"pinned_message": OUR_MESSAGE | {"chat": GROUP}},
        {"migrate_to_chat_id": -100777},
        {"group_chat_created": True},
        {"forum_topic_created": {"name": "Potholes", "icon_color": 7322096}},
    ],
    ids=lambda value: next(iter(value)),
)
def test_service_messages_are_no_posts(part: dict[str, Any]) -> None:
    assert _read(_media(chat=GROUP, **part)) == []


@pytest.mark.parametrize(
    "update",
    [
        {"update_id": 1},
        {"update_id": 1, "channel_post": MESSAGE | {"chat": {"id": -1, "type": "channel", "title": "News"}}},
        {"update_id": 1, "something_new": {"text": "hello"}},
        {"update_id": 1, "poll": "of a form we have never seen"},
        {"update_id": 1, "business_message": {"nothing": "that the SDK could read"}},
    ],
)
def test_other_updates_are_no_posts(update: dict[str, Any]) -> None:
    assert _read(update) == []


def test_a_shared_contact_is_no_post_and_its_number_is_kept_nowhere() -> None:
    card = {"contact": {"phone_number": "+12155550100", "first_name": "Dee"}}
    assert _read(_media(**card)) == []
    answer = _one(_update(reply_to_message=_media(**card, message_id=3)["message"]))
    assert answer.in_reply_to == "7:3"
    broken = read_updates([_media(**card, chat="nobody")], US)
    assert broken.unreadable
    assert "2155550100" not in str(broken) + str(answer)


@pytest.mark.parametrize(
    ("text", "command", "argument"),
    [
        ("/status", "status", ""),
        ("/STATUS", "status", ""),
        ("/mycases@philly311demobot", "mycases", ""),
        ("/forget me please", "forget", ""),
        ("/start", "start", ""),
        ("/start pole-17_AbC", "start", "pole-17_AbC"),
        ("/start what is this?", "start", ""),
        ("/start " + "a" * 65, "start", ""),
        ("stop", "stop", ""),
        (" STOP! ", "stop", ""),
        ("/stop", "stop", ""),
        ("please stop", "", ""),
        ("/weather", "", ""),
        ("/status@SomeOtherBot", "", ""),
        ("where is /status", "", ""),
    ],
)
def test_a_leading_command_is_told_and_the_words_stay(text: str, command: str, argument: str) -> None:
    post = _one(_update(text=text, entities=marks_in(text)))
    assert (post.command, dict(post.reply_with)) == (command, {"start": argument} if argument else {})
    assert post.text == text


def test_a_command_that_is_not_marked_as_one_is_none() -> None:
    assert _one(_update(text="/status of the bridge", entities=[])).command == ""


def test_in_a_group_a_word_among_neighbours_stops_nothing() -> None:
    assert _one(_update(chat=GROUP, text="stop")).command == ""
    assert _read(_update(chat=GROUP, text="stop", reply_to_message=OUR_MESSAGE | {"chat": GROUP}))[-1].command == "stop"


def test_a_live_place_is_told_as_one_until_it_stops() -> None:
    place = {"latitude": 39.95, "longitude": -75.16}
    assert _one(_media(location=place | {"live_period": 900})).live
    assert not _one(_update("edited_message", without="text", location=place, edit_date=SENT + 60)).live
    assert not _one(_media(location=place)).live


@pytest.mark.parametrize(
    ("chat", "told"),
    [({"id": -555, "type": "group"}, {"migrate_to_chat_id": -100777}), (GROUP, {"migrate_from_chat_id": -555})],
)
def test_a_group_that_becomes_a_supergroup_is_told_with_both_ids(chat: dict[str, Any], told: dict[str, Any]) -> None:
    page = read_updates([_media(chat={"title": "Neighbours"} | chat, **told)], US)
    assert list(page.posts) == []
    assert list(page.moved) == [("-555", "-100777" if "migrate_to_chat_id" in told else "-100555")]


def test_our_own_message_that_a_resident_answers_comes_first() -> None:
    ours, answer = _read(_update(text="on Locust Street", reply_to_message=OUR_MESSAGE))
    assert (ours.post_id, ours.edit_chain, ours.kind, ours.text) == ("7:4", "7:4", PostKind.OWN, "Where is it?")
    assert (ours.author.channel_author_id, ours.conversation_id, ours.private) == ("311", "7", True)
    assert ours.created_at == datetime.fromtimestamp(SENT - 60, UTC)
    assert (answer.in_reply_to, answer.kind) == ("7:4", PostKind.MENTION)


def test_what_somebody_else_wrote_is_not_kept_under_the_answer_to_it() -> None:
    answered = MESSAGE | {"message_id": 3, "text": "zanzibar"}
    quote = {"text": "zanzibar", "position": 0}
    post = _one(_update(text="me too", reply_to_message=answered, quote=quote))
    assert (post.in_reply_to, "zanzibar" in str(post.raw)) == ("7:3", False)


def test_a_residents_own_message_that_they_answer_does_not_come_again() -> None:
    post = _one(_update(reply_to_message=MESSAGE | {"message_id": 3}))
    assert post.in_reply_to == "7:3"


@pytest.mark.parametrize("name", ["message_id", "date", "chat"])
def test_a_message_without_what_we_need_is_unreadable(name: str) -> None:
    with pytest.raises(UnreadablePost) as unreadable:
        _read(_update(without=name))
    assert unreadable.value.reason
    assert "Locust" not in unreadable.value.reason


def test_updates_are_read_in_telegrams_order_and_the_broken_ones_are_kept() -> None:
    updates = [_update(), {"update_id": 901, "message": {"text": "no date"}}, "no update at all", _update(message_id=6)]
    page = read_updates(updates, US)
    assert [post.post_id for post in page.posts] == ["7:5", "7:6"]
    assert page.unreadable[0].channel_post_id == "update-901"
    assert len(page.unreadable) == 2
    assert read_updates(updates, US).unreadable == page.unreadable


GOOD = (
    _update(),
    _media(photo=PHOTO, caption="look", media_group_id="91"),
    _media(venue=VENUE, location=VENUE["location"]),
    _media(voice=FILE | {"duration": 3}),
    _update("edited_message", edit_date=SENT + 5, reply_to_message=OUR_MESSAGE),
    _update(chat=GROUP, text="@Philly311DemoBot a hole", is_topic_message=True, message_thread_id=40),
)


def _accounted_for(updates: list[Any]) -> None:
    page = read_updates(updates, US)
    alone = 0
    for update in updates:
        try:
            alone += len(_read(update))
        except UnreadablePost:
            alone += 0
    assert len(page.posts) == alone
    assert len(page.unreadable) == sum(1 for update in updates if _is_unreadable(update))
    for post in page.posts:
        assert is_well_formed(post), post
    for item in page.unreadable:
        assert item.reason
        item.channel_post_id.encode()


def _is_unreadable(update: Any) -> bool:
    try:
        read_update(update, US)
    except UnreadablePost:
        return True
    return False


@settings(max_examples=150, deadline=None)
@given(ANY_JSON)
def test_any_json_at_all_as_an_update_is_read_or_unreadable(raw: Any) -> None:
    _accounted_for([raw])


@settings(max_examples=300, deadline=None)
@given(spoilt(*GOOD))
def test_a_spoilt_update_is_read_or_unreadable(raw: Any) -> None:
    _accounted_for([raw])


@settings(max_examples=50, deadline=None)
@given(st.lists(ANY_JSON | spoilt(*GOOD), max_size=5))
def test_of_a_page_of_anything_every_update_is_accounted_for(updates: list[Any]) -> None:
    _accounted_for(updates)


def test_reading_changes_nothing_in_what_was_sent() -> None:
    updates = copy.deepcopy(list(GOOD))
    read_updates(updates, US)
    assert updates == list(GOOD)
