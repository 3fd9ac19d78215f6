"""Writing a reply: nothing typed is lost, what should not be said is told, and people can be asked in private."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from hark311.console.composing import composer_of
from hark311.console.mention_queries import mention_page
from hark311.product import PrivateDetail
from models import BannedPhrase, Channel, Mention, Reply, ReplyState, ReplyTemplate, ReplyVersion, Role
from models.deletion import forget_post
from models.private_moves import move_from
from responders.may_reply import Speaking
from responders.review import Decided
from tests.hark311.console.conftest import NOON, Browser, Running, StartDesk, decision_fields
from tests.hark311.console.factories import (
    FILED,
    first_post,
    make_account,
    make_mention,
    make_ready,
    make_services,
    make_staff,
)


@pytest.fixture
def ready(desk: Running) -> Mention:
    return ready_at(desk)


def ready_at(desk: Running, channel: Channel = Channel.X) -> Mention:
    with desk.rows() as session:
        make_services(session)
        return make_ready(session, make_account(session, channel), NOON - timedelta(minutes=9), handle="dee_215")


def reply_of(desk: Running, mention: Mention) -> Reply:
    with desk.database.read() as session:
        return session.exec(select(Reply).where(Reply.mention_id == mention.id)).one()


def versions(desk: Running) -> list[ReplyVersion]:
    with desk.database.read() as session:
        return list(session.exec(select(ReplyVersion).order_by(col(ReplyVersion.id))).all())


def types(browser: Browser, mention: Mention, text: str, shown: str = "", **more: str) -> str:
    """What the page says when it sends the text on by itself."""
    fields = {**decision_fields(shown or browser.get(f"/mentions/{mention.id}").text), "reply_text": text, **more}
    headers = {"hx-request": "true"}
    return browser.client.post(f"/mentions/{mention.id}/draft", data=fields, headers=headers).text


def revision_in(shown: str) -> str:
    found = re.search(r'name="reply_revision" value="(\d+)"', shown)
    assert found is not None
    return found[1]


def preview_of(browser: Browser, mention: Mention, text: str) -> str:
    fields = {**decision_fields(browser.get(f"/mentions/{mention.id}").text), "reply_text": text}
    return browser.client.post(f"/mentions/{mention.id}/preview", data=fields, headers={"hx-request": "true"}).text


def test_what_is_typed_is_kept_and_takes_a_mention_that_nobody_holds(desk: Running, ready: Mention) -> None:
    mara = desk.staff()
    assert "Kept" in types(desk.browser_of(mara), ready, "We are looking into")
    assert reply_of(desk, ready).text == "We are looking into"
    assert desk.mention(ready.id or 0).claimed_by == mara.id
    elsewhere = desk.browser_of(mara).get(f"/mentions/{ready.id}").text
    assert "We are looking into</textarea>" in elsewhere
    assert "Earlier versions" in elsewhere


def test_typing_on_is_one_version_and_starting_over_another(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    for text in ("We", "We are", "We are looking.", "Where is it?"):
        types(browser, ready, text)
    desk.clock.forward(minutes=2)
    types(browser, ready, "Where is it? Thanks.")
    assert [one.text for one in versions(desk)] == [FILED, "We are looking.", "Where is it?", "Where is it? Thanks."]


def test_an_earlier_version_is_shown_with_its_words_and_used_again_without_scripts(
    desk: Running, ready: Mention
) -> None:
    browser = desk.browser_of(desk.staff())
    types(browser, ready, "Where is it?")
    page = browser.get(f"/mentions/{ready.id}").text
    assert re.search(r'name="words" value="Thanks for telling us', page)
    browser.decide_on(page, ready.id or 0, "words", words=FILED)
    assert reply_of(desk, ready).text == FILED
    assert "Where is it?" in [one.text for one in versions(desk)]


def test_when_somebody_else_took_over_both_texts_are_kept(desk: Running, ready: Mention) -> None:
    mara, otto = desk.staff(), desk.staff("Otto Lind")
    mine = desk.browser_of(mara)
    page = mine.get(f"/mentions/{ready.id}").text
    types(mine, ready, "Mara's words", page)
    desk.clock.forward(minutes=11)
    types(desk.browser_of(otto), ready, "Otto's words")
    said = types(mine, ready, "Mara's words, and more", page)
    assert "Otto Lind is working on it" in said
    assert "kept under Earlier versions" in said
    assert reply_of(desk, ready).text == "Otto's words"
    assert [(one.text, one.apart) for one in versions(desk)][-1] == ("Mara's words, and more", True)


def test_words_typed_while_somebody_else_approved_stand_on_the_decided_page(desk: Running, ready: Mention) -> None:
    mine = desk.browser_of(desk.staff())
    page = mine.get(f"/mentions/{ready.id}").text
    desk.browser_of(desk.staff("Otto Lind")).decide(ready.id or 0, "approve")
    assert "kept under Earlier versions" in types(mine, ready, "Half a sentence of mine", page)
    assert reply_of(desk, ready).approved_text == FILED
    decided = mine.get(f"/mentions/{ready.id}").text
    assert "kept beside the reply" in decided
    assert "Use this again" not in decided


def test_two_windows_of_one_person_do_not_overwrite_each_other(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    first, second = (browser.get(f"/mentions/{ready.id}").text for _ in range(2))
    types(browser, ready, "in the first window", first, reply_revision=revision_in(first))
    said = types(browser, ready, "in the second window", second, reply_revision=revision_in(second))
    assert "changed in another window" in said
    assert reply_of(desk, ready).text == "in the first window"
    assert versions(desk)[-1].text == "in the second window"


def test_deleted_means_gone_from_the_versions_too(desk: Running, ready: Mention) -> None:
    types(desk.browser_of(desk.staff()), ready, "You wrote: huge pothole")
    with desk.rows() as session:
        forget_post(session, first_post(session, ready), "x", "deleted", NOON)
    assert versions(desk) == []


def test_the_preview_shows_the_post_as_the_thread_will(desk: Running, ready: Mention) -> None:
    shown = preview_of(desk.browser_of(desk.staff()), ready, "See phila.gov/311, number {number}. Due by {date}.")
    assert shown.count('class="seen seen-x"') == 2
    assert "Replying to @dee_215" in shown
    assert "@Riverton311" in shown
    assert "<span>phila.gov</span>" in shown
    assert "Reads at grade" in shown


def test_a_text_that_is_too_long_offers_shorter_ones_and_no_chain(desk: Running, ready: Mention) -> None:
    browser, long = desk.browser_of(desk.staff()), "Hi Dee. " + FILED + " We are so sorry about all the trouble." * 4
    assert "A reply is not cut into several posts" in preview_of(browser, ready, long)
    fields = {**decision_fields(browser.get(f"/mentions/{ready.id}").text), "reply_text": long}
    offered = browser.client.post(f"/mentions/{ready.id}/shorter", data=fields).text
    assert "Shorter wordings" in offered
    words = re.findall(r'name="words" value="([^"]+)"', offered)
    assert words
    assert all("{number}" in one and "{date}" in one for one in words)
    assert reply_of(desk, ready).text == long


def test_private_details_are_struck_and_replaced_at_a_click(start_desk: StartDesk) -> None:
    def details(text: str) -> list[PrivateDetail]:
        found = re.search(r"215-555-\d{4}", text)
        return [PrivateDetail(*found.span(), "phone", "[phone removed]")] if found else []

    desk = start_desk({"private_details": details})
    mention = ready_at(desk)
    shown = preview_of(desk.browser_of(desk.staff()), mention, "We call you on 215-555-0100 today.")
    assert '<del class="struck">215-555-0100</del>' in shown
    assert 'value="We call you on [phone removed] today."' in shown
    assert "a phone number, which anybody could read" in shown
    assert "holds a private detail" in shown


def test_a_phrase_is_warned_of_and_one_that_blocks_stops_the_approval(desk: Running, ready: Mention) -> None:
    with desk.rows() as session:
        session.add(BannedPhrase(phrase="per our policy", say_instead="by the city's rules", language="en", at=NOON))
        session.add(BannedPhrase(phrase="calm down", language="en", blocks=True, at=NOON))
    browser = desk.browser_of(desk.staff())
    warned = preview_of(browser, ready, "Per our  policy it is closed.")
    assert 'value="By the city&#39;s rules it is closed."' in warned
    assert "Ready to approve" in warned
    blocked = preview_of(browser, ready, "Please CALM DOWN.")
    assert "may not be said. Leave it out." in blocked
    assert "Ready to approve" not in blocked
    browser.decide(ready.id or 0, "approve", reply_text="Please CALM DOWN.", file_request=None)
    assert reply_of(desk, ready).state != ReplyState.APPROVED


def test_supervisors_keep_the_list_of_phrases(desk: Running) -> None:
    with desk.rows() as session:
        lead, approver = make_staff(session, "Sam Lead", Role.SUPERVISOR), make_staff(session, "Ann Able")
    browser = desk.browser_of(lead)
    browser.post("/phrases", phrase="as soon as  possible", say_instead="by {date}", language="en")
    page = browser.get("/phrases").text
    assert "as soon as possible" in page
    assert "Sam Lead" in page
    with desk.database.read() as session:
        phrase = session.exec(select(BannedPhrase)).one()
    again = browser.post("/phrases", phrase="As soon as possible", say_instead="soon {x}", language="en")
    assert again.status_code == 422
    assert "on the list already" in again.text
    assert "is no slot" in again.text
    assert desk.browser_of(approver).post(f"/phrases/{phrase.id}/end").status_code == 403
    browser.post(f"/phrases/{phrase.id}", phrase="as soon as possible", say_instead="", language="", blocks="yes")
    page = browser.get("/phrases").text
    assert "every language" in page
    assert "cannot be approved" in page
    with desk.database.read() as session:
        rows = session.exec(select(BannedPhrase).order_by(col(BannedPhrase.id))).all()
    assert [bool(one.ended_at) for one in rows] == [True, False]


def test_asking_in_private_on_x_drafts_a_public_pointer(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    with desk.rows() as session:
        add_templates(session)
    assert 'data-key="ask-private"' in browser.get(f"/mentions/{ready.id}").text
    browser.decide(ready.id or 0, "ask-private")
    reply = reply_of(desk, ready)
    assert reply.text == "Please ask us this in a private message."
    assert reply.conversation_id is None
    with desk.database.read() as session:
        assert move_from(session, ready.id or 0) is not None
        page = mention_page(session, ready.id or 0, NOON)
        assert [one.text for one in composer_of(session, page).earlier] == [FILED]


def test_on_mastodon_we_write_in_private_first_and_can_go_back_to_public(desk: Running) -> None:
    mention, browser = ready_at(desk, Channel.MASTODON), desk.browser_of(desk.staff())
    with desk.rows() as session:
        add_templates(session)
    browser.decide(mention.id or 0, "ask-private")
    reply = reply_of(desk, mention)
    assert reply.text == "What is the address of Pothole repair?"
    page = browser.get(f"/mentions/{mention.id}").text
    assert "alone, as a private message" in page
    assert "Private message to @dee_215" in page
    browser.decide(mention.id or 0, "answer-public")
    assert reply_of(desk, mention).conversation_id is None
    with desk.database.read() as session:
        assert move_from(session, mention.id or 0) is None


def test_bluesky_says_why_nothing_private_can_be_asked(desk: Running) -> None:
    mention, browser = ready_at(desk, Channel.BLUESKY), desk.browser_of(desk.staff())
    page = browser.get(f"/mentions/{mention.id}").text
    assert "neither read nor send private messages on Bluesky" in page
    assert 'data-key="ask-private"' not in page
    assert browser.decide(mention.id or 0, "ask-private").status_code == 422
    assert reply_of(desk, mention).text == FILED


def test_the_initials_are_put_on_at_approval_once(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        account = make_account(session)
        mention = make_mention(session, account, NOON)
        mara, otto = make_staff(session), make_staff(session, "Otto Lind")
        signing = replace(desk.product.desk, speaking={account.name: Speaking(sign_off="^{initials}")})
    signing.claim(mention.id or 0, mara.id or 0)
    decided = Decided(mention.version, first_seen(desk, mention), "We are on it.", "en", None)
    signing.approve(mention.id or 0, mara.id or 0, decided)
    assert reply_of(desk, mention).approved_text == "We are on it. ^MJ"
    signing.take_back(mention.id or 0, mara.id or 0)
    signing.release(mention.id or 0, mara.id or 0)
    signing.claim(mention.id or 0, otto.id or 0)
    again = replace(
        decided, reply_text=reply_of(desk, mention).text, seen_version=desk.mention(mention.id or 0).version
    )
    signing.approve(mention.id or 0, otto.id or 0, again)
    assert reply_of(desk, mention).approved_text == "We are on it. ^MJ"


def first_seen(desk: Running, mention: Mention) -> int | None:
    with desk.database.read() as session:
        return first_post(session, mention).id


def add_templates(session: Session) -> None:
    for key, body in (
        ("private_please", "Please ask us this in a private message."),
        ("ask_address", "What is the address of [problem]?"),
        ("ask_service", "What is the problem?"),
    ):
        session.add(ReplyTemplate(key=key, language="en", body=body))
