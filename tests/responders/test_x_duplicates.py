"""X calls words a duplicate that an attempt in doubt has posted, before its timeline shows them (invariant 4)."""

from sqlmodel import col, select

from models import AttemptOutcome, MentionState, Reply, ReplyState, SendAttempt
from responders.doubts import says_not_sent
from tests.town import Town

WORDS = "Thank you. We look into it."
LAGS: dict[str, object] = {"status": 200, "body": {"meta": {"result_count": 0}}, "times": None}


def _approved(town: Town) -> tuple[str, int]:
    asked = town.simulator.say_on_x("a hole", author="dee_215")
    town.hear()
    mention_id = town.mention_of(asked).id or 0
    town.approve(mention_id, WORDS, file_request=False)
    return asked, mention_id


def _outcomes(town: Town, reply: Reply) -> list[AttemptOutcome]:
    with town.database.read() as session:
        tried = select(SendAttempt).where(SendAttempt.reply_id == reply.id).order_by(col(SendAttempt.id))
        return [one.outcome for one in session.exec(tried).all()]


def test_a_duplicate_after_an_attempt_in_doubt_is_looked_for_again_and_no_other_words_are_asked_for(town: Town) -> None:
    asked, mention_id = _approved(town)
    town.simulator.fault("x", "status", "timeline", **LAGS)
    town.simulator.fault("x", "drop_after", "create_post")
    town.deliver(1)
    says_not_sent(town.desk, town.reply_to(mention_id).id or 0, town.staff_id)
    town.deliver(1)
    reply = town.reply_to(mention_id)
    assert (reply.state, _outcomes(town, reply)) == (ReplyState.UNCERTAIN, [AttemptOutcome.UNCERTAIN] * 2)
    town.simulator.clear_faults()
    town.clock.advance(seconds=10)
    town.deliver(1)
    (ours,) = town.simulator.our_replies_on_x(asked)
    reply = town.reply_to(mention_id)
    assert (reply.state, reply.sent_post_id) == (ReplyState.SENT, ours["id"])
    assert town.mention_of(asked).state == MentionState.CLOSED


def test_a_duplicate_at_the_first_attempt_is_refused_and_a_person_words_it_anew(town: Town) -> None:
    _, first = _approved(town)
    town.deliver(1)
    assert town.reply_to(first).state == ReplyState.SENT
    asked = town.simulator.say_on_x("another hole", author="sam_19147")
    town.hear()
    mention_id = town.mention_of(asked).id or 0
    with town.database.write() as session:  # as after a backup was put back: what stands there is not known to us
        session.get_one(Reply, town.reply_to(first).id).text = "Something else."
    town.approve(mention_id, WORDS, file_request=False)
    town.deliver(1)
    reply = town.reply_to(mention_id)
    assert (reply.state, _outcomes(town, reply)) == (ReplyState.FAILED, [AttemptOutcome.REFUSED])
    assert town.simulator.our_replies_on_x(asked) == []
