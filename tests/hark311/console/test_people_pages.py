"""The people of the desk: invited, given roles and scopes, reset, and gone at once when they leave."""

import re
from html import unescape

import httpx
import pytest
from sqlmodel import select

from hark311 import staffing
from models import AuditEntry, Database, MentionState, Role, ScopeKind, ServiceRequest, StaffScope, StaffUser
from tests.hark311.console.conftest import NOON, Browser, Running
from tests.hark311.console.factories import make_account, make_mention, make_ready, make_services, make_staff


@pytest.fixture
def ada(desk: Running) -> StaffUser:
    with desk.rows() as session:
        return staffing.ensure_staff(session, "Ada Lund", Role.ADMIN)


@pytest.fixture
def admin(desk: Running, ada: StaffUser) -> Browser:
    return desk.browser_of(ada)


def stored(desk: Running, staff_id: int | None) -> StaffUser:
    with desk.database.read() as session:
        return session.get_one(StaffUser, staff_id)


def link_in(answer: httpx.Response) -> str:
    found = re.search(r"http://[^<\s]+(/sign-in/[^<\s]+)", answer.text)
    assert found, answer.text
    return unescape(found[1])


def invited(desk: Running, admin: Browser, name: str = "Lou Okafor", role: str = "drafter") -> tuple[StaffUser, str]:
    answer = admin.post("/staff", "/staff", name=name, role=role)
    assert answer.status_code == 200
    with desk.database.read() as session:
        staff = session.exec(select(StaffUser).where(StaffUser.display_name == name)).one()
    return staff, link_in(answer)


def test_an_invitation_is_a_link_shown_once_that_works_once(desk: Running, admin: Browser) -> None:
    lou, link = invited(desk, admin)
    assert lou.role == Role.DRAFTER
    assert link not in admin.get(f"/staff/{lou.id}").text
    browser = Browser(desk.visitor())
    assert "Sign in as Lou Okafor" in browser.get(link).text
    assert browser.post(link).headers["location"] == "/queue"
    assert desk.visitor().get(link).status_code == 403


def test_an_invitation_runs_out_after_three_days(desk: Running, admin: Browser) -> None:
    _, link = invited(desk, admin)
    desk.clock.forward(days=2, hours=23)
    assert desk.visitor().get(link).status_code == 200
    desk.clock.forward(hours=2)
    assert desk.visitor().get(link).status_code == 403


def test_an_invitation_can_be_taken_back(desk: Running, admin: Browser) -> None:
    lou, link = invited(desk, admin)
    page = admin.get(f"/staff/{lou.id}").text
    found = re.search(r'action="(/staff/\d+/sessions/\d+/end)"', page)
    assert found
    assert admin.post(found[1], f"/staff/{lou.id}").status_code == 303
    assert desk.visitor().get(link).status_code == 403


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Ada Lund", "There is a person called ada.lund already"),
        ("...", "at least one letter"),
        ("a" * 81, "at most 80"),
        ("Lou\N{RIGHT-TO-LEFT OVERRIDE}Okafor", "control characters"),
    ],
)
def test_who_cannot_be_added_is_not_and_the_page_says_why(desk: Running, admin: Browser, name: str, said: str) -> None:
    answer = admin.post("/staff", "/staff", name=name, role="approver")
    assert answer.status_code == 422
    assert said in answer.text
    with desk.database.read() as session:
        assert len(session.exec(select(StaffUser)).all()) == 1


def test_a_changed_role_counts_at_once_and_is_in_the_audit(desk: Running, ada: StaffUser, admin: Browser) -> None:
    with desk.rows() as session:
        lou = make_staff(session, "Lou Okafor", Role.VIEWER)
    theirs = desk.browser_of(lou)
    assert theirs.get("/staff").status_code == 403
    assert admin.post(f"/staff/{lou.id}/role", f"/staff/{lou.id}", role="admin").status_code == 303
    assert theirs.get("/staff").status_code == 200
    with desk.database.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.why == "viewer became admin")).one()
    assert (entry.by, entry.about_id) == (f"staff:{ada.id}", lou.id)


@pytest.mark.parametrize("what", ["role", "deactivate"])
def test_one_administrator_always_remains(desk: Running, ada: StaffUser, admin: Browser, what: str) -> None:
    answer = admin.post(f"/staff/{ada.id}/{what}", f"/staff/{ada.id}", role="viewer")
    assert answer.status_code == 422
    assert "the only administrator" in answer.text
    assert (stored(desk, ada.id).role, stored(desk, ada.id).active) == (Role.ADMIN, True)


def test_whoever_leaves_is_signed_out_at_once_and_gives_back_what_they_held(desk: Running, admin: Browser) -> None:
    with desk.rows() as session:
        make_services(session)
        account = make_account(session)
        held, meant = make_ready(session, account, NOON), make_mention(session, account, NOON)
        lou = make_staff(session, "Lou Okafor")
        meant.assigned_to = lou.id
    theirs, link = desk.browser_of(lou), desk.secret_for(lou)
    theirs.decide(held.id or 0, "claim")
    assert desk.mention(held.id or 0).state == MentionState.IN_REVIEW
    assert admin.post(f"/staff/{lou.id}/deactivate", f"/staff/{lou.id}").status_code == 303
    assert theirs.get("/queue").headers["location"] == "/sign-in"
    assert desk.visitor().get(f"/sign-in/{link}").status_code == 403
    left = desk.mention(held.id or 0)
    assert (left.state, left.claimed_by) == (MentionState.DRAFTED, None)
    assert desk.mention(meant.id or 0).assigned_to is None
    assert admin.post(f"/staff/{lou.id}/link", f"/staff/{lou.id}").status_code == 422
    admin.post(f"/staff/{lou.id}/activate", f"/staff/{lou.id}")
    assert theirs.get("/queue").status_code == 303
    assert desk.browser_of(lou).get("/queue").status_code == 200


def test_a_reset_forgets_password_and_second_step_and_gives_a_new_link(desk: Running, admin: Browser) -> None:
    lou = desk.staff("Lou Okafor")
    theirs = desk.browser_of(lou)
    theirs.post("/account/password", new="correct horse battery", again="correct horse battery")
    with desk.rows() as session:
        session.get_one(StaffUser, lou.id).totp_secret = "JBSWY3DPEHPK3PXP"
    link = link_in(admin.post(f"/staff/{lou.id}/reset", f"/staff/{lou.id}"))
    assert theirs.get("/queue").status_code == 303
    assert (stored(desk, lou.id).password_hash, stored(desk, lou.id).totp_secret) == (None, "")
    assert Browser(desk.visitor()).post(link).headers["location"] == "/queue"


def test_an_administrator_ends_one_session_of_somebody(desk: Running, admin: Browser) -> None:
    lou = desk.staff("Lou Okafor")
    theirs = desk.browser_of(lou)
    found = re.search(r'action="(/staff/\d+/sessions/\d+/end)"', admin.get(f"/staff/{lou.id}").text)
    assert found
    admin.post(found[1], f"/staff/{lou.id}")
    assert theirs.get("/queue").status_code == 303


def test_who_hands_out_links_and_ends_sessions_stays_on_record(desk: Running, ada: StaffUser, admin: Browser) -> None:
    lou, link = invited(desk, admin)
    page, by = f"/staff/{lou.id}", f"staff:{ada.id}"
    Browser(desk.visitor()).post(link)
    admin.post(f"{page}/link", page)
    ends = re.findall(rf'action="({page}/sessions/\d+/end)"', admin.get(page).text)
    for end in (*ends, *ends, f"{page}/sessions/99999/end"):
        admin.post(end, page)
    with desk.database.read() as session:
        about_lou = select(AuditEntry).where(AuditEntry.about == "StaffUser", AuditEntry.about_id == lou.id)
        said = sorted((one.why, one.by) for one in session.exec(about_lou).all() if one.why != "signed in")
    assert said == [
        ("added as drafter", by),
        ("given a sign-in link", by),
        ("invited", by),
        ("one of their sessions was ended", by),
        ("their unused sign-in link was taken back", by),
    ]


def test_a_scope_narrows_what_somebody_may_open_and_decide(desk: Running, admin: Browser) -> None:
    with desk.rows() as session:
        make_services(session)
        account = make_account(session)
        theirs, others = make_ready(session, account, NOON), make_ready(session, account, NOON)
        theirs.service_code, others.service_code = "SR-ST01", "SR-TR02"
        lou = make_staff(session, "Lou Okafor")
    browser = desk.browser_of(lou)
    assert browser.get(f"/mentions/{others.id}").status_code == 200
    page = f"/staff/{lou.id}"
    assert admin.post(f"{page}/scopes", page, kind="service", value="SR-ST01").status_code == 303
    assert browser.get(f"/mentions/{theirs.id}").status_code == 200
    refused = browser.get(f"/mentions/{others.id}")
    assert refused.status_code == 403
    assert "Other colleagues look after this post" in refused.text
    assert "Cambria" not in refused.text
    for spelt in (f"+{others.id}", f"{others.id}.0", f"%20{others.id}", f"000000000000000000000{others.id}"):
        assert browser.get(f"/mentions/{spelt}").status_code == 404  # which pydantic would read as the same id
    with desk.database.read() as session:
        behind = session.exec(select(ServiceRequest.id).where(ServiceRequest.mention_id == others.id)).one()
    assert browser.get(f"/mentions/{theirs.id}/compare/{behind}").status_code == 403
    joined = browser.post(f"/mentions/{theirs.id}/neighbours/{others.id}/{behind}/different")
    assert joined.status_code == 403
    assert browser.get(f"/events?mention={others.id}").status_code == 403
    assert browser.post(f"/mentions/{others.id}/claim").status_code == 403
    assert desk.mention(others.id or 0).state == MentionState.DRAFTED
    found = re.search(rf'action="({page}/scopes/\d+/remove)"', admin.get(page).text)
    assert found
    admin.post(found[1], page)
    assert browser.get(f"/mentions/{others.id}").status_code == 200


def test_what_somebody_holds_outside_a_new_scope_goes_back_to_the_queue(desk: Running, admin: Browser) -> None:
    with desk.rows() as session:
        make_services(session)
        mention = make_ready(session, make_account(session), NOON)
        lou = make_staff(session, "Lou Okafor")
    desk.browser_of(lou).decide(mention.id or 0, "claim")
    assert (desk.mention(mention.id or 0).state, desk.mention(mention.id or 0).service_code) == ("in_review", "SR-ST01")
    page = f"/staff/{lou.id}"
    admin.post(f"{page}/scopes", page, kind="service", value="SR-TR02")
    assert desk.mention(mention.id or 0).state == MentionState.DRAFTED


@pytest.mark.parametrize(("kind", "value"), [("service", "NOTHING"), ("account", "x"), ("planet", "Mars"), ("", "")])
def test_only_what_there_is_can_be_looked_after(desk: Running, admin: Browser, kind: str, value: str) -> None:
    lou = desk.staff("Lou Okafor")
    assert admin.post(f"/staff/{lou.id}/scopes", f"/staff/{lou.id}", kind=kind, value=value).status_code == 422
    with desk.database.read() as session:
        assert not session.exec(select(StaffScope)).all()


def test_the_pages_of_people_are_for_administrators(desk: Running, ada: StaffUser) -> None:
    with desk.rows() as session:
        boss = make_staff(session, "Vera Holt", Role.SUPERVISOR)
    browser = desk.browser_of(boss)
    assert browser.get("/staff").status_code == 403
    assert browser.get(f"/staff/{ada.id}").status_code == 403
    assert 'href="/staff"' not in browser.get("/queue").text
    assert browser.post("/staff", name="Eve", role="admin").status_code == 403


def test_a_person_sees_where_they_are_signed_in_and_ends_one_or_all_others(desk: Running) -> None:
    staff = desk.staff()
    here = desk.browser_of(staff)
    phone = Browser(
        desk.visitor(**{"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Safari/604.1"})
    )
    phone.post(f"/sign-in/{desk.secret_for(staff)}")
    page = here.get("/account").text
    assert "Safari on an iPhone" in page
    assert page.count("/account/sessions/") == 2  # the phone's, and all others'
    found = re.search(r'action="(/account/sessions/\d+/end)"', page)
    assert found
    here.post(found[1])
    assert phone.get("/queue").status_code == 303
    elsewhere = desk.browser_of(staff)
    here.post("/account/sessions/others/end")
    assert elsewhere.get("/queue").status_code == 303
    assert here.get("/queue").status_code == 200


def test_nobody_ends_a_session_of_somebody_else_from_their_own_page(desk: Running) -> None:
    mara, lou = desk.browser_of(desk.staff()), desk.browser_of(desk.staff("Lou Okafor"))
    for number in range(1, 6):
        mara.post(f"/account/sessions/{number}/end")
    assert lou.get("/queue").status_code == 200


def test_when_a_session_was_last_used_is_known_to_some_minutes(desk: Running) -> None:
    browser = desk.browser_of(desk.staff())
    desk.clock.forward(hours=2)
    assert "last used today 2:00 pm" in browser.get("/account").text


def test_two_administrators_cannot_both_leave(either_database: Database) -> None:
    with either_database.write() as session:
        first = make_staff(session, "Ada Lund", Role.ADMIN)
        second = make_staff(session, "Vera Holt", Role.ADMIN)
        staffing.deactivate(session, first, "operator", NOON)
        with pytest.raises(staffing.NotDone, match="Vera Holt is the only administrator"):
            staffing.change_role(session, second, Role.VIEWER, "operator", NOON)


def test_the_first_person_of_a_desk_looks_after_it(either_database: Database) -> None:
    with either_database.write() as session:
        boss = staffing.ensure_staff(session, "Vera Holt", Role.SUPERVISOR)
        assert staffing.ensure_admin(session, "Supervisor").role == Role.ADMIN
        assert boss.role == Role.SUPERVISOR
        staffing.change_role(session, staffing.ensure_staff(session, "Ada Lund", Role.ADMIN), Role.ADMIN, "x", NOON)
        first = staffing.ensure_admin(session, "Supervisor")
        staffing.change_role(session, first, Role.APPROVER, "operator", NOON)
        assert staffing.ensure_admin(session, "Supervisor").role == Role.APPROVER


def test_a_scope_is_given_once_on_both_databases(either_database: Database) -> None:
    with either_database.write() as session:
        staff = make_staff(session)
        for _ in range(2):
            staffing.add_scope(session, staff, ScopeKind.AREA, "Fishtown", "operator", NOON)
        (row,) = session.exec(select(StaffScope)).all()
        staffing.remove_scope(session, staff, row.id or 0, "operator", NOON)
        assert not session.exec(select(StaffScope)).all()
