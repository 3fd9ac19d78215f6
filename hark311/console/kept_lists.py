"""Lists that supervisors keep: nothing on one is changed; it ends, and another entry begins under its own name."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import Request
from sqlmodel import Session, col, select
from starlette.responses import Response

from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.queries import names_of_staff
from hark311.console.visits import Submission, Visitor
from models import BannedPhrase, StatusRule, record
from responders.review import NotFound

LONGEST = 120
"""Characters of one phrase."""

Entry = BannedPhrase | StatusRule
Kept = TypeVar("Kept", BannedPhrase, StatusRule)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an entry was not kept, and what was typed. `entry_id`: of the one it was to replace; 0 for a new one."""

    reasons: list[str]
    entry_id: int = 0
    typed: dict[str, str] = field(default_factory=dict)


def typed_fields(sent: Submission, names: Sequence[str]) -> dict[str, str]:
    """What was typed into these fields, on one line each."""
    return {name: " ".join(sent.text(name).split()) for name in names}


def in_force(session: Session, table: type[Kept], entry_id: int) -> Kept:
    """The entry as it stands on the list, locked. Raises NotFound."""
    found = session.exec(
        select(table).where(table.id == entry_id, col(table.ended_at).is_(None)).with_for_update()
    ).first()
    if found is None:
        raise NotFound("There is no such phrase on the list.")
    return found


def end(session: Session, console: Console, sent: Submission, entry: Entry) -> None:
    """Take an entry off its list; it stays on record."""
    entry.ended_at, entry.ended_by = console.now(), sent.visitor.id
    _note(session, console, sent, entry, "taken off the list")


def begin(session: Session, console: Console, sent: Submission, entry: Entry, instead_of: Entry | None) -> None:
    """Put an entry on its list, in the place of another one or beside them all."""
    if instead_of is not None:
        end(session, console, sent, instead_of)
    session.add(entry)
    session.flush()
    _note(session, console, sent, entry, "put on the list")


def show(
    request: Request,
    console: Console,
    visitor: Visitor,
    template: str,
    entries: Sequence[Entry],
    refused: Refused | None,
    **context: Any,
) -> Response:
    """The page of a list, with who put each entry there."""
    with console.product.database.read() as session:
        people = names_of_staff(session, [one.by for one in entries])
    status = 422 if refused else 200
    shown = {"entries": entries, "people": people, "refused": refused, "longest": LONGEST} | context
    return signed_in_page(request, console, visitor, template, status, **shown)


def _note(session: Session, console: Console, sent: Submission, entry: Entry, what: str) -> None:
    session.add(entry)
    record(session, type(entry).__name__, entry.id or 0, f"staff:{sent.visitor.id}", what, console.now())
