"""What the desk shows about keys: what waits for a second person, what became of what somebody handed on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from hark311.console.decisions import DecisionForm
from hark311.console.differences import Part, difference
from hark311.console.mention_queries import MentionPage
from hark311.console.queries import first_posts, names_of_staff
from models import (
    CHANNELS,
    Account,
    Author,
    Decision,
    HandedOn,
    Mention,
    Reply,
    RequestState,
    Review,
    Service,
    ServiceRequest,
    StaffUser,
    handed_on,
    scope_of,
)
from models.lifecycle import OPEN_MENTIONS
from responders.handing_on import covered
from responders.signing import is_signed

SHOWN = 100
LOOKED_BACK = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of the request that somebody changed after it was handed on."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Handing:
    """What somebody handed on to another person, and what became of it. `mine`: whoever looks handed it on.

    `parts`: the words then and now, empty where they are the same. `by`, `reason`: who returned it, and why.
    """

    row: HandedOn
    who: str
    mine: bool
    waits: bool
    parts: list[Part]
    fields: list[FieldChange]
    by: str = ""
    reason: str = ""
    decided_at: datetime | None = None

    @property
    def overtaken(self) -> bool:
        """Whether the author has written since, so that it holds no more."""
        ended = self.row.ended_at is not None and self.row.ended_because != "overtaken"
        return not (self.waits or ended or self.changed)

    @property
    def changed(self) -> bool:
        return bool(self.parts or self.fields)


def handing_of(session: Session, page: MentionPage, staff: StaffUser) -> Handing | None:
    """What somebody handed on last about this mention, while that says something; None where nothing does."""
    row = session.exec(
        select(HandedOn).where(HandedOn.mention_id == page.mention.id).order_by(col(HandedOn.id).desc()).limit(1)
    ).first()
    if row is None or row.ended_because in ("deleted", "decided otherwise"):
        return None
    handing = _handing(session, row, page.mention, staff)
    told = handing.waits or handing.changed or handing.reason or (handing.overtaken and page.open)
    return handing if told else None


def ticked_as_handed_on(session: Session, page: MentionPage, form: DecisionForm) -> DecisionForm:
    """The form with the same things ticked as by whoever handed it on, so that the second key is for the same."""
    waiting = handed_on(session, page.mention)
    if waiting is None:
        return form
    says = waiting.text is not None
    return replace(
        form,
        send_reply=says and not page.may.refused,
        by_hand=says and page.may.refused and page.may.by_hand,
        file_request="first" in waiting.files.split(","),
    )


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One line of the page "Two keys"."""

    mention: Mention
    author: str
    channel: str
    excerpt: str
    handing: Handing


@dataclass(frozen=True, slots=True)
class KeyLists:
    """`waiting`: for another person, the longest first. `yours`: what became of what you handed on."""

    waiting: list[KeyRow]
    yours: list[KeyRow]


def key_lists(session: Session, staff: StaffUser, now: datetime) -> KeyLists:
    """What waits for a second person, and what this person handed on and somebody changed or returned."""
    scope = scope_of(session, staff)
    waiting = session.exec(
        select(HandedOn, Mention)
        .join(Mention, col(Mention.id) == HandedOn.mention_id)
        .where(
            col(Mention.handed_on_at).is_not(None),
            col(Mention.state).in_(OPEN_MENTIONS),
            col(HandedOn.ended_at).is_(None),
            *scope.where(),
        )
        .order_by(col(HandedOn.at))
        .limit(SHOWN)
    ).all()
    yours = session.exec(
        select(HandedOn, Mention)
        .join(Mention, col(Mention.id) == HandedOn.mention_id)
        .where(HandedOn.staff_id == staff.id, HandedOn.at >= now - LOOKED_BACK, col(HandedOn.ended_at).is_not(None))
        .order_by(col(HandedOn.id).desc())
        .limit(SHOWN)
    ).all()
    told = [row for row in _rows(session, yours, staff) if row.handing.changed or row.handing.reason]
    return KeyLists(_rows(session, waiting, staff), told)


def _rows(session: Session, found: Sequence[tuple[HandedOn, Mention]], staff: StaffUser) -> list[KeyRow]:
    posts = first_posts(session, [mention.id or 0 for _, mention in found])
    rows = []
    for row, mention in found:
        post, author = posts.get(mention.id or 0), session.get_one(Author, mention.author_id)
        rows.append(
            KeyRow(
                mention=mention,
                author=author.called,
                channel=CHANNELS[session.get_one(Account, mention.account_id).channel].label,
                excerpt=post[0].text if post else "",
                handing=_handing(session, row, mention, staff),
            )
        )
    return rows


def _handing(session: Session, row: HandedOn, mention: Mention, staff: StaffUser) -> Handing:
    review = _returned(session, row)
    people = names_of_staff(session, [row.staff_id, review.staff_id if review else _decider(session, row)])
    now_said = _said_now(session, row)
    same = row.text is None or now_said is None or _plain(now_said) == _plain(row.text)
    return Handing(
        row=row,
        who=people.get(row.staff_id, "somebody"),
        mine=row.staff_id == staff.id,
        waits=row.ended_at is None and mention.handed_on_by is not None and row.covers == covered(session, mention),
        parts=[] if same else difference(_plain(row.text or ""), _plain(now_said or "")),
        fields=_changed_fields(session, row),
        by=people.get((review.staff_id if review else _decider(session, row)) or 0, ""),
        reason=review.reason if review else "",
        decided_at=review.at if review else row.ended_at,
    )


def _returned(session: Session, row: HandedOn) -> Review | None:
    if row.ended_because != "returned":
        return None
    return session.exec(
        select(Review)
        .where(Review.mention_id == row.mention_id, Review.decision == Decision.RETURNED, Review.at >= row.at)
        .order_by(col(Review.id))
        .limit(1)
    ).first()


def _decider(session: Session, row: HandedOn) -> int | None:
    """Who approved what was handed on; None while nobody did."""
    reply = session.get(Reply, row.reply_id) if row.reply_id and row.ended_because == "approved" else None
    return reply.approved_by if reply else None


def _said_now(session: Session, row: HandedOn) -> str | None:
    reply = session.get(Reply, row.reply_id) if row.reply_id else None
    return reply.text if reply else None


def _plain(text: str) -> str:
    """Words without the initials at their end, which are whose key was the last."""
    said = text.strip()
    return said.rsplit(None, 1)[0].rstrip() if is_signed(said) and " " in said else said


def _changed_fields(session: Session, row: HandedOn) -> list[FieldChange]:
    if not row.request:
        return []
    request = session.exec(
        select(ServiceRequest).where(
            ServiceRequest.mention_id == row.mention_id,
            ServiceRequest.part == 1,
            ServiceRequest.state != RequestState.CANCELLED,
        )
    ).first()
    if request is None:
        return []
    before, named = row.request, _service_name
    pairs = (
        ("Service", named(session, before.get("service_code")), named(session, request.service_code)),
        ("Description", str(before.get("description") or ""), request.description),
        ("Place", str(before.get("address_string") or ""), request.address_string),
    )
    return [FieldChange(label, old, new) for label, old, new in pairs if old.strip() != new.strip()]


def _service_name(session: Session, code: object) -> str:
    service = session.get(Service, code) if isinstance(code, str) and code else None
    return service.service_name if service else str(code or "")
