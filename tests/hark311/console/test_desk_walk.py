"""The desk as people walk through it: three keys, two reviewers at once, no scripts, a reply from right to left."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from models import Mention, MentionState, ReplyState
from tests.hark311.console.browsing import arrived, launched, opened, reply_of
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import (
    draft_reply,
    draft_request,
    first_post,
    make_account,
    make_mention,
    make_ready,
    make_services,
    understand,
)

pytestmark = pytest.mark.browser

ARABIC = "شكرا على إبلاغنا عن الحفرة في 5th St & Cambria St. تم تسجيلها برقم {number}."


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


def test_of_two_reviewers_one_wins_and_the_other_is_told_and_keeps_the_text(
    browser: Browser, desk: Running, town: list[Mention]
) -> None:
    here = f"/mentions/{town[0].id}"
    with (
        opened(browser, desk, desk.staff("Mara Jennings")) as mara,
        opened(browser, desk, desk.staff("Jon Reyes")) as jon,
    ):
        for page in (mara, jon):
            page.goto(here)
        jon.get_by_label("Text of the reply").fill("Mine: a crew comes by {date}, as {number}. ^JR")
        mara.keyboard.press("a")
        arrived(mara, "left before it leaves")
        jon.get_by_role("button", name="Approve").click()
        expect(jon.get_by_role("heading", name="It is not yours to decide right now")).to_be_visible()
        expect(jon.get_by_role("textbox", name="Reply")).to_have_value("Mine: a crew comes by {date}, as {number}. ^JR")
    assert "^MJ" in (reply_of(desk, town[0]).approved_text or "")


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
        page.locator("summary", has_text="More").click()
        page.get_by_role("link", name="Go to a number").click()
        page.get_by_label("Number of a request or a mention").fill(str(town[2].id))
        page.get_by_role("button", name="Open it").click()
        page.wait_for_url(f"**/mentions/{town[2].id}")


def test_a_reply_from_right_to_left_stands_so_in_the_field_and_in_the_preview(
    browser: Browser, desk: Running, town: list[Mention]
) -> None:
    with desk.rows() as session:
        mention = make_mention(session, make_account(session), NOON, "حفرة كبيرة عند تقاطع الشارع الخامس وكامبريا")
        understand(session, mention, first_post(session, mention), NOON, language="ar")
        draft_request(session, mention)
        draft_reply(session, mention, ARABIC, language="ar")
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{mention.id}")
        field = page.get_by_label("Text of the reply")
        for words in (field, page.locator("#preview blockquote").first, page.locator(".about-this .post-words")):
            assert words.evaluate("one => getComputedStyle(one).direction") == "rtl"
        expect(field).to_have_attribute("lang", "ar")
        field.fill("Filed as {number}.")
        assert field.evaluate("one => getComputedStyle(one).direction") == "ltr"
        field.fill(ARABIC)
        page.keyboard.press("Escape")
        page.keyboard.press("a")
        arrived(page, "left before it leaves")
    assert reply_of(desk, mention).approved_text == ARABIC


def test_keys_of_ones_own_work_and_the_palette_does_what_the_page_can(
    browser: Browser, desk: Running, town: list[Mention]
) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto("/account/keys")
        page.get_by_label("edit the reply").fill("z")
        page.get_by_role("button", name="Keep the keys").click()
        arrived(page, "Your keys are kept.")
        page.keyboard.press("g")
        expect(page.get_by_role("status").filter(has_text="g and then")).to_be_visible()
        page.keyboard.press("q")
        page.wait_for_url("**/queue")
        page.wait_for_load_state("load")
        page.keyboard.press("Control+k")
        palette = page.get_by_role("dialog", name="Do or open anything")
        box, options = palette.get_by_role("combobox"), palette.get_by_role("option")
        expect(box).to_be_focused()
        expect(options.first).to_be_visible()
        box.fill(str(town[0].id))
        expect(palette.get_by_role("option", selected=True)).to_contain_text("Open the request or mention")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/mentions/{town[0].id}")
        page.wait_for_load_state("load")
        page.keyboard.press("e")
        expect(page.get_by_label("Text of the reply")).not_to_be_focused()
        page.keyboard.press("z")
        expect(page.get_by_label("Text of the reply")).to_be_focused()
        page.keyboard.press("Control+k")
        box.fill("approve")
        expect(palette.get_by_role("option", selected=True)).to_contain_text("Approve what is ticked")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        arrived(page, "left before it leaves")
    assert desk.mention(town[0].id or 0).state == MentionState.APPROVED


def test_on_a_phone_of_320_pixels_the_menu_leads_on_and_one_hand_approves(
    browser: Browser, desk: Running, town: list[Mention]
) -> None:
    with opened(browser, desk, desk.staff(), width=320, touch=True) as page:
        page.locator("summary", has_text="Menu").tap()
        page.get_by_role("link", name="Channels").tap()
        page.wait_for_url("**/channels")
        page.locator("summary", has_text="Menu").tap()
        page.get_by_role("link", name="Queue").first.tap()
        page.locator(f"#open-{town[0].id}").tap()
        approve = page.get_by_role("button", name="Approve")
        expect(approve).to_be_in_viewport()
        small = page.locator(".bar button, .bar summary, .top a:visible, .top summary:visible").evaluate_all(
            "all => all.filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44)"
            ".map((one) => one.textContent.trim())"
        )
        assert small == []
        approve.tap()
        arrived(page, "left before it leaves")


def test_what_the_focus_comes_to_is_never_hidden_behind_the_action_bar(
    browser: Browser, desk: Running, town: list[Mention]
) -> None:
    with opened(browser, desk, desk.staff()) as page:
        page.goto(f"/mentions/{town[0].id}")
        hidden = []
        for _ in range(page.locator("a[href]:visible, button:visible, input:visible, textarea:visible").count()):
            page.keyboard.press("Tab")
            hidden += page.evaluate(
                """() => {
                    const one = document.activeElement, box = one.getBoundingClientRect();
                    const bar = document.querySelector(".bar").getBoundingClientRect();
                    const covered = box.top >= bar.top && !one.closest(".bar");
                    return covered && one !== document.body ? [one.outerHTML.slice(0, 100)] : [];
                }"""
            )
        assert hidden == []
