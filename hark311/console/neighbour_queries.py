"""Who reported it already: what the neighbours card of a mention and the list of all alike show."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from hark311.console import words
from hark311.console.mention_queries import MentionPage
from hark311.console.queries import first_posts, latest_understandings
from hark311.console.views import WAITING
from models import (
    CHANNELS,
    Account,
    Author,
    Mention,
    MentionState,
    NeighbourRelation,
    NeighbourSuggestion,
    NeighbourVerdict,
    RequestState,
    Service,
    ServiceRequest,
)
from models.joined import followers, head_of

SHOWN = 5
LOOKED_THROUGH = 200
FOLLOWERS_SHOWN = 20
ALIKE_AT_MOST = 1000
_GONE = (RequestState.CANCELLED, RequestState.REFUSED)
_JOINABLE = (RequestState.DRAFT, RequestState.IN_REVIEW)


@dataclass(frozen=True, slots=True)
class Side:
    """One report as it stands beside another: who said what, when, where, and how it stands."""

    mention_id: int
    request_id: int
    author: str
    channel: str
    text: str
    tag: str
    received_at: datetime
    place: str
    service: str
    sign: words.Sign
    number: str
    followers: int


@dataclass(frozen=True, slots=True)
class Suggested:
    """A neighbour to compare with. `later`: it came after this one and would follow it, not the other way round.

    `follower_id` is the mention that would follow the request `target_id`. `said`: what a person has said about the
    two; "" for nothing yet.
    """

    side: Side
    follower_id: int
    target_id: int
    relation: NeighbourRelation
    reasons: Sequence[str]
    later: bool
    said: str
    score: float


@dataclass(frozen=True, slots=True)
class NeighbourCard:
    """`joined_to`: the number of what this is joined to. `head`: the same; None as well where its post was deleted.

    `follow`: those that are joined to this, the first of `follow_count`.

    `alike`: how many more mentions could be joined at once, all to `alike_to`.
    """

    head: Side | None
    joined_to: str
    follow: list[Side]
    follow_count: int
    suggested: list[Suggested]
    more: int
    alike: int
    alike_to: Side | None

    @property
    def empty(self) -> bool:
        return not (self.joined_to or self.follow or self.suggested)


@dataclass(frozen=True, slots=True)
class Alike:
    """Every mention that seems to tell the same as `head`, and waits."""

    head: Side
    sides: list[Side]
    at_most: bool


def neighbour_card(session: Session, page: MentionPage) -> NeighbourCard:
    """What a mention may repeat, what repeats it, and what it is joined to."""
    mine = page.first_request
    head = head_of(session, mine) if mine and mine.state == RequestState.JOINED else None
    own_ids = [mine.id or 0] if mine else []
    following = session.exec(
        select(ServiceRequest)
        .where(col(ServiceRequest.joined_to_id).in_(own_ids), ServiceRequest.state == RequestState.JOINED)
        .order_by(col(ServiceRequest.id))
        .limit(FOLLOWERS_SHOWN)
    ).all()
    found = _suggestions(session, page.mention, mine) if head is None else []
    shown = found[:SHOWN]
    requests = [*([head] if head else []), *following, *(request for request, _, _ in shown)]
    target = _gathers_around(session, mine, found) if head is None and page.open else None
    alike = _alike_ids(session, target) if target else []
    sides = _sides(session, [*requests, *([target] if target else [])])
    verdicts = _verdicts(session, page.mention.id or 0, own_ids)
    return NeighbourCard(
        head=sides.get(head.id or 0) if head else None,
        joined_to=_number(head) if head else "",
        follow=[sides[one.id or 0] for one in following if one.id in sides],
        follow_count=followers(session, own_ids).get(own_ids[0], 0) if own_ids else 0,
        suggested=[
            _suggested(sides[request.id or 0], row, later, verdicts)
            for request, row, later in shown
            if request.id in sides
        ],
        more=max(0, len(found) - SHOWN),
        alike=len(alike) if len(alike) > 1 else 0,
        alike_to=sides.get(target.id or 0) if target else None,
    )


def alike(session: Session, page: MentionPage) -> Alike | None:
    """Everything that could be joined at once with this mention; None where there is nothing."""
    mine = page.first_request
    target = _gathers_around(session, mine, _suggestions(session, page.mention, mine))
    if target is None:
        return None
    waiting = _alike_ids(session, target)
    requests = session.exec(
        select(ServiceRequest)
        .where(
            col(ServiceRequest.mention_id).in_(waiting),
            ServiceRequest.part == 1,
            col(ServiceRequest.state).in_(_JOINABLE),
        )
        .order_by(col(ServiceRequest.id))
    ).all()
    sides = _sides(session, [target, *requests])
    listed = [sides[one.id or 0] for one in requests if one.id in sides]
    return Alike(sides[target.id or 0], listed, len(listed) >= ALIKE_AT_MOST) if listed else None


def _suggestions(
    session: Session, mention: Mention, mine: ServiceRequest | None
) -> list[tuple[ServiceRequest, NeighbourSuggestion, bool]]:
    """(the other request, the suggestion, whether the other came later): the same first, then the surest."""
    different = _verdicts(session, mention.id or 0, [mine.id or 0] if mine else [])
    earlier = session.exec(
        select(NeighbourSuggestion, ServiceRequest)
        .join(ServiceRequest, col(ServiceRequest.id) == NeighbourSuggestion.request_id)
        .where(NeighbourSuggestion.mention_id == mention.id)
    ).all()
    later = session.exec(
        select(NeighbourSuggestion, ServiceRequest)
        .join(ServiceRequest, col(ServiceRequest.mention_id) == NeighbourSuggestion.mention_id)
        .where(
            NeighbourSuggestion.request_id == (mine.id if mine else None),
            ServiceRequest.part == 1,
        )
        .order_by(col(NeighbourSuggestion.score).desc())
        .limit(LOOKED_THROUGH)
    ).all()
    later = [one for one in later if one[1].state in _JOINABLE][: SHOWN + 1]  # here: SQLite would begin with the state
    found: dict[int, tuple[ServiceRequest, NeighbourSuggestion, bool]] = {}
    for row, request in earlier:
        head = head_of(session, request)
        if head.state not in _GONE and head.mention_id != mention.id and head.status != "closed":
            found.setdefault(head.id or 0, (head, row, False))
    for row, request in later:
        found.setdefault(request.id or 0, (request, row, True))
    kept = [one for one in found.values() if different.get(_pair(*one)) != "different"]
    return sorted(kept, key=lambda one: (one[1].relation != NeighbourRelation.SAME, -one[1].score))


def _pair(request: ServiceRequest, row: NeighbourSuggestion, later: bool) -> tuple[int, int]:
    """The mention that would follow, and the request it would follow: the head, if that was joined since."""
    return row.mention_id, row.request_id if later else request.id or 0


def _suggested(side: Side, row: NeighbourSuggestion, later: bool, verdicts: dict[tuple[int, int], str]) -> Suggested:
    target_id = row.request_id if later else side.request_id
    said = verdicts.get((row.mention_id, target_id), "")
    return Suggested(side, row.mention_id, target_id, row.relation, row.reasons, later, said, row.score)


def _gathers_around(
    session: Session, mine: ServiceRequest | None, found: Sequence[tuple[ServiceRequest, NeighbourSuggestion, bool]]
) -> ServiceRequest | None:
    """The request all that is alike would follow: the oldest earlier one that tells the same, else this one itself."""
    same = [one for one in found if one[1].relation == NeighbourRelation.SAME]
    earlier = [request for request, _, later in same if not later]
    if earlier:
        return min(earlier, key=lambda request: request.id or 0)
    return mine if same and mine and mine.state not in _GONE else None


def _alike_ids(session: Session, target: ServiceRequest) -> list[int]:
    """Mentions that wait and seem to tell the same as a request; those a person said are different are left out."""
    different = select(NeighbourVerdict.mention_id).where(
        NeighbourVerdict.request_id == target.id, NeighbourVerdict.relation == NeighbourRelation.DIFFERENT
    )
    return list(
        session.exec(
            select(NeighbourSuggestion.mention_id)
            .join(Mention, col(Mention.id) == NeighbourSuggestion.mention_id)
            .join(ServiceRequest, col(ServiceRequest.mention_id) == NeighbourSuggestion.mention_id)
            .where(
                NeighbourSuggestion.request_id == target.id,
                NeighbourSuggestion.relation == NeighbourRelation.SAME,
                col(Mention.state).in_(WAITING),
                ServiceRequest.part == 1,
                col(ServiceRequest.state).in_(_JOINABLE),
                col(NeighbourSuggestion.mention_id).not_in(different),
            )
            .order_by(col(NeighbourSuggestion.mention_id))
            .limit(ALIKE_AT_MOST)
        ).all()
    )


def _verdicts(session: Session, mention_id: int, own_ids: Sequence[int]) -> dict[tuple[int, int], str]:
    """(mention, request) -> what a person said about the two."""
    rows = session.exec(
        select(NeighbourVerdict).where(
            (col(NeighbourVerdict.mention_id) == mention_id) | col(NeighbourVerdict.request_id).in_(own_ids)
        )
    ).all()
    return {(row.mention_id, row.request_id): row.relation.value for row in rows}


def side_of(session: Session, request: ServiceRequest) -> Side | None:
    """One report by its request; None where its post was deleted."""
    return _sides(session, [request]).get(request.id or 0)


def _sides(session: Session, requests: Iterable[ServiceRequest]) -> dict[int, Side]:
    """By request id; a request whose post was deleted is left out."""
    by_id = {one.id or 0: one for one in requests}
    ids = [one.mention_id for one in by_id.values()]
    mentions = {one.id: one for one in session.exec(select(Mention).where(col(Mention.id).in_(ids))).all()}
    accounts = {one.id: one for one in session.exec(select(Account)).all()}
    author_ids = {one.author_id for one in mentions.values()}
    authors = {one.id: one for one in session.exec(select(Author).where(col(Author.id).in_(author_ids))).all()}
    posts, understood = first_posts(session, ids), latest_understandings(session, ids)
    counts = followers(session, by_id)
    names = dict(session.exec(select(Service.service_code, Service.service_name)).all())
    sides = {}
    for request_id, request in by_id.items():
        mention, post = mentions[request.mention_id], posts.get(request.mention_id)
        if post is None or mention.state == MentionState.WITHDRAWN:
            continue
        understanding = understood.get(request.mention_id)
        sides[request_id] = Side(
            mention_id=request.mention_id,
            request_id=request_id,
            author=authors[mention.author_id].called,
            channel=CHANNELS[accounts[mention.account_id].channel].label,
            text=post[0].text,
            tag=words.html_language(understanding.language) if understanding else "",
            received_at=mention.received_at,
            place=request.address_string or _point(request),
            service=names.get(request.service_code or "", ""),
            sign=words.REQUEST[request.state],
            number=_number(request),
            followers=counts.get(request_id, 0),
        )
    return sides


def _number(request: ServiceRequest) -> str:
    return request.service_request_id or request.reference


def _point(request: ServiceRequest) -> str:
    return f"{request.lat:.5f}, {request.long:.5f}" if request.lat is not None and request.long is not None else ""
