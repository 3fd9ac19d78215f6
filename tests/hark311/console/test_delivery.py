"""What became of an answer: the truth in words, and the decisions about what nobody can be sure of."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import Session, select

from models import (
    Account,
    AccountHealth,
    AttemptOutcome,
    Conversation,
    Mention,
    MentionState,
    Post,
    Reply,
    ReplyState,
    RequestState,
    SendAttempt,
    ServiceRequest,
)
from models.job_names import SEND_REPLY
from models.threads import newest_inbound
from tests.hark311.console.conftest import NOON, Browser, Running
from tests.hark311.console.factories import (
    add_post,
    draft_reply,
    draft_request,
    make_account,
    make_mention,
    make_ready,
    make_services,
    unique,
)


def answered(session: Session, reply_state: ReplyState, request_state: RequestState | None = None) -> Mention:
    """A decided mention whose reply (and request) stand in these states."""
    make_services(session)
    mention = make_mention(session, make_account(session), NOON, state=MentionState.APPROVED)
    reply = draft_reply(session, mention, "We are on it.", state=reply_state)
    reply.approved_text, reply.approved_at = "We are on it.", NOON - timedelta(minutes=2)
    outcome = AttemptOutcome.UNCERTAIN if reply_state == ReplyState.UNCERTAIN else AttemptOutcome.DONE
    session.add(
        SendAttempt(
            reply_id=reply.id,
            idempotency_key=unique("key"),
            started_at=NOON - timedelta(minutes=1),
            outcome=outcome,
            detail="the line broke",
        )
    )
    if request_state:
        request = draft_request(session, mention, state=request_state)
        request.approved_at = NOON - timedelta(minutes=2)
        reply.request_id = request.id
    return mention


def reply_of(desk: Running, mention: Mention) -> Reply:
    with desk.database.read() as session:
        return session.exec(select(Reply).where(Reply.mention_id == mention.id)).one()


def shown(browser: Browser, mention: Mention) -> str:
    page = browser.get(f"/mentions/{mention.id}").text
    return page[page.index('id="delivery"') : page.index('id="think-title"')]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (ReplyState.APPROVED, "Approved today 11:58 am"),
        (ReplyState.SENDING, "It is on its way to X now"),
        (ReplyState.SENT, "Sent today 11:59 am"),
        (ReplyState.UNCERTAIN, "It may have been posted: we got no certain answer. Look in the thread on X"),
        (ReplyState.FAILED, "It was not sent. the author blocks us"),
        (ReplyState.HANDED_OVER, "It waits for somebody to post it by hand"),
        (ReplyState.CANCELLED, "It was dropped: the author blocks us"),
    ],
)
def test_every_state_of_a_reply_is_told_in_words(desk: Running, state: ReplyState, said: str) -> None:
    with desk.rows() as session:
        mention = answered(session, state)
        reply = session.exec(select(Reply)).one()
        reply.state_reason, reply.sent_at = "the author blocks us", NOON - timedelta(minutes=1)
    assert said in shown(desk.browser_of(desk.staff()), mention)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (RequestState.APPROVED, "It is filed before the reply goes."),
        (RequestState.SUBMITTING, "It is being filed now."),
        (RequestState.SUBMITTED, "The city says: open, inspected. Promised by Friday, Mar 13."),
        (RequestState.TOKEN_PENDING, "will give its number later"),
        (RequestState.UNCERTAIN, "It may have been filed: we got no certain answer."),
        (RequestState.REFUSED, "It was refused: no such street"),
    ],
)
def test_every_state_of_a_request_is_told_in_words(desk: Running, state: RequestState, said: str) -> None:
    with desk.rows() as session:
        mention = answered(session, ReplyState.SENT, state)
        request = session.exec(select(ServiceRequest)).one()
        request.state_reason, request.status, request.status_notes = "no such street", "open", "inspected"
        request.expected_datetime = NOON + timedelta(days=3)
    assert said in shown(desk.browser_of(desk.staff()), mention)


def test_a_sent_reply_links_to_where_it_stands(desk: Running) -> None:
    with desk.rows() as session:
        mention = answered(session, ReplyState.SENT)
        reply = session.exec(select(Reply)).one()
        reply.sent_at, reply.sent_url = NOON, "https://x.com/Riverton311/status/5"
    panel = shown(desk.browser_of(desk.staff()), mention)
    assert 'href="https://x.com/Riverton311/status/5" rel="noopener noreferrer nofollow"' in panel


def test_a_link_that_is_not_https_is_not_a_link(desk: Running) -> None:
    with desk.rows() as session:
        mention = answered(session, ReplyState.SENT)
        reply = session.exec(select(Reply)).one()
        reply.sent_at, reply.sent_url = NOON, "javascript:alert(1)"
    assert "javascript" not in shown(desk.browser_of(desk.staff()), mention)


@pytest.mark.parametrize(
    ("button", "state"),
    [("is-there", ReplyState.SENT), ("not-there", ReplyState.APPROVED), ("drop", ReplyState.CANCELLED)],
)
def test_a_person_settles_an_uncertain_reply(desk: Running, button: str, state: ReplyState) -> None:
    with desk.rows() as session:
        mention = answered(session, ReplyState.UNCERTAIN)
    browser, reply = desk.browser_of(desk.staff()), reply_of(desk, mention)
    assert f"/replies/{reply.id}/{button}" in shown(browser, mention)
    answer = browser.post(f"/replies/{reply.id}/{button}")
    assert answer.headers["location"] == f"/mentions/{mention.id}"
    assert reply_of(desk, mention).state == state
    expected = [(SEND_REPLY, reply.id)] if button == "not-there" else []
    assert desk.nudged(len(expected)) == expected


def test_what_is_known_of_a_reply_in_doubt_stands_beside_it(desk: Running) -> None:
    with desk.rows() as session:
        mention = answered(session, ReplyState.UNCERTAIN)
        reply = session.exec(select(Reply)).one()
        post = session.exec(select(Post).where(Post.mention_id == mention.id)).one()
        post.url, reply.in_reply_to = "https://x.com/resident/status/17", post.channel_post_id
        attempt = session.exec(select(SendAttempt)).one()
        attempt.text, attempt.looks, attempt.looked_at = "We are on it.", 3, NOON - timedelta(seconds=20)
    browser = desk.browser_of(desk.staff())
    panel = shown(browser, mention)
    assert "We looked for it 3 times, last today 11:59 am, and found no proof. Next look: today 12:04 pm." in panel
    assert 'href="https://x.com/resident/status/17"' in panel
    assert "Look for exactly these words:" in panel
    with desk.rows() as session:
        session.exec(select(SendAttempt)).one().looks = 5
    assert "We do not look any more." in shown(browser, mention)


def in_hand(session: Session, text: str = "We are on it & so on.") -> Mention:
    """A mention whose reply the API refuses, in a person's hands."""
    mention = answered(session, ReplyState.HANDED_OVER)
    mention.may_reply, mention.may_reply_reason = False, "only verified accounts may reply"
    reply = session.exec(select(Reply)).one()
    reply.approved_text, reply.in_reply_to, reply.seen_post_id = text, "17", newest_inbound(session, mention)
    reply.handed_over_at = NOON - timedelta(minutes=1)
    return mention


def test_what_a_person_has_in_hand_opens_in_the_networks_own_window(desk: Running) -> None:
    staff = desk.staff("Mara Jennings")
    with desk.rows() as session:
        mention = in_hand(session)
        session.exec(select(Reply)).one().handed_to = staff.id
    browser = desk.browser_of(staff)
    panel = shown(browser, mention)
    assert "Mara Jennings has it in hand since today 11:59 am" in panel
    link = unescape(re.search(r'id="compose-\d+" href="([^"]+)" rel="([^"]+)" target="_blank"', panel)[1])  # type: ignore[index]
    assert parse_qs(urlsplit(link).query) == {"in_reply_to": ["17"], "text": ["We are on it & so on."]}
    assert 'rel="noopener noreferrer nofollow" target="_blank"' in panel
    assert "They have written since" not in panel
    with desk.rows() as session:
        add_post(session, session.get_one(Mention, mention.id), "wait", NOON)
    assert "They have written since this was approved." in shown(browser, mention)


def test_an_answer_to_a_group_chat_opens_the_chat_and_no_window_that_posts_in_public(desk: Running) -> None:
    with desk.rows() as session:
        mention = in_hand(session)
        session.exec(select(Reply)).one().in_reply_to = "dm:17"
        room = session.get_one(Conversation, mention.conversation_id)
        room.channel_conversation_id, room.private = "dm:1700000001", True
        post = session.exec(select(Post)).one()
        post.channel_post_id, post.url = "dm:17", "https://x.com/messages/1700000001"
    panel = shown(desk.browser_of(desk.staff("Mara Jennings")), mention)
    assert "intent/post" not in panel
    assert 'href="https://x.com/messages/1700000001"' in panel


@pytest.mark.parametrize(("button", "state"), [("posted", ReplyState.SENT), ("hand-back", ReplyState.IN_REVIEW)])
def test_a_person_says_what_became_of_what_they_have_in_hand(desk: Running, button: str, state: ReplyState) -> None:
    with desk.rows() as session:
        mention = in_hand(session)
    browser, reply = desk.browser_of(desk.staff()), reply_of(desk, mention)
    assert f"/replies/{reply.id}/{button}" in shown(browser, mention)
    assert browser.post(f"/replies/{reply.id}/{button}").status_code == 303
    assert reply_of(desk, mention).state == state
    assert browser.post(f"/replies/{reply.id}/{button}").status_code == 422


def test_a_reply_that_is_held_up_says_why_and_can_be_posted_by_hand(desk: Running) -> None:
    with desk.rows() as session:
        mention = answered(session, ReplyState.APPROVED)
        reply = session.exec(select(Reply)).one()
        reply.held_because, reply.not_before = "X refuses our key.", NOON + timedelta(minutes=1)
        session.get_one(Account, mention.account_id).health = AccountHealth.CREDENTIALS_REJECTED
    browser = desk.browser_of(desk.staff())
    panel = shown(browser, mention)
    assert "It waits: <bdi>X refuses our key.</bdi> We look again at 12:01 pm. Nothing of it is lost." in panel
    assert "s</span> left before it leaves" not in panel
    assert browser.post(f"/replies/{reply.id}/by-hand").status_code == 303
    assert reply_of(desk, mention).state == ReplyState.HANDED_OVER


def test_a_reply_somebody_settled_already_is_left_alone(desk: Running) -> None:
    with desk.rows() as session:
        mention = answered(session, ReplyState.UNCERTAIN)
    browser, reply = desk.browser_of(desk.staff()), reply_of(desk, mention)
    browser.post(f"/replies/{reply.id}/is-there")
    answer = browser.post(f"/replies/{reply.id}/not-there")
    assert answer.status_code == 422
    assert "there is nothing to decide" in answer.text
    assert desk.nudges == []


def test_an_uncertain_request_comes_back_to_whoever_takes_it_up(desk: Running) -> None:
    staff = desk.staff()
    with desk.rows() as session:
        mention = answered(session, ReplyState.APPROVED, RequestState.UNCERTAIN)
        request = session.exec(select(ServiceRequest)).one()
    assert desk.browser_of(staff).post(f"/requests/{request.id}/take-up").status_code == 303
    assert desk.mention(mention.id or 0).claimed_by == staff.id
    assert reply_of(desk, mention).state == ReplyState.IN_REVIEW


def test_deciding_about_what_is_not_there_says_so(desk: Running) -> None:
    browser = desk.browser_of(desk.staff())
    for what in ("is-there", "not-there", "drop", "by-hand", "posted", "hand-back"):
        assert browser.post(f"/replies/99/{what}").status_code == 404
    assert browser.post("/requests/99/take-up").status_code == 404


def test_an_approval_can_be_taken_back_while_it_is_held(desk: Running) -> None:
    staff = desk.staff()
    with desk.rows() as session:
        make_services(session)
        mention = make_ready(session, make_account(session), NOON)
    browser = desk.browser_of(staff)
    browser.decide(mention.id or 0, "approve")
    assert browser.post(f"/mentions/{mention.id}/take-back").status_code == 303
    after = desk.mention(mention.id or 0)
    assert (after.state, after.claimed_by) == (MentionState.IN_REVIEW, staff.id)
    assert reply_of(desk, mention).state == ReplyState.IN_REVIEW


def test_what_has_left_cannot_be_taken_back(desk: Running) -> None:
    with desk.rows() as session:
        mention = answered(session, ReplyState.SENDING)
    browser = desk.browser_of(desk.staff())
    assert "take-back" not in shown(browser, mention)
    answer = browser.post(f"/mentions/{mention.id}/take-back")
    assert answer.status_code == 422
    assert "It has left already and cannot be taken back." in answer.text


def test_the_panel_refreshes_alone_with_the_state_of_the_page(desk: Running) -> None:
    with desk.rows() as session:
        mention = answered(session, ReplyState.SENDING)
    part = desk.browser_of(desk.staff()).get(f"/mentions/{mention.id}/delivery").text
    assert "<html" not in part
    assert 'id="state" hx-swap-oob="true"' in part
    assert "It is on its way to X now" in part


def test_the_bar_is_refreshed_only_on_a_page_that_has_it(desk: Running) -> None:
    with desk.rows() as session:
        mention = answered(session, ReplyState.SENDING)
    browser, part = desk.browser_of(desk.staff()), f"/mentions/{mention.id}/delivery"
    assert f'hx-get="{part}?bar=yes"' in browser.get(f"/mentions/{mention.id}").text
    assert 'id="bar-hold" class="bar-hold" hx-swap-oob="true"' in browser.get(f"{part}?bar=yes").text
    assert "bar-hold" not in browser.get(part).text


def test_the_attempts_stand_with_time_and_reason(desk: Running) -> None:
    with desk.rows() as session:
        mention = answered(session, ReplyState.UNCERTAIN)
    panel = shown(desk.browser_of(desk.staff()), mention)
    assert "no certain answer: the line broke" in panel
    assert "today 11:59 am" in panel
