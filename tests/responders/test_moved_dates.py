"""The city moves its date: residents hear the new one, once, after other news, and a later one only from a person."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from models import Mention, MentionState, NoticeState, Outcome, ReplyState, ServiceRequest, StaffUser
from models.open311 import RequestShape
from responders.city_news import take_over
from responders.passing_on import asked_by_city
from responders.standing import switch_on, templates_of, version_of
from responders.template_keys import Key
from tests.responders.test_asking_status import asks_on_x
from tests.responders.test_status_replies import news, notices, reported
from tests.town import Town


def expects(town: Town, mention_id: int, date: datetime, **more: Any) -> None:
    """The city gives a date for the request of a mention, and says no more unless `more` does."""
    with town.database.write() as session:
        request = session.get_one(ServiceRequest, town.request_of(mention_id).id, with_for_update=True)
        told = {"service_request_id": request.service_request_id, "status": request.status or "open"}
        facts = RequestShape.model_validate(told | {"expected_datetime": date.isoformat()} | more)
        take_over(session, request, facts, town.clock())
    town.clock.advance(minutes=10, seconds=1)
    town.tell()


def promised(town: Town, mention_id: int) -> datetime:
    found = town.request_of(mention_id).promised_datetime
    assert found is not None
    return found


def goes_alone(town: Town, key: Key) -> None:
    with town.database.write() as session:
        now, staff = town.clock(), session.get_one(StaffUser, town.staff_id)
        account_id = session.exec(select(Mention.account_id)).first() or 0
        seen, until = version_of(templates_of(session), key, "en") or 0, now + timedelta(days=90)
        switch_on(session, account_id, key, "en", seen=seen, until=until, staff=staff, now=now)


@pytest.mark.parametrize(("days", "alone"), [(7, False), (-1, True)])
def test_a_date_that_moves_is_told_as_that_and_a_later_one_never_by_itself(
    town: Town, days: int, *, alone: bool
) -> None:
    post_id, mention_id = reported(town)
    for key in (Key.STATUS_ACCEPTED, Key.STATUS_SCHEDULED):
        goes_alone(town, key)
    expects(town, mention_id, promised(town, mention_id) + timedelta(days=days))
    draft = town.reply_to(mention_id)
    assert draft.template_key == Key.STATUS_ACCEPTED
    assert "another date" in town.mention_of(post_id).state_reason or alone
    assert draft.state == (ReplyState.APPROVED if alone else ReplyState.DRAFT)
    if not alone:
        town.approve(mention_id, file_request=False)
    town.deliver()
    said = town.our_replies_on_x(post_id)[-1]
    assert "It should be taken care of by" in said
    assert "planned" not in said
    assert str(promised(town, mention_id).day) in said


def test_each_move_is_told_though_its_words_are_the_same(town: Town) -> None:
    _, mention_id = reported(town)
    first = promised(town, mention_id)
    for days in (3, 6):
        expects(town, mention_id, first + timedelta(days=days))
        assert town.reply_to(mention_id).state == ReplyState.DRAFT
        town.approve(mention_id, file_request=False)
        town.deliver()
    assert [one.state for one in notices(town, mention_id)] == [NoticeState.TOLD] * 2


def test_a_date_takes_no_other_news_away_and_is_told_next(town: Town) -> None:
    post_id, mention_id = reported(town)
    news(town, mention_id, status="open", outcome=Outcome.NEEDS_INFORMATION, status_notes="Which side?", soon=False)
    expects(town, mention_id, promised(town, mention_id) + timedelta(days=3))
    asked, date = notices(town, mention_id)
    assert (asked.state, date.state) == (NoticeState.DRAFTED, NoticeState.PENDING)
    assert "Which side?" in town.reply_to(mention_id).text
    town.approve(mention_id, file_request=False)
    town.deliver()
    with town.database.read() as session:
        assert asked_by_city(session, session.get_one(ServiceRequest, town.request_of(mention_id).id)) is not None
    assert town.mention_of(post_id).state == MentionState.CLOSED
    town.tell()
    assert town.reply_to(mention_id).template_key == Key.STATUS_ACCEPTED
    assert asks_on_x(town, "status").template_key != Key.STATUS_ACCEPTED


def test_a_drafted_question_is_not_overtaken_by_a_date(town: Town) -> None:
    _, mention_id = reported(town)
    news(town, mention_id, status="open", outcome=Outcome.NEEDS_INFORMATION, status_notes="Which side?")
    town.tell()
    expects(town, mention_id, promised(town, mention_id) + timedelta(days=3))
    assert [one.state for one in notices(town, mention_id)] == [NoticeState.DRAFTED, NoticeState.PENDING]


def test_what_is_closed_meanwhile_has_no_date_any_more(town: Town) -> None:
    _, mention_id = reported(town)
    with town.database.write() as session:
        request = session.get_one(ServiceRequest, town.request_of(mention_id).id)
        moved = (request.promised_datetime or town.clock()) + timedelta(days=3)
        facts = {"service_request_id": "7", "status": "open", "expected_datetime": moved.isoformat()}
        take_over(session, request, RequestShape.model_validate(facts), town.clock())
        request.status = "closed"
    town.clock.advance(minutes=11)
    town.tell()
    (date,) = notices(town, mention_id)
    assert (date.state, date.because) == (NoticeState.SKIPPED, "The city closed it, or the date is over.")
