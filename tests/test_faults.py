"""The parts of the faults benchmark that could be wrong unnoticed: the form it reads, the faults it arms."""

from benchmarks.clerk import SIGNED
from benchmarks.faults import CALLS, KINDS
from benchmarks.person import stands, thread_place
from benchmarks.towns import TOWNS
from hark311.rehearsal.page_reading import read_forms
from hark311.simulator.faults import Fault
from models import CHANNELS, Channel

PAGE = """
<form action="/sign-out"><input name="csrf" value="other"></form>
<form id="decision"><input name="csrf" value="t0ken"><input type="hidden" name="seen_version" value="3"></form>
<textarea form="decision" name="reply_text">
Danke &amp; bis bald</textarea>
<select form="decision" name="language">
<option value="en">English</option><option value="es" selected>Spanish</option>
</select>
<input type="checkbox" form="decision" name="send_reply" value="yes" checked>
<input type="checkbox" form="decision" name="file_request" value="yes">
<input name="elsewhere" value="no">
<button form="decision" formaction="/mentions/7/approve">Approve</button>
<button form="decision" formaction="/mentions/7/release">Give back</button>
"""


def test_the_clerk_sends_what_a_browser_would_send() -> None:
    said = read_forms(PAGE)
    assert said.decision == {
        "csrf": "t0ken",
        "seen_version": "3",
        "reply_text": "Danke & bis bald",
        "language": "es",
        "send_reply": "yes",
    }
    assert said.offers == ["/mentions/7/approve", "/mentions/7/release"]


def test_a_clerk_signs_in_place_of_whoever_signed_before() -> None:
    assert SIGNED.sub("", "We look into it. (Ma 7) (No 7)") == "We look into it."


def test_every_channel_can_be_put_under_fire() -> None:
    assert set(CALLS) == set(TOWNS) == {one for one in Channel if CHANNELS[one].speaks}
    for channel, calls in CALLS.items():
        for kind, how, _ in KINDS:
            Fault.model_validate({"channel": channel.value, "kind": kind, "operation": calls[0], **how})


def test_a_reply_is_found_whatever_a_channel_puts_around_it() -> None:
    assert stands([("12", "@dee We look &amp; learn (Ma 1)")], "12", "We look & learn (Ma 1)") == 1
    assert stands([("77:None", "We look (Ma 1)")], "77:5:17-ab", "We look (Ma 1)") == 1
    assert stands([("77:6", "We look (Ma 1)")], "77:5", "We look (Ma 1)") == 0
    assert stands([("77:None", "We look (Ma 1)")], "77:5", "We look (Ma 1)", parent_stands=True) == 0
    assert thread_place("at://did:plc:x/app.bsky.feed.post/3k#bafy") == "at://did:plc:x/app.bsky.feed.post/3k"
