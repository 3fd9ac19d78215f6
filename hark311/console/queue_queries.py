"""The queue: which mentions a view shows, fast with a million of them stored.

Every list is merged from streams, one for each (state, danger), each a range scan of the index on
(state, danger, received_at); no scan depends on how many mentions are stored. What no index holds (service, language,
account, a missing place) is sifted in Python from the next WINDOW mentions of the view; when they do not fill a page,
the page says how far it looked and offers to look on. Counts stop at COUNTED_TO.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Self

from sqlmodel import Session, and_, col, func, or_, select

from hark311.console.queries import COUNTED_TO, Count
from hark311.console.views import VIEWS, WAITING, Sieve, View
from models import (
    Account,
    Channel,
    Mention,
    MentionState,
    Need,
    Reply,
    ReplyState,
    RequestState,
    Service,
    ServiceRequest,
)
from models.mentions import Understanding

PAGE = 50
WINDOW = 2000
CHUNK = 250
COUNTED_WINDOW = 500

_PLACES = 10_000
"""A certainty has four places after the point (Understanding.certainty)."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OPEN_REQUESTS = (RequestState.DRAFT, RequestState.IN_REVIEW, RequestState.REFUSED)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mention stands in a view: danger, time of arrival, id, certainty. What a page link carries."""

    danger: bool
    received_at: datetime
    id: int
    certainty: float = 0.0

    def __str__(self) -> str:
        place = f"{int(self.danger)}.{(self.received_at - _EPOCH) // timedelta(microseconds=1)}.{self.id}"
        return f"{place}.{round(self.certainty * _PLACES)}" if self.certainty else place

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The place a page link names; None when it names none."""
        parts = text.split(".")
        if len(parts) not in (3, 4) or not all(part.isdecimal() and len(part) < 20 for part in parts):
            return None
        certainty = int(parts[3]) / _PLACES if len(parts) == 4 else 0.0
        try:
            return cls(parts[0] == "1", _EPOCH + timedelta(microseconds=int(parts[1])), int(parts[2]), certainty)
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class Filters:
    """What the person chose above the list. None means any."""

    channel: Channel | None = None
    account_id: int | None = None
    state: MentionState | None = None
    service_code: str | None = None
    language: str | None = None

    @property
    def sifting(self) -> bool:
        """Whether any of them is in no index."""
        return any((self.channel, self.account_id, self.service_code, self.language))


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a view. `after` continues it; `looked_at` says how far it looked before the page was full."""

    ids: list[int]
    after: Place | None
    looked_at: int | None = None


def find(session: Session, view: View, filters: Filters, staff_id: int, after: Place | None) -> Found:
    """The ids of one page of a view, in its order."""
    if filters.state:
        view = replace(view, states=tuple(state for state in view.states if state == filters.state))
    places = _places(session, view, staff_id, after)
    if not _needs_sifting(view, filters):
        page = list(islice(places, PAGE + 1))
        return Found([place.id for place in page[:PAGE]], page[PAGE - 1] if len(page) > PAGE else None)
    return _sifted(session, view, filters, places)


def _sifted(session: Session, view: View, filters: Filters, places: Iterator[Place]) -> Found:
    kept: list[Place] = []
    looked_at, last = 0, None
    while looked_at < WINDOW:
        chunk = list(islice(places, CHUNK))
        if not chunk:
            return Found([place.id for place in kept], None)
        fitting = _fitting(session, view, filters, [place.id for place in chunk])
        for place in chunk:
            looked_at, last = looked_at + 1, place
            if place.id in fitting:
                kept.append(place)
            if len(kept) == PAGE:
                return Found([one.id for one in kept], place)
    return Found([place.id for place in kept], last, looked_at)


def counts(session: Session, staff_id: int) -> dict[str, Count]:
    """How many mentions each view holds, counted no further than COUNTED_TO."""
    return {view.key: count(session, view, staff_id) for view in VIEWS}


def arriving(session: Session) -> Count:
    """Mentions stored and not drafted yet; what waits from before we began is not on its way to the desk."""
    read = _count_states(session, (MentionState.UNDERSTOOD,))
    return _capped(read + _count_states(session, (MentionState.RECEIVED,), col(Mention.needs_understanding)))


def next_waiting(session: Session, staff_id: int, now: datetime, besides: int) -> int | None:
    """The mention to open next: the first that waits and nobody else holds."""
    by_id = {}
    for place in islice(_streams(session, WAITING, (True, False), None, False, []), 25):
        if place.id != besides:
            by_id[place.id] = place
    if not by_id:
        return None
    free = select(Mention.id).where(
        col(Mention.id).in_(by_id),
        or_(
            Mention.state == MentionState.DRAFTED,
            Mention.claimed_by == staff_id,
            col(Mention.claimed_until) <= now,
        ),
    )
    allowed = set(session.exec(free).all())
    return next((mention_id for mention_id in by_id if mention_id in allowed), None)


def count(session: Session, view: View, staff_id: int) -> Count:
    """How many mentions a view holds, counted to COUNTED_TO; sifted ones among the first COUNTED_WINDOW."""
    if view.sieve in (Sieve.UNCERTAIN, Sieve.REFUSED):
        return _capped(len(_in_doubt(session, view, COUNTED_TO + 1)))
    if view.sieve is Sieve.MINE:
        return _capped(_count_states(session, view.states, col(Mention.claimed_by) == staff_id))
    if view.sieve is None:
        danger = [col(Mention.danger).is_(True)] if view.danger_only else []
        return _capped(_count_states(session, view.states, *danger))
    places = list(islice(_places(session, view, staff_id, None), COUNTED_WINDOW + 1))
    fitting = _fitting(session, view, Filters(), [place.id for place in places[:COUNTED_WINDOW]])
    return Count(len(fitting), len(places) > COUNTED_WINDOW)


def _count_states(session: Session, states: Sequence[MentionState], *where: Any) -> int:
    ids = select(Mention.id).where(col(Mention.state).in_(states), *where).limit(COUNTED_TO + 1)
    return session.exec(select(func.count()).select_from(ids.subquery())).one()


def _capped(found: int) -> Count:
    return Count(min(found, COUNTED_TO), found > COUNTED_TO)


def _needs_sifting(view: View, filters: Filters) -> bool:
    return filters.sifting or view.sieve in (Sieve.NEEDS_PLACE, Sieve.CANNOT_REPLY)


def _places(session: Session, view: View, staff_id: int, after: Place | None) -> Iterator[Place]:
    """Every mention of a view before sifting, in its order, read in chunks."""
    if view.sieve in (Sieve.UNCERTAIN, Sieve.REFUSED):
        return (place for place in _in_doubt(session, view, WINDOW) if not after or _order(place) > _order(after))
    if view.least_certain_first:
        streams = [_least_certain(session, state, after) for state in view.states]
        return heapq.merge(*streams, key=lambda place: (place.certainty, place.id))
    where = [col(Mention.claimed_by) == staff_id] if view.sieve is Sieve.MINE else []
    dangers = (True,) if view.danger_only else (True, False)
    return _streams(session, view.states, dangers, after, view.newest_first, where)


def _streams(
    session: Session,
    states: Sequence[MentionState],
    dangers: Sequence[bool],
    after: Place | None,
    newest_first: bool,
    where: list[Any],
) -> Iterator[Place]:
    merged: list[Iterator[Place]] = []
    for danger in dangers:
        streams = [_stream(session, state, danger, after, newest_first, where) for state in states]
        merged.append(heapq.merge(*streams, key=_by_time, reverse=newest_first))
    if newest_first:
        return heapq.merge(*merged, key=_by_time, reverse=True)
    return (place for stream in merged for place in stream)  # danger comes first in `dangers`


def _by_time(place: Place) -> tuple[datetime, int]:
    return place.received_at, place.id


def _stream(
    session: Session,
    state: MentionState,
    danger: bool,
    after: Place | None,
    newest_first: bool,
    where: list[Any],
) -> Iterator[Place]:
    """The mentions of one state and danger in order, a chunk at a time: one range scan of ix_mention_queue each."""
    if after and not newest_first and danger != after.danger:
        if danger:
            return
        after = None
    limit = PAGE + 1  # enough for most pages; sifting reads on in larger steps
    while True:
        query = select(Mention.received_at, Mention.id).where(
            Mention.state == state, col(Mention.danger).is_(danger), *where
        )
        if after:
            query = query.where(_beyond(after, newest_first))
        time, number = col(Mention.received_at), col(Mention.id)
        query = query.order_by(*((time.desc(), number.desc()) if newest_first else (time, number)))
        rows = session.exec(query.limit(limit)).all()
        for received_at, mention_id in rows:
            after = Place(danger, received_at, mention_id or 0)
            yield after
        if len(rows) < limit:
            return
        limit = CHUNK


def _least_certain(session: Session, state: MentionState, after: Place | None) -> Iterator[Place]:
    """The mentions of one state, the least certain first: range scans of ix_mention_certainty."""
    limit = PAGE + 1
    certainty, number = col(Mention.certainty), col(Mention.id)
    while True:
        query = select(Mention.danger, Mention.received_at, Mention.id, Mention.certainty).where(Mention.state == state)
        if after:
            beyond = or_(certainty > after.certainty, number > after.id)
            query = query.where(and_(certainty >= after.certainty, beyond))
        rows = session.exec(query.order_by(certainty, number).limit(limit)).all()
        for danger, received_at, mention_id, sure in rows:
            after = Place(danger, received_at, mention_id or 0, sure)
            yield after
        if len(rows) < limit:
            return
        limit = CHUNK


def _beyond(after: Place, newest_first: bool) -> Any:
    time, number = col(Mention.received_at), col(Mention.id)
    if newest_first:
        return and_(time <= after.received_at, or_(time < after.received_at, number < after.id))
    return and_(time >= after.received_at, or_(time > after.received_at, number > after.id))


def _in_doubt(session: Session, view: View, limit: int) -> list[Place]:
    """The mentions with a reply or request in doubt, or refused. By their nature few, so they are sorted here."""
    uncertain = view.sieve is Sieve.UNCERTAIN
    reply_state = ReplyState.UNCERTAIN if uncertain else ReplyState.FAILED
    request_state = RequestState.UNCERTAIN if uncertain else RequestState.REFUSED
    replies = select(Reply.mention_id).where(Reply.state == reply_state).limit(limit)
    requests = select(ServiceRequest.mention_id).where(ServiceRequest.state == request_state).limit(limit)
    ids = {*session.exec(replies).all(), *session.exec(requests).all()}
    if not ids:
        return []
    rows = session.exec(
        select(Mention.state, Mention.danger, Mention.received_at, Mention.id).where(col(Mention.id).in_(ids))
    ).all()
    places = (Place(danger, at, number or 0) for state, danger, at, number in rows if state in view.states)
    return sorted(places, key=_order)


def _order(place: Place) -> tuple[bool, datetime, int]:
    return not place.danger, place.received_at, place.id


def _fitting(session: Session, view: View, filters: Filters, ids: Sequence[int]) -> set[int]:
    """Which of some mentions pass a view's sieve and the chosen filters."""
    fitting = set(ids)
    if not fitting:
        return fitting
    if filters.channel or filters.account_id:
        fitting &= _on_accounts(session, filters, ids)
    if view.sieve is Sieve.CANNOT_REPLY:
        silent = or_(col(Mention.may_reply).is_(False), col(Mention.addressed).is_(False))
        fitting &= _ids(session, select(Mention.id).where(col(Mention.id).in_(ids), silent))
    if view.sieve is Sieve.NEEDS_PLACE:
        fitting &= _without_place(session, ids)
    if filters.service_code or filters.language:
        fitting &= _understood_as(session, filters, ids)
    return fitting


def _on_accounts(session: Session, filters: Filters, ids: Sequence[int]) -> set[int]:
    query = select(Mention.id).where(col(Mention.id).in_(ids))
    if filters.account_id:
        query = query.where(Mention.account_id == filters.account_id)
    if filters.channel:
        accounts = session.exec(select(Account.id).where(Account.channel == filters.channel)).all()
        query = query.where(col(Mention.account_id).in_(accounts))
    return _ids(session, query)


def _without_place(session: Session, ids: Sequence[int]) -> set[int]:
    found = session.exec(
        select(ServiceRequest.mention_id)
        .join(Service, col(Service.service_code) == ServiceRequest.service_code)
        .where(
            col(ServiceRequest.mention_id).in_(ids),
            col(ServiceRequest.state).in_(_OPEN_REQUESTS),
            ServiceRequest.address_string == "",
            col(ServiceRequest.lat).is_(None),
            Service.needs != Need.NOTHING,
        )
    ).all()
    return set(found)


def _understood_as(session: Session, filters: Filters, ids: Sequence[int]) -> set[int]:
    newest = (
        select(func.max(Understanding.id))
        .where(col(Understanding.mention_id).in_(ids))
        .group_by(col(Understanding.mention_id))
    )
    rows = session.exec(
        select(Understanding.mention_id, Understanding.service_code, Understanding.language).where(
            col(Understanding.id).in_(newest)
        )
    ).all()
    drafted = dict(
        session.exec(
            select(ServiceRequest.mention_id, ServiceRequest.service_code).where(
                col(ServiceRequest.mention_id).in_(ids), ServiceRequest.state != RequestState.CANCELLED
            )
        ).all()
    )
    return {
        mention_id
        for mention_id, service_code, language in rows
        if (not filters.language or language == filters.language)
        and (not filters.service_code or (drafted.get(mention_id) or service_code) == filters.service_code)
    }


def _ids(session: Session, query: Any) -> set[int]:
    return set(_numbers(session.exec(query).all()))


def _numbers(found: Iterable[int | None]) -> Iterator[int]:
    return (one for one in found if one is not None)
