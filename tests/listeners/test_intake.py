"""Which mention a post belongs to: albums, answers, edits, people who write again, and people who do not belong."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from listeners.following import ANSWER_WITHIN
from listeners.intake import Stored, store_posts
from models import Attachment, Channel, Database, Mention, MentionState, Post, Reply, ReplyState, advance
from models.deletion import forget_post
from models.posts import AttachmentKind, IncomingAttachment, IncomingAuthor, IncomingPost, Pin, PostKind
from models.threads import newest_inbound, posts_of
from tests import services
from tests.rows import MORNING, an_account

DEE, SAM = IncomingAuthor("7", "dee_215", "Dee"), IncomingAuthor("8", "sam_19147", "Sam")
PHOTO = IncomingAttachment("F1", AttachmentKind.PHOTO, alt_text="a hole")
SOON, LATER = timedelta(hours=1), ANSWER_WITHIN + timedelta(minutes=1)


def _post(post_id: str, text: str = "a hole on Locust Street", **more: Any) -> IncomingPost:
    given: dict[str, Any] = {
        "post_id": post_id,
        "edit_chain": post_id,
        "conversation_id": "thread",
        "author": DEE,
        "text": text,
        "created_at": MORNING,
    }
    return IncomingPost(**(given | more))


def _private(post_id: str, text: str = "no hot water", **more: Any) -> IncomingPost:
    return _post(post_id, text, **({"conversation_id": "7", "private": True} | more))


def _heard(database: Database, *posts: IncomingPost, at: datetime = MORNING, on: Channel = Channel.X) -> Stored:
    with database.write() as session:
        return store_posts(session, an_account(session, on), posts, at)


def _mentions(database: Database) -> Sequence[Mention]:
    with database.read() as session:
        return session.exec(select(Mention).order_by(col(Mention.id))).all()


def _said(database: Database, mention: Mention) -> list[str]:
    with database.read() as session:
        return [post.text for post in posts_of(session, mention.id or 0)]


def _stored_post(session: Session, post_id: str) -> Post:
    return session.exec(select(Post).where(Post.channel_post_id == post_id)).one()


def _closed(session: Session, mention: Mention, at: datetime) -> None:
    for state in ("UNDERSTOOD", "DRAFTED", "IN_REVIEW", "APPROVED", "CLOSED"):
        advance(session, mention, MentionState[state], "test", "as a person did", at)


def _answered(
    database: Database, sent_post_id: str, template: str = "ack", *, close: bool = False, on: Channel = Channel.X
) -> Mention:
    """We answered the only mention; with `close`, that was all there was to do."""
    with database.write() as session:
        account = an_account(session, on)
        mention = session.exec(select(Mention)).one()
        session.add(
            Reply(
                mention_id=mention.id or 0,
                account_id=account.id or 0,
                state=ReplyState.SENT,
                changed_at=MORNING,
                template_key=template,
                text="Where is it?",
                sent_text="Where is it?",
                sent_post_id=sent_post_id,
                sent_at=MORNING,
            )
        )
        session.add(
            Post(
                account_id=account.id or 0,
                channel_post_id=sent_post_id,
                edit_chain=sent_post_id,
                conversation_id=mention.conversation_id,
                kind=PostKind.OWN,
                text="Where is it?",
                created_at=MORNING,
                received_at=MORNING,
            )
        )
        if close:
            _closed(session, mention, MORNING)
        return mention


def test_album_parts_in_one_page_are_one_mention(database: Database) -> None:
    parts = [_private(str(number), "two holes" if number == 1 else "", album="91") for number in (1, 2, 3)]
    stored = _heard(database, *parts)
    (mention,) = _mentions(database)
    assert stored.to_understand == [mention.id]
    assert _said(database, mention) == ["two holes", "", ""]


def test_an_album_part_that_comes_with_the_next_page_joins_and_is_understood_anew(database: Database) -> None:
    _heard(database, _private("1", "two holes", album="91"))
    stored = _heard(database, _private("2", "", album="91"))
    (mention,) = _mentions(database)
    assert stored.to_understand == [mention.id]
    assert mention.version == 2
    assert mention.needs_understanding


def test_the_same_album_number_from_somebody_else_is_another_mention(database: Database) -> None:
    _heard(database, _post("1", album="91"), _post("2", album="91", author=SAM))
    assert len(_mentions(database)) == 2


def test_an_album_in_a_group_whose_first_part_did_not_name_us_still_becomes_one_mention(database: Database) -> None:
    first = _post("1", "", album="91", kind=PostKind.CONTEXT)
    _heard(database, first, _post("2", "@us two holes", album="91"), _post("3", "@us", album="91"))
    (mention,) = _mentions(database)
    assert _said(database, mention) == ["@us two holes", "@us"]


def test_the_answer_to_our_question_in_a_private_chat_goes_on_with_the_mention(database: Database) -> None:
    _heard(database, _private("1"), on=Channel.TELEGRAM)
    _answered(database, "7:99", "ask_where", close=True, on=Channel.TELEGRAM)
    stored = _heard(database, _private("2", "1200 S 9th St"), at=MORNING + SOON, on=Channel.TELEGRAM)
    (mention,) = _mentions(database)
    assert stored.to_understand == [mention.id]
    assert (mention.state, mention.round) == (MentionState.DRAFTED, 2)
    assert mention.needs_understanding
    assert _said(database, mention) == ["no hot water", "1200 S 9th St"]


def test_in_a_private_chat_where_we_asked_nothing_a_new_post_is_a_new_mention(database: Database) -> None:
    _heard(database, _private("1"), on=Channel.TELEGRAM)
    _answered(database, "7:99", "acknowledge", close=True, on=Channel.TELEGRAM)
    _heard(database, _private("2", "and a stray dog"), at=MORNING + SOON, on=Channel.TELEGRAM)
    assert [mention.round for mention in _mentions(database)] == [1, 1]


def test_a_question_left_unanswered_too_long_is_no_longer_waited_for(database: Database) -> None:
    _heard(database, _private("1"), on=Channel.TELEGRAM)
    _answered(database, "7:99", "ask_where", close=True, on=Channel.TELEGRAM)
    _heard(database, _private("2", "1200 S 9th St"), at=MORNING + LATER, on=Channel.TELEGRAM)
    assert len(_mentions(database)) == 2


def test_an_answer_to_our_reply_reopens_the_closed_mention_for_another_round(database: Database) -> None:
    _heard(database, _post("1"))
    _answered(database, "50", close=True)
    _heard(database, _post("60", "it is not fixed", in_reply_to="50"), at=MORNING + SOON)
    (mention,) = _mentions(database)
    assert (mention.state, mention.round) == (MentionState.DRAFTED, 2)
    assert mention.state_reason == "the author wrote again"
    with database.read() as session:
        assert newest_inbound(session, mention) == _stored_post(session, "60").id


def test_an_answer_while_the_mention_is_open_stays_in_its_round(database: Database) -> None:
    _heard(database, _post("1"))
    _answered(database, "50")
    _heard(database, _post("60", "it is by the bakery", in_reply_to="50"), at=MORNING + SOON)
    (mention,) = _mentions(database)
    assert (mention.state, mention.round, mention.version) == (MentionState.RECEIVED, 1, 2)


def test_an_answer_to_a_post_that_was_edited_before_we_heard_it_goes_on_about_it(database: Database) -> None:
    _heard(database, _post("1:10.00", edit_chain="1"))
    _heard(database, _post("2", "it is by the bakery", in_reply_to="1"), at=MORNING + SOON)
    (mention,) = _mentions(database)
    assert _said(database, mention)[-1] == "it is by the bakery"


def test_an_answer_to_ones_own_post_goes_on_about_it(database: Database) -> None:
    _heard(database, _post("1"), _post("2", "it is by the bakery", in_reply_to="1"))
    (mention,) = _mentions(database)
    assert _said(database, mention) == ["a hole on Locust Street", "it is by the bakery"]


def test_an_answer_after_three_days_is_a_new_mention(database: Database) -> None:
    _heard(database, _post("1"))
    _answered(database, "50", close=True)
    _heard(database, _post("60", "it is back", in_reply_to="50"), at=MORNING + LATER)
    first, second = _mentions(database)
    assert (first.state, first.round) == (MentionState.CLOSED, 1)
    assert (second.state, second.round) == (MentionState.RECEIVED, 1)


@pytest.mark.parametrize("parent", ["1", "50"], ids=["the resident's post", "our reply"])
def test_somebody_else_in_the_thread_never_joins(database: Database, parent: str) -> None:
    _heard(database, _post("1"))
    _answered(database, "50", close=True)
    _heard(database, _post("60", "here too!", in_reply_to=parent, author=SAM), at=MORNING + SOON)
    first, second = _mentions(database)
    assert first.state == MentionState.CLOSED
    assert second.author_id != first.author_id


def test_somebody_else_in_the_chat_where_we_wait_for_an_answer_never_joins(database: Database) -> None:
    _heard(database, _private("1"), on=Channel.TELEGRAM)
    _answered(database, "7:99", "ask_where", on=Channel.TELEGRAM)
    _heard(database, _private("2", "me too", author=SAM), at=MORNING + SOON, on=Channel.TELEGRAM)
    assert len(_mentions(database)) == 2


def test_an_answer_to_a_withdrawn_mention_is_a_new_one(database: Database) -> None:
    _heard(database, _post("1"))
    _answered(database, "50")
    with database.write() as session:
        advance(session, session.exec(select(Mention)).one(), MentionState.WITHDRAWN, "test", "deleted", MORNING)
    _heard(database, _post("60", "sorry, again", in_reply_to="50"), at=MORNING + SOON)
    assert [mention.state for mention in _mentions(database)] == [MentionState.WITHDRAWN, MentionState.RECEIVED]


@pytest.mark.parametrize(
    ("text", "more", "command"),
    [
        ("@Philly311Demo stop", {}, "stop"),
        ("Stop.", {"private": True}, "stop"),
        ("forget me", {"private": True}, "forget"),
        ("una persona", {"private": True}, "human"),
        ("forget me", {}, ""),
        ("stop", {"addressed": False}, ""),
        ("something new", {"private": True}, ""),
        ("status", {"private": True}, ""),
        ("stop sign is down", {}, ""),
        ("stop" + " @someone" * 40, {}, ""),
    ],
)
def test_words_that_are_done_at_once_are_a_mention_of_their_own(
    database: Database, text: str, more: dict[str, Any], command: str
) -> None:
    _heard(database, _post("1"))
    _heard(database, _post("2", text, in_reply_to="1", **more))
    with database.read() as session:
        assert _stored_post(session, "2").command == command
    assert len(_mentions(database)) == (2 if command else 1)


def test_a_first_version_that_comes_after_the_edited_one_changes_no_words(database: Database) -> None:
    edited = _post("2", "a hole on Spruce Street", edit_chain="1", created_at=MORNING + timedelta(minutes=5))
    _heard(database, edited)
    _heard(database, _post("1", "a hole on Locust Street"))
    (mention,) = _mentions(database)
    assert _said(database, mention) == ["a hole on Spruce Street"]


def test_versions_of_a_post_in_one_page_are_one_mention_with_the_newest_words(database: Database) -> None:
    versions = [
        _post(str(number), f"version {number}", edit_chain="1", created_at=MORNING + timedelta(minutes=number))
        for number in (1, 2, 3)
    ]
    _heard(database, *versions)
    (mention,) = _mentions(database)
    assert _said(database, mention) == ["version 3"]


def test_a_post_edited_to_name_us_and_edited_again_stays_one_mention(database: Database) -> None:
    _heard(database, _post("1", "a hole", kind=PostKind.CONTEXT))
    _heard(database, _post("2", "@us a hole", edit_chain="1", created_at=MORNING + timedelta(minutes=1)))
    _heard(database, _post("3", "@us a deep hole", edit_chain="1", created_at=MORNING + timedelta(minutes=2)))
    (mention,) = _mentions(database)
    assert _said(database, mention) == ["@us a deep hole"]


def test_an_edit_that_takes_our_name_out_still_changes_the_mentions_words(database: Database) -> None:
    _heard(database, _post("1", "@us a hole on Locust Street"))
    left_out = _post(
        "2", "a hole on Spruce", edit_chain="1", kind=PostKind.CONTEXT, created_at=MORNING + timedelta(minutes=1)
    )
    _heard(database, left_out)
    (mention,) = _mentions(database)
    assert _said(database, mention) == ["a hole on Spruce"]


def _seen_first_as_context(database: Database, seen: IncomingPost, whole: IncomingPost) -> Post:
    assert _heard(database, seen).to_understand == []
    stored = _heard(database, whole)
    (mention,) = _mentions(database)
    assert (stored.repeated, stored.new_posts, stored.to_understand) == (1, 0, [mention.id])
    with database.read() as session:
        row = _stored_post(session, whole.post_id)
    assert (row.kind, row.mention_id, row.text) == (PostKind.MENTION, mention.id, whole.text)
    return row


def test_context_that_becomes_a_mention_has_all_that_the_mention_brings(database: Database) -> None:
    """X sends a post that somebody answers without its media, and whole when it is itself a mention."""
    whole = _post(
        "1",
        "@us a hole",
        pin=Pin(39.95, -75.16, 12.0, title="City Hall", address="Broad and Market"),
        attachments=[PHOTO],
        language_hint="es",
        url="https://x.com/dee_215/status/1",
        in_reply_to="0",
        album="91",
        raw={"whole": True},
    )
    row = _seen_first_as_context(database, _post("1", "@us a…", kind=PostKind.CONTEXT), whole)
    assert (row.lat, row.lon, row.pin_accuracy_m) == (39.95, -75.16, 12.0)
    assert row.pin_title == "City Hall, Broad and Market"
    assert (row.language_hint, row.url, row.in_reply_to, row.album) == ("es", whole.url, "0", "91")
    assert row.raw == {"whole": True}
    with database.read() as session:
        (kept,) = session.exec(select(Attachment)).all()
        assert (kept.post_id, kept.channel_file_id, kept.alt_text) == (row.id, "F1", "a hole")


def test_context_that_already_had_its_photo_keeps_it_once(database: Database) -> None:
    """Somebody's post in a group, with a photo, seen first as what another resident answers."""
    seen = _post("1", "@us a hole", kind=PostKind.CONTEXT, attachments=[PHOTO], pin=Pin(39.95, -75.16))
    row = _seen_first_as_context(database, seen, _post("1", "@us a hole", attachments=[PHOTO], pin=Pin(39.95, -75.16)))
    assert row.lat == 39.95
    with database.read() as session:
        assert len(session.exec(select(Attachment)).all()) == 1


def test_context_whose_author_deleted_it_stays_gone(database: Database) -> None:
    _heard(database, _post("1", "a hole", kind=PostKind.CONTEXT))
    with database.write() as session:
        forget_post(session, _stored_post(session, "1"), "listener", "deleted", MORNING)
    stored = _heard(database, _post("1", "@us a hole"))
    assert (stored.repeated, stored.to_understand) == (1, [])
    assert _mentions(database) == []
    with database.read() as session:
        assert _stored_post(session, "1").text == ""


def test_a_post_that_names_one_file_twice_keeps_it_once(database: Database) -> None:
    _heard(database, _post("1", attachments=[PHOTO, PHOTO]))
    with database.read() as session:
        assert len(session.exec(select(Attachment)).all()) == 1


def test_a_mention_seen_again_as_context_stays_a_mention(database: Database) -> None:
    _heard(database, _post("1", attachments=[PHOTO]))
    _heard(database, _post("1", "cut…", kind=PostKind.CONTEXT))
    (mention,) = _mentions(database)
    assert _said(database, mention) == ["a hole on Locust Street"]
    assert mention.version == 1


def test_a_new_name_of_an_author_is_kept_and_a_missing_one_forgets_nothing(database: Database) -> None:
    _heard(database, _post("1"))
    _heard(database, _post("2", author=IncomingAuthor("7")))
    _heard(database, _post("3", author=IncomingAuthor("7", "dee_new", "Dee Ito")))
    with database.read() as session:
        assert {mention.author_id for mention in _mentions(database)} == {1}
        post = _stored_post(session, "3")
        assert post.author_id == 1


@pytest.mark.scaled
def test_what_is_heard_while_a_reader_finishes_is_read_anew(request: pytest.FixtureRequest) -> None:
    with services.throwaway_postgresql(like=request.getfixturevalue("migrated_postgresql")) as url:
        database = Database(url)
        _heard(database, _post("1"))

        def finishes(_: object, loaded: object) -> None:
            if isinstance(loaded, Mention) and not done:
                done.append(loaded)
                with database.write() as beside:
                    beside.exec(select(Mention).with_for_update()).one().needs_understanding = False

        done: list[Mention] = []

        with database.write() as session:
            account = an_account(session)
            event.listen(session, "loaded_as_persistent", finishes)
            store_posts(session, account, [_post("2", "and it is deep", in_reply_to="1")], MORNING)
        (mention,) = _mentions(database)
        assert (len(done), mention.version, mention.needs_understanding) == (1, 2, True)
        database.dispose()
