"""Links to the page of a case, and numbers the city is asked about, on both databases."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import select

from models import CityNumber, Database, MentionState, ReplyState, RequestState, StatusLink
from models.open311 import RequestShape
from models.status_links import digest, links_of, living_link, revoke
from responders.asked_numbers import LONGEST_QUEUE, AskedNumbers, city_says
from tests.rows import MORNING, a_mention, a_reply, a_request

MONTH = timedelta(days=30)


class City:
    """A city that publishes one request."""

    async def by_ids(self, ids: Sequence[str]) -> list[RequestShape]:
        return [RequestShape(service_request_id="13075315", status="open", service_code="POTHOLE")]


def test_a_link_lives_until_it_is_withdrawn_its_post_is_gone_or_the_case_is_long_closed(
    either_database: Database,
) -> None:
    with either_database.write() as session:
        mention = a_mention(session)
        request = a_request(session, mention)
        request.state, request.status, request.updated_datetime = RequestState.SUBMITTED, "closed", MORNING
        about = mention.id or 0
        link = StatusLink(token_sha256=digest("token"), mention_id=about, asked_mention_id=about, made_at=MORNING)
        session.add_all([request, link])
        session.flush()
        assert living_link(session, "token", MORNING + MONTH, MONTH) is link
        assert living_link(session, "token", MORNING + MONTH + timedelta(seconds=1), MONTH) is None
        assert living_link(session, "another", MORNING, MONTH) is None
        mention.state = MentionState.WITHDRAWN
        assert living_link(session, "token", MORNING, MONTH) is None
        mention.state = MentionState.CLOSED
        assert links_of(session, mention.id or 0) == []
        reply = a_reply(session, mention)
        reply.state, reply.sent_text = ReplyState.SENT, "How it stands: https://city.example/s/token"
        assert links_of(session, mention.id or 0) == [link]
        revoke(session, link, "resident", MORNING)
        assert living_link(session, "token", MORNING, MONTH) is None
        assert links_of(session, mention.id or 0) == []


def test_a_number_is_asked_about_once_and_everybody_who_waited_is_answered(either_database: Database) -> None:
    with either_database.write() as session:
        waiting = [a_mention(session), a_mention(session), a_mention(session)]
        for mention in waiting:
            mention.state, mention.needs_understanding = MentionState.DRAFTED, False
        waiting[2].state = MentionState.IN_REVIEW
        for mention in waiting:
            known = city_says(session, "13075315", mention.id or 0, MORNING)
            assert known is not None
            assert known.checked_at is None
        city_says(session, "99999999", waiting[0].id or 0, MORNING)
    asked = AskedNumbers(either_database, City(), lambda: MORNING)
    assert [asyncio.run(asked.ask()), asyncio.run(asked.ask())] == [2, 0]
    with either_database.read() as session:
        rows = {one.number: one for one in session.exec(select(CityNumber)).all()}
        assert (rows["13075315"].published, rows["13075315"].status) == (True, "open")
        assert rows["99999999"].published is False
        anew = [session.get_one(type(one), one.id).needs_understanding for one in waiting]
    assert anew == [True, True, False]  # nobody's page is changed under their hands


def test_somebody_who_tries_out_numbers_fills_no_endless_queue(either_database: Database) -> None:
    with either_database.write() as session:
        mention_id = a_mention(session).id or 0
        session.add_all(CityNumber(number=f"{one:08}", asked_at=MORNING) for one in range(LONGEST_QUEUE))
        session.flush()
        assert city_says(session, "99999999", mention_id, MORNING) is None
