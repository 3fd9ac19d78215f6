"""The Bluesky responder against the simulator: what only this channel does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hark311.sessions import KeptSession
from hark311.simulator import RunningSimulator, SimulatorSettings
from hark311.simulator.bluesky import TID
from models import SendAttempt
from models.bluesky_fields import record_key
from models.posts import OutgoingPost
from responders.bluesky import BlueskyResponder
from responders.errors import SendDeferred, SendRefused, SendUncertain
from responders.lengths import on_bluesky as length
from responders.protocol import CannotTell, ProvedAbsent, Sent

NOW = datetime(2026, 11, 22, 8, 30, 0, 123456, UTC)


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    settings = SimulatorSettings(tmp_path / "city.db", port=0)
    with RunningSimulator(settings.database, settings) as running:
        yield running


def _voice(simulator: RunningSimulator, ahead: timedelta = timedelta()) -> BlueskyResponder:
    handle, password = simulator.settings.bluesky_handle, simulator.settings.bluesky_password
    file = simulator.settings.database.parent / "sessions" / "ours"
    return BlueskyResponder(
        handle=handle,
        app_password=password,
        base_url=simulator.bluesky_url,
        kept=KeptSession(file, handle, password),
        clock=lambda: datetime.now(UTC) + ahead,
    )


def _reply(uri: str | None, text: str = "Thank you.", **more: object) -> OutgoingPost:
    given = {"language": "en", "idempotency_key": "reply-1-1", "started_at": datetime.now(UTC), **more}
    return OutgoingPost(reply_id=1, text=text, conversation_id=uri or "", in_reply_to=uri, **given)  # type: ignore[arg-type]


def _attempt(post: OutgoingPost) -> SendAttempt:
    return SendAttempt(idempotency_key=post.idempotency_key, text=post.text, started_at=post.started_at, reply_id=1)


async def test_a_reply_hangs_under_its_parent_and_its_root(simulator: RunningSimulator) -> None:
    root = simulator.say_on_bluesky("a hole")
    parent = simulator.say_on_bluesky("still there", in_reply_to=root)
    known = {one["uri"]: one["cid"] for one in simulator.bluesky_posts()}
    given = {"root_uri": root, "root_cid": known[root], "uri": parent, "cid": known[parent]}
    async with _voice(simulator) as voice:
        await voice.send(_reply(parent, reply_with=given, language="es"))
        await voice.send(_reply(parent, idempotency_key="reply-1-2"))
    for one in simulator.our_replies_on_bluesky(parent):
        assert one["record"]["reply"] == {
            "root": {"uri": root, "cid": known[root]},
            "parent": {"uri": parent, "cid": known[parent]},
        }
    assert [one["record"]["langs"] for one in simulator.our_replies_on_bluesky()] == [["es"], ["en"]]


async def test_links_and_names_are_marked_by_bytes(simulator: RunningSimulator) -> None:
    text = "Cảm ơn 🕳 @dee-215.test, xem https://phila.gov/311. @nobody.test"
    uri = simulator.say_on_bluesky("a hole", author="dee_215")
    async with _voice(simulator) as voice:
        await voice.send(_reply(uri, text))
    (one,) = simulator.our_replies_on_bluesky()
    said = text.encode()
    marked = {
        said[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode(): facet["features"][0]
        for facet in one["record"]["facets"]
    }
    assert marked["https://phila.gov/311"]["uri"] == "https://phila.gov/311"
    assert marked["@dee-215.test"]["did"] == next(post["did"] for post in simulator.bluesky_posts(by="residents"))
    assert len(marked) == 2


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(minutes=2)], ids=["at once", "a minute later"])
async def test_our_repository_proves_both_ways(simulator: RunningSimulator, ahead: timedelta) -> None:
    uri = simulator.say_on_bluesky("a hole")
    landed, lost = _reply(uri), _reply(uri, idempotency_key="reply-2-1")
    simulator.fault("bluesky", "drop_after", "createRecord")
    async with _voice(simulator, ahead) as voice:
        with pytest.raises(SendUncertain):
            await voice.send(landed)
        proof = await voice.find_sent(_attempt(landed))
        absent = await voice.find_sent(_attempt(lost))
    (standing,) = simulator.our_replies_on_bluesky(uri)
    assert isinstance(proof, Sent)
    assert proof.post.post_id == standing["uri"]
    assert isinstance(absent, ProvedAbsent if ahead else CannotTell)


async def test_the_same_attempt_cannot_stand_twice(simulator: RunningSimulator) -> None:
    uri = simulator.say_on_bluesky("a hole")
    post = _reply(uri)
    async with _voice(simulator) as voice:
        sent = await voice.send(post)
        with pytest.raises(SendUncertain):
            await voice.send(post)
        proof = await voice.find_sent(_attempt(post))
    assert isinstance(proof, Sent)
    assert proof.post.post_id == sent.post_id
    assert len(simulator.our_replies_on_bluesky()) == 1


async def test_a_reply_nobody_would_see_is_refused_before_it_is_posted(simulator: RunningSimulator) -> None:
    closed = simulator.say_on_bluesky("friends only", replies="nobody")
    async with _voice(simulator) as voice:
        with pytest.raises(SendRefused, match="limited who may reply"):
            await voice.send(_reply(closed))
    assert simulator.our_replies_on_bluesky() == []
    assert not simulator.calls(channel="bluesky", operation="createRecord")


async def test_trouble_before_posting_defers_because_nothing_was_posted(simulator: RunningSimulator) -> None:
    uri = simulator.say_on_bluesky("a hole")
    async with _voice(simulator) as voice:
        for kind in ("drop_after", "html_error", "garbage", "rate_limit"):
            simulator.fault("bluesky", kind, "getPosts")
            with pytest.raises(SendDeferred):
                await voice.send(_reply(uri))
        simulator.fault("bluesky", "status", "createRecord", status=400, body={"error": "ExpiredToken"})
        with pytest.raises(SendDeferred):
            await voice.send(_reply(uri))
        await voice.send(_reply(uri))
    assert len(simulator.our_replies_on_bluesky(uri)) == 1


@given(st.integers(1, 10**15), st.text(max_size=20))
def test_a_record_key_is_a_tid_that_sorts_by_time_and_is_always_the_same(later_us: int, key: str) -> None:
    at = NOW + timedelta(microseconds=later_us)
    made = record_key(at, key)
    assert TID.fullmatch(made)
    assert made == record_key(at, key)
    assert made[:-2] <= record_key(at + timedelta(microseconds=1), key)
    assert record_key(at + timedelta(milliseconds=1), "") > made


def test_another_attempt_has_another_key() -> None:
    assert record_key(NOW, "reply-1-1") != record_key(NOW, "reply-1-2")
    assert record_key(NOW, "reply-1-1") != record_key(NOW + timedelta(microseconds=1), "reply-1-1")


@given(st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("👩‍👧🏽é字")), max_size=400))
def test_length_is_within_its_limit_only_where_both_measures_are(text: str) -> None:
    assert length(text) <= 300 or len(text) > 300 or len(text.encode()) > 3000
    assert (length(text) <= 300) <= (len(text.encode()) <= 3000)


def test_length_counts_letters_as_people_see_them() -> None:
    assert length("") == 0
    assert length("e\u0301") == 1
    assert length("🇺🇸") == 1
    assert length("👩‍👩‍👧‍👦" * 120) == 300
    assert length("👩‍👩‍👧‍👦" * 121) == 303
