"""The promise of the README in a real browser: a post comes, a person approves, the reply stands in the thread once."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.hark311.console.browsing import launched
from tests.running import START_SECONDS, Running, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150)]


def test_a_post_becomes_an_approved_reply_in_the_thread_and_a_request_in_the_city(tmp_path: Path) -> None:
    with Running(tmp_path / "data", hold_seconds=1) as up, launched() as browser:
        post = up.control(
            "POST",
            "/x/posts",
            {"text": "Deep pothole at 5th and Market St, lost a tire", "author": "e2e_resident", "key": "e2e"},
        )["posts"][0]
        page = browser.new_page()
        page.goto(re.findall(r"http://\S+/sign-in/\S+", up.said())[-1])
        page.get_by_role("button", name="Sign in").click()
        row = page.get_by_role("link", name="e2e_resident")
        expect(row.or_(page.get_by_text("@e2e_resident")).first).to_be_visible(timeout=START_SECONDS * 1000)
        page.get_by_role("link", name=re.compile("e2e_resident")).first.press("Enter")
        expect(page.get_by_role("heading", name="e2e_resident")).to_be_visible()
        expect(page.locator("mark").filter(has_text=re.compile("pothole", re.I)).first).to_be_visible()
        page.get_by_role("button", name=re.compile("^Approve")).click()
        ours = wait_until(lambda: up.control("GET", "/x/posts", by="us", in_reply_to=post["id"])["posts"])
        filed = up.control("GET", "/open311/requests")["requests"]
        assert len(filed) == 1
        assert len(ours) == 1
        assert str(filed[-1]["service_request_id"]) in ours[0]["text"]
        page.goto(f"http://127.0.0.1:{up.simulator_port}/x")
        expect(page.get_by_text(str(filed[-1]["service_request_id"])).first).to_be_visible()
        page.goto(f"http://127.0.0.1:{up.simulator_port}/city")
        expect(page.get_by_text(str(filed[-1]["service_request_id"])).first).to_be_visible()
