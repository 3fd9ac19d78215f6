"""The queue's lists in their order, read a chunk at a time from indexes: danger, then promise, then age.

A list is merged from streams, one for each (state, danger, promised or not), each a range scan of one index; no scan
depends on how many mentions are stored. Every place says whether it fits what was asked (filters, the view's sieve,
the person's scope), judged by the database on the rows of the chunk alone.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from models import Mention, MentionState
from models.search import matching

FIRST_CHUNK = 51
"""A page and one more: enough for most pages."""
CHUNK = 1_000

_PLACES = 10_000
"""A certainty has four places after the point (Understanding.certainty)."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mention stands in a list: danger, time, id. What a page link carries.

    `at`: when it was promised for where `promised`, else when it came in. `certainty`: where that orders the list.
    """

    danger: bool
    at: datetime
    id: int
    certainty: float = 0.0
    promised: bool = False

    def __str__(self) -> str:
        kind = int(self.danger) + 2 * int(self.promised)
        place = f"{kind}.{(self.at - _EPOCH) // timedelta(microseconds=1)}.{self.id}"
        return f"{place}.{round(self.certainty * _PLACES)}" if self.certainty else place

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The place a page link names; None when it names none."""
        parts = text.split(".")
        if len(parts) not in (3, 4) or not all(part.isdecimal() and len(part) < 20 for part in parts):
            return None
        certainty = int(parts[3]) / _PLACES if len(parts) == 4 else 0.0
        kind = int(parts[0])
        try:
            at = _EPOCH + timedelta(microseconds=int(parts[1]))
        except OverflowError:
            return None
        return cls(kind % 2 == 1, at, int(parts[2]), certainty, kind in (2, 3))

    @property
    def order(self) -> tuple[bool, bool, datetime, int]:
        """Danger first, then what was promised, the soonest first, then who has waited longest."""
        return not self.danger, not self.promised, self.at, self.id


Placed = tuple[Place, bool]
"""A mention's place, and whether it fits what was asked."""
Read = Callable[[Place | None, int], Sequence[Placed]]


def in_turn(
    session: Session,
    states: Sequence[MentionState],
    dangers: Sequence[bool],
    where: Sequence[Any],
    fits: ColumnElement[bool],
    after: Place | None,
) -> Iterator[Placed]:
    """Danger first, then the promised by date, then by age, from `after` on."""
    for danger in dangers:
        for promised in (True, False):
            begin = after
            if after is not None:
                here, reached = (not danger, not promised), after.order[:2]
                if here < reached:
                    continue
                begin = after if here == reached else None
            streams = [_by_time(session, state, danger, promised, where, fits, begin) for state in states]
            yield from heapq.merge(*streams, key=lambda one: one[0].order)


def newest_first(
    session: Session,
    states: Sequence[MentionState],
    dangers: Sequence[bool],
    where: Sequence[Any],
    fits: ColumnElement[bool],
    after: Place | None,
) -> Iterator[Placed]:
    """The newest first, from `after` on."""
    streams = [
        _newest(session, [col(Mention.state) == state, col(Mention.danger).is_(danger), *where], fits, after)
        for danger in dangers
        for state in states
    ]
    return heapq.merge(*streams, key=lambda one: (one[0].at, one[0].id), reverse=True)


def newest_by(
    session: Session, driver: ColumnElement[bool], fits: ColumnElement[bool], after: Place | None
) -> Iterator[Placed]:
    """The newest first, whatever their state: one range scan of the index of a filter."""
    return _newest(session, [driver], fits, after)


def least_certain(
    session: Session, states: Sequence[MentionState], fits: ColumnElement[bool], after: Place | None
) -> Iterator[Placed]:
    """The mentions of some states, the least certain first."""
    streams = [_least_certain(session, state, fits, after) for state in states]
    return heapq.merge(*streams, key=lambda one: (one[0].certainty, one[0].id))


def _least_certain(
    session: Session, state: MentionState, fits: ColumnElement[bool], after: Place | None
) -> Iterator[Placed]:
    """The mentions of one state, the least certain first: range scans of ix_mention_certainty."""
    certainty, number = col(Mention.certainty), col(Mention.id)

    def read(after: Place | None, limit: int) -> list[Placed]:
        query = select(Mention.id, Mention.certainty, fits).where(Mention.state == state)
        if after:
            beyond = or_(certainty > after.certainty, number > after.id)
            query = query.where(and_(certainty >= after.certainty, beyond))
        rows = session.exec(query.order_by(certainty, number).limit(limit)).all()
        return [(Place(danger=False, at=_EPOCH, id=one or 0, certainty=sure), bool(fit)) for one, sure, fit in rows]

    return _chunks(read, after)


def with_words(
    session: Session, wanted: str, fits: ColumnElement[bool], after: Place | None, most: int
) -> Iterator[Placed]:
    """The newest mentions that hold all these words, `most` of them: by their ids, which rise as they come in."""
    ids = matching(session, wanted, after.id if after else None, FIRST_CHUNK)
    yield from _judged(session, ids, fits)
    if len(ids) == FIRST_CHUNK:
        more = matching(session, wanted, ids[-1], most)
        for begin in range(0, len(more), CHUNK):
            yield from _judged(session, more[begin : begin + CHUNK], fits)


def _judged(session: Session, ids: Sequence[int], fits: ColumnElement[bool]) -> list[Placed]:
    fitting = set(session.exec(select(Mention.id).where(col(Mention.id).in_(ids), fits)).all())
    return [(Place(danger=False, at=_EPOCH, id=one), one in fitting) for one in ids]


def _by_time(
    session: Session,
    state: MentionState,
    danger: bool,
    promised: bool,
    where: Sequence[Any],
    fits: ColumnElement[bool],
    after: Place | None,
) -> Iterator[Placed]:
    """The mentions of one state and danger by promise, or those without one by age."""
    time, number = col(Mention.promised_at if promised else Mention.received_at), col(Mention.id)
    kept = col(Mention.promised_at).is_not(None) if promised else col(Mention.promised_at).is_(None)

    def read(after: Place | None, limit: int) -> list[Placed]:
        query = select(time, Mention.id, fits)
        query = query.where(Mention.state == state, col(Mention.danger).is_(danger), kept, *where)
        if after:
            query = query.where(and_(time >= after.at, or_(time > after.at, number > after.id)))
        rows = session.exec(query.order_by(time, number).limit(limit)).all()
        return [(Place(danger, at or _EPOCH, one or 0, promised=promised), bool(fit)) for at, one, fit in rows]

    return _chunks(read, after)


def _newest(session: Session, where: Sequence[Any], fits: ColumnElement[bool], after: Place | None) -> Iterator[Placed]:
    time, number = col(Mention.received_at), col(Mention.id)

    def read(after: Place | None, limit: int) -> list[Placed]:
        query = select(Mention.danger, time, Mention.id, fits).where(*where)
        if after:
            query = query.where(and_(time <= after.at, or_(time < after.at, number < after.id)))
        rows = session.exec(query.order_by(time.desc(), number.desc()).limit(limit)).all()
        return [(Place(danger, at, one or 0), bool(fit)) for danger, at, one, fit in rows]

    return _chunks(read, after)


def _chunks(read: Read, after: Place | None) -> Iterator[Placed]:
    """What a query finds, a chunk at a time; the first is small, because most lists are read no further."""
    limit = FIRST_CHUNK
    while True:
        rows = read(after, limit)
        yield from rows
        if len(rows) < limit:
            return
        after, limit = rows[-1][0], CHUNK
