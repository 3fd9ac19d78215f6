"""The one table of keys: it holds together, controls and scripts name what stands in it, and people may change it."""

import json
import re
from html import unescape
from typing import cast

import pytest
from fastapi import FastAPI
from sqlmodel import select

from hark311.console import keymap, navigation, pages
from models import Role, SavedView, ServiceRequest, StaffUser, Theme
from tests.hark311.console.conftest import NOON, Running, Switchboard
from tests.hark311.console.factories import make_account, make_ready, make_services
from tests.hark311.console.walking import looked_at

TEMPLATES = sorted((pages.HERE / "templates").rglob("*.html"))


def test_the_desks_own_keys_do_not_clash() -> None:
    assert keymap.troubles(keymap.keys_of({})) == []
    assert len({one.name for one in keymap.ACTIONS}) == len(keymap.ACTIONS)


def test_every_control_with_a_key_names_an_action_of_the_table() -> None:
    named = {
        (template.name, name)
        for template in TEMPLATES
        for name in re.findall(r'data-key="([^"{]+)"', template.read_text())
    }
    assert {pair for pair in named if pair[1] not in keymap.BY_NAME} == set()
    assert {"approve", "edit", "claim", "close", "undo", "next", "queue"} <= {name for _, name in named}


def test_every_action_has_a_control_or_a_page_or_a_script() -> None:
    html = "".join(template.read_text() for template in TEMPLATES)
    scripts = "".join((pages.HERE / "static" / name).read_text() for name in ("keys.js", "palette.js", "board.js"))
    for action in keymap.ACTIONS:
        family = re.sub(r"-\d$", "-", action.name)
        by_script = action.fixed or f'"{action.name}"' in scripts
        assert action.page or by_script or f'data-key="{family}' in html, action.name


def test_the_menu_and_the_keys_lead_to_pages_that_are_there(desk: Running, switchboard: Switchboard) -> None:
    led_to = {place.path for section in navigation.SECTIONS for place in section.places}
    led_to |= {one.page.partition("?")[0] for one in keymap.ACTIONS if one.page}
    assert led_to - looked_at(cast(FastAPI, switchboard.app)) == set()
    assert set(navigation.FOREMOST) <= led_to


def test_a_person_is_led_only_where_their_powers_reach() -> None:
    for role in Role:
        staff = StaffUser(username="x", display_name="X", role=role)
        shown = [place for section in navigation.sections(staff) for place in section.places]
        assert all(place.power is None or staff.may(place.power) for place in shown)
        assert navigation.landing(staff) in {place.path for place in shown}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"approve": "e"}, "“e” would both approve what is ticked and edit the reply"),
        ({"approve": "q"}, "“q” would both approve what is ticked and back to the queue"),
        ({"approve": "g"}, "“g” and “g q” would both"),
        ({"approve": "ab"}, "“ab” cannot be the key to approve what is ticked"),
        ({"next-row": "n"}, ""),
        ({"approve": "", "edit": "a"}, ""),
        ({"approve": "g p"}, ""),
    ],
)
def test_keys_that_cannot_be_told_apart_are_refused_with_a_sentence(changed: dict[str, str], said: str) -> None:
    troubles = keymap.troubles(keymap.keys_of(changed))
    assert (said in troubles[0]) if said else (troubles == [])


def test_what_was_chosen_follows_the_person_and_another_keeps_their_own(desk: Running) -> None:
    mara, ada = desk.staff(), desk.staff("Ada Brook")
    assert desk.browser_of(mara).post("/account/keys", **fields(approve="z")).status_code == 303
    assert pressed(desk.browser_of(mara).get("/channels").text)["z"] == ["approve"]
    assert pressed(desk.browser_of(ada).get("/channels").text)["a"] == ["approve", "answer-post"]


def test_single_keys_can_be_switched_off_and_on(desk: Running) -> None:
    browser = desk.browser_of(desk.staff())
    browser.post("/account/keys", **fields(single_keys=""))
    assert 'data-keys="off"' in browser.get("/channels").text
    assert pressed(browser.get("/channels").text) == {}
    browser.post("/account/keys", **fields())
    assert 'data-keys="on"' in browser.get("/channels").text


def test_keys_that_clash_change_nothing_and_stay_in_the_form(desk: Running) -> None:
    browser = desk.browser_of(desk.staff())
    answer = browser.post("/account/keys", **fields(approve="e"))
    assert answer.status_code == 422
    assert "“e” would both approve what is ticked and edit the reply" in unescape(answer.text)
    assert re.search(r'name="key-approve" value="e"', answer.text)
    assert pressed(browser.get("/channels").text)["a"] == ["approve", "answer-post"]


def test_the_desks_own_keys_come_back_at_one_press(desk: Running) -> None:
    browser = desk.browser_of(desk.staff())
    browser.post("/account/keys", **fields(approve="z"))
    browser.post("/account/keys", own="yes")
    assert pressed(browser.get("/channels").text)["a"] == ["approve", "answer-post"]


@pytest.mark.parametrize("theme", Theme)
def test_colours_are_kept_and_stand_on_every_page(desk: Running, theme: Theme) -> None:
    browser = desk.browser_of(desk.staff())
    browser.post("/account/look", theme=theme)
    page = browser.get("/channels").text
    assert ("data-theme" not in page) if theme == Theme.SYSTEM else (f'data-theme="{theme}"' in page)
    strong = re.search(r'<link[^>]*contrast\.css"([^>]*)>', page)
    always = {Theme.SYSTEM: ' media="(prefers-contrast: more)"', Theme.CONTRAST: ""}
    assert (strong[1] if strong else None) == always.get(theme)


def test_a_number_leads_to_its_mention_and_an_unknown_one_says_so(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        mention = make_ready(session, make_account(session), NOON)
        request = session.exec(select(ServiceRequest)).one()
        request.service_request_id = "13075315"
        reference = request.reference
    browser = desk.browser_of(desk.staff())
    for number in ("13075315", "#13075315", reference, reference.lower(), str(mention.id)):
        assert browser.client.get("/go", params={"to": number}).headers["location"] == f"/mentions/{mention.id}"
    unknown = browser.client.get("/go", params={"to": "99<b>"})
    assert unknown.status_code == 404
    assert "99&lt;b&gt;" in unknown.text


def test_the_palette_offers_pages_views_and_what_keys_do(desk: Running) -> None:
    staff = desk.staff()
    with desk.rows() as session:
        session.add(SavedView(staff_id=staff.id or 0, name="Potholes", query="service=SR-ST01", made_at=NOON))
    offered = desk.browser_of(staff).get("/go/places").json()
    assert {"word": "Potholes", "kind": "View of the queue", "path": "/queue?service=SR-ST01"} in offered["places"]
    assert {"word": "Channels", "kind": "Channels", "path": "/channels"} in offered["places"]
    assert "/queue?view=danger" in {one["path"] for one in offered["places"]}
    assert offered["actions"]["approve"] == {"does": "approve what is ticked", "key": "a"}


def fields(single_keys: str = "on", **changed: str) -> dict[str, str]:
    """The form of the keys page as a browser would send it."""
    keys = {name: key for name, key in keymap.keys_of(changed).items() if not keymap.BY_NAME[name].fixed}
    return {"single_keys": single_keys, **{f"key-{name}": key for name, key in keys.items()}}


def pressed(page: str) -> dict[str, list[str]]:
    found = re.search(r"data-pressed='([^']*)'", page)
    keys: dict[str, list[str]] = json.loads(unescape(found[1] if found else "null"))
    return keys
