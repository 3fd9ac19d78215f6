"""A guest of a tweet chat: comes in by a link of their own, opens their own chats and nothing else, not for long."""

import re
from datetime import timedelta
from html import unescape

import httpx
import pytest
from sqlmodel import select

from hark311 import chat_people
from hark311.console import create_app
from models import (
    AuditEntry,
    ChatPart,
    ChatPerson,
    ChatState,
    Database,
    Role,
    SignIn,
    StaffUser,
)
from responders.chats.people import guest_until
from responders.claims import NotYours
from responders.deciding import NotApproved
from tests.chats import MadeChat, a_chat, a_person, takes_part
from tests.hark311.console.conftest import NOON, Browser, Running, StartDesk
from tests.hark311.console.factories import make_account, make_ready, make_services, make_staff
from tests.hark311.console.routes import STAFF_ROUTES, Open, served

OWN = frozenset({Open.TO_SIGNED_IN, Open.TO_CHAT})


@pytest.fixture
def made(desk: Running) -> MadeChat:
    with desk.rows() as session:
        return a_chat(session, starts_at=NOON + timedelta(days=2), state=ChatState.PLANNED, asked=0)


@pytest.fixture
def host(desk: Running, made: MadeChat) -> Browser:
    return desk.browser_of(made.host)


def invited(host: Browser, made: MadeChat, name: str = "Uma Castellan", part: str = "guest") -> httpx.Response:
    people = f"/chats/{made.id}/people"
    return host.post(f"{people}/guests", people, name=name, part=part, shown_as="Uma Castellan, Parks")


def link_in(answer: httpx.Response) -> str:
    found = re.search(r"http://[^<\s]+(/sign-in/[^<\s]+)", answer.text)
    assert found, answer.text
    return unescape(found[1])


def guest_of(desk: Running) -> StaffUser:
    with desk.database.read() as session:
        return session.exec(select(StaffUser).where(StaffUser.display_name == "Uma Castellan")).one()


def test_a_guest_comes_in_by_a_link_shown_once_and_lands_at_their_chats(
    desk: Running, made: MadeChat, host: Browser
) -> None:
    link = link_in(invited(host, made))
    assert link not in host.get(f"/chats/{made.id}/people").text
    guest = Browser(desk.visitor())
    assert guest.post(link).headers["location"] == "/chats"
    page = guest.get("/chats").text
    assert f"/chats/{made.id}/board" in page
    assert "/queue" not in page
    assert "/go/places" not in page
    assert desk.visitor().get(link).status_code == 403
    with desk.database.read() as session:
        assert not [one for one in session.exec(select(AuditEntry.why)).all() if "sign-in/" in one]
        assert session.exec(select(ChatPerson.part).where(ChatPerson.staff_id == guest_of(desk).id)).one() == "guest"


def test_a_guest_reaches_their_own_pages_and_no_other_route_of_the_desk(desk: Running, made: MadeChat) -> None:
    with desk.rows() as session:
        make_services(session)
        mention = make_ready(session, make_account(session), NOON)
    guest, app = desk.browser_of(made.guest), create_app(desk.product)
    csrf = re.search(r'name="csrf" value="(\w+)"', guest.get("/account").text)
    assert csrf
    for route in STAFF_ROUTES:
        path = re.sub(r"\{mention_id\}", str(mention.id), route.path)
        path = re.sub(r"\{chat_id(:int)?\}", str(made.id), path)
        path = re.sub(r"\{\w+(:\w+)?\}", "1", path)
        if route.asks in OWN or route.name == "POST /sign-out":
            continue
        answer = guest.client.request(route.method, path, data={"csrf": csrf[1]} if route.method == "POST" else None)
        assert answer.status_code == 403, f"{route.name} answers {answer.status_code}"
        assert "does this" in answer.text, route.name
    assert {name for name, _ in served(app)} >= {route.name for route in STAFF_ROUTES}


def test_a_guest_opens_no_chat_that_they_are_not_in(desk: Running, made: MadeChat) -> None:
    with desk.rows() as session:
        other = a_chat(session, starts_at=NOON, asked=0)
    guest = desk.browser_of(made.guest)
    assert guest.get(f"/chats/{made.id}.ics").status_code == 200
    assert guest.get(f"/chats/{other.id}.ics").status_code == 403
    assert f"/chats/{other.id}" not in guest.get("/chats").text
    assert guest.get("/chats/999.ics").status_code == 403


def test_a_co_host_from_outside_runs_their_chat_and_lets_nobody_in(
    desk: Running, made: MadeChat, host: Browser
) -> None:
    link = link_in(invited(host, made, part="cohost"))
    cohost = Browser(desk.visitor())
    cohost.post(link)
    page = cohost.get(f"/chats/{made.id}")
    assert page.status_code == 200
    assert f'action="/chats/{made.id}/run"' in page.text
    assert "Invite" not in cohost.get(f"/chats/{made.id}/people").text
    people = f"/chats/{made.id}/people"
    refused = cohost.post(f"{people}/guests", people, name="Some Friend", part="guest")
    assert refused.status_code == 409
    assert cohost.get("/queue").status_code == 403


def test_a_page_loaded_again_after_the_invitation_invites_nobody_twice(
    desk: Running, made: MadeChat, host: Browser
) -> None:
    invited(host, made)
    again = invited(host, made, name=" uma  CASTELLAN ")
    assert again.status_code == 422
    assert "takes part already. If the link is lost, make another beside the name" in unescape(again.text)
    assert guest_of(desk).role == Role.CHAT_GUEST
    with desk.database.read() as session:
        assert len(session.exec(select(ChatPerson).where(ChatPerson.staff_id == guest_of(desk).id)).all()) == 1


def test_the_sign_in_of_a_guest_ends_a_day_after_the_chat(desk: Running, made: MadeChat, host: Browser) -> None:
    desk.clock.now = made.chat.starts_at
    guest = desk.browser_of(made.guest)
    assert guest.get("/chats").status_code == 200
    desk.clock.forward(minutes=made.chat.minutes, hours=23)
    later = desk.browser_of(made.guest)
    assert later.get("/chats").status_code == 200
    desk.clock.forward(hours=2)
    assert later.get("/chats").headers["location"] == "/sign-in"
    assert later.get("/account").headers["location"] == "/sign-in"
    people = f"/chats/{made.id}/people"
    fresh = desk.browser_of(made.host)
    refused = fresh.post(f"{people}/{made.guest.id}/link", people)
    assert "its guests come in no more" in refused.text


def test_a_guest_whose_chat_is_over_is_told_so_at_the_door(desk: Running, made: MadeChat) -> None:
    guest = desk.browser_of(made.guest)
    new = {"new": "a long enough password", "again": "a long enough password"}
    assert guest.post("/account/password", **new).status_code == 303
    desk.clock.forward(days=5)
    door = Browser(desk.visitor())
    answer = door.post("/sign-in", username=made.guest.username, password=new["new"])
    assert (answer.status_code, "Your tweet chat is over" in answer.text) == (403, True)


def test_a_second_step_is_asked_of_guests_where_the_settings_say_so(start_desk: StartDesk) -> None:
    desk = start_desk(second_step_roles=["chat_guest"])
    with desk.rows() as session:
        made = a_chat(session, starts_at=NOON, asked=0)
    guest = desk.browser_of(made.guest)
    assert guest.get("/chats").headers["location"] == "/account/second-step"
    assert guest.get("/account/second-step").status_code == 200


def test_a_guest_taken_out_of_their_last_chat_is_signed_out(desk: Running, made: MadeChat, host: Browser) -> None:
    guest, people = desk.browser_of(made.guest), f"/chats/{made.id}/people"
    assert host.post(f"{people}/{made.guest.id}/remove", people).status_code == 303
    assert guest.get("/chats").headers["location"] == "/sign-in"
    with desk.database.read() as session:
        left = select(SignIn).where(SignIn.staff_id == made.guest.id, SignIn.used_at.is_(None))  # type: ignore[union-attr]
        assert session.exec(left).all() == []


def test_a_colleague_in_a_chat_keeps_their_role(desk: Running, made: MadeChat) -> None:
    with desk.rows() as session:
        drafter = make_staff(session, "Ada Lund", Role.DRAFTER)
        takes_part(session, made.chat, drafter, ChatPart.GUEST)
    browser = desk.browser_of(drafter)
    assert browser.get("/queue").status_code == 200
    desk.clock.forward(days=9)
    assert desk.browser_of(drafter).get("/queue").status_code == 200


def test_administrators_make_nobody_a_guest_on_the_page_of_people(desk: Running, made: MadeChat) -> None:
    with desk.rows() as session:
        admin = make_staff(session, "Ada Brook", Role.ADMIN)
    browser = desk.browser_of(admin)
    assert "guest of a tweet chat" in browser.get(f"/staff/{made.guest.id}").text
    assert 'value="chat_guest"' not in browser.get("/staff").text
    assert browser.post("/staff", name="Some Body", role="chat_guest").status_code == 422


@pytest.mark.parametrize(
    ("role", "part", "may"),
    [
        (Role.APPROVER, ChatPart.HOST, True),
        (Role.APPROVER, ChatPart.MODERATOR, True),
        (Role.DRAFTER, ChatPart.HOST, False),
        (Role.DRAFTER, ChatPart.COHOST, False),
        (Role.VIEWER, ChatPart.GUEST, True),
        (Role.CHAT_GUEST, ChatPart.MODERATOR, False),
        (Role.CHAT_GUEST, ChatPart.COHOST, True),
    ],
)
def test_who_may_have_which_part(database: Database, role: Role, part: ChatPart, may: bool) -> None:
    with database.write() as session:
        made = a_chat(session)
        staff = a_person(session, "Some Body", role)
        if may:
            chat_people.add_person(session, made.chat, staff.id or 0, part, "", made.host, NOON)
        else:
            with pytest.raises(NotApproved):
                chat_people.add_person(session, made.chat, staff.id or 0, part, "", made.host, NOON)


def test_one_host_remains(database: Database) -> None:
    with database.write() as session:
        made = a_chat(session)
        who = made.host.id or 0
        with pytest.raises(NotApproved, match="only host"):
            chat_people.remove_person(session, made.chat, who, made.moderator, NOON)
        with pytest.raises(NotApproved, match="only host"):
            chat_people.change_person(session, made.chat, who, ChatPart.COHOST, "", False, made.moderator, NOON)
        with pytest.raises(NotYours):
            chat_people.remove_person(session, made.chat, made.moderator.id or 0, made.guest, NOON)


def test_guests_come_in_until_a_day_after_the_last_of_their_chats(either_database: Database) -> None:
    with either_database.write() as session:
        first = a_chat(session, starts_at=NOON)
        second = a_chat(session, starts_at=NOON + timedelta(days=7), state=ChatState.PLANNED)
        called_off = a_chat(session, starts_at=NOON + timedelta(days=30), state=ChatState.CANCELLED)
        for made in (second, called_off):
            takes_part(session, made.chat, first.guest, ChatPart.GUEST)
        who = first.guest.id or 0
        until = NOON + timedelta(days=8, minutes=second.chat.minutes)
        assert guest_until(session, who) == until
        assert guest_until(session, who, first.id) == NOON + timedelta(days=1, minutes=first.chat.minutes)
        assert guest_until(session, first.host.id or 0, second.id) is None
