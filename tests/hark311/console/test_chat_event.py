"""The public page of a tweet chat, and its calendar file."""

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar, Event
from playwright.sync_api import Browser as Chromium

from hark311.console.pages import LOOKS_PER_ADDRESS
from models import ChatRecap, ChatState, TweetChat
from responders.chats.running import shift
from tests.chats import MadeChat, a_chat
from tests.hark311.console.browsing import launched, opened, violations
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.reading import troubles


@pytest.fixture
def made(desk: Running) -> MadeChat:
    with desk.rows() as session:
        made = a_chat(session, starts_at=NOON + timedelta(days=14), state=ChatState.PLANNED, asked=0)
        made.chat.public = True
        made.questions[0].words = {"en": "What is missing?", "es": "¿Qué falta?"}
        session.add_all([made.chat, made.questions[0]])
    return made


def change(desk: Running, made: MadeChat, **values: object) -> None:
    with desk.rows() as session:
        chat = session.get_one(TweetChat, made.id)
        for name, value in values.items():
            setattr(chat, name, value)
        session.add(chat)


def event_in(file: bytes) -> Event:
    calendar = Calendar.from_ical(file)
    (event,) = calendar.walk("VEVENT")
    assert isinstance(event, Event)
    return event


def sequence(event: Event) -> int:
    return int(str(event["sequence"]))


def test_anybody_reads_when_where_and_what_is_asked(desk: Running, made: MadeChat) -> None:
    answer = desk.visitor().get(f"/event/{made.chat.slug}")
    assert answer.status_code == 200
    page = answer.text
    for said in (
        made.chat.title,
        f"#{made.chat.hashtag}",
        "Tuesday, Mar 24, 2026",
        "12:00 PM EDT",
        "Gwen Adeyemi, Office of Sanitation",
        "What is missing?",
        "want an answer in your thread",
        "tel:911",
        f"/event/{made.chat.slug}.ics",
        f"/event/{made.chat.slug}?in=es",
    ):
        assert said in page, said
    assert "noindex" not in page
    assert "<script" not in page
    assert "set-cookie" not in answer.headers
    assert "Milo Brandt" not in page, "a moderator is nobody's business"
    assert list(troubles(page)) == []


def test_it_speaks_the_chats_languages_and_marks_what_it_has_no_words_for(desk: Running, made: MadeChat) -> None:
    page = desk.visitor().get(f"/event/{made.chat.slug}?in=es").text
    assert '<html lang="es"' in page
    assert "¿Qué falta?" in page
    assert "Cómo participar" in page
    assert '<span class="what" lang="en"' in page
    assert '<html lang="en"' in desk.visitor().get(f"/event/{made.chat.slug}?in=xx").text


def test_a_chat_that_is_not_public_is_as_one_that_does_not_exist(desk: Running, made: MadeChat) -> None:
    change(desk, made, public=False)
    visitor = desk.visitor()
    answers = [visitor.get(f"/event/{slug}") for slug in (made.chat.slug, "no-such-chat", f"{made.chat.slug}.ics")]
    assert {one.status_code for one in answers} == {404}
    assert len({one.text for one in answers}) == 1
    assert answers[0].headers["x-robots-tag"] == "noindex, nofollow"


def test_it_says_that_a_chat_is_on_over_or_called_off_and_leads_to_the_recap(desk: Running, made: MadeChat) -> None:
    for state, said in (
        (ChatState.LIVE, "It is on right now."),
        (ChatState.ENDED, "This chat is over."),
        (ChatState.CANCELLED, "This chat does not take place."),
    ):
        change(desk, made, state=state)
        assert said in desk.visitor().get(f"/event/{made.chat.slug}").text
    assert "/recap/" not in desk.visitor().get(f"/event/{made.chat.slug}").text
    with desk.rows() as session:
        session.add(ChatRecap(chat_id=made.id, language="en", written_at=NOON, published_at=NOON))
    assert f'href="/recap/{made.chat.slug}/en"' in desk.visitor().get(f"/event/{made.chat.slug}?in=es").text


def test_it_is_not_asked_for_without_end(desk: Running, made: MadeChat) -> None:
    visitor = desk.visitor()
    for _ in range(30):
        visitor.get("/event/guess")
    assert visitor.get(f"/event/{made.chat.slug}").status_code == 429
    assert LOOKS_PER_ADDRESS.amount >= 300


def test_the_calendar_file_is_what_rfc_5545_wants(desk: Running, made: MadeChat) -> None:
    answer = desk.visitor().get(f"/event/{made.chat.slug}.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    assert f'filename="{made.chat.slug}.ics"' in answer.headers["content-disposition"]
    assert b"\r\nDTSTART:20260324T160000Z\r\n" in answer.content
    event = event_in(answer.content)
    assert event.decoded("dtstart") == datetime(2026, 3, 24, 16, 0, tzinfo=UTC)
    assert event.decoded("dtend") == datetime(2026, 3, 24, 17, 0, tzinfo=UTC)
    assert event.decoded("dtstamp") == NOON
    assert str(event["status"]) == "CONFIRMED"
    assert f"#{made.chat.hashtag}" in str(event["summary"])
    assert not event.errors
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))


def test_a_chat_moved_before_it_begins_is_told_at_its_new_time(desk: Running, made: MadeChat) -> None:
    before = event_in(desk.visitor().get(f"/event/{made.chat.slug}.ics").content)
    shift(desk.product.desk, made.id, made.host.id or 0, 15 * 60)
    after = event_in(desk.visitor().get(f"/event/{made.chat.slug}.ics").content)
    assert after.decoded("dtstart") - before.decoded("dtstart") == timedelta(minutes=15)
    assert after.decoded("dtend") - before.decoded("dtend") == timedelta(minutes=15)
    assert sequence(after) == sequence(before) + 1
    assert "12:15 PM EDT" in desk.visitor().get(f"/event/{made.chat.slug}").text


def test_a_changed_chat_keeps_its_uid_and_its_sequence_rises(desk: Running, made: MadeChat) -> None:
    host = desk.browser_of(made.host)
    before = event_in(host.get(f"/chats/{made.id}.ics").content)
    with desk.database.read() as session:
        chat = session.get_one(TweetChat, made.id)
    fields = {
        "title": chat.title,
        "hashtag": chat.hashtag,
        "starts_at": "2026-03-25T12:00",
        "minutes": "60",
        "in-en": "yes",
        "in-es": "yes",
        "grace_seconds": "60",
        "answer_keys": "1",
        "answer_within": "300",
    }
    assert host.post(f"/chats/{made.id}/plan", f"/chats/{made.id}", **fields).status_code == 303
    after = event_in(host.get(f"/chats/{made.id}.ics").content)
    assert str(before["uid"]) == str(after["uid"])
    assert sequence(after) == sequence(before) + 1
    assert after.decoded("dtstart") - before.decoded("dtstart") == timedelta(days=1)
    assert host.post(f"/chats/{made.id}/cancel", f"/chats/{made.id}").status_code == 303
    off = event_in(desk.visitor().get(f"/event/{made.chat.slug}.ics").content)
    assert (str(off["status"]), sequence(off)) == ("CANCELLED", sequence(after) + 1)


@pytest.mark.browser
def test_the_public_page_is_accessible_in_light_and_dark(desk: Running, made: MadeChat) -> None:
    with launched() as browser:
        _looked_at(browser, desk, made)


def _looked_at(browser: Chromium, desk: Running, made: MadeChat) -> None:
    for dark in (False, True):
        with opened(browser, desk, None, dark=dark, width=375) as page:
            page.goto(f"/event/{made.chat.slug}")
            assert violations(page, False) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= 375
