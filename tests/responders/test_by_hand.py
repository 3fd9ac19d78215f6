"""Assisted posts: approved words in a person's hands, until our own post is seen or they are given back."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from sqlmodel import col, select

from listeners.posted_by_hand import look_for_posts_by_hand
from models import AuditEntry, Decision, Mention, MentionState, Post, ReplyState, Review
from models.deletion import forget_post
from responders.by_hand import hand_back, says_posted, take_in_hand
from responders.review import NotApproved
from tests.town import Town

POTHOLE = "There is a deep pothole at 5th and Market St"
WORDS = "Thank you, a crew will look."


def _held(town: Town) -> tuple[str, int, int]:
    """A reply that is approved on an account that may only listen: (post id, mention id, reply id)."""
    town.set_up("x", read_only=True)
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215")
    town.hear()
    mention_id = town.mention_of(post_id).id or 0
    town.approve(mention_id, WORDS, file_request=False)
    town.deliver(1)
    return post_id, mention_id, town.reply_to(mention_id).id or 0


def _post_by_hand(town: Town, under: str, words: str) -> str:
    """What the person does in X's own window, signed in as our account."""
    us = town.simulator.settings.x_handle
    return town.simulator.say_on_x(words, author=us, in_reply_to=under, mention=False)


def _look(town: Town) -> int:
    async def look() -> int:
        async with AsyncExitStack() as stack:
            hearings = [one for one in town.hearings() if one.account_name == "x"]
            for one in hearings:
                await stack.enter_async_context(one.listener)
            return await look_for_posts_by_hand({"hearings": hearings})

    return asyncio.run(look())


def test_our_own_post_seen_in_the_thread_settles_what_a_person_posted(town: Town) -> None:
    post_id, mention_id, reply_id = _held(town)
    assert town.reply_to(mention_id).held_because == "Our account on X only listens."
    take_in_hand(town.desk, reply_id, town.staff_id)
    reply = town.reply_to(mention_id)
    assert (reply.state, reply.handed_to) == (ReplyState.HANDED_OVER, town.staff_id)
    posted = _post_by_hand(town, post_id, "@dee_215 Thank you, a crew will look!")
    assert _look(town) == 0
    town.clock.advance(seconds=61)
    assert _look(town) == 1
    reply = town.reply_to(mention_id)
    assert (reply.state, reply.sent_post_id) == (ReplyState.SENT, posted)
    assert reply.sent_text == "@dee_215 Thank you, a crew will look!"
    assert town.mention_of(post_id).state == MentionState.CLOSED
    town.clock.advance(minutes=5)
    assert _look(town) == 0


def test_looks_for_a_post_by_hand_come_ever_more_seldom(town: Town) -> None:
    _, _, reply_id = _held(town)
    take_in_hand(town.desk, reply_id, town.staff_id)
    looks = 0
    for _ in range(20):
        town.clock.advance(seconds=61)
        looks += _look(town)
    assert 4 <= looks <= 6


def test_what_a_person_has_in_hand_the_outbox_leaves_alone_and_a_post_of_ours_elsewhere_proves_nothing(
    town: Town,
) -> None:
    post_id, mention_id, reply_id = _held(town)
    take_in_hand(town.desk, reply_id, town.staff_id)
    town.set_up("x", read_only=False)
    town.clock.advance(minutes=10)
    town.deliver()
    assert town.our_replies_on_x() == []
    answered = town.simulator.say_on_x("same here @Philly311Demo", author="other_neighbor", in_reply_to=post_id)
    _post_by_hand(town, answered, "Thank you too.")
    _look(town)
    assert town.reply_to(mention_id).state == ReplyState.HANDED_OVER


def test_a_reply_given_back_unposted_waits_again_and_goes_when_the_account_may_speak(town: Town) -> None:
    post_id, mention_id, reply_id = _held(town)
    take_in_hand(town.desk, reply_id, town.staff_id)
    hand_back(town.desk, reply_id, town.staff_id)
    town.deliver(1)
    assert town.reply_to(mention_id).state == ReplyState.APPROVED
    assert town.our_replies_on_x() == []
    town.set_up("x", read_only=False)
    town.clock.advance(seconds=61)
    town.deliver(1)
    assert [text.removeprefix("@dee_215 ") for text in town.our_replies_on_x(post_id)] == [WORDS]


def test_where_the_api_may_not_a_reply_is_approved_for_a_person_and_given_back_to_the_desk(town: Town) -> None:
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215")
    town.hear()
    mention_id = town.mention_of(post_id).id or 0
    with town.database.write() as session:
        mention = session.get_one(Mention, mention_id)
        mention.may_reply, mention.may_reply_reason = False, "only verified accounts may reply"
        session.add(mention)
    with pytest.raises(NotApproved, match=r"only verified accounts may reply\. A person may post it by hand\."):
        town.approve(mention_id, WORDS, file_request=False)
    town.approve(mention_id, WORDS, file_request=False, by_hand=True)
    reply = town.reply_to(mention_id)
    assert (reply.state, reply.handed_to, reply.approved_text) == (ReplyState.HANDED_OVER, town.staff_id, WORDS)
    hand_back(town.desk, reply.id or 0, town.staff_id)
    assert town.reply_to(mention_id).state == ReplyState.IN_REVIEW
    assert town.mention_of(post_id).claimed_by == town.staff_id
    town.deliver()
    assert town.our_replies_on_x() == []


def test_the_person_who_posted_it_can_say_so_and_all_of_it_is_on_record(town: Town) -> None:
    post_id, _, reply_id = _held(town)
    take_in_hand(town.desk, reply_id, town.staff_id)
    hand_back(town.desk, reply_id, town.staff_id)
    take_in_hand(town.desk, reply_id, town.staff_id)
    says_posted(town.desk, reply_id, town.staff_id)
    assert town.mention_of(post_id).state == MentionState.CLOSED
    with town.database.read() as session:
        said = session.exec(select(Review.decision).where(Review.reply_id == reply_id).order_by(col(Review.id))).all()
        steps = session.exec(
            select(AuditEntry.to_state).where(AuditEntry.about == "Reply", AuditEntry.about_id == reply_id)
        ).all()
    assert list(said)[1:] == [
        Decision.HANDED_OVER,
        Decision.HANDED_BACK,
        Decision.HANDED_OVER,
        Decision.SAYS_POSTED,
    ]
    assert steps.count(ReplyState.HANDED_OVER) == 2
    with pytest.raises(NotApproved, match="nothing to decide"):
        hand_back(town.desk, reply_id, town.staff_id)


def test_who_did_not_speak_to_us_is_not_answered_by_hand_unless_the_operator_says_so(town: Town) -> None:
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215")
    town.hear()
    mention_id = town.mention_of(post_id).id or 0
    with town.database.write() as session:
        mention = session.get_one(Mention, mention_id)
        mention.addressed = False
        session.add(mention)
    with pytest.raises(NotApproved, match="did not speak to us"):
        town.approve(mention_id, WORDS, file_request=False, by_hand=True)
    town.set_up("x", assisted_posts="anyone")
    town.approve(mention_id, WORDS, file_request=False, by_hand=True)
    assert town.reply_to(mention_id).state == ReplyState.HANDED_OVER


def test_where_the_operator_lets_nobody_post_by_hand_the_reply_waits_for_its_account(town: Town) -> None:
    town.set_up("x", read_only=True, assisted_posts="off")
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215")
    town.hear()
    mention_id = town.mention_of(post_id).id or 0
    town.approve(mention_id, WORDS, file_request=False, by_hand=True)
    assert town.reply_to(mention_id).state == ReplyState.APPROVED


def test_what_its_author_deleted_is_taken_out_of_the_persons_hands(town: Town) -> None:
    post_id, mention_id, reply_id = _held(town)
    take_in_hand(town.desk, reply_id, town.staff_id)
    with town.database.write() as session:
        post = session.exec(select(Post).where(Post.channel_post_id == post_id)).one()
        forget_post(session, post, "listener", "its author deleted it", town.clock())
    assert town.mention_of(post_id).state == MentionState.WITHDRAWN
    assert town.reply_to(mention_id).state == ReplyState.CANCELLED


def test_what_may_leave_by_itself_needs_no_hand(town: Town) -> None:
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215")
    town.hear()
    mention_id = town.mention_of(post_id).id or 0
    town.approve(mention_id, WORDS, file_request=False)
    with pytest.raises(NotApproved, match="Nothing keeps it"):
        take_in_hand(town.desk, town.reply_to(mention_id).id or 0, town.staff_id)
