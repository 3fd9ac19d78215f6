"""X replies: how X counts, how two texts are known to be one, and what its refusals mean."""

import json
import os
import re
import unicodedata
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from hark311.outgoing import x_session
from hark311.simulator import RunningSimulator
from models import SendAttempt
from models.posts import OutgoingPost
from responders.errors import SendDeferred, SendRefused, SendUncertain
from responders.protocol import CannotTell, Sent
from responders.wording import LEFT_TO_RIGHT_MARK
from responders.x import XResponder, comparable, composer, length

FAMILY, FLAG, THUMB, KEYCAP = "👨‍👩‍👧‍👦", "🇺🇸", "👍🏽", "1️⃣"


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("", 0),
        ("Thank you.", 10),
        ("спасибо", 7),
        ("شكرا", 4),
        ("धन्यवाद", 7),
        ("한국어", 6),
        ("谢谢", 4),
        ("ありがとう", 10),
        ("អរគុណ", 10),
        ("\u10ff", 1),
        ("\u1100", 2),
        ("\u1fff", 2),
        ("\u2000", 1),
        ("\u200d", 1),
        ("\u200e", 2),
        ("\u2010", 1),
        ("\u201f", 1),
        ("\u2020", 2),
        ("\u2032", 1),
        ("\u2037", 1),
        ("\u2038", 2),
        ("“so” – ‘so’ — so", 16),
        ("wait…", 6),
        ("• one", 6),
        ("cảm ơn", 7),
        ("ơ", 1),
        ("Café", 4),
        ("Cafe\u0301", 4),
        ("ca\u0309m", 4),
        ("☔", 2),
        (FAMILY, 2),
        (FLAG, 2),
        (THUMB, 2),
        (KEYCAP, 2),
        (FAMILY * 3, 6),
        ("https://phila.gov", 23),
        ("https://www.phila.gov/departments/streets-department/and/much/more?of=it#here", 23),
        ("phila.gov", 23),
        ("phila.gov/311", 23),
        ("see phila.gov/311 now", 31),
        ("(https://phila.gov)", 25),
        ("https://phila.gov.", 24),
        ("phila.gov and septa.org", 51),
        ("311@phila.gov", 13),
        ("note.txt", 8),
        ("#phila", 6),
        ("@dee_215 thank you", 18),
        ("one\ntwo", 7),
    ],
)
def test_a_text_weighs_what_x_says(text: str, weight: int) -> None:
    assert length(text) == weight


def test_x_counts_a_text_as_it_is_composed_however_it_was_typed() -> None:
    for text in ("Café", "cảm ơn", "한국어"):
        assert length(unicodedata.normalize("NFD", text)) == length(text)


def _conformance_cases(file: Path, name: str) -> Iterator[tuple[str, str, int]]:
    """(description, text, weightedLength) of one set; reads as much YAML as that file uses."""
    section = file.read_text().split(f"  {name}:\n")[1]
    section = re.split(r"^  \w+:\n", section, flags=re.MULTILINE)[0]
    for case in re.split(r"^    - ", section, flags=re.MULTILINE)[1:]:
        fields = dict(re.findall(r"^\s*(description|text|weightedLength): (.+)$", case, re.MULTILINE))
        written = re.sub(r"\\U([0-9A-Fa-f]{8})", lambda found: chr(int(found[1], 16)), fields["text"])
        yield fields["description"], json.loads(written), int(fields["weightedLength"])


@pytest.mark.parametrize(
    ("name", "how_many"),
    [("WeightedTweetsWithDiscountedEmojiCounterTest", 22), ("UnicodeDirectionalMarkerCounterTest", 1)],
)
def test_the_published_conformance_cases_hold(name: str, how_many: int) -> None:
    where = os.environ.get("TWITTER_TEXT_CASES")
    if not where:
        pytest.skip("set TWITTER_TEXT_CASES to conformance/validate.yml of twitter/twitter-text")
    cases = list(_conformance_cases(Path(where), name))
    assert len(cases) >= how_many
    wrong = {what: (length(text), weight) for what, text, weight in cases if length(text) != weight}
    assert wrong == {}


@pytest.mark.parametrize(
    ("ours", "shown"),
    [
        ("Thank you.", "@dee_215 Thank you."),
        ("Thank you.", "@dee_215 @sam_19147 Thank you."),
        ("5 < 6 & 7 > 3", "@dee_215 5 &lt; 6 &amp; 7 &gt; 3"),
        ("write &amp; for &", "@dee_215 write &amp;amp; for &amp;"),
        ("Cafe\u0301", "@dee_215 Café"),
        ("see https://phila.gov/311 now", "@dee_215 see https://t.co/abcdefghij now"),
        ("see phila.gov/311 now", "@dee_215 see https://t.co/abcdefghij now"),
        ("see phila.gov/311.", "@dee_215 see https://t.co/abcdefghij."),
        ("(phila.gov)", "@dee_215 (https://t.co/abcdefghij)"),
        ("one\n\ntwo ", "@dee_215 one\n\ntwo"),
        (f"رقم {LEFT_TO_RIGHT_MARK}14000231", "@dee_215 رقم 14000231"),
        ("@dee_215 thank you", "@dee_215 thank you"),
    ],
)
def test_a_text_is_known_again_as_x_shows_it(ours: str, shown: str) -> None:
    assert comparable(ours) == comparable(unescape(shown))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Thank you.", "Thank you!"),
        ("request 14000231", "request 14000232"),
        ("see phila.gov", "see"),
        ("thank you @sam_19147", "thank you @dee_215"),
        ("5 < 6", "5 6"),
        ("Thank you.", "thank you."),
    ],
)
def test_different_texts_are_not_taken_for_one(one: str, other: str) -> None:
    assert comparable(one) != comparable(other)


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    with RunningSimulator(tmp_path / "city.db") as running:
        yield running


@pytest.fixture
async def x(simulator: RunningSimulator) -> AsyncIterator[XResponder]:
    keys = simulator.settings.x_keys
    async with XResponder(
        session=x_session(simulator.x_url),
        bearer_token=keys.bearer_token,
        consumer_key=keys.consumer_key,
        consumer_secret=keys.consumer_secret,
        access_token=keys.access_token,
        access_token_secret=keys.access_token_secret,
    ) as responder:
        yield responder


def _reply(to: str, text: str = "Thank you. Request 14000231.") -> OutgoingPost:
    return OutgoingPost(1, text, to, to, "en", "reply-1-1", datetime.now(UTC))


def _attempt(to: str, text: str = "Thank you. Request 14000231.") -> SendAttempt:
    return SendAttempt(
        reply_id=1,
        idempotency_key="reply-1-1",
        text=text,
        conversation_id=to,
        in_reply_to=to,
        started_at=datetime.now(UTC),
    )


@pytest.mark.parametrize(
    "text",
    [
        "see phila.gov/311 or https://www.phila.gov/services/ now.",
        "5 < 6 & 7 > 3, &amp; so on",
        "Cafe\u0301 – “so”",
        f"تم تسجيل البلاغ برقم {LEFT_TO_RIGHT_MARK}14000231",
        "@dee_215 thank you",
        f"{FAMILY} thank you {FLAG}",
        "one\n\ntwo",
    ],
)
async def test_a_reply_whose_answer_was_lost_is_found_whatever_x_made_of_its_words(
    simulator: RunningSimulator, x: XResponder, text: str
) -> None:
    asked = simulator.say_on_x("a hole", author="dee_215")
    simulator.fault("x", "drop_after", "create_post")
    with pytest.raises(SendUncertain):
        await x.send(_reply(asked, text))
    proof = await x.find_sent(_attempt(asked, text))
    assert isinstance(proof, Sent)
    (standing,) = simulator.our_replies_on_x(asked)
    assert proof.post.post_id == standing["id"]
    assert abs((datetime.now(UTC) - proof.post.sent_at).total_seconds()) < 30


async def test_a_reply_is_found_behind_more_than_a_page_of_others(simulator: RunningSimulator, x: XResponder) -> None:
    simulator.limits(on=False)
    asked, other = simulator.say_on_x("a hole"), simulator.say_on_x("another hole")
    sent = await x.send(_reply(asked))
    for number in range(101):
        await x.send(_reply(other, f"Thank you, neighbor number {number}."))
    proof = await x.find_sent(_attempt(asked))
    assert isinstance(proof, Sent)
    assert proof.post.post_id == sent.post_id


async def test_the_same_words_under_another_post_prove_nothing(simulator: RunningSimulator, x: XResponder) -> None:
    asked, other = simulator.say_on_x("a hole"), simulator.say_on_x("another hole")
    await x.send(_reply(other))
    assert isinstance(await x.find_sent(_attempt(asked)), CannotTell)
    with pytest.raises(SendRefused, match="posted before"):
        await x.send(_reply(asked))
    assert simulator.our_replies_on_x(asked) == []


async def test_other_words_under_the_same_post_prove_nothing(simulator: RunningSimulator, x: XResponder) -> None:
    asked = simulator.say_on_x("a hole")
    await x.send(_reply(asked, "Where is it?"))
    assert isinstance(await x.find_sent(_attempt(asked)), CannotTell)


async def test_a_duplicate_that_stands_where_ours_belongs_is_ours(simulator: RunningSimulator, x: XResponder) -> None:
    asked = simulator.say_on_x("a hole")
    first = await x.send(_reply(asked))
    again = await x.send(_reply(asked))
    assert again.post_id == first.post_id
    assert len(simulator.our_replies_on_x(asked)) == 1


@pytest.mark.parametrize("kind", ["html_error", "bad_key", "rate_limit", "garbage", "drop_before"])
async def test_a_duplicate_that_cannot_be_looked_for_is_uncertain(
    simulator: RunningSimulator, x: XResponder, kind: str
) -> None:
    asked = simulator.say_on_x("a hole")
    await x.send(_reply(asked))
    simulator.fault("x", kind, "timeline")
    with pytest.raises(SendUncertain):
        await x.send(_reply(asked))
    assert len(simulator.our_replies_on_x(asked)) == 1


async def test_who_did_not_name_us_is_not_answered(simulator: RunningSimulator, x: XResponder) -> None:
    asked = simulator.say_on_x("a hole on Locust", mention=False)
    with pytest.raises(SendRefused, match="did not name or quote us") as refused:
        await x.send(_reply(asked))
    assert not refused.value.author_blocks_us


async def test_an_author_who_limits_replies_is_told_as_such(simulator: RunningSimulator, x: XResponder) -> None:
    asked = simulator.say_on_x("a hole", reply_settings="subscribers", mention=False)
    with pytest.raises(SendRefused, match=r"limited who may reply|restricted who can reply"):
        await x.send(_reply(asked))


async def test_a_post_of_an_author_who_went_private_is_gone_for_us(simulator: RunningSimulator, x: XResponder) -> None:
    asked = simulator.say_on_x("a hole", author="dee_215")
    simulator.change_author("dee_215", protected=True)
    with pytest.raises(SendRefused, match="gone"):
        await x.send(_reply(asked))


async def test_a_refusal_in_words_we_do_not_know_is_shown_as_x_says_it(
    simulator: RunningSimulator, x: XResponder
) -> None:
    asked = simulator.say_on_x("a hole")
    body = {"title": "Forbidden", "detail": "Not on a Sunday.", "status": 403, "type": "about:blank"}
    simulator.fault("x", "status", "create_post", status=403, body=body)
    with pytest.raises(SendRefused, match=r"X refused this reply: Not on a Sunday\.\.?$") as refused:
        await x.send(_reply(asked))
    assert not refused.value.credentials


async def test_a_rate_limit_without_a_time_waits_a_minute(simulator: RunningSimulator, x: XResponder) -> None:
    asked = simulator.say_on_x("a hole")
    simulator.fault("x", "status", "create_post", status=429, body={"title": "Too Many Requests"})
    with pytest.raises(SendDeferred) as deferred:
        await x.send(_reply(asked))
    assert 50 < (deferred.value.retry_at - datetime.now(UTC)).total_seconds() < 70


def _message(simulator: RunningSimulator, text: str, author: str = "dee_215") -> OutgoingPost:
    """An answer in private to what a resident wrote just now."""
    simulator.message_on_x("the hydrant is open", author=author)
    said = simulator.messages_on_x(by="residents")[-1]
    room = str(said["room"])
    (person,) = set(room.split("-")) - {str(simulator.settings.x_keys.account_id)}
    return replace(_reply(f"dm:{said['id']}", text), conversation_id=f"dm:{room}", author_id=person, private=True)


def _id_of(x: XResponder, handle: str) -> str:
    return str(x._client.get_user(username=handle)["data"]["id"])


def _tried(post: OutgoingPost) -> SendAttempt:
    return SendAttempt(
        reply_id=1,
        idempotency_key="reply-1-1",
        text=post.text,
        conversation_id=post.conversation_id,
        in_reply_to=post.in_reply_to,
        started_at=post.started_at,
    )


def _ours(simulator: RunningSimulator) -> list[str]:
    return [str(one["text"]) for one in simulator.messages_on_x(by="us")]


async def test_a_private_answer_goes_to_who_wrote_and_nobody_else_reads_it(
    simulator: RunningSimulator, x: XResponder
) -> None:
    post = _message(simulator, "Thank you. " + "We look into it. " * 60)
    sent = await x.send(post)
    (standing,) = simulator.messages_on_x(by="us")
    assert (standing["text"], standing["room"]) == (post.text, post.conversation_id.removeprefix("dm:"))
    assert sent.post_id == f"dm:{standing['id']}"
    assert sent.url.startswith("https://x.com/messages/")
    assert simulator.our_replies_on_x() == []


async def test_nobody_is_written_to_in_private_who_has_not_written_to_us(
    simulator: RunningSimulator, x: XResponder
) -> None:
    with pytest.raises(SendRefused, match="only to somebody who has written to us"):
        await x.send(replace(_message(simulator, "Hello."), author_id=""))
    simulator.say_on_x("a hole", author="other_neighbor")
    with pytest.raises(SendRefused, match="they have to write first"):
        await x.send(replace(_message(simulator, "Hello."), author_id=_id_of(x, "other_neighbor")))
    assert _ours(simulator) == []


@pytest.mark.parametrize("kind", ["drop_after", "garbage"])
async def test_a_private_answer_whose_answer_was_lost_is_found_in_the_chat(
    simulator: RunningSimulator, x: XResponder, kind: str
) -> None:
    post = _message(simulator, "See phila.gov/311: 5 < 6 & so on.")
    simulator.fault("x", kind, "create_message")
    with pytest.raises(SendUncertain):
        await x.send(post)
    proof = await x.find_sent(_tried(post))
    assert isinstance(proof, Sent)
    (standing,) = simulator.messages_on_x(by="us")
    assert proof.post.post_id == f"dm:{standing['id']}"


async def test_the_same_private_words_from_another_day_prove_nothing(
    simulator: RunningSimulator, x: XResponder
) -> None:
    post = _message(simulator, "Thank you.")
    await x.send(post)
    assert isinstance(await x.find_sent(_tried(post)), Sent)
    later = replace(post, started_at=datetime.now(UTC) + timedelta(hours=1))
    assert isinstance(await x.find_sent(_tried(later)), CannotTell)
    assert isinstance(await x.find_sent(_tried(replace(post, text="Thank you!"))), CannotTell)


async def test_a_reply_names_its_author_and_none_of_the_bystanders(simulator: RunningSimulator, x: XResponder) -> None:
    simulator.say_on_x("hello", author="sam_19147")
    asked = simulator.say_on_x("a hole @sam_19147 look", author="dee_215")
    with_sam = await x.send(_reply(asked, "Thank you, one."))
    without = await x.send(replace(_reply(asked, "Thank you, two."), reply_with={"bystanders": _id_of(x, "sam_19147")}))
    said = {one["id"]: one["text"] for one in simulator.our_replies_on_x(asked)}
    assert said[with_sam.post_id] == "@dee_215 @sam_19147 Thank you, one."
    assert said[without.post_id] == "@dee_215 Thank you, two."


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (402, {"title": "CreditsDepleted", "detail": "Your enrolled account does not have any credits."}),
        (429, {"title": "UsageCapExceeded", "type": "https://api.twitter.com/2/problems/usage-capped"}),
    ],
)
async def test_spent_credits_hold_a_reply_and_do_not_lose_it(
    simulator: RunningSimulator, x: XResponder, status: int, body: dict[str, str]
) -> None:
    asked = simulator.say_on_x("a hole")
    simulator.fault("x", "status", "create_post", status=status, body=body)
    with pytest.raises(SendDeferred, match="used up") as deferred:
        await x.send(_reply(asked))
    assert deferred.value.retry_at > datetime.now(UTC) + timedelta(minutes=50)


async def test_an_author_whom_x_has_suspended_is_no_fault_of_ours(simulator: RunningSimulator, x: XResponder) -> None:
    asked = simulator.say_on_x("a hole")
    body = {"title": "Forbidden", "detail": "User has been suspended: [dee_215].", "status": 403}
    simulator.fault("x", "status", "create_post", status=403, body=body)
    with pytest.raises(SendRefused, match="X has suspended the author") as refused:
        await x.send(_reply(asked))
    assert not refused.value.credentials


@pytest.mark.parametrize(
    "detail",
    [
        "Your client app is not configured with the appropriate oauth1 app permissions for this endpoint.",
        "Your account is suspended and is not permitted to access this feature.",
        "To protect our users, this account is temporarily locked.",
    ],
)
async def test_what_x_holds_against_us_is_no_fault_of_the_reply(
    simulator: RunningSimulator, x: XResponder, detail: str
) -> None:
    asked = simulator.say_on_x("a hole")
    body = {"title": "Forbidden", "detail": detail, "status": 403}
    simulator.fault("x", "status", "create_post", status=403, body=body)
    with pytest.raises(SendRefused, match="somebody has to") as refused:
        await x.send(_reply(asked))
    assert refused.value.credentials


def test_the_words_reach_xs_own_window_whole() -> None:
    words = "Thank you & so on: 5 < 6 #phila?\n👍"
    public = composer(words, "17", "9", private=False)
    assert parse_qs(urlsplit(public).query) == {"in_reply_to": ["17"], "text": [words]}
    private = composer(words, "dm:17", "9", private=True)
    assert parse_qs(urlsplit(private).query) == {"recipient_id": ["9"], "text": [words]}
    assert {urlsplit(one).hostname for one in (public, private)} == {"x.com"}


def test_no_window_of_xs_is_opened_with_words_for_a_group_chat() -> None:
    assert composer("Thank you.", "dm:17", "9", private=False) == ""
