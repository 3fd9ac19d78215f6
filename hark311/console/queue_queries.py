"""The queue: which mentions a view shows and how many, fast with a million of them stored.

What no index holds is sifted from the next WINDOW mentions of the list; when they do not fill a page, the page says how
far it looked and offers to look on. Counts stop at COUNTED_TO, and at COUNTED_WINDOW where they are sifted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select

from hark311.console import queue_streams
from hark311.console.queries import COUNTED_TO, Count
from hark311.console.queue_filters import Filters, all_of, cannot_reply, without_place
from hark311.console.queue_streams import Place, Placed
from hark311.console.views import VIEWS, WAITING, Sieve, View
from models import Mention, MentionState, Reply, ReplyState, RequestState, ServiceRequest
from models.search import matching, numbered

PAGE = 50
WINDOW = 3_000
WORDS_WINDOW = 400
"""Of the mentions that hold the words looked for."""
COUNTED_WINDOW = 500

LISTED = (Sieve.UNCERTAIN, Sieve.REFUSED, Sieve.PROMISED)
"""Views whose mentions are found by their replies or requests."""

Conditions = Sequence[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a view. `after` continues it; `looked_at` says how far it looked before the page was full."""

    ids: list[int]
    after: Place | None
    looked_at: int | None = None


def find(
    session: Session, view: View, filters: Filters, staff_id: int, after: Place | None, scope: Conditions = ()
) -> Found:
    """The ids of one page of a view, in its order, or of what was looked for, the newest first.

    `scope`: what the person may see of it, as conditions on Mention (Scope.where).
    """
    asked = [*filters.conditions(), *_sieve(view, staff_id), *scope]
    first = _by_number(session, view, filters, asked) if filters.words and after is None else []
    kept: list[Place] = []
    looked_at, last = 0, None
    for place, fits in _placed(session, view, filters, asked, staff_id, after):
        looked_at, last = looked_at + 1, place
        if fits and place.id not in first:
            kept.append(place)
        if len(kept) > PAGE:
            return Found(first + [one.id for one in kept[:PAGE]], kept[PAGE - 1])
        if looked_at == (WORDS_WINDOW if filters.words else WINDOW):
            return Found(first + [one.id for one in kept], last, looked_at)
    return Found(first + [one.id for one in kept], None)


def _placed(
    session: Session, view: View, filters: Filters, asked: Conditions, staff_id: int, after: Place | None
) -> Iterator[Placed]:
    """Every mention of a view in its order, each with whether it fits."""
    states = _states(view, filters)
    fits = all_of(asked)
    if filters.words:
        return queue_streams.with_words(session, filters.words, _of(view, states, asked), after, WORDS_WINDOW)
    if view.sieve in LISTED:
        return iter([one for one in _in_doubt(session, view, states, fits) if not after or one[0].order > after.order])
    if view.least_certain_first:
        return queue_streams.least_certain(session, states, fits, after)
    if view.newest_first and (driver := filters.driver()) is not None:
        return queue_streams.newest_by(session, driver, _of(view, states, asked), after)
    dangers = (True,) if view.danger_only else (True, False)
    held = [col(Mention.claimed_by) == staff_id] if view.sieve is Sieve.MINE else []
    in_order = queue_streams.newest_first if view.newest_first else queue_streams.in_turn
    return in_order(session, states, dangers, held, fits, after)


def _states(view: View, filters: Filters) -> tuple[MentionState, ...]:
    return tuple(state for state in view.states if state == filters.state) if filters.state else view.states


def _of(view: View, states: Sequence[MentionState], asked: Conditions) -> ColumnElement[bool]:
    """What makes a mention one of a view, where its state has not been asked for yet."""
    danger = [col(Mention.danger).is_(True)] if view.danger_only else []
    some = [col(Mention.state).in_(states)] if len(states) < len(MentionState) else []
    return all_of([*some, *danger, *asked])


def _sieve(view: View, staff_id: int) -> list[ColumnElement[bool]]:
    """What a view asks of a mention besides its state, where no list of its own is kept for that."""
    if view.sieve is Sieve.CANNOT_REPLY:
        return [cannot_reply()]
    if view.sieve is Sieve.NEEDS_PLACE:
        return [without_place()]
    if view.sieve is Sieve.SECOND_KEY:
        return [col(Mention.second_key).is_(True)]
    if view.sieve is Sieve.ASSIGNED:
        return [col(Mention.assigned_to) == staff_id]
    return []


def _by_number(session: Session, view: View, filters: Filters, asked: Conditions) -> list[int]:
    """The mentions whose request has the number that was typed."""
    ids = numbered(session, filters.words)
    if not ids:
        return []
    fitting = select(Mention.id).where(col(Mention.id).in_(ids), _of(view, _states(view, filters), asked))
    allowed = set(session.exec(fitting).all())
    return [one for one in ids if one in allowed]


def counts(session: Session, staff_id: int, scope: Conditions = ()) -> dict[str, Count]:
    """How many mentions each view holds, counted no further than COUNTED_TO."""
    return {view.key: count(session, view, staff_id, scope=scope) for view in VIEWS}


def count(session: Session, view: View, staff_id: int, filters: Filters | None = None, scope: Conditions = ()) -> Count:
    """How many mentions a view holds, counted to COUNTED_TO; sifted ones among the first COUNTED_WINDOW."""
    filters = filters or Filters()
    asked = [*filters.conditions(), *_sieve(view, staff_id), *scope]
    states = _states(view, filters)
    if view.sieve in LISTED:
        return _capped(sum(fits for _, fits in _in_doubt(session, view, states, all_of(asked))))
    held = [col(Mention.claimed_by) == staff_id] if view.sieve is Sieve.MINE else []
    few = [] if scope or filters.chosen else _few(view, staff_id)
    if few or not (asked or filters.words):
        danger = [col(Mention.danger).is_(True)] if view.danger_only else []
        return _capped(_count_states(session, states, *danger, *held, *few))
    first = _first(session, view, filters, asked, held)
    return Count(sum(first[:COUNTED_WINDOW]), len(first) > COUNTED_WINDOW)


def _first(session: Session, view: View, filters: Filters, asked: Conditions, held: Conditions) -> list[bool]:
    """Of the first COUNTED_WINDOW mentions and one more, whether each fits what was asked."""
    states = _states(view, filters)
    driver = filters.driver() if view.newest_first else None
    fits = _of(view, states, asked)
    if filters.words:
        query = select(fits).where(col(Mention.id).in_(matching(session, filters.words, None, COUNTED_WINDOW + 1)))
    elif driver is not None:
        query = select(fits).where(driver)
    else:
        query = select(fits).where(col(Mention.state).in_(states), *held)
    return [bool(one) for one in session.exec(query.limit(COUNTED_WINDOW + 1)).all()]


def _few(view: View, staff_id: int) -> list[ColumnElement[bool]]:
    """What a view asks that an index answers by itself."""
    if view.sieve is Sieve.SECOND_KEY:
        return [col(Mention.handed_on_at).is_not(None), col(Mention.second_key).is_(True)]
    return [col(Mention.assigned_to) == staff_id] if view.sieve is Sieve.ASSIGNED else []


def arriving(session: Session) -> Count:
    """Mentions stored and not drafted yet; what waits from before we began is not on its way to the desk."""
    read = _count_states(session, (MentionState.UNDERSTOOD,))
    return _capped(read + _count_states(session, (MentionState.RECEIVED,), col(Mention.needs_understanding)))


def next_waiting(session: Session, staff_id: int, now: datetime, besides: int, scope: Conditions = ()) -> int | None:
    """The mention to open next: the first that waits and nobody else holds, and that is not another person's turn."""
    turn = queue_streams.in_turn(session, WAITING, (True, False), [], all_of(scope), None)
    by_id = [place.id for place, fits in islice(turn, 250) if fits and place.id != besides][:25]
    if not by_id:
        return None
    free = select(Mention.id).where(
        col(Mention.id).in_(by_id),
        or_(col(Mention.handed_on_by).is_(None), Mention.handed_on_by != staff_id),
        or_(
            Mention.state == MentionState.DRAFTED,
            Mention.claimed_by == staff_id,
            col(Mention.claimed_until) <= now,
        ),
    )
    allowed = set(session.exec(free).all())
    return next((mention_id for mention_id in by_id if mention_id in allowed), None)


def _count_states(session: Session, states: Sequence[MentionState], *where: Any) -> int:
    ids = select(Mention.id).where(col(Mention.state).in_(states), *where).limit(COUNTED_TO + 1)
    return session.exec(select(func.count()).select_from(ids.subquery())).one()


def _capped(found: int) -> Count:
    return Count(min(found, COUNTED_TO), found > COUNTED_TO)


def _in_doubt(session: Session, view: View, states: Sequence[MentionState], fits: ColumnElement[bool]) -> list[Placed]:
    """The mentions of a view whose replies or requests say that they are its own. Few, so they are sorted here."""
    if view.sieve is Sieve.PROMISED:
        marked = select(ServiceRequest.mention_id).where(col(ServiceRequest.promise_mark).is_not(None))
        soonest = marked.order_by(col(ServiceRequest.promised_datetime)).limit(WINDOW)
        return _sorted(session, set(session.exec(soonest).all()), states, fits)
    uncertain = view.sieve is Sieve.UNCERTAIN
    reply_state = ReplyState.UNCERTAIN if uncertain else ReplyState.FAILED
    request_state = RequestState.UNCERTAIN if uncertain else RequestState.REFUSED
    replies = (
        select(Reply.mention_id).where(Reply.state == reply_state, col(Reply.mention_id).is_not(None)).limit(WINDOW)
    )
    requests = select(ServiceRequest.mention_id).where(ServiceRequest.state == request_state).limit(WINDOW)
    return _sorted(session, {*session.exec(replies).all(), *session.exec(requests).all()}, states, fits)


def _sorted(session: Session, ids: set[int], states: Sequence[MentionState], fits: ColumnElement[bool]) -> list[Placed]:
    if not ids:
        return []
    rows = session.exec(select(Mention, fits).where(col(Mention.id).in_(ids), col(Mention.state).in_(states))).all()
    places = [
        (Place(one.danger, one.promised_at or one.received_at, one.id or 0, promised=bool(one.promised_at)), bool(fit))
        for one, fit in rows
    ]
    return sorted(places, key=lambda one: one[0].order)
