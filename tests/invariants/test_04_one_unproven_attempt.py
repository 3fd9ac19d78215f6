"""Invariant 4: an attempt is on record before the call; doubt is settled by proof or a person, not by trying again."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from models import (
    AttemptOutcome,
    Channel,
    Database,
    MentionState,
    Outcome,
    Purpose,
    Reply,
    ReplyState,
    RequestState,
    SendAttempt,
    StatusNotice,
    UpdateSource,
)
from models.posts import OutgoingPost, SentPost
from models.status_changes import Change, note_change
from responders import outbox, outcomes
from responders.doubts import says_not_sent, says_sent
from responders.errors import SendDeferred, SendUncertain
from responders.outbox import Outbox
from responders.protocol import ProvedAbsent
from responders.review import NotApproved
from responders.x import XResponder
from tests.rows import MORNING, a_mention, a_reply, a_request
from tests.town import Town

POTHOLE = "There is a deep pothole at 5th and Market St, a car lost its tire"


def _approved_on_x(town: Town, words: str = "Thank you. Your request is {number}.") -> tuple[str, int]:
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215")
    town.hear()
    mention_id = town.mention_of(post_id).id or 0
    town.approve(mention_id, words)
    return post_id, mention_id


def _attempts(town: Town, reply_id: int | None) -> list[SendAttempt]:
    with town.database.read() as session:
        return list(session.exec(select(SendAttempt).where(SendAttempt.reply_id == reply_id)).all())


def test_the_attempt_is_committed_before_the_call(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    _, mention_id = _approved_on_x(town)
    seen: list[tuple[ReplyState, AttemptOutcome]] = []

    async def look(_: XResponder, post: OutgoingPost) -> SentPost:
        with town.database.read() as session:
            reply = session.get_one(Reply, post.reply_id)
            (attempt,) = session.exec(select(SendAttempt).where(SendAttempt.reply_id == reply.id)).all()
            seen.append((reply.state, attempt.outcome))
        raise RuntimeError("the process dies here")

    monkeypatch.setattr(XResponder, "send", look)
    town.deliver(1)
    assert seen == [(ReplyState.SENDING, AttemptOutcome.PENDING)]
    assert town.reply_to(mention_id).state == ReplyState.UNCERTAIN


@pytest.mark.parametrize("kind", ["drop_after", "garbage"])
def test_a_reply_that_landed_unseen_is_found_on_our_timeline_and_not_sent_again(town: Town, kind: str) -> None:
    post_id, mention_id = _approved_on_x(town)
    town.simulator.fault("x", kind, "create_post")
    town.deliver(1)
    assert town.reply_to(mention_id).state == ReplyState.UNCERTAIN
    town.clock.advance(seconds=10)
    town.deliver()
    assert town.reply_to(mention_id).state == ReplyState.SENT
    assert len(town.our_replies_on_x(post_id)) == 1
    assert town.mention_of(post_id).state == MentionState.CLOSED


def test_a_reply_that_may_have_landed_waits_for_a_person_and_is_never_tried_again(town: Town) -> None:
    post_id, mention_id = _approved_on_x(town)
    town.simulator.fault("x", "drop_before", "create_post")
    town.deliver(1)
    for _ in range(8):
        town.clock.advance(hours=1)
        town.deliver()
    reply = town.reply_to(mention_id)
    assert reply.state == ReplyState.UNCERTAIN
    assert town.our_replies_on_x(post_id) == []
    assert len(_attempts(town, reply.id)) == 1
    says_not_sent(town.desk, reply.id or 0, town.staff_id)
    town.deliver()
    assert len(town.our_replies_on_x(post_id)) == 1
    assert town.reply_to(mention_id).state == ReplyState.SENT


def test_a_person_can_say_that_it_landed(town: Town) -> None:
    post_id, mention_id = _approved_on_x(town)
    town.simulator.fault("x", "status", "create_post", status=502, body="<html>bad gateway</html>")
    town.deliver(1)
    reply = town.reply_to(mention_id)
    assert reply.state == ReplyState.UNCERTAIN
    says_sent(town.desk, reply.id or 0, town.staff_id)
    town.deliver()
    assert town.our_replies_on_x(post_id) == []
    assert town.mention_of(post_id).state == MentionState.CLOSED
    with pytest.raises(NotApproved):
        says_not_sent(town.desk, reply.id or 0, town.staff_id)


def test_a_sender_that_was_killed_leaves_doubt_not_a_second_reply(town: Town) -> None:
    post_id, mention_id = _approved_on_x(town)

    async def killed_after_the_call() -> None:
        async with AsyncExitStack() as stack:
            submission, outbox = await town.delivery(stack)
            for request_id in submission.due():
                await submission.file(request_id)
            claimed = outbox._claim(town.reply_to(mention_id).id or 0)
            assert claimed is not None
            await outbox.responders[claimed.account_name].send(claimed.post)

    asyncio.run(killed_after_the_call())
    assert town.reply_to(mention_id).state == ReplyState.SENDING
    town.deliver()
    assert town.reply_to(mention_id).state == ReplyState.SENDING
    town.clock.advance(minutes=2)
    town.deliver()
    assert town.reply_to(mention_id).state == ReplyState.SENT
    assert len(town.our_replies_on_x(post_id)) == 1


def test_a_duplicate_refusal_after_a_lost_answer_is_proof_that_it_landed(town: Town) -> None:
    post_id, mention_id = _approved_on_x(town, "Thank you, dee.")
    town.simulator.fault("x", "drop_after", "create_post")
    town.deliver(1)
    says_not_sent(town.desk, town.reply_to(mention_id).id or 0, town.staff_id)
    town.deliver()
    assert town.reply_to(mention_id).state == ReplyState.SENT
    assert len(town.our_replies_on_x(post_id)) == 1


def test_what_is_tried_again_is_told_under_the_same_key_in_the_same_words(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mastodon keeps a key for an hour, Bluesky takes a record key once: both then say it once, whoever erred."""
    _, mention_id = _approved_on_x(town)
    told: list[OutgoingPost] = []

    async def lost(_: XResponder, post: OutgoingPost) -> SentPost:
        told.append(post)
        raise SendUncertain("the line broke")

    monkeypatch.setattr(XResponder, "send", lost)
    town.deliver(1)
    reply = town.reply_to(mention_id)
    town.clock.advance(seconds=3)
    says_not_sent(town.desk, reply.id or 0, town.staff_id)
    town.deliver(1)
    first, second = told
    assert (first.idempotency_key, first.started_at, first.text) == (
        second.idempotency_key,
        second.started_at,
        second.text,
    )
    assert len({attempt.idempotency_key for attempt in _attempts(town, reply.id)}) == 2


def test_a_key_is_not_used_again_once_it_is_certain_that_nothing_landed(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, mention_id = _approved_on_x(town)
    told: list[str] = []

    async def wait(_: XResponder, post: OutgoingPost) -> SentPost:
        told.append(post.idempotency_key)
        raise SendDeferred(town.clock(), "the channel asks us to wait")

    monkeypatch.setattr(XResponder, "send", wait)
    town.deliver(1)
    assert town.reply_to(mention_id).held_because == "the channel asks us to wait"
    town.clock.advance(seconds=1)
    town.deliver(1)
    assert len(set(told)) == 2


def test_a_wait_between_two_tries_changes_neither_key_nor_words(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    _, mention_id = _approved_on_x(town)
    told: list[OutgoingPost] = []

    async def answer(_: XResponder, post: OutgoingPost) -> SentPost:
        told.append(post)
        raise SendDeferred(town.clock(), "asked to wait") if len(told) == 2 else SendUncertain("the line broke")

    monkeypatch.setattr(XResponder, "send", answer)
    town.deliver(1)
    says_not_sent(town.desk, town.reply_to(mention_id).id or 0, town.staff_id)
    for _ in range(2):
        town.clock.advance(seconds=1)
        town.deliver(1)
    assert len(told) == 3
    assert len({(one.idempotency_key, one.started_at, one.text) for one in told}) == 1


@pytest.mark.parametrize("again", ["by proof", "a person says so"])
def test_a_second_attempt_is_not_proved_absent_while_it_may_still_land(
    town: Town, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    """The channel is asked by the first attempt's time and key; what is on its way is the second one's call."""
    _, mention_id = _approved_on_x(town)

    async def lost(*_: object) -> SentPost:
        raise SendUncertain("the line broke")

    async def absent(*_: object) -> ProvedAbsent:
        return ProvedAbsent()

    monkeypatch.setattr(XResponder, "send", lost)
    monkeypatch.setattr(XResponder, "find_sent", absent)
    town.deliver(1)
    town.clock.advance(minutes=2)
    if again == "by proof":
        town.deliver(1)
    else:
        says_not_sent(town.desk, town.reply_to(mention_id).id or 0, town.staff_id)
    town.deliver(1)
    reply = town.reply_to(mention_id)
    assert (reply.state, len(_attempts(town, reply.id))) == (ReplyState.UNCERTAIN, 2)
    town.clock.advance(seconds=10)
    town.deliver(2)
    assert len(_attempts(town, reply.id)) == 2


def test_what_nothing_can_prove_does_not_stand_before_what_can_be_proved(database: Database) -> None:
    with database.write() as session:
        for channel, looks, times in ((Channel.TELEGRAM, 1, 60), (Channel.X, 4, 60), (Channel.X, 0, 1)):
            for _ in range(times):
                reply = a_reply(session, a_mention(session, channel=channel))
                reply.state = ReplyState.UNCERTAIN
                started_at = MORNING - timedelta(minutes=1)
                session.add(
                    SendAttempt(
                        reply_id=reply.id, idempotency_key=f"{reply.id}", text="", looks=looks, started_at=started_at
                    )
                )
    outbox = Outbox(database, {}, ZoneInfo("UTC"), clock=lambda: MORNING)
    assert [attempt.looks for _, attempt, _ in outbox._to_prove()] == [0]


def test_an_answer_to_an_earlier_attempt_does_not_settle_a_later_one(town: Town) -> None:
    _, mention_id = _approved_on_x(town)

    async def overtaken() -> None:
        async with AsyncExitStack() as stack:
            submission, outbox = await town.delivery(stack)
            for request_id in submission.due():
                await submission.file(request_id)
            reply_id = town.reply_to(mention_id).id or 0
            first = outbox._claim(reply_id)
            town.clock.advance(minutes=2)
            outbox.expire_leases()
            says_not_sent(town.desk, reply_id, town.staff_id)
            second = outbox._claim(reply_id)
            assert first is not None
            assert second is not None
            outbox._settle(reply_id, first.attempt_id, SendDeferred(town.clock(), "asked to wait"))

    asyncio.run(overtaken())
    assert town.reply_to(mention_id).state == ReplyState.SENDING


def test_a_reply_in_doubt_settles_by_itself_when_it_shows_up_after_the_last_look(town: Town) -> None:
    post_id, mention_id = _approved_on_x(town, "Thank you. See phila.gov/311 & so on.")
    town.simulator.fault("x", "drop_after", "create_post")
    town.simulator.fault("x", "html_error", "timeline", times=None)
    town.deliver(1)
    for _ in range(8):
        town.clock.advance(minutes=31)
        town.deliver(1)
    assert town.reply_to(mention_id).state == ReplyState.UNCERTAIN
    (ours,) = town.simulator.our_replies_on_x(post_id)
    town.simulator.say_on_x("thanks @Philly311Demo", author="other_neighbor", in_reply_to=str(ours["id"]))
    town.listen()
    reply = town.reply_to(mention_id)
    assert (reply.state, reply.sent_post_id) == (ReplyState.SENT, ours["id"])
    assert town.mention_of(post_id).state == MentionState.CLOSED


def test_what_a_person_did_not_see_and_the_listener_did_is_not_said_again(town: Town) -> None:
    post_id, mention_id = _approved_on_x(town, "Thank you, dee.")
    town.simulator.fault("x", "drop_after", "create_post")
    town.deliver(1)
    reply = town.reply_to(mention_id)
    says_not_sent(town.desk, reply.id or 0, town.staff_id)
    (ours,) = town.simulator.our_replies_on_x(post_id)
    town.simulator.say_on_x("thanks @Philly311Demo", author="other_neighbor", in_reply_to=str(ours["id"]))
    town.listen()
    town.deliver(1)
    reply = town.reply_to(mention_id)
    assert (reply.state, reply.sent_post_id) == (ReplyState.SENT, ours["id"])
    assert len(_attempts(town, reply.id)) == 1
    assert len(town.our_replies_on_x(post_id)) == 1


def test_other_words_of_ours_under_the_same_post_prove_nothing(town: Town) -> None:
    post_id, mention_id = _approved_on_x(town, "Thank you, dee.")
    town.simulator.fault("x", "drop_before", "create_post")
    town.deliver(1)
    us = town.simulator.settings.x_handle
    other = town.simulator.say_on_x("Somebody of us wrote this by hand.", author=us, in_reply_to=post_id, mention=False)
    town.simulator.say_on_x("thanks @Philly311Demo", author="other_neighbor", in_reply_to=other)
    town.listen()
    assert town.reply_to(mention_id).state == ReplyState.UNCERTAIN


def test_what_a_person_says_stands_there_is_kept_in_its_words_and_learns_its_place(town: Town) -> None:
    post_id, mention_id = _approved_on_x(town, "Thank you, dee.")
    town.simulator.fault("x", "drop_after", "create_post")
    town.deliver(1)
    says_sent(town.desk, town.reply_to(mention_id).id or 0, town.staff_id)
    assert town.reply_to(mention_id).sent_text == "Thank you, dee."
    (ours,) = town.simulator.our_replies_on_x(post_id)
    town.simulator.say_on_x("thanks @Philly311Demo", author="other_neighbor", in_reply_to=str(ours["id"]))
    town.listen()
    assert town.reply_to(mention_id).sent_post_id == ours["id"]


def test_telegram_gives_no_proof_so_a_person_decides(town: Town) -> None:
    town.simulator.say_on_telegram("no hot water at 1200 S 9th St")
    town.hear()
    (mention,) = town.mentions()
    town.approve(mention.id, "Thank you, we look into it.", file_request=False)
    town.simulator.fault("telegram", "drop_after", "sendMessage")
    town.deliver()
    town.clock.advance(hours=1)
    town.deliver()
    assert town.reply_to(mention.id).state == ReplyState.UNCERTAIN
    assert len(town.our_messages()) == 1


def test_a_resident_who_answers_our_message_proves_that_it_landed(town: Town) -> None:
    said = town.simulator.say_on_telegram("no hot water at 1200 S 9th St")
    town.hear()
    (mention,) = town.mentions()
    town.approve(mention.id, "Thank you, we look into it.", file_request=False)
    town.simulator.fault("telegram", "drop_after", "sendMessage")
    town.deliver()
    (ours,) = town.simulator.telegram_messages(by="us")
    sender = {"id": said["chat_id"], "first_name": "Resident"}
    town.simulator.say_on_telegram("great, thanks", reply_to=ours["message_id"], **{"from": sender})
    town.hear()
    assert town.reply_to(mention.id).state in (ReplyState.SENT, ReplyState.DRAFT, ReplyState.IN_REVIEW)
    with town.database.read() as session:
        first = session.exec(select(Reply).where(Reply.mention_id == mention.id).order_by(Reply.id)).first()  # type: ignore[arg-type]
        assert first is not None
        assert first.state == ReplyState.SENT


def test_a_message_that_a_resident_answers_before_we_know_that_it_left_is_proved_all_the_same(town: Town) -> None:
    said = town.simulator.say_on_telegram("no hot water at 1200 S 9th St")
    town.hear()
    (mention,) = town.mentions()
    town.approve(mention.id, "Thank you, we look into it.", file_request=False)
    reply_id = town.reply_to(mention.id).id or 0

    async def killed_after_the_call() -> None:
        async with AsyncExitStack() as stack:
            _, outbox = await town.delivery(stack)
            claimed = outbox._claim(reply_id)
            assert claimed is not None
            await outbox.responders[claimed.account_name].send(claimed.post)

    asyncio.run(killed_after_the_call())
    (ours,) = town.simulator.telegram_messages(by="us")
    sender = {"id": said["chat_id"], "first_name": "Resident"}
    town.simulator.say_on_telegram("great, thanks", reply_to=ours["message_id"], **{"from": sender})
    town.listen()
    assert town.reply_to(mention.id).state == ReplyState.SENDING
    town.clock.advance(minutes=2)
    town.deliver()
    with town.database.read() as session:
        reply = session.get_one(Reply, reply_id)
    assert (reply.state, reply.sent_post_id) == (ReplyState.SENT, f"{said['chat_id']}:{ours['message_id']}")
    assert [one.outcome for one in _attempts(town, reply_id)] == [AttemptOutcome.DONE]
    assert len(town.our_messages()) == 1


@pytest.mark.parametrize("kind", ["drop_after", "garbage"])
def test_a_request_that_was_filed_unseen_is_found_in_the_citys_list(town: Town, kind: str) -> None:
    post_id, mention_id = _approved_on_x(town)
    town.simulator.fault("open311", kind, "post_request")
    town.deliver(1)
    assert town.request_of(mention_id).state == RequestState.UNCERTAIN
    town.clock.advance(seconds=5)
    town.deliver()
    request = town.request_of(mention_id)
    assert request.state == RequestState.SUBMITTED
    assert len(town.simulator.city_requests()) == 1
    (sent,) = town.our_replies_on_x(post_id)
    assert str(request.service_request_id) in sent


def test_a_request_that_the_citys_full_list_does_not_hold_is_filed_again(town: Town) -> None:
    _, mention_id = _approved_on_x(town)
    town.simulator.fault("open311", "drop_before", "post_request")
    town.deliver(1)
    town.clock.advance(seconds=20)
    town.deliver()
    assert town.request_of(mention_id).state == RequestState.UNCERTAIN
    town.clock.advance(seconds=61)
    town.deliver()
    town.clock.advance(seconds=61)
    town.deliver()
    assert town.request_of(mention_id).state == RequestState.SUBMITTED
    assert len(town.simulator.city_requests()) == 1


def test_one_reply_for_one_purpose_is_kept_by_the_database(town: Town) -> None:
    _, mention_id = _approved_on_x(town)
    account_id = town.reply_to(mention_id).account_id
    second = Reply(mention_id=mention_id, account_id=account_id, purpose=Purpose.ACKNOWLEDGE, changed_at=town.clock())
    with pytest.raises(IntegrityError), town.database.write() as session:
        session.add(second)


def test_a_wait_the_channel_asks_for_is_kept(town: Town) -> None:
    post_id, mention_id = _approved_on_x(town)
    town.simulator.fault("x", "rate_limit", "create_post", reset_in=300)
    town.deliver(1)
    reply = town.reply_to(mention_id)
    assert reply.state == ReplyState.APPROVED
    town.deliver()
    assert town.our_replies_on_x(post_id) == []
    town.clock.advance(seconds=301)
    town.deliver()
    assert len(town.our_replies_on_x(post_id)) == 1


def test_what_came_of_a_call_is_not_in_doubt_because_somebody_wrote_at_the_same_moment(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, mention_id = _approved_on_x(town, "Thank you, a crew will look.")
    clashes = [IntegrityError("UPDATE reply", None, Exception("unique"))]

    def write_down(*how: Any) -> None:
        if clashes:
            raise clashes.pop()
        outcomes.write_down(*how)

    monkeypatch.setattr(outbox, "write_down", write_down)
    town.deliver(1)
    assert not clashes
    assert town.reply_to(mention_id).state == ReplyState.SENT


def test_a_change_of_a_case_is_promised_to_each_resident_once(either_database: Database) -> None:
    with either_database.write() as session:
        request = a_request(session, a_mention(session))
        change = Change("update-7", UpdateSource.CITY, MORNING, "closed", outcome=Outcome.FIXED)
        assert note_change(session, request, change, MORNING) is not None
        assert note_change(session, request, change, MORNING) is None
        promised = session.exec(select(StatusNotice)).one()
        again: dict[str, Any] = {"update_id": promised.update_id, "mention_id": promised.mention_id}
    with pytest.raises(IntegrityError), either_database.write() as session:
        session.add(StatusNotice(**again, not_before=MORNING, changed_at=MORNING))
