"""Invariant 8 (phone, e-mail, plate): private details are in no public draft, and cannot be approved into one."""

import pytest

from responders.drafting import Key
from responders.review import NotApproved
from tests.town import Town

PHONE, EMAIL, PLATE = "215-555-0142", "dee.b@example.org", "KVX 4821"
POST = f"Deep pothole at 5th and Market St. Call me at {PHONE} or {EMAIL}, the truck had PA plate {PLATE}"


def _waiting(town: Town) -> int:
    post_id = town.simulator.say_on_x(POST, author="dee_215")
    town.hear()
    return town.mention_of(post_id).id or 0


def test_the_drafts_hold_none_of_it(town: Town) -> None:
    mention_id = _waiting(town)
    drafts = (
        town.reply_to(mention_id).text
        + town.request_of(mention_id).description
        + town.request_of(mention_id).address_string
    )
    for detail in (PHONE, EMAIL, PLATE):
        assert detail not in drafts
    assert "pothole" in town.request_of(mention_id).description.lower()


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (f"We will call you at {PHONE}.", "phone"),
        ("We will call you at (215) 555 0142.", "phone"),
        (f"We wrote to {EMAIL}.", "email"),
        (f"We found the car with PA plate {PLATE}.", "plate"),
    ],
)
def test_a_public_reply_with_a_private_detail_cannot_be_approved(town: Town, words: str, kind: str) -> None:
    mention_id = _waiting(town)
    with pytest.raises(NotApproved, match=kind):
        town.approve(mention_id, words, file_request=False)
    town.deliver()
    assert town.our_replies_on_x() == []


@pytest.mark.parametrize(
    "words",
    [
        "Please call 311, or 215-686-8686.",
        "If anybody is hurt, call 911 now. In a crisis, call 988.",
        "Your request 13075315 is open since Nov 20, 2026.",
    ],
)
def test_the_citys_own_numbers_are_no_private_detail(town: Town, words: str) -> None:
    mention_id = _waiting(town)
    town.approve(mention_id, words, file_request=False)
    town.deliver()
    (sent,) = town.our_replies_on_x()
    assert words in sent


def test_in_a_private_chat_a_reply_may_name_what_the_resident_told_us(town: Town) -> None:
    town.simulator.say_on_telegram(POST)
    town.hear()
    (mention,) = town.mentions()
    town.approve(mention.id, f"We will call you at {PHONE}.", file_request=False)
    town.deliver()
    assert town.our_messages() == [f"We will call you at {PHONE}."]


def test_what_was_reported_in_private_is_not_told_where_everybody_reads(town: Town) -> None:
    town.simulator.message_on_x("There is a deep pothole at 5th and Market St", author="dee_215")
    town.hear()
    (told_us,) = town.mentions()
    town.approve(told_us.id)
    town.deliver()
    assert town.request_of(told_us.id).service_request_id
    asked = town.simulator.say_on_x("@Philly311Demo when will it be fixed? Any update on my request?", author="dee_215")
    town.hear()
    reply = town.reply_to(town.mention_of(asked).id)
    assert (reply.template_key, reply.request_id) == (Key.STATUS_UNKNOWN, None)


def test_a_request_with_a_private_detail_cannot_be_filed(town: Town) -> None:
    mention_id = _waiting(town)
    town.desk.claim(mention_id, town.staff_id)
    decided = town.seen(mention_id, send_reply=False)
    assert decided.request is not None
    from dataclasses import replace

    told = replace(decided, request=replace(decided.request, description=f"Pothole. Caller: {PHONE}"))
    with pytest.raises(NotApproved, match="private detail"):
        town.desk.approve(mention_id, town.staff_id, told)


@pytest.mark.parametrize(
    "words", ["Call the crew: ２１５－５５５－０１４２", "Write to dee＠example．org", "Call 215\u2013555\u20130142"]
)
def test_other_widths_and_dashes_hide_nothing(town: Town, words: str) -> None:
    mention_id = _waiting(town)
    with pytest.raises(NotApproved, match="private detail"):
        town.approve(mention_id, words, file_request=False)
