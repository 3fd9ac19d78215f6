"""A mention that needs a second answer: what the first one said is not said again, and nothing gets stuck."""

from sqlmodel import select

from models import MentionState, Reply, ReplyState, RequestState
from tests.town import Town

POTHOLE = "There is a deep pothole at 5th and Market St, a car lost its tire"
REFUSAL = '[{"code": 400, "description": "this place is not ours"}]'


def test_a_request_refused_after_the_reply_left_can_be_taken_up_again(town: Town) -> None:
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215")
    town.hear()
    mention_id = town.mention_of(post_id).id
    town.approve(mention_id, "Thank you. Your request is {number}.")
    town.simulator.fault("open311", "status", "post_request", status=503, headers={"retry-after": "90"})
    town.deliver()
    town.clock.advance(seconds=61)
    town.deliver()  # the city did not answer in time: our own reference went out
    assert town.reply_to(mention_id).state == ReplyState.SENT
    town.simulator.fault("open311", "status", "post_request", status=400, body=REFUSAL)
    town.clock.advance(seconds=60)
    town.deliver()
    assert town.request_of(mention_id).state == RequestState.REFUSED
    assert town.mention_of(post_id).state == MentionState.DRAFTED
    town.understand()
    town.approve(mention_id, "We are sorry: this place is not the city's.", file_request=False)
    town.deliver()
    assert len(town.our_replies_on_x(post_id)) == 2
    assert town.mention_of(post_id).state == MentionState.CLOSED


def _approve_unseen(town: Town, mention_id: int | None, words: str) -> None:
    """Approve words that the desk would refuse, had it known that they stand on X: posted by hand, it does not."""
    with town.database.write() as session:
        first = session.exec(select(Reply).where(Reply.mention_id == mention_id, Reply.text == words)).one()
        first.text = ""
        session.add(first)
    town.approve(mention_id, words, file_request=False)


def test_the_same_words_in_a_second_round_come_back_to_a_person(town: Town) -> None:
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215")
    other_id = town.simulator.say_on_x("Another pothole at 9th and Vine St", author="ann_215")
    town.hear()
    mention_id, other = town.mention_of(post_id).id, town.mention_of(other_id).id
    town.approve(mention_id, "Thank you, dee.", file_request=False)
    town.deliver()
    town.desk.reopen(mention_id or 0, town.staff_id, "asked again by phone")
    town.understand()
    _approve_unseen(town, mention_id, "Thank you, dee.")
    town.approve(other, "Thank you, ann.", file_request=False)
    town.deliver()
    assert len(town.our_replies_on_x(post_id)) == 1
    assert town.reply_to(mention_id).state == ReplyState.FAILED
    assert "already" in town.reply_to(mention_id).state_reason
    assert town.mention_of(post_id).state == MentionState.DRAFTED
    assert len(town.our_replies_on_x(other_id)) == 1


def test_a_doubt_about_words_said_before_stops_no_other_proof(town: Town) -> None:
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215")
    other_id = town.simulator.say_on_x("Another pothole at 9th and Vine St", author="ann_215")
    town.hear()
    mention_id, other = town.mention_of(post_id).id, town.mention_of(other_id).id
    town.approve(mention_id, "Thank you, dee.", file_request=False)
    town.deliver()
    town.desk.reopen(mention_id or 0, town.staff_id, "asked again by phone")
    town.understand()
    _approve_unseen(town, mention_id, "Thank you, dee.")
    town.approve(other, "Thank you, ann.", file_request=False)
    town.simulator.fault("x", "drop_before", "create_post")
    town.simulator.fault("x", "drop_after", "create_post")
    town.deliver(1)
    assert {town.reply_to(one).state for one in (mention_id, other)} == {ReplyState.UNCERTAIN}
    town.clock.advance(minutes=1)
    town.deliver()
    assert town.reply_to(other).state == ReplyState.SENT
    assert town.reply_to(mention_id).state == ReplyState.UNCERTAIN  # a person looks: the words there are the first ones
    assert len(town.our_replies_on_x(post_id)) == 1
