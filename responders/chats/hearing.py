"""The searches a chat is heard by: begun when it is announced, ended a day after it (invariant 2).

On X, Mastodon and Bluesky a listening rule looks for the hashtag. Telegram cannot be searched: every message in the
chat's group belongs to it. Mentions and replies are heard anyway, for people forget the tag.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models import Account, Channel, ChatNetwork, ChatState, Lane, ListeningRule, TweetChat, record
from responders.chats.on_now import AROUND, LONGEST, announcements, window

BY = "chat"
SEARCHED = frozenset({Channel.X, Channel.MASTODON, Channel.BLUESKY})
LONGEST_LABEL = 60
NO_GROUP = "Telegram cannot be searched. Say which group the chat takes place in."
NO_CHAT = "No chat can take place on this channel."
ENDED_BY_HAND = "Somebody ended this search by hand. To begin it again, take the account out of the chat and in again."
RETIRED = "This account was retired, so nothing is heard with it."
LOOK_BACK = timedelta(days=7)
"""Cancelled and past chats are looked at for so long, so that none of their searches goes on."""


def keep_hearing(session: Session, now: datetime) -> None:
    """Begin the searches of the chats that are on, and end those of the others."""
    chats = session.exec(select(TweetChat).where(TweetChat.starts_at > now - AROUND - LONGEST - LOOK_BACK)).all()
    announced = announcements(session, [one.id or 0 for one in chats])
    for chat in chats:
        begins, ends = window(chat, announced.get(chat.id or 0))
        is_on = chat.state == ChatState.LIVE or (chat.state != ChatState.CANCELLED and begins <= now <= ends)
        for network in session.exec(select(ChatNetwork).where(ChatNetwork.chat_id == chat.id)).all():
            if is_on:
                hear(session, chat, network, max(begins, chat.made_at), now)
            else:
                stop_hearing(session, network, now)
    _end_what_no_chat_names(session, now)


def hear(session: Session, chat: TweetChat, network: ChatNetwork, begins: datetime, now: datetime) -> None:
    """Hear a chat on one of its accounts from `begins` on; nothing changes where it is heard already."""
    account = session.get_one(Account, network.account_id)
    trouble = _why_not(account, network)
    rule = session.get(ListeningRule, network.rule_id) if network.rule_id else None
    query = f"#{chat.hashtag}"
    if rule is not None and rule.ended_by is not None and rule.query == query:
        trouble = trouble or ENDED_BY_HAND
    if rule is not None and (trouble or rule.ended_at is not None or rule.query != query):
        _end(session, rule, now)
        rule = None
    if not trouble and account.channel in SEARCHED:
        rule = rule or ListeningRule(
            account_id=account.id or 0, query=query, label=f"Tweet chat: {chat.title}"[:LONGEST_LABEL]
        )
        rule.chat_id, rule.made_by = chat.id, rule.made_by or chat.made_by
        session.add(rule)
        session.flush()
        if rule.begins_at is None:
            rule.begins_at = begins
            record(session, "ListeningRule", rule.id or 0, BY, "is heard from now on, for a tweet chat", now)
        network.rule_id, trouble = rule.id, _trouble_of(session, account, rule)
    if network.trouble != trouble:
        network.trouble = trouble
    session.add(network)


def stop_hearing(session: Session, network: ChatNetwork, now: datetime) -> None:
    """Hear a chat no more on one account. What was found stays; what was not begun yet stays planned."""
    rule = session.get(ListeningRule, network.rule_id) if network.rule_id else None
    if rule is not None and rule.begins_at is not None:
        _end(session, rule, now)


def _why_not(account: Account, network: ChatNetwork) -> str:
    if account.retired_at is not None:
        return RETIRED
    if account.channel == Channel.TELEGRAM:
        return "" if network.conversation_id else NO_GROUP
    return "" if account.channel in SEARCHED else NO_CHAT


def _trouble_of(session: Session, account: Account, rule: ListeningRule) -> str:
    """What the channel says against the search, in a sentence for staff."""
    lane = select(Lane.trouble).where(Lane.account_id == account.id, Lane.name == f"rule-{rule.id}")
    return session.exec(lane).first() or ""


def _end(session: Session, rule: ListeningRule, now: datetime) -> None:
    if rule.ended_at is None:
        rule.ended_at = now
        session.add(rule)
        record(session, "ListeningRule", rule.id or 0, BY, "is not heard any more", now)


def _end_what_no_chat_names(session: Session, now: datetime) -> None:
    """An account was taken out of a chat, or its hashtag was changed: the search for it ends."""
    named = select(ChatNetwork.rule_id).where(col(ChatNetwork.rule_id).is_not(None))
    for rule in session.exec(
        select(ListeningRule).where(
            col(ListeningRule.chat_id).is_not(None),
            col(ListeningRule.ended_at).is_(None),
            col(ListeningRule.id).not_in(named),
        )
    ).all():
        _end(session, rule, now)
