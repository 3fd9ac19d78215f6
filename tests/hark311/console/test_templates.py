"""The page of our texts: read beside English, changed by a supervisor, checked by a speaker, never forced by us."""

from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from sqlmodel import col, select

from hark311.console import template_queries
from hark311.starter import load_templates
from models import AuditEntry, Channel, Intent, ReplyTemplate, Role, StaffUser
from responders import standing
from responders.drafting import Key
from tests.hark311.console.browsing import launched, opened, violations
from tests.hark311.console.conftest import NOON, Running, StartDesk
from tests.hark311.console.factories import (
    draft_reply,
    first_post,
    make_account,
    make_mention,
    make_services,
    make_staff,
    understand,
)

SHIPPED = [one for one in load_templates() if one.language in ("en", "es", "ar")]
HELP = "/templates/es/help"
MINE = "Díganos qué pasa y dónde."


@pytest.fixture(autouse=True)
def texts(desk: Running) -> None:
    with desk.rows() as session:
        session.add_all(ReplyTemplate(**one.model_dump()) for one in SHIPPED)
        make_services(session)


@pytest.fixture
def supervisor(desk: Running) -> StaffUser:
    with desk.rows() as session:
        return make_staff(session, "Sol Ramirez", Role.SUPERVISOR)


def newest(desk: Running, key: Key, language: str = "es") -> ReplyTemplate:
    with desk.database.read() as session:
        wanted = select(ReplyTemplate).where(ReplyTemplate.key == key.value, ReplyTemplate.language == language)
        return session.exec(wanted.order_by(col(ReplyTemplate.version).desc())).first() or pytest.fail("no text")


def test_every_text_stands_beside_english_with_whether_a_speaker_checked_it(desk: Running) -> None:
    page = unescape(desk.browser_of(desk.staff()).get("/templates?language=es&outcome=status").text)
    for key in (Key.STATUS_FIXED, Key.STATUS_NO_ACTION, Key.STATUS_REFERRED):
        for language in ("en", "es"):
            assert newest(desk, key, language).body in page
    assert "checked by a speaker: no" in page
    assert "Supervisors change them" in page


def test_a_text_from_right_to_left_is_shown_so(desk: Running) -> None:
    page = desk.browser_of(desk.staff()).get("/templates?language=ar&outcome=safety").text
    assert '<p class="wording" lang="ar" dir="rtl">' in page


def test_a_change_is_a_new_version_with_a_name_and_the_old_one_stays(desk: Running, supervisor: StaffUser) -> None:
    browser = desk.browser_of(supervisor)
    assert browser.post(HELP, HELP, body=MINE, version="1", checked_by="").status_code == 303
    made = newest(desk, Key.HELP)
    assert (made.version, made.body, made.made_by, made.checked_by_speaker) == (2, MINE, supervisor.id, False)
    page = unescape(browser.get(HELP).text)
    assert "Sol Ramirez" in page
    assert "<del>" in page
    assert "came with hark311" in page
    with desk.database.read() as session:
        said = session.exec(select(AuditEntry).where(AuditEntry.about == "ReplyTemplate")).one()
    assert (said.by, said.why) == (f"staff:{supervisor.id}", "version 2 was written")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("Gracias.", "Keep {number}"),
        ("Su número es {number}. Diga {name}.", "{name} is no slot"),
        ("Su número es {number}. " + "Muchas gracias por avisarnos. " * 12, "too long for X"),
    ],
)
def test_a_text_that_would_go_wrong_is_not_kept_and_the_form_keeps_it(
    desk: Running, supervisor: StaffUser, body: str, reason: str
) -> None:
    browser = desk.browser_of(supervisor)
    path = "/templates/es/filed_short"
    answer = browser.post(path, path, body=body, version="1")
    assert answer.status_code == 422
    assert reason in unescape(answer.text)
    assert body.strip() in unescape(answer.text)
    assert newest(desk, Key.FILED_SHORT).version == 1


def test_a_text_that_has_a_shorter_one_may_be_too_long_for_x(desk: Running, supervisor: StaffUser) -> None:
    body = newest(desk, Key.STATUS_NO_ACTION).body + " Muchas gracias por avisarnos." * 4
    path = "/templates/es/status_no_action"
    answer = desk.browser_of(supervisor).post(path, path, body=body, version="1")
    assert answer.status_code == 303
    assert "too long by" in desk.browser_of(supervisor).get(path).text


def test_of_two_who_change_the_same_text_the_second_is_told(desk: Running, supervisor: StaffUser) -> None:
    browser = desk.browser_of(supervisor)
    browser.post(HELP, HELP, body=MINE, version="1")
    second = browser.post(HELP, HELP, body="Otra cosa.", version="1")
    assert second.status_code == 422
    assert "Somebody changed this wording meanwhile" in second.text
    assert "Otra cosa." in second.text
    assert newest(desk, Key.HELP).body == MINE


def test_a_speakers_word_needs_a_name_and_a_day_and_can_be_taken_back(desk: Running, supervisor: StaffUser) -> None:
    browser = desk.browser_of(supervisor)
    said: dict[str, Any] = {"version": "1", "checked_by": "Ana Ruiz", "checked_on": "2026-03-08"}
    assert "Say who checked it" in browser.post(f"{HELP}/checked", HELP, **{**said, "checked_by": " "}).text
    assert "still to come" in browser.post(f"{HELP}/checked", HELP, **{**said, "checked_on": "2026-03-12"}).text
    assert not newest(desk, Key.HELP).checked_by_speaker
    assert browser.post(f"{HELP}/checked", HELP, **said).status_code == 303
    checked = newest(desk, Key.HELP)
    assert (checked.checked_by_speaker, checked.checked_by, checked.version) == (True, "Ana Ruiz", 1)
    assert "Yes: Ana Ruiz, " in browser.get(HELP).text
    browser.post(f"{HELP}/unchecked", HELP, version="1")
    assert not newest(desk, Key.HELP).checked_by_speaker


def test_what_went_by_itself_ends_with_the_version_it_was_switched_on_for(desk: Running, supervisor: StaffUser) -> None:
    with desk.rows() as session:
        account = make_account(session, Channel.TELEGRAM)
        approval = standing.switch_on(
            session, account.id or 0, "help", "en", seen=1, until=NOON.replace(month=5), staff=supervisor, now=NOON
        )
        assert not standing.why_ended(session, approval, standing.templates_of(session), NOON)
    path = "/templates/en/help"
    desk.browser_of(supervisor).post(path, path, body="Tell us what is wrong and where.", version="1")
    with desk.database.read() as session:
        ended = standing.why_ended(session, approval, standing.templates_of(session), NOON)
    assert ended == "the wording was changed"


def test_newer_words_of_ours_are_offered_and_never_forced(
    desk: Running, supervisor: StaffUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = desk.browser_of(supervisor)
    browser.post(HELP, HELP, body=MINE, version="1")
    assert "hark311 has newer words" not in browser.get(HELP).text
    ours = dict(template_queries.ours())
    ours["help", "es"] = ReplyTemplate(key="help", language="es", body="Cuéntenos qué pasa y dónde.")
    monkeypatch.setattr(template_queries, "ours", lambda: ours)
    assert newest(desk, Key.HELP).body == MINE
    assert "hark311 has newer words" in browser.get(HELP).text
    assert "hark311 has newer words" in browser.get("/templates?language=es&outcome=chat").text
    assert browser.post(f"{HELP}/reset", HELP, version="2").status_code == 303
    taken = newest(desk, Key.HELP)
    assert (taken.version, taken.body) == (3, "Cuéntenos qué pasa y dónde.")
    assert "hark311 has newer words" not in browser.get(HELP).text


def test_only_a_supervisor_changes_a_text(desk: Running) -> None:
    browser = desk.browser_of(desk.staff())
    for what in ("", "/check", "/reset", "/checked", "/unchecked"):
        assert browser.post(HELP + what, "/account", body=MINE, version="1").status_code == 403
    assert newest(desk, Key.HELP).version == 1


def test_what_no_text_is_cannot_be_opened(desk: Running, supervisor: StaffUser) -> None:
    browser = desk.browser_of(supervisor)
    for path in ("/templates/es/nothing", "/templates/qq/help", "/templates/..%2Fx/help"):
        assert browser.get(path).status_code == 404
    assert browser.get("/templates/export?language=es&format=exe").status_code == 404


def test_a_translator_gets_a_file_in_which_no_formula_works(desk: Running, supervisor: StaffUser) -> None:
    browser = desk.browser_of(supervisor)
    browser.post(HELP, HELP, body='=HYPERLINK("http://x")', version="1")
    told = browser.get("/templates/export?language=es&format=csv")
    assert told.headers["content-disposition"] == 'attachment; filename="templates-es.csv"'
    assert '"\'=HYPERLINK(""http://x"")"' in told.text
    assert 'language = "es"' in browser.get("/templates/export?language=es&format=toml").text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.mark.browser
def test_while_somebody_types_the_length_on_each_channel_is_told_and_a_card_answers_by_one_key(
    start_desk: StartDesk, browser: Browser
) -> None:
    desk = start_desk(translation_url="https://translate.example")
    with desk.rows() as session:
        supervisor = make_staff(session, "Sol Ramirez", Role.SUPERVISOR)
        mention = make_mention(session, make_account(session), NOON, "¿Recogen la basura el feriado?")
        post = first_post(session, mention)
        understand(session, mention, post, NOON, service_code=None, intent=Intent.QUESTION, language="es")
        draft_reply(session, mention, "Gracias por su pregunta.", language="es")
    with opened(browser, desk, supervisor) as page:
        page.goto("/templates/ar/filed_short")
        expect(page.locator("#check")).to_contain_text("It can be kept.")
        page.get_by_label("The text in Arabic").fill("شكرًا.")
        expect(page.locator("#check")).to_contain_text("Keep {number}")
        expect(page.get_by_label("The text in Arabic")).to_have_attribute("dir", "rtl")
        assert violations(page, dark=False) == []
        page.goto("/cards/new")
        for label, words in (
            ("Question, as", "When is trash collected in a holiday week?"),
            ("Further words", "basura, feriado"),
            ("Short answer in English", "One day later."),
            ("Who answers", "Sanitation office"),
            ("Source", "Handbook, page 12"),
        ):
            page.get_by_label(label).fill(words)
        assert violations(page, dark=False) == []
        page.get_by_role("button", name="Keep the card").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("When is trash collected in a holiday week?")
        page.goto(f"/mentions/{mention.id}")
        expect(page.locator(".matched")).to_have_text(["basura", "feriado"])
        page.keyboard.press("t")
        expect(page.locator("#translations")).to_contain_text("Being translated")
        page.keyboard.press("k")
        expect(page.get_by_label("Text of the reply")).to_have_value("One day later.")
        assert violations(page, dark=False) == []
        for path in ("/templates?language=ar", "/cards", "/cards/missing"):
            page.goto(path)
            assert violations(page, dark=False) == [], path
