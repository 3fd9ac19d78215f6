"""Pages of whom to call: everybody reads them, supervisors keep them right and say when they made sure of a number.

One set of pages for every table of such contacts; `referral_pages` says which there are.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from fastapi import APIRouter, Request
from sqlmodel import Session, select
from starlette.responses import RedirectResponse, Response

from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.queries import names_of_staff
from hark311.console.visits import ConsoleHere, Submission, Supervising, Viewing, Visitor
from models import Referral, RoadOwner, record
from responders.review import NotFound

Contact = TypeVar("Contact", Referral, RoadOwner)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a contact that a supervisor writes. `missing`: how its absence is said; `longest` in characters."""

    name: str
    label: str
    longest: int
    missing: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Book(Generic[Contact]):
    """One table of contacts and its pages. `key` is the column that names a contact.

    `yes_no`: the column that a supervisor answers with yes or no, and the question; `unexplained`: keys that stand in
    the city's data and in no contact yet, which may be written in.
    """

    path: str
    model: type[Contact]
    key: str
    title: str
    intro: str
    link: tuple[str, str]
    lines: Sequence[Line]
    yes_no: tuple[str, str] = ("", "")
    unexplained: Callable[[Session, Console], Collection[str]] = lambda _session, _console: ()

    def key_of(self, contact: Contact) -> str:
        """What names a contact."""
        return str(getattr(contact, self.key))

    @staticmethod
    def anchor(key: str) -> str:
        """A contact's place on the page: codes hold blanks and slashes, which no address of a page may."""
        return re.sub(r"\W+", "-", key)

    def heading(self, contact: Contact) -> str:
        """What a contact is called on the page."""
        return str(getattr(contact, "name", "")) or self.key_of(contact).replace("_", " ").capitalize()

    def blank(self, key: str) -> Contact:
        """A contact of which nothing is known but its key."""
        empty = {line.name: "" for line in self.lines} | ({self.yes_no[0]: False} if self.yes_no[0] else {})
        return self.model.model_validate({self.key: key, **empty})


@dataclass(frozen=True, slots=True)
class Refused:
    """Why one contact was not changed, and what was typed for it."""

    key: str
    reasons: list[str]
    typed: dict[str, str]


def pages_of(book: Book[Contact]) -> APIRouter:
    """Show all contacts of a book, change one, say that one was checked."""
    router = APIRouter(prefix=book.path)

    @router.get("")
    def show(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
        return _show(book, request, console, visitor)

    @router.post("/{key:path}/checked")
    def checked(request: Request, console: ConsoleHere, sent: Supervising, key: str) -> Response:
        """A supervisor made sure today that the number is right: the one that stood on their page."""
        return _checked(book, request, console, sent, key)

    @router.post("/{key:path}")
    def change(request: Request, console: ConsoleHere, sent: Supervising, key: str) -> Response:
        """Change what stands there. A changed number is one that nobody has checked."""
        return _change(book, request, console, sent, key)

    return router


def _change(book: Book[Contact], request: Request, console: Console, sent: Submission, key: str) -> Response:
    typed = {line.name: " ".join(sent.text(line.name).split()) for line in book.lines}
    reasons = [f"{line.missing} is missing." for line in book.lines if line.required and not typed[line.name]]
    reasons += [
        f"{line.missing} has {len(typed[line.name])} characters; {line.longest} are the most."
        for line in book.lines
        if len(typed[line.name]) > line.longest
    ]
    if reasons:
        return _show(book, request, console, sent.visitor, Refused(key, reasons, typed))
    with console.product.database.write() as session:
        contact = session.get(book.model, key, with_for_update=True)
        if contact is None and key in book.unexplained(session, console):
            contact = book.blank(key)
        if contact is None:
            raise NotFound(f"There is no contact for {key}.")
        _write(book, session, console, sent, contact, typed)
    return RedirectResponse(f"{book.path}#{book.anchor(key)}", status_code=303)


def _write(
    book: Book[Contact], session: Session, console: Console, sent: Submission, contact: Contact, typed: dict[str, str]
) -> None:
    values: dict[str, str | bool] = dict(typed)
    if book.yes_no[0]:
        values[book.yes_no[0]] = sent.text(book.yes_no[0]) == "yes"
    before = f"{contact.call}, {contact.number}"
    changed = [name for name, value in values.items() if getattr(contact, name) != value]
    for name in changed:
        setattr(contact, name, values[name])
    if {"number", "call"} & set(changed):
        contact.checked_on = contact.checked_by = None
    if changed:
        session.add(contact)
        after, why = f"{contact.call}, {contact.number}", f"{book.key_of(contact)}: changed {', '.join(changed)}"
        record(session, book.model.__name__, 0, _by(sent), why, console.now(), before, after)


def _checked(book: Book[Contact], request: Request, console: Console, sent: Submission, key: str) -> Response:
    with console.product.database.write() as session:
        contact = session.get(book.model, key, with_for_update=True)
        if contact is None:
            raise NotFound(f"There is no contact for {key}.")
        meant = contact.number == sent.text("number")
        if meant:
            contact.checked_on = console.city_time.today(console.now())
            contact.checked_by = sent.visitor.id
            session.add(contact)
            record(
                session, book.model.__name__, 0, _by(sent), f"{key}: checked {contact.number}".strip(), console.now()
            )
    if not meant:
        said = ["Somebody changed the number meanwhile. Check the one that stands here now."]
        return _show(book, request, console, sent.visitor, Refused(key, said, {}))
    return RedirectResponse(f"{book.path}#{book.anchor(key)}", status_code=303)


def _by(sent: Submission) -> str:
    return f"staff:{sent.visitor.id}"


def _show(
    book: Book[Contact], request: Request, console: Console, visitor: Visitor, refused: Refused | None = None
) -> Response:
    with console.product.database.read() as session:
        contacts = sorted(session.exec(select(book.model)).all(), key=book.key_of)
        people = names_of_staff(session, [one.checked_by for one in contacts])
        known = {book.key_of(one) for one in contacts}
        unexplained = sorted(set(book.unexplained(session, console)) - known)
    return signed_in_page(
        request,
        console,
        visitor,
        "contacts.html",
        422 if refused else 200,
        book=book,
        contacts=contacts,
        unexplained=[book.blank(key) for key in unexplained],
        people=people,
        refused=refused,
    )
