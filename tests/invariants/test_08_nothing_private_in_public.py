"""Invariant 8 (phone, e-mail, plate): private details are in no public draft, and cannot be approved into one."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from hark311 import wiring
from hark311.open311_server.callers import Caller
from hark311.open311_server.reading import asked_list
from hark311.open311_server.showing import Showing
from models import MentionState, Need, Post, ReplyState, Service, ServiceRequest
from models.deletion import forget_post
from responders.drafting import Key
from responders.review import NotApproved
from tests.town import Town

PHONE, EMAIL, PLATE = "215-555-0142", "dee.b@example.org", "KVX 4821"
GROUP = "1700000000000000001"
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


def test_in_a_group_chat_nothing_is_told_that_only_one_of_them_may_read(town: Town) -> None:
    town.simulator.message_on_x("There is a deep pothole at 512 Market St", author="dee_215")
    town.hear()
    (told_us,) = town.mentions()
    town.approve(told_us.id)
    town.deliver()
    town.simulator.message_on_x("my cases", author="dee_215", group=GROUP)
    town.simulator.message_on_x("any update on my pothole request?", author="dee_215", group=GROUP)
    town.clock.advance(minutes=2)  # X lets us ask for messages every minute
    town.hear()
    for mention in town.mentions()[1:]:
        reply = town.reply_to(mention.id)
        assert "Market" not in reply.text
        assert (reply.request_id, reply.state) == (None, ReplyState.DRAFT)
        with pytest.raises(NotApproved, match="private detail"):
            town.approve(mention.id, f"We will call you at {PHONE}.", file_request=False, by_hand=True)


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


def _told_to_anybody(town: Town) -> list[dict[str, Any]]:
    """What our own Open311 endpoint lists where everybody may read it."""
    showing = Showing(wiring.private_kinds(town.settings).details, ZoneInfo(town.settings.city_time_zone))
    with town.database.read() as session:
        return showing.listed(session, Caller(None, public=True), asked_list({}, town.clock()))


def _file(town: Town, mention_id: int | None) -> ServiceRequest:
    """The request of a mention, approved and filed."""
    town.approve(mention_id, send_reply=False)
    town.deliver()
    request = town.request_of(mention_id)
    assert request.service_request_id
    return request


def test_our_endpoint_lists_what_is_filed_and_nothing_of_a_private_chat_or_a_deleted_post(town: Town) -> None:
    kept = town.simulator.say_on_x(POST + " says @mae_jones", author="dee_215")
    town.simulator.message_on_x("There is a deep pothole at 9th and Arch St", author="dee_215")
    town.simulator.message_on_x("A tree fell on 10th and Pine St", author="sam_kens", group=GROUP)
    town.simulator.say_on_telegram("Graffiti on the wall at 4th and Race St")
    town.simulator.say_on_x("Street light is out at 12th and Chestnut St", author="another_one")  # waits
    town.hear()
    for mention in town.mentions(MentionState.DRAFTED):
        if town.request_of(mention.id).service_code != "STREET_LIGHT":
            _file(town, mention.id)
    assert len(town.mentions(MentionState.CLOSED)) == 4
    (shown,) = _told_to_anybody(town)
    assert shown["service_request_id"] == town.request_of(town.mention_of(kept).id).reference
    assert "pothole" in shown["description"].lower()
    assert [one for one in (PHONE, EMAIL, PLATE, "dee_215", "mae_jones") if one in str(shown)] == []
    with town.database.write() as session:
        post = session.exec(select(Post).where(Post.channel_post_id == kept)).one()
        forget_post(session, post, "listener", "its author deleted it", town.clock())
    assert _told_to_anybody(town) == []


def test_our_endpoint_tells_of_a_home_its_block_alone(town: Town) -> None:
    town.simulator.say_on_x("They did not pick up my trash at 1234 S 9th St, Philadelphia", author="dee_215")
    town.hear()
    request = _file(town, town.mentions()[0].id)
    with town.database.write() as session:
        service = session.get_one(Service, request.service_code)
        service.needs = Need.ADDRESS
        row = session.get_one(ServiceRequest, request.id)
        row.address_string, row.lat, row.long = "1234 S 9th St, Apt 2", 39.937149, -75.159981
        session.add_all([service, row])
    (shown,) = _told_to_anybody(town)
    assert (shown["address"], shown["lat"], shown["long"]) == ("1200 block of S 9th St", 39.937, -75.16)
    assert "1234" not in str(shown)
