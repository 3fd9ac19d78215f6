"""The queue: order, views, filters, pages, and the parts that must be seen at once."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from hark311.console import queries, queue_queries, queue_rows
from hark311.console.queue_filters import Filters
from hark311.console.queue_streams import Place
from hark311.console.views import BY_KEY, View
from models import (
    AccountHealth,
    Alarm,
    AuditEntry,
    Channel,
    EvidenceKind,
    Gap,
    MentionState,
    ReplyState,
    RequestState,
)
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import (
    draft_reply,
    draft_request,
    first_post,
    make_account,
    make_mention,
    make_services,
    make_staff,
    make_unreadable,
    raise_alarm,
    understand,
)


def ids_on(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'id="open-(\d+)"', page)]


def count_of(page: str, view: str) -> str:
    found = re.search(rf'id="view-{view}".*?<span class="count[^"]*">([^<]*)</span>', page, re.DOTALL)
    return found[1] if found else ""


def test_danger_comes_first_then_who_has_waited_longest(desk: Running) -> None:
    with desk.rows() as session:
        account = make_account(session)
        new = make_mention(session, account, NOON - timedelta(minutes=1))
        old = make_mention(session, account, NOON - timedelta(hours=3), state=MentionState.IN_REVIEW)
        danger = make_mention(session, account, NOON, "wire down", danger=True)
        make_mention(session, account, NOON - timedelta(days=1), state=MentionState.CLOSED)
        expected = [danger.id, old.id, new.id]
    assert ids_on(desk.browser_of(desk.staff()).get("/queue").text) == expected


def test_a_row_says_who_what_where_how_old_and_who_holds_it(desk: Running) -> None:
    lou = desk.staff("Lou Okafor")
    with desk.rows() as session:
        make_services(session)
        mention = make_mention(session, make_account(session), NOON - timedelta(minutes=14), "a pothole on 5th")
        post = first_post(session, mention)
        understand(session, mention, post, NOON, marked=[(EvidenceKind.CATEGORY, "pothole")])
        draft_request(session, mention, address_string="5th St & Cambria St", missing=["cross_street"])
    desk.product.desk.claim(mention.id or 0, lou.id or 0)
    page = desk.browser_of(desk.staff()).get("/queue").text
    row = page[page.index(f'id="open-{mention.id}"') :]
    assert re.search(r'<mark class="ev ev-category"[^>]*>pothole</mark>', row)
    for said in ("Pothole repair", "93 %", "5th St &amp; Cambria St", "14 min", "Lou Okafor", "in review", "English"):
        assert said in row
    assert "missing: <bdi>the nearest cross street</bdi>" in row


def test_each_view_holds_its_own(desk: Running) -> None:
    staff = desk.staff()
    expected: dict[str, list[int | None]] = {}
    with desk.rows() as session:
        make_services(session)
        account = make_account(session)
        mine = make_mention(session, account, NOON, state=MentionState.IN_REVIEW)
        mine.claimed_by, mine.claimed_until = staff.id, NOON + timedelta(minutes=5)
        placeless = make_mention(session, account, NOON)
        draft_request(session, placeless, address_string="", lat=None, long=None)
        silent = make_mention(session, account, NOON, may_reply=False, may_reply_reason="not mentioned")
        doubtful = make_mention(session, account, NOON, state=MentionState.APPROVED)
        draft_reply(session, doubtful, "Thanks.", state=ReplyState.UNCERTAIN)
        refused = make_mention(session, account, NOON)
        draft_request(session, refused, state=RequestState.REFUSED)
        closed = make_mention(session, account, NOON, state=MentionState.CLOSED)
        gone = make_mention(session, account, NOON + timedelta(minutes=1), state=MentionState.WITHDRAWN)
        aside = make_mention(session, account, NOON, state=MentionState.SET_ASIDE)
        danger = make_mention(session, account, NOON, state=MentionState.RECEIVED, danger=True)
        expected = {
            "mine": [mine.id],
            "place": [placeless.id],
            "no-reply": [silent.id],
            "uncertain": [doubtful.id],
            "refused": [refused.id],
            "sent": [doubtful.id],
            "closed": [gone.id, closed.id],
            "aside": [aside.id],
            "danger": [danger.id],
        }
    browser = desk.browser_of(staff)
    for view, ids in expected.items():
        page = browser.get(f"/queue?view={view}").text
        assert ids_on(page) == ids, view
        assert count_of(page, view) == str(len(ids)), view
    assert count_of(browser.get("/queue").text, "all") == "9"


def test_filters_stand_in_the_address_and_work_together(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        x, telegram = make_account(session), make_account(session, Channel.TELEGRAM)
        spanish = make_mention(session, x, NOON)
        understand(session, spanish, first_post(session, spanish), NOON, language="es", service_code="SR-LT03")
        other = make_mention(session, telegram, NOON)
        understand(session, other, first_post(session, other), NOON, language="es", service_code="SR-LT03")
        english = make_mention(session, x, NOON)
        understand(session, english, first_post(session, english), NOON)
    browser = desk.browser_of(desk.staff())
    assert ids_on(browser.get("/queue?language=es").text) == [spanish.id, other.id]
    assert ids_on(browser.get("/queue?language=es&channel=x").text) == [spanish.id]
    assert ids_on(browser.get(f"/queue?account={telegram.id}").text) == [other.id]
    assert ids_on(browser.get("/queue?service=SR-ST01").text) == [english.id]
    assert ids_on(browser.get("/queue?state=in_review").text) == []
    assert "Nothing in this view fits the filters" in browser.get("/queue?language=ko").text


def test_a_drafted_request_outweighs_the_guess_in_the_service_filter(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        mention = make_mention(session, make_account(session), NOON)
        understand(session, mention, first_post(session, mention), NOON, service_code="SR-ST01")
        draft_request(session, mention, service_code="SR-DU04")
    browser = desk.browser_of(desk.staff())
    assert ids_on(browser.get("/queue?service=SR-DU04").text) == [mention.id]
    assert ids_on(browser.get("/queue?service=SR-ST01").text) == []


@pytest.mark.parametrize("view", ["now", "all"])
def test_pages_follow_each_other_without_gap_or_repeat(desk: Running, view: str) -> None:
    total = queue_queries.PAGE * 2 + 7
    with desk.rows() as session:
        account = make_account(session)
        for number in range(total):
            make_mention(session, account, NOON - timedelta(minutes=number // 3), danger=number % 40 == 0)
    browser = desk.browser_of(desk.staff())
    seen: list[int] = []
    path = f"/queue?view={view}"
    while path:
        page = browser.get(path).text
        seen += ids_on(page)
        found = re.search(r'id="page-more" href="([^"]+)"', page)
        path = found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == len(set(seen)) == total


def test_a_filter_that_finds_little_says_how_far_it_looked(desk: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_queries, "WINDOW", 40)
    with desk.rows() as session:
        account, rare = make_account(session), make_account(session, Channel.TELEGRAM)
        for number in range(45):
            make_mention(session, account, NOON + timedelta(minutes=number))
        last = make_mention(session, rare, NOON + timedelta(hours=2))
    browser = desk.browser_of(desk.staff())
    first = browser.get("/queue?channel=telegram").text
    assert ids_on(first) == []
    assert "0 found among the first 40 of this view" in first
    more = re.search(r'id="page-more" href="([^"]+)"', first)
    assert more
    assert ids_on(browser.get(more[1].replace("&amp;", "&")).text) == [last.id]


def test_counts_stop_where_they_would_become_slow(desk: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_queries, "COUNTED_TO", 5)
    with desk.rows() as session:
        account = make_account(session)
        for _ in range(8):
            make_mention(session, account, NOON)
    assert count_of(desk.browser_of(desk.staff()).get("/queue").text, "now") == "5+"


@pytest.mark.parametrize("view", BY_KEY.values(), ids=BY_KEY)
def test_the_queue_finds_and_counts_through_indexes_alone(desk: Running, view: View) -> None:
    """No statement reads all mentions, posts, replies, requests or understandings, and none sorts mentions."""
    asked: list[tuple[str, Any]] = []
    with desk.rows() as session:
        make_services(session)
        mention = make_mention(session, make_account(session), NOON)

    def note(*given: Any) -> None:
        asked.append((given[2], given[3]))

    event.listen(desk.database.engine, "before_cursor_execute", note)
    with desk.database.read() as session:
        queue_queries.find(session, view, Filters(), 1, Place(False, NOON - timedelta(days=1), 0))
        queue_queries.find(session, view, Filters(channel=Channel.X, language="en", service_code="SR"), 1, None)
        queue_queries.count(session, view, 1)
        queue_queries.next_waiting(session, 1, NOON, besides=0)
        queue_rows.rows(session, [mention.id or 0], NOON)
        queries.open_alarms(session)
        queries.header(session, 1)
    event.remove(desk.database.engine, "before_cursor_execute", note)
    reads = [one for one in asked if one[0].startswith("SELECT")]
    assert len(reads) > 10
    with desk.database.engine.connect() as connection:
        for statement, values in reads:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            for step in [str(row[-1]) for row in plan]:
                whole = re.match(r"SCAN (mention|post|reply|service_request|understanding)\b(?! USING)", step)
                assert not whole, (statement, step)
                assert "TEMP B-TREE FOR ORDER BY" not in step or "FROM mention" not in statement, statement


def test_an_open_danger_is_loud_until_somebody_has_seen_it(desk: Running) -> None:
    staff = desk.staff()
    with desk.rows() as session:
        mention = make_mention(session, make_account(session), NOON, "wire down, sparking", danger=True)
        alarm = raise_alarm(session, mention, "wire_down", NOON)
    browser = desk.browser_of(staff)
    page = browser.get("/queue").text
    assert "wire down, sparking" in page
    assert "paged 12:00 pm" in page
    answer = browser.post(f"/alarms/{alarm.id}/acknowledge", mention_id=str(mention.id))
    assert answer.headers["location"] == f"/mentions/{mention.id}"
    assert 'id="alarm-' not in browser.get("/queue").text
    with desk.database.read() as session:
        assert session.get_one(Alarm, alarm.id).acknowledged_by == staff.id


def test_a_page_that_failed_is_said_beside_the_danger(desk: Running) -> None:
    with desk.rows() as session:
        mention = make_mention(session, make_account(session), NOON, danger=True)
        raise_alarm(session, mention, "gas", NOON).page_trouble = "the pager did not answer"
    assert "paging failed: <bdi>the pager did not answer</bdi>" in desk.browser_of(desk.staff()).get("/queue").text


def test_a_wrong_key_is_visible_on_the_queue(desk: Running) -> None:
    with desk.rows() as session:
        account = make_account(session)
        account.health, account.trouble = AccountHealth.CREDENTIALS_REJECTED, "X answered: unauthorized."
    page = desk.browser_of(desk.staff()).get("/queue").text
    assert "The channel refuses our key." in page
    assert "X answered: unauthorized." in page


def test_a_gap_is_shown_until_somebody_has_dealt_with_it(desk: Running) -> None:
    staff = desk.staff()
    with desk.rows() as session:
        gap = Gap(account_id=make_account(session).id or 0, reason="X keeps 7 days of mentions.", noticed_at=NOON)
        session.add(gap)
    browser = desk.browser_of(staff)
    assert "X keeps 7 days of mentions." in browser.get("/queue").text
    assert browser.post(f"/gaps/{gap.id}/close").status_code == 303
    assert "X keeps 7 days of mentions." not in browser.get("/queue").text
    with desk.database.read() as session:
        assert session.get_one(Gap, gap.id).closed_by == f"staff:{staff.id}"
        assert session.exec(select(AuditEntry).where(AuditEntry.about == "Gap")).one().by == f"staff:{staff.id}"


def test_an_unreadable_post_is_kept_raw_until_somebody_has_dealt_with_it(desk: Running) -> None:
    with desk.rows() as session:
        account = make_account(session)
        post = make_unreadable(session, account, NOON, raw='{"text": "<b>half a post"}')
    browser = desk.browser_of(desk.staff())
    assert count_of(browser.get("/queue").text, "unreadable") == "1"
    shown = browser.get("/channels").text
    assert "&lt;b&gt;half a post" in shown
    assert "it has no author" in shown
    browser.post(f"/unreadable/{post.id}/close")
    assert "Every post could be read." in browser.get("/channels").text


def test_closing_what_is_not_there_says_so(desk: Running) -> None:
    browser = desk.browser_of(desk.staff())
    for path in ("/gaps/77/close", "/unreadable/77/close", "/alarms/77/acknowledge"):
        assert browser.post(path).status_code == 404


def test_the_refreshing_parts_are_answered_alone(desk: Running) -> None:
    with desk.rows() as session:
        mention = make_mention(session, make_account(session), NOON)
    live = desk.browser_of(desk.staff()).get("/queue/live?view=now").text
    assert ids_on(live) == [mention.id]
    assert "<html" not in live
    assert "<select" not in live
    assert desk.visitor().get("/queue/live", headers={"hx-request": "true"}).status_code == 401


def test_the_next_mention_is_one_that_nobody_else_holds(desk: Running) -> None:
    with desk.rows() as session:
        account, me, other = make_account(session), make_staff(session), make_staff(session, "Lou Okafor")
        held = make_mention(session, account, NOON - timedelta(hours=2), state=MentionState.IN_REVIEW)
        held.claimed_by, held.claimed_until = other.id, NOON + timedelta(minutes=5)
        lapsed = make_mention(session, account, NOON - timedelta(hours=1), state=MentionState.IN_REVIEW)
        lapsed.claimed_by, lapsed.claimed_until = other.id, NOON - timedelta(minutes=1)
        free = make_mention(session, account, NOON)
    with desk.database.read() as session:
        assert queue_queries.next_waiting(session, me.id or 0, NOON, besides=0) == lapsed.id
        assert queue_queries.next_waiting(session, me.id or 0, NOON, besides=lapsed.id or 0) == free.id


def test_an_unknown_view_or_filter_is_taken_as_none(desk: Running) -> None:
    page = desk.browser_of(desk.staff()).get("/queue?view=nonsense&state=nonsense&account=x&after=1.2&language=xx")
    assert page.status_code == 200
    assert BY_KEY["now"].empty in page.text
