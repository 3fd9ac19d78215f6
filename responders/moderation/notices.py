"""What the author is told: a draft in the main queue, reviewed like any other reply and never sent by itself.

It says which clause, until when, and how to appeal. The secret of its link stands in the draft alone; the act keeps the
SHA-256. There is one open reply per round, so a notice waits until whatever is open about the mention is settled.
"""

import secrets
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, or_, select

from models import (
    CHANNELS,
    Account,
    Conversation,
    Mention,
    MentionState,
    ModerationAct,
    ModerationClause,
    ModerationState,
    Purpose,
    Reply,
    advance,
)
from models.threads import posts_of
from responders.claims import open_reply
from responders.may_reply import may_reply, speaking_of
from responders.moderation.policy import OWN_LANGUAGE, said_in
from responders.review import Desk
from responders.wording import date_words
from responders.wordings import SIGN_OFF_ROOM

BY = "moderation"
APPEAL_PATH = "/appeal/"
TOKEN_BYTES = 24
SETTLED = (MentionState.SET_ASIDE, MentionState.CLOSED, MentionState.REJECTED)
WAITS = "The notice is drafted once what is open about this post is settled."
NO_MENTION = "The post is no mention of ours, so the author cannot be written to from here."


@cache
def notice_words() -> Mapping[str, Mapping[str, str]]:
    """The sentences of notices, by language."""
    return tomllib.loads((Path(__file__).parent / "notices.toml").read_text(encoding="utf-8"))


def tell_author(session: Session, desk: Desk, act: ModerationAct, now: datetime) -> None:
    """Draft the notice of an act in force, or note why there is none."""
    if act.notice_reply_id is None and (mention := _ready(session, desk, act)):
        act.notice_reply_id = _draft(session, desk, act, mention, now, outcome=False)
    session.add(act)


def tell_outcome(session: Session, desk: Desk, act: ModerationAct, now: datetime) -> None:
    """Draft what became of an appeal, or note why it cannot be told."""
    if act.outcome_reply_id is None and (mention := _ready(session, desk, act)):
        act.outcome_reply_id = _draft(session, desk, act, mention, now, outcome=True)
    session.add(act)


def tell_who_waits(session: Session, desk: Desk, now: datetime) -> int:
    """Draft what had to wait for its mention to be settled; returns how many."""
    untold = col(ModerationAct.notice_reply_id).is_(None) & (ModerationAct.state == ModerationState.IN_FORCE)
    unanswered = col(ModerationAct.outcome_reply_id).is_(None) & col(ModerationAct.appeal_decided_at).is_not(None)
    waiting = session.exec(
        select(ModerationAct).where(ModerationAct.notice_note == WAITS, or_(untold, unanswered)).with_for_update()
    ).all()
    for act in waiting:
        if act.appeal_decided_at is not None:
            tell_outcome(session, desk, act, now)
        else:
            tell_author(session, desk, act, now)
    return len([one for one in waiting if one.notice_note != WAITS])


def _ready(session: Session, desk: Desk, act: ModerationAct) -> Mention | None:
    """The mention, if its author can be written to under it now; else None, and `notice_note` says why."""
    mention = session.get(Mention, act.mention_id, with_for_update=True) if act.mention_id else None
    if mention is None:
        act.notice_note = NO_MENTION
        return None
    verdict = may_reply(session, mention, desk.speaking)
    if verdict.refused:
        act.notice_note = verdict.reason
        return None
    if mention.state not in SETTLED or open_reply(session, mention) is not None:
        act.notice_note = WAITS
        return None
    act.notice_note = ""
    return mention


def _draft(
    session: Session, desk: Desk, act: ModerationAct, mention: Mention, now: datetime, *, outcome: bool
) -> int | None:
    text = _text(session, desk, act, mention, outcome=outcome)
    mention.round += 1
    why = "the outcome of an appeal is to be told" if outcome else "its author is to be told of an act of moderation"
    advance(session, mention, MentionState.DRAFTED, BY, why, now)
    posts = posts_of(session, mention.id or 0)
    reply = Reply(
        mention_id=mention.id or 0,
        account_id=mention.account_id,
        round=mention.round,
        purpose=Purpose.NOTICE,
        changed_at=now,
        language=act.language,
        text=text,
        in_reply_to=posts[-1].channel_post_id if posts else None,
    )
    session.add(reply)
    mention.version += 1
    session.add(mention)
    session.flush()
    return reply.id


def _text(session: Session, desk: Desk, act: ModerationAct, mention: Mention, *, outcome: bool) -> str:
    """The fullest wording that fits the channel; where none does, the shortest, for a person to cut."""
    account = session.get_one(Account, mention.account_id)
    private = session.get_one(Conversation, mention.conversation_id).private
    limit = CHANNELS[account.channel].limit(private=private) - SIGN_OFF_ROOM
    page = speaking_of(desk.speaking, account.name).status_page
    link = f"{page}{APPEAL_PATH}{_new_token(act)}" if page and not outcome else ""
    texts = list(_wordings(session, act, link, desk.zone, outcome=outcome))
    return next((one for one in texts if desk.length_of(account.channel, one) <= limit), texts[-1])


def _new_token(act: ModerationAct) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    act.appeal_token_sha256 = sha256(token.encode()).hexdigest()
    return token


def _wordings(session: Session, act: ModerationAct, link: str, zone: ZoneInfo, *, outcome: bool) -> Iterator[str]:
    said = notice_words().get(act.language, notice_words()[OWN_LANGUAGE])
    clause = session.get_one(ModerationClause, act.clause_id)
    if outcome:
        what = said["granted" if act.appeal_granted else "refused"]
        yield f"{what} {act.appeal_answer}"
        yield what
        return
    named = {
        "clause": str(clause.position),
        "title": said_in(clause.title, act.language),
        "until": date_words(act.expires_at.astimezone(zone).date(), act.language),
    }
    what = said[act.kind.value].format_map(named)
    appeal = f"{said['appeal_at']} {link}" if link else said["appeal_here"]
    yield f"{what} {said['clause_says']} “{act.clause_words}” {appeal}"
    yield f"{what} {appeal}"
