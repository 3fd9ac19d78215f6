"""The pages for people: what they show, and that their forms act."""

import re
from collections.abc import Iterator

import httpx
import pytest

from hark311.simulator import RunningSimulator
from hark311.simulator.pictures import draw_png


@pytest.fixture
def browser(simulator: RunningSimulator) -> Iterator[httpx.Client]:
    """A plain client that behaves like a browser on the simulator's own pages."""
    with httpx.Client(
        base_url=simulator.url,
        headers={"Origin": simulator.url, "Sec-Fetch-Site": "same-origin"},
        follow_redirects=True,
        trust_env=False,
    ) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/x", "/telegram", "/mastodon", "/city"])
def test_every_page_says_what_it_is_and_lets_no_script_run(browser: httpx.Client, path: str) -> None:
    page = browser.get(path)
    assert page.status_code == 200
    assert "nothing here leaves this machine" in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert browser.get("/static/simulator.css").headers["content-type"].startswith("text/css")


def test_a_resident_can_post_and_reply_on_x(simulator: RunningSimulator, browser: httpx.Client) -> None:
    browser.post("/x", data={"handle": "ann", "text": "Hole <b>here</b>", "mention": "on"})
    post = simulator.x_posts()[0]
    page = browser.post("/x", data={"handle": "bob", "text": "Same", "in_reply_to": post["id"]}).text
    assert "@Philly311Demo Hole &lt;b&gt;here&lt;/b&gt;" in page
    assert "depth1" in page
    assert simulator.x_posts()[1]["in_reply_to"] == post["id"]


def test_a_wrong_handle_is_explained_and_the_words_are_kept(simulator: RunningSimulator, browser: httpx.Client) -> None:
    page = browser.post("/x", data={"handle": "no spaces", "text": "Do not lose me"})
    assert page.status_code == 422
    assert "Nothing was sent" in page.text
    assert "Do not lose me" in page.text
    assert simulator.x_posts() == []


def test_a_form_from_another_site_is_refused(simulator: RunningSimulator, browser: httpx.Client) -> None:
    answer = browser.post("/x", data={"handle": "ann", "text": "Forged"}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert simulator.x_posts() == []


def test_a_resident_can_write_share_a_place_and_block_on_telegram(
    simulator: RunningSimulator, browser: httpx.Client
) -> None:
    browser.post("/telegram", data={"name": "Rosa", "text": "Light out"})
    chat = simulator.telegram_messages()[0]["chat_id"]
    place = {"share": "on", "latitude": "39.98", "longitude": "-75.13"}
    page = browser.post("/telegram", data={"chat_id": str(chat), "name": "Rosa", **place}).text
    assert "39.98000, -75.13000" in page
    assert {message["chat_id"] for message in simulator.telegram_messages()} == {chat}
    assert 'value="/mycases"' in page
    assert "has blocked the bot" in browser.post("/telegram/block", data={"chat_id": str(chat), "blocked": "yes"}).text
    assert browser.post("/telegram", data={"name": "Rosa", "text": " "}).status_code == 422


def test_a_photo_that_a_resident_sends_stands_in_the_chat_with_its_words(
    simulator: RunningSimulator, browser: httpx.Client
) -> None:
    said, picture = {"name": "Rosa", "text": "Still there"}, draw_png("a hole")
    page = browser.post("/telegram", data=said, files={"photo": ("1.png", picture, "image/png")}).text
    (message,) = simulator.telegram_messages()
    assert message["text"] == "Still there"
    shown = browser.get(re.findall(r'<img src="(/telegram/photos/[^"]+)"', page)[0])
    assert (shown.content, shown.headers["content-type"]) == (picture, "image/png")
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    refused = browser.post("/telegram", data=said, files={"photo": ("1.svg", b"<svg/>", "image/svg+xml")})
    assert (refused.status_code, len(simulator.telegram_messages())) == (422, 1)
    assert browser.get("/telegram/photos/unknown").status_code == 404


def test_the_city_can_close_and_reopen_from_its_list(simulator: RunningSimulator, browser: httpx.Client) -> None:
    form = {"api_key": "simulator-open311-key", "service_code": "TREE", "address_string": "Pine St & 46th"}
    number = httpx.post(f"{simulator.open311_url}/requests.json", data=form).json()[0]["service_request_id"]
    page = browser.post("/city", data={"id": number, "status": "closed", "status_notes": "Limb removed."}).text
    assert "Limb removed." in page
    assert simulator.city_requests()[0]["status"] == "closed"
    browser.post("/city", data={"id": number, "status": "open"})
    assert simulator.city_requests()[0]["status"] == "open"
    assert browser.post("/city", data={"id": "1", "status": "open"}).status_code == 422


def test_samples_can_be_loaded_from_the_start_page(simulator: RunningSimulator, browser: httpx.Client) -> None:
    page = browser.post("/samples").text
    assert "24 posts by residents" in page
    assert page.count("4 posts by residents, 0 by") == 3
    assert all(browser.get(f"/{network}").is_success for network in ("x", "telegram", "mastodon", "bluesky"))


def test_a_resident_can_post_on_mastodon_and_choose_who_reads_it(
    simulator: RunningSimulator, browser: httpx.Client
) -> None:
    browser.post("/mastodon", data={"acct": "ann", "text": "Hole <b>here</b>", "mention": "on"})
    (post,) = simulator.mastodon_statuses()
    answer = {"acct": "ann", "text": "call me", "visibility": "direct", "in_reply_to": post["id"]}
    page = browser.post("/mastodon", data=answer).text
    assert "@Philly311Demo Hole &lt;b&gt;here&lt;/b&gt;" in page
    assert "for only who is named" in page
    assert "depth1" in page
    assert simulator.mastodon_statuses()[1]["visibility"] == "direct"
    assert browser.post("/mastodon", data={"acct": "no name", "text": "x"}).status_code == 422
    assert len(simulator.mastodon_statuses()) == 2
