"""What X gives beside mentions: quotes, what rules find, direct messages, threads, gaps, counts, and what is gone."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from hark311.outgoing import x_session
from hark311.simulator import RunningSimulator, SimulatorSettings
from listeners.errors import ChannelUnavailable, JobGone, PermissionMissing, RateLimited
from listeners.protocol import (
    Batch,
    ChecksAccount,
    ChecksCompliance,
    CountsMentions,
    FetchesThreads,
    Finding,
    FindsDeleted,
    HearsLanes,
    OurAccount,
    RefillsGaps,
    Searches,
    SearchRule,
)
from listeners.x import XListener
from listeners.x.direct_messages import read_messages
from models.posts import AttachmentKind, PostKind
from models.x_fields import first_id_at

US = "311000311"
HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    settings = SimulatorSettings(tmp_path / "city.db", port=0, mentions_reachable=150)
    with RunningSimulator(settings.database, settings) as running:
        yield running


def _listener(simulator: RunningSimulator, **other_keys: str) -> XListener:
    keys = simulator.settings.x_keys
    given: dict[str, Any] = {
        "bearer_token": keys.bearer_token,
        "consumer_key": keys.consumer_key,
        "consumer_secret": keys.consumer_secret,
        "access_token": keys.access_token,
        "access_token_secret": keys.access_token_secret,
    }
    return XListener(session=x_session(simulator.x_url), **(given | other_keys))


@pytest.fixture
async def x(simulator: RunningSimulator) -> AsyncIterator[XListener]:
    async with _listener(simulator) as listener:
        yield listener


def _rule(query: str = "pothole", begins_at: datetime = HOUR_AGO) -> SearchRule:
    return SearchRule(7, query, begins_at)


def _texts(batch: Batch) -> list[str]:
    return [post.text for post in batch.posts]


def _post_as_us(simulator: RunningSimulator, text: str) -> str:
    app: Any = simulator._app
    from hark311.simulator.x_network import Parents

    return str(app.state.box.x.post_as_us(text, Parents(), frozenset(), "everyone"))


def test_x_can_all_that_the_protocols_ask(simulator: RunningSimulator) -> None:
    listener = _listener(simulator)
    for ability in (
        FindsDeleted,
        FetchesThreads,
        HearsLanes,
        Searches,
        RefillsGaps,
        CountsMentions,
        ChecksAccount,
        ChecksCompliance,
    ):
        assert isinstance(listener, ability), ability


# what a rule finds


async def test_what_a_rule_finds_did_not_speak_to_us_and_may_not_be_answered(
    simulator: RunningSimulator, x: XListener
) -> None:
    simulator.say_on_x("a pothole on Locust Street", mention=False)
    (post,) = (await x.search(_rule(), None)).posts
    assert (post.kind, post.addressed, post.rule_id) == (PostKind.MENTION, False, 7)
    assert (post.may_reply, post.may_reply_reason) == (False, "the author did not name or quote us")


async def test_who_names_us_in_what_a_rule_finds_did_speak_to_us(simulator: RunningSimulator, x: XListener) -> None:
    simulator.say_on_x("a pothole on Locust Street")
    (post,) = (await x.search(_rule(), None)).posts
    assert (post.addressed, post.rule_id, post.may_reply) == (True, None, True)


async def test_a_rule_finds_neither_our_posts_nor_reposts(simulator: RunningSimulator, x: XListener) -> None:
    _post_as_us(simulator, "We filled a pothole.")
    said = simulator.say_on_x("a pothole", mention=False)
    simulator.say_on_x(repost_of=said, author="dee_215", mention=False)
    assert [post.post_id for post in (await x.search(_rule(), None)).posts] == [said]


async def test_a_rule_finds_nothing_from_before_it_began(simulator: RunningSimulator, x: XListener) -> None:
    simulator.say_on_x("an old pothole", mention=False)
    begins = datetime.now(UTC) + timedelta(milliseconds=2)
    batch = await x.search(_rule(begins_at=begins), None)
    assert list(batch.posts) == []


async def test_a_rule_is_caught_up_page_by_page_and_hears_nothing_twice(
    simulator: RunningSimulator, x: XListener
) -> None:
    said = [str(one["id"]) for one in simulator.say_many_on_x([{"text": "pothole", "mention": False}] * 130)]
    first = await x.search(_rule(), None)
    simulator.say_on_x("a pothole in the middle of it", mention=False)
    second = await x.search(_rule(), first.cursor)
    assert (first.more, second.more) == (True, False)
    assert {post.post_id for batch in (first, second) for post in batch.posts} >= set(said)
    third = await x.search(_rule(), second.cursor)
    assert "a pothole in the middle of it" in _texts(third)


async def test_a_rule_that_seldom_finds_anything_has_no_gap(simulator: RunningSimulator, x: XListener) -> None:
    found = simulator.say_on_x("a pothole", mention=False)
    cursor = (await x.search(_rule(), None)).cursor
    for days in (5, 10, 15):
        x._clock = lambda days=days: datetime.now(UTC) + timedelta(days=days)  # type: ignore[misc]
        batch = await x.search(_rule(), cursor)
        assert batch.gap is None, days
        cursor = batch.cursor
    assert found


async def test_a_rule_that_was_not_heard_for_a_week_has_a_gap_that_names_it(
    simulator: RunningSimulator, x: XListener
) -> None:
    cursor = (await x.search(_rule(), None)).cursor
    x._clock = lambda: datetime.now(UTC) + timedelta(days=8)
    batch = await x.search(_rule(), cursor)
    assert batch.gap is not None
    assert "rule 7" in batch.gap.reason
    assert (await x.search(_rule(), batch.cursor)).gap is None


async def test_x_counts_what_a_rule_would_find(simulator: RunningSimulator, x: XListener) -> None:
    simulator.say_many_on_x([{"text": "pothole", "mention": False}] * 12 + [{"text": "a tree", "mention": False}])
    assert await x.count("pothole") == 12
    assert await x.count("pothole OR tree") == 13


async def test_a_query_x_does_not_understand_says_so(simulator: RunningSimulator, x: XListener) -> None:
    with pytest.raises(ChannelUnavailable, match="did not understand"):
        await x.count("(pothole")


# quotes


async def test_who_quotes_us_without_naming_us_is_heard(simulator: RunningSimulator, x: XListener) -> None:
    ours = _post_as_us(simulator, "Trash day has moved.")
    simulator.say_on_x("not on my street", quote_of=ours, mention=False)
    simulator.say_on_x(f"look: x.com/Philly311Demo/status/{ours}", mention=False)
    batch = await x.fetch_lane("quotes", None)
    (post,) = (one for one in batch.posts if one.kind == PostKind.MENTION)
    assert (post.text, post.addressed, post.may_reply_reason) == ("not on my street", True, "the author quoted us")
    assert [one.text for one in batch.posts if one.kind == PostKind.OWN] == ["Trash day has moved."]
    assert [one for one in (await x.fetch_lane("quotes", batch.cursor)).posts if one.kind == PostKind.MENTION] in (
        [],
        [post],
    )


# direct messages


async def test_a_direct_message_is_a_private_mention_of_its_own_chat(simulator: RunningSimulator, x: XListener) -> None:
    event = simulator.message_on_x("no heat in our flat &amp; it is cold", author="dee_215")
    (post,) = (await x.fetch_lane("messages", None)).posts
    room = simulator.messages_on_x()[0]["room"]
    assert (post.post_id, post.edit_chain, post.conversation_id) == (f"dm:{event}", f"dm:{event}", f"dm:{room}")
    assert (post.kind, post.private, post.may_reply) == (PostKind.MENTION, True, True)
    assert (post.author.handle, post.text) == ("dee_215", "no heat in our flat & it is cold")
    assert abs(datetime.now(UTC) - post.created_at) < timedelta(minutes=1)


def test_a_message_that_cannot_be_read_is_never_taken_for_a_post() -> None:
    """Compliance asks X which posts are gone; asked about a message's number, X would say that there is none."""
    posts, (broken,) = read_messages({"data": [{"id": "123", "text": "no sender"}]}, OurAccount(US, "Philly311Demo"))
    assert (posts, broken.channel_post_id) == ([], "dm:123")


async def test_what_we_wrote_in_a_chat_is_ours(simulator: RunningSimulator, x: XListener) -> None:
    simulator.message_on_x("hello")
    app: Any = simulator._app
    from hark311.simulator.x_messages import XMessages

    XMessages(app.state.box.x).send(simulator.messages_on_x()[0]["room"], "Good morning.")
    posts = (await x.fetch_lane("messages", None)).posts
    assert [(post.kind, post.text) for post in posts] == [(PostKind.MENTION, "hello"), (PostKind.OWN, "Good morning.")]
    assert posts[0].conversation_id == posts[1].conversation_id


async def test_a_photo_in_a_message_comes_with_its_alt_text(simulator: RunningSimulator, x: XListener) -> None:
    simulator.message_on_x("look", photos=[{"alt": "a broken step"}])
    (post,) = (await x.fetch_lane("messages", None)).posts
    (photo,) = post.attachments
    assert (photo.kind, photo.alt_text) == (AttachmentKind.PHOTO, "a broken step")


async def test_a_group_chat_is_private_and_not_answered_by_api(simulator: RunningSimulator, x: XListener) -> None:
    simulator.message_on_x("all of us have no heat", group="1700000000000000001")
    (post,) = (await x.fetch_lane("messages", None)).posts
    assert (post.private, post.may_reply) == (True, False)
    assert "group chat" in post.may_reply_reason


async def test_messages_are_caught_up_page_by_page_and_stop_at_what_is_known(
    simulator: RunningSimulator, x: XListener
) -> None:
    old = datetime.now(UTC) - timedelta(days=2)
    for number in range(3):
        simulator.message_on_x(f"old {number}", created_at=old.isoformat())
    batch = await x.fetch_lane("messages", None)
    app: Any = simulator._app
    from hark311.simulator.spoken import MessageOnX
    from hark311.simulator.x_messages import XMessages

    XMessages(app.state.box.x).say([MessageOnX(text=f"new {number}") for number in range(120)])
    heard: list[str] = []
    cursor, more, calls = batch.cursor, True, 0
    while more:
        batch = await x.fetch_lane("messages", cursor)
        cursor, more, calls = batch.cursor, batch.more, calls + 1
        heard += _texts(batch)
    assert calls == 2
    assert {f"new {number}" for number in range(120)} <= set(heard)


async def test_no_more_than_fifteen_looks_at_messages_in_fifteen_minutes(
    simulator: RunningSimulator, x: XListener
) -> None:
    for _ in range(15):
        await x.fetch_lane("messages", None)
    with pytest.raises(RateLimited):
        await x.fetch_lane("messages", None)


async def test_a_key_without_the_right_to_messages_is_told_as_such(simulator: RunningSimulator, x: XListener) -> None:
    body = {"title": "Forbidden", "detail": "Your client app is not configured with the appropriate permissions."}
    simulator.fault("x", "status", "messages", status=403, body=body)
    with pytest.raises(PermissionMissing, match="appropriate permissions"):
        await x.fetch_lane("messages", None)


async def test_used_up_credits_are_no_rate_limit(simulator: RunningSimulator, x: XListener) -> None:
    body = {"title": "UsageCapExceeded", "type": "https://api.twitter.com/2/problems/usage-capped", "detail": "cap"}
    simulator.fault("x", "status", "mentions", status=429, body=body)
    with pytest.raises(PermissionMissing, match="credits"):
        await x.fetch(None)


# gaps, counts, threads


async def test_beyond_what_x_lists_is_a_gap_that_search_fills_again(simulator: RunningSimulator, x: XListener) -> None:
    simulator.say_on_x("the first one")
    cursor = (await x.fetch(None)).cursor
    said = [str(one["id"]) for one in simulator.say_many_on_x([{"text": f"pile {n}"} for n in range(330)])]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("listeners.x.mentions.REACHABLE_MENTIONS", simulator.settings.mentions_reachable)
        first = await x.fetch(cursor)
        second = await x.fetch(first.cursor)
    assert second.gap is not None
    heard = {post.post_id for batch in (first, second) for post in batch.posts}
    assert not second.more
    again, page, more = set[str](), None, True
    while more:
        batch = await x.refill(second.gap.after_post_id, second.gap.before_post_id, page)
        page, more = batch.cursor, batch.more
        again |= {post.post_id for post in batch.posts}
        assert batch.gap is None
    assert heard | again >= set(said)
    assert not again & set(said[-100:])


async def test_what_lies_further_back_than_search_cannot_be_filled_again(
    simulator: RunningSimulator, x: XListener
) -> None:
    now = datetime.now(UTC)
    old, older = (first_id_at(now - timedelta(days=days)) for days in (8, 9))
    said = simulator.say_on_x("a hole")
    batch = await x.refill(older, old, None)
    assert (list(batch.posts), batch.more) == ([], False)
    assert batch.gap is not None
    assert "seven days" in batch.gap.reason
    partly = await x.refill(old, first_id_at(now + timedelta(minutes=1)), None)
    assert [post.post_id for post in partly.posts] == [said]
    assert partly.gap is not None
    assert partly.gap.after_post_id == old


async def test_a_refill_whose_page_x_forgot_begins_anew(simulator: RunningSimulator, x: XListener) -> None:
    simulator.say_on_x("a hole")
    after, before = (first_id_at(datetime.now(UTC) + timedelta(minutes=minutes)) for minutes in (-5, 5))
    simulator.fault("x", "status", "search", status=400, body={"title": "Invalid Request"})
    batch = await x.refill(after, before, "b26abc")
    assert (batch.cursor, batch.more) == (None, True)


async def test_x_counts_the_mentions_of_a_day_and_of_none_it_has_forgotten(
    simulator: RunningSimulator, x: XListener
) -> None:
    simulator.say_many_on_x([{"text": "a"}, {"text": "b"}, {"text": "not for us", "mention": False}])
    _post_as_us(simulator, "Write to @Philly311Demo.")
    later = datetime.now(UTC) + timedelta(minutes=1)
    x._clock = lambda: later
    today = datetime.now(UTC).date()
    counted = await x.count_mentions(today)
    assert counted == 2
    assert await x.count_mentions(today - timedelta(days=1)) == 0
    assert await x.count_mentions(today - timedelta(days=9)) is None
    assert await x.count_mentions(today + timedelta(days=2)) is None


async def test_a_thread_comes_whole_as_context(simulator: RunningSimulator, x: XListener) -> None:
    root = simulator.say_on_x("our street looks bad", author="root_19104", mention=False)
    middle = simulator.say_on_x("there are holes", author="sam_19147", in_reply_to=root, mention=False)
    ours = simulator.say_on_x("@Philly311Demo look", author="dee_215", in_reply_to=middle)
    elsewhere = simulator.say_on_x("something else", mention=False)
    posts = await x.thread(root, ours)
    assert [post.post_id for post in posts] == [root, middle]
    assert {post.kind for post in posts} == {PostKind.CONTEXT}
    assert elsewhere not in {post.post_id for post in posts}
    assert list(await x.thread("dm:1-2", "dm:5")) == []


# gone


async def test_withheld_in_our_country_is_gone_and_elsewhere_it_is_not(
    simulator: RunningSimulator, x: XListener
) -> None:
    here, everywhere, elsewhere, plain = (simulator.say_on_x(f"hole {number}") for number in range(4))
    simulator.withhold_on_x(here, "DE", "US")
    simulator.withhold_on_x(everywhere, "XX")
    simulator.withhold_on_x(elsewhere, "DE")
    assert list(await x.deleted([here, everywhere, elsewhere, plain])) == [here, everywhere]


async def test_direct_messages_are_not_asked_for_as_posts(simulator: RunningSimulator, x: XListener) -> None:
    assert list(await x.deleted(["dm:123"])) == []
    assert simulator.calls(operation="lookup") == []


async def _found(x: XListener, ids: list[str]) -> dict[str, str]:
    job = await x.begin_compliance()
    await x.upload_compliance(job, ids)
    found = await x.compliance_found(job)
    assert found is not None
    return {one.post_id: one.why for one in found}


async def test_a_compliance_job_finds_what_is_gone_and_sends_no_key_to_the_store(
    simulator: RunningSimulator, x: XListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    stays, goes, hides = (simulator.say_on_x(f"hole {n}", author=f"author_{n}") for n in range(3))
    simulator.delete_on_x(goes)
    simulator.change_author("author_2", protected=True)
    sent: list[requests.PreparedRequest] = []
    plain = requests.Session.send

    def seen(self: requests.Session, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        sent.append(request)
        return plain(self, request, **more)

    monkeypatch.setattr(requests.Session, "send", seen)
    found = await _found(x, [stays, goes, hides, "dm:55", "unknown-5"])
    assert found == {goes: "its author deleted it", hides: "its author's posts are protected now"}
    stores = [one for one in sent if "/store/" in str(one.url)]
    assert len(stores) == 2
    assert not [one for one in stores if "Authorization" in one.headers]


async def test_a_job_that_stayed_open_after_a_crash_is_taken_up_again(
    simulator: RunningSimulator, x: XListener
) -> None:
    first = await x.begin_compliance()
    assert await x.begin_compliance() == first


async def test_a_job_x_has_forgotten_is_begun_again(simulator: RunningSimulator, x: XListener) -> None:
    with pytest.raises(JobGone):
        await x.compliance_found("999")


# doctor


def _said(findings: Any) -> dict[str, Finding]:
    return {one.what: one for one in findings}


async def test_the_doctor_learns_what_x_tells_of_the_key(simulator: RunningSimulator, x: XListener) -> None:
    found = _said(await x.check())
    assert found["key of the account"].ok
    assert found["what the key may do"].ok
    assert found["bearer token of the app"].ok
    assert found["clock"].ok
    assert found["automated label"].ok is None
    assert "Automation" in found["automated label"].advice


async def test_the_doctor_says_what_a_weak_key_lacks(tmp_path: Path) -> None:
    settings = replace(SimulatorSettings(tmp_path / "weak.db", port=0), x_access="read")
    with RunningSimulator(settings.database, settings) as simulator:
        async with _listener(simulator) as listener:
            found = _said(await listener.check())
    assert found["what the key may do"].ok is False
    assert "Read and write and Direct message" in found["what the key may do"].advice


async def test_the_doctor_names_the_key_that_is_wrong(simulator: RunningSimulator) -> None:
    async with _listener(simulator, access_token_secret="wrong") as listener:
        (only,) = await listener.check()
        assert (only.what, only.ok) == ("key of the account", False)
    async with _listener(simulator, bearer_token="wrong") as listener:
        found = _said(await listener.check())
        assert (found["key of the account"].ok, found["bearer token of the app"].ok) == (True, False)


async def test_the_doctor_sees_a_clock_that_is_off_and_an_account_nobody_can_read(
    simulator: RunningSimulator, x: XListener
) -> None:
    simulator.change_author("Philly311Demo", protected=True)
    x._clock = lambda: datetime.now(UTC) + timedelta(minutes=3)
    found = _said(await x.check())
    assert found["clock"].ok is False
    assert found["account is public"].ok is False


@pytest.mark.parametrize("kind", ["html_error", "garbage", "drop_before", "rate_limit", "bad_key"])
async def test_the_doctor_never_fails(simulator: RunningSimulator, x: XListener, kind: str) -> None:
    simulator.fault("x", kind, "*", times=None)
    assert not [one for one in await x.check() if one.ok]
