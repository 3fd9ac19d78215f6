"""Invariant 10: length as the channel counts it, at its widest; may-we-reply with the reason; waits are kept."""

import pytest

from models import AccountHealth, ReplyState
from responders.review import NotApproved
from tests.town import Town

POTHOLE = "There is a deep pothole at 5th and Market St"


def _waiting(town: Town, **more: object) -> int:
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215", **more)
    town.hear()
    return town.mention_of(post_id).id or 0


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        ("a" * 280, True),
        ("a" * 281, False),
        ("路" * 140, True),
        ("路" * 141, False),
        ("👨‍👩‍👧‍👦" * 140, True),
        ("👨‍👩‍👧‍👦" * 141, False),
        ("https://www.phila.gov/" + "x" * 400, True),
        ("ế" * 140, True),
        ("ế" * 141, False),
    ],
)
def test_a_reply_is_measured_as_x_measures_it(town: Town, words: str, fits: bool) -> None:
    mention_id = _waiting(town)
    if fits:
        town.approve(mention_id, words, file_request=False)
        town.deliver()
        assert town.reply_to(mention_id).state == ReplyState.SENT
    else:
        with pytest.raises(NotApproved, match="X takes 280"):
            town.approve(mention_id, words, file_request=False)


def test_slots_count_at_their_widest(town: Town) -> None:
    mention_id = _waiting(town)
    near = "a" * 255
    with pytest.raises(NotApproved, match="can grow to"):
        town.approve(mention_id, near + " {number}. By {date}.")
    town.approve(mention_id, near[:200] + " {number}. By {date}.")
    town.deliver()
    assert town.reply_to(mention_id).state == ReplyState.SENT


def test_a_telegram_reply_may_be_long_and_not_longer(town: Town) -> None:
    town.simulator.say_on_telegram(POTHOLE)
    town.hear()
    (mention,) = town.mentions()
    with pytest.raises(NotApproved, match="Telegram takes 4096"):
        town.approve(mention.id, "a" * 4097, file_request=False)
    town.approve(mention.id, "a" * 4096, file_request=False)
    town.deliver()
    assert [len(text) for text in town.our_messages()] == [4096]


def test_who_did_not_speak_to_us_is_not_answered_and_the_reason_is_shown(town: Town) -> None:
    page = {
        "data": [{"id": "77", "text": f"{POTHOLE} @Philly311Demo", "author_id": "8"}],
        "includes": {"users": [{"id": "8", "username": "quiet_one", "name": "Quiet", "protected": True}]},
        "meta": {"result_count": 1, "newest_id": "77"},
    }
    town.simulator.fault("x", "status", "mentions", status=200, body=page)
    town.hear()
    mention = town.mention_of("77")
    assert not mention.may_reply
    assert "protected" in mention.may_reply_reason
    with pytest.raises(NotApproved, match="does not let us reply: the author's posts are protected"):
        town.approve(mention.id, "Thank you.", file_request=False)
    town.approve(mention.id, send_reply=False)
    town.deliver()
    assert len(town.simulator.city_requests()) == 1
    assert town.our_replies_on_x() == []


def test_a_wrong_key_holds_replies_until_it_is_mended(town: Town) -> None:
    mention_id = _waiting(town)
    town.approve(mention_id, "Thank you.", file_request=False)
    town.simulator.fault("x", "bad_key")
    town.deliver(1)
    assert town.reply_to(mention_id).state == ReplyState.APPROVED
    assert town.account("x").health == AccountHealth.CREDENTIALS_REJECTED
    town.simulator.clear_faults()
    town.clock.advance(seconds=61)
    town.deliver()
    assert town.reply_to(mention_id).state == ReplyState.SENT
    assert len(town.our_replies_on_x()) == 1


def test_a_resident_who_blocked_the_bot_is_not_written_to_and_staff_read_why(town: Town) -> None:
    said = town.simulator.say_on_telegram(POTHOLE)
    town.hear()
    (mention,) = town.mentions()
    town.simulator.block_bot(said["chat_id"])
    town.approve(mention.id, "Thank you.", file_request=False)
    town.deliver()
    reply = town.reply_to(mention.id)
    assert reply.state == ReplyState.FAILED
    assert "blocked the bot" in reply.state_reason
