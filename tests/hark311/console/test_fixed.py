"""Is it fixed? The question on the mention, what a person writes down of it, the queue and the page of closings."""

import re

from sqlmodel import col, select

from models import Decision, FixedQuestion, FixedState, MentionState, RequestState, Review, Role, ServiceRequest
from tests.hark311.console.conftest import NOON, Browser, Running
from tests.hark311.console.denied import make_asked_if_fixed
from tests.hark311.console.factories import make_services


def asked(desk: Running, state: FixedState = FixedState.OPEN, role: Role = Role.APPROVER) -> tuple[int, Browser, str]:
    """A case whose author was asked, a person who looks at it, and where what they heard is sent to."""
    with desk.rows() as session:
        make_services(session)
        mention_id = make_asked_if_fixed(session, NOON, state).id or 0
        question = session.exec(select(FixedQuestion)).one()
        path = f"/mentions/{mention_id}/fixed/{question.id}"
    staff = desk.staff()
    with desk.rows() as session:
        session.merge(staff).role = role
    return mention_id, desk.browser_of(staff), path


def question(desk: Running) -> FixedQuestion:
    with desk.database.read() as session:
        return session.exec(select(FixedQuestion)).one()


def test_the_mention_says_what_was_asked_and_when_silence_closes_it(desk: Running) -> None:
    mention_id, mara, _ = asked(desk)
    shown = mara.get(f"/mentions/{mention_id}").text
    assert "asked, no answer yet" in shown
    assert "without an answer it is closed" in shown
    assert "They said it elsewhere" in shown


def test_not_fixed_heard_by_telephone_opens_the_case_again_with_its_reason_kept(desk: Running) -> None:
    mention_id, mara, path = asked(desk)
    mara.post(path, f"/mentions/{mention_id}", fixed="no", heard="she called at nine")
    assert (question(desk).state, question(desk).answered_at) == (FixedState.NO, NOON)
    with desk.database.read() as session:
        review = session.exec(select(Review).where(Review.mention_id == mention_id)).one()
        again = session.exec(select(ServiceRequest).order_by(col(ServiceRequest.id).desc())).first()
        assert (review.decision, review.reason) == (Decision.SAYS_NOT_FIXED, "she called at nine")
        assert again is not None
        assert (again.state, again.part) == (RequestState.DRAFT, 2)
    assert desk.mention(mention_id).state == MentionState.DRAFTED
    assert "not fixed, says the resident" in mara.get("/queue").text
    assert f'href="#request-{again.id}"' in mara.get(f"/mentions/{mention_id}").text


def test_fixed_after_all_takes_the_drafted_request_back(desk: Running) -> None:
    mention_id, mara, path = asked(desk)
    mara.post(path, f"/mentions/{mention_id}", fixed="no", heard="by telephone")
    mara.post(path, f"/mentions/{mention_id}", fixed="yes", heard="by telephone, an hour later")
    assert question(desk).state == FixedState.YES
    with desk.database.read() as session:
        again = session.exec(select(ServiceRequest).order_by(col(ServiceRequest.id).desc())).first()
        assert again is not None
        assert again.state == RequestState.CANCELLED


def test_without_a_reason_or_an_answer_nothing_is_written_down(desk: Running) -> None:
    mention_id, mara, path = asked(desk)
    page = f"/mentions/{mention_id}"
    for fields in ({"fixed": "no", "heard": " "}, {"heard": "by telephone"}, {"fixed": "perhaps", "heard": "so"}):
        answer = mara.post(path, page, **fields)
        assert answer.status_code == 422
        assert "Not written down" in answer.text
    assert question(desk).state == FixedState.OPEN


def test_a_viewer_sees_the_question_and_cannot_answer_it(desk: Running) -> None:
    mention_id, vera, path = asked(desk, role=Role.VIEWER)
    assert "They said it elsewhere" not in vera.get(f"/mentions/{mention_id}").text
    assert vera.post(path, "/account", fixed="no", heard="so").status_code == 403
    assert question(desk).state == FixedState.OPEN


def test_the_page_of_closings_reckons_the_reopen_rate_by_service(desk: Running) -> None:
    _, mara, _ = asked(desk, FixedState.NO)
    with desk.rows() as session:
        for number, state in (("2", FixedState.YES), ("3", FixedState.SILENT), ("4", FixedState.OPEN)):
            make_asked_if_fixed(session, NOON, state, number)
    shown = mara.get("/closings").text
    row = re.sub(r"<[^>]+>", " ", shown.partition("<tbody>")[2].partition("</tbody>")[0])
    assert row.split()[-9:] == ["4", "0", "4", "1", "1", "1", "1", "33", "%"] or "33%" in row.replace(" ", "")
