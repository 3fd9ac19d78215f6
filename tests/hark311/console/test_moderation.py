"""Moderation on the desk: the form, an act, its appeal, the report, the policy, and the public pages."""

import csv
import io
import logging
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from sqlmodel import col, select

from hark311.console.app import WithoutSecrets
from hark311.console.moderation_policy_pages import policy_words
from models import (
    ChatEntry,
    ChatLane,
    ChatPart,
    ChatPerson,
    HeardBy,
    Mention,
    MentionState,
    ModerationAct,
    ModerationClause,
    ModerationKind,
    ModerationState,
    Post,
    Reply,
    Role,
    ScopeKind,
    StaffScope,
    StaffUser,
    TweetChat,
)
from models.deletion import forget_post
from responders.moderation.capturing import seal
from tests.hark311.console.browsing import launched, violations
from tests.hark311.console.conftest import NOON, Browser, Running
from tests.hark311.console.factories import add_post, first_post, make_staff
from tests.hark311.console.moderated import APPEAL_TOKEN, make_act, make_policy, make_spam

HIDE, MUTE, BLOCK = ModerationKind.HIDE, ModerationKind.MUTE, ModerationKind.BLOCK


@pytest.fixture
def spam(desk: Running) -> Mention:
    with desk.rows() as session:
        make_policy(session)
        return make_spam(session)


def _as(desk: Running, role: Role = Role.CHAT_MODERATOR, name: str = "Mo Aldine") -> Browser:
    with desk.rows() as session:
        staff = make_staff(session, name, role)
    return desk.browser_of(staff)


def _clause(desk: Running, code: str = "spam") -> ModerationClause:
    with desk.rows() as session:
        found = select(ModerationClause).where(ModerationClause.code == code, col(ModerationClause.active))
        return session.exec(found).one()


def _acts(desk: Running) -> list[ModerationAct]:
    with desk.rows() as session:
        return list(session.exec(select(ModerationAct).order_by(col(ModerationAct.id))).all())


def _made(desk: Running, mention: Mention, **more: object) -> ModerationAct:
    with desk.rows() as session:
        return make_act(session, session.get_one(Mention, mention.id), **more)  # type: ignore[arg-type]


def _wanted(desk: Running, mention: Mention, kind: str = "hide", **more: str) -> dict[str, str]:
    clause = str(_clause(desk).id)
    return {"mention": str(mention.id), "kind": kind, "clause": clause, "why": "it sells followers", **more}


def test_the_form_shows_what_is_captured_and_says_what_will_happen(desk: Running, spam: Mention) -> None:
    browser = _as(desk)
    assert f'href="/moderation/new?mention={spam.id}"' in browser.get(f"/mentions/{spam.id}").text
    page = browser.get(f"/moderation/new?mention={spam.id}").text
    assert "buy followers at my shop" in page
    assert "X is asked to hide it" in page
    assert "X offers us no block; it holds on the desk only." in page
    assert "Spam and advertising" in page
    assert "Off the topic of a tweet chat" not in page


def test_a_hide_is_in_force_and_folds_the_post_in_its_thread(desk: Running, spam: Mention) -> None:
    browser = _as(desk)
    answer = browser.post("/moderation", **_wanted(desk, spam, until="2026-03-20"))
    (act,) = _acts(desk)
    assert answer.headers["location"] == f"/moderation/{act.id}"
    assert (act.state, act.captured["post"]["text"]) == (ModerationState.IN_FORCE, "buy followers at my shop")
    assert act.expires_at.isoformat() == "2026-03-21T03:59:00+00:00"
    thread = browser.get(f"/mentions/{spam.id}").text
    assert "Hidden under clause 4, until Friday, Mar 20: show" in thread
    assert "buy followers at my shop" in thread
    desk.clock.forward(days=11)
    assert "Hidden under clause" not in browser.get(f"/mentions/{spam.id}").text


def test_what_a_muted_author_writes_is_folded(desk: Running, spam: Mention) -> None:
    _made(desk, spam, kind=MUTE)
    assert "Its author is muted under clause 4" in _as(desk).get(f"/mentions/{spam.id}").text


def test_what_cannot_be_done_keeps_what_was_typed(desk: Running, spam: Mention) -> None:
    browser = _as(desk)
    answer = browser.post("/moderation", **_wanted(desk, spam, until="2027-03-09", why="<b>sells</b>"))
    assert answer.status_code == 422
    assert "Under clause 4 it lasts 90 days at most." in answer.text
    assert "&lt;b&gt;sells&lt;/b&gt;" in answer.text
    for wrong in ({"kind": "delete"}, {"until": "tomorrow"}, {"clause": "x"}, {"why": " "}):
        answer = browser.post("/moderation", **(_wanted(desk, spam) | wrong))
        assert answer.status_code == 422, wrong
    assert _acts(desk) == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DRAFTER, Role.APPROVER])
def test_whoever_may_not_moderate_sees_no_form_and_makes_no_act(desk: Running, spam: Mention, role: Role) -> None:
    browser = _as(desk, role)
    assert "/moderation/new" not in browser.get(f"/mentions/{spam.id}").text
    assert browser.get(f"/moderation/new?mention={spam.id}").status_code == 409
    assert browser.post("/moderation", **_wanted(desk, spam)).status_code == 409
    assert _acts(desk) == []


def test_a_host_who_is_no_moderator_hides_on_the_board_of_their_chat(desk: Running, spam: Mention) -> None:
    with desk.rows() as session:
        host = make_staff(session, "Hana Cole", Role.DRAFTER)
        chat = TweetChat(title="t", hashtag="t", slug="t", starts_at=NOON, changed_at=NOON, made_at=NOON)
        session.add(chat)
        session.flush()
        session.add(ChatPerson(chat_id=chat.id or 0, staff_id=host.id or 0, part=ChatPart.HOST))
        entry = ChatEntry(
            chat_id=chat.id or 0,
            account_id=spam.account_id,
            edit_chain=spam.edit_chain,
            post_id=first_post(session, spam).id or 0,
            mention_id=spam.id,
            heard_by=HeardBy.TAG,
            said_at=NOON,
            seen_at=NOON,
            lane=ChatLane.ANSWER,
        )
        session.add(entry)
        session.flush()
    browser = desk.browser_of(host)
    page = browser.get(f"/moderation/new?entry={entry.id}").text
    assert "Off the topic of a tweet chat" in page
    fields = {"entry": str(entry.id), "kind": "hide", "clause": str(_clause(desk, "off_topic").id), "why": "chess"}
    browser.post("/moderation", **fields)
    (act,) = _acts(desk)
    assert (act.chat_id, act.decided_by) == (chat.id, host.id)
    assert "Lift it" in browser.get(f"/moderation/{act.id}").text
    browser.post(f"/moderation/{act.id}/lift")
    assert _acts(desk)[0].state == ModerationState.LIFTED


def test_one_of_several_posts_can_be_meant(desk: Running, spam: Mention) -> None:
    with desk.rows() as session:
        mention = session.get_one(Mention, spam.id)
        later = add_post(session, mention, "and likes as well", NOON)
    browser, first = _as(desk), _first(desk, spam)
    page = browser.get(f"/moderation/new?mention={spam.id}").text
    assert f"/moderation/new?mention={spam.id}&amp;post={first.id}" in page
    browser.post("/moderation", **_wanted(desk, spam, post=str(first.id)))
    assert _acts(desk)[0].post_id == first.id != later.id


def _first(desk: Running, mention: Mention) -> Post:
    with desk.rows() as session:
        return first_post(session, session.get_one(Mention, mention.id))


def test_a_block_takes_two_people(desk: Running, spam: Mention) -> None:
    first, second = _as(desk), _as(desk, Role.SUPERVISOR, "Sam Reyes")
    first.post("/moderation", **_wanted(desk, spam, "block"))
    (act,) = _acts(desk)
    path = f"/moderation/{act.id}"
    assert "Somebody else decides; you can take it back." in first.get(path).text
    assert first.post(f"{path}/decide", agreed="yes").status_code == 409
    assert "Agree: block the author" in second.get(path).text
    assert second.post(f"{path}/decide", agreed="maybe").status_code == 422
    second.post(f"{path}/decide", agreed="yes")
    assert _acts(desk)[0].state == ModerationState.IN_FORCE
    assert "Sam Reyes" in first.get(path).text


def test_the_capture_is_read_by_supervisors_alone_also_after_it_was_deleted(desk: Running, spam: Mention) -> None:
    act = _made(desk, spam)
    with desk.rows() as session:
        post = session.get_one(Post, first_post(session, spam).id)
        forget_post(session, post, "listener", "deleted on the channel", NOON)
    moderator, supervisor = _as(desk), _as(desk, Role.SUPERVISOR)
    page = moderator.get(f"/moderation/{act.id}").text
    assert "buy followers" not in page
    assert "Supervisors read what was captured." in page
    page = supervisor.get(f"/moderation/{act.id}").text
    assert "buy followers at my shop" in page
    assert "The author has deleted the post since." in page
    assert seal(act.captured) in page
    answer = supervisor.get(f"/moderation/new?mention={spam.id}")
    assert answer.status_code == 422
    assert "Its author deleted the post." in answer.text


def test_an_appeal_is_entered_and_decided_by_somebody_else(desk: Running, spam: Mention) -> None:
    maker = desk.staff("Mo Aldine")
    with desk.rows() as session:
        session.get_one(StaffUser, maker.id).role = Role.CHAT_MODERATOR
    act = _made(desk, spam, by=maker.id)
    path = f"/moderation/{act.id}"
    _as(desk, Role.APPROVER).post(f"{path}/appeal", appeal="They rang: it was a joke.")
    assert "You took part in the act." in desk.browser_of(maker).get(path).text
    assert desk.browser_of(maker).post(f"{path}/appeal/decide", granted="no", reason="no").status_code == 409
    other = _as(desk, name="Lee Ortiz")
    assert other.post(f"{path}/appeal/decide", granted="yes", reason="").status_code == 422
    other.post(f"{path}/appeal/decide", granted="yes", reason="It is a joke.")
    page = other.get(path).text
    assert "Granted" in page
    assert "They rang: it was a joke." in page
    assert _acts(desk)[0].state == ModerationState.LIFTED


def test_the_page_lists_what_waits_what_holds_and_what_ended(desk: Running, spam: Mention) -> None:
    _made(desk, spam)
    _made(desk, spam, kind=MUTE, appealed="No.")
    _made(desk, spam, kind=BLOCK, state=ModerationState.PROPOSED)
    _made(desk, spam, kind=BLOCK, state=ModerationState.REFUSED)
    page = _as(desk, Role.VIEWER).get("/moderation").text
    for title, count in (("Waiting for a second person", 1), ("Appeals", 1), ("In force", 2)):
        assert f'{title} <span class="meta num">{count}</span>' in page
    desk.clock.forward(days=31)
    assert 'In force <span class="meta num">0</span>' in _as(desk).get("/moderation").text


def test_the_report_counts_by_clause_and_is_a_file_too(desk: Running, spam: Mention) -> None:
    _made(desk, spam)
    _made(desk, spam, kind=MUTE, state=ModerationState.LIFTED, appealed="No.")
    _made(desk, spam, kind=BLOCK, state=ModerationState.REFUSED)
    lines = list(csv.reader(io.StringIO(_as(desk, Role.VIEWER).get("/moderation/report.csv").text.lstrip("\ufeff"))))
    assert lines[0][:4] == ["Clause", "Hidden", "Muted", "Blocked"]
    assert lines[4] == ["4. Spam and advertising", "1", "1", "0", "1", "1", "1", "0", "1"]
    assert len(lines) == 8


def test_a_supervisor_changes_the_policy_and_acts_keep_their_version(desk: Running, spam: Mention) -> None:
    act, old = _made(desk, spam), _clause(desk)
    supervisor = _as(desk, Role.SUPERVISOR)
    fields = {"title-en": "Advertising", "words-en": "Advertising alone.", "permits-hide": "yes", "longest_days": "10"}
    supervisor.post(f"/moderation/policy/{old.id}", **fields)
    new = _clause(desk)
    assert (new.version, new.position, new.permits, new.longest_days) == (2, 4, ["hide"], 10)
    assert "Spam and advertising, version 1" in supervisor.get(f"/moderation/{act.id}").text
    assert supervisor.post(f"/moderation/policy/{old.id}", **fields).status_code == 422
    supervisor.post("/moderation/policy", **fields)
    supervisor.post(f"/moderation/policy/{new.id}/end")
    public = desk.visitor().get("/policy").text
    assert "Clause 8" in public
    assert "Clause 4" not in public


def test_a_clause_that_cannot_stand_is_refused_with_what_was_typed(desk: Running) -> None:
    supervisor = _as(desk, Role.SUPERVISOR)
    answer = supervisor.post(
        "/moderation/policy", **{"title-en": "X {number}", "words-en": "", "title-es": "Y", "longest_days": "999"}
    )
    assert answer.status_code == 422
    for why in ("title and words in English", "Brackets", "Say what the clause permits", "from 1 to 365 days"):
        assert why in answer.text
    assert 'value="X {number}"' in answer.text
    assert _as(desk).post("/moderation/policy").status_code == 403


def test_anybody_reads_the_policy_in_the_languages_there_are(desk: Running, spam: Mention) -> None:
    page = desk.visitor().get("/policy")
    assert page.status_code == 200
    assert "Criticism, rudeness, swearing and opinions are no reasons" in page.text
    assert "noindex" not in page.text
    spanish = desk.visitor(**{"accept-language": "es-MX,es;q=0.9"}).get("/policy").text
    assert "Amenazas de violencia" in spanish
    assert '<html lang="es"' in spanish
    assert "Threats of violence" in desk.visitor().get("/policy?language=tlh").text


def test_every_language_has_every_sentence_of_the_public_pages() -> None:
    assert {frozenset(said) for said in policy_words().values()} == {frozenset(policy_words()["en"])}


def test_whoever_has_the_link_of_a_notice_appeals_once_without_script_or_account(desk: Running, spam: Mention) -> None:
    act = _made(desk, spam, token=APPEAL_TOKEN)
    visitor = desk.visitor()
    page = visitor.get(f"/appeal/{APPEAL_TOKEN}")
    assert page.status_code == 200
    assert act.clause_words in page.text.replace("&#39;", "'")
    assert "buy followers" not in page.text
    assert (page.headers["cache-control"], page.headers["x-robots-tag"]) == ("no-store", "noindex, nofollow, noarchive")
    assert "set-cookie" not in page.headers
    assert "<script" not in page.text
    assert visitor.post(f"/appeal/{APPEAL_TOKEN}", data={"appeal": " "}).status_code == 422
    assert (
        "Somebody who did not take part" in visitor.post(f"/appeal/{APPEAL_TOKEN}", data={"appeal": "It is art."}).text
    )
    assert _acts(desk)[0].appeal_words == "It is art."
    assert visitor.post(f"/appeal/{APPEAL_TOKEN}", data={"appeal": "Again."}).status_code == 422
    assert "<textarea" not in visitor.get(f"/appeal/{APPEAL_TOKEN}").text


def test_an_invented_link_says_nothing_and_guesses_are_counted(desk: Running, spam: Mention) -> None:
    visitor = desk.visitor()
    assert {visitor.get(f"/appeal/guess{number}").status_code for number in range(30)} == {404}
    assert visitor.get("/appeal/guess").status_code == 429
    assert visitor.post("/appeal/guess", data={"appeal": "x"}).status_code == 429


def test_the_secret_of_an_appeal_reaches_no_access_log() -> None:
    entry = logging.LogRecord("uvicorn.access", 20, "", 0, "%s %s", ("GET", f"/appeal/{APPEAL_TOKEN}?a=1"), None)
    WithoutSecrets().filter(entry)
    assert APPEAL_TOKEN not in entry.getMessage()
    assert "/appeal/..." in entry.getMessage()


def test_the_notice_waits_in_the_queue(desk: Running, spam: Mention) -> None:
    with desk.rows() as session:
        session.get_one(Mention, spam.id).state = MentionState.SET_ASIDE
    _as(desk).post("/moderation", **_wanted(desk, spam))
    (act,) = _acts(desk)
    with desk.rows() as session:
        notice = session.get_one(Reply, act.notice_reply_id)
    assert "You can appeal: answer us here" in notice.text  # this desk has no page for residents
    assert "The notice is draft." in _as(desk).get(f"/moderation/{act.id}").text


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with launched() as found:
        yield found


@pytest.mark.browser
def test_the_public_pages_are_accessible_and_an_appeal_is_sent_by_keys(
    desk: Running, spam: Mention, chromium: Chromium
) -> None:
    _made(desk, spam, token=APPEAL_TOKEN)
    page = chromium.new_page()
    for path in ("/policy", "/policy?language=es", f"/appeal/{APPEAL_TOKEN}", "/appeal/none"):
        page.goto(desk.url + path)
        assert violations(page, dark=False) == violations(page, dark=True) == []
    page.goto(f"{desk.url}/appeal/{APPEAL_TOKEN}")
    page.get_by_label("What you want to say").focus()
    page.keyboard.type("It is a poem.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("You have appealed.").wait_for()
    assert violations(page, dark=False) == []
    page.close()
    assert _acts(desk)[0].appeal_words == "It is a poem."


def test_acts_of_another_part_of_the_work_are_out_of_reach(desk: Running, spam: Mention) -> None:
    act = _made(desk, spam)
    with desk.rows() as session:
        away = make_staff(session, "Noa Field", Role.CHAT_MODERATOR)
        session.add(StaffScope(staff_id=away.id or 0, kind=ScopeKind.ACCOUNT, value="4711"))
    browser = desk.browser_of(away)
    assert browser.get(f"/moderation/{act.id}").status_code == 403
    assert browser.get(f"/moderation/new?mention={spam.id}").status_code == 409
    assert f"/moderation/{act.id}" not in browser.get("/moderation").text
    assert browser.post(f"/moderation/{act.id}/lift").status_code == 403
