"""The page of one case: what whoever has the link reads, what nobody reads, and how a link ends."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser
from sqlmodel import select

from hark311.console.app import WithoutSecrets
from hark311.console.status_page import page_words
from hark311.console.words import LANGUAGES
from models import (
    Account,
    AuditEntry,
    Channel,
    FixedQuestion,
    FixedState,
    Mention,
    MentionState,
    NoticeState,
    Outcome,
    Reply,
    ReplyState,
    RequestState,
    Role,
    Service,
    ServiceRequest,
    StatusLink,
    StatusNotice,
    StatusUpdate,
)
from models.requests import new_reference
from models.status_links import PATH, cases_of_link, digest
from models.statuses import DATE
from responders.wording import RIGHT_TO_LEFT, date_words
from tests.hark311.console.browsing import launched, violations
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import (
    draft_reply,
    draft_request,
    make_account,
    make_author,
    make_mention,
    make_services,
    make_staff,
)

TOKEN = "7QK4M2XD-7QK4M2XD-7QK4M2XD"
WORDS = "Deep hole in front of my house, Rosa Miller, 215-555-0142"
REASON = "The street belongs to the state."


def make_case(desk: Running, language: str = "en") -> int:
    """A filed case with a planned day, an end with its reason, and a link to it; the id of its mention."""
    with desk.rows() as session:
        if session.exec(select(Service)).first() is None:
            make_services(session)
            pothole = session.get_one(Service, "SR-ST01")
            pothole.plain_names = {"en": "the pothole", "ar": "الحفرة", "es": "el bache", "km": "រណ្ដៅលើផ្លូវ"}
        account = make_account(session, Channel.TELEGRAM, "RivertonChatBot")
        rosa = make_author(session, "rosa_m", "Rosa Miller", Channel.TELEGRAM)
        mention = make_mention(session, account, NOON, WORDS, author=rosa, state=MentionState.CLOSED)
        request = draft_request(session, mention, description=WORDS, address_string="1234 N 5th St, Apt 2")
        request.state, request.status, request.service_request_id = RequestState.SUBMITTED, "open", "13075315"
        request.requested_datetime, request.expected_datetime = NOON, NOON + timedelta(days=9)
        planned = StatusUpdate(
            request_id=request.id or 0,
            change_key="1",
            outcome=Outcome.SCHEDULED,
            planned_for=NOON + timedelta(days=3),
            happened_at=NOON + timedelta(days=1),
            noticed_at=NOON,
        )
        ended = planned.model_copy(
            update={"change_key": "2", "outcome": Outcome.REFERRED, "status_notes": REASON, "planned_for": None}
        )
        update = StatusUpdate(**ended.model_dump())
        reply = draft_reply(session, mention, f"It was passed on. {REASON}", state=ReplyState.SENT)
        reply.sent_text = f"{reply.text} https://city.example{PATH}{TOKEN}{language}"
        session.add_all([planned, update])
        session.flush()
        session.add(
            StatusNotice(
                update_id=update.id or 0,
                mention_id=mention.id or 0,
                reply_id=reply.id,
                state=NoticeState.TOLD,
                not_before=NOON,
                changed_at=NOON,
            )
        )
        session.add(
            StatusLink(
                token_sha256=digest(TOKEN + language),
                mention_id=mention.id or 0,
                asked_mention_id=mention.id or 0,
                language=language,
                made_at=NOON,
            )
        )
        return mention.id or 0


def test_the_page_says_how_it_stands_and_nothing_of_the_resident(desk: Running) -> None:
    make_case(desk)
    answer = desk.visitor().get(f"/s/{TOKEN}en")
    page = answer.text
    for said in ("the pothole", "13075315", "1200 block of N 5th St", "Friday, Mar 13", "Passed on", REASON):
        assert said in page
    for private in ("Rosa", "rosa_m", "Apt 2", "1234 N", "house", "555-0142"):
        assert private not in page
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert "<script" not in page


def test_a_new_date_is_the_promised_day_and_no_step_of_its_own(desk: Running) -> None:
    mention_id = make_case(desk)
    before = desk.visitor().get(f"/s/{TOKEN}en").text
    with desk.rows() as session:
        request = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention_id)).one()
        date: dict[str, Any] = {"change_key": f"{DATE}1", "outcome": Outcome.ACCEPTED, "happened_at": NOON}
        session.add(StatusUpdate(request_id=request.id or 0, **date, noticed_at=NOON))
    assert desk.visitor().get(f"/s/{TOKEN}en").text == before


def test_a_reason_stands_there_only_after_a_person_sent_it_to_this_resident(desk: Running) -> None:
    mention_id = make_case(desk)
    with desk.rows() as session:
        notice = session.exec(select(StatusNotice).where(StatusNotice.mention_id == mention_id)).one()
        notice.state = NoticeState.DRAFTED
    page = desk.visitor().get(f"/s/{TOKEN}en").text
    assert "Passed on" in page
    assert REASON not in page


def test_a_link_that_ended_and_one_that_never_was_get_one_and_the_same_page(desk: Running) -> None:
    mention_id = make_case(desk)
    visitor = desk.visitor()
    never = visitor.get(f"/s/{'x' * 32}")
    assert never.status_code == 404
    said = visitor.post(f"/s/{TOKEN}en/withdraw")
    assert "The link is withdrawn" in said.text
    answers = {visitor.get(f"/s/{TOKEN}en").text, visitor.post(f"/s/{TOKEN}en/withdraw").text, never.text}
    assert len(answers) == 1
    with desk.rows() as session:
        link = session.exec(select(StatusLink).where(StatusLink.mention_id == mention_id)).one()
        assert link.revoked_by == "resident"
        link.revoked_at = None
        session.get_one(Mention, mention_id).state = MentionState.WITHDRAWN
    assert visitor.get(f"/s/{TOKEN}en").text == never.text


def test_a_link_shows_a_closed_case_for_the_days_that_are_set(desk: Running) -> None:
    mention_id = make_case(desk)
    with desk.rows() as session:
        link = session.exec(select(StatusLink).where(StatusLink.mention_id == mention_id)).one()
        (head,) = cases_of_link(session, link)
        head.status, head.updated_datetime = "closed", NOON
        session.add(head)
    desk.clock.forward(days=desk.product.settings.status_link_days)
    assert desk.visitor().get(f"/s/{TOKEN}en").status_code == 200
    desk.clock.forward(hours=1)
    assert desk.visitor().get(f"/s/{TOKEN}en").status_code == 404


def test_who_tries_out_links_is_stopped_and_then_even_a_right_one_tells_nothing(desk: Running) -> None:
    make_case(desk)
    visitor = desk.visitor()
    codes = [visitor.get(f"/s/{number:032}").status_code for number in range(31)]
    assert codes == [404] * 30 + [429]
    assert visitor.get(f"/s/{TOKEN}en").status_code == 429


@pytest.mark.parametrize("path", [f"/s/{TOKEN}/withdraw", f"/photos/{TOKEN}"])
def test_no_token_reaches_the_access_log(path: str) -> None:
    entry = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, "%s %s", ("GET", path), None)
    WithoutSecrets().filter(entry)
    assert TOKEN not in entry.getMessage()


def test_another_host_name_gets_nothing(desk: Running) -> None:
    make_case(desk)
    assert desk.visitor().get(f"/s/{TOKEN}en", headers={"host": "evil.example"}).status_code == 400


def test_an_approver_withdraws_a_link_and_a_supervisor_says_which_accounts_give_them(desk: Running) -> None:
    mention_id = make_case(desk)
    with desk.rows() as session:
        sol = make_staff(session, "Sol Ramirez", Role.SUPERVISOR)
        account_id = session.get_one(Mention, mention_id).account_id
        link_id = session.exec(select(StatusLink.id).where(StatusLink.mention_id == mention_id)).one()
    browser = desk.browser_of(sol)
    assert "Links to its status page" in browser.get(f"/mentions/{mention_id}").text
    browser.post(f"/mentions/{mention_id}/status-links/{link_id}/withdraw")
    assert desk.visitor().get(f"/s/{TOKEN}en").status_code == 404
    assert "Links to its status page" not in browser.get(f"/mentions/{mention_id}").text
    browser.post(f"/channels/{account_id}/status-links", do="off")
    with desk.database.read() as session:
        assert session.get_one(Account, account_id).status_links is False
    assert "Give links" in browser.get("/channels").text


def ask_if_fixed(desk: Running, mention_id: int) -> int:
    """The city has closed the case of a mention, and its author was asked; the question's id."""
    with desk.rows() as session:
        request = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention_id)).one()
        reply = session.exec(select(Reply).where(Reply.mention_id == mention_id)).one()
        request.status, request.updated_datetime = "closed", NOON
        question = FixedQuestion(
            mention_id=mention_id,
            request_id=request.id or 0,
            asked_reply_id=reply.id or 0,
            asked_at=NOON,
            followed_at=NOON,
            changed_at=NOON,
        )
        session.add_all([request, question])
        session.flush()
        return question.id or 0


def test_a_no_on_the_page_counts_once_and_drafts_what_opens_the_case_again(desk: Running) -> None:
    mention_id = make_case(desk)
    question_id = ask_if_fixed(desk, mention_id)
    visitor, address = desk.visitor(), f"/s/{TOKEN}en"
    assert "Is it fixed?" in visitor.get(address).text
    assert visitor.post(f"{address}/fixed/{question_id}/maybe").status_code == 404
    said = visitor.post(f"{address}/fixed/{question_id}/no")
    assert "look at it again" in said.text
    assert "set-cookie" not in said.headers
    again = visitor.post(f"{address}/fixed/{question_id}/yes", follow_redirects=False)
    assert (again.status_code, again.headers["location"]) == (303, address)
    assert "Is it fixed?" not in visitor.get(address).text
    with desk.rows() as session:
        question = session.get_one(FixedQuestion, question_id)
        reopening = session.get_one(ServiceRequest, question.reopening_id)
        assert (question.state, reopening.state) == (FixedState.NO, RequestState.DRAFT)
        assert session.get_one(Mention, mention_id).state == MentionState.DRAFTED
        assert session.exec(select(Reply.state)).all() == [ReplyState.SENT], "nothing goes that nobody approved"
        audit = session.exec(select(AuditEntry).where(AuditEntry.about == "FixedQuestion")).one()
        assert (audit.by, audit.why) == ("status page", "the resident says that it is not fixed")


def test_who_looks_late_can_still_say_no_while_the_case_is_closed(desk: Running) -> None:
    mention_id = make_case(desk)
    question_id = ask_if_fixed(desk, mention_id)
    visitor, address = desk.visitor(), f"/s/{TOKEN}en"
    with desk.rows() as session:
        session.get_one(FixedQuestion, question_id).state = FixedState.SILENT
        request = session.exec(select(ServiceRequest)).one()
        request.status = "open"
    assert "Is it fixed?" not in visitor.get(address).text, "the city works on it again"
    with desk.rows() as session:
        session.get_one(ServiceRequest, request.id).status = "closed"
    assert "Is it fixed?" in visitor.get(address).text
    assert "look at it again" in visitor.post(f"{address}/fixed/{question_id}/no").text
    with desk.database.read() as session:
        assert session.get_one(FixedQuestion, question_id).state == FixedState.NO
    assert "Is it fixed?" not in visitor.get(address).text


def test_a_yes_on_the_page_settles_the_case(desk: Running) -> None:
    mention_id = make_case(desk)
    question_id = ask_if_fixed(desk, mention_id)
    assert "it is fixed" in desk.visitor().post(f"/s/{TOKEN}en/fixed/{question_id}/yes").text
    with desk.database.read() as session:
        assert session.get_one(FixedQuestion, question_id).state == FixedState.YES
        assert session.get_one(Mention, mention_id).state == MentionState.CLOSED


@pytest.mark.parametrize("what", ["another link", "withdrawn link", "another case"])
def test_a_question_is_answered_by_the_link_of_its_own_case_alone(desk: Running, what: str) -> None:
    mention_id = make_case(desk)
    question_id = ask_if_fixed(desk, mention_id)
    token = "x" * 32 if what == "another link" else f"{TOKEN}en"
    with desk.rows() as session:
        link = session.exec(select(StatusLink)).one()
        if what == "withdrawn link":
            link.revoked_at = NOON
        elif what == "another case":
            account = session.get_one(Account, session.get_one(Mention, mention_id).account_id)
            sam = make_author(session, "sam", "Sam", Channel.TELEGRAM)
            other = make_mention(session, account, NOON, "Another hole", author=sam, state=MentionState.CLOSED)
            request = draft_request(session, other)
            request.state, request.service_request_id = RequestState.SUBMITTED, "99"
            link.mention_id = other.id or 0
    desk.visitor().post(f"/s/{token}/fixed/{question_id}/no", follow_redirects=False)
    with desk.database.read() as session:
        assert session.get_one(FixedQuestion, question_id).state == FixedState.OPEN


def test_the_page_shows_what_was_opened_again_and_the_other_requests_of_the_same_post(desk: Running) -> None:
    mention_id = make_case(desk)
    with desk.rows() as session:
        first = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention_id)).one()
        first.status = "closed"
        for part, number, reopens in ((2, "13075400", None), (3, "13075500", first.id)):
            session.add(
                ServiceRequest(
                    mention_id=mention_id,
                    part=part,
                    reference=new_reference(),
                    service_code=first.service_code,
                    state=RequestState.SUBMITTED,
                    status="open",
                    service_request_id=number,
                    reopens_id=reopens,
                    changed_at=NOON,
                )
            )
    page = desk.visitor().get(f"/s/{TOKEN}en").text
    assert [page.index(one) for one in ("13075500", "13075315", "13075400")] == sorted(
        page.index(one) for one in ("13075500", "13075315", "13075400")
    )


def test_what_a_department_took_without_a_number_is_open_under_ours_until_it_is_closed(desk: Running) -> None:
    mention_id = make_case(desk)
    with desk.rows() as session:
        request = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention_id)).one()
        request.service_request_id = None
        reference = request.reference
    page = desk.visitor().get(f"/s/{TOKEN}en").text
    assert reference in page
    said = page_words()["en"]
    assert (said["open"] in page, said["filed"] in page, said["waiting"] in page) == (True, True, False)


def test_the_day_that_our_calendar_promises_stands_there_where_the_city_gave_none(desk: Running) -> None:
    mention_id = make_case(desk)
    with desk.rows() as session:
        request = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention_id)).one()
        request.expected_datetime, request.promised_datetime = None, NOON + timedelta(days=20)
    day = date_words((NOON + timedelta(days=20)).date(), "en")
    assert day in desk.visitor().get(f"/s/{TOKEN}en").text


def test_a_link_whose_draft_never_left_is_not_shown_as_given(desk: Running) -> None:
    mention_id = make_case(desk)
    with desk.rows() as session:
        sol = make_staff(session, "Sol Ramirez", Role.SUPERVISOR)
        reply = session.exec(select(Reply).where(Reply.mention_id == mention_id)).one()
        reply.sent_text = reply.text  # the approver took it out
    assert "Links to its status page" not in desk.browser_of(sol).get(f"/mentions/{mention_id}").text


def test_the_page_is_written_in_every_language_with_the_same_words() -> None:
    words = page_words()
    assert set(words) == set(LANGUAGES)
    for language, said in words.items():
        assert said.keys() == words["en"].keys(), language
        assert said["scheduled"].count("{date}") == 1, language
        assert all(text.strip() for text in said.values()), language


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "ar", "km"])
def test_the_page_is_accessible_and_fits_a_phone_light_and_dark(desk: Running, browser: Browser, language: str) -> None:
    ask_if_fixed(desk, make_case(desk, language))
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport={"width": 320, "height": 800}, color_scheme=scheme, bypass_csp=True)
        page.goto(f"{desk.url}/s/{TOKEN}{language}")
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        assert violations(page, scheme == "dark") == []
        assert page.evaluate("document.dir") == ("rtl" if language in RIGHT_TO_LEFT else "ltr")
        page.locator("summary").click()
        assert page.get_by_role("button").count() == 3
        page.locator("details button").click()
        assert page.title().startswith(page_words()[language]["withdraw"])
        page.close()
        with desk.rows() as session:
            for link in session.exec(select(StatusLink)).all():
                link.revoked_at = None
