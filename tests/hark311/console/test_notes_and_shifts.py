"""Notes between colleagues, assignment on its page, and the hand-over, as browsers without scripts see them."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from models import (
    AssignmentRule,
    Handover,
    NamedInNote,
    Note,
    Reply,
    ReplyState,
    Role,
    SendAttempt,
    ServiceRequest,
    StaffUser,
)
from models.deletion import forget_post
from tests.hark311.console.conftest import NOON, Browser, Running
from tests.hark311.console.factories import (
    draft_reply,
    first_post,
    make_account,
    make_mention,
    make_ready,
    make_services,
    make_staff,
    raise_alarm,
)


@pytest.fixture
def mention_id(desk: Running) -> int:
    with desk.rows() as session:
        make_services(session)
        return make_ready(session, make_account(session), NOON - timedelta(hours=1)).id or 0


def browsers(desk: Running, *people: tuple[str, Role]) -> list[Browser]:
    with desk.rows() as session:
        staff = [make_staff(session, name, role) for name, role in people]
    return [desk.browser_of(one) for one in staff]


def test_a_note_tells_whom_it_names_until_they_have_read_it(desk: Running, mention_id: int) -> None:
    mara, ben = browsers(desk, ("Mara Jennings", Role.APPROVER), ("Ben Ortiz", Role.DRAFTER))
    page = f"/mentions/{mention_id}"
    mara.post(f"{page}/notes", page, note="@Ben she called <b>twice</b>")
    shown = mara.get(page).text
    assert "@Ben she called &lt;b&gt;twice&lt;/b&gt;" in shown
    assert "Ben Ortiz has not read it yet" in shown
    assert "1 note for you" in ben.get("/queue").text
    assert f'href="{page}#note-' in ben.get("/notes/mine").text
    ben.post("/notes/mine/read", "/notes/mine")
    assert "for you" not in ben.get("/queue").text.partition('id="tally"')[2].partition("</p>")[0]
    assert "Ben Ortiz has read it" in mara.get(page).text


def test_a_note_is_never_part_of_what_is_sent(desk: Running, mention_id: int) -> None:
    [mara] = browsers(desk, ("Mara Jennings", Role.APPROVER))
    page = f"/mentions/{mention_id}"
    mara.post(f"{page}/notes", page, note="between us: xylophone")
    mara.decide(mention_id, "approve")
    with desk.rows() as session:
        everything = [one for table in (Reply, ServiceRequest, SendAttempt) for one in session.exec(select(table))]
    assert everything
    assert "xylophone" not in str(everything)


def test_only_who_wrote_a_note_changes_it_and_a_supervisor_may_take_it_away(desk: Running, mention_id: int) -> None:
    mara, ben, sam = browsers(
        desk, ("Mara Jennings", Role.APPROVER), ("Ben Ortiz", Role.APPROVER), ("Sam Vega", Role.SUPERVISOR)
    )
    page = f"/mentions/{mention_id}"
    mara.post(f"{page}/notes", page, note="first words")
    with desk.rows() as session:
        note_id = session.exec(select(Note.id)).one()
    assert ben.post(f"{page}/notes/{note_id}/change", page, note="mine now").status_code == 422
    assert ben.post(f"{page}/notes/{note_id}/remove", page).status_code == 422
    assert ben.post(f"{page}/notes/{note_id}/hold", page, held="yes").status_code == 403
    mara.post(f"{page}/notes/{note_id}/change", page, note="better words")
    assert "better words" in ben.get(page).text
    sam.post(f"{page}/notes/{note_id}/hold", page, held="yes")
    assert sam.post(f"{page}/notes/{note_id}/remove", page).status_code == 422
    sam.post(f"{page}/notes/{note_id}/hold", page, held="no")
    sam.post(f"{page}/notes/{note_id}/remove", page)
    assert "better words" not in mara.get(page).text
    assert mara.post(f"/mentions/{mention_id + 999}/notes/{note_id}/change", page, note="x").status_code == 404


def test_a_note_under_legal_hold_outlives_the_post_for_supervisors_alone(desk: Running, mention_id: int) -> None:
    mara, sam = browsers(desk, ("Mara Jennings", Role.APPROVER), ("Sam Vega", Role.SUPERVISOR))
    page = f"/mentions/{mention_id}"
    mara.post(f"{page}/notes", page, note="keep me safe")
    mara.post(f"{page}/notes", page, note="let me go")
    with desk.rows() as session:
        kept = session.exec(select(Note).where(Note.text == "keep me safe")).one().id
    sam.post(f"{page}/notes/{kept}/hold", page, held="yes")
    with desk.rows() as session:
        mention = desk.mention(mention_id)
        forget_post(session, first_post(session, mention), "intake", "deleted by its author", NOON)
    assert "keep me safe" not in mara.get(page).text
    assert "legal hold" in mara.get(page).text
    assert "keep me safe" in sam.get(page).text
    assert "let me go" not in sam.get(page).text


def test_an_empty_or_endless_note_is_refused_and_kept_for_copying(desk: Running, mention_id: int) -> None:
    [mara] = browsers(desk, ("Mara Jennings", Role.APPROVER))
    page = f"/mentions/{mention_id}"
    assert mara.post(f"{page}/notes", page, note="  ").status_code == 422
    refused = mara.post(f"{page}/notes", page, note="w" * 4001)
    assert refused.status_code == 422
    assert "w" * 4001 in refused.text
    mara.post(f"{page}/notes", page, note="nul\x00 and \u202e turned")
    assert mara.get(page).status_code == 200


def test_who_only_reads_writes_no_note(desk: Running, mention_id: int) -> None:
    [viewer] = browsers(desk, ("Vi Ewer", Role.VIEWER))
    page = f"/mentions/{mention_id}"
    assert viewer.post(f"{page}/notes", page, note="hello").status_code == 403
    assert viewer.post(f"{page}/assign", page, staff_id="1").status_code == 403


def test_a_mention_is_given_by_hand_and_back_to_everybody(desk: Running, mention_id: int) -> None:
    [mara] = browsers(desk, ("Mara Jennings", Role.APPROVER))
    page = f"/mentions/{mention_id}"
    with desk.rows() as session:
        ben = make_staff(session, "Ben Ortiz").id
        viewer = make_staff(session, "Vi Ewer", Role.VIEWER).id
    mara.post(f"{page}/assign", page, staff_id=str(ben))
    assert desk.mention(mention_id).assigned_to == ben
    assert "mention: given to Ben Ortiz" in mara.get(page).text
    refused = mara.post(f"{page}/assign", page, staff_id=str(viewer))
    assert refused.status_code == 422
    assert "may read and not answer" in refused.text
    mara.post(f"{page}/assign", page, staff_id="")
    assert desk.mention(mention_id).assigned_to is None


def test_a_supervisor_makes_lines_and_tries_them(desk: Running) -> None:
    sam, mara = browsers(desk, ("Sam Vega", Role.SUPERVISOR), ("Mara Jennings", Role.APPROVER))
    with desk.rows() as session:
        make_services(session)
        mara_id = session.exec(select(StaffUser.id).where(StaffUser.display_name == "Mara Jennings")).one()
    sam.post("/assignments", service="SR-TR02", language="es", day6="yes", to=f"staff:{mara_id}")
    sam.post("/assignments", to="role:supervisor")
    asked = "/assignments?service=SR-TR02&language=es&weekday={}&time=03:00"
    assert "goes to <strong>Mara Jennings</strong>" in mara.get(asked.format(6)).text
    assert "goes to <strong>Sam Vega</strong>" in mara.get(asked.format(0)).text
    sam.post("/assignments/hours", staff_id=str(mara_id), day0="yes", begins="09:00", ends="17:00")
    away = mara.get(asked.format(6)).text
    assert "goes to <strong>Sam Vega</strong>" in away
    assert "Mara Jennings is not at the desk at that time" in away
    with desk.rows() as session:
        first, second = session.exec(select(AssignmentRule.id).order_by(col(AssignmentRule.id))).all()
    sam.post(f"/assignments/{second}/move")
    lines = mara.get("/assignments").text
    assert lines.index("whichever supervisor") < lines.index("Missed trash collection in Spanish")
    sam.post(f"/assignments/{second}/end")
    sam.post(f"/assignments/{first}/end")
    assert "goes to nobody in particular" in mara.get(asked.format(6)).text


def test_a_line_that_says_too_little_is_not_made(desk: Running) -> None:
    sam, mara = browsers(desk, ("Sam Vega", Role.SUPERVISOR), ("Mara Jennings", Role.APPROVER))
    assert sam.post("/assignments", to="").status_code == 422
    assert sam.post("/assignments", to="role:emperor").status_code == 422
    assert sam.post("/assignments", to="role:approver", begins="25:99").status_code == 422
    assert sam.post("/assignments", to="role:approver", service="NO-SUCH").status_code == 422
    backwards = {"staff_id": "1", "first_day": "2026-03-09", "last_day": "2026-03-01"}
    assert sam.post("/assignments/absences", **backwards).status_code == 422
    assert mara.post("/assignments", to="role:approver").status_code == 403
    with desk.rows() as session:
        assert session.exec(select(AssignmentRule)).all() == []


def test_a_hand_over_is_prefilled_and_stands_on_top_of_the_queue_until_read(desk: Running, mention_id: int) -> None:
    mara, ben = browsers(desk, ("Mara Jennings", Role.APPROVER), ("Ben Ortiz", Role.APPROVER))
    with desk.rows() as session:
        account = make_account(session)
        danger = make_mention(session, account, NOON, danger=True)
        raise_alarm(session, danger, "wires", NOON)
        doubt = make_mention(session, account, NOON)
        draft_reply(session, doubt, "x", state=ReplyState.UNCERTAIN)
        danger_id, doubt_id = danger.id, doubt.id
    mara.post(f"/mentions/{mention_id}/claim", f"/mentions/{mention_id}")
    shown = mara.get("/handover").text
    for line in (
        f"Dangers nobody has acknowledged: #{danger_id}",
        f"Claims you hold: #{mention_id}",
        f"Replies in doubt: #{doubt_id}",
    ):
        assert line in shown
    mara.post("/handover", "/handover", handover="Wires are with the company.")
    assert "Wires are with the company." not in mara.get("/queue").text
    queue = ben.get("/queue").text
    assert "Mara Jennings handed over" in queue
    assert "Wires are with the company." in queue
    with desk.rows() as session:
        note = session.exec(select(Handover)).one()
    assert {one["key"] for one in note.waiting} >= {"dangers", "claims", "doubts"}
    ben.post(f"/handover/{note.id}/read", "/queue")
    assert "Wires are with the company." not in ben.get("/queue").text
    assert "read by Ben Ortiz" in mara.get("/handover").text
    assert ben.post("/handover/999/read", "/queue").status_code == 404
    assert mara.post("/handover", "/handover", handover=" ").status_code == 422


def test_who_a_note_no_longer_names_is_not_told(desk: Running, mention_id: int) -> None:
    [mara] = browsers(desk, ("Mara Jennings", Role.APPROVER))
    with desk.rows() as session:
        make_staff(session, "Ben Ortiz")
        make_staff(session, "Ben Li")
    page = f"/mentions/{mention_id}"
    mara.post(f"{page}/notes", page, note="@Ben Ortiz and @Mara and @Ben")
    assert "more than one person here" in mara.get(page).text
    with desk.rows() as session:
        note_id = session.exec(select(NamedInNote.note_id)).one()
    mara.post(f"{page}/notes/{note_id}/change", page, note="nobody now")
    with desk.rows() as session:
        assert session.exec(select(NamedInNote)).all() == []
