"""What colleagues write to each other about a mention. Never sent to anybody outside the desk."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select, text

from models.database import UTCDateTime
from models.staff import StaffUser
from models.transitions import record

LONGEST_NOTE = 4000


class Note(SQLModel, table=True):
    """One internal note. It may quote a resident, so it goes when their post goes (invariant 6).

    `emptied_at`: when its words were taken out because a post was deleted. A note under legal hold keeps them until the
    hold ends (`due_at`), and only supervisors read it once no post is left.
    """

    __table_args__ = (Index("ix_note_mention", "mention_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id")
    staff_id: int = Field(foreign_key="staff_user.id")
    text: str
    at: datetime = Field(sa_type=UTCDateTime)
    edited_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    removed_by: int | None = Field(default=None, description="StaffUser.id")
    legal_hold_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    legal_hold_by: int | None = Field(default=None, description="StaffUser.id of the supervisor who put it on hold")
    emptied_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    due_at: datetime | None = Field(
        default=None, sa_type=UTCDateTime, description="when its words were to go, had a legal hold not kept them"
    )


class NamedInNote(SQLModel, table=True):
    """A colleague whom a note names, and when they said that they have read it."""

    __tablename__ = "named_in_note"
    __table_args__ = (
        UniqueConstraint("note_id", "staff_id"),
        Index(
            "ix_named_in_note_unread",
            "staff_id",
            "note_id",
            sqlite_where=text("read_at IS NULL"),
            postgresql_where=text("read_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    note_id: int = Field(foreign_key="note.id")
    staff_id: int = Field(foreign_key="staff_user.id")
    read_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


@dataclass(frozen=True, slots=True)
class Named:
    """Whom a text names: the people meant, and the names that several people go by, as they were written."""

    people: tuple[int, ...] = ()
    unclear: tuple[str, ...] = ()


_AFTER_AT = re.compile(r"(?<![\w@.])@(?=[\w])")


def named_in(written: str, staff: Iterable[StaffUser]) -> Named:
    """Who stands behind each @ of a text: a user name, a full name, or a first name that one person alone has.

    The longest name that fits counts. An @ that is nobody here (a resident's handle) is left as it is.
    """
    by_name: dict[str, set[int]] = {}
    for one in staff:
        if not (one.active and one.id):
            continue
        full = " ".join(one.display_name.split())
        for name in {one.username, full, full.replace(" ", ""), full.partition(" ")[0]}:
            by_name.setdefault(name.casefold(), set()).add(one.id)
        by_name[one.username.casefold()] = {one.id}  # a user name is one person's, whoever else is called so
    names = sorted(filter(None, by_name), key=len, reverse=True)
    people: dict[int, None] = {}
    unclear: dict[str, None] = {}
    for at in _AFTER_AT.finditer(written):
        rest = written[at.end() :]
        called = next((one for one in names if _begins_with(rest, one)), None)
        if called is None:
            continue
        meant = by_name[called]
        if len(meant) == 1:
            people[next(iter(meant))] = None
        else:
            unclear["@" + rest[: len(called)]] = None
    return Named(tuple(people), tuple(unclear))


def _begins_with(rest: str, name: str) -> bool:
    following = rest[len(name) : len(name) + 1]
    return rest[: len(name)].casefold() == name and not (following.isalnum() or following == "_")


def hash_of(words: str) -> str:
    """What the audit keeps of a text."""
    return sha256(words.encode()).hexdigest()


def forget_notes(session: Session, mention_id: int, by: str, at: datetime) -> int:
    """Take the words out of every note about a mention whose post was deleted; returns how many lost them.

    A note may tell the post in other words, so none is spared for not quoting it; one under legal hold keeps its words
    until the hold ends. The audit keeps a hash of each.
    """
    session.flush()
    notes: Sequence[Note] = session.exec(
        select(Note).where(Note.mention_id == mention_id, col(Note.emptied_at).is_(None))
    ).all()
    emptied = [note for note in notes if note.legal_hold_at is None]
    for note in notes:
        if note.legal_hold_at:
            note.due_at = note.due_at or at
        session.add(note)
    for note in emptied:
        record(session, "Note", note.id or 0, by, f"its words went with the post: sha256 {hash_of(note.text)}", at)
        note.text, note.emptied_at = "", at
    return len(emptied)
