"""Notes: whom an @ means, and what becomes of their words when the post is deleted."""

from datetime import timedelta

import pytest
from sqlmodel import select

from models import AuditEntry, Database, Handover, MentionState, Note, Post, Role, StaffUser
from models.deletion import forget_post
from models.handovers import TAKEN_OUT
from models.notes import named_in
from responders.noting import NoteRefused, change_note, hold_note, write_note
from tests.rows import MORNING, a_mention


def a_person(number: int, name: str, username: str = "", *, active: bool = True) -> StaffUser:
    return StaffUser(id=number, username=username or f"u{number}", display_name=name, active=active)


DESK = [
    a_person(1, "Ben Ortiz", "bortiz"),
    a_person(2, "Ben Li"),
    a_person(3, "Mara Jennings"),
    a_person(4, "Omar Left", active=False),
    a_person(5, "Zoë Ørn"),
]


@pytest.mark.parametrize(
    ("written", "people", "unclear"),
    [
        ("@Mara please look", (3,), ()),
        ("@mara jennings, and @bortiz", (3, 1), ()),
        ("@Ben Ortiz knows", (1,), ()),
        ("@BenLi knows", (2,), ()),
        ("ask @Ben", (), ("@Ben",)),
        ("@Maratha and @dee_fromthe215", (), ()),
        ("write to mara@example.org", (), ()),
        ("@Omar has left", (), ()),
        ("(@zoë)", (5,), ()),
        ("@Mara @mara", (3,), ()),
    ],
)
def test_an_at_means_a_colleague_or_nobody(written: str, people: tuple[int, ...], unclear: tuple[str, ...]) -> None:
    found = named_in(written, DESK)
    assert (found.people, found.unclear) == (people, unclear)


def _sam() -> StaffUser:
    return StaffUser(username="sam", display_name="Sam Vega", role=Role.SUPERVISOR)


def test_a_deleted_post_takes_the_words_of_its_notes_along_and_the_audit_keeps_a_hash(
    either_database: Database,
) -> None:
    with either_database.write() as session:
        staff = _sam()
        session.add(staff)
        session.flush()
        mention, other = a_mention(session, "zanzibar crater on Main"), a_mention(session)
        for about, words in ((mention, "she says zanzibar"), (mention, "kept zanzibar"), (other, "stays")):
            session.add(Note(mention_id=about.id or 0, staff_id=staff.id or 0, text=words, at=MORNING))
        session.flush()
        kept = session.exec(select(Note).where(Note.text == "kept zanzibar")).one()
        kept.legal_hold_at = MORNING
        post = session.exec(select(Post).where(Post.mention_id == mention.id)).one()
        forget_post(session, post, "intake", "deleted by its author", MORNING + timedelta(hours=1))
    with either_database.read() as session:
        assert sorted(session.exec(select(Note.text)).all()) == ["", "kept zanzibar", "stays"]
        [entry] = session.exec(select(AuditEntry).where(AuditEntry.about == "Note")).all()
    assert "sha256" in entry.why
    assert "zanzibar" not in entry.why


def test_a_note_that_a_legal_hold_kept_loses_its_words_when_the_hold_ends(either_database: Database) -> None:
    with either_database.write() as session:
        staff = _sam()
        session.add(staff)
        session.flush()
        mention = a_mention(session, "zanzibar crater on Main")
        first = session.exec(select(Post)).one()
        rest = first.model_dump(exclude={"id", "channel_post_id", "edit_chain"})
        session.add(Post(**rest, channel_post_id="b", edit_chain="b"))
        for words in ("she says zanzibar", "later on"):
            write_note(session, mention, staff, words, MORNING)
        kept, other = session.exec(select(Note).order_by(Note.text.desc())).all()  # type: ignore[attr-defined]
        hold_note(session, kept.id or 0, staff, MORNING, held=True)
        forget_post(session, first, "intake", "deleted by its author", MORNING + timedelta(hours=1))
        assert mention.state != MentionState.WITHDRAWN
        assert (kept.text, other.text) == ("she says zanzibar", "")
        write_note(session, mention, staff, "about what is left", MORNING + timedelta(hours=2))
    with either_database.write() as session:
        hold_note(session, kept.id or 0, staff, MORNING + timedelta(hours=3), held=False)
    with either_database.read() as session:
        assert sorted(session.exec(select(Note.text)).all()) == ["", "", "about what is left"]
        assert session.get_one(Note, kept.id).emptied_at == MORNING + timedelta(hours=3)


def test_the_end_of_a_hold_takes_no_words_while_every_post_stands(either_database: Database) -> None:
    with either_database.write() as session:
        staff = _sam()
        session.add(staff)
        session.flush()
        mention = a_mention(session)
        write_note(session, mention, staff, "call them", MORNING)
        note = session.exec(select(Note)).one()
        hold_note(session, note.id or 0, staff, MORNING, held=True)
        hold_note(session, note.id or 0, staff, MORNING, held=False)
        assert (note.text, note.emptied_at) == ("call them", None)


def test_nothing_more_is_noted_about_a_deleted_post(either_database: Database) -> None:
    with either_database.write() as session:
        staff = _sam()
        session.add(staff)
        session.flush()
        mention = a_mention(session)
        write_note(session, mention, staff, "call them", MORNING)
        note = session.exec(select(Note)).one()
        forget_post(session, session.exec(select(Post)).one(), "intake", "deleted by its author", MORNING)
        with pytest.raises(NoteRefused, match="deleted"):
            write_note(session, mention, staff, "they said it was deep", MORNING)
        with pytest.raises(NoteRefused, match="deleted"):
            change_note(session, note.id or 0, staff, "they said it was deep", MORNING)
        assert session.exec(select(Note.text)).all() == [""]


def test_a_deleted_post_takes_along_the_lines_of_hand_over_notes_that_name_or_quote_it(
    either_database: Database,
) -> None:
    with either_database.write() as session:
        staff = _sam()
        session.add(staff)
        session.flush()
        mention = a_mention(session, "There is a zanzibar crater, on Main Street!")
        lines = [
            f"#{mention.id} is angry",
            f"#{mention.id}7 waits",
            "a zanzibar crater on Main, call them",
            "two potholes on Main",
        ]
        session.add(Handover(staff_id=staff.id or 0, text="\n".join(lines), at=MORNING + timedelta(hours=1)))
        post = session.exec(select(Post).where(Post.mention_id == mention.id)).one()
        forget_post(session, post, "intake", "deleted by its author", MORNING + timedelta(hours=2))
    with either_database.read() as session:
        left = session.exec(select(Handover.text)).one().split("\n")
    assert left == [TAKEN_OUT, lines[1], TAKEN_OUT, lines[3]]
