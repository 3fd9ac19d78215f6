"""Search, filters and saved views over HTTP."""

from datetime import timedelta

from sqlmodel import select

from models import Channel, MentionState, Role, SavedView, ScopeKind, StaffScope
from tests.hark311.console.conftest import NOON, Running, token_in
from tests.hark311.console.factories import (
    draft_request,
    first_post,
    make_account,
    make_author,
    make_mention,
    make_services,
    make_staff,
    understand,
)
from tests.hark311.console.test_queue import ids_on


def test_words_authors_and_numbers_are_found_in_every_state_the_newest_first(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        account = make_account(session)
        rosa = make_author(session, handle="rosa_m", name="Rosa Marín")
        old = make_mention(
            session, account, NOON - timedelta(days=9), "pothole", author=rosa, state=MentionState.CLOSED
        )
        filed = draft_request(session, old)
        filed.service_request_id = "13075315"
        new = make_mention(session, account, NOON, "路灯坏了, and a pothole")
        make_mention(session, account, NOON, "nothing of the kind")
        expected, old_id, new_id = [new.id, old.id], old.id, new.id
    browser = desk.browser_of(desk.staff())
    assert ids_on(browser.get("/queue?q=Pothole").text) == expected
    assert ids_on(browser.get("/queue?q=路灯").text) == [new_id]
    for query in ("%40rosa_m", "marin", "13075315", "%2313075315"):
        assert ids_on(browser.get(f"/queue?q={query}").text) == [old_id], query
    assert ids_on(browser.get("/queue?q=pothole&view=closed").text) == [old_id]
    assert ids_on(browser.get("/queue?q=pothole&state=drafted").text) == [new_id]
    assert "Nothing was found" in browser.get("/queue?q=flamingo").text
    assert 'role="search"' in browser.get("/channels").text


def test_what_was_looked_for_is_shown_harmless(desk: Running) -> None:
    browser = desk.browser_of(desk.staff())
    page = browser.client.get("/queue", params={"q": '<b onclick=x>"{{7*7}}'})
    assert page.status_code == 200
    assert "&lt;b onclick=x&gt;&#34;{{7*7}}" in page.text


def test_filters_by_area_assignee_place_and_reply(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        account, staff = make_account(session), make_staff(session)
        north = make_mention(session, account, NOON)
        north.area, north.assigned_to = "North", staff.id
        silent = make_mention(session, account, NOON, may_reply=False)
        placeless = make_mention(session, account, NOON)
        draft_request(session, placeless, address_string="", lat=None, long=None)
        ids = {"north": north.id, "silent": silent.id, "placeless": placeless.id}
    browser = desk.browser_of(staff)
    assert ids_on(browser.get("/queue?area=North").text) == [ids["north"]]
    assert ids_on(browser.get(f"/queue?assignee={staff.id}").text) == [ids["north"]]
    assert ids_on(browser.get("/queue?assignee=nobody").text) == [ids["silent"], ids["placeless"]]
    assert ids_on(browser.get("/queue?reply=cannot").text) == [ids["silent"]]
    assert ids_on(browser.get("/queue?place=missing").text) == [ids["placeless"]]
    assert ids_on(browser.get("/queue?view=assigned").text) == [ids["north"]]
    assert ids_on(browser.get("/queue?view=all&area=North").text) == [ids["north"]]


def test_what_the_city_promised_comes_before_what_only_waits(desk: Running) -> None:
    with desk.rows() as session:
        account = make_account(session)
        old = make_mention(session, account, NOON - timedelta(days=5))
        late = make_mention(session, account, NOON)
        late.promised_at = NOON + timedelta(days=2)
        soon = make_mention(session, account, NOON)
        soon.promised_at = NOON + timedelta(days=1)
        danger = make_mention(session, account, NOON, danger=True)
        expected = [danger.id, soon.id, late.id, old.id]
    assert ids_on(desk.browser_of(desk.staff()).get("/queue").text) == expected


def test_a_persons_scope_limits_list_counts_and_search(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        x, telegram = make_account(session), make_account(session, Channel.TELEGRAM)
        mine = make_mention(session, x, NOON, "pothole here")
        understand(session, mine, first_post(session, mine), NOON)
        theirs = make_mention(session, telegram, NOON, "pothole there")
        staff = make_staff(session)
        session.add(StaffScope(staff_id=staff.id or 0, kind=ScopeKind.ACCOUNT, value=str(x.id)))
        session.add(SavedView(staff_id=staff.id or 0, name="Potholes", query="view=all&q=pothole", made_at=NOON))
        ids = [mine.id, theirs.id]
    scoped, everything = desk.browser_of(staff), desk.browser_of(desk.staff("Lou Okafor"))
    assert ids_on(scoped.get("/queue").text) == ids[:1]
    assert ids_on(scoped.get("/queue?q=pothole").text) == ids[:1]
    assert ids_on(everything.get("/queue").text) == ids
    page = scoped.get("/queue").text
    assert '<span>Now</span><span class="count">1</span>' in page
    assert '<span>Potholes</span><span class="count">1</span>' in page


def test_a_view_is_kept_counted_shared_and_given_up(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        mention = make_mention(session, make_account(session), NOON)
        understand(session, mention, first_post(session, mention), NOON, language="es", service_code="SR-LT03")
        supervisor, clerk = make_staff(session, "Sue Pervis", Role.SUPERVISOR), make_staff(session, "Cal Clerk")
    browser = desk.browser_of(clerk)
    token = token_in(browser.get("/queue?language=es").text)
    fields = {"csrf": token, "name": "  Spanish ", "query": "view=now&language=es&after=junk&evil=1"}
    assert browser.client.post("/queue/views", data=fields).headers["location"] == "/queue?view=now&language=es"
    assert browser.client.post("/queue/views", data={**fields, "shared": "yes"}).status_code == 403
    assert '<span>Spanish</span><span class="count">1</span>' in browser.get("/queue").text
    assert 'aria-current="page"><svg' in browser.get("/queue?view=now&language=es").text
    boss = desk.browser_of(supervisor)
    assert "Spanish" not in boss.get("/queue/views").text
    for name, shared in (("", ""), ("x" * 41, ""), ("Lights", "yes")):
        answer = boss.post("/queue/views", "/account", name=name, query="service=SR-LT03", shared=shared)
        assert answer.status_code == (303 if shared else 422)
    assert "<span>Lights</span>" in browser.get("/queue").text
    with desk.database.read() as session:
        shared_id = session.exec(select(SavedView.id).where(SavedView.name == "Lights")).one()
        own_id = session.exec(select(SavedView.id).where(SavedView.name == "Spanish")).one()
    assert browser.post(f"/queue/views/{shared_id}/drop", "/account").status_code == 403
    assert boss.post(f"/queue/views/{own_id}/drop", "/account").status_code == 403
    assert browser.post(f"/queue/views/{own_id}/drop", "/account").status_code == 303
    assert boss.post(f"/queue/views/{shared_id}/drop", "/account").status_code == 303
    with desk.database.read() as session:
        assert session.exec(select(SavedView)).all() == []
