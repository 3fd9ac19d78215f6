"""Mastodon's own ways of replying: who is named, who may read it, what proves it; against the simulator."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from hark311.outgoing import plain_session
from hark311.simulator import RunningSimulator, SimulatorSettings
from hark311.simulator.pictures import draw_png
from models import CHANNELS, Channel, SendAttempt
from models.posts import OutgoingPicture, OutgoingPost
from responders.errors import SendDeferred, SendRefused, SendUncertain
from responders.lengths import on_mastodon as length
from responders.mastodon import STILL_AT_WORK, MastodonResponder
from responders.protocol import CannotTell, ProvedAbsent, Sent

THANKS = "Thank you. We filed this as request 14000231."
LONG_AGO = timedelta(minutes=2)


@pytest.fixture
def settings(tmp_path: Path) -> SimulatorSettings:
    return SimulatorSettings(tmp_path / "city.db", port=0)


@pytest.fixture
def simulator(settings: SimulatorSettings) -> Iterator[RunningSimulator]:
    with RunningSimulator(settings.database, settings) as running:
        yield running


@pytest.fixture
async def responder(simulator: RunningSimulator) -> AsyncIterator[MastodonResponder]:
    async with _responder(simulator) as entered:
        yield entered


def _responder(simulator: RunningSimulator, session: requests.Session | None = None) -> MastodonResponder:
    return MastodonResponder(
        session=session or plain_session(),
        access_token=simulator.settings.mastodon_token,
        base_url=simulator.mastodon_url,
    )


def _reply(to: str, text: str = THANKS, **more: Any) -> OutgoingPost:
    return OutgoingPost(
        reply_id=7,
        text=text,
        conversation_id=to,
        in_reply_to=to,
        language="en",
        idempotency_key="reply-7-1",
        started_at=datetime.now(UTC),
        **more,
    )


def _attempt(to: str, text: str = THANKS, ago: timedelta = timedelta(0)) -> SendAttempt:
    return SendAttempt(
        reply_id=7, idempotency_key="reply-7-1", text=text, in_reply_to=to, started_at=datetime.now(UTC) - ago
    )


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("public", "unlisted"), ("unlisted", "unlisted"), ("private", "direct"), ("direct", "direct")],
)
async def test_a_reply_is_never_for_more_people_than_the_post(
    simulator: RunningSimulator, responder: MastodonResponder, theirs: str, ours: str
) -> None:
    for known in (True, False):
        said = simulator.say_on_mastodon("a hole", author="dee", visibility=theirs)
        told = {"acct": "dee", "visibility": theirs} if known else {}
        await responder.send(_reply(said, reply_with=told))
        assert [one["visibility"] for one in simulator.our_replies_on_mastodon(said)] == [ours]


async def test_a_visibility_nobody_knows_is_answered_in_private(
    simulator: RunningSimulator, responder: MastodonResponder
) -> None:
    said = simulator.say_on_mastodon("a hole", author="dee")
    await responder.send(_reply(said, reply_with={"acct": "dee", "visibility": "local"}))
    assert [one["visibility"] for one in simulator.our_replies_on_mastodon(said)] == ["direct"]


async def test_only_whom_we_answer_is_named(simulator: RunningSimulator, responder: MastodonResponder) -> None:
    said = simulator.say_on_mastodon("a hole, @friend saw it too", author="dee@far.example")
    await responder.send(replace(_reply(said), language="zh-Hant"))
    (reply,) = simulator.our_replies_on_mastodon(said)
    assert reply["text"] == f"@dee@far.example {THANKS}"
    assert reply["language"] == "zh-TW"


async def test_a_reply_to_an_edited_post_hangs_under_the_post(
    simulator: RunningSimulator, responder: MastodonResponder
) -> None:
    said = simulator.say_on_mastodon("a hole", author="dee")
    await responder.send(_reply(f"{said}:2026-11-22T09:00:00.000+00:00"))
    assert len(simulator.our_replies_on_mastodon(said)) == 1


async def test_another_attempt_at_the_same_words_is_the_same_status(
    simulator: RunningSimulator, responder: MastodonResponder
) -> None:
    """The earlier attempt may land after the later one: the server knows the key either way."""
    said = simulator.say_on_mastodon("a hole", author="dee")
    simulator.fault("mastodon", "drop_after", "post_status")
    with pytest.raises(SendUncertain):
        await responder.send(_reply(said))
    again = await responder.send(replace(_reply(said), idempotency_key="reply-7-2"))
    assert [one["id"] for one in simulator.our_replies_on_mastodon(said)] == [again.post_id]
    await responder.send(_reply(said, "Other words are another reply."))
    assert len(simulator.our_replies_on_mastodon(said)) == 2


async def test_absence_is_proof_once_the_server_has_had_its_time(
    simulator: RunningSimulator, responder: MastodonResponder
) -> None:
    said = simulator.say_on_mastodon("a hole", author="dee")
    assert isinstance(await responder.find_sent(_attempt(said)), CannotTell)
    assert isinstance(await responder.find_sent(_attempt(said, ago=STILL_AT_WORK + timedelta(seconds=1))), ProvedAbsent)


async def test_other_words_of_ours_under_the_post_are_for_a_person(
    simulator: RunningSimulator, responder: MastodonResponder
) -> None:
    said = simulator.say_on_mastodon("a hole", author="dee")
    await responder.send(_reply(said, "By hand: we are on it."))
    proof = await responder.find_sent(_attempt(said, ago=LONG_AGO))
    assert isinstance(proof, CannotTell)
    assert "other words" in proof.why


@pytest.mark.parametrize("visibility", ["public", "direct"])
async def test_a_reply_is_found_whatever_a_server_makes_of_its_words(
    simulator: RunningSimulator, responder: MastodonResponder, visibility: str
) -> None:
    words = "Thanks, @far@else.example!\n\nSee https://example.org/a/very/long/address?with=query&more=1 <3 & more"
    said = simulator.say_on_mastodon("a hole", author="dee@far.example", visibility=visibility)
    sent = await responder.send(_reply(said, words))
    proof = await responder.find_sent(_attempt(said, words, LONG_AGO))
    assert isinstance(proof, Sent)
    assert proof.post.post_id == sent.post_id


async def test_a_reply_under_a_post_that_is_gone_is_for_a_person(
    simulator: RunningSimulator, responder: MastodonResponder
) -> None:
    said = simulator.say_on_mastodon("a hole", author="dee")
    await responder.send(_reply(said))
    simulator.delete_on_mastodon(said)
    proof = await responder.find_sent(_attempt(said, ago=LONG_AGO))
    assert isinstance(proof, CannotTell)
    assert "gone" in proof.why


async def test_a_server_that_takes_less_is_told_before_sending(tmp_path: Path) -> None:
    settings = SimulatorSettings(tmp_path / "small.db", port=0, mastodon_characters=100)
    with RunningSimulator(settings.database, settings) as simulator:
        said = simulator.say_on_mastodon("a hole", author="dee")
        async with _responder(simulator) as responder:
            with pytest.raises(SendRefused, match="takes 100 characters"):
                await responder.send(_reply(said, "a" * 99))
            await responder.send(_reply(said, "a" * 95))
        assert len(simulator.our_replies_on_mastodon(said)) == 1
        assert len(simulator.calls(operation="instance")) == 1


async def test_trouble_before_anything_left_us_can_wait(
    simulator: RunningSimulator, responder: MastodonResponder
) -> None:
    said = simulator.say_on_mastodon("a hole", author="dee")
    simulator.fault("mastodon", "html_error", "status")
    with pytest.raises(SendDeferred):
        await responder.send(_reply(said))
    assert simulator.our_replies_on_mastodon() == []


async def test_a_key_that_may_not_post_pictures_is_no_bad_key(
    simulator: RunningSimulator, responder: MastodonResponder
) -> None:
    said = simulator.say_on_mastodon("a hole", author="dee")
    body = {"error": "This action is outside the authorized scopes"}
    simulator.fault("mastodon", "status", "upload_media", status=403, body=body)
    picture = OutgoingPicture(draw_png("a sign"), "image/png", "the new sign")
    with pytest.raises(SendRefused, match="write:media") as refused:
        await responder.send(_reply(said, pictures=(picture,)))
    assert not refused.value.credentials
    assert simulator.our_replies_on_mastodon() == []
    await responder.send(_reply(said))


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("see https://example.org/" + "x" * 200, 4 + 23),
        ("http://a.co", 23),
        ("@dee@very.long.server.example hi", 7),
        ("👩‍👩‍👧‍👦 e\u0301 字", 5),
        ("mail me@example.org", 19),
    ],
)
def test_length_is_what_mastodon_counts(text: str, counts: int) -> None:
    assert length(text) == counts


@given(st.text())
def test_length_is_never_more_than_letters_where_there_is_no_link(text: str) -> None:
    assert length(text) <= len(text) or "://" in text


def test_the_longest_name_fits_beside_the_longest_reply() -> None:
    longest = "@" + "n" * 30 + " "
    assert length(longest + "a" * CHANNELS[Channel.MASTODON].reply_limit) == 500
