"""The pages of a chat's plan in a real browser: what axe finds, whether they fit, and the work by keys alone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import select

from models import ChatPost, ChatPostKind, Reply, ReplyState, StaffUser
from tests.chats import MadeChat
from tests.hark311.console.browsing import launched, opened
from tests.hark311.console.conftest import Running
from tests.hark311.console.planned import make_planned_chat
from tests.hark311.console.walking import troubles_of

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def made(desk: Running) -> MadeChat:
    with desk.rows() as session:
        return make_planned_chat(session)


def visited(browser: Browser, desk: Running, staff: StaffUser, *addresses: str) -> list[str]:
    with opened(browser, desk, staff) as page:
        return [trouble for address in addresses for trouble in troubles_of(page, address)]


def test_the_pages_of_a_plan_are_accessible_fit_and_are_walked_by_keys(
    browser: Browser, desk: Running, made: MadeChat
) -> None:
    plan = f"/chats/{made.id}"
    assert visited(browser, desk, made.moderator, "/chats", plan, f"{plan}/people") == []


def test_so_is_the_list_as_a_guest_sees_it(browser: Browser, desk: Running, made: MadeChat) -> None:
    assert visited(browser, desk, made.guest, "/chats") == []


def test_a_post_is_worded_and_approved_by_keys_alone(browser: Browser, desk: Running, made: MadeChat) -> None:
    with desk.database.read() as session:
        post = session.exec(
            select(ChatPost).where(ChatPost.kind == ChatPostKind.QUESTION, ChatPost.skipped_at.is_(None))  # type: ignore[union-attr]
        ).one()
    with opened(browser, desk, made.moderator) as page:
        page.goto(f"/chats/{made.id}#post-{post.id}")
        row = page.locator(f"#post-{post.id}")
        tab_to(page, "Change: ")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(f"Q2: Which service would you like to read? #{made.chat.hashtag}")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").filter(has_text="The words are kept.")).to_be_visible()
        tab_to(page, "Approve: ")
        page.keyboard.press("Enter")
        expect(row.get_by_text("approved", exact=True)).to_be_visible()
    with desk.database.read() as session:
        reply = session.exec(select(Reply).where(Reply.chat_post_id == post.id)).one()
    assert reply.state == ReplyState.APPROVED
    assert reply.approved_text.startswith("Q2: Which service would you like to read?")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus stands on what begins with `name` and is about question 2."""
    for _ in range(120):
        page.keyboard.press("Tab")
        label = page.evaluate("document.activeElement.getAttribute('aria-label') || ''")
        if label.startswith(name) and "question 2" in label:
            return
    pytest.fail(f"Tab does not come to {name}")
