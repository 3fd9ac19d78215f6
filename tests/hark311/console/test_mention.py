"""The mention page: reading the thread, keeping drafts, and deciding."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from models import (
    AccountHealth,
    Channel,
    EvidenceKind,
    Intent,
    Mention,
    MentionState,
    Reply,
    ReplyState,
    RequestState,
    Review,
    ServiceRequest,
)
from models.deletion import forget_post
from models.job_names import SEND_REPLY, SUBMIT_REQUEST
from models.posts import PostKind
from tests.hark311.console.conftest import NOON, Running, decision_fields
from tests.hark311.console.factories import (
    FILED,
    add_photo,
    add_post,
    draft_reply,
    draft_request,
    first_post,
    make_account,
    make_mention,
    make_ready,
    make_services,
    understand,
)
from tests.hark311.console.test_evidence import words_of


@pytest.fixture
def ready(desk: Running) -> Mention:
    """A mention whose drafts are right as they stand."""
    with desk.rows() as session:
        make_services(session)
        return make_ready(session, make_account(session), NOON - timedelta(minutes=5), handle="dee_from_ninth")


def reply_of(desk: Running, mention: Mention) -> Reply:
    with desk.database.read() as session:
        return session.exec(select(Reply).where(Reply.mention_id == mention.id)).one()


def request_of(desk: Running, mention: Mention) -> ServiceRequest:
    with desk.database.read() as session:
        return session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention.id)).one()


def test_one_key_approves_a_right_draft_and_freezes_both_variants(desk: Running, ready: Mention) -> None:
    staff = desk.staff()
    answer = desk.browser_of(staff).decide(ready.id or 0, "approve")
    assert answer.status_code == 303
    reply, request = reply_of(desk, ready), request_of(desk, ready)
    assert desk.mention(ready.id or 0).state == MentionState.APPROVED
    assert (reply.state, reply.approved_by, reply.approved_text) == (ReplyState.APPROVED, staff.id, FILED)
    assert request.reference in reply.approved_fallback
    assert "{date}" not in reply.approved_fallback
    assert request.state == RequestState.APPROVED
    assert reply.not_before == NOON + timedelta(seconds=10)


def test_approval_nudges_the_request_before_the_reply(desk: Running, ready: Mention) -> None:
    desk.browser_of(desk.staff()).decide(ready.id or 0, "approve")
    expected = [(SUBMIT_REQUEST, request_of(desk, ready).id), (SEND_REPLY, reply_of(desk, ready).id)]
    assert desk.nudged(2) == expected


def test_after_approval_the_page_tells_how_long_it_is_held_and_what_comes_next(desk: Running, ready: Mention) -> None:
    with desk.rows() as session:
        waiting = make_mention(session, make_account(session), NOON)
    browser = desk.browser_of(desk.staff())
    browser.decide(ready.id or 0, "approve")
    desk.clock.forward(seconds=3)
    page = browser.get(f"/mentions/{ready.id}").text
    assert '<span class="num">7 s</span> left before it leaves' in page
    assert "held until 12:00 pm" in page
    assert f'href="/mentions/{waiting.id}" data-key="next"' in page


def test_the_thread_shows_everything_oldest_first(desk: Running, ready: Mention) -> None:
    with desk.rows() as session:
        mention = session.get_one(Mention, ready.id)
        first = first_post(session, mention)
        add_post(session, mention, "Which corner? ^LO", NOON - timedelta(minutes=4), kind=PostKind.OWN)
        added = add_post(session, mention, "the north one", NOON - timedelta(minutes=3), url="https://x.com/dee/2")
        add_post(session, mention, "the north-east one", NOON - timedelta(minutes=2), chain=added.edit_chain)
        add_photo(session, first, "A hole with a cone in it", "https://pbs.example/1.jpg")
        add_photo(session, first, url="javascript:alert(1)")
    page = desk.browser_of(desk.staff()).get(f"/mentions/{ready.id}").text
    spots = [page.index(words) for words in ("Huge", "Which corner? ^LO", "the north-east one")]
    assert spots == sorted(spots)
    assert "edited 1 time: what changed" in page
    assert "the north<ins>-east</ins> one" in page
    marked = '<mark class="ev ev-category" data-ev="category">pothole</mark>'
    assert f'{marked}<span class="ev-label ev-label-category">problem</span>' in page
    assert "A hole with a cone in it" in page
    assert "photo without a description" in page
    assert 'href="https://pbs.example/1.jpg" rel="noopener noreferrer nofollow"' in page
    assert "javascript:alert" not in page
    assert "<img" not in page


def test_a_reply_the_channel_never_shows_us_still_stands_in_the_thread(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        mention = make_mention(session, make_account(session, Channel.TELEGRAM), NOON, state=MentionState.CLOSED)
        reply = draft_reply(session, mention, "It is fixed.", state=ReplyState.SENT)
        reply.sent_text, reply.sent_at, reply.sent_post_id = "It is fixed.", NOON + timedelta(minutes=1), "77"
    page = desk.browser_of(desk.staff()).get(f"/mentions/{mention.id}").text
    assert "It is fixed." in page[: page.index("What we think")]


def test_what_we_think_comes_with_reasons_and_doubts(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        account = make_account(session)
        sure = make_mention(session, account, NOON)
        understand(session, sure, first_post(session, sure), NOON, runners_up=[("SR-DU04", 0.04)])
        unsure = make_mention(session, account, NOON)
        understand(session, unsure, first_post(session, unsure), NOON, service_code=None, abstained=True, intent=None)
        failed = make_mention(session, account, NOON)
        understand(session, failed, first_post(session, failed), NOON, failure="the model file is missing")
    browser = desk.browser_of(desk.staff())
    shown = browser.get(f"/mentions/{sure.id}").text
    for said in ("Pothole repair", "93 %", "Illegal dumping", "4 %", "asks for a service", "rules 1"):
        assert said in shown
    assert "Too unsure to suggest a service" in browser.get(f"/mentions/{unsure.id}").text
    assert "gave no answer: the model file is missing" in browser.get(f"/mentions/{failed.id}").text


def test_the_preview_shows_both_variants_and_the_length_at_its_widest(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    fields = decision_fields(browser.get(f"/mentions/{ready.id}").text)
    answer = browser.client.post(f"/mentions/{ready.id}/preview", data=fields, headers={"hx-request": "true"})
    assert "<html" not in answer.text
    assert '<span class="slot">the city&#39;s number</span>' in answer.text
    assert request_of(desk, ready).reference in answer.text
    assert "/ 280</span> weighted characters at its longest" in answer.text
    assert "Ready to approve: the request is filed, then the reply is sent" in answer.text


def test_without_scripts_check_shows_the_same_on_the_whole_page(desk: Running, ready: Mention) -> None:
    answer = desk.browser_of(desk.staff()).decide(ready.id or 0, "preview", reply_text="Call 215-555-0147 {number}")
    assert "<html" in answer.text
    assert "Call 215-555-0147 {number}" in answer.text
    assert "holds a private detail (phone)" in answer.text
    assert reply_of(desk, ready).text == FILED


def test_saving_claims_and_keeps_what_is_typed_ticked_or_not(desk: Running, ready: Mention) -> None:
    staff = desk.staff()
    answer = desk.browser_of(staff).decide(
        ready.id or 0, "save", reply_text="Better words.", send_reply=None, file_request=None, description="Deep hole."
    )
    assert answer.status_code == 303
    assert reply_of(desk, ready).text == "Better words."
    assert request_of(desk, ready).description == "Deep hole."
    assert desk.mention(ready.id or 0).claimed_by == staff.id


def test_giving_back_keeps_the_words_and_frees_the_mention(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    browser.decide(ready.id or 0, "claim")
    assert browser.decide(ready.id or 0, "release", reply_text="Half a thought").status_code == 303
    assert reply_of(desk, ready).text == "Half a thought"
    assert desk.mention(ready.id or 0).state == MentionState.DRAFTED


@pytest.mark.parametrize("button", ["claim", "save", "approve", "reject"])
def test_somebody_elses_mention_is_refused_and_the_words_come_back(desk: Running, ready: Mention, button: str) -> None:
    lou, mara = desk.browser_of(desk.staff("Lou Okafor")), desk.browser_of(desk.staff())
    page = mara.get(f"/mentions/{ready.id}").text
    lou.decide(ready.id or 0, "claim")
    answer = mara.decide_on(page, ready.id or 0, button, reply_text="My careful words", reason="A reason")
    assert answer.status_code == 409
    assert "Lou Okafor is working on it" in answer.text
    assert "My careful words" in answer.text
    assert reply_of(desk, ready).text == FILED


def test_of_two_people_who_approve_one_page_the_second_is_told(desk: Running, ready: Mention) -> None:
    mara, lou = desk.browser_of(desk.staff()), desk.browser_of(desk.staff("Lou Okafor"))
    pages = [browser.get(f"/mentions/{ready.id}").text for browser in (mara, lou)]
    assert mara.decide_on(pages[0], ready.id or 0, "approve").status_code == 303
    assert lou.decide_on(pages[1], ready.id or 0, "approve").status_code == 409
    with desk.database.read() as session:
        assert len(session.exec(select(Review)).all()) == 1


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"reply_text": "a" * 281}, "The reply can grow to 281 weighted characters; X takes 280"),
        ({"reply_text": "  "}, "The reply is empty."),
        ({"reply_text": "By {tomorrow}"}, "{tomorrow} is no slot"),
        ({"file_request": None}, "promises {date} and {number}, but no request is filed"),
        ({"service_code": ""}, "Choose a service before filing the request."),
        ({"address_string": "", "lat": "", "long": ""}, "A crew cannot find it: Pothole repair needs a place"),
        ({"lat": "north"}, "Latitude must be a number between -90 and 90"),
        ({"long": "nan"}, "Longitude must be a number between -180 and 180"),
        ({"long": ""}, "A point needs both latitude and longitude."),
        ({"send_reply": None, "file_request": None}, "Nothing to approve"),
    ],
)
def test_what_cannot_go_out_is_refused_with_its_reason_and_kept(
    desk: Running, ready: Mention, changed: dict[str, str | None], reason: str
) -> None:
    kept: dict[str, str | None] = {"description": "Words nobody wants to type twice", **changed}
    answer = desk.browser_of(desk.staff()).decide(ready.id or 0, "approve", **kept)
    assert answer.status_code == 422
    assert reason in answer.text.replace("&#39;", "'")
    assert "Words nobody wants to type twice" in answer.text
    assert desk.mention(ready.id or 0).state != MentionState.APPROVED


def test_every_reason_is_told_at_once(desk: Running, ready: Mention) -> None:
    answer = desk.browser_of(desk.staff()).decide(
        ready.id or 0, "approve", reply_text="Call 215-555-0147. " + "a" * 300, description=""
    )
    for reason in ("The reply can grow to", "holds a private detail", "The request needs a description."):
        assert reason in answer.text


def test_a_post_nobody_has_seen_stops_the_approval(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    page = browser.get(f"/mentions/{ready.id}").text
    with desk.rows() as session:
        mention = session.get_one(Mention, ready.id)
        add_post(session, mention, "sorry, 6th not 5th", NOON)
        mention.version += 1
    news = browser.get(f"/mentions/{ready.id}/news?version=1&seen={decision_fields(page)['seen_post_id']}")
    assert "The author wrote or changed something you have not seen yet" in news.text
    answer = browser.decide_on(page, ready.id or 0, "approve", reply_text="Words for 5th. {number}")
    assert answer.status_code == 422
    assert "something you have not seen yet" in answer.text
    assert "sorry, 6th not 5th" in answer.text
    assert "Words for 5th." in answer.text
    assert browser.decide_on(answer.text, ready.id or 0, "approve").status_code == 303


def test_a_page_opened_before_the_author_wrote_again_does_not_overwrite_the_new_drafts(
    desk: Running, ready: Mention
) -> None:
    browser = desk.browser_of(desk.staff())
    page = browser.get(f"/mentions/{ready.id}").text
    with desk.rows() as session:
        session.get_one(Mention, ready.id).version += 1
        session.exec(select(Reply).where(Reply.mention_id == ready.id)).one().text = "The new draft."
    answer = browser.decide_on(page, ready.id or 0, "save", reply_text="Typed before.")
    assert answer.status_code == 422
    assert "Typed before." in answer.text
    assert reply_of(desk, ready).text == "The new draft."


def test_a_deleted_post_cannot_be_answered(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    page = browser.get(f"/mentions/{ready.id}").text
    with desk.rows() as session:
        forget_post(session, first_post(session, ready), "listener", "its author deleted it", NOON)
    answer = browser.decide_on(page, ready.id or 0, "approve", reply_text="Too late")
    assert answer.status_code == 422
    assert "The author deleted the post, so nothing can be sent about it." in answer.text
    assert "Too late" in answer.text
    shown = browser.get(f"/mentions/{ready.id}").text
    assert "Deleted by its author." in shown
    assert "flat tires" not in shown


def test_a_mention_we_may_not_answer_says_why_and_can_still_be_filed(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        mention = make_mention(
            session, make_account(session), NOON, may_reply=False, may_reply_reason="the author did not mention us"
        )
        draft_request(session, mention)
        draft_reply(session, mention, "Thanks.")
    browser = desk.browser_of(desk.staff())
    page = browser.get(f"/mentions/{mention.id}").text
    assert "X does not let us reply: the author did not mention us. A person may post it by hand." in page
    assert "send_reply" not in decision_fields(page)
    assert browser.decide(mention.id or 0, "approve", send_reply="yes").status_code == 422
    assert browser.decide(mention.id or 0, "approve", send_reply=None).status_code == 303
    assert reply_of(desk, mention).state == ReplyState.CANCELLED
    assert request_of(desk, mention).state == RequestState.APPROVED


@pytest.mark.parametrize("channel", Channel)
def test_the_name_that_the_channel_puts_before_a_reply_is_told(desk: Running, channel: Channel) -> None:
    with desk.rows() as session:
        make_services(session)
        mention = make_ready(session, make_account(session, channel), NOON, handle="ann@books.example")
    page = words_of(desk.browser_of(desk.staff()).get(f"/mentions/{mention.id}").text)
    told = "The reply begins with @ann@books.example , so that Mastodon tells them." in page
    assert told == (channel == Channel.MASTODON)


def test_what_may_not_go_by_the_api_is_approved_to_be_posted_by_hand(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        mention = make_mention(
            session, make_account(session), NOON, may_reply=False, may_reply_reason="the author did not mention us"
        )
        draft_reply(session, mention, "Thanks.")
    browser = desk.browser_of(desk.staff())
    page = browser.get(f"/mentions/{mention.id}").text
    assert 'name="by_hand" value="yes">' in page
    assert "yours to post by hand" in browser.decide(mention.id or 0, "preview", by_hand="yes").text
    assert browser.decide(mention.id or 0, "approve", by_hand="yes").status_code == 303
    assert reply_of(desk, mention).state == ReplyState.HANDED_OVER


def test_a_mention_whose_account_waits_says_so_and_can_be_approved(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        account = make_account(session)
        account.health = AccountHealth.CREDENTIALS_REJECTED
        mention = make_mention(session, account, NOON)
        draft_reply(session, mention, "Thanks.")
    browser = desk.browser_of(desk.staff())
    page = browser.get(f"/mentions/{mention.id}").text
    assert "What is approved waits. X refuses our key." in page
    assert browser.decide(mention.id or 0, "approve").status_code == 303
    assert reply_of(desk, mention).state == ReplyState.APPROVED


def test_what_is_missing_is_said_in_words_and_the_request_is_not_ticked(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        mention = make_mention(session, make_account(session), NOON)
        draft_request(session, mention, address_string="", lat=None, long=None, missing=["place"])
        draft_reply(session, mention, "Where is it?")
    page = desk.browser_of(desk.staff()).get(f"/mentions/{mention.id}").text
    assert "Still missing: where it is." in page
    assert "file_request" not in decision_fields(page)
    assert "send_reply" in decision_fields(page)


@pytest.mark.parametrize("key", ["ask_service", "ask_attribute", "ask_same"])
def test_a_request_is_not_ticked_beside_a_reply_that_asks_for_something_first(desk: Running, key: str) -> None:
    with desk.rows() as session:
        make_services(session)
        mention = make_mention(session, make_account(session), NOON)
        draft_request(session, mention)
        draft_reply(session, mention, "What is the problem?").template_key = key
    fields = decision_fields(desk.browser_of(desk.staff()).get(f"/mentions/{mention.id}").text)
    assert ("file_request" in fields, "send_reply" in fields) == (False, True)


def test_closing_without_an_answer_needs_a_reason(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    refused = browser.decide(ready.id or 0, "reject", reason=" ", reply_text="Half a reply")
    assert refused.status_code == 422
    assert "needs a reason" in refused.text
    assert "Half a reply" in refused.text
    assert browser.decide(ready.id or 0, "reject", reason="Same as the one before").status_code == 303
    page = browser.get(f"/mentions/{ready.id}").text
    assert "closed it without an answer" in page
    assert "Same as the one before" in page


def test_what_is_set_aside_can_be_opened_again_with_a_reason(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    assert browser.decide(ready.id or 0, "set-aside", reason="Just talk").status_code == 303
    assert desk.mention(ready.id or 0).state == MentionState.SET_ASIDE
    assert browser.post(f"/mentions/{ready.id}/reopen", reason="").status_code == 422
    assert browser.post(f"/mentions/{ready.id}/reopen", reason="It is a pothole after all").status_code == 303
    assert desk.mention(ready.id or 0).state == MentionState.DRAFTED


def test_the_history_names_who_did_what(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff("Mara Jennings"))
    browser.decide(ready.id or 0, "approve")
    page = browser.get(f"/mentions/{ready.id}").text
    history = page[page.index("history-title") :]
    assert "Mara Jennings</strong> approved it" in history
    assert "mention in review: claimed" in history
    assert "request approved: approved on the desk" in history


def test_a_status_enquiry_shows_the_request_it_asks_about(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        account = make_account(session)
        earlier = make_mention(session, account, NOON - timedelta(days=3), state=MentionState.CLOSED)
        request = draft_request(session, earlier, state=RequestState.SUBMITTED)
        request.service_request_id, request.status = "26-00417", "open"
        mention = make_mention(session, account, NOON, "any update?")
        understand(
            session, mention, first_post(session, mention), NOON, service_code=None, intent=Intent.STATUS_ENQUIRY
        )
        draft_reply(session, mention, "Your request {number} is still open.").request_id = request.id
    browser = desk.browser_of(desk.staff())
    page = browser.get(f"/mentions/{mention.id}").text
    assert "26-00417" in page[page.index("What we think") :]
    assert 'Your request <span class="slot">26-00417</span> is still open.' in page
    assert browser.decide(mention.id or 0, "approve").status_code == 303


def test_reading_a_mention_changes_nothing(desk: Running, ready: Mention) -> None:
    before = desk.mention(ready.id or 0)
    browser = desk.browser_of(desk.staff())
    for path in ("", "/news", "/delivery"):
        assert browser.get(f"/mentions/{ready.id}{path}").status_code == 200
    assert desk.mention(ready.id or 0) == before
    with desk.database.read() as session:
        assert session.exec(select(Review).where(col(Review.mention_id) == ready.id)).all() == []


def test_evidence_that_no_longer_fits_its_post_is_left_out(desk: Running, ready: Mention) -> None:
    with desk.rows() as session:
        mention = make_mention(session, make_account(session), NOON, "short")
        post = first_post(session, mention)
        found = understand(session, mention, post, NOON)
        found.evidence = [{"kind": EvidenceKind.LOCATION, "start": 2, "end": 90, "post_id": post.id}]
    page = desk.browser_of(desk.staff()).get(f"/mentions/{mention.id}").text
    assert "short" in page
    assert "<mark" not in page
