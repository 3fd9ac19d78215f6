"""Two people and two keys in a real browser: edited by the second, seen by the first; then everything is frozen."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlmodel import select

from models import KeyRule, Mention, Reply, ReplyState, Role, RuleAbout
from tests.hark311.console.browsing import launched, opened, violations
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import make_account, make_ready, make_services, make_staff

pytestmark = pytest.mark.browser
LAW = "Our lawyers look into it. Your number is {number}."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def town(desk: Running) -> list[Mention]:
    with desk.rows() as session:
        make_services(session)
        account = make_account(session)
        session.add(KeyRule(about=RuleAbout.RISK_WORDS, label="Law", wanted=["lawyer*"], made_at=NOON))
        return [make_ready(session, account, NOON - timedelta(minutes=minutes)) for minutes in (30, 20)]


def reply_of(desk: Running, mention: Mention) -> Reply:
    with desk.database.read() as session:
        return session.exec(select(Reply).where(Reply.mention_id == mention.id)).one()


def test_two_people_turn_two_keys_and_then_everything_is_frozen_and_thawed(
    browser: Browser, desk: Running, town: list[Mention]
) -> None:
    with desk.rows() as session:
        mara, ida = make_staff(session, "Mara Jennings"), make_staff(session, "Ida Bell", Role.SUPERVISOR)
    with opened(browser, desk, mara) as hers, opened(browser, desk, ida) as his:
        hers.goto(f"/mentions/{town[0].id}")
        hers.get_by_label("Text of the reply").fill(LAW)
        expect(hers.locator("#needs")).to_contain_text("the reply holds 'lawyers'")
        hers.get_by_role("button", name="Approve").click()
        expect(hers.locator("#handing")).to_contain_text("You gave the first key")
        assert (desk.mention(town[0].id or 0).second_key, desk.nudges) == (True, [])

        his.goto("/keys")
        assert violations(his, dark=False) == []
        his.get_by_role("link", name="on X").click()
        expect(his.locator("#handing")).to_contain_text("Mara Jennings gave the first key")
        his.wait_for_load_state()
        his.get_by_label("Text of the reply").fill(LAW.replace("lawyers look", "crew looks"))
        expect(his.locator("#needs")).to_have_count(0)
        his.get_by_role("button", name="Approve").click()
        expect(his.locator("#bar-hold")).to_contain_text("left")
        assert reply_of(desk, town[0]).state == ReplyState.APPROVED

        hers.reload()
        expect(hers.locator("#handing")).to_contain_text("Ida Bell approved it with other words")
        expect(hers.locator("#handing del").first).to_have_text("lawyers")
        expect(hers.locator("#handing ins").first).to_have_text("crew")

        hers.goto("/freeze")
        hers.get_by_label("Why, if there is time to say").fill("We check a rumour first")
        hers.get_by_role("button", name="Freeze", exact=True).click()
        expect(hers.locator(".frozen")).to_contain_text("Mara Jennings pressed it")
        his.goto(f"/mentions/{town[0].id}")
        expect(his.locator("#delivery")).to_contain_text("Frozen by Mara Jennings: We check a rumour first")
        his.locator(".frozen").get_by_role("link", name="What waits").click()
        for dark in (False, True):
            his.emulate_media(color_scheme="dark" if dark else "light")
            assert violations(his, dark) == []
        his.get_by_role("button", name="through").click()
        expect(his.get_by_text("Nothing that was approved waits.")).to_be_visible()
        his.get_by_role("button", name="Thaw this").click()
        expect(his.locator(".frozen")).to_have_count(0)

        his.goto("/keys/rules?add=election#add")
        his.get_by_label("Name, as it stands in the reason").last.fill("Spring election")
        his.get_by_label("From", exact=True).fill("2026-03-01")
        his.get_by_label("Until, that day included").last.fill("2026-03-20")
        his.get_by_role("button", name="Add the rule").click()
        expect(his.get_by_role("heading", name="Spring election")).to_be_visible()
        assert violations(his, dark=False) == []
