"""What is frozen, who pressed it, and what does not leave because of it."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from hark311.console.queries import names_of_staff
from models import (
    CHANNELS,
    Account,
    Author,
    Mention,
    Reply,
    Service,
    ServiceRequest,
    StaffUser,
    freezes_in_force,
    scope_of,
)
from responders.freezing import held_replies, held_requests


@dataclass(frozen=True, slots=True)
class FrozenNow:
    """One freeze in force, for the banner on every page."""

    id: int
    who: str
    at: datetime
    why: str
    where: str


@dataclass(frozen=True, slots=True)
class Held:
    """A reply or a request that does not leave. `reply` is None where only a request is held."""

    mention: Mention
    author: str
    channel: str
    approver: str
    reply: Reply | None
    request: ServiceRequest | None
    service: str


def frozen_now(session: Session) -> list[FrozenNow]:
    """What is frozen, who pressed it and when; the newest first."""
    freezes = freezes_in_force(session)
    people = names_of_staff(session, [one.frozen_by for one in freezes])
    return [
        FrozenNow(
            id=one.id or 0,
            who=people.get(one.frozen_by or 0, "The operator"),
            at=one.frozen_at,
            why=one.why,
            where=account_name(session.get(Account, one.account_id)) if one.account_id else "",
        )
        for one in freezes
    ]


def held_of(session: Session, staff: StaffUser) -> tuple[list[Held], int]:
    """What is held and lies in a person's part of the work, and how much lies elsewhere."""
    replies = held_replies(session)
    with_reply = {one.mention_id for one in replies}
    requests = [one for one in held_requests(session) if one.mention_id not in with_reply]
    scope, found, elsewhere = scope_of(session, staff), list[Held](), 0
    people = names_of_staff(session, [one.approved_by for one in replies])
    rows: list[Reply | ServiceRequest] = [*replies, *requests]
    for row in rows:
        mention = session.get_one(Mention, row.mention_id)
        if not scope.covers(mention):
            elsewhere += 1
            continue
        account, reply = session.get_one(Account, mention.account_id), row if isinstance(row, Reply) else None
        request = row if isinstance(row, ServiceRequest) else _request(session, row.request_id)
        service = session.get(Service, request.service_code) if request and request.service_code else None
        found.append(
            Held(
                mention=mention,
                author=session.get_one(Author, mention.author_id).called,
                channel=CHANNELS[account.channel].label,
                approver=people.get(reply.approved_by or 0, "") if reply else "",
                reply=reply,
                request=request,
                service=service.service_name if service else "",
            )
        )
    return found, elsewhere


def _request(session: Session, request_id: int | None) -> ServiceRequest | None:
    return session.get(ServiceRequest, request_id) if request_id else None


def account_name(account: Account | None) -> str:
    if account is None:
        return ""
    return f"{CHANNELS[account.channel].label} @{account.handle}" if account.handle else account.name
