"""What every responder must do with a post that answers nobody: it stands once, alone, for everybody to read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models import CHANNELS, Channel, SendAttempt
from models.posts import OutgoingPost
from responders.errors import SendRefused, SendUncertain
from responders.protocol import CannotTell, ProvedAbsent, Sent
from responders.registry import RESPONDERS
from tests.contracts.conftest import Speak
from tests.contracts.stages import Stage, Standing

QUESTION = "Q3: Which corner of your block would you clean first? #CleanBlocks"
GROUP: dict[str, Any] = {"id": -900, "type": "group", "title": "Block captains"}
LATER = timedelta(minutes=2)
"""Later than any call of ours may still be on its way; sooner than a server forgets a key."""


@pytest.fixture(params=list(RESPONDERS), ids=str)
def channel(request: pytest.FixtureRequest) -> Channel:
    return Channel(request.param)


def _place(stage: Stage) -> str:
    """Where a post of ours goes: on Telegram a group that knows our bot; elsewhere it begins a thread."""
    if stage.channel != Channel.TELEGRAM:
        return ""
    stage.simulator.say_on_telegram("hello", chat=GROUP, **{"from": {"username": "dee_215", "first_name": "Dee"}})
    return str(GROUP["id"])


def _post(stage: Stage, text: str = QUESTION) -> OutgoingPost:
    return OutgoingPost(
        reply_id=7,
        text=text,
        conversation_id=_place(stage),
        in_reply_to=None,
        language="en",
        idempotency_key="reply-7-1",
        started_at=datetime.now(UTC),
    )


def _attempt(post: OutgoingPost) -> SendAttempt:
    return SendAttempt(
        reply_id=post.reply_id,
        idempotency_key=post.idempotency_key,
        text=post.text,
        conversation_id=post.conversation_id,
        in_reply_to=None,
        started_at=post.started_at,
    )


async def test_a_post_that_answers_nobody_stands_once_and_alone(stage: Stage, speak: Speak) -> None:
    said = stage.say("a hole on Locust Street")
    async with speak() as responder:
        sent = await responder.send(_post(stage))
    assert stage.standing() == [Standing(sent.post_id, QUESTION)]
    assert stage.standing(said) == []
    if stage.channel == Channel.MASTODON:
        assert [one["visibility"] for one in stage.simulator.our_replies_on_mastodon()] == ["public"]


async def test_it_fits_as_the_channel_counts(stage: Stage, speak: Speak) -> None:
    async with speak() as responder:
        limit = CHANNELS[stage.channel].reply_limit
        with pytest.raises(SendRefused, match="too long"):
            await responder.send(_post(stage, "a" * (limit + 1)))
        assert stage.standing() == []
        await responder.send(_post(stage, "a" * limit))
    assert [len(one.text) for one in stage.standing()] == [limit]


async def test_one_that_landed_unseen_is_found_or_left_to_a_person_and_never_said_to_be_absent(
    stage: Stage, speak: Speak
) -> None:
    post = _post(stage)
    stage.simulator.fault(stage.channel, "drop_after", stage.send_call)
    async with speak() as responder:
        with pytest.raises(SendUncertain):
            await responder.send(post)
        proof = await responder.find_sent(_attempt(post))
    (standing,) = stage.standing()
    if CHANNELS[stage.channel].can_prove_sent:
        assert isinstance(proof, Sent)
        assert proof.post.post_id == standing.post_id
    else:
        assert isinstance(proof, CannotTell)
        assert proof.why


async def test_what_is_tried_again_after_proof_of_absence_stands_once(stage: Stage, speak: Speak) -> None:
    """Even where the proof was wrong, as it is here where the first call landed a moment after we had looked."""
    post = replace(_post(stage), started_at=datetime.now(UTC) - LATER)
    stage.simulator.fault(stage.channel, "drop_before", stage.send_call)
    async with speak() as responder:
        with pytest.raises(SendUncertain):
            await responder.send(post)
        proof = await responder.find_sent(_attempt(post))
        if not isinstance(proof, ProvedAbsent):
            assert isinstance(proof, CannotTell)
            return
        await responder.send(post)
        try:
            await responder.send(post)
        except (SendUncertain, SendRefused):
            assert stage.channel == Channel.BLUESKY, "it takes a record key once; the others know the post again"
    assert [one.text for one in stage.standing()] == [QUESTION]


async def test_another_post_of_ours_proves_nothing(stage: Stage, speak: Speak) -> None:
    """A chat is full of posts of ours, and a reply in the same words is none of them."""
    said = stage.say("a hole on Locust Street")
    async with speak() as responder:
        await responder.send(replace(_post(stage, "Q2: What would help? #CleanBlocks"), reply_id=6))
        under = replace(_post(stage), reply_id=5, in_reply_to=said.post_id, conversation_id=said.conversation_id)
        await responder.send(replace(under, idempotency_key="reply-5-1"))
        proof = await responder.find_sent(_attempt(_post(stage)))
    assert isinstance(proof, ProvedAbsent | CannotTell)


async def test_the_same_words_of_another_day_prove_nothing(stage: Stage, speak: Speak) -> None:
    """A chat is held every month, and its rules are the same ones."""
    async with speak() as responder:
        await responder.send(_post(stage))
        later = _attempt(replace(_post(stage), idempotency_key="reply-9-1"))
        later.started_at += timedelta(hours=1)
        proof = await responder.find_sent(later)
    assert isinstance(proof, ProvedAbsent | CannotTell)
