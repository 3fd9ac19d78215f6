"""What a person at the desk can decide, and what each decision does to mention, reply and request."""

from dataclasses import replace

import pytest
from sqlmodel import select

from models import Decision, MentionState, Need, ReplyState, RequestState, Review, Service
from responders.doubts import decide_uncertain_request
from responders.review import NotApproved, NotFound, NotYours, RequestFields
from tests.town import Town

POTHOLE = "There is a deep pothole at 5th and Market St"


def _waiting(town: Town, words: str = POTHOLE, **more: object) -> tuple[str, int]:
    post_id = town.simulator.say_on_x(words, author="dee_215", **more)
    town.hear()
    return post_id, town.mention_of(post_id).id or 0


def _reviews(town: Town, mention_id: int) -> list[Review]:
    with town.database.read() as session:
        return list(session.exec(select(Review).where(Review.mention_id == mention_id)).all())


def test_a_claim_takes_the_drafts_with_it_and_a_release_gives_them_back(town: Town) -> None:
    _, mention_id = _waiting(town)
    town.desk.claim(mention_id, town.staff_id)
    assert town.reply_to(mention_id).state == ReplyState.IN_REVIEW
    assert town.request_of(mention_id).state == RequestState.IN_REVIEW
    town.desk.release(mention_id, town.staff_id)
    assert town.reply_to(mention_id).state == ReplyState.DRAFT
    assert town.request_of(mention_id).state == RequestState.DRAFT
    assert town.mentions(MentionState.DRAFTED)


def test_rejecting_needs_a_reason_and_cancels_what_was_drafted(town: Town) -> None:
    post_id, mention_id = _waiting(town)
    town.desk.claim(mention_id, town.staff_id)
    with pytest.raises(NotApproved, match="needs a reason"):
        town.desk.reject(mention_id, town.staff_id, "  ")
    town.desk.reject(mention_id, town.staff_id, "a joke between neighbours")
    assert town.mention_of(post_id).state == MentionState.REJECTED
    assert town.reply_to(mention_id).state == ReplyState.CANCELLED
    assert town.request_of(mention_id).state == RequestState.CANCELLED
    (review,) = _reviews(town, mention_id)
    assert (review.decision, review.reason) == (Decision.REJECTED, "a joke between neighbours")


def test_what_was_set_aside_comes_back_when_the_author_writes_again(town: Town) -> None:
    post_id, mention_id = _waiting(town)
    town.desk.claim(mention_id, town.staff_id)
    town.desk.set_aside(mention_id, town.staff_id, "nothing to do")
    town.simulator.say_on_x("hello? the pothole is still there", author="dee_215", in_reply_to=post_id)
    town.hear()
    mention = town.mention_of(post_id)
    assert (mention.state, mention.round) == (MentionState.DRAFTED, 2)
    assert town.reply_to(mention_id).state == ReplyState.DRAFT


def test_a_reopened_mention_gets_a_reply_of_its_own_and_never_the_first_one_again(town: Town) -> None:
    post_id, mention_id = _waiting(town)
    town.approve(mention_id, "First answer.", file_request=False)
    town.deliver()
    town.desk.reopen(mention_id, town.staff_id, "the crew asks for the lane")
    town.understand()
    town.approve(mention_id, "Second answer.", file_request=False)
    town.deliver()
    said = town.our_replies_on_x()
    assert sum("First answer." in text for text in said) == 1
    assert sum("Second answer." in text for text in said) == 1
    assert town.mention_of(post_id).state == MentionState.CLOSED


def test_only_the_reply_can_be_approved(town: Town) -> None:
    post_id, mention_id = _waiting(town)
    town.approve(mention_id, "Thank you.", file_request=False)
    town.deliver()
    assert town.simulator.city_requests() == []
    assert town.request_of(mention_id).state == RequestState.CANCELLED
    assert town.mention_of(post_id).state == MentionState.CLOSED


def test_only_the_request_can_be_approved(town: Town) -> None:
    post_id, mention_id = _waiting(town)
    town.approve(mention_id, send_reply=False)
    town.deliver()
    assert town.our_replies_on_x() == []
    assert len(town.simulator.city_requests()) == 1
    assert town.mention_of(post_id).state == MentionState.CLOSED


def test_approving_nothing_is_refused(town: Town) -> None:
    _, mention_id = _waiting(town)
    with pytest.raises(NotApproved, match="Nothing to approve"):
        town.approve(mention_id, send_reply=False, file_request=False)


def test_a_refused_approval_keeps_what_was_typed(town: Town) -> None:
    _, mention_id = _waiting(town)
    with pytest.raises(NotApproved):
        town.approve(mention_id, "words that took a while " * 20, file_request=False)
    assert town.reply_to(mention_id).text.startswith("words that took a while")
    assert town.reply_to(mention_id).state == ReplyState.IN_REVIEW


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"service_code": None}, "Choose a service"),
        ({"service_code": "NO_SUCH"}, "Choose a service"),
        ({"address_string": "", "lat": None, "long": None}, "needs a place"),
        ({"lat": 39.9, "long": None}, "both latitude and longitude"),
        ({"description": "  "}, "needs a description"),
    ],
)
def test_a_request_the_city_could_not_work_is_refused_with_the_reason(
    town: Town, change: dict[str, object], reason: str
) -> None:
    _, mention_id = _waiting(town)
    town.desk.claim(mention_id, town.staff_id)
    decided = town.seen(mention_id, send_reply=False)
    assert decided.request is not None
    wrong = replace(decided, request=replace(decided.request, **change))  # type: ignore[arg-type]  # tests name any field
    with pytest.raises(NotApproved, match=reason):
        town.desk.approve(mention_id, town.staff_id, wrong)
    with town.database.read() as session:
        pothole = session.get_one(Service, "POTHOLE")
        assert pothole.needs == Need.POINT


def test_a_person_can_file_a_request_where_none_was_drafted(town: Town) -> None:
    post_id, mention_id = _waiting(town, "thank you for fixing Market St, great work")
    town.desk.claim(mention_id, town.staff_id)
    decided = replace(
        town.seen(mention_id, "You are welcome. We looked: {number}.", file_request=False),
        request=RequestFields("POTHOLE", "Patch is sinking", "500 Market St"),
    )
    town.desk.approve(mention_id, town.staff_id, decided)
    town.deliver()
    (filed,) = town.simulator.city_requests()
    (sent,) = town.our_replies_on_x(post_id)
    assert str(filed["service_request_id"]) in sent


def test_an_approval_can_be_taken_back_while_it_is_held(town: Town) -> None:
    _, mention_id = _waiting(town)
    town.desk = replace(town.desk, hold=town.desk.lease)
    town.approve(mention_id)
    town.deliver()
    assert town.simulator.city_requests() == []
    town.desk.take_back(mention_id, town.staff_id)
    assert town.reply_to(mention_id).state == ReplyState.IN_REVIEW
    assert town.mentions(MentionState.IN_REVIEW)


def test_what_has_left_cannot_be_taken_back(town: Town) -> None:
    _, mention_id = _waiting(town)
    town.approve(mention_id)
    town.deliver()
    with pytest.raises(NotApproved, match="has left already"):
        town.desk.take_back(mention_id, town.staff_id)


def test_an_uncertain_request_can_be_taken_up_by_a_person(town: Town) -> None:
    _, mention_id = _waiting(town)
    town.approve(mention_id)
    town.simulator.fault("open311", "drop_before", "post_request")
    town.deliver(1)
    request = town.request_of(mention_id)
    assert request.state == RequestState.UNCERTAIN
    decide_uncertain_request(town.desk, request.id or 0, town.staff_id)
    assert town.request_of(mention_id).state == RequestState.IN_REVIEW
    assert town.reply_to(mention_id).state == ReplyState.IN_REVIEW
    with pytest.raises(NotApproved, match="nothing to decide"):
        decide_uncertain_request(town.desk, request.id or 0, town.staff_id)


def test_a_status_question_is_answered_with_the_number_of_the_earlier_request(town: Town) -> None:
    _, mention_id = _waiting(town)
    town.approve(mention_id, send_reply=False)
    town.deliver()
    number = town.request_of(mention_id).service_request_id
    asked = town.simulator.say_on_x("any update on my pothole report? what is the status", author="dee_215")
    town.hear()
    mention = town.mention_of(asked)
    reply = town.reply_to(mention.id)
    assert "{number}" in reply.text
    town.approve(mention.id, file_request=False)
    town.deliver()
    (sent,) = town.our_replies_on_x(asked)
    assert str(number) in sent


def test_a_batch_service_answers_by_token_and_the_reply_waits_for_the_number(town: Town) -> None:
    with town.database.read() as session:
        codes = {one.service_code for one in session.exec(select(Service)).all()}
    batch = next(
        one["service_code"]
        for one in town.simulator_services()
        if one["type"] == "batch" and one["service_code"] in codes
    )
    post_id, mention_id = _waiting(town)
    town.desk.claim(mention_id, town.staff_id)
    decided = town.seen(mention_id, "Your number is {number}.")
    assert decided.request is not None
    town.desk.approve(
        mention_id, town.staff_id, replace(decided, request=replace(decided.request, service_code=str(batch)))
    )
    town.deliver(1)
    assert town.request_of(mention_id).state == RequestState.TOKEN_PENDING
    assert town.our_replies_on_x(post_id) == []
    town.simulator.settle_tokens()
    town.clock.advance(seconds=5)
    town.deliver()
    assert town.request_of(mention_id).state == RequestState.SUBMITTED
    (sent,) = town.our_replies_on_x(post_id)
    assert str(town.request_of(mention_id).service_request_id) in sent


def test_somebody_who_left_the_staff_decides_nothing(town: Town) -> None:
    _, mention_id = _waiting(town)
    with pytest.raises(NotYours, match="not active"):
        town.desk.claim(mention_id, 999)
    with pytest.raises(NotFound):
        town.desk.claim(999, town.staff_id)


def test_the_status_the_city_reports_is_copied(town: Town) -> None:
    _, mention_id = _waiting(town)
    town.approve(mention_id, send_reply=False)
    town.deliver()
    number = str(town.request_of(mention_id).service_request_id)
    town.simulator.close_request(number, "filled on the night shift")
    town.clock.advance(minutes=2)
    town.refresh()
    request = town.request_of(mention_id)
    assert (request.status, request.status_notes) == ("closed", "filled on the night shift")


def test_who_writes_again_after_the_request_was_filed_is_told_how_it_stands(town: Town) -> None:
    post_id, mention_id = _waiting(town)
    town.approve(mention_id)
    town.deliver()
    town.simulator.say_on_x("the pothole is still there", author="dee_215", in_reply_to=post_id)
    town.hear()
    reply = town.reply_to(mention_id)
    assert (reply.round, reply.template_key) == (2, "status_known")
    assert reply.request_id == town.request_of(mention_id).id
    town.approve(mention_id, file_request=False)
    town.deliver()
    assert len(town.simulator.city_requests()) == 1
    assert str(town.request_of(mention_id).service_request_id) in town.our_replies_on_x()[-1]


def test_a_number_is_not_promised_again_once_the_city_refused_the_request(town: Town) -> None:
    _, mention_id = _waiting(town)
    town.approve(mention_id, "Your number is {number}.")
    town.simulator.fault("open311", "status", "post_request", status=400, body='[{"code": 400, "description": "no"}]')
    town.deliver()
    town.understand()
    with pytest.raises(NotApproved, match="no request is filed"):
        town.approve(mention_id, "Your number is {number}.", file_request=False)


def test_words_without_end_are_refused(town: Town) -> None:
    _, mention_id = _waiting(town)
    town.desk.claim(mention_id, town.staff_id)
    with pytest.raises(NotApproved, match="500 are enough"):
        town.desk.reject(mention_id, town.staff_id, "because " * 200)
    decided = town.seen(mention_id, send_reply=False)
    assert decided.request is not None
    long = replace(decided, request=replace(decided.request, description="deep " * 1000))
    with pytest.raises(NotApproved, match="the city takes 3900"):
        town.desk.approve(mention_id, town.staff_id, long)
