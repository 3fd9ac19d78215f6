"""Invariant 3: what leaves is what a person approved, with two typed slots filled from the city's answer."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from models import (
    AuditEntry,
    Decision,
    MentionState,
    Reply,
    ReplyState,
    ReplyTemplate,
    RequestState,
    Review,
    StaffUser,
    StandingApproval,
)
from responders.drafting import Key
from responders.review import NotApproved, NotYours
from responders.standing import CAN_GO_ALONE, switch_all_off, switch_on, templates_of, version_of
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


def _switch_on(town: Town, *keys: Key) -> list[int]:
    """A supervisor lets these wordings go by themselves on Telegram, in English, for a month."""
    with town.database.write() as session:
        given = [
            switch_on(
                session,
                town.account("telegram").id or 0,
                key,
                "en",
                seen=version_of(templates_of(session), key, "en") or 0,
                until=town.clock() + timedelta(days=30),
                staff=session.get_one(StaffUser, town.staff_id),
                now=town.clock(),
            )
            for key in keys
        ]
        return [one.id or 0 for one in given]


COMMANDS = ("/start", "/help", "/mycases", "/status 24-001", "/new", "/human", "/stop", "/forget", POTHOLE)


def test_with_nothing_switched_on_no_command_is_ever_answered_without_a_person(town: Town) -> None:
    for number, said in enumerate(COMMANDS):
        town.simulator.say_on_telegram(said, sender={"id": 800 + number, "first_name": "Ann"})
    town.hear()
    town.deliver()
    town.clock.advance(hours=5)
    town.deliver()
    assert town.our_messages() == []
    assert {one.state for one in town.mentions()} <= {MentionState.DRAFTED, MentionState.SET_ASIDE}


def test_a_wording_a_supervisor_switched_on_goes_exactly_as_it_stands_and_names_them(town: Town) -> None:
    (approval_id,) = _switch_on(town, Key.HELP)
    town.simulator.say_on_telegram("/help", sender={"id": 801, "first_name": "Ann"})
    town.hear()
    town.deliver()
    with town.database.read() as session:
        body = session.exec(
            select(ReplyTemplate.body).where(ReplyTemplate.key == Key.HELP, ReplyTemplate.language == "en")
        ).one()
        review = session.exec(select(Review)).one()
    assert town.our_messages() == [body]
    assert (review.staff_id, review.reason) == (
        town.staff_id,
        f"by standing approval {approval_id}, read by nobody",
    )
    assert town.mentions()[0].state == MentionState.CLOSED


def test_a_list_that_goes_by_itself_holds_no_word_of_the_resident(town: Town) -> None:
    said = town.simulator.say_on_telegram(POTHOLE, sender={"id": 802, "first_name": "Ann"})
    town.hear()
    mention_id = town.mention_of(f"{said['chat_id']}:{said['message_id']}").id
    town.approve(mention_id)
    town.deliver()
    _switch_on(town, Key.CASES_LIST)
    town.simulator.say_on_telegram("/mycases", sender={"id": 802, "first_name": "Ann"})
    town.hear()
    town.deliver()
    listed = town.our_messages()[-1]
    assert str(town.request_of(mention_id).service_request_id) in listed
    assert "the pothole" in listed
    assert "Market" not in listed


def test_after_a_person_was_asked_for_nothing_goes_by_itself_until_the_chat_is_handed_back(town: Town) -> None:
    _switch_on(town, *CAN_GO_ALONE)
    for said in ("/human", "/help"):
        town.simulator.say_on_telegram(said, sender={"id": 803, "first_name": "Ann"})
        town.hear()
    town.deliver()
    assert town.our_messages() == []


def test_one_switch_ends_all_that_goes_by_itself_also_what_was_about_to_leave(town: Town) -> None:
    _switch_on(town, *CAN_GO_ALONE)
    town.simulator.say_on_telegram("/help", sender={"id": 804, "first_name": "Ann"})
    town.hear()
    assert town.reply_to(town.mentions()[0].id).state == ReplyState.APPROVED
    with town.database.write() as session:
        switch_all_off(session, session.get_one(StaffUser, town.staff_id), town.clock())
    town.deliver()
    assert town.our_messages() == []
    assert town.mentions()[0].state == MentionState.DRAFTED
    with town.database.read() as session:
        assert all(one.switched_off_by == town.staff_id for one in session.exec(select(StandingApproval)).all())


def test_a_danger_waits_for_a_person_whatever_is_switched_on(town: Town) -> None:
    _switch_on(town, *CAN_GO_ALONE)
    town.simulator.say_on_telegram("/help gas leak in my house, we are passing out", sender={"id": 805})
    town.hear()
    town.deliver()
    assert town.our_messages() == []


LAW = "Our attorney will call you."


def _heard(town: Town) -> tuple[str, int]:
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215")
    town.hear()
    return post_id, town.mention_of(post_id).id or 0


def test_with_what_we_come_with_legal_words_need_two_people_and_the_same_one_twice_is_one(town: Town) -> None:
    post_id, mention_id = _heard(town)
    done = town.approve(mention_id, LAW, file_request=False)
    assert (done.first_key, done.reply_id) == (True, None)
    assert town.mention_of(post_id).second_key
    assert town.mention_of(post_id).state == MentionState.DRAFTED
    assert town.reply_to(mention_id).state == ReplyState.IN_REVIEW
    with pytest.raises(NotApproved, match="You gave the first key yourself"):
        town.approve(mention_id, LAW, file_request=False)
    town.clock.advance(days=2)
    town.deliver()
    assert town.our_replies_on_x(post_id) == []
    town.approve(mention_id, LAW, file_request=False, staff_id=town.hire("Sam Lee"))
    town.deliver()
    assert len(town.our_replies_on_x(post_id)) == 1
    with town.database.read() as session:
        decisions = session.exec(select(Review.decision, Review.staff_id).order_by(col(Review.id))).all()
        assert [decision for decision, _ in decisions] == [Decision.FIRST_KEY, Decision.APPROVED]
        assert len({staff_id for _, staff_id in decisions}) == 2
