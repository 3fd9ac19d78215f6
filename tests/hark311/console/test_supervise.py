"""The supervisor's pages: what waits, what is pending, the figures with their definitions, files without formulas."""

import csv
import io
import re
from datetime import timedelta

import pytest

from hark311.kpis import MEASURES
from models import (
    Label,
    LabelSource,
    LabelTask,
    MentionState,
    ReplyState,
    RequestState,
    Role,
    StandingApproval,
)
from tests.hark311.console.conftest import NOON, Browser, Running
from tests.hark311.console.factories import (
    draft_reply,
    draft_request,
    make_account,
    make_mention,
    make_services,
    make_staff,
)


@pytest.fixture
def supervisor(desk: Running) -> Browser:
    with desk.rows() as session:
        staff = make_staff(session, "Sam Vega", Role.SUPERVISOR)
    return desk.browser_of(staff)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))


def clock(supervisor: Browser, which: str) -> dict[str, str]:
    found = rows_of(supervisor.get(f"/supervise/now/{which}.csv").text)
    return {one["Since or until"]: one["How many"] for one in found}


@pytest.mark.parametrize("path", ["/supervise", "/supervise/figures", "/supervise/now/waiting.csv"])
def test_only_supervisors_see_how_the_desk_does(desk: Running, path: str) -> None:
    assert desk.browser_of(desk.staff()).get(path).status_code == 403


@pytest.mark.parametrize("path", ["/supervise", "/supervise/figures", "/handover", "/assignments", "/notes/mine"])
def test_an_empty_desk_has_its_pages(supervisor: Browser, path: str) -> None:
    shown = supervisor.get(path)
    assert shown.status_code == 200
    assert "style=" not in shown.text


def test_what_waits_is_told_by_account_and_person_with_the_oldest(desk: Running, supervisor: Browser) -> None:
    with desk.rows() as session:
        account, ben = make_account(session), make_staff(session, "Ben Ortiz")
        make_mention(session, account, NOON - timedelta(hours=5))
        make_mention(session, account, NOON - timedelta(minutes=30))
        theirs = make_mention(session, account, NOON - timedelta(days=2))
        theirs.assigned_to, theirs.round = ben.id, 2
        make_mention(session, account, NOON - timedelta(days=9), state=MentionState.CLOSED)
    found = {one["Assigned to"]: one for one in rows_of(supervisor.get("/supervise/now/waiting.csv").text)}
    assert found["nobody in particular"]["Waiting"] == "2"
    assert found["nobody in particular"]["Oldest waits (seconds)"] == str(5 * 3600)
    assert found["nobody in particular"]["Without any reply"] == "2"
    assert found["Ben Ortiz"]["Without any reply"] == "0"
    assert found["Ben Ortiz"]["Oldest waits (seconds)"] == str(2 * 86400)


def test_the_first_reply_clock_and_the_outcome_clock_are_apart(desk: Running, supervisor: Browser) -> None:
    with desk.rows() as session:
        make_services(session)
        account = make_account(session)
        for hours in (0.5, 2, 3, 30):
            make_mention(session, account, NOON - timedelta(hours=hours))
        for hours in (-3, 4, 80, 500):
            mention = make_mention(session, account, NOON - timedelta(days=3), state=MentionState.CLOSED)
            request = draft_request(session, mention, state=RequestState.SUBMITTED)
            request.status, request.expected_datetime = "open", NOON + timedelta(hours=hours)
    first = {
        one["Since or until"]: one["How many"] for one in rows_of(supervisor.get("/supervise/now/first-reply.csv").text)
    }
    assert first == {"under 1 hour": "1", "1 to 4 hours": "2", "4 to 24 hours": "0", "over 24 hours": "1"}
    outcome = {
        one["Since or until"]: one["How many"] for one in rows_of(supervisor.get("/supervise/now/outcome.csv").text)
    }
    assert outcome == {
        "promise is over": "1",
        "due in 24 hours": "1",
        "due in 7 days": "1",
        "due later": "1",
        "no promise known": "0",
    }


def test_pending_keys_held_replies_templates_and_overrides_are_told(desk: Running, supervisor: Browser) -> None:
    with desk.rows() as session:
        make_services(session)
        account, ben = make_account(session, handle="=Riverton311"), make_staff(session, "Ben Ortiz")
        waiting = make_mention(session, account, NOON)
        waiting.second_key, waiting.handed_on_by, waiting.handed_on_at = True, ben.id, NOON - timedelta(minutes=5)
        held = make_mention(session, account, NOON, state=MentionState.APPROVED)
        draft_reply(session, held, "x", state=ReplyState.APPROVED).held_because = "The channel asked us to wait."
        session.add(
            StandingApproval(
                account_id=account.id or 0,
                template_key="praise_thanks",
                template_version=1,
                language="en",
                switched_on_by=ben.id or 0,
                switched_on_at=NOON,
                expires_at=NOON + timedelta(days=9),
            )
        )
        for source in (LabelSource.CONFIRMED, LabelSource.CONFIRMED, LabelSource.CONFIRMED, LabelSource.CORRECTED):
            mention = make_mention(session, account, NOON, state=MentionState.CLOSED)
            session.add(
                Label(
                    task=LabelTask.CATEGORY,
                    value="SR-ST01",
                    source=source,
                    mention_id=mention.id,
                    suggested="SR-ST01",
                    at=NOON - timedelta(days=1),
                )
            )
        waiting_id = waiting.id
    shown = supervisor.get("/supervise").text
    assert f'href="/mentions/{waiting_id}"' in shown
    assert "The channel asked us to wait." in shown
    assert "praise thanks, version 1" in shown
    [override] = rows_of(supervisor.get("/supervise/now/overrides.csv").text)
    assert (override["Suggested"], override["Decided"], override["Changed"]) == ("Pothole repair", "4", "1")
    assert override["Override rate"] == "0.25"


def test_no_cell_of_a_file_is_a_formula(desk: Running, supervisor: Browser) -> None:
    with desk.rows() as session:
        ben = make_staff(session, '=HYPERLINK("http://evil","x")')
        mention = make_mention(session, make_account(session), NOON)
        mention.assigned_to = ben.id
    answer = supervisor.get("/supervise/now/waiting.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    [row] = rows_of(answer.text)
    assert row["Assigned to"] == '\'=HYPERLINK("http://evil","x")'


def test_every_figure_stands_on_the_page_with_its_definition(supervisor: Browser) -> None:
    shown = supervisor.get("/supervise/figures").text
    for measure in MEASURES:
        assert measure.name in shown
        assert measure.definition.partition("'")[0] in shown.replace("&#39;", "'")


def test_the_address_chooses_period_channel_service_and_language(desk: Running, supervisor: Browser) -> None:
    with desk.rows() as session:
        make_services(session)
        account = make_account(session)
        for days, service, language in ((0, "SR-ST01", "es"), (1, "SR-ST01", "en"), (20, "SR-ST01", "es")):
            mention = make_mention(session, account, NOON - timedelta(days=days))
            mention.service_code, mention.language = service, language
    assert "2 posts came in" in supervisor.get("/supervise/figures").text
    assert "1 post came in" in supervisor.get("/supervise/figures?language=es").text
    assert "3 posts came in" in supervisor.get("/supervise/figures?since=2026-02-01&service=SR-ST01").text
    assert "0 posts came in" in supervisor.get("/supervise/figures?channel=telegram").text


def test_the_charts_are_drawn_from_a_table_of_every_day(desk: Running, supervisor: Browser) -> None:
    with desk.rows() as session:
        make_mention(session, make_account(session), NOON)
    shown = supervisor.get("/supervise/figures").text
    table = shown.partition('id="days-table"')[2].partition("</table>")[0]
    assert len(re.findall("<tr>", table)) == 1 + 7
    assert '<th scope="row">Mar 10</th><td class="num" data-value="1">1</td>' in table
    days = rows_of(supervisor.get("/supervise/figures/days.csv").text)
    assert [one["Posts"] for one in days] == ["0"] * 6 + ["1"]


@pytest.mark.parametrize(
    "query", ["since=x&until=9", "since=2026-99-99", "by=moon&within=7", "since=1900-01-01", "channel=moon"]
)
def test_an_address_that_makes_no_sense_shows_the_usual(supervisor: Browser, query: str) -> None:
    assert supervisor.get(f"/supervise/figures?{query}").status_code == 200


def test_there_is_no_file_of_a_table_there_is_not(supervisor: Browser) -> None:
    assert supervisor.get("/supervise/now/passwords.csv").status_code == 404
    assert supervisor.get("/supervise/figures/passwords.csv").status_code == 404
