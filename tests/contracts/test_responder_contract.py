"""What every responder must do, on every channel: the real adapter, as the product wires it, against the simulator."""

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hark311.logs import WithoutSecrets, secrets_in
from hark311.simulator.pictures import draw_png
from models import CHANNELS, Channel, SendAttempt
from models.posts import OutgoingPicture, OutgoingPost
from responders.errors import SendDeferred, SendError, SendRefused, SendUncertain
from responders.protocol import CannotTell, ProvedAbsent, Responder, Sent
from responders.registry import RESPONDERS, length_of
from tests.contracts.conftest import Speak, with_one_wrong_key
from tests.contracts.stages import Said, Stage, Standing

THANKS = "Thank you. We filed this as request 14000231."

DOUBT: Mapping[str, Mapping[str, Any]] = {
    "a plain 500": {"kind": "status", "status": 500},
    "a 502 page": {"kind": "html_error", "status": 502},
    "a 503 with a problem body": {"kind": "status", "status": 503, "body": {"title": "Service Unavailable"}},
    "a 503 whose JSON is a list": {"kind": "status", "status": 503, "body": "[]"},
    "broken JSON": {"kind": "garbage"},
    "a connection dropped before the work": {"kind": "drop_before"},
    "a connection dropped after the work": {"kind": "drop_after"},
    "half an answer": {"kind": "half_closed"},
}

NONSENSE = ["null", "5", '"x"', "[]", "{}", '{"data": 5}', '{"data": []}', '{"ok": true, "result": {}}', '{"ok": true}']

WORDS = {
    "emoji of several signs": "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 thank you",
    "right to left": "\u200fشكراً لك. سجلنا البلاغ برقم 14000231\u200e.",
    "Hebrew with a latin number": "תודה, 14000231 (Locust St)",
    "Khmer": "សូមអរគុណ យើងបានទទួល",
    "Chinese and Korean": "谢谢您，编号 14000231。감사합니다.",
    "Vietnamese in whole letters": "Cảm ơn bạn. Số yêu cầu là 14000231, trước thứ Sáu.",
    "flags and keycaps": "🇺🇸 1️⃣ 👩🏾‍🚒 done",
    "four bytes a letter": "𝔗𝔥𝔞𝔫𝔨𝔰 𠜎",
    "letters in parts": "Cafe\u0301 vs Café",
    "lines": "one\ntwo\n\nthree",
    "what looks like HTML": "5 < 6 & 7 > 3 <b>&amp; \"so\" 'so'",
    "what looks like markup": "*so* _so_ [so](so) `so` ||so||",
}


@pytest.fixture(params=list(RESPONDERS), ids=str)
def channel(request: pytest.FixtureRequest) -> Channel:
    return Channel(request.param)


def _reply(said: Said, text: str = THANKS) -> OutgoingPost:
    return OutgoingPost(
        reply_id=1,
        text=text,
        conversation_id=said.conversation_id,
        in_reply_to=said.post_id,
        language="en",
        idempotency_key="reply-1-1",
        started_at=datetime.now(UTC),
    )


def _attempt(said: Said, text: str = THANKS, started_at: datetime | None = None) -> SendAttempt:
    return SendAttempt(
        reply_id=1,
        idempotency_key="reply-1-1",
        text=text,
        conversation_id=said.conversation_id,
        in_reply_to=said.post_id,
        started_at=started_at or datetime.now(UTC),
    )


def _as_long_as_allowed(responder: Responder, unit: str) -> str:
    """As many units as the channel takes, filled up with the letter a."""
    limit = CHANNELS[responder.channel].reply_limit
    text = unit * (limit // responder.length(unit))
    while responder.length(text + "a") <= limit:
        text += "a"
    return text


async def test_a_reply_stands_once_under_the_right_post(stage: Stage, speak: Speak) -> None:
    stage.say("another hole", author="someone_else")
    said = stage.say("a hole on Locust Street")
    async with speak() as responder:
        assert responder.channel == stage.channel
        before = datetime.now(UTC)
        sent = await responder.send(_reply(said))
    assert stage.standing(said) == [Standing(sent.post_id, THANKS)]
    assert len(stage.standing()) == 1
    assert sent.sent_at.tzinfo is not None
    assert before - timedelta(seconds=2) <= sent.sent_at <= datetime.now(UTC) + timedelta(seconds=2)


async def test_every_script_stands_as_it_was_approved(stage: Stage, speak: Speak) -> None:
    said = {what: stage.say(f"a hole, asked for in {what}") for what in WORDS}
    async with speak() as responder:
        for what, words in WORDS.items():
            await responder.send(_reply(said[what], words))
    assert {what: [one.text for one in stage.standing(said[what])] for what in WORDS} == {
        what: [words] for what, words in WORDS.items()
    }


async def test_length_is_what_the_channel_counts_at_its_limit(stage: Stage, speak: Speak) -> None:
    async with speak() as responder:
        for unit in ("a", "ж", "字", "ạ", "🕳", "👩‍👩‍👧‍👦"):
            said, text = stage.say(f"a hole, written {unit}"), _as_long_as_allowed(responder, unit)
            assert responder.length(text) == length_of(stage.channel, text) == CHANNELS[stage.channel].reply_limit
            with pytest.raises(SendRefused) as refused:
                await responder.send(_reply(said, text + "a"))
            assert "too long" in refused.value.reason
            assert stage.standing(said) == []
            await responder.send(_reply(said, text))
            assert [one.text for one in stage.standing(said)] == [text]


async def test_ten_thousand_characters_are_refused_and_nothing_of_them_stands(stage: Stage, speak: Speak) -> None:
    said = stage.say("a hole on Locust Street")
    async with speak() as responder:
        for text in ("a" * 10_000, "字" * 10_000, "👩‍👩‍👧‍👦" * 1_500):
            assert responder.length(text) > CHANNELS[stage.channel].reply_limit
            with pytest.raises(SendRefused, match="too long"):
                await responder.send(_reply(said, text))
    assert stage.standing() == []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "half_closed"])
async def test_what_is_tried_again_after_proof_of_absence_stands_once(stage: Stage, speak: Speak, kind: str) -> None:
    said = stage.say("a hole on Locust Street")
    post, attempt = _reply(said), _attempt(said)
    attempt.started_at = post.started_at
    stage.simulator.fault(stage.channel, kind, stage.send_call)
    async with speak() as responder:
        with pytest.raises(SendUncertain):
            await responder.send(post)
        proof = await responder.find_sent(attempt)
        if isinstance(proof, ProvedAbsent):
            await responder.send(post)
    standing = stage.standing(said)
    assert len(standing) <= 1
    assert isinstance(proof, CannotTell) or [one.text for one in standing] == [THANKS]


async def test_a_rate_limit_defers_until_the_time_the_channel_names(stage: Stage, speak: Speak) -> None:
    said = stage.say("a hole on Locust Street")
    stage.simulator.fault(stage.channel, "rate_limit", stage.send_call, reset_in=90)
    async with speak() as responder:
        with pytest.raises(SendDeferred) as deferred:
            await responder.send(_reply(said))
        assert timedelta(seconds=60) < deferred.value.retry_at - datetime.now(UTC) < timedelta(seconds=120)
        assert stage.standing() == []
        await responder.send(_reply(said))
    assert len(stage.standing(said)) == 1


async def test_a_refused_connection_defers_because_nothing_left_us(
    stage: Stage, speak: Speak, closed_address: str
) -> None:
    async with speak(stage.account(closed_address)) as responder:
        with pytest.raises(SendDeferred) as deferred:
            await responder.send(_reply(stage.say("a hole on Locust Street")))
    assert deferred.value.retry_at > datetime.now(UTC)


@pytest.mark.parametrize("doubt", DOUBT)
async def test_what_may_have_been_posted_is_uncertain(stage: Stage, speak: Speak, doubt: str) -> None:
    said = stage.say("a hole on Locust Street")
    stage.simulator.fault(stage.channel, operation=stage.send_call, **DOUBT[doubt])
    async with speak() as responder:
        with pytest.raises(SendUncertain) as uncertain:
            await responder.send(_reply(said))
    assert uncertain.value.reason


async def test_an_answer_that_makes_no_sense_is_uncertain(stage: Stage, speak: Speak) -> None:
    said = stage.say("a hole on Locust Street")
    async with speak() as responder:
        for answer in NONSENSE:
            stage.simulator.fault(stage.channel, "status", stage.send_call, status=200, body=answer)
            with pytest.raises(SendUncertain):
                await responder.send(_reply(said))


@pytest.mark.parametrize("kind", ["slow", "slow_after"], ids=["before the work", "after the work"])
async def test_an_answer_that_takes_too_long_is_uncertain(
    stage: Stage, speak: Speak, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    said = stage.say("a hole on Locust Street")
    for constant in stage.patience:
        monkeypatch.setattr(constant, 0.1)
    stage.simulator.fault(stage.channel, kind, stage.send_call, seconds=0.4)
    async with speak() as responder:
        with pytest.raises(SendUncertain):
            await responder.send(_reply(said))
    assert len(stage.standing(said)) == 1 if kind == "slow_after" else len(stage.standing(said)) <= 1


@pytest.mark.parametrize("right_form", [True, False], ids=["one sign off", "of no form"])
async def test_a_wrong_key_is_refused_as_such(stage: Stage, speak: Speak, right_form: bool) -> None:
    said = stage.say("a hole on Locust Street")
    refused = 0
    for account in with_one_wrong_key(stage.account(), right_form=right_form):
        async with speak(account) as responder:
            try:
                await responder.send(_reply(said, f"Thank you. {refused}"))
            except SendRefused as error:
                assert error.credentials  # noqa: PT017 - a key that only reading needs may be wrong
                refused += 1
    assert refused
    assert len(stage.standing()) <= 1


async def test_a_key_that_is_withdrawn_is_refused_as_such(stage: Stage, speak: Speak) -> None:
    said = stage.say("a hole on Locust Street")
    stage.simulator.fault(stage.channel, "bad_key", stage.send_call)
    async with speak() as responder:
        with pytest.raises(SendRefused) as refused:
            await responder.send(_reply(said))
    assert refused.value.credentials
    assert not refused.value.author_blocks_us


async def test_a_reply_to_a_deleted_post_is_refused_or_stands_alone(stage: Stage, speak: Speak) -> None:
    said = stage.say("a hole on Locust Street")
    stage.delete(said)
    async with speak() as responder:
        if stage.answers_what_is_gone:
            sent = await responder.send(_reply(said))
            assert stage.standing() == [Standing(sent.post_id, THANKS)]
            assert stage.standing(said) == []
        else:
            with pytest.raises(SendRefused) as refused:
                await responder.send(_reply(said))
            assert "gone" in refused.value.reason
            assert not refused.value.credentials
            assert stage.standing() == []


async def test_an_author_who_blocks_us_is_told_as_such(stage: Stage, speak: Speak) -> None:
    said = stage.say("a hole on Locust Street")
    stage.block_us(said)
    async with speak() as responder:
        with pytest.raises(SendRefused) as refused:
            await responder.send(_reply(said))
    assert refused.value.author_blocks_us == stage.can_see_blocking
    assert not refused.value.credentials
    assert stage.standing() == []


async def test_a_reply_that_landed_is_never_said_to_be_absent(stage: Stage, speak: Speak) -> None:
    said = stage.say("a hole on Locust Street")
    stage.simulator.fault(stage.channel, "drop_after", stage.send_call)
    async with speak() as responder:
        reply = _reply(said)
        with pytest.raises(SendUncertain):
            await responder.send(reply)
        proof = await responder.find_sent(_attempt(said, started_at=reply.started_at))
    (standing,) = stage.standing(said)
    if CHANNELS[stage.channel].can_prove_sent:
        assert isinstance(proof, Sent)
        assert proof.post.post_id == standing.post_id
    else:
        assert isinstance(proof, CannotTell)
        assert proof.why


async def test_a_reply_that_never_left_is_never_said_to_stand(stage: Stage, speak: Speak) -> None:
    said, other = stage.say("a hole on Locust Street"), stage.say("a hole on Spruce Street")
    async with speak() as responder:
        await responder.send(_reply(other))
        proof = await responder.find_sent(_attempt(said))
    assert isinstance(proof, ProvedAbsent | CannotTell)


async def test_looking_for_proof_never_sends_and_never_raises_a_decision(stage: Stage, speak: Speak) -> None:
    """What it raises when the channel cannot be asked is the channel's; a SendError would settle the attempt."""
    said = stage.say("a hole on Locust Street")
    troubles: list[Mapping[str, Any]] = [{"kind": "rate_limit"}, {"kind": "bad_key"}, *DOUBT.values()]
    troubles += [{"kind": "status", "status": 200, "body": answer} for answer in NONSENSE]
    for trouble in troubles:
        async with speak() as responder:
            for _first_call_then_second in range(2):
                stage.simulator.fault(stage.channel, **trouble)
                try:
                    assert isinstance(await responder.find_sent(_attempt(said)), CannotTell)
                except (SendError, AssertionError):
                    pytest.fail(f"{trouble} was taken for an answer about our reply")
                except Exception:  # noqa: S110 - the outbox takes any other error as "could not be asked"
                    pass
                stage.simulator.clear_faults()
                assert isinstance(await responder.find_sent(_attempt(said)), CannotTell)
    assert stage.standing() == []
    assert not stage.simulator.calls(channel=stage.channel, operation=stage.send_call)


async def test_no_key_of_ours_reaches_a_log_or_the_desk(
    stage: Stage, speak: Speak, caplog: pytest.LogCaptureFixture
) -> None:
    """SDKs do log keys at DEBUG; what the product's log filter lets through must not hold any."""
    keys, told = secrets_in(stage.account()), []
    caplog.handler.addFilter(WithoutSecrets(keys))
    said = stage.say("a hole on Locust Street")
    with caplog.at_level(logging.DEBUG):
        async with speak() as responder:
            sent = await responder.send(_reply(said, "Thank you."))
            for fault in ({"kind": "bad_key"}, {"kind": "rate_limit"}, *DOUBT.values()):
                stage.simulator.fault(stage.channel, operation=stage.send_call, **fault)
                with pytest.raises(SendError) as trouble:
                    await responder.send(_reply(said))
                told.append(str(trouble.value))
            told.append(str(await responder.find_sent(_attempt(said))))
    assert caplog.records, "the SDK logs nothing at DEBUG any more: this test sees nothing"
    logged = [f"{record.getMessage()} {record.exc_text or ''} {record.args}" for record in caplog.records]
    for line in [*logged, *told, json.dumps([sent.post_id, sent.url])]:
        assert not [key for key in keys if key in line], "a key of ours"


LOOK = 'A red sign on a lamp post: "no parking" <Mon & Thu>'


def _with_picture(said: Said) -> OutgoingPost:
    return replace(_reply(said), pictures=(OutgoingPicture(draw_png("a sign"), "image/png", LOOK),))


async def test_a_picture_stands_in_the_thread_with_what_it_shows(stage: Stage, speak: Speak) -> None:
    said = stage.say("pothole")
    reply = _with_picture(said)
    async with speak() as responder:
        sent = await responder.send(reply)
        assert stage.standing(said) == [Standing(sent.post_id, THANKS)]
        if isinstance(await responder.find_sent(_attempt(said, started_at=reply.started_at)), CannotTell):
            assert not CHANNELS[stage.channel].can_prove_sent
    assert stage.pictures() == [(draw_png("a sign"), LOOK if CHANNELS[stage.channel].shows_alt_text else "")]


@pytest.mark.parametrize("fault", ["status", "drop_after", "garbage"])
async def test_a_picture_that_could_not_be_uploaded_leaves_nothing_in_doubt(
    stage: Stage, speak: Speak, fault: str
) -> None:
    if not stage.upload_call:
        pytest.skip("here the picture travels with the reply")
    said = stage.say("pothole")
    stage.simulator.fault(stage.channel, fault, stage.upload_call)
    async with speak() as responder:
        with pytest.raises(SendDeferred):
            await responder.send(_with_picture(said))
        assert stage.standing() == []
        await responder.send(_with_picture(said))
    assert len(stage.standing()) == 1
