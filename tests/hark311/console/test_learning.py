"""Referrals, services and what the classifier has learnt: who reads, who changes, and what stays on record."""

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from hark311.console import learning_queries
from models import AuditEntry, Intent, Label, LabelTask, Mention, Referral, Role, Service, Understanding
from tests.hark311.console.conftest import NOON, Browser, Running, StartDesk
from tests.hark311.console.factories import (
    make_account,
    make_mention,
    make_ready,
    make_services,
    make_staff,
    raise_alarm,
)
from tests.hark311.console.learning import TwoVersions, add_label, make_explained, make_referrals
from tests.hark311.console.test_evidence import words_of


@pytest.fixture
def supervisor(desk: Running) -> Browser:
    with desk.rows() as session:
        staff = make_staff(session, "Ada Brook", Role.SUPERVISOR)
    return desk.browser_of(staff)


@pytest.fixture
def referred(desk: Running) -> Running:
    with desk.rows() as session:
        make_referrals(session)
    return desk


def referral(desk: Running, danger: str = "gas") -> Referral:
    with desk.database.read() as session:
        return session.get_one(Referral, danger)


def audit(desk: Running, about: str) -> list[tuple[str, str, str, str]]:
    with desk.database.read() as session:
        found = session.exec(select(AuditEntry).where(AuditEntry.about == about)).all()
    return [(one.by, one.why, one.from_state, one.to_state) for one in found]


def labels(desk: Running) -> dict[LabelTask, tuple[str, str]]:
    with desk.database.read() as session:
        return {one.task: (one.value, one.source.value) for one in session.exec(select(Label)).all()}


def test_an_alarm_says_whom_it_is_for_and_that_nobody_has_checked_the_number(referred: Running) -> None:
    with referred.rows() as session:
        account = make_account(session)
        seen, fresh = (make_mention(session, account, NOON, "smells of gas", danger=True) for _ in range(2))
        raise_alarm(session, seen, "gas, past or unsure", NOON).acknowledged_at = NOON
        raise_alarm(session, fresh, "gas", NOON)
    browser = referred.browser_of(referred.staff())
    told = "Send to: River Gas 555-0100 , not checked by anyone yet . Leave first."
    for path in ("/queue", f"/mentions/{fresh.id}", f"/mentions/{seen.id}"):
        assert told.replace(" ,", ",").replace(" .", ".") in words_of(browser.get(path).text).replace(" ,", ",")
    with referred.rows() as session:
        session.get_one(Referral, "gas").checked_on = NOON.date() - timedelta(days=7)
    assert "River Gas 555-0100, checked Mar 3." in words_of(browser.get("/queue").text).replace(" ,", ",")


def test_the_surest_alarm_stands_first(referred: Running) -> None:
    with referred.rows() as session:
        account = make_account(session)
        mentions = [make_mention(session, account, NOON, f"sign {n}", danger=True) for n in range(3)]
        for mention, score in zip(mentions, (0.4, 0.9, 0.9), strict=True):
            raise_alarm(session, mention, "help", NOON).score = score
    page = referred.browser_of(referred.staff()).get("/queue").text
    assert re.findall(r'id="alarm-(\d+)"', page) == ["2", "3", "1"]


def test_a_supervisor_checks_a_number_and_their_name_and_the_day_are_shown(
    referred: Running, supervisor: Browser
) -> None:
    assert supervisor.post("/referrals/gas/checked", "/referrals", number="555-0100").status_code == 303
    assert (referral(referred).checked_on, referral(referred).checked_by) == (NOON.date(), 1)
    shown = words_of(referred.browser_of(referred.staff()).get("/referrals").text)
    assert "checked Mar 10 by Ada Brook" in shown
    assert audit(referred, "Referral") == [("staff:1", "gas: checked 555-0100", "", "")]


def test_a_number_that_changed_meanwhile_is_not_checked(referred: Running, supervisor: Browser) -> None:
    answer = supervisor.post("/referrals/gas/checked", "/referrals", number="555-9999")
    assert answer.status_code == 422
    assert "Somebody changed the number meanwhile" in answer.text
    assert referral(referred).checked_on is None


def test_a_changed_number_counts_as_not_checked(referred: Running, supervisor: Browser) -> None:
    supervisor.post("/referrals/gas/checked", "/referrals", number="555-0100")
    supervisor.post("/referrals/gas", "/referrals", call="River Gas", number="555-0100", note="Go outside.")
    assert referral(referred).checked_on == NOON.date()
    supervisor.post("/referrals/gas", "/referrals", call="River Gas", number="555-0101", note="Go outside.")
    now = referral(referred)
    assert (now.number, now.note, now.checked_on, now.checked_by) == ("555-0101", "Go outside.", None, None)
    last = audit(referred, "Referral")[-1]
    assert last == ("staff:1", "gas: changed number", "River Gas, 555-0100", "River Gas, 555-0101")


def test_a_referral_without_a_number_is_refused_and_what_was_typed_stays(
    referred: Running, supervisor: Browser
) -> None:
    answer = supervisor.post("/referrals/gas", "/referrals", call="<b>New</b> Gas", number=" ", note="n" * 400)
    assert answer.status_code == 422
    assert "The number is missing." in answer.text
    assert "300 are the most" in answer.text
    assert 'value="&lt;b&gt;New&lt;/b&gt; Gas"' in answer.text
    assert referral(referred).call == "River Gas"
    assert supervisor.post("/referrals/comet", "/referrals", call="a", number="1").status_code == 404


def test_others_read_and_change_nothing(referred: Running) -> None:
    with referred.rows() as session:
        make_services(session)
    browser = referred.browser_of(referred.staff())
    for path in ("/referrals", "/services"):
        assert "<summary" not in browser.get(path).text.partition("<main")[2].partition("</main>")[0]
    assert browser.post("/referrals/gas", call="a", number="1").status_code == 403
    assert browser.post("/referrals/gas/checked", number="555-0100").status_code == 403
    assert browser.post("/services/SR-ST01", category="NOISE").status_code == 403
    assert referral(referred).number == "555-0100"
    assert audit(referred, "Referral") == audit(referred, "Service") == []


def test_a_service_shows_its_category_guessed_or_chosen(start_desk: StartDesk) -> None:
    def suggest(service: Service) -> str | None:
        return "POTHOLE" if "Pothole" in service.service_name else None

    desk = start_desk({"suggest_category": suggest})
    with desk.rows() as session:
        make_services(session)
        staff = make_staff(session, "Ada Brook", Role.SUPERVISOR)
    browser = desk.browser_of(staff)
    said = words_of(browser.get("/services").text)
    assert "Pothole or broken road guessed from its name and keywords" in said
    assert "stands for no kind we know" in said
    assert browser.post("/services/SR-LT03", "/services", category="STREET_LIGHT").status_code == 303
    assert "Street light chosen by hand" in words_of(browser.get("/services").text)
    assert audit(desk, "Service") == [("staff:1", "category of SR-LT03", "guessed", "STREET_LIGHT")]
    browser.post("/services/SR-LT03", "/services", category="")
    assert "chosen by hand" not in browser.get("/services").text
    assert browser.post("/services/SR-LT03", "/services", category="SPACESHIP").status_code == 404


@pytest.fixture
def ready(desk: Running) -> Mention:
    with desk.rows() as session:
        make_services(session)
        return make_ready(session, make_account(session), NOON)


def test_approving_what_was_suggested_confirms_it(desk: Running, ready: Mention) -> None:
    desk.browser_of(desk.staff()).decide(ready.id or 0, "approve")
    assert labels(desk) == {
        LabelTask.CATEGORY: ("SR-ST01", "confirmed"),
        LabelTask.INTENT: ("service_request", "confirmed"),
    }


def test_what_the_person_chose_instead_corrects_it(desk: Running, ready: Mention) -> None:
    changed = {"intent": "complaint", "service_code": "SR-DU04"}
    desk.browser_of(desk.staff()).decide(ready.id or 0, "approve", **changed)
    assert labels(desk) == {
        LabelTask.CATEGORY: ("SR-DU04", "corrected"),
        LabelTask.INTENT: ("complaint", "corrected"),
    }


def test_setting_aside_and_closing_teach_what_the_form_says(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    browser.decide(ready.id or 0, "set-aside", reason="neighbours talking")
    assert labels(desk) == {LabelTask.INTENT: ("chatter", "corrected")}
    browser.post(f"/mentions/{ready.id}/reopen", f"/mentions/{ready.id}", reason="it was not")
    browser.decide(ready.id or 0, "reject", reason="a joke", intent="praise")
    assert labels(desk) == {LabelTask.INTENT: ("praise", "corrected")}


def test_an_intent_that_names_none_is_unsure_and_saving_keeps_the_choice(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    for chosen, shown in (("praise", "thanks or praises"), ("", ""), ("<b>", "")):
        answer = browser.decide(ready.id or 0, "save", intent=chosen)
        page = browser.get(answer.headers["location"]).text
        found = re.search(r'id="intent".*?</select>', page, re.DOTALL)
        assert found is not None
        assert re.findall(r" selected>([^<]*)<", found[0]) == ([shown] if shown else [])
    browser.decide(ready.id or 0, "approve", intent="<b>")
    assert set(labels(desk)) == {LabelTask.CATEGORY}


def test_the_least_certain_come_first(desk: Running) -> None:
    with desk.rows() as session:
        account = make_account(session)
        mentions = [make_mention(session, account, NOON - timedelta(minutes=n)) for n in range(3)]
        for mention, certainty in zip(mentions, (0.9, 0.1234, 0.5), strict=True):
            mention.certainty = certainty
        expected = [mentions[1].id, mentions[2].id, mentions[0].id]
    page = desk.browser_of(desk.staff()).get("/queue?view=least-certain").text
    assert [int(found) for found in re.findall(r'id="open-(\d+)"', page)] == expected


COMPLAINT = {"intent": Intent.COMPLAINT, "intent_probability": 0.8}


@pytest.mark.parametrize(
    ("fields", "certainty"),
    [
        (COMPLAINT | {"service_code": "A", "service_probability": 0.61}, 0.61),
        (COMPLAINT | {"service_code": "A", "service_probability": 0.97}, 0.8),
        (COMPLAINT | {"abstained": True, "runners_up": [{"value": "A", "probability": 0.4}]}, 0.4),
        ({"abstained": True, "service_code": "A", "service_probability": 0.9}, 0.0),
        ({"intent": Intent.PRAISE, "intent_probability": 0.93}, 0.93),
        (COMPLAINT | {"failure": "no model", "service_code": "A", "service_probability": 1.0}, 0.0),
    ],
)
def test_certainty_is_that_of_the_least_sure_suggestion(fields: dict[str, Any], certainty: float) -> None:
    assert Understanding(mention_id=1, model_version="m", created_at=NOON, **fields).certainty() == certainty


def test_the_page_says_how_often_suggestions_were_changed(start_desk: StartDesk) -> None:
    desk = start_desk({"models": TwoVersions(NOON - timedelta(days=3))})
    with desk.rows() as session:
        make_services(session)
        make_explained(session, NOON)
        for day in range(4):
            add_label(session, NOON - timedelta(days=day), "POTHOLE" if day else "NOISE", suggested="POTHOLE")
        add_label(session, NOON - timedelta(days=90), "NOISE", suggested="POTHOLE", language="es")
        add_label(session, NOON, "NOISE", suggested="")
    said = words_of(desk.browser_of(desk.staff()).get("/learning").text)
    assert "Pothole or broken road 25 % 1 of 4 100 % 1 of 1" in said
    assert "Spanish none 100 % 1 of 1" in said
    assert "the kind of problem 3 3 1 where nothing was suggested 0 0" in said
    assert "How sure, where a service was suggested 71 %" in said
    assert "category-2 running Sat, Mar 7, 11:00 am 1,240 79 % 92 %" in said


def test_without_labels_answers_and_models_the_page_says_so(desk: Running) -> None:
    said = words_of(desk.browser_of(desk.staff()).get("/learning").text)
    assert "Nobody has decided about a suggestion yet." in said
    assert "has read nothing in the last 12 weeks" in said
    assert "No trained model is there." in said


def test_drift_is_read_from_a_sample_of_the_weeks_shown(desk: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning_queries, "SAMPLED", 10)
    with desk.rows() as session:
        make_services(session)
        mention = make_mention(session, make_account(session), NOON)
        for day in range(200, 0, -1):
            at, code = NOON - timedelta(days=day), "SR-ST01" if day > 7 else "SR-GR06"
            session.add(
                Understanding(
                    mention_id=mention.id or 0,
                    model_version="m",
                    service_code=code,
                    service_probability=0.5,
                    created_at=at,
                )
            )
    with desk.database.read() as session:
        found = learning_queries.drift(session, NOON, desk_zone(desk), {"SR-ST01": "POTHOLE"})
    assert found.of == 78  # days from the Monday twelve weeks back
    assert found.sampled == 10
    assert found.categories == ["POTHOLE", "SR-GR06"]
    assert found.weeks[0].shares == {"POTHOLE": 1.0}
    assert (len(found.weeks), found.largest) == (12, 1.0)


def desk_zone(desk: Running) -> ZoneInfo:
    return ZoneInfo(desk.product.settings.city_time_zone)
