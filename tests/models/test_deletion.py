"""What a deletion reaches beyond its own mention, and the order in which it locks."""

from threading import Event, Thread

import pytest
from sqlmodel import Session, col, select, text

from models import (
    Database,
    HandedOn,
    Mention,
    MentionState,
    Post,
    Reply,
    ReplyState,
    RequestState,
    SendAttempt,
    ServiceRequest,
    StaffUser,
    advance,
)
from models.deletion import forget_post
from models.private_moves import PrivateMove
from models.versions import ReplyVersion
from tests.rows import MORNING, a_mention, a_reply, a_request

TOLD = "a zanzibar crater at 5th"


def _two_as_one_case(session: Session, *path: RequestState) -> tuple[Post, Mention, ServiceRequest]:
    """The public post, the private mention that goes on about it, and its request with what the public one told."""
    public, private = a_mention(session, TOLD), a_mention(session, "it is number 512")
    session.add(
        PrivateMove(
            mention_id=public.id or 0,
            author_id=public.author_id,
            account_id=public.account_id,
            asked_at=MORNING,
            arrived_mention_id=private.id,
            arrived_at=MORNING,
        )
    )
    request = a_request(session, private)
    request.description, request.address_string = f"{TOLD}\nit is number 512", "zanzibar corner"
    request.lat, request.long, request.revision = 39.95, -75.15, 2
    private.needs_understanding = False
    for state in path:
        advance(session, request, state, "test", "on its way", MORNING)
    session.flush()
    return session.exec(select(Post).where(Post.mention_id == public.id)).one(), private, request


@pytest.mark.parametrize(
    "path", [(), (RequestState.IN_REVIEW, RequestState.APPROVED), (RequestState.JOINED,)], ids=lambda path: str(path)
)
def test_what_the_private_mention_took_over_from_a_deleted_public_post_goes_too(
    either_database: Database, path: tuple[RequestState, ...]
) -> None:
    with either_database.write() as session:
        post, private, request = _two_as_one_case(session, *path)
        reply = a_reply(session, private)
        session.add(ReplyVersion(reply_id=reply.id or 0, revision=1, text="About zanzibar corner:", at=MORNING))
        staff = StaffUser(username="mae", display_name="Mae")
        session.add(staff)
        session.flush()
        handed = HandedOn(mention_id=private.id or 0, staff_id=staff.id or 0, at=MORNING, key=True, covers="x")
        handed.request = {"description": request.description}
        session.add(handed)
        version = private.version
        forget_post(session, post, "listener", "its author deleted it", MORNING)
    with either_database.read() as session:
        request, private = session.get_one(ServiceRequest, request.id), session.get_one(Mention, private.id)
        assert (request.description, request.address_string, request.lat, request.long) == ("", "", None, None)
        assert request.state == (RequestState.JOINED if RequestState.JOINED in path else RequestState.DRAFT)
        assert request.revision == 1
        assert (private.needs_understanding, private.version) == (True, version + 1)
        assert private.state != MentionState.WITHDRAWN
        assert session.exec(select(ReplyVersion)).all() == []
        assert session.exec(select(HandedOn.request)).all() == [None]


def test_what_the_city_has_of_the_private_mention_stays(either_database: Database) -> None:
    with either_database.write() as session:
        filed = (RequestState.IN_REVIEW, RequestState.APPROVED, RequestState.SUBMITTING)
        post, _, request = _two_as_one_case(session, *filed)
        forget_post(session, post, "listener", "its author deleted it", MORNING)
        assert (request.state, request.revision) == (RequestState.SUBMITTING, 2)
        assert "512" in request.description


def test_a_deletion_waits_for_who_decides_before_it_locks_anything_else(either_database: Database) -> None:
    """Approval locks the mention and then the reply: a deletion that began with the reply would wait for it in turn."""
    if either_database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    with either_database.write() as session:
        mention = a_mention(session, TOLD)
        a_request(session, mention)
        reply = a_reply(session, mention)
        for state in (ReplyState.IN_REVIEW, ReplyState.APPROVED):
            advance(session, reply, state, "test", "approved", MORNING)
    begun: list[int] = []
    ready = Event()

    def delete() -> None:
        with either_database.write() as session:
            begun.append(session.exec(text("SELECT pg_backend_pid()")).scalar_one())  # type: ignore[call-overload]
            ready.set()
            forget_post(session, session.exec(select(Post)).one(), "listener", "its author deleted it", MORNING)

    deletion = Thread(target=delete)
    with either_database.write() as session:
        session.get_one(Mention, mention.id, with_for_update=True)
        deletion.start()
        assert ready.wait(10)
        _until_blocked(session, begun[0], deletion)
        for table in (Post, Reply, ServiceRequest):
            session.exec(select(table).where(col(table.mention_id) == mention.id).with_for_update(nowait=True)).all()
    deletion.join(10)
    assert not deletion.is_alive()
    with either_database.read() as session:
        assert session.get_one(Mention, mention.id).state == MentionState.WITHDRAWN
        assert session.get_one(Reply, reply.id).state == ReplyState.CANCELLED


def _until_blocked(session: Session, pid: int, thread: Thread) -> None:
    blocked = text("SELECT cardinality(pg_blocking_pids(:pid))").bindparams(pid=pid)
    while thread.is_alive():
        if session.exec(blocked).scalar_one():  # type: ignore[call-overload]
            return
    pytest.fail("the deletion did not wait")


def test_the_translations_of_a_deleted_post_are_found_by_an_index(database: Database) -> None:
    with database.read() as session:
        plan = session.exec(text("EXPLAIN QUERY PLAN DELETE FROM translation WHERE post_id IN (1)")).all()  # type: ignore[call-overload]
    assert "ix_translation_post" in str(plan)


def test_the_attempts_to_file_it_lose_the_words_too(either_database: Database) -> None:
    """Of a request that was put off or refused, and of one the city has: a proof needs our reference alone."""
    with either_database.write() as session:
        mention = a_mention(session, TOLD)
        request = a_request(session, mention)
        session.add(SendAttempt(request_id=request.id, idempotency_key="request-1-1", text=TOLD, started_at=MORNING))
        session.flush()
        forget_post(session, session.exec(select(Post)).one(), "listener", "its author deleted it", MORNING)
    with either_database.read() as session:
        assert session.exec(select(SendAttempt.text)).all() == [""]


@pytest.mark.parametrize("approved", [False, True])
def test_what_another_followers_reopening_took_over_goes_too(either_database: Database, approved: bool) -> None:
    with either_database.write() as session:
        mention, follower = a_mention(session, TOLD), a_mention(session, "me too")
        closed, joined = a_request(session, mention), a_request(session, follower)
        joined.state, joined.joined_to_id, joined.part = RequestState.JOINED, closed.id, 2
        session.flush()
        again = a_request(session, follower)
        again.reopens_id, again.description = closed.id, "Again: 13075315."
        again.address_string, again.lat, again.long, again.attribute = "zanzibar corner", 39.95, -75.15, {"PLATE": "X"}
        for state in (RequestState.IN_REVIEW, RequestState.APPROVED) if approved else ():
            advance(session, again, state, "test", "not fixed", MORNING)
        session.flush()
        post = session.exec(select(Post).where(Post.mention_id == mention.id)).one()
        forget_post(session, post, "listener", "its author deleted it", MORNING)
    with either_database.read() as session:
        again = session.get_one(ServiceRequest, again.id)
        assert (again.address_string, again.lat, again.long, again.attribute) == ("", None, None, {})
        assert (again.state, again.description) == (RequestState.DRAFT, "Again: 13075315.")
