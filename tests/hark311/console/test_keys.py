"""Two keys and the freeze on the desk: who is told what, whose key counts, what waits."""

from datetime import timedelta

import pytest
from sqlmodel import select

from models import KeyRule, Mention, Reply, ReplyState, Role, RuleAbout, StaffUser
from tests.hark311.console.conftest import NOON, Browser, Running, decision_fields
from tests.hark311.console.factories import make_account, make_ready, make_services, make_staff

LAWYERS = "Our lawyers look into the pothole. Your number is {number}."


@pytest.fixture
def town(desk: Running) -> list[Mention]:
    """Two mentions that wait, and a rule about the word lawyer."""
    with desk.rows() as session:
        make_services(session)
        account = make_account(session)
        session.add(KeyRule(about=RuleAbout.RISK_WORDS, label="Law", wanted=["lawyer*"], made_at=NOON))
        return [make_ready(session, account, NOON - timedelta(minutes=minutes)) for minutes in (30, 20)]


def person(desk: Running, name: str, role: Role = Role.APPROVER) -> StaffUser:
    with desk.rows() as session:
        return make_staff(session, name, role)


def reply(desk: Running, mention: Mention) -> Reply:
    with desk.database.read() as session:
        return session.exec(select(Reply).where(Reply.mention_id == mention.id)).one()


def test_the_first_key_is_told_to_the_second_person_who_sends_it(desk: Running, town: list[Mention]) -> None:
    mara, sam = desk.browser_of(person(desk, "Mara Jennings")), desk.browser_of(person(desk, "Sam Lee"))
    wanted = town[0]
    shown = mara.client.post(
        f"/mentions/{wanted.id}/preview",
        data={**_fields(mara, wanted), "reply_text": LAWYERS},
        headers={"hx-request": "true"},
    ).text
    assert "Two people have to approve this" in shown
    assert "the reply holds &#39;lawyers&#39;" in shown
    page = mara.decide(wanted.id or 0, "approve", reply_text=LAWYERS)
    assert reply(desk, wanted).state == ReplyState.IN_REVIEW
    assert desk.mention(wanted.id or 0).second_key
    assert desk.nudges == []
    assert "You gave the first key" in mara.get(f"/mentions/{wanted.id}").text
    page = mara.decide(wanted.id or 0, "approve")
    assert (page.status_code, "You gave the first key yourself" in page.text) == (422, True)
    page = sam.get(f"/mentions/{wanted.id}")
    assert "Mara Jennings gave the first key" in page.text
    sam.decide(wanted.id or 0, "approve")
    assert reply(desk, wanted).state == ReplyState.APPROVED
    assert len(desk.nudged(2)) == 2


def test_what_the_second_person_changes_is_their_first_key_and_the_maker_sees_it(
    desk: Running, town: list[Mention]
) -> None:
    mara, sam = desk.browser_of(person(desk, "Mara Jennings")), desk.browser_of(person(desk, "Sam Lee"))
    wanted = town[0]
    mara.decide(wanted.id or 0, "approve", reply_text=LAWYERS)
    sam.decide(wanted.id or 0, "approve", reply_text=LAWYERS.replace("Our lawyers", "The lawyers"))
    assert desk.mention(wanted.id or 0).second_key
    assert reply(desk, wanted).state == ReplyState.IN_REVIEW
    assert "Mara Jennings gave" not in mara.get(f"/mentions/{wanted.id}").text
    assert "<del>Our</del><ins>The</ins>" in mara.get("/keys").text
    sam.decide(wanted.id or 0, "approve", reply_text="Thank you, it is filed as {number}.")
    assert reply(desk, wanted).state == ReplyState.APPROVED


def test_a_return_says_why_and_gives_the_draft_back(desk: Running, town: list[Mention]) -> None:
    mara, sam = desk.browser_of(person(desk, "Mara Jennings")), desk.browser_of(person(desk, "Sam Lee"))
    wanted = town[0]
    mara.decide(wanted.id or 0, "approve", reply_text=LAWYERS)
    assert sam.decide(wanted.id or 0, "return").status_code == 422
    sam.decide(wanted.id or 0, "return", return_reason="No word about <law>")
    assert reply(desk, wanted).state == ReplyState.DRAFT
    assert not desk.mention(wanted.id or 0).second_key
    shown = mara.get(f"/mentions/{wanted.id}").text
    assert "Sam Lee returned it" in shown
    assert "No word about &lt;law&gt;" in shown
    assert "No word about &lt;law&gt;" in mara.get("/keys").text


def test_a_second_key_is_for_what_the_first_one_ticked(desk: Running, town: list[Mention]) -> None:
    with desk.rows() as session:
        session.add(KeyRule(about=RuleAbout.SERVICE, label="Potholes", wanted=["SR-ST01"], made_at=NOON))
    mara, sam = desk.browser_of(person(desk, "Mara Jennings")), desk.browser_of(person(desk, "Sam Lee"))
    mara.decide(town[0].id or 0, "approve", send_reply=None)
    assert desk.mention(town[0].id or 0).second_key
    sam.decide(town[0].id or 0, "approve")
    assert reply(desk, town[0]).state == ReplyState.CANCELLED
    assert [name for name, *_ in desk.nudged(1)] == ["submit_request"]


def test_a_drafter_hands_in_and_cannot_approve(desk: Running, town: list[Mention]) -> None:
    drafter, wanted = desk.browser_of(person(desk, "Dana Fox", Role.DRAFTER)), town[0]
    shown = drafter.get(f"/mentions/{wanted.id}").text
    assert "Hand in" in shown
    assert 'formaction="/mentions/' not in shown or f'formaction="/mentions/{wanted.id}/approve"' not in shown
    assert drafter.decide(wanted.id or 0, "approve").status_code == 403
    assert drafter.decide(wanted.id or 0, "hand-in", reply_text="").status_code == 422
    drafter.decide(wanted.id or 0, "hand-in", reply_text="Thank you. It is {number}.", send_reply="yes")
    assert reply(desk, wanted).state == ReplyState.IN_REVIEW
    sam = desk.browser_of(person(desk, "Sam Lee"))
    assert "Dana Fox handed it in" in sam.get(f"/mentions/{wanted.id}").text
    sam.decide(wanted.id or 0, "approve")
    assert reply(desk, wanted).state == ReplyState.APPROVED


def test_rules_are_added_changed_and_switched_by_supervisors_alone(desk: Running, town: list[Mention]) -> None:
    boss, mara = desk.browser_of(person(desk, "Ida Bell", Role.SUPERVISOR)), desk.browser_of(person(desk, "Mara J"))
    mara.decide(town[0].id or 0, "approve", reply_text="Thank you. It is {number}.")
    assert "would touch" not in mara.get("/keys/rules").text
    assert "Switch off" not in mara.get("/keys/rules").text
    assert mara.post("/keys/rules", about="risk_words", label="More", words="fire").status_code == 403
    refused = boss.post("/keys/rules", about="election", label="Spring election", keys="2")
    assert (refused.status_code, "from which day until which day" in refused.text) == (422, True)
    boss.post("/keys/rules", about="election", label="Spring election", **{"from": "2026-03-01", "until": "2026-03-10"})
    shown = boss.get("/keys/rules").text
    assert "Spring election" in shown
    assert 'touches <span class="num">1</span> of <span class="num">1</span>' in shown
    assert 'name="until" type="date" value="2026-03-10"' in shown
    mara.decide(town[1].id or 0, "approve")
    assert reply(desk, town[1]).state == ReplyState.IN_REVIEW
    boss.post("/keys/rules/2/off")
    sam = desk.browser_of(person(desk, "Sam Lee"))
    sam.decide(town[1].id or 0, "approve")
    assert reply(desk, town[1]).state == ReplyState.APPROVED
    for kind in RuleAbout:
        assert boss.get(f"/keys/rules?add={kind}").status_code == 200


def test_what_a_person_reads_is_kept_and_decides(desk: Running, town: list[Mention]) -> None:
    with desk.rows() as session:
        session.add(KeyRule(about=RuleAbout.UNREAD_LANGUAGE, label="Unread", made_at=NOON))
    mara = person(desk, "Mara Jennings")
    browser = desk.browser_of(mara)
    browser.decide(town[0].id or 0, "approve", reply_text="Gracias. Es {number}.", language="es")
    assert desk.mention(town[0].id or 0).second_key
    browser.post("/account/reads", **{"reads-en": "yes", "reads-es": "yes"})
    browser.decide(town[1].id or 0, "approve", reply_text="Gracias. Es {number}.", language="es")
    assert reply(desk, town[1]).state == ReplyState.APPROVED


def test_a_freeze_is_told_on_every_page_and_thawed_one_by_one(desk: Running, town: list[Mention]) -> None:
    mara = desk.browser_of(person(desk, "Mara Jennings"))
    for one in town:
        mara.decide(one.id or 0, "approve")
    mara.post("/freeze", why="A rumour <b>first</b>")
    for path in ("/queue", "/freeze", f"/mentions/{town[0].id}", "/keys/rules"):
        shown = mara.get(path).text
        assert "Mara Jennings pressed it" in shown
        assert "A rumour &lt;b&gt;first&lt;/b&gt;" in shown
    assert "Frozen by Mara Jennings" in mara.get(f"/mentions/{town[0].id}").text
    assert mara.post("/freeze/thaw").status_code == 403
    boss = desk.browser_of(person(desk, "Ida Bell", Role.SUPERVISOR))
    listed = boss.get("/freeze").text
    assert listed.count("Let this one through") == 2
    assert "It is filed as" in listed
    boss.post(f"/freeze/replies/{reply(desk, town[0]).id}/let-through", page="/freeze")
    assert boss.get("/freeze").text.count("Let this one through") == 1
    boss.post("/freeze/thaw", page="/freeze")
    assert "pressed it" not in boss.get("/queue").text
    assert reply(desk, town[1]).held_because == ""


def _fields(browser: Browser, mention: Mention) -> dict[str, str]:
    return decision_fields(browser.get(f"/mentions/{mention.id}").text)
