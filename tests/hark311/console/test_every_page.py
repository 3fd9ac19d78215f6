"""Every page of the desk, in a real browser: what axe finds, whether it fits, whether keys reach everything."""

from collections.abc import Iterator
from datetime import timedelta
from typing import cast

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser

from models import Role
from tests.hark311.console.browsing import launched, opened
from tests.hark311.console.conftest import NOON, StartDesk, Switchboard
from tests.hark311.console.everything import make_everything
from tests.hark311.console.factories import make_staff
from tests.hark311.console.learning import TwoVersions
from tests.hark311.console.walking import all_pages, troubles_of

pytestmark = pytest.mark.browser

PARTS = (
    "/mentions/{mention_id}/back-translation/{translation_id}",
    "/mentions/{mention_id}/photos/{attachment_id}",
    "/mentions/{mention_id}/pictures/{picture_id}",
    "/photos/{link}",
)
"""What is no page of its own: pictures, and parts of a page that a script fetches."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.mark.timeout(400)
def test_every_page_is_accessible_fits_and_is_walked_by_keys(
    browser: Browser, start_desk: StartDesk, switchboard: Switchboard
) -> None:
    desk = start_desk({"models": TwoVersions(NOON - timedelta(days=3))})
    with desk.rows() as session:
        admin = make_staff(session, "Ada Brook", Role.ADMIN)
        shown = make_everything(session)
    link = f"/sign-in/{desk.secret_for(desk.staff())}"
    begin = [*shown.addresses(), "/queue?language=en&q=pothole", link]
    found = all_pages(cast(FastAPI, switchboard.app), desk.browser_of(admin), begin)
    with opened(browser, desk, admin) as page:
        troubles = [trouble for address in found.pages for trouble in troubles_of(page, address)]
    assert not troubles, "\n".join(troubles)
    assert found.routes_without <= set(PARTS), "no link of any page leads there, with the rows of everything.py"
