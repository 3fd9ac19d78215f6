"""What keeps the desk's pages safe: host names, form tokens, headers, sizes."""

import logging

import httpx
import pytest
from psycopg import errors
from sqlalchemy.exc import OperationalError

from hark311.console.app import WithoutSecrets
from hark311.console.guard import name_of
from responders.review import Desk
from tests.hark311.console.conftest import Browser, Running, StartDesk
from tests.hark311.console.factories import make_account, make_ready, make_services

PAGES_FOR_ANYBODY = ["/sign-in", "/health", "/nothing-here", "/static/desk.css"]


@pytest.mark.parametrize("host", ["localhost", "localhost:8311", "127.0.0.1:1", "[::1]:8311", "LOCALHOST"])
def test_the_desk_answers_to_its_own_names(desk: Running, host: str) -> None:
    assert desk.visitor().get("/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:8311"])
def test_the_desk_does_not_answer_to_other_names(desk: Running, host: str) -> None:
    assert desk.visitor().get("/health", headers={"host": host}).status_code == 400


def test_the_operator_can_name_further_hosts(start_desk: StartDesk) -> None:
    desk = start_desk(public_hosts=["desk.riverton.example"])
    assert desk.visitor().get("/health", headers={"host": "desk.riverton.example"}).status_code == 200


def test_host_names_are_read_without_port_and_brackets() -> None:
    assert [name_of(host) for host in ("[::1]:80", "A.example:1", "::1", "a")] == ["::1", "a.example", "::1", "a"]


@pytest.mark.parametrize("path", PAGES_FOR_ANYBODY)
def test_every_answer_carries_the_strict_policy(desk: Running, path: str) -> None:
    headers = desk.visitor().get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_pages_are_not_kept_by_browsers(desk: Running) -> None:
    assert desk.browser_of(desk.staff()).get("/queue").headers["cache-control"] == "no-store"


def test_no_page_holds_an_inline_script_or_style(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        mention_id = make_ready(session, make_account(session), desk.clock()).id
    browser = desk.browser_of(desk.staff())
    for path in ("/queue", f"/mentions/{mention_id}", "/channels", "/account", "/sign-in"):
        page = browser.get(path).text
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page
        assert page.count("<script") == page.count("<script src=")


def test_a_form_without_its_token_does_nothing_and_gives_the_words_back(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        mention_id = make_ready(session, make_account(session), desk.clock()).id or 0
    browser = desk.browser_of(desk.staff())
    answer = browser.decide(mention_id, "approve", csrf=None, reply_text="What I typed for <Dee>")
    assert answer.status_code == 403
    assert "What I typed for &lt;Dee&gt;" in answer.text
    assert desk.mention(mention_id).state == "drafted"


def test_a_token_of_another_session_is_refused(desk: Running) -> None:
    staff = desk.staff()
    mine, theirs = desk.browser_of(staff), desk.browser_of(desk.staff("Lou Okafor"))
    token = theirs.get("/account").text.split('name="csrf" value="')[1].split('"')[0]
    assert mine.client.post("/account/keys", data={"csrf": token}).status_code == 403


def test_signing_in_needs_the_token_of_the_page_too(desk: Running) -> None:
    secret = desk.secret_for(desk.staff())
    assert desk.visitor().post(f"/sign-in/{secret}", data={"csrf": ""}).status_code == 403
    assert Browser(desk.visitor()).post(f"/sign-in/{secret}").status_code == 303


def test_every_post_route_refuses_a_signed_out_browser(desk: Running) -> None:
    answer = desk.visitor().post("/mentions/1/approve", data={"reply_text": "Hours of work"})
    assert answer.status_code == 401
    assert "Hours of work" in answer.text


def test_a_body_that_no_form_can_hold_is_refused(desk: Running) -> None:
    browser = desk.browser_of(desk.staff())
    assert browser.client.post("/account/keys", content=b"a" * (256 * 1024 + 1)).status_code == 413


def test_a_body_without_an_announced_length_is_cut_off_too(desk: Running) -> None:
    browser = desk.browser_of(desk.staff())
    answer = browser.client.post(
        "/account/keys",
        content=(b"a" * 64 * 1024 for _ in range(5)),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 413


def test_a_sign_in_secret_is_taken_out_of_the_access_log() -> None:
    entry = logging.LogRecord(
        "uvicorn.access", logging.INFO, "", 0, '%s - "%s %s"', ("127.0.0.1:5", "GET", "/sign-in/SECRET"), None
    )
    WithoutSecrets().filter(entry)
    assert entry.getMessage() == '127.0.0.1:5 - "GET /sign-in/..."'


@pytest.mark.parametrize("path", ["/mentions/999", "/mentions/abc", "/nothing", "/mentions/1/approve"])
def test_a_page_that_is_not_there_says_so_in_words(desk: Running, path: str) -> None:
    answer = desk.browser_of(desk.staff()).get(path)
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


def test_a_fault_of_ours_says_so_in_words(desk: Running) -> None:
    browser = desk.browser_of(desk.staff())
    with desk.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alarm")
    answer = browser.get("/queue")
    assert answer.status_code == 500
    assert "The desk ran into a fault of its own" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_fault_is_logged_without_the_words_it_broke_on(desk: Running, caplog: pytest.LogCaptureFixture) -> None:
    browser = desk.browser_of(desk.staff())
    with desk.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE mention")
    browser.get("/queue?service=Rosas+private+words")
    assert "OperationalError while answering GET /queue" in caplog.text
    assert "Rosas private words" not in caplog.text


def test_health_tells_counts_and_nothing_else(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        account = make_account(session)
        make_ready(session, account, desk.clock())
    told = httpx.get(f"{desk.url}/health").json()
    assert told["status"] == "ok"
    assert told["waiting"] == 1
    assert told["channels"] == {account.name: "ok"}
    assert "Cambria" not in str(told)


@pytest.mark.parametrize(
    ("trouble", "status", "said"),
    [
        (errors.DeadlockDetected("deadlock detected"), 409, "at the same moment. Please try again"),
        (errors.AdminShutdown("shut down"), 500, "a fault of its own"),
    ],
)
def test_two_decisions_at_the_same_moment_lose_no_words(
    desk: Running, monkeypatch: pytest.MonkeyPatch, trouble: errors.OperationalError, status: int, said: str
) -> None:
    with desk.rows() as session:
        make_services(session)
        mention_id = make_ready(session, make_account(session), desk.clock()).id or 0
    browser = desk.browser_of(desk.staff())
    browser.post(f"/mentions/{mention_id}/claim")

    def collides(*_: object, **__: object) -> None:
        raise OperationalError("UPDATE mention", None, trouble)

    monkeypatch.setattr(Desk, "approve", collides)
    answer = browser.decide(mention_id, "approve", reply_text="A crew is on its way to Elm St.")
    assert answer.status_code == status
    assert said in answer.text
    assert "A crew is on its way to Elm St." in answer.text
