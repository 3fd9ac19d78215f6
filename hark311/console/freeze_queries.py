"""What is frozen, who pressed it, and what does not leave because of it."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from hark311.console.queries import names_of_staff
from models import (
    CHANNELS,
    Account,
    Author,
    ChatPost,
    Mention,
    Reply,
    Service,
    ServiceRequest,
    StaffUser,
    TweetChat,
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
    """A reply, a request or a post of a chat that does not leave. `reply` is None where only a request is held.

    `about`: whom it answers, or the chat it is a post of; `link`: where that is worked on.
    """

    about: str
    link: str
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
    with_reply = {one.mention_id for one in replies if one.mention_id is not None}
    requests = [one for one in held_requests(session) if one.mention_id not in with_reply]
    scope, found, elsewhere = scope_of(session, staff), list[Held](), 0
    people = names_of_staff(session, [one.approved_by for one in replies])
    rows: list[Reply | ServiceRequest] = [*replies, *requests]
    for row in rows:
        reply = row if isinstance(row, Reply) else None
        if reply is not None and reply.mention_id is None:
            found.append(_held_post(session, reply, people.get(reply.approved_by or 0, "")))
            continue
        mention = session.get_one(Mention, row.mention_id)
        if not scope.covers(mention):
            elsewhere += 1
            continue
        account = session.get_one(Account, mention.account_id)
        request = row if isinstance(row, ServiceRequest) else _request(session, row.request_id)
        service = session.get(Service, request.service_code) if request and request.service_code else None
        found.append(
            Held(
                about=session.get_one(Author, mention.author_id).called,
                link=f"/mentions/{mention.id}",
                channel=CHANNELS[account.channel].label,
                approver=people.get(reply.approved_by or 0, "") if reply else "",
                reply=reply,
                request=request,
                service=service.service_name if service else "",
            )
        )
    return found, elsewhere


def _held_post(session: Session, reply: Reply, approver: str) -> Held:
    """A post of a tweet chat, which lies in no part of the work: everybody who supervises sees it."""
    chat = session.get_one(TweetChat, session.get_one(ChatPost, reply.chat_post_id).chat_id)
    account = session.get_one(Account, reply.account_id)
    label = CHANNELS[account.channel].label
    return Held(f"The chat {chat.title}", f"/chats/{chat.id}", label, approver, reply, None, "")


def _request(session: Session, request_id: int | None) -> ServiceRequest | None:
    return session.get(ServiceRequest, request_id) if request_id else None


def account_name(account: Account | None) -> str:
    if account is None:
        return ""
    return f"{CHANNELS[account.channel].label} @{account.handle}" if account.handle else account.name
