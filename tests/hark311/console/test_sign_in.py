"""Coming in: links that work once, passwords that are throttled, sessions that end."""

from datetime import timedelta

import httpx
from sqlmodel import select

from hark311.console.auth import digest
from hark311.staffing import ensure_staff
from models import Role, SignIn, StaffUser
from tests.hark311.console.conftest import Browser, Running, StartDesk, token_in


def cookie_of(answer: httpx.Response) -> str:
    return next(one for one in answer.headers.get_list("set-cookie") if one.startswith("hark_session="))


def with_password(desk: Running, password: str) -> StaffUser:
    staff = desk.staff()
    browser = desk.browser_of(staff)
    assert browser.post("/account/password", new=password, again=password).status_code == 303
    return staff


def test_a_link_greets_its_person_and_signs_in_only_when_the_button_is_pressed(desk: Running) -> None:
    secret = desk.secret_for(desk.staff("Mara Jennings"))
    browser = Browser(desk.visitor())
    shown = browser.get(f"/sign-in/{secret}")
    assert "Sign in as Mara Jennings" in shown.text
    assert browser.get("/queue").headers["location"] == "/sign-in"
    assert browser.post(f"/sign-in/{secret}").headers["location"] == "/queue"
    assert browser.get("/queue").status_code == 200


def test_a_link_works_once(desk: Running) -> None:
    secret = desk.secret_for(desk.staff())
    assert Browser(desk.visitor()).post(f"/sign-in/{secret}").status_code == 303
    second = Browser(desk.visitor())
    shown = second.get(f"/sign-in/{secret}")
    assert shown.status_code == 403
    assert "Ask the operator for a new one" in shown.text


def test_of_two_people_who_opened_the_same_link_one_gets_in(desk: Running) -> None:
    secret = desk.secret_for(desk.staff())
    first, second = desk.visitor(), desk.visitor()
    tokens = [token_in(client.get(f"/sign-in/{secret}").text) for client in (first, second)]
    answers = [
        client.post(f"/sign-in/{secret}", data={"csrf": token}).status_code
        for client, token in zip((first, second), tokens, strict=True)
    ]
    assert answers == [303, 403]


def test_a_link_is_refused_after_an_hour(desk: Running) -> None:
    secret = desk.secret_for(desk.staff())
    desk.clock.forward(minutes=61)
    assert desk.visitor().get(f"/sign-in/{secret}").status_code == 403


def test_only_the_hash_of_a_secret_is_stored(desk: Running) -> None:
    secret = desk.secret_for(desk.staff())
    with desk.database.read() as session:
        stored = session.exec(select(SignIn)).one()
    assert stored.secret_sha256 == digest(secret)
    assert secret not in repr(stored)


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(desk: Running) -> None:
    answer = Browser(desk.visitor()).post(f"/sign-in/{desk.secret_for(desk.staff())}")
    cookie = cookie_of(answer)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


def test_away_from_loopback_the_cookie_needs_tls(start_desk: StartDesk) -> None:
    desk = start_desk(public_hosts=["desk.riverton.example"])
    client = desk.visitor(host="desk.riverton.example")
    path = f"/sign-in/{desk.secret_for(desk.staff())}"
    shown = client.get(path)
    visit = shown.headers["set-cookie"].split(";")[0]
    answer = client.post(path, data={"csrf": token_in(shown.text)}, headers={"cookie": visit})
    assert "Secure" in cookie_of(answer)


def test_a_session_ends_after_twelve_hours(desk: Running) -> None:
    browser = desk.browser_of(desk.staff())
    desk.clock.forward(hours=11, minutes=59)
    assert browser.get("/queue").status_code == 200
    desk.clock.forward(minutes=2)
    assert browser.get("/queue").status_code == 303


def test_signing_out_ends_the_session_for_good(desk: Running) -> None:
    browser = desk.browser_of(desk.staff())
    kept = browser.client.cookies["hark_session"]
    assert browser.post("/sign-out").headers["location"] == "/sign-in"
    again = desk.visitor()
    again.cookies["hark_session"] = kept
    assert again.get("/queue").status_code == 303


def test_a_person_who_left_is_signed_out(desk: Running) -> None:
    staff = desk.staff()
    browser = desk.browser_of(staff)
    with desk.rows() as session:
        session.get_one(StaffUser, staff.id).active = False
    assert browser.get("/queue").status_code == 303


def test_a_password_signs_in(desk: Running) -> None:
    staff = with_password(desk, "correct horse battery")
    browser = Browser(desk.visitor())
    answer = browser.post("/sign-in", username=staff.username, password="correct horse battery")
    assert answer.headers["location"] == "/queue"
    assert browser.get("/queue").status_code == 200


def test_a_wrong_password_says_what_else_to_do(desk: Running) -> None:
    staff = with_password(desk, "correct horse battery")
    answer = Browser(desk.visitor()).post("/sign-in", username=staff.username, password="wrong horse battery")
    assert answer.status_code == 403
    assert "ask for a sign-in link" in answer.text
    assert "wrong horse" not in answer.text


def test_guessing_is_stopped_even_when_the_last_guess_is_right(desk: Running) -> None:
    staff = with_password(desk, "correct horse battery")
    browser = Browser(desk.visitor())
    for _ in range(5):
        assert browser.post("/sign-in", username=staff.username, password="nope nope nope").status_code == 403
    answer = browser.post("/sign-in", username=staff.username, password="correct horse battery")
    assert answer.status_code == 429


def test_somebody_without_a_password_cannot_sign_in_with_an_empty_one(desk: Running) -> None:
    staff = desk.staff()
    assert Browser(desk.visitor()).post("/sign-in", username=staff.username, password="").status_code == 403


def test_a_new_password_needs_the_current_one_and_signs_out_elsewhere(desk: Running) -> None:
    staff = with_password(desk, "correct horse battery")
    here, elsewhere = desk.browser_of(staff), desk.browser_of(staff)
    wrong = here.post("/account/password", current="nope", new="another long one", again="another long one")
    assert wrong.status_code == 422
    assert "Nothing was changed" in wrong.text
    right = here.post(
        "/account/password", current="correct horse battery", new="another long one", again="another long one"
    )
    assert right.status_code == 303
    assert here.get("/queue").status_code == 200
    assert elsewhere.get("/queue").status_code == 303


def test_a_short_password_is_refused(desk: Running) -> None:
    answer = desk.browser_of(desk.staff()).post("/account/password", new="short", again="short")
    assert answer.status_code == 422
    assert "at least 12 characters" in answer.text


def test_the_first_supervisor_is_made_once(desk: Running) -> None:
    with desk.rows() as session:
        first = ensure_staff(session, "First Supervisor", Role.SUPERVISOR)
        assert first.role == Role.SUPERVISOR
        assert ensure_staff(session, "First Supervisor", Role.SUPERVISOR).id == first.id


def test_a_link_lasts_no_longer_in_the_database_than_it_says(desk: Running) -> None:
    desk.secret_for(desk.staff())
    with desk.database.read() as session:
        assert session.exec(select(SignIn)).one().expires_at - desk.clock() == timedelta(hours=1)
