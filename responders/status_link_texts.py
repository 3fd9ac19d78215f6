"""A link to the page of one case, in the draft of an answer: it exists before anybody approves the words around it."""

import secrets
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, select

from models import CHANNELS, Account, Channel, Mention, StatusLink, record
from models.status_links import PATH, digest, revoke
from responders.drafting import DraftedReply, Key, ReplyContext, plain_reply
from responders.may_reply import Speaking
from responders.wording import WordingError

BY = "drafting"
TOKEN_BYTES = 24


def gives_links(account: Account) -> bool:
    """Whether answers of an account carry a link: as a supervisor says, else on Telegram alone.

    On X every post with a link costs more (X API pricing), and everywhere a reply gets longer.
    """
    return account.status_links if account.status_links is not None else account.channel is Channel.TELEGRAM


def with_link(
    session: Session,
    mention: Mention,
    case_mention_id: int,
    told: DraftedReply,
    context: ReplyContext,
    speaking: Speaking,
    now: datetime,
) -> DraftedReply:
    """The draft with a link to the page of the case; as it was where there is none to give, or no room for it.

    What goes by itself (`closed`) carries none: an unguessable address is no closed value.
    """
    account = session.get_one(Account, mention.account_id)
    if not speaking.status_page or not gives_links(account):
        return told
    try:
        words = plain_reply(replace(context, language=told.language), Key.STATUS_LINK).text
    except WordingError:
        return told
    token = secrets.token_urlsafe(TOKEN_BYTES)
    text = f"{told.text}\n{words} {speaking.status_page}{PATH}{token}"
    if context.length(text) > CHANNELS[account.channel].limit(private=True):
        return told
    _forget_unsent(session, mention, now)
    link = StatusLink(
        token_sha256=digest(token),
        mention_id=case_mention_id,
        asked_mention_id=mention.id or 0,
        round=mention.round,
        language=told.language,
        made_at=now,
    )
    session.add(link)
    session.flush()
    record(session, "StatusLink", link.id or 0, BY, f"made for an answer to mention {mention.id}", now)
    return replace(told, text=text)


def _forget_unsent(session: Session, mention: Mention, now: datetime) -> None:
    """A draft that is written anew carries another link: the one before never left."""
    earlier = select(StatusLink).where(StatusLink.asked_mention_id == mention.id, StatusLink.round == mention.round)
    for link in session.exec(earlier).all():
        revoke(session, link, BY, now)
