"""Invariant 3: what leaves is what a person approved, with two typed slots filled from the city's answer."""

import pytest
from sqlmodel import select

from models import AuditEntry, MentionState, Reply, ReplyState, RequestState, Review
from responders.review import NotApproved, NotYours
from tests.town import Town

POTHOLE = "There is a deep pothole at 5th and Market St, a car lost its tire"
WORDS = "Thank you. The pothole is reported as {number}. It should be fixed by {date}."


def _approved(town: Town, words: str = WORDS) -> tuple[str, int]:
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215")
    town.hear()
    mention = town.mention_of(post_id)
    town.approve(mention.id, words)
    return post_id, mention.id or 0


def test_nothing_is_sent_before_somebody_approved_it(town: Town) -> None:
    post_id = town.simulator.say_on_x(POTHOLE)
    town.hear()
    town.deliver()
    town.clock.advance(hours=5)
    town.deliver()
    assert town.our_replies_on_x(post_id) == []
    assert town.simulator.city_requests() == []


def test_the_request_goes_first_and_its_number_and_date_fill_the_slots(town: Town) -> None:
    post_id, mention_id = _approved(town)
    town.deliver()
    filed, reply = town.simulator.city_requests()[0], town.reply_to(mention_id)
    sent = town.our_replies_on_x(post_id)
    assert len(sent) == 1
    assert f"reported as {filed['service_request_id']}" in sent[0]
    assert "{" not in sent[0]
    assert "fixed by" in sent[0]
    assert sent[0].endswith(reply.sent_text)
    assert town.mention_of(post_id).state == MentionState.CLOSED


def test_without_an_answer_in_time_our_own_reference_goes_and_no_date(town: Town) -> None:
    post_id, mention_id = _approved(town)
    town.simulator.fault("open311", "status", "post_request", status=503, headers={"retry-after": "600"}, times=None)
    town.deliver()
    assert town.our_replies_on_x(post_id) == []
    town.clock.advance(seconds=61)
    town.deliver()
    (sent,) = town.our_replies_on_x(post_id)
    assert town.request_of(mention_id).reference in sent
    assert "fixed by" not in sent
    assert town.request_of(mention_id).state == RequestState.APPROVED
    town.simulator.clear_faults()
    town.clock.advance(seconds=700)
    town.deliver()
    assert len(town.simulator.city_requests()) == 1
    assert len(town.our_replies_on_x(post_id)) == 1


def test_a_reply_whose_request_was_refused_promises_nothing_and_goes_back_to_a_person(town: Town) -> None:
    post_id, mention_id = _approved(town)
    refusal = '[{"code": 400, "description": "this place is not ours"}]'
    town.simulator.fault("open311", "status", "post_request", status=400, body=refusal)
    town.deliver()
    town.clock.advance(seconds=90)
    town.deliver()
    assert town.our_replies_on_x(post_id) == []
    assert town.request_of(mention_id).state == RequestState.REFUSED
    assert "this place is not ours" in town.request_of(mention_id).state_reason
    assert town.mention_of(post_id).state == MentionState.DRAFTED


def test_braces_a_resident_wrote_stay_letters(town: Town) -> None:
    post_id, _ = _approved(town, "Thank you for telling us about this. Your request is {number}.")
    town.deliver()
    assert len(town.our_replies_on_x(post_id)) == 1
    other = town.simulator.say_on_x("pothole at 9th and Vine St {number} {__class__}", author="tester")
    town.hear()
    mention = town.mention_of(other)
    town.desk.claim(mention.id or 0, town.staff_id)
    with pytest.raises(NotApproved, match="__class__"):
        town.desk.approve(mention.id or 0, town.staff_id, town.seen(mention.id, "You wrote {__class__}."))


def test_edited_words_need_a_new_approval(town: Town) -> None:
    post_id, mention_id = _approved(town)
    town.desk.take_back(mention_id, town.staff_id)
    town.deliver()
    assert town.our_replies_on_x(post_id) == []
    assert town.reply_to(mention_id).state == ReplyState.IN_REVIEW
    town.approve(mention_id, "Other words: {number}.")
    town.deliver()
    (sent,) = town.our_replies_on_x(post_id)
    assert "Other words" in sent


def test_every_reply_that_left_has_a_review_with_the_hash_of_its_words(town: Town) -> None:
    _, mention_id = _approved(town)
    town.deliver()
    with town.database.read() as session:
        reply = session.exec(select(Reply).where(Reply.mention_id == mention_id)).one()
        review = session.exec(select(Review).where(Review.reply_id == reply.id)).one()
        steps = session.exec(
            select(AuditEntry).where(AuditEntry.about == "Reply", AuditEntry.about_id == reply.id)
        ).all()
    assert review.staff_id == town.staff_id == reply.approved_by
    assert len(review.text_sha256) == 64
    assert [step.to_state for step in steps] == ["in_review", "approved", "sending", "sent"]
    assert steps[1].by == f"staff:{town.staff_id}"


def test_nobody_approves_what_they_do_not_hold(town: Town) -> None:
    post_id = town.simulator.say_on_x(POTHOLE)
    town.hear()
    mention = town.mention_of(post_id)
    with pytest.raises(NotYours):
        town.desk.approve(mention.id or 0, town.staff_id, town.seen(mention.id))
    assert town.reply_to(mention.id).state == ReplyState.DRAFT


def test_a_promise_of_a_number_needs_a_request(town: Town) -> None:
    post_id = town.simulator.say_on_x(POTHOLE)
    town.hear()
    mention = town.mention_of(post_id)
    with pytest.raises(NotApproved, match="no request is filed"):
        town.approve(mention.id, WORDS, file_request=False)
