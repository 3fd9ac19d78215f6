"""What a channel tells beside new posts: places that were taken out, and threads that go on under another id."""

from datetime import timedelta

import pytest
from sqlmodel import select

from listeners.changes import forget_places
from models import Conversation, Database, Mention, MentionState, Post, RequestState, ServiceRequest, Understanding
from models.moving import move_conversation
from tests.rows import MORNING, a_mention, a_request, an_account

POINT, ELSEWHERE = (39.95, -75.16), (40.0, -75.2)


@pytest.mark.parametrize(
    ("state", "at", "left", "then"),
    [
        (RequestState.DRAFT, POINT, (None, None), RequestState.DRAFT),
        (RequestState.IN_REVIEW, POINT, (None, None), RequestState.IN_REVIEW),
        (RequestState.APPROVED, POINT, (None, None), RequestState.DRAFT),
        (RequestState.IN_REVIEW, ELSEWHERE, ELSEWHERE, RequestState.IN_REVIEW),
        (RequestState.SUBMITTED, POINT, POINT, RequestState.SUBMITTED),
    ],
)
def test_a_place_its_author_took_out_is_in_nothing_the_city_has_not_got(
    database: Database, state: RequestState, at: tuple[float, float], left: tuple[float, float], then: RequestState
) -> None:
    with database.write() as session:
        mention = a_mention(session)
        mention.state, mention.needs_understanding = MentionState.APPROVED, False
        post = session.exec(select(Post)).one()
        post.lat, post.lon = POINT
        request = a_request(session, mention)
        request.lat, request.long, request.state = *at, state
        understood = Understanding(mention_id=mention.id or 0, model_version="1", created_at=MORNING)
        understood.places = [{"kind": "pin", "name": "the pin", "lat": POINT[0], "lon": POINT[1]}]
        session.add_all([post, request, understood, mention])
        session.flush()
        forget_places(session, an_account(session), [post.channel_post_id], MORNING)
    with database.read() as session:
        post, mention = session.exec(select(Post)).one(), session.exec(select(Mention)).one()
        request = session.exec(select(ServiceRequest)).one()
        assert (post.lat, post.lon) == (None, None)
        assert (request.lat, request.long, request.state) == (*left, then)
        assert session.exec(select(Understanding)).one().places == []
        assert (mention.needs_understanding, mention.version) == (True, 2)


def test_a_thread_that_moved_keeps_what_was_known_under_both_ids(database: Database) -> None:
    later = MORNING + timedelta(hours=1)
    with database.write() as session:
        account_id = an_account(session).id or 0
        old = Conversation(account_id=account_id, channel_conversation_id="-1", first_contact_at=MORNING, offered=[1])
        new = Conversation(
            account_id=account_id,
            channel_conversation_id="-100",
            first_contact_at=later,
            person_asked_at=later,
            offered=[1, 2],
        )
        session.add_all([old, new])
        session.flush()
        assert move_conversation(session, account_id, "-1", "-100")
    with database.read() as session:
        kept = session.exec(select(Conversation)).one()
        assert (kept.channel_conversation_id, kept.person_asked_at) == ("-100", later)
        assert (kept.first_contact_at, kept.offered) == (MORNING, [1, 2])
