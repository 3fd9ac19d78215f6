"""Words a channel has seen: where one refuses to post the same again, a draft is set apart, and the desk says so.

Source: X API v2, POST /2/tweets: 403 "You are not allowed to create a Tweet with duplicate content."
"""

from collections.abc import Callable
from dataclasses import replace

from sqlmodel import Session, col, func, select

from models import CHANNELS, Account, Author, Mention, Reply, ReplyState, RequestState, ServiceRequest
from models.joined import followers_of, head_of
from models.replies import COMPARED
from responders.drafting import DraftedReply
from responders.wording import widest

NUMBER = "{number}"
_STANDS = (
    ReplyState.APPROVED,
    ReplyState.SENDING,
    ReplyState.HANDED_OVER,
    ReplyState.UNCERTAIN,
    ReplyState.SENT,
)
_STANDS_OR_MAY = (*_STANDS, ReplyState.DRAFT, ReplyState.IN_REVIEW)


def set_apart(
    session: Session, mention: Mention, drafted: DraftedReply, fits: Callable[[str], bool], *, private: bool
) -> DraftedReply:
    """A draft with its author's handle before it, where this account says the same to somebody already.

    `fits` says of the words, their slots at their widest, whether there is room; where there is none, they stay.
    """
    account = session.get_one(Account, mention.account_id)
    if private or not CHANNELS[account.channel].refuses_repeats:
        return drafted
    if _said(session, mention, drafted.text, _STANDS_OR_MAY) is None:
        return drafted
    name = f"@{session.get_one(Author, mention.author_id).handle} "
    if not fits(widest(name + drafted.text, drafted.language)):
        return drafted
    return replace(drafted, text=name + drafted.text, closed=name + drafted.closed if drafted.closed else "")


def said_before(session: Session, mention: Mention, text: str, *, private: bool) -> list[str]:
    """Why the channel would refuse a reply's words, which stand there or are about to; empty where it would not."""
    facts = CHANNELS[session.get_one(Account, mention.account_id).channel]
    if private or not facts.refuses_repeats:
        return []
    same = _said(session, mention, text, _STANDS)
    if same is None:
        return []
    if same.mention_id is None:
        who = "a post of a tweet chat says"
    else:
        who = f"@{session.get_one(Author, session.get_one(Mention, same.mention_id).author_id).handle} was told"
    return [f"{facts.label} refuses words it has seen, and {who} exactly these. Change or add a word."]


def _said(session: Session, mention: Mention, text: str, states: tuple[ReplyState, ...]) -> Reply | None:
    """Another reply of this account with these words; with a number in them, only one that says the same number."""
    same = (
        select(Reply)
        .where(
            Reply.account_id == mention.account_id,
            func.substr(col(Reply.text), 1, COMPARED) == text[:COMPARED],
            Reply.text == text,
            col(Reply.state).in_(states),
            col(Reply.mention_id).is_(None) | (Reply.mention_id != mention.id) | (Reply.round != mention.round),
        )
        .limit(1)
    )
    if NUMBER in text:
        same = same.where(col(Reply.mention_id).in_(_told_one_number(session, mention)))
    return session.exec(same).first()


def _told_one_number(session: Session, mention: Mention) -> list[int]:
    """The mentions that are told one number: everybody who follows the request that stands for this mention's own."""
    request = session.exec(
        select(ServiceRequest).where(
            ServiceRequest.mention_id == mention.id,
            ServiceRequest.part == 1,
            ServiceRequest.state != RequestState.CANCELLED,
        )
    ).first()
    if request is None:
        return []
    head = head_of(session, request)
    return [head.mention_id, *(one.mention_id for one in followers_of(session, head.id or 0))]
