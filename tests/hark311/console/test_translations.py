"""Translations on the mention page: asked for, waited for, marked as a machine's; the original always stays."""

from html import unescape

import pytest
from sqlmodel import select

from models import Channel, Mention, Role, Translation
from tests.hark311.console.conftest import NOON, Running, StartDesk
from tests.hark311.console.factories import (
    add_post,
    draft_reply,
    first_post,
    make_account,
    make_mention,
    make_services,
    make_staff,
    understand,
)

SPANISH = "Hay un bache enorme en la calle 5"
DRAFT = "Gracias por avisarnos."


@pytest.fixture
def desk(start_desk: StartDesk) -> Running:
    return start_desk(translation_url="https://translate.example")


def foreign(desk: Running, language: str = "es") -> Mention:
    with desk.rows() as session:
        make_services(session)
        mention = make_mention(session, make_account(session, Channel.TELEGRAM), NOON, SPANISH)
        understand(session, mention, first_post(session, mention), NOON, language=language)
        draft_reply(session, mention, DRAFT, language=language)
        return mention


def rows(desk: Running) -> list[Translation]:
    with desk.database.read() as session:
        return list(session.exec(select(Translation)).all())


def settle(desk: Running, text: str = "", trouble: str = "") -> None:
    with desk.rows() as session:
        for row in session.exec(select(Translation)).all():
            row.text, row.trouble, row.engine, row.done_at = text, trouble, "the engine", NOON


def test_a_post_in_another_language_is_translated_when_somebody_asks(desk: Running) -> None:
    mention, browser = foreign(desk), desk.browser_of(desk.staff())
    path = f"/mentions/{mention.id}"
    assert "Translate into English" in browser.get(path).text
    assert browser.post(f"{path}/translate", path).headers["location"] == f"{path}#translations"
    (row,) = rows(desk)
    assert (row.source, row.target, row.done_at) == ("es", "en", None)
    assert ("translate_texts",) in desk.nudged(1)
    assert "Being translated" in browser.get(path).text
    settle(desk, "There is a huge pothole on <b>5th</b> Street")
    page = browser.get(path).text
    assert "There is a huge pothole on &lt;b&gt;5th&lt;/b&gt; Street" in page
    assert "Translated by a machine: the engine" in page
    assert SPANISH in page
    browser.post(f"{path}/translate", path)
    assert len(rows(desk)) == 1, "what is translated is not asked for again"


def test_what_failed_is_told_and_can_be_asked_for_again(desk: Running) -> None:
    mention, browser = foreign(desk), desk.browser_of(desk.staff())
    path = f"/mentions/{mention.id}"
    browser.post(f"{path}/translate", path)
    settle(desk, trouble="The translation server did not answer in time.")
    page = browser.get(path).text
    assert "did not answer in time" in page
    assert "Try again" in page
    browser.post(f"{path}/translate", path)
    assert [(one.trouble, one.done_at) for one in rows(desk)] == [("", None)]


def test_another_post_of_the_same_mention_is_translated_on_its_own(desk: Running) -> None:
    mention, browser = foreign(desk), desk.browser_of(desk.staff())
    with desk.rows() as session:
        add_post(session, mention, "Y huele mal", NOON)
    path = f"/mentions/{mention.id}"
    browser.post(f"{path}/translate", path)
    assert len(rows(desk)) == 2


def test_the_draft_is_translated_back_for_who_does_not_read_it(desk: Running) -> None:
    mention, browser = foreign(desk), desk.browser_of(desk.staff())
    path = f"/mentions/{mention.id}"
    assert "What the draft says in English" in browser.get(path).text
    assert browser.decide(mention.id or 0, "translate-reply").status_code == 303
    (row,) = rows(desk)
    assert (row.post_id, row.original, row.source) == (None, DRAFT, "es")
    settle(desk, "Thank you for telling us.")
    page = unescape(browser.get(path).text)
    assert "Thank you for telling us." in page
    assert "Our draft, translated by a machine: the engine" in page
    fragment = browser.get(f"{path}/back-translation/{row.id}").text
    assert "Thank you for telling us." in fragment


def test_english_needs_no_translation(desk: Running) -> None:
    mention = foreign(desk, "en")
    page = desk.browser_of(desk.staff()).get(f"/mentions/{mention.id}").text
    assert "Translate into English" not in page
    assert "What the draft says" not in page


def test_without_an_engine_nothing_is_offered_or_taken(start_desk: StartDesk) -> None:
    desk = start_desk()
    mention, browser = foreign(desk), desk.browser_of(desk.staff())
    path = f"/mentions/{mention.id}"
    assert "Translate into" not in browser.get(path).text
    assert browser.post(f"{path}/translate", path).status_code == 404
    assert rows(desk) == []


def test_a_viewer_may_read_a_translation_and_not_change_a_draft(desk: Running) -> None:
    mention = foreign(desk)
    with desk.rows() as session:
        viewer = make_staff(session, "Vic Ewer", Role.VIEWER)
    browser, path = desk.browser_of(viewer), f"/mentions/{mention.id}"
    assert browser.post(f"{path}/translate", path).status_code == 303
    assert browser.post(f"{path}/translate-reply", path, reply_text="x").status_code == 403
