"""The second step at sign-in: set up, asked for, good once, throttled, and how somebody without a phone gets in."""

import re
from datetime import timedelta

import pyotp
import pytest
from sqlmodel import select

from hark311.console.second_step import accepts, begin, new_recovery_codes, prove
from models import Database, RecoveryCode, Role, StaffUser
from tests.hark311.console.conftest import NOON, Browser, Running, StartDesk
from tests.hark311.console.factories import make_staff

PASSWORD = "correct horse battery"


def code_of(desk: Running, staff: StaffUser, *, pending: bool = False) -> str:
    """What the phone shows now."""
    with desk.database.read() as session:
        stored = session.get_one(StaffUser, staff.id)
    return pyotp.TOTP(stored.totp_pending if pending else stored.totp_secret).at(desk.clock())


def set_up(desk: Running, staff: StaffUser, browser: Browser | None = None) -> list[str]:
    """Switch the second step of a person on; their recovery codes."""
    browser = browser or desk.browser_of(staff)
    page = "/account/second-step"
    assert browser.post(f"{page}/begin", page).status_code == 303
    shown = browser.post(f"{page}/prove", page, code=code_of(desk, staff, pending=True))
    codes = re.findall(r"<code>([a-z0-9-]+)</code>", shown.text)
    assert len(codes) == 10
    desk.clock.forward(minutes=1)
    return codes


def knock(desk: Running, staff: StaffUser) -> Browser:
    """A new browser after a right sign-in link."""
    browser = Browser(desk.visitor())
    assert browser.post(f"/sign-in/{desk.secret_for(staff)}").headers["location"] == "/second-step"
    return browser


def test_the_app_gets_its_secret_as_a_picture_and_as_letters(desk: Running) -> None:
    staff = desk.staff()
    browser = desk.browser_of(staff)
    browser.post("/account/second-step/begin", "/account/second-step")
    page = browser.get("/account/second-step").text
    with desk.database.read() as session:
        secret = session.get_one(StaffUser, staff.id).totp_pending
    assert 'aria-label="QR code for your app"' in page
    assert secret in page.replace(" ", "")
    assert "hark_step" not in page


def test_nothing_is_asked_for_until_a_code_proved_that_the_app_has_it(desk: Running) -> None:
    staff = desk.staff()
    browser = desk.browser_of(staff)
    browser.post("/account/second-step/begin", "/account/second-step")
    wrong = browser.post("/account/second-step/prove", "/account/second-step", code="000000")
    assert wrong.status_code == 422
    assert "Nothing was changed" in wrong.text
    assert desk.browser_of(staff).get("/queue").status_code == 200


def test_a_link_and_a_password_alone_open_nothing(desk: Running) -> None:
    staff = desk.staff()
    desk.browser_of(staff).post("/account/password", new=PASSWORD, again=PASSWORD)
    set_up(desk, staff)
    with_password = Browser(desk.visitor())
    answer = with_password.post("/sign-in", username=staff.username, password=PASSWORD)
    assert answer.headers["location"] == "/second-step"
    for browser in (knock(desk, staff), with_password):
        assert browser.get("/queue").headers["location"] == "/sign-in"
        assert browser.post("/second-step", "/second-step", code=code_of(desk, staff)).headers["location"] == "/queue"
        assert browser.get("/queue").status_code == 200
        desk.clock.forward(minutes=1)


def test_setting_it_up_signs_out_whoever_came_in_without_it(desk: Running) -> None:
    staff = desk.staff()
    elsewhere, here = desk.browser_of(staff), desk.browser_of(staff)
    set_up(desk, staff, here)
    assert elsewhere.get("/queue").status_code == 303
    assert here.get("/queue").status_code == 200


def test_a_code_is_good_once(desk: Running) -> None:
    staff = desk.staff()
    set_up(desk, staff)
    first, second = knock(desk, staff), knock(desk, staff)
    seen_over_the_shoulder = code_of(desk, staff)
    assert first.post("/second-step", "/second-step", code=seen_over_the_shoulder).status_code == 303
    assert second.post("/second-step", "/second-step", code=seen_over_the_shoulder).status_code == 403


def test_guessing_codes_is_stopped_even_by_a_right_password_between(desk: Running) -> None:
    staff = desk.staff()
    desk.browser_of(staff).post("/account/password", new=PASSWORD, again=PASSWORD)
    set_up(desk, staff)
    browser = Browser(desk.visitor())
    for _ in range(5):
        browser.post("/sign-in", "/sign-in", username=staff.username, password=PASSWORD)
        assert browser.post("/second-step", "/second-step", code="123456").status_code == 403
    answer = browser.post("/second-step", "/second-step", code=code_of(desk, staff))
    assert answer.status_code == 429
    assert browser.get("/queue").status_code == 303


def test_the_second_step_waits_ten_minutes(desk: Running) -> None:
    staff = desk.staff()
    set_up(desk, staff)
    browser = knock(desk, staff)
    desk.clock.forward(minutes=11)
    assert browser.get("/second-step").headers["location"] == "/sign-in"
    assert browser.post("/second-step", "/sign-in", code=code_of(desk, staff)).headers["location"] == "/sign-in"


def test_a_recovery_code_lets_somebody_in_once(desk: Running) -> None:
    staff = desk.staff()
    code = set_up(desk, staff)[3]
    assert knock(desk, staff).post("/second-step", "/second-step", code=code.upper()).headers["location"] == "/queue"
    assert knock(desk, staff).post("/second-step", "/second-step", code=code).status_code == 403


def test_only_hashes_of_recovery_codes_are_stored(desk: Running) -> None:
    codes = set_up(desk, desk.staff())
    with desk.database.read() as session:
        stored = repr(session.exec(select(RecoveryCode)).all())
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


def test_new_recovery_codes_void_the_old_ones(desk: Running) -> None:
    staff = desk.staff()
    browser = desk.browser_of(staff)
    old = set_up(desk, staff, browser)
    shown = browser.post("/account/second-step/codes", "/account/second-step", code=code_of(desk, staff))
    new = re.findall(r"<code>([a-z0-9-]+)</code>", shown.text)
    assert len(new) == 10
    assert not set(new) & set(old)
    assert knock(desk, staff).post("/second-step", "/second-step", code=old[0]).status_code == 403
    assert knock(desk, staff).post("/second-step", "/second-step", code=new[0]).status_code == 303


@pytest.mark.parametrize("what", ["begin", "codes", "off"])
def test_a_browser_left_open_does_not_change_the_second_step(desk: Running, what: str) -> None:
    staff = desk.staff()
    browser = desk.browser_of(staff)
    set_up(desk, staff, browser)
    answer = browser.post(f"/account/second-step/{what}", "/account/second-step", code="000000")
    assert answer.status_code == 422
    with desk.database.read() as session:
        stored = session.get_one(StaffUser, staff.id)
    assert stored.totp_secret
    assert not stored.totp_pending


def test_it_can_be_switched_off_by_whoever_holds_the_phone(desk: Running) -> None:
    staff = desk.staff()
    browser = desk.browser_of(staff)
    set_up(desk, staff, browser)
    code = code_of(desk, staff)
    assert browser.post("/account/second-step/off", "/account/second-step", code=code).status_code == 303
    assert desk.browser_of(staff).get("/queue").status_code == 200


def test_a_role_that_needs_it_is_led_to_it_and_can_do_nothing_else(start_desk: StartDesk) -> None:
    desk = start_desk(second_step_roles=["supervisor"])
    with desk.rows() as session:
        boss = make_staff(session, "Vera Holt", Role.SUPERVISOR)
    browser = desk.browser_of(boss)
    assert browser.get("/queue").headers["location"] == "/account/second-step"
    refused = browser.post("/account/look", "/account/second-step", theme="dark")
    assert refused.status_code == 403
    assert "Set up your second step first" in refused.text
    set_up(desk, boss, browser)
    assert browser.get("/queue").status_code == 200
    stays = browser.post("/account/second-step/off", "/account/second-step", code=code_of(desk, boss))
    assert "It stays on" in stays.text
    assert desk.browser_of(desk.staff()).get("/queue").status_code == 200


def test_codes_and_recovery_codes_are_good_once_on_both_databases(either_database: Database) -> None:
    with either_database.write() as session:
        staff = make_staff(session)
        totp = pyotp.TOTP(begin(session, staff))
        assert prove(session, staff, totp.at(NOON), NOON)
        recovery = new_recovery_codes(session, staff)[0]
    later = NOON + timedelta(seconds=30)
    for code in (totp.at(later), recovery):
        for right in (True, False):
            with either_database.write() as session:
                assert accepts(session, session.get_one(StaffUser, staff.id), code, later) is right
    with either_database.write() as session:  # the newest code used was of `later`: an older one is no good any more
        assert not accepts(session, session.get_one(StaffUser, staff.id), totp.at(NOON), later)
