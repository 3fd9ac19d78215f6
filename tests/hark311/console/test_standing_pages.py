"""The desk's pages for what goes by itself: standing approvals, start links, and chats that ask for a person."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
import segno
from playwright.sync_api import Browser
from sqlmodel import Session, select

from hark311.console.link_pages import qr_code
from hark311.starter import load_templates
from models import (
    Account,
    AuditEntry,
    Channel,
    Conversation,
    Mention,
    ReplyTemplate,
    Role,
    StaffUser,
    StandingApproval,
    StartLink,
)
from responders.drafting import Key
from tests.hark311.console.browsing import launched, opened, violations
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import make_account, make_ready, make_services, make_staff

WORDINGS = [one for one in load_templates() if one.language in ("en", "es")]
LAST_DAY = "2026-05-01"


@pytest.fixture
def account(desk: Running) -> Account:
    with desk.rows() as session:
        session.add_all(ReplyTemplate(**one.model_dump()) for one in WORDINGS)
        make_services(session)
        return make_account(session, Channel.TELEGRAM, "Riverton311Bot")


@pytest.fixture
def supervisor(desk: Running) -> StaffUser:
    with desk.rows() as session:
        return make_staff(session, "Sol Ramirez", Role.SUPERVISOR)


def help_of(account: Account, **changed: str) -> dict[str, str]:
    """What the form to let /help go by itself sends."""
    given = {"account": str(account.id), "language": "en", "key": "help", "version": "1", "until": LAST_DAY}
    return given | changed


def approvals(desk: Running) -> list[StandingApproval]:
    with desk.database.read() as session:
        return list(session.exec(select(StandingApproval)).all())


def test_a_supervisor_reads_the_exact_words_and_lets_them_go_until_a_day(
    desk: Running, account: Account, supervisor: StaffUser
) -> None:
    browser = desk.browser_of(supervisor)
    page = unescape(browser.get("/standing").text)
    for body in [one.body for one in WORDINGS if (one.key, one.language) in {(Key.HELP, "en"), (Key.CASE_OPEN, "en")}]:
        assert body in page
    assert "A person approves every reply" in page
    assert browser.post("/standing", "/standing", **help_of(account)).status_code == 303
    (approval,) = approvals(desk)
    assert (approval.template_key, approval.language, approval.template_version) == ("help", "en", 1)
    assert approval.expires_at.isoformat() == "2026-05-02T04:00:00+00:00"
    after = unescape(browser.get("/standing").text)
    assert "given by Sol Ramirez" in after
    assert 'name="key" value="help"' not in after


def test_what_is_wrong_is_said_beside_the_wording(desk: Running, account: Account, supervisor: StaffUser) -> None:
    browser = desk.browser_of(supervisor)
    for changed, reason in (
        ({"version": "9"}, "The wording was changed meanwhile"),
        ({"until": "2027-05-01"}, "a year at most"),
        ({"until": "soon"}, "Choose a day after today"),
        ({"account": "999"}, "There is no such account"),
        ({"language": "es"}, "no speaker of the language has checked it"),
        ({"key": "filed"}, "cannot go by itself"),
    ):
        answer = browser.post("/standing", "/standing", **(help_of(account) | changed))
        assert answer.status_code == 422, changed
        if changed.keys() & {"version", "until"}:
            assert reason in answer.text
    assert approvals(desk) == []


def test_a_language_nobody_has_checked_offers_nothing_to_switch_on(
    desk: Running, account: Account, supervisor: StaffUser
) -> None:
    page = desk.browser_of(supervisor).get("/standing?language=es").text
    assert "No speaker of this language has checked our words yet" in page
    assert "Let it go by itself" not in page


def test_only_a_supervisor_switches_on_and_off(desk: Running, account: Account, supervisor: StaffUser) -> None:
    desk.browser_of(supervisor).post("/standing", "/standing", **help_of(account))
    browser, approval = desk.browser_of(desk.staff()), approvals(desk)[0]
    page = browser.get("/standing").text
    assert "Switch everything off" not in page
    assert "Let it go by itself" not in page
    for path, fields in (
        ("/standing", help_of(account)),
        ("/standing/off", {}),
        (f"/standing/{approval.id}/off", {}),
    ):
        assert browser.post(path, "/account", **fields).status_code == 403
    assert approvals(desk)[0].switched_off_at is None


def test_one_button_switches_everything_off(desk: Running, account: Account, supervisor: StaffUser) -> None:
    browser = desk.browser_of(supervisor)
    for key in ("help", "cases_none"):
        browser.post("/standing", "/standing", **help_of(account, key=key))
    assert browser.post("/standing/off", "/standing").status_code == 303
    assert all(one.switched_off_by == supervisor.id for one in approvals(desk))
    assert "A person approves every reply" in browser.get("/standing").text


def test_the_page_says_why_an_approval_lets_nothing_go_any_more(
    desk: Running, account: Account, supervisor: StaffUser
) -> None:
    browser = desk.browser_of(supervisor)
    browser.post("/standing", "/standing", **help_of(account))
    with desk.rows() as session:
        session.add(ReplyTemplate(key=Key.HELP, language="en", version=2, body="Others.", checked_by_speaker=True))
    assert "Nothing goes any more: the wording was changed" in browser.get("/standing").text
    desk.clock.forward(days=100)
    approval = approvals(desk)[0]
    browser = desk.browser_of(supervisor)
    assert "Nothing goes any more: expired" in browser.get("/standing").text
    assert browser.post(f"/standing/{approval.id}/off", "/standing").status_code == 303
    assert browser.post(f"/standing/{approval.id}/off", "/standing").status_code == 404


def a_link(desk: Running, staff: StaffUser, account: Account, **changed: str) -> StartLink:
    fields = {"label": "Lamp post 12", "account": str(account.id), "service_code": "SR-LT03"} | changed
    answer = desk.browser_of(staff).post("/links", "/links", **fields)
    assert answer.status_code == 303, answer.text
    with desk.database.read() as session:
        return session.exec(select(StartLink).order_by(StartLink.id.desc())).first()  # type: ignore[union-attr, return-value]


def test_a_link_is_made_with_a_token_nobody_can_guess_and_shown_as_a_code(desk: Running, account: Account) -> None:
    staff = desk.staff()
    link = a_link(desk, staff, account, address_string="9th & Vine", lat="39.9569", lon="-75.1560")
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", link.token)
    assert (link.service_code, link.address_string, link.lat, link.lon) == ("SR-LT03", "9th & Vine", 39.9569, -75.156)
    page = unescape(desk.browser_of(staff).get("/links").text)
    address = f"https://t.me/Riverton311Bot?start={link.token}"
    assert address in page
    assert "used 0 times" in page
    assert 'class="code"' in page
    assert a_link(desk, staff, account).token != link.token
    poster = desk.browser_of(staff).get(f"/links/{link.id}")
    assert address in unescape(poster.text)
    assert poster.headers["referrer-policy"] == "no-referrer"


def test_the_code_is_the_address_and_needs_no_style_of_its_own() -> None:
    address = "https://t.me/Riverton311Bot?start=" + "a" * 32
    drawn = str(qr_code(address))
    width = segno.make(address, error="q", micro=False).symbol_size()[0]
    assert f'viewBox="0 0 {width} {width}"' in drawn
    assert "style=" not in drawn
    assert drawn.count("<path") == 1
    assert drawn != str(qr_code(address + "b"))


def test_what_a_link_may_not_say_is_refused_and_what_was_typed_is_kept(desk: Running, account: Account) -> None:
    browser = desk.browser_of(desk.staff())
    for changed, reason in (
        ({"label": " "}, "Say what the link is for"),
        ({"lat": "39.9"}, "both latitude and longitude"),
        ({"lat": "95", "lon": "0"}, "There is no such point"),
        ({"lat": "nan", "lon": "0"}, "are numbers"),
        ({"lat": "north", "lon": "0"}, "are numbers"),
        ({"service_code": "NONE"}, "no such service"),
        ({"address_string": "x" * 201}, "Shorten it"),
        ({"account": "0"}, "Choose the account"),
    ):
        fields = {"label": "Yard", "account": str(account.id)} | changed
        answer = browser.post("/links", "/links", **fields)
        assert answer.status_code == 422, changed
        assert reason in unescape(answer.text), changed
        assert f'value="{fields["label"].strip()}"' in answer.text
    with desk.database.read() as session:
        assert session.exec(select(StartLink)).all() == []


def test_a_revoked_link_is_no_longer_shown_to_be_printed(desk: Running, account: Account) -> None:
    staff = desk.staff()
    link = a_link(desk, staff, account)
    browser = desk.browser_of(staff)
    assert browser.post(f"/links/{link.id}/revoke", "/links").status_code == 303
    assert link.token not in browser.get("/links").text
    assert browser.get(f"/links/{link.id}").status_code == 404
    with desk.database.read() as session:
        steps = session.exec(select(AuditEntry.why).where(AuditEntry.about == "StartLink")).all()
    assert steps == ["made", "revoked"]


def asks_for_a_person(session: Session, account: Account) -> Mention:
    mention = make_ready(session, account, NOON - timedelta(minutes=5))
    session.get_one(Conversation, mention.conversation_id).person_asked_at = NOON - timedelta(minutes=4)
    return mention


def test_a_chat_that_asks_for_a_person_says_so_until_it_is_handed_back(desk: Running, account: Account) -> None:
    with desk.rows() as session:
        mention = asks_for_a_person(session, account)
    browser = desk.browser_of(desk.staff())
    assert "they ask for a person" in browser.get("/queue").text
    assert "They asked for a person" in browser.get(f"/mentions/{mention.id}").text
    assert browser.post(f"/mentions/{mention.id}/hand-back", f"/mentions/{mention.id}").status_code == 303
    assert "They asked for a person" not in browser.get(f"/mentions/{mention.id}").text
    assert "they ask for a person" not in browser.get("/queue").text
    with desk.database.read() as session:
        assert session.get_one(Conversation, mention.conversation_id).person_asked_at is None
        (why,) = session.exec(select(AuditEntry.why).where(AuditEntry.about == "Mention")).all()
    assert "handed back" in why


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_are_accessible_and_fit(
    browser: Browser, desk: Running, account: Account, supervisor: StaffUser, dark: bool, width: int
) -> None:
    sent = desk.browser_of(supervisor)
    for key in ("help", "cases_list"):
        sent.post("/standing", "/standing", **help_of(account, key=key, version="1" if key == "help" else "4"))
    link = a_link(desk, supervisor, account, address_string="9th St & Vine St")
    with desk.rows() as session:
        mention = asks_for_a_person(session, account)
        session.add(ReplyTemplate(key=Key.HELP, language="en", version=2, body="Others.", checked_by_speaker=True))
    pages = ("/standing", "/standing?language=es", "/links", f"/links/{link.id}", f"/mentions/{mention.id}")
    with opened(browser, desk, supervisor, width=width, dark=dark) as page:
        for path in pages:
            page.goto(path)
            assert violations(page, dark) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
