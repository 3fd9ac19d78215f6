"""Invariant 1: a post is stored once; our own posts and reposts never become work."""

import asyncio

import pytest
from sqlmodel import col, func, select

from listeners.intake import store_posts
from listeners.protocol import Streams
from models import Account, Channel, ChatEntry, Database, Mention, Post
from models.posts import IncomingAuthor, IncomingPost, PostKind
from responders.chats.hearing import keep_hearing
from tests.responders.chats.chats import a_chat
from tests.rows import MORNING, an_account
from tests.town import Town


def _post(post_id: str, **more: object) -> IncomingPost:
    given: dict[str, object] = {
        "post_id": post_id,
        "edit_chain": post_id,
        "conversation_id": post_id,
        "author": IncomingAuthor("7", "dee"),
        "text": f"pothole number {post_id}",
        "created_at": MORNING,
    }
    return IncomingPost(**(given | more))  # type: ignore[arg-type]  # tests name any field


def _counts(database: Database) -> tuple[int, int]:
    with database.read() as session:
        return (
            session.exec(select(func.count()).select_from(Post)).one(),
            session.exec(select(func.count()).select_from(Mention)).one(),
        )


def test_a_page_that_comes_twice_changes_nothing(either_database: Database) -> None:
    page = [_post(str(number)) for number in range(20)]
    for _ in range(3):
        with either_database.write() as session:
            stored = store_posts(session, an_account(session), page, MORNING)
    assert (stored.new_posts, stored.repeated) == (0, 20)
    assert _counts(either_database) == (20, 20)


def test_the_same_post_twice_in_one_page_is_one_post(database: Database) -> None:
    with database.write() as session:
        stored = store_posts(session, an_account(session), [_post("1"), _post("1")], MORNING)
    assert (stored.new_posts, stored.repeated) == (1, 1)


def test_the_same_post_id_on_two_accounts_is_two_posts(database: Database) -> None:
    with database.write() as session:
        store_posts(session, an_account(session, Channel.X), [_post("1")], MORNING)
        store_posts(session, an_account(session, Channel.TELEGRAM), [_post("1")], MORNING)
    assert _counts(database) == (2, 2)


@pytest.mark.parametrize(
    "post",
    [
        _post("1", kind=PostKind.OWN),
        _post("1", author=IncomingAuthor("311", "Philly311Demo")),
        _post("1", kind=PostKind.REPOST),
        _post("1", kind=PostKind.CONTEXT),
    ],
    ids=["told to be ours", "by our own account", "repost", "context"],
)
def test_what_is_no_mention_is_kept_and_never_becomes_work(database: Database, post: IncomingPost) -> None:
    with database.write() as session:
        stored = store_posts(session, an_account(session), [post], MORNING)
    assert stored.to_understand == []
    assert _counts(database) == (1, 0)


def test_context_that_turns_out_to_speak_to_us_becomes_work_once(database: Database) -> None:
    for kind in (PostKind.CONTEXT, PostKind.MENTION, PostKind.MENTION, PostKind.CONTEXT):
        with database.write() as session:
            store_posts(session, an_account(session), [_post("1", kind=kind)], MORNING)
    assert _counts(database) == (1, 1)


def test_an_edited_post_stays_one_mention_and_keeps_its_versions(database: Database) -> None:
    with database.write() as session:
        account = an_account(session)
        store_posts(session, account, [_post("1", text="pothol at 5th and Market")], MORNING)
        store_posts(session, account, [_post("2", edit_chain="1", text="pothole at 6th and Market")], MORNING)
    with database.read() as session:
        mention = session.exec(select(Mention)).one()
        assert mention.version == 2
        assert mention.needs_understanding
    assert _counts(database) == (2, 1)


def test_our_reply_seen_again_by_the_listener_is_no_mention(town: Town) -> None:
    post_id = town.simulator.say_on_x("pothole at 5th and Market st, it is deep", author="dee_215", mention=True)
    town.hear()
    town.approve(town.mention_of(post_id).id, "Thank you, we are on it. @Philly311Demo", file_request=False)
    town.deliver()
    town.clock.advance(seconds=1)
    town.hear()
    assert len(town.our_replies_on_x(post_id)) == 1
    with town.database.read() as session:
        own = session.exec(select(Post).where(Post.kind == PostKind.OWN)).all()
        assert len(own) == 1
        assert own[0].mention_id is None
        assert session.exec(select(func.count()).select_from(Mention)).one() == 1


def test_hearing_the_same_account_from_the_start_again_stores_nothing_twice(town: Town) -> None:
    town.simulator.say_many_on_x([{"text": f"graffiti on wall {number}", "key": str(number)} for number in range(150)])
    town.listen()
    with town.database.write() as session:
        for account in session.exec(select(Account)).all():
            account.cursor = None
            session.add(account)
    town.listen()
    with town.database.read() as session:
        twice = session.exec(
            select(Post.channel_post_id).group_by(col(Post.channel_post_id)).having(func.count() > 1)
        ).all()
        assert twice == []
        assert session.exec(select(func.count()).select_from(Mention)).one() == 150


def test_a_post_of_a_chat_heard_by_stream_by_tag_and_as_a_mention_is_one_post_and_one_entry(town: Town) -> None:
    a_chat(town)
    with town.database.write() as session:
        keep_hearing(session, town.clock())
    town.set_up("x", filtered_stream=True)

    async def listen() -> None:
        (hearing,) = (one for one in town.hearings() if one.account_name == "x")
        async with hearing.listener:
            assert isinstance(hearing.listener, Streams)
            while not hearing.listener.stream_is_open:
                await hearing.listen_once()
            await asyncio.to_thread(town.simulator.say_on_x, "@Philly311Demo A1 more trees #ParkChat")
            while not town.mentions():
                await hearing.listen_once()
            for _ in range(3):
                town.clock.advance(seconds=40)
                await hearing.listen_once()

    asyncio.run(asyncio.wait_for(listen(), 30))
    town.understand()
    town.understand()
    assert _counts(town.database) == (1, 1)
    with town.database.read() as session:
        assert session.exec(select(func.count()).select_from(ChatEntry)).one() == 1
