"""The page of search rules: drafted, counted, begun and ended by supervisors; and what an edit changed."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from hark311.console.differences import Change, difference
from hark311.prices import load_prices
from hark311.rules import estimate
from models import Account, AuditEntry, Channel, ListeningRule, Role
from tests.hark311.console.conftest import NOON, Browser, Running
from tests.hark311.console.factories import make_staff
from tests.rows import an_account


@pytest.fixture
def account(desk: Running) -> Account:
    with desk.rows() as session:
        return an_account(session, Channel.X)


@pytest.fixture
def supervisor(desk: Running, account: Account) -> Browser:
    with desk.rows() as session:
        staff = make_staff(session, "Ada Brook", Role.SUPERVISOR)
    return desk.browser_of(staff)


def draft(browser: Browser, account: Account, query: str, **more: str) -> int:
    fields = {"account": str(account.id), "label": "", "query": query, "replaces": ""} | more
    return browser.post("/rules", "/rules", **fields).status_code


def rules(desk: Running) -> list[ListeningRule]:
    with desk.database.read() as session:
        return list(session.exec(select(ListeningRule).order_by(col(ListeningRule.id))).all())


def count(desk: Running, rule: ListeningRule, found: int) -> None:
    with desk.rows() as session:
        row = session.get_one(ListeningRule, rule.id)
        row.found_in_week, row.counted_at = found, NOON


def test_a_new_rule_is_counted_before_it_can_be_begun(desk: Running, supervisor: Browser, account: Account) -> None:
    assert draft(supervisor, account, "pothole  (philly OR phl)", label="Potholes") == 303
    (rule,) = rules(desk)
    assert (rule.query, rule.begins_at, rule.counted_at) == ("pothole (philly OR phl)", None, None)
    page = supervisor.get("/rules").text
    assert "The channel is asked what it would find" in page
    assert "Hear it from now on" not in page
    count(desk, rule, 70)
    page = supervisor.get("/rules").text
    assert "Hear it from now on" in page
    assert ">10</span> posts a day" in page
    assert "$4.50" in page
    assert "300 posts a month, each $0.005 for the post and $0.010 for its author" in page


def test_a_rule_is_heard_from_the_moment_it_is_begun(desk: Running, supervisor: Browser, account: Account) -> None:
    draft(supervisor, account, "pothole philly")
    (rule,) = rules(desk)
    count(desk, rule, 7)
    assert supervisor.post(f"/rules/{rule.id}/begin", "/rules").status_code == 303
    (rule,) = rules(desk)
    assert rule.begins_at == NOON
    with desk.database.read() as session:
        said = session.exec(select(AuditEntry.why).where(AuditEntry.about == "ListeningRule")).all()
    assert said == ["is heard from now on"]


def test_a_changed_rule_is_a_new_one_and_the_old_one_ends(desk: Running, supervisor: Browser, account: Account) -> None:
    draft(supervisor, account, "pothole philly")
    (old,) = rules(desk)
    count(desk, old, 7)
    supervisor.post(f"/rules/{old.id}/begin", "/rules")
    assert draft(supervisor, account, "pothole phl", replaces=str(old.id)) == 303
    _, new = rules(desk)
    count(desk, new, 700)
    page = supervisor.get("/rules").text
    assert "takes the place of" in page
    assert "which finds 7 in seven days" in page
    supervisor.post(f"/rules/{new.id}/begin", "/rules")
    old, new = rules(desk)
    assert (old.ended_at, new.begins_at) == (NOON, NOON)
    assert "Heard before" in supervisor.get("/rules").text


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("#", "# alone says nothing"),
        ("", "The rule is empty"),
        ("-pothole", "must not have"),
        ("(pothole", "parenthesis"),
    ],
)
def test_a_bad_rule_is_refused_with_reasons_and_what_was_typed(
    desk: Running, supervisor: Browser, account: Account, query: str, why: str
) -> None:
    answer = supervisor.post("/rules", "/rules", account=str(account.id), label="Mine", query=query, replaces="")
    assert answer.status_code == 422
    assert why in answer.text
    assert 'value="Mine"' in answer.text
    assert rules(desk) == []


def test_the_same_words_are_not_searched_for_twice(desk: Running, supervisor: Browser, account: Account) -> None:
    assert draft(supervisor, account, "pothole philly") == 303
    assert draft(supervisor, account, "pothole philly") == 422
    assert len(rules(desk)) == 1


def test_only_supervisors_change_rules(desk: Running, account: Account) -> None:
    browser = desk.browser_of(desk.staff())
    page = browser.get("/rules")
    assert page.status_code == 200
    assert "Add a rule" not in page.text
    assert draft(browser, account, "pothole philly") == 403
    assert rules(desk) == []


def test_a_rule_can_be_dropped_and_ended_and_not_begun_twice(
    desk: Running, supervisor: Browser, account: Account
) -> None:
    draft(supervisor, account, "pothole philly")
    (rule,) = rules(desk)
    supervisor.post(f"/rules/{rule.id}/end", "/rules")
    assert rules(desk)[0].ended_at == NOON
    assert supervisor.post(f"/rules/{rule.id}/begin", "/rules").status_code == 422
    assert supervisor.post("/rules/999/end", "/rules").status_code == 404


def test_what_the_channel_could_not_count_is_said(desk: Running, supervisor: Browser, account: Account) -> None:
    draft(supervisor, account, "pothole philly")
    with desk.rows() as session:
        row = session.exec(select(ListeningRule)).one()
        row.trouble, row.counted_at = "X answered 503.", NOON
    assert "X answered 503." in supervisor.get("/rules").text


def test_the_estimate_shows_its_sum() -> None:
    found = estimate(7_000, load_prices())
    assert (found.a_day, found.dollars_a_month) == (1000, 450)
    assert "more than a desk can read" in found.warning
    assert "found nothing" in estimate(0, load_prices()).warning


@pytest.mark.parametrize(
    ("before", "after", "gone", "new"),
    [
        ("a hole on Locust Street", "a hole on Spruce Street", ["Locust"], ["Spruce"]),
        ("a hole", "a hole", [], []),
        ("a hole", "a hole, a big one", [], [", a big one"]),
        ("", "a hole", [], ["a hole"]),
        ("x " * 5000, "y", ["x " * 5000], ["y"]),
    ],
)
def test_an_edit_is_shown_word_by_word(before: str, after: str, gone: list[str], new: list[str]) -> None:
    parts = difference(before, after)
    assert [one.text for one in parts if one.change == Change.GONE] == gone
    assert [one.text for one in parts if one.change == Change.NEW] == new
    assert "".join(one.text for one in parts if one.change != Change.NEW) == before
    assert "".join(one.text for one in parts if one.change != Change.GONE) == after


def test_the_clock_of_a_rule_is_the_desks(desk: Running, supervisor: Browser, account: Account) -> None:
    draft(supervisor, account, "pothole philly")
    (rule,) = rules(desk)
    desk.clock.forward(hours=2)
    supervisor.post(f"/rules/{rule.id}/begin", "/rules")
    assert rules(desk)[0].begins_at == NOON + timedelta(hours=2)
