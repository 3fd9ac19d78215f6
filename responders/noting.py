"""Internal notes about a mention: written, changed, taken away, kept for the law. None is ever sent."""

from datetime import datetime

from sqlmodel import Session, col, delete, select

from models import Mention, MentionState, NamedInNote, Note, Power, StaffUser, record
from models.notes import LONGEST_NOTE, Named, hash_of, named_in


class NoteRefused(Exception):
    """The note was not kept as asked; the text says why."""


def write_note(session: Session, mention: Mention, staff: StaffUser, written: str, now: datetime) -> Named:
    """Keep a note, and tell everybody it names. Raises NoteRefused."""
    session.refresh(mention, with_for_update=True)
    _require_post(mention)
    note = Note(mention_id=mention.id or 0, staff_id=staff.id or 0, text=_kept(written), at=now)
    session.add(note)
    session.flush()
    record(session, "Note", note.id or 0, f"staff:{staff.id}", f"written: sha256 {hash_of(note.text)}", now)
    return _tell(session, note, staff)


def change_note(session: Session, note_id: int, staff: StaffUser, written: str, now: datetime) -> Named:
    """Change one's own note. Who is named anew is told; who is named no more is not. Raises NoteRefused."""
    note = _own(session, note_id, staff)
    _require_post(session.get_one(Mention, note.mention_id))
    kept = _kept(written)
    if kept != note.text:
        note.text, note.edited_at = kept, now
        record(session, "Note", note_id, f"staff:{staff.id}", f"changed: sha256 {hash_of(kept)}", now)
    session.add(note)
    return _tell(session, note, staff)


def remove_note(session: Session, note_id: int, staff: StaffUser, now: datetime) -> Note:
    """Take a note away with its words: one's own, or for a supervisor anybody's. Raises NoteRefused."""
    note = _there(session, note_id)
    if note.staff_id != staff.id and not staff.may(Power.SUPERVISE):
        raise NoteRefused("Only who wrote a note, or a supervisor, takes it away.")
    if note.legal_hold_at:
        raise NoteRefused("This note is under legal hold and stays.")
    record(session, "Note", note_id, f"staff:{staff.id}", f"taken away: sha256 {hash_of(note.text)}", now)
    note.text, note.removed_at, note.removed_by = "", now, staff.id
    session.add(note)
    session.exec(delete(NamedInNote).where(col(NamedInNote.note_id) == note_id))
    return note


def hold_note(session: Session, note_id: int, staff: StaffUser, now: datetime, *, held: bool) -> Note:
    """A supervisor says that the law asks for this note to be kept, or does so no more. Raises NoteRefused."""
    note = _there(session, note_id)
    note.legal_hold_at, note.legal_hold_by = (now, staff.id) if held else (None, None)
    if not held and note.due_at and note.emptied_at is None:
        record(session, "Note", note_id, f"staff:{staff.id}", f"its words went: sha256 {hash_of(note.text)}", now)
        note.text, note.emptied_at = "", now
    session.add(note)
    record(session, "Note", note_id, f"staff:{staff.id}", "legal hold" if held else "legal hold ended", now)
    return note


def mark_read(session: Session, staff_id: int, now: datetime, note_id: int | None = None) -> int:
    """A person has read one note that names them, or all; returns how many were unread."""
    wanted = select(NamedInNote).where(NamedInNote.staff_id == staff_id, col(NamedInNote.read_at).is_(None))
    if note_id is not None:
        wanted = wanted.where(NamedInNote.note_id == note_id)
    unread = session.exec(wanted).all()
    for one in unread:
        one.read_at = now
        session.add(one)
    return len(unread)


def _tell(session: Session, note: Note, writer: StaffUser) -> Named:
    """Remember whom the note names; nobody is told of their own note."""
    named = named_in(note.text, session.exec(select(StaffUser).where(col(StaffUser.active).is_(True))).all())
    known = {one.staff_id: one for one in session.exec(select(NamedInNote).where(NamedInNote.note_id == note.id)).all()}
    for staff_id, one in known.items():
        if staff_id not in named.people:
            session.delete(one)
    for staff_id in named.people:
        if staff_id not in known and staff_id != writer.id:
            session.add(NamedInNote(note_id=note.id or 0, staff_id=staff_id))
    return named


def _kept(written: str) -> str:
    words = written.replace("\x00", "").strip()
    if not words:
        raise NoteRefused("There is nothing in the note yet.")
    if len(words) > LONGEST_NOTE:
        raise NoteRefused(f"The note has {len(words)} characters; {LONGEST_NOTE} are enough. Shorten it.")
    return words


def _there(session: Session, note_id: int) -> Note:
    """The note, locked after its mention: a deletion takes both in this order."""
    known = session.get(Note, note_id)
    if known is not None:
        session.get(Mention, known.mention_id, with_for_update=True, populate_existing=True)
    note = session.get(Note, note_id, with_for_update=True, populate_existing=True)
    if note is None or note.removed_at:
        raise NoteRefused("This note is gone already.")
    return note


def _own(session: Session, note_id: int, staff: StaffUser) -> Note:
    note = _there(session, note_id)
    if note.staff_id != staff.id:
        raise NoteRefused("Only who wrote a note changes it.")
    if note.emptied_at:
        raise NoteRefused("The post was deleted, and the note's words went with it.")
    if note.legal_hold_at:
        raise NoteRefused("This note is under legal hold and stays as it is.")
    return note


def _require_post(mention: Mention) -> None:
    if mention.state == MentionState.WITHDRAWN:
        raise NoteRefused("The post was deleted meanwhile, so no more is written about it.")
