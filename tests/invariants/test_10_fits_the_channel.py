"""Invariant 10: length as the channel counts it, at its widest; may-we-reply with the reason; waits are kept."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from sqlmodel import select

from models import AccountHealth, Author, Post, ReplyState, SendAttempt
from models.posts import SentPost
from responders.review import NotApproved
from tests.town import Town

POTHOLE = "There is a deep pothole at 5th and Market St"
READ_ONLY = {
    "title": "Forbidden",
    "detail": "Your client app is not configured with the appropriate oauth1 app permissions for this endpoint.",
    "type": "https://api.twitter.com/2/problems/oauth1-permissions",
}


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
    assert town.account("x").stands == AccountHealth.SENDING_REFUSED
    town.simulator.clear_faults()
    town.clock.advance(seconds=61)
    town.deliver()
    assert town.reply_to(mention_id).state == ReplyState.SENT
    assert len(town.our_replies_on_x()) == 1


def test_of_many_replies_a_refused_key_holds_one_tries_it_each_minute_and_all_go_when_it_is_mended(town: Town) -> None:
    posts = [town.simulator.say_on_x(f"{POTHOLE}, hole {number}", author=f"dee_{number}") for number in range(3)]
    town.hear()
    for post_id in posts:
        town.approve(town.mention_of(post_id).id, f"Thank you, {post_id}.", file_request=False)
    town.simulator.fault("x", "bad_key", times=None)
    town.deliver(1)
    replies = [town.reply_to(town.mention_of(post_id).id) for post_id in posts]
    assert {reply.state for reply in replies} == {ReplyState.APPROVED}
    assert all("key" in reply.held_because for reply in replies)
    assert _tries(town) == 1
    town.clock.advance(seconds=61)
    town.deliver(1)
    assert _tries(town) == 2
    town.simulator.clear_faults()
    town.clock.advance(seconds=61)
    town.deliver(1)
    town.clock.advance(seconds=61)
    town.deliver(1)
    assert [len(town.our_replies_on_x(post_id)) for post_id in posts] == [1, 1, 1]
    assert town.account("x").stands == AccountHealth.OK


def test_a_try_that_breaks_says_nothing_about_the_key_so_the_next_reply_tries_it_soon(town: Town) -> None:
    _approved_two(town)
    town.simulator.fault("x", "bad_key", times=None)
    town.deliver(1)
    town.simulator.clear_faults()
    town.clock.advance(seconds=61)
    town.simulator.fault("x", "drop_before", "create_post")
    town.deliver(1)
    assert _tries(town) == 2
    town.clock.advance(seconds=11)
    later = _waiting(town)
    town.approve(later, "Thank you, all of you.", file_request=False)
    town.deliver(1)
    assert town.reply_to(later).state == ReplyState.SENT
    assert town.account("x").stands == AccountHealth.OK


def test_a_key_that_may_only_read_is_told_of_until_a_reply_has_left_however_well_we_hear(town: Town) -> None:
    replies = _approved_two(town)
    town.simulator.fault("x", "status", "create_post", status=403, body=READ_ONLY, times=None)
    for tries in (1, 2):
        town.deliver(1)
        town.listen("x")
        account = town.account("x")
        assert (account.health, account.stands) == (AccountHealth.OK, AccountHealth.SENDING_REFUSED)
        assert _tries(town) == tries
        assert {town.reply_to(one).state for one in replies} == {ReplyState.APPROVED}
        assert all("our app may not post" in town.reply_to(one).held_because for one in replies)
        town.clock.advance(seconds=61)
    town.simulator.clear_faults()
    town.deliver(1)
    town.clock.advance(seconds=61)
    town.deliver(1)
    assert {town.reply_to(one).state for one in replies} == {ReplyState.SENT}
    assert len(town.our_replies_on_x()) == 2
    assert town.account("x").stands == AccountHealth.OK


def test_a_reply_that_left_before_the_key_was_refused_does_not_say_that_it_is_good(town: Town) -> None:
    early, late = (town.reply_to(one).id or 0 for one in _approved_two(town))

    async def cross() -> None:
        async with AsyncExitStack() as stack:
            _, outbox = await town.delivery(stack)
            claimed = outbox._claim(early)
            assert claimed is not None
            town.clock.advance(seconds=1)
            town.simulator.fault("x", "bad_key", "create_post")
            await outbox.send(late)
            outbox._settle(early, claimed.attempt_id, SentPost("77", town.clock()))

    asyncio.run(cross())
    assert town.account("x").stands == AccountHealth.SENDING_REFUSED


def _approved_two(town: Town) -> list[int]:
    found = [_waiting(town) for _ in range(2)]
    for mention_id in found:
        town.approve(mention_id, f"Thank you, {mention_id}.", file_request=False)
    return found


def _tries(town: Town) -> int:
    with town.database.read() as session:
        return len(session.exec(select(SendAttempt)).all())


@pytest.mark.parametrize("rules", [{"read_only": True}, {"enabled": False}])
def test_what_is_approved_waits_while_the_account_may_not_speak_and_then_goes(
    town: Town, rules: dict[str, bool]
) -> None:
    mention_id = _waiting(town)
    town.set_up("x", **rules)
    town.approve(mention_id, "Thank you.", file_request=False)
    for _ in range(3):
        town.deliver(1)
        town.clock.advance(minutes=2)
    reply = town.reply_to(mention_id)
    assert reply.state == ReplyState.APPROVED
    assert reply.held_because.startswith("Our account on X")
    assert _tries(town) == 0
    town.set_up("x", read_only=False, enabled=True)
    town.deliver(1)
    assert town.reply_to(mention_id).state == ReplyState.SENT
    assert town.reply_to(mention_id).held_because == ""


def test_what_could_not_leave_for_three_days_goes_back_to_a_person(town: Town) -> None:
    mention_id = _waiting(town)
    town.set_up("x", read_only=True)
    town.approve(mention_id, "Thank you.", file_request=False)
    town.clock.advance(hours=71)
    town.deliver(1)
    assert town.reply_to(mention_id).state == ReplyState.APPROVED
    town.clock.advance(hours=2)
    town.set_up("x", read_only=False)
    town.deliver(1)
    reply = town.reply_to(mention_id)
    assert reply.state == ReplyState.DRAFT
    assert reply.state_reason == "It could not leave for so long that what it answers is more than 72 hours old."
    assert town.our_replies_on_x() == []
    town.approve(mention_id, "Sorry for the wait.", file_request=False)
    town.deliver(1)
    assert len(town.our_replies_on_x()) == 1


@pytest.mark.parametrize("what", ["stopped_at", "blocked_us_at"])
def test_who_told_us_to_stop_or_blocked_us_is_not_answered_until_they_write_again(town: Town, what: str) -> None:
    mention_id = _waiting(town)
    town.approve(mention_id, "Thank you.", file_request=False)
    with town.database.write() as session:
        author = session.exec(select(Author).where(Author.handle == "dee_215")).one()
        setattr(author, what, town.clock())
        session.add(author)
    town.deliver(1)
    assert town.reply_to(mention_id).state == ReplyState.DRAFT
    with pytest.raises(NotApproved, match=r"asked us to stop|has blocked us"):
        town.approve(mention_id, "Thank you.", file_request=False)
    town.simulator.say_on_x("and what now?", author="dee_215", in_reply_to=_post_of(town, mention_id))
    town.hear()
    town.approve(mention_id, "We are here.", file_request=False)
    town.deliver(1)
    assert len(town.our_replies_on_x()) == 1


def _post_of(town: Town, mention_id: int) -> str:
    with town.database.read() as session:
        return session.exec(select(Post.channel_post_id).where(Post.mention_id == mention_id)).first() or ""


def test_danger_goes_first_then_who_waits_longest(town: Town) -> None:
    said = ["a hole", "another hole", "a live wire is down across the street, it is sparking"]
    ids = [town.simulator.say_on_x(f"{text} at 5th and Market", author=f"dee_{at}") for at, text in enumerate(said)]
    town.hear()
    mentions = [town.mention_of(post_id) for post_id in ids]
    assert [mention.danger for mention in mentions] == [False, False, True]
    for mention in reversed(mentions[:2]):
        town.approve(mention.id, f"Thank you, {mention.id}.", file_request=False)
    town.approve(mentions[2].id, "Call 911 now.", file_request=False)
    town.deliver(1)
    sent = [one["in_reply_to"] for one in sorted(town.simulator.our_replies_on_x(), key=lambda one: int(one["id"]))]
    assert sent == [ids[2], ids[0], ids[1]]


def test_the_first_private_message_names_our_privacy_page_and_the_next_need_not(town: Town) -> None:
    page = "https://www.phila.gov/privacy"
    town.set_up("x", privacy_url=page)
    town.simulator.message_on_x("There is a pothole at 5th and Market St, my phone is 215-555-0100", author="dee_215")
    town.hear()
    (mention,) = town.mentions()
    assert town.reply_to(mention.id).text.endswith(f"\n{page}")
    with pytest.raises(NotApproved, match="has to name our privacy page"):
        town.approve(mention.id, "Thank you.", file_request=False)
    words = f"Thank you, we call you at 215-555-0100. {'We look into it. ' * 40}\n{page}"
    town.approve(mention.id, words, file_request=False)
    town.deliver(1)
    assert [one["text"] for one in town.simulator.messages_on_x(by="us")] == [words]
    assert town.our_replies_on_x() == []
    town.simulator.message_on_x("The street light at 6th and Market St is out", author="dee_215")
    town.clock.advance(minutes=2)  # X lets us ask for messages every minute
    town.hear()
    newest = town.mentions()[-1]
    assert page not in town.reply_to(newest.id).text
    town.approve(newest.id, "Thank you.", file_request=False)
    town.deliver(1)
    assert len(town.simulator.messages_on_x(by="us")) == 2


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
