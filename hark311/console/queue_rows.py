"""What a row of the queue says, loaded for one page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from hark311.console import words
from hark311.console.case_queries import news_of_rows
from hark311.console.marks import Piece, excerpt
from hark311.console.queries import first_posts, latest_understandings, names_of_staff, spans_in
from hark311.console.views import WAITING
from models import (
    CHANNELS,
    Account,
    Author,
    Conversation,
    Mention,
    MentionState,
    PromiseMark,
    Reply,
    ReplyState,
    RequestState,
    Service,
    ServiceRequest,
    Understanding,
)
from models.joined import followers

_DOUBTFUL = (ReplyState.UNCERTAIN, ReplyState.FAILED)


@dataclass(frozen=True, slots=True)
class Row:
    """One mention in the queue: first line who and what, second line what we make of it."""

    id: int
    sign: words.Sign
    danger: bool
    channel: str
    author: str
    words: list[Piece]
    language: str
    tag: str
    received_at: datetime
    service: str
    probability: float | None
    unsure: str
    intent: str
    place: str
    missing: list[str]
    reference: str
    promised: datetime | None
    late: bool
    holder: str
    assigned: str
    second_key: bool
    can_choose: bool
    trouble: str
    more_posts: int
    followers: int
    follows: str
    news: str


@dataclass(frozen=True, slots=True)
class _Around:
    """Everything beside the mentions themselves, by mention id unless said otherwise."""

    authors: dict[int, Author]
    accounts: dict[int, Account]
    understandings: dict[int, Understanding]
    requests: dict[int, ServiceRequest]
    replies: dict[int, Reply]
    services: dict[str, str]
    staff: dict[int, str]
    followers: dict[int, int]
    heads: dict[int, str]
    ask_for_person: frozenset[int]
    news: dict[int, str]
    not_fixed: frozenset[int]


def rows(session: Session, ids: Sequence[int], now: datetime) -> list[Row]:
    """The rows of these mentions, in this order."""
    if not ids:
        return []
    mentions = session.exec(select(Mention).where(col(Mention.id).in_(ids))).all()
    by_id = {mention.id or 0: mention for mention in mentions}
    posts = first_posts(session, ids)
    around = _around(session, list(mentions))
    made = []
    for mention_id in ids:
        mention = by_id.get(mention_id)
        if mention is not None:
            post, count = posts.get(mention_id, (None, 0))
            spans = spans_in(around.understandings.get(mention_id), post.id) if post else []
            pieces = excerpt(post.text, spans) if post else []
            made.append(_row(mention, pieces, count, around, now))
    return made


def _around(session: Session, mentions: list[Mention]) -> _Around:
    ids = [mention.id or 0 for mention in mentions]
    understandings = latest_understandings(session, ids)
    requests = session.exec(
        select(ServiceRequest)
        .where(col(ServiceRequest.mention_id).in_(ids), ServiceRequest.state != RequestState.CANCELLED)
        .order_by(col(ServiceRequest.part).desc(), col(ServiceRequest.id))
    ).all()
    replies = session.exec(
        select(Reply).where(col(Reply.mention_id).in_(ids), col(Reply.state).in_(_DOUBTFUL)).order_by(col(Reply.id))
    ).all()
    authors = session.exec(select(Author).where(col(Author.id).in_({one.author_id for one in mentions}))).all()
    return _Around(
        authors={author.id or 0: author for author in authors},
        accounts={account.id or 0: account for account in session.exec(select(Account)).all()},
        understandings=understandings,
        requests={request.mention_id: request for request in requests},
        replies={reply.mention_id: reply for reply in replies if reply.mention_id is not None},
        services=dict(session.exec(select(Service.service_code, Service.service_name)).all()),
        staff=names_of_staff(
            session, [one for mention in mentions for one in (mention.claimed_by, mention.assigned_to)]
        ),
        followers=followers(session, [request.id or 0 for request in requests]),
        heads=_numbers_of_heads(session, requests),
        ask_for_person=_chats_that_ask_for_a_person(session, mentions),
        news=news_of_rows(session, ids),
        not_fixed=frozenset(request.mention_id for request in requests if request.waits_again),
    )


def _chats_that_ask_for_a_person(session: Session, mentions: list[Mention]) -> frozenset[int]:
    """Conversation.id of those whose author sent /human, and that nobody has handed back."""
    asking = select(Conversation.id).where(
        col(Conversation.id).in_({one.conversation_id for one in mentions}),
        col(Conversation.person_asked_at).is_not(None),
    )
    return frozenset(one for one in session.exec(asking).all() if one)


def _numbers_of_heads(session: Session, requests: Sequence[ServiceRequest]) -> dict[int, str]:
    """The number of each request that one of these is joined to, by its id."""
    wanted = {one.joined_to_id for one in requests if one.joined_to_id}
    if not wanted:
        return {}
    heads = session.exec(select(ServiceRequest).where(col(ServiceRequest.id).in_(wanted))).all()
    return {head.id or 0: head.service_request_id or head.reference for head in heads}


def _row(mention: Mention, pieces: list[Piece], posts: int, around: _Around, now: datetime) -> Row:
    mention_id = mention.id or 0
    understanding = around.understandings.get(mention_id)
    request = around.requests.get(mention_id)
    code = (request.service_code if request else None) or (understanding.service_code if understanding else None)
    guessed = understanding is not None and code is not None and understanding.service_code == code
    held = bool(mention.claimed_until and mention.claimed_until > now)
    return Row(
        id=mention_id,
        sign=words.MENTION[mention.state],
        danger=mention.danger,
        channel=CHANNELS[around.accounts[mention.account_id].channel].label,
        author=around.authors[mention.author_id].called,
        words=pieces,
        language=understanding.language if understanding else "und",
        tag=words.html_language(understanding.language) if understanding else "",
        received_at=mention.received_at,
        service=around.services.get(code or "", code or ""),
        probability=understanding.service_probability if understanding and guessed else None,
        unsure=_unsure(mention, understanding),
        intent=words.INTENT[understanding.intent] if understanding and understanding.intent else "",
        place=_place(request, understanding),
        missing=words.missing_words(request.missing) if request else [],
        reference=(request.service_request_id or "") if request else "",
        promised=request.promised_datetime if request else None,
        late=request is not None and request.promise_mark == PromiseMark.LATE,
        holder=around.staff.get(mention.claimed_by or 0, "") if held else "",
        assigned=around.staff.get(mention.assigned_to or 0, ""),
        second_key=mention.second_key,
        can_choose=mention.state in WAITING,
        trouble=_trouble(
            mention,
            around.replies.get(mention_id),
            request,
            asks_person=mention.conversation_id in around.ask_for_person,
            not_fixed=mention_id in around.not_fixed,
        ),
        more_posts=max(0, posts - 1),
        followers=around.followers.get(request.id or 0, 0) if request else 0,
        follows=around.heads.get(request.joined_to_id or 0, "") if request else "",
        news=around.news.get(mention_id, ""),
    )


def _unsure(mention: Mention, understanding: Understanding | None) -> str:
    if understanding is None:
        return "" if mention.needs_understanding else "not read by the classifier"
    if understanding.failure:
        return "the classifier failed"
    return "too unsure to say" if understanding.abstained else ""


def _place(request: ServiceRequest | None, understanding: Understanding | None) -> str:
    if request and request.address_string:
        return request.address_string
    if request and request.lat is not None and request.long is not None:
        return f"{request.lat:.5f}, {request.long:.5f}"
    return understanding.location_phrase if understanding else ""


def _trouble(
    mention: Mention, reply: Reply | None, request: ServiceRequest | None, *, asks_person: bool, not_fixed: bool
) -> str:
    if reply and reply.state == ReplyState.UNCERTAIN:
        return "the reply may have been posted: look in the thread"
    if request and request.state == RequestState.UNCERTAIN:
        return "the request may have been filed"
    if request and request.state == RequestState.REFUSED:
        return "the city refused the request"
    if reply and reply.state == ReplyState.FAILED:
        return "the reply was refused"
    if not_fixed:
        return "not fixed, says the resident"
    if asks_person and mention.state in (MentionState.DRAFTED, MentionState.IN_REVIEW):
        return "they ask for a person"
    waits = mention.state in (MentionState.DRAFTED, MentionState.IN_REVIEW)
    if waits and not (mention.may_reply and mention.addressed):
        return "we may not reply here"
    return ""
