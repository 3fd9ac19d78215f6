"""Internal notes as the desk shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from hark311.console.queries import names_of_staff
from models import CHANNELS, Account, Author, Mention, NamedInNote, Note, Power, StaffUser
from models.notes import named_in

SHOWN = 100


@dataclass(frozen=True, slots=True)
class ShownNote:
    """One note: `told` are the colleagues it names, each with whether they have read it.

    `gone` says why there are no words any more; `unclear` are names in it that several people go by.
    """

    id: int
    who: str
    at: datetime
    edited_at: datetime | None
    text: str
    gone: str
    mine: bool
    removable: bool
    on_hold: bool
    told: Sequence[tuple[str, bool]]
    unclear: Sequence[str]
    unread: bool


@dataclass(frozen=True, slots=True)
class NamedYou:
    """A note that names somebody, on their own list."""

    note: ShownNote
    mention_id: int
    author: str
    channel: str


def notes_of(session: Session, mention_id: int, staff: StaffUser) -> list[ShownNote]:
    """The notes about a mention, oldest first; those taken away leave no trace but in the history."""
    found = session.exec(
        select(Note)
        .where(Note.mention_id == mention_id, col(Note.removed_at).is_(None))
        .order_by(col(Note.id))
        .limit(SHOWN)
    ).all()
    return _shown(session, found, staff) if found else []


def notes_for(session: Session, staff: StaffUser) -> list[NamedYou]:
    """The notes that name a person, unread ones first, then the newest."""
    found = session.exec(
        select(Note, Mention, Author, Account)
        .join(NamedInNote, col(NamedInNote.note_id) == Note.id)
        .join(Mention, col(Mention.id) == Note.mention_id)
        .join(Author, col(Author.id) == Mention.author_id)
        .join(Account, col(Account.id) == Mention.account_id)
        .where(NamedInNote.staff_id == staff.id, col(Note.removed_at).is_(None))
        .order_by(col(NamedInNote.read_at).is_not(None), col(Note.id).desc())
        .limit(SHOWN)
    ).all()
    shown = {one.id: one for one in _shown(session, [row[0] for row in found], staff)}
    return [
        NamedYou(shown[note.id or 0], mention.id or 0, author.called, CHANNELS[account.channel].label)
        for note, mention, author, account in found
    ]


def _shown(session: Session, notes: Sequence[Note], staff: StaffUser) -> list[ShownNote]:
    named: dict[int, list[NamedInNote]] = {}
    of_these = select(NamedInNote).where(col(NamedInNote.note_id).in_([note.id for note in notes]))
    for one in session.exec(of_these.order_by(col(NamedInNote.id))).all():
        named.setdefault(one.note_id, []).append(one)
    people = names_of_staff(
        session, [*(note.staff_id for note in notes), *(one.staff_id for rows in named.values() for one in rows)]
    )
    colleagues = session.exec(select(StaffUser).where(col(StaffUser.active).is_(True))).all()
    withdrawn = _withdrawn(session, notes)
    supervises = staff.may(Power.SUPERVISE)
    made = []
    for note in notes:
        mine, gone = note.staff_id == staff.id, ""
        if note.emptied_at:
            gone = "The post was deleted, and the words of this note went with it."
        elif note.mention_id in withdrawn and not supervises:
            gone = "Kept under legal hold; a supervisor can read it."
        told = [(people.get(one.staff_id, "somebody"), one.read_at is not None) for one in named.get(note.id or 0, [])]
        made.append(
            ShownNote(
                id=note.id or 0,
                who=people.get(note.staff_id, "somebody"),
                at=note.at,
                edited_at=note.edited_at,
                text="" if gone else note.text,
                gone=gone,
                mine=mine and not gone and not note.legal_hold_at,
                removable=(mine or supervises) and not note.legal_hold_at,
                on_hold=note.legal_hold_at is not None,
                told=told,
                unclear=named_in(note.text, colleagues).unclear if mine and not gone else (),
                unread=any(one.staff_id == staff.id and one.read_at is None for one in named.get(note.id or 0, [])),
            )
        )
    return made


def _withdrawn(session: Session, notes: Sequence[Note]) -> set[int]:
    """Mentions whose post is gone, among those these notes are about."""
    about = select(Mention.id).where(col(Mention.id).in_({note.mention_id for note in notes}))
    return {one or 0 for one in session.exec(about.where(Mention.state == "withdrawn")).all()}
