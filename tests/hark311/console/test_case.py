"""The case on the mention page, the rows that tell news, and the table of the city's words."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlmodel import select

from hark311.telling import telling_of
from models import (
    Mention,
    MentionState,
    NoticeState,
    Outcome,
    Post,
    Reply,
    ReplyState,
    RequestState,
    Role,
    ServiceRequest,
    StatusNotice,
    StatusRule,
    StatusUpdate,
)
from responders.reopening import told_again
from tests.hark311.console.conftest import NOON, Browser, Running
from tests.hark311.console.factories import make_services, make_staff
from tests.hark311.console.news import heard, make_case, make_wordings


@pytest.fixture
def case(desk: Running) -> int:
    """A case that was filed two days ago: the mention's id."""
    with desk.rows() as session:
        make_services(session)
        make_wordings(session)
        return make_case(session, NOON).id or 0


def city_says(desk: Running, mention_id: int, **more: object) -> int:
    """News, an hour ago, drafted by now: the change's id."""
    with desk.rows() as session:
        request = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention_id)).one()
        update_id = heard(session, request, NOON - timedelta(hours=1), **more).id or 0  # type: ignore[arg-type]
    tell(desk)
    return update_id


def tell(desk: Running) -> None:
    product = desk.product
    telling_of(product.settings, product.database, product.desk, product.redact).tell_all()


def shown(browser: Browser, mention_id: int) -> str:
    page = browser.get(f"/mentions/{mention_id}").text
    return unescape(page[page.index('id="case"') : page.index('id="history-title"')])


def drafted(desk: Running, mention_id: int) -> Reply:
    with desk.database.read() as session:
        wanted = select(Reply).where(Reply.mention_id == mention_id, Reply.state != ReplyState.SENT)
        return session.exec(wanted).one()


def test_the_case_shows_what_was_filed_said_and_told(desk: Running, case: int) -> None:
    city_says(desk, case, words="No violation found", outcome=Outcome.NO_ACTION)
    found = shown(desk.browser_of(desk.staff()), case)
    for words in ("reported on X", "filed as 13075315", "answered", "the city: closed", "No violation found"):
        assert words in found
    assert "closed (no action)" in found
    assert "drafted" in found


def test_closed_without_a_word_waits_until_a_person_says_what_it_means(desk: Running, case: int) -> None:
    update_id = city_says(desk, case)
    browser = desk.browser_of(desk.staff())
    found = shown(browser, case)
    assert "closed it without a word: say what came of it" in found
    assert "Until then nobody is told" in found
    page = f"/mentions/{case}"
    browser.post(f"{page}/case/changes/{update_id}", page, outcome="fixed")
    assert drafted(desk, case).text.startswith("The city says that the work on")
    assert "Mara Jennings says so." in shown(browser, case)
    assert browser.decide(case, "approve", file_request=None).status_code == 303
    assert drafted(desk, case).state == ReplyState.APPROVED


def test_the_reply_about_news_stands_before_what_was_answered_and_in_the_one_wording_that_leaves(
    desk: Running, case: int
) -> None:
    city_says(desk, case, outcome=Outcome.FIXED)
    found = desk.browser_of(desk.staff()).get(f"/mentions/{case}").text
    assert found.index('name="reply_text"') < found.index("Earlier answers")
    assert "Posted exactly like this" in found
    assert "When it does not answer" not in found


def test_what_a_person_wrote_stays_when_the_outcome_is_corrected(desk: Running, case: int) -> None:
    update_id = city_says(desk, case, outcome=Outcome.FIXED)
    browser = desk.browser_of(desk.staff())
    browser.decide(case, "save", reply_text="Our words about {number}.")
    browser.post(f"/mentions/{case}/case/changes/{update_id}", f"/mentions/{case}", outcome="no_action")
    assert drafted(desk, case).text == "Our words about {number}."


def test_what_a_department_said_on_the_telephone_is_told_like_the_citys_own_words(desk: Running, case: int) -> None:
    browser, page = desk.browser_of(desk.staff()), f"/mentions/{case}"
    with desk.database.read() as session:
        request_id = session.exec(select(ServiceRequest.id).where(ServiceRequest.mention_id == case)).one()
    given = {"request_id": str(request_id), "source": "department", "outcome": "no_action"}
    assert "Say why nothing was done" in unescape(browser.post(f"{page}/case/changes", page, **given).text)
    said = {"said": "the tree stands on private ground"}
    assert browser.post(f"{page}/case/changes", page, **given, **said).status_code == 303
    assert browser.post(f"{page}/case/changes", page, **given, **said).status_code == 409  # the same once more
    desk.clock.forward(minutes=11)
    tell(desk)
    assert "The reason: the tree stands on private ground." in drafted(desk, case).text
    with desk.database.read() as session:
        assert session.exec(select(ServiceRequest.status).where(ServiceRequest.mention_id == case)).one() == "closed"


def another_case(desk: Running, number: str) -> int:
    """A second case of ours, with its own number: the mention's id."""
    with desk.rows() as session:
        mention_id = make_case(session, NOON).id or 0
        request = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention_id)).one()
        request.service_request_id = number
    return mention_id


def test_a_duplicate_recorded_here_counts_with_the_number_given_and_hears_its_news(desk: Running, case: int) -> None:
    other = another_case(desk, "13075399")
    browser, page = desk.browser_of(desk.staff()), f"/mentions/{case}"
    with desk.database.read() as session:
        request_id = session.exec(select(ServiceRequest.id).where(ServiceRequest.mention_id == case)).one()
    given = {"request_id": str(request_id), "source": "department", "outcome": "duplicate", "said": "with 13075399"}
    for number, why in [("", "Say the number"), ("13075315", "the request itself"), ("<b>", "is no number")]:
        assert why in unescape(browser.post(f"{page}/case/changes", page, **given, counts_with=number).text)
    assert browser.post(f"{page}/case/changes", page, **given, counts_with="# 13075 399").status_code == 303
    desk.clock.forward(minutes=11)
    tell(desk)
    assert "The number is 13075399." in drafted(desk, case).text
    assert "counts with 13075399<" in re.sub("</?bdi>", "", shown(browser, case))
    update_id = city_says(desk, other, words="Mended.", outcome=Outcome.FIXED)
    with desk.database.read() as session:
        told = session.exec(select(StatusNotice.mention_id).where(StatusNotice.update_id == update_id)).all()
    assert set(told) == {case, other}


def test_a_duplicate_whose_number_nobody_understood_waits_until_a_person_says_it(desk: Running, case: int) -> None:
    update_id = city_says(desk, case, status="duplicate", words="Counts with the other one.")
    browser, page = desk.browser_of(desk.staff()), f"/mentions/{case}"
    assert drafted(desk, case).text == ""
    assert "no number of that one was understood" in shown(browser, case)
    path = f"{page}/case/changes/{update_id}"
    assert "Say the number" in browser.post(path, page, outcome="duplicate").text
    assert browser.post(path, page, outcome="duplicate", counts_with="13075399").status_code == 303
    assert drafted(desk, case).text.endswith("The number is 13075399.")  # and no news of it is promised
    assert "no request of ours" in shown(browser, case)


def test_the_answer_to_the_citys_question_is_pointed_out_until_somebody_records_what_came_of_it(
    desk: Running, case: int
) -> None:
    city_says(desk, case, status="open", words="Which pole is it?", outcome=Outcome.NEEDS_INFORMATION)
    browser, page = desk.browser_of(desk.staff()), f"/mentions/{case}"
    browser.decide(case, "approve", file_request=None)
    with desk.rows() as session:
        reply = session.exec(select(Reply).where(Reply.mention_id == case, Reply.state == ReplyState.APPROVED)).one()
        reply.state, reply.sent_at = ReplyState.SENT, desk.clock()
        request_id = reply.request_id
    assert "They answered what the city asked" not in shown(browser, case)
    with desk.rows() as session:
        first = session.exec(select(Post).where(Post.mention_id == case)).one()
        values = first.model_dump(exclude={"id"}) | {"channel_post_id": "2", "edit_chain": "2", "text": "Number 4711"}
        session.add(Post(**values | {"created_at": desk.clock(), "received_at": desk.clock()}))
    assert "They answered what the city asked about 13075315." in shown(browser, case)
    desk.clock.forward(minutes=1)
    browser.post(
        f"{page}/case/changes", page, request_id=str(request_id), source="department", outcome="accepted", said="noted"
    )
    assert "They answered what the city asked" not in shown(browser, case)


def test_what_goes_to_the_city_is_read_and_approved_on_the_page_of_the_mention(desk: Running, case: int) -> None:
    browser, page = desk.browser_of(desk.staff()), f"/mentions/{case}"
    with desk.rows() as session:
        request = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == case)).one()
        mention = session.get_one(Mention, case)
        answer = told_again(session, request, mention, desk.clock())
        answer.answers_city, answer.description = True, "About 13075315: number 4711 <b>"
        mention.state = MentionState.DRAFTED
        session.add(answer)
        session.flush()
        answer_id = answer.id
    looks = browser.get(page).text
    assert "Pass on to the city: what they answered" in looks
    assert "number 4711 &lt;b&gt;" in looks
    assert f'name="added-{answer_id}-file" value="yes" checked' in looks
    with desk.rows() as session:
        answer = session.get_one(ServiceRequest, answer_id)
        answer.state, answer.requested_datetime = RequestState.SUBMITTED, desk.clock()
    assert "their answer passed on to the city, 13075315" in shown(browser, case)


def test_a_promise_to_tell_can_be_given_up_with_a_reason(desk: Running, case: int) -> None:
    with desk.rows() as session:
        request = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == case)).one()
        heard(session, request, NOON, outcome=Outcome.ACCEPTED, status="open")
    browser, page = desk.browser_of(desk.staff()), f"/mentions/{case}"
    notice = re.search(r"/case/notices/(\d+)/skip", browser.get(page).text)
    assert notice is not None
    assert browser.post(f"{page}{notice[0]}", page, reason=" ").status_code == 409
    browser.post(f"{page}{notice[0]}", page, reason="told on the phone")
    desk.clock.forward(minutes=11)
    tell(desk)
    with desk.database.read() as session:
        kept = session.exec(select(StatusNotice)).one()
        assert (kept.state, kept.because) == (NoticeState.SKIPPED, "Mara Jennings: told on the phone")
    assert desk.mention(case).state == MentionState.CLOSED


def test_whoever_may_not_decide_sees_the_case_and_changes_nothing(desk: Running, case: int) -> None:
    update_id = city_says(desk, case)
    with desk.rows() as session:
        drafter = make_staff(session, "Dan", Role.DRAFTER)
    browser, page = desk.browser_of(drafter), f"/mentions/{case}"
    assert "/case/changes" not in shown(browser, case)
    assert browser.post(f"{page}/case/changes/{update_id}", page, outcome="fixed").status_code == 403
    with desk.database.read() as session:
        assert session.get_one(StatusUpdate, update_id).outcome is None


def test_the_queue_says_what_a_status_reply_tells_and_finds_those_alone(desk: Running, case: int) -> None:
    city_says(desk, case, outcome=Outcome.FIXED)
    browser = desk.browser_of(desk.staff())
    assert "status: fixed" in browser.get("/queue").text
    assert f"/mentions/{case}" in browser.get("/queue?news=city").text
    browser.decide(case, "reject", reason="told on the phone")
    tell(desk)
    assert f"/mentions/{case}" not in browser.get("/queue?view=all&news=city").text


def test_a_supervisor_keeps_the_table_of_the_citys_words(desk: Running) -> None:
    with desk.rows() as session:
        chief = make_staff(session, "Sue", Role.SUPERVISOR)
    browser, page = desk.browser_of(chief), "/status-rules"
    assert browser.post(page, page, phrase="abated", outcome="fixed").status_code == 303
    assert "on the list already" in browser.post(page, page, phrase="Abated", outcome="").text
    assert "Choose one of the meanings" in browser.post(page, page, phrase="gone", outcome="late").text
    with desk.database.read() as session:
        rule = session.exec(select(StatusRule)).one()
    browser.post(f"{page}/{rule.id}", page, phrase="abated", outcome="", destination="streets")
    found = unescape(browser.get(page).text)
    assert "tells nothing for certain" in found
    assert "only from" in found
    with desk.database.read() as session:
        newest = session.exec(select(StatusRule).where(StatusRule.destination == "streets")).one()
    browser.post(f"{page}/{newest.id}/end", page)
    assert "No phrase is on the list" in browser.get(page).text


def test_only_supervisors_change_the_table(desk: Running) -> None:
    browser = desk.browser_of(desk.staff())
    assert browser.get("/status-rules").status_code == 200
    assert browser.post("/status-rules", "/status-rules", phrase="abated", outcome="fixed").status_code == 403
