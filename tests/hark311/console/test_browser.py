"""The desk in a real browser: keys, refreshing, no scripts, small screens, and what axe finds."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import select

from models import AccountHealth, Gap, Mention, MentionState, Reply, ReplyState, RoadOwner, Role, StaffUser
from models.ledger import Spend
from tests.hark311.console.browsing import launched, opened, violations
from tests.hark311.console.conftest import NOON, Running, StartDesk
from tests.hark311.console.factories import (
    add_photo,
    add_post,
    draft_reply,
    draft_request,
    first_post,
    make_account,
    make_mention,
    make_ready,
    make_services,
    make_staff,
    make_unreadable,
    raise_alarm,
    understand,
)
from tests.hark311.console.learning import Covering, TwoVersions, add_label, make_explained, make_referrals

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def town(desk: Running) -> list[Mention]:
    """Three mentions that wait, the oldest first, each with its drafts right."""
    with desk.rows() as session:
        make_services(session)
        account = make_account(session)
        return [make_ready(session, account, NOON - timedelta(minutes=minutes)) for minutes in (30, 20, 10)]


def reply_of(desk: Running, mention: Mention) -> Reply:
    with desk.database.read() as session:
        return session.exec(select(Reply).where(Reply.mention_id == mention.id)).one()


def arrived(page: Page, text: str) -> None:
    """Wait for a page that says `text` and hears keys: words show a moment before the deferred scripts have run."""
    expect(page.get_by_text(text)).to_be_visible()
    page.wait_for_load_state("load")


def test_three_keys_open_read_and_approve(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/mentions/{town[0].id}")
        arrived(page, "two cars with flat tires")
        page.keyboard.press("a")
        arrived(page, "left before it leaves")
        assert reply_of(desk, town[0]).state == ReplyState.APPROVED
        page.keyboard.press("n")
        page.wait_for_url(f"**/mentions/{town[1].id}")


def test_keys_move_through_the_queue(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, desk.staff()) as page:
        for key, place in (("j", 0), ("j", 1), ("k", 0), ("k", 0), ("j", 1), ("j", 2), ("j", 2)):
            page.keyboard.press(key)
            expect(page.locator(f"#open-{town[place].id}")).to_be_focused()


def test_keys_type_while_somebody_types(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{town[0].id}")
        page.keyboard.press("e")
        words = page.get_by_label("Text of the reply")
        expect(words).to_be_focused()
        page.keyboard.type(" acrn?")
        expect(words).to_have_value(reply_of(desk, town[0]).text + " acrn?")
        page.keyboard.press("Escape")
        page.keyboard.press("r")
        expect(page.get_by_label("Reason, kept on record")).to_be_focused()
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("a")
        assert desk.mention(town[0].id or 0).state == MentionState.DRAFTED


def test_keys_do_nothing_once_switched_off(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto("/account")
        page.get_by_label("Use single keys in this browser").uncheck()
        page.get_by_role("button", name="Keep").click()
        page.goto(f"/mentions/{town[0].id}")
        expect(page.get_by_role("button", name="Approve")).to_be_visible()
        page.keyboard.press("a")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_hidden()
        assert desk.mention(town[0].id or 0).state == MentionState.DRAFTED


def test_the_preview_follows_the_typing(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{town[0].id}")
        page.get_by_label("Text of the reply").fill("Call 215-555-0147. " + "a" * 300)
        expect(page.locator("#length")).to_contain_text("319 / 280 weighted characters, too long")
        expect(page.locator("#against")).to_contain_text("private detail (phone)")
        page.get_by_label("Send the reply").uncheck()
        expect(page.locator("#against")).to_contain_text("Ready to approve: the request is filed, no reply is sent")


def test_the_queue_refreshes_without_moving_the_focus(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.keyboard.press("j")
        with desk.rows() as session:
            new = make_mention(session, make_account(session), NOON, "wire down", danger=True)
            raise_alarm(session, new, "wire_down", NOON)
        page.evaluate("htmx.trigger(document.body, 'desk:poll')")
        expect(page.locator(f"#open-{new.id}")).to_be_visible()
        expect(page.get_by_role("button", name="I have seen it")).to_be_visible()
        expect(page.locator(f"#open-{town[0].id}")).to_be_focused()


def test_a_refresh_that_brings_nothing_new_touches_nothing(
    browser: Browser, desk: Running, town: list[Mention]
) -> None:
    with opened(browser, desk, desk.staff()) as page:
        for _ in range(2):
            with page.expect_response("**/queue/live**"):
                page.evaluate("htmx.trigger(document.body, 'desk:poll')")
        expect(page.locator(".htmx-request, .htmx-settling, .htmx-swapping")).to_have_count(0)
        page.evaluate("document.querySelector('.row-link').dataset.seen = 'yes'")
        with page.expect_response("**/queue/live**"):
            page.evaluate("htmx.trigger(document.body, 'desk:poll')")
        expect(page.locator(".htmx-request, .htmx-settling, .htmx-swapping")).to_have_count(0)
        expect(page.locator(".row-link[data-seen]")).to_have_count(1)


def test_a_page_left_open_says_that_the_author_wrote_again(
    browser: Browser, desk: Running, town: list[Mention]
) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{town[0].id}")
        page.get_by_label("Text of the reply").fill("Half a reply")
        with desk.rows() as session:
            mention = session.get_one(Mention, town[0].id)
            add_post(session, mention, "it is the north side", NOON)
        page.evaluate("htmx.trigger(document.body, 'desk:poll')")
        expect(page.get_by_text("The author wrote or changed something")).to_be_visible()
        expect(page.get_by_label("Text of the reply")).to_have_value("Half a reply")


def test_the_hold_runs_down_and_can_be_taken_back_by_key(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{town[0].id}")
        page.keyboard.press("a")
        arrived(page, "10 s left before it leaves")
        desk.clock.forward(seconds=4)
        expect(page.get_by_text("6 s left before it leaves")).to_be_visible()
        page.keyboard.press("u")
        expect(page.get_by_role("button", name="Approve")).to_be_visible()
        assert reply_of(desk, town[0]).state == ReplyState.IN_REVIEW


def test_being_signed_out_is_said_and_the_words_stay(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{town[0].id}")
        page.get_by_label("Text of the reply").fill("Half a reply")
        desk.clock.forward(hours=13)
        page.evaluate("htmx.trigger(document.body, 'desk:poll')")
        expect(page.get_by_text("You are signed out. Copy what you typed")).to_be_visible()
        expect(page.get_by_label("Text of the reply")).to_have_value("Half a reply")


def test_without_scripts_the_whole_way_works(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, None, scripts=False) as page:
        page.goto(f"/sign-in/{desk.secret_for(desk.staff())}")
        page.get_by_role("button", name="Sign in").click()
        page.locator(f"#open-{town[0].id}").click()
        page.get_by_label("Text of the reply").fill("Filed as {number}. By {date} a crew comes.")
        page.get_by_role("button", name="Check").click()
        expect(page.locator("#preview")).to_contain_text("Ready to approve")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("you hold it until")).to_be_visible()
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_text("left before it leaves")).to_be_visible()
        page.get_by_role("button", name="Take it back").click()
        page.locator("summary", has_text="Close").click()
        page.get_by_label("Reason, kept on record").fill("Fixed this morning")
        page.get_by_role("button", name="Close it").click()
        expect(page.get_by_text("Fixed this morning")).to_be_visible()
        page.get_by_role("link", name="Next: the one that waits longest").click()
        page.wait_for_url(f"**/mentions/{town[1].id}")


def test_enter_in_a_field_checks_and_never_approves(browser: Browser, desk: Running, town: list[Mention]) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{town[0].id}")
        page.get_by_label("Place").fill("6th St & Cambria St")
        page.get_by_label("Place").press("Enter")
        page.wait_for_url("**/preview")
        expect(page.get_by_label("Place")).to_have_value("6th St & Cambria St")
        assert desk.mention(town[0].id or 0).state == MentionState.DRAFTED


def test_the_words_of_the_whole_sentence_come_when_the_mention_is_opened(
    browser: Browser, start_desk: StartDesk
) -> None:
    covering = Covering()
    desk = start_desk({"explainer": covering})
    with desk.rows() as session:
        make_services(session)
        mention = make_explained(session, NOON)
    for scripts in (True, False):
        with opened(browser, desk, desk.staff(), scripts=scripts) as page:
            page.goto(f"/mentions/{mention.id}")
            expect(page.get_by_text("In the sentence as a whole, these count: pothole")).to_be_visible()
    assert covering.asked == 1


def test_without_scripts_the_whole_sentence_is_asked_about_by_a_link(browser: Browser, start_desk: StartDesk) -> None:
    desk = start_desk({"explainer": Covering()})
    with desk.rows() as session:
        make_services(session)
        mention = make_explained(session, NOON)
    with opened(browser, desk, desk.staff(), scripts=False) as page:
        page.goto(f"/mentions/{mention.id}")
        page.get_by_role("link", name="Which words count in the sentence as a whole?").click()
        expect(page.get_by_text("In the sentence as a whole, these count: pothole")).to_be_visible()


@pytest.fixture
def supervisor(desk: Running) -> StaffUser:
    with desk.rows() as session:
        return make_staff(session, "Ada Brook", Role.SUPERVISOR)


@pytest.fixture
def desk(start_desk: StartDesk) -> Running:
    """A desk whose classifier was trained."""
    return start_desk({"models": TwoVersions(NOON - timedelta(days=3))})


@pytest.fixture
def busy(desk: Running) -> dict[str, str]:
    """A desk with one of everything, and the addresses to look at."""
    with desk.rows() as session:
        make_referrals(session)
        session.add(RoadOwner(code="STATE", name="the state", ours=False, call="State roads", number="555-0190"))
        make_services(session)
        account = make_account(session)
        account.health, account.trouble = AccountHealth.UNAVAILABLE, "X does not answer."
        session.add(Gap(account_id=account.id or 0, reason="X keeps 7 days of mentions.", noticed_at=NOON))
        make_unreadable(session, account, NOON)
        mention = make_ready(session, account, NOON - timedelta(minutes=14))
        mention.danger = True
        raise_alarm(session, mention, "wires, past or unsure", NOON)
        post = first_post(session, mention)
        add_post(session, mention, "edited " + post.text, NOON, chain=post.edit_chain, url="https://x.com/d/1")
        add_photo(session, post, "A hole", "https://pics.example/1.jpg")
        unsure = make_mention(session, account, NOON, may_reply=False, may_reply_reason="not mentioned")
        understand(session, unsure, first_post(session, unsure), NOON, service_code=None, abstained=True)
        draft_request(session, unsure, missing=["place"], address_string="", lat=None, long=None)
        sent = make_mention(session, account, NOON, state=MentionState.APPROVED)
        reply = draft_reply(session, sent, "We are on it.", state=ReplyState.UNCERTAIN)
        reply.approved_text, reply.approved_at = "We are on it.", NOON
        explained = make_explained(session, NOON)
        add_label(session, NOON - timedelta(days=1), "NOISE", suggested="POTHOLE")
        add_label(session, NOON - timedelta(days=50))
        for day, cost in ((NOON.date(), 410_000), (NOON.date() - timedelta(days=1), 1_250_000)):
            spent = {"calls": 40, "refused": 1, "units": 41, "microdollars": cost}
            session.add(Spend(account_id=account.id or 0, day=day, endpoint="people_in_answers", **spent))
    return {
        "queue": "/queue?language=en",
        "mention": f"/mentions/{mention.id}",
        "doubts": f"/mentions/{unsure.id}",
        "delivery": f"/mentions/{sent.id}",
        "explained": f"/mentions/{explained.id}",
        "channels": "/channels",
        "ledger": "/ledger",
        "spend": "/spend",
        "referrals": "/referrals",
        "roads": "/roads",
        "services": "/services",
        "learning": "/learning",
        "places": "/places",
        "account": "/account",
    }


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_is_accessible_and_fits(
    browser: Browser, desk: Running, supervisor: StaffUser, busy: dict[str, str], dark: bool, width: int
) -> None:
    secret = desk.secret_for(desk.staff())
    with opened(browser, desk, supervisor, width=width, dark=dark) as page:
        for name, path in {**busy, "sign-in": "/sign-in", "link": f"/sign-in/{secret}"}.items():
            page.goto(path)
            page.evaluate(
                "document.querySelectorAll('main details:not(.close)').forEach((one) => { one.open = true; })"
            )
            assert violations(page, dark) == [], name
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
