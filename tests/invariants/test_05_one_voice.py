"""Invariant 5: two people cannot answer the same mention, and nobody answers what they have not read."""

import threading

import pytest

from models import MentionState, ReplyState
from responders.review import NotApproved, NotYours
from tests.town import Town

POTHOLE = "There is a deep pothole at 5th and Market St"


def _waiting(town: Town, **more: object) -> tuple[str, int]:
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215", **more)
    town.hear()
    return post_id, town.mention_of(post_id).id or 0


def test_the_second_person_is_told_who_works_on_it(town: Town) -> None:
    _, mention_id = _waiting(town)
    town.desk.claim(mention_id, town.staff_id)
    with pytest.raises(NotYours, match="Mae Jones is working on it"):
        town.desk.claim(mention_id, town.hire("Sam Lee"))


def test_of_ten_people_who_claim_at_once_one_gets_it(town: Town) -> None:
    _, mention_id = _waiting(town)
    people = [town.hire(f"Person {number}") for number in range(10)]
    got: list[int] = []

    def claim(staff_id: int) -> None:
        try:
            town.desk.claim(mention_id, staff_id)
            got.append(staff_id)
        except NotYours:
            pass

    threads = [threading.Thread(target=claim, args=(staff_id,)) for staff_id in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1


def test_a_claim_that_ran_out_can_be_taken_and_the_first_person_cannot_approve_any_more(town: Town) -> None:
    _, mention_id = _waiting(town)
    town.desk.claim(mention_id, town.staff_id)
    decided = town.seen(mention_id, "Thank you.", file_request=False)
    town.clock.advance(minutes=11)
    with pytest.raises(NotYours, match="ran out"):
        town.desk.approve(mention_id, town.staff_id, decided)
    other = town.hire("Sam Lee")
    town.desk.claim(mention_id, other)
    with pytest.raises(NotYours, match="Sam Lee"):
        town.desk.approve(mention_id, town.staff_id, decided)
    town.desk.approve(mention_id, other, decided)


def test_two_approvals_of_one_mention_are_one_reply(town: Town) -> None:
    post_id, mention_id = _waiting(town)
    town.approve(mention_id, "Thank you.", file_request=False)
    with pytest.raises(NotYours):
        town.approve(mention_id, "Thank you again.", file_request=False)
    town.deliver()
    assert len(town.our_replies_on_x(post_id)) == 1


def test_what_the_author_wrote_meanwhile_has_to_be_read_before_approval(town: Town) -> None:
    post_id, mention_id = _waiting(town)
    town.desk.claim(mention_id, town.staff_id)
    decided = town.seen(mention_id, "Thank you.", file_request=False)
    town.simulator.say_on_x("wait, it is 6th and Market, sorry", author="dee_215", in_reply_to=post_id)
    town.listen()
    with pytest.raises(NotApproved, match="not seen yet"):
        town.desk.approve(mention_id, town.staff_id, decided)
    town.desk.approve(mention_id, town.staff_id, town.seen(mention_id, "Thank you.", file_request=False))


def test_what_the_author_wrote_after_approval_stops_the_reply_and_brings_it_back(town: Town) -> None:
    post_id, mention_id = _waiting(town)
    town.approve(mention_id)
    town.simulator.say_on_x("wait, it is 6th and Market, sorry", author="dee_215", in_reply_to=post_id)
    town.listen()
    town.deliver()
    assert town.our_replies_on_x(post_id) == []
    assert town.simulator.city_requests() == []
    assert town.mention_of(post_id).state == MentionState.DRAFTED
    town.understand()
    assert town.reply_to(mention_id).state == ReplyState.DRAFT
    town.approve(mention_id)
    town.deliver()
    assert len(town.our_replies_on_x()) == 1


def test_an_edit_after_the_page_was_opened_has_to_be_read(town: Town) -> None:
    post_id, mention_id = _waiting(town)
    town.desk.claim(mention_id, town.staff_id)
    decided = town.seen(mention_id, "Thank you.", file_request=False)
    town.simulator.say_on_x("There is a deep pothole at 7th and Market St", author="dee_215", edit_of=post_id)
    town.listen()
    with pytest.raises(NotApproved, match="not seen yet"):
        town.desk.approve(mention_id, town.staff_id, decided)
    assert town.mention_of(post_id).id == mention_id


def test_another_residents_post_in_the_thread_stops_nobody(town: Town) -> None:
    post_id, mention_id = _waiting(town)
    town.approve(mention_id, "Thank you.", file_request=False)
    town.simulator.say_on_x("same here, hit it yesterday", author="other_neighbor", in_reply_to=post_id)
    town.listen()
    town.deliver()
    assert len(town.our_replies_on_x(post_id)) == 1
