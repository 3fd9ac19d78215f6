"""What a person asks of the queue besides its view: filters, the words looked for, and the address they stand in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import ColumnElement
from sqlmodel import and_, col, exists, or_, select, true

from hark311.console import words
from models import (
    Account,
    Channel,
    Mention,
    MentionState,
    Need,
    NoticeState,
    RequestState,
    Service,
    ServiceRequest,
    StatusNotice,
)

LONGEST_WORDS = 200
NOBODY = 0
"""As an assignee: nobody."""

OPEN_REQUESTS = (RequestState.DRAFT, RequestState.IN_REVIEW, RequestState.REFUSED)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the person chose above the list. None means any; `words` are looked for in the posts."""

    channel: Channel | None = None
    account_id: int | None = None
    state: MentionState | None = None
    service_code: str | None = None
    language: str | None = None
    area: str | None = None
    assigned_to: int | None = None
    needs_place: bool = False
    cannot_reply: bool = False
    tells_news: bool = False
    words: str = ""

    @property
    def chosen(self) -> bool:
        """Whether anything was chosen at all."""
        return self != Filters()

    def conditions(self) -> list[ColumnElement[bool]]:
        """All but the state and the words, as conditions of a query on Mention."""
        found: list[ColumnElement[bool]] = []
        if self.channel:
            accounts = select(Account.id).where(Account.channel == self.channel)
            found.append(col(Mention.account_id).in_(accounts))
        if self.account_id:
            found.append(col(Mention.account_id) == self.account_id)
        if self.service_code:
            found.append(col(Mention.service_code) == self.service_code)
        if self.language:
            found.append(col(Mention.language) == self.language)
        if self.area:
            found.append(col(Mention.area) == self.area)
        if self.assigned_to is not None:
            nobody = self.assigned_to == NOBODY
            found.append(col(Mention.assigned_to).is_(None) if nobody else col(Mention.assigned_to) == self.assigned_to)
        if self.needs_place:
            found.append(without_place())
        if self.cannot_reply:
            found.append(cannot_reply())
        if self.tells_news:
            found.append(tells_news())
        return found

    def driver(self) -> ColumnElement[bool] | None:
        """The condition that narrows down most and has an index with the time; None where none has."""
        if self.assigned_to:
            return col(Mention.assigned_to) == self.assigned_to
        if self.area:
            return col(Mention.area) == self.area
        if self.service_code:
            return col(Mention.service_code) == self.service_code
        if self.language:
            return col(Mention.language) == self.language
        return col(Mention.account_id) == self.account_id if self.account_id else None


def without_place() -> ColumnElement[bool]:
    """A mention whose request is to be filed and does not say where."""
    found: ColumnElement[bool] = (
        exists()
        .where(
            col(ServiceRequest.mention_id) == Mention.id,
            col(ServiceRequest.state).in_(OPEN_REQUESTS),
            col(ServiceRequest.address_string) == "",
            col(ServiceRequest.lat).is_(None),
            col(Service.service_code) == ServiceRequest.service_code,
            col(Service.needs) != Need.NOTHING,
        )
        .correlate(Mention)
    )
    return found


def cannot_reply() -> ColumnElement[bool]:
    """A mention that may not be answered by the channel's API."""
    return or_(col(Mention.may_reply).is_(False), col(Mention.addressed).is_(False))


def tells_news() -> ColumnElement[bool]:
    """A mention whose reply tells what the city did."""
    found: ColumnElement[bool] = (
        exists()
        .where(col(StatusNotice.mention_id) == Mention.id, col(StatusNotice.state) == NoticeState.DRAFTED)
        .correlate(Mention)
    )
    return found


def all_of(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    """Several conditions as one; true where there are none."""
    return and_(*conditions) if conditions else true()


NAMES = ("q", "channel", "account", "state", "service", "language", "area", "assignee", "place", "reply", "news")
"""The filters as an address names them."""


def read_filters(given: dict[str, str]) -> Filters:
    """The filters that an address asks for. A value that names nothing is taken as absent."""
    channel, state, language = given.get("channel", ""), given.get("state", ""), given.get("language", "")
    assignee = given.get("assignee", "")
    return Filters(
        channel=Channel(channel) if channel in set(Channel) else None,
        account_id=_number(given.get("account", "")),
        state=MentionState(state) if state in set(MentionState) else None,
        service_code=given.get("service") or None,
        language=language if language in words.LANGUAGES or language == "und" else None,
        area=given.get("area") or None,
        assigned_to=NOBODY if assignee == "nobody" else _number(assignee),
        needs_place=given.get("place") == "missing",
        cannot_reply=given.get("reply") == "cannot",
        tells_news=given.get("news") == "city",
        words=" ".join(given.get("q", "").split())[:LONGEST_WORDS],
    )


def write_filters(filters: Filters) -> dict[str, str]:
    """The same filters as an address names them; those that are not chosen are left out."""
    nobody = filters.assigned_to == NOBODY and filters.assigned_to is not None
    written: dict[str, Any] = {
        "q": filters.words,
        "channel": filters.channel,
        "account": filters.account_id,
        "state": filters.state,
        "service": filters.service_code,
        "language": filters.language,
        "area": filters.area,
        "assignee": "nobody" if nobody else filters.assigned_to,
        "place": "missing" if filters.needs_place else "",
        "reply": "cannot" if filters.cannot_reply else "",
        "news": "city" if filters.tells_news else "",
    }
    return {name: str(value) for name, value in written.items() if value}


def normal_query(query: str, views: Sequence[str]) -> str:
    """A saved query with only what it may hold: a view that there is, and filters that name something."""
    given = dict(parse_qsl(query))
    kept = {"view": given["view"]} if given.get("view") in views else {}
    return urlencode(kept | write_filters(read_filters(given)))


def _number(text: str) -> int | None:
    return int(text) or None if text.isdecimal() and text.isascii() and len(text) < 10 else None
