"""Invariant 6: what a resident deleted leaves every table, and cancels what was not sent; the audit keeps ids only."""

import asyncio

import pytest
from sqlmodel import Session, select, text

from listeners.changes import forget_posts
from listeners.intake import store_batch
from listeners.protocol import Batch
from models import (
    Account,
    Attachment,
    AuditEntry,
    Channel,
    Database,
    Mention,
    MentionState,
    Post,
    ReplyState,
    RequestState,
    Understanding,
    UnreadablePost,
)
from models.deletion import forget_post
from models.mastodon_heard import unreadable
from models.neighbours import NeighbourMark, NeighbourSuggestion
from responders.review import NotApproved
from tests.rows import MORNING, a_mention, a_reply, a_request, an_account
from tests.town import Town

SECRET_WORDS = "zanzibar crater on Xanthippe Street"


def _forget_deleted(town: Town) -> int:
    async def ask() -> int:
        total = 0
        for hearing in town.hearings():
            async with hearing.listener:
                total += await hearing.forget_deleted()
        return total

    return asyncio.run(ask())


def _whole_database(session: Session) -> str:
    """Everything every table holds, as one text."""
    if session.get_bind().dialect.name == "sqlite":
        tables = session.exec(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()  # type: ignore[call-overload]
    else:
        tables = session.exec(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()  # type: ignore[call-overload]
    return "\n".join(
        str(row)
        for (table,) in tables
        for row in session.exec(text(f'SELECT * FROM "{table}"')).all()  # type: ignore[call-overload]  # noqa: S608
    )


def test_a_deleted_post_leaves_no_word_in_any_table(town: Town) -> None:
    post_id = town.simulator.say_on_x(
        f"There is a {SECRET_WORDS}, a deep pothole", author="dee_215", photos=[{"alt": "zanzibar"}]
    )
    town.hear()
    with town.database.read() as session:
        assert "zanzibar" in _whole_database(session)
    town.simulator.delete_on_x(post_id)
    assert _forget_deleted(town) == 1
    with town.database.read() as session:
        everything = _whole_database(session)
        assert "zanzibar" not in everything
        assert "Xanthippe" not in everything
        assert post_id in everything
        assert session.exec(select(Attachment)).all() == []
        assert session.exec(select(Understanding.evidence)).all() == [[]]
    assert town.mention_of(post_id).state == MentionState.WITHDRAWN


def test_a_deleted_post_leaves_the_lookup_of_neighbours(town: Town) -> None:
    said = f"There is a {SECRET_WORDS}, a deep pothole"
    posts = [town.simulator.say_on_x(said, author=author) for author in ("dee_215", "sam_kens")]
    town.hear()
    with town.database.read() as session:
        assert len(session.exec(select(NeighbourSuggestion)).all()) == 1
        text_hash = session.exec(select(NeighbourMark.text_hash).distinct()).one()
        assert text_hash in _whole_database(session)
    for post_id, left in zip(posts, (1, 0), strict=True):
        town.simulator.delete_on_x(post_id)
        assert _forget_deleted(town) == 1
        with town.database.read() as session:
            assert session.exec(select(NeighbourSuggestion)).all() == []
            assert len(session.exec(select(NeighbourMark)).all()) == left
    with town.database.read() as session:
        assert text_hash not in _whole_database(session)


def test_the_deleted_words_are_not_left_in_the_database_file(town: Town) -> None:
    post_id = town.simulator.say_on_x(f"There is a {SECRET_WORDS}, a deep pothole")
    town.hear()
    town.simulator.delete_on_x(post_id)
    _forget_deleted(town)
    with town.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"zanzibar" not in (town.data / "hark.db").read_bytes()


def test_what_was_approved_and_not_sent_is_cancelled(town: Town) -> None:
    post_id = town.simulator.say_on_x("There is a deep pothole at 5th and Market St")
    town.hear()
    mention_id = town.mention_of(post_id).id
    town.approve(mention_id)
    town.simulator.delete_on_x(post_id)
    _forget_deleted(town)
    town.deliver()
    assert town.our_replies_on_x() == []
    assert town.simulator.city_requests() == []
    assert town.reply_to(mention_id).state == ReplyState.CANCELLED
    assert town.request_of(mention_id).state == RequestState.CANCELLED


def test_a_reply_to_a_deleted_post_cannot_be_approved(town: Town) -> None:
    post_id = town.simulator.say_on_x("There is a deep pothole at 5th and Market St")
    town.hear()
    mention_id = town.mention_of(post_id).id or 0
    town.desk.claim(mention_id, town.staff_id)
    decided = town.seen(mention_id)
    town.simulator.delete_on_x(post_id)
    _forget_deleted(town)
    with pytest.raises(NotApproved, match="deleted the post"):
        town.desk.approve(mention_id, town.staff_id, decided)


def test_a_post_deleted_unseen_is_refused_by_x_and_a_person_reads_why(town: Town) -> None:
    post_id = town.simulator.say_on_x("There is a deep pothole at 5th and Market St")
    town.hear()
    mention_id = town.mention_of(post_id).id
    town.approve(mention_id, "Thank you.", file_request=False)
    town.simulator.delete_on_x(post_id)
    town.deliver()
    reply = town.reply_to(mention_id)
    assert reply.state == ReplyState.FAILED
    assert "gone" in reply.state_reason
    assert town.mention_of(post_id).state == MentionState.DRAFTED


def test_every_version_of_an_edited_post_is_purged(town: Town) -> None:
    first = town.simulator.say_on_x("pothole by the zanzibar sign", author="dee_215")
    town.listen()
    second = town.simulator.say_on_x("pothole by the zanzibar gate", author="dee_215", edit_of=first)
    town.hear()
    town.simulator.delete_on_x(second)
    _forget_deleted(town)
    with town.database.read() as session:
        assert "zanzibar" not in _whole_database(session)


def test_a_post_first_heard_edited_is_purged_by_the_id_its_channel_knows(either_database: Database) -> None:
    """Mastodon's stream tells of a deletion by the id alone; the version we stored has the time of its edit as well."""
    with either_database.write() as session:
        mention = a_mention(session)
        post = session.exec(select(Post)).one()
        post.channel_post_id = f"{post.edit_chain}:2026-11-22T09:00:00.000+00:00"
        account = session.get_one(Account, mention.account_id)
        assert forget_posts(session, account, [post.edit_chain], "says so", MORNING) == 1
        assert (post.text, mention.state) == ("", MentionState.WITHDRAWN)


def test_what_could_not_be_read_on_mastodon_is_purged_by_the_id_of_its_status(either_database: Database) -> None:
    """Notifications have ids of their own; of a deletion the server tells by the id of the status."""
    told = {"id": "900", "type": "mention", "status": {"id": "41", "content": SECRET_WORDS}}
    with either_database.write() as session:
        account = an_account(session, Channel.MASTODON)
        store_batch(session, account, Batch((), "1", [unreadable(told, KeyError("account"))]), MORNING)
        assert SECRET_WORDS in session.exec(select(UnreadablePost)).one().raw
        store_batch(session, account, Batch((), "2", deleted=["41"]), MORNING)
        kept = session.exec(select(UnreadablePost)).one()
        assert (kept.raw, kept.closed_at) == ("", MORNING)


def test_a_mention_that_keeps_another_post_is_understood_anew(either_database: Database) -> None:
    with either_database.write() as session:
        mention = a_mention(session, "the first half")
        first = session.exec(select(Post)).one()
        session.add(
            Post(
                **first.model_dump(exclude={"id", "channel_post_id", "edit_chain"}), channel_post_id="b", edit_chain="b"
            )
        )
        session.flush()
        mention.needs_understanding = False
        forget_post(session, first, "test", "its author deleted it", MORNING)
        assert mention.state == MentionState.RECEIVED
        assert mention.needs_understanding


def test_what_was_approved_on_words_that_are_gone_goes_back_to_a_person(town: Town) -> None:
    first = town.simulator.say_on_x("There is a deep pothole at 5th and Market St", author="dee_215")
    town.listen()
    second = town.simulator.say_on_x("it is really deep", author="dee_215", in_reply_to=first)
    town.hear()
    mention_id = town.mention_of(first).id
    assert town.mention_of(second).id == mention_id
    town.approve(mention_id)
    town.simulator.delete_on_x(first)
    _forget_deleted(town)
    town.deliver()
    assert town.our_replies_on_x() == []
    assert town.simulator.city_requests() == []
    assert town.mention_of(second).state == MentionState.DRAFTED
    assert town.request_of(mention_id).state == RequestState.DRAFT


def test_the_audit_keeps_ids_and_no_words(either_database: Database) -> None:
    with either_database.write() as session:
        mention = a_mention(session, SECRET_WORDS)
        a_reply(session, mention, f"About the {SECRET_WORDS}.")
        a_request(session, mention)
        forget_post(session, session.exec(select(Post)).one(), "listener", "its author deleted it", MORNING)
    with either_database.read() as session:
        entries = session.exec(select(AuditEntry)).all()
        assert {(entry.about, entry.to_state) for entry in entries} == {
            ("Post", ""),
            ("Reply", "cancelled"),
            ("ServiceRequest", "cancelled"),
            ("Mention", "withdrawn"),
        }
        assert "Xanthippe" not in _whole_database(session)
        assert session.exec(select(Mention.state)).one() == MentionState.WITHDRAWN
