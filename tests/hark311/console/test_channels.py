"""The channels page and the ledger: what stands wrong with an account, what waits, what came in."""

from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from listeners.intake import begin, store_posts
from models import (
    Account,
    AccountHealth,
    AuditEntry,
    Channel,
    IntakeDay,
    Lane,
    ListeningRule,
    Mention,
    MentionState,
    Role,
    Spend,
    StaffUser,
)
from models.ledger import count_intake
from models.posts import IncomingAuthor, IncomingPost
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import make_staff
from tests.hark311.console.test_evidence import words_of

DEE = IncomingAuthor("7", "dee")


def an_x_account(session: Session) -> Account:
    """The simulated account on X as it stands after a while."""
    account = Account(
        name="x", channel=Channel.X, handle="Philly311Demo", channel_account_id="311", last_contact_at=NOON
    )
    account.heard_at = NOON
    session.add(account)
    session.flush()
    return account


def make_supervisor(desk: Running) -> StaffUser:
    with desk.rows() as session:
        return make_staff(session, "Sam Ortiz", role=Role.SUPERVISOR)


def hear_old_posts(session: Session, account: Account, number: int = 5) -> None:
    """What was written on each of the days before we began, two hours ago."""
    began = NOON - timedelta(hours=2)
    account.last_contact_at = None
    begin(account, began, ask=True)
    account.last_contact_at = NOON
    posts = [
        IncomingPost(str(one), str(one), str(one), DEE, f"pothole number {one}", began - timedelta(days=one))
        for one in range(1, number + 1)
    ]
    store_posts(session, account, posts, NOON)


def test_nobody_listening_is_told_on_every_page(desk: Running) -> None:
    with desk.rows() as session:
        an_x_account(session)
    browser = desk.browser_of(desk.staff())
    assert "nobody listens" not in browser.get("/referrals").text
    desk.clock.forward(minutes=10)
    assert "nobody listens to 1 channel" in browser.get("/referrals").text
    shown = browser.get("/channels").text
    assert "Nobody is listening: no process has heard this account for 10 minutes." in shown
    assert "it goes on where it stopped" in shown


def test_an_account_that_hears_well_and_may_not_write_is_no_account_in_order(desk: Running) -> None:
    with desk.rows() as session:
        account = an_x_account(session)
        account.health = AccountHealth.OK
    browser = desk.browser_of(desk.staff())
    assert "cannot send" not in browser.get("/channels").text
    with desk.rows() as session:
        row = session.get_one(Account, account.id)
        row.refused_since, row.refused_because = NOON, "X takes nothing from us: X has locked our account."
    shown = browser.get("/channels").text
    assert "cannot send" in shown
    assert "No reply leaves. X takes nothing from us: X has locked our account. What is approved is kept" in shown
    assert "takes no reply from us. What is approved waits" in browser.get("/queue").text
    assert browser.get("/health").json()["channels"] == {"x": "sending_refused"}


def test_unusual_silence_and_a_key_that_runs_out_are_told(desk: Running) -> None:
    with desk.rows() as session:
        account = an_x_account(session)
        account.heard_at = NOON - timedelta(hours=30)
        account.key_expires_at = NOON + timedelta(days=3, hours=1)
    shown = desk.browser_of(desk.staff()).get("/channels").text
    assert "Unusually silent: no post to us for 30 hours." in shown
    assert "Its key runs out on March 13, in 3 days." in shown


def test_what_is_not_heard_beside_the_mentions_is_told_in_a_sentence(desk: Running) -> None:
    with desk.rows() as session:
        account_id = an_x_account(session).id or 0
        rules = [
            ListeningRule(account_id=account_id, query="pothole lang:en", label="potholes"),
            ListeningRule(account_id=account_id, query="old", label="ended", ended_at=NOON),
        ]
        session.add_all(rules)
        session.flush()
        lanes = {"messages": "The key may not read them.", "quotes": ""} | {
            f"rule-{rule.id}": f"X refuses {rule.query}." for rule in rules
        }
        for name, trouble in lanes.items():
            session.add(Lane(account_id=account_id, name=name, trouble=trouble, resume_at=NOON + timedelta(minutes=14)))
    browser = desk.browser_of(desk.staff())
    shown = words_of(browser.get("/channels").text)
    assert (
        "Private messages: not heard now. The key may not read them. "
        "The rest is heard all the same; we try again today 12:14 pm."
    ) in shown
    assert "The search for potholes: not heard now. X refuses pothole lang:en." in shown
    assert "ended" not in shown
    assert "Quotes of our posts" not in shown
    assert "not heard now" not in browser.get("/queue").text


@pytest.mark.parametrize(("days", "taken"), [("", 5), ("2", 2)], ids=["all", "the newest two days"])
def test_a_person_takes_in_what_was_written_before_we_began(desk: Running, days: str, taken: int) -> None:
    with desk.rows() as session:
        account = an_x_account(session)
        hear_old_posts(session, account)
    browser = desk.browser_of(desk.staff())
    assert "5 posts from before you began" in browser.get("/channels").text
    assert browser.post(f"/channels/{account.id}/backfill", do="take", days=days).status_code == 303
    with desk.database.read() as session:
        waits = session.exec(select(Mention).where(col(Mention.needs_understanding))).all()
        assert len(waits) == taken
    assert ("from before you began" in browser.get("/channels").text) == (taken < 5)
    assert desk.nudged(1)


def test_a_person_leaves_what_was_written_before_we_began(desk: Running) -> None:
    with desk.rows() as session:
        account = an_x_account(session)
        hear_old_posts(session, account)
    browser = desk.browser_of(desk.staff())
    browser.post(f"/channels/{account.id}/backfill", do="leave")
    assert "from before you began" not in browser.get("/channels").text
    with desk.database.read() as session:
        assert set(session.exec(select(Mention.state)).all()) == {MentionState.SET_ASIDE}


def test_a_supervisor_retires_an_account_and_brings_it_back(desk: Running) -> None:
    with desk.rows() as session:
        account = an_x_account(session)
        hear_old_posts(session, account)
    person = desk.browser_of(desk.staff())
    assert person.post(f"/channels/{account.id}/retire", do="retire").status_code == 403
    with desk.database.read() as session:
        assert session.get_one(Account, account.id).retired_at is None
    browser = desk.browser_of(make_supervisor(desk))
    assert browser.post(f"/channels/{account.id}/retire", do="retire").status_code == 303
    shown = browser.get("/channels").text
    assert "Retired on March 10, 2026" in shown
    assert "pothole number 1" in browser.get("/queue?view=all").text
    browser.post(f"/channels/{account.id}/retire", do="bring back")
    with desk.database.read() as session:
        assert session.get_one(Account, account.id).retired_at is None
        assert len(session.exec(select(AuditEntry).where(AuditEntry.about == "Account")).all()) == 2


def test_the_ledger_shows_each_day_and_what_does_not_balance(desk: Running) -> None:
    with desk.rows() as session:
        account = an_x_account(session)
        posts = [IncomingPost(str(one), str(one), str(one), DEE, "pothole", NOON) for one in range(3)]
        store_posts(session, account, posts, NOON)
        day = session.exec(select(IntakeDay)).one()
        day.platform_count = 3
        spend = Spend(account_id=account.id or 0, day=NOON.date(), endpoint="mentions", calls=4, microdollars=1_250_000)
        session.add_all([day, spend])
    browser = desk.browser_of(desk.staff())
    shown = browser.get("/ledger").text
    assert not any(f">{column}</th>" in shown for column in ("Reposts", "Gaps", "Sent"))
    assert "does not balance" not in shown
    assert "$1.25" in shown
    with desk.rows() as session:
        count_intake(session, account.id or 0, NOON.date(), mentions=1)
    shown = browser.get("/ledger?days=31").text
    assert "does not balance" in shown
    assert "4 posts to us were counted and 3 are stored." in shown


@pytest.mark.parametrize("days", ["0", "-3", "100000"])
def test_any_number_of_days_is_answered(desk: Running, days: str) -> None:
    assert desk.browser_of(desk.staff()).get(f"/ledger?days={days}").status_code == 200
