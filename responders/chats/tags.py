"""The hashtag of a chat: the search for it, and whether somebody uses it already.

The search is an ordinary listening rule, kept before the chat and begun when it opens. The worker has the network count
what a rule would find in seven days, so that no channel is called in a web request.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models import CHANNELS, Account, Channel, ChatNetwork, ChatState, ListeningRule, TweetChat, record

NEAR = timedelta(days=14)
"""So close, another chat of ours under the same hashtag would be mixed up with this one."""
LONGEST_LABEL = 60


@dataclass(frozen=True, slots=True)
class Clash:
    """One finding about a hashtag, in a sentence. `tone` as the pages know it: ok, warn or quiet."""

    words: str
    tone: str


def search_for_tag(session: Session, chat: TweetChat, network: ChatNetwork, staff_id: int, now: datetime) -> None:
    """Keep the search for the chat's hashtag on one account, for the network to count; one for another tag ends."""
    account = session.get_one(Account, network.account_id)
    drop_search(session, network, staff_id, now)
    if account.channel in (Channel.TELEGRAM, Channel.PARTNER):
        return
    label = f"Tweet chat: {chat.title}"[:LONGEST_LABEL]
    rule = ListeningRule(
        account_id=account.id or 0, query=f"#{chat.hashtag}", label=label, made_by=staff_id, chat_id=chat.id
    )
    session.add(rule)
    session.flush()
    network.rule_id = rule.id
    session.add(network)


def drop_search(session: Session, network: ChatNetwork, staff_id: int, now: datetime) -> None:
    """End the search of a network; what it found stays."""
    rule = session.get(ListeningRule, network.rule_id) if network.rule_id else None
    network.rule_id = None
    session.add(network)
    if rule is not None and rule.ended_at is None:
        rule.ended_at, rule.ended_by = now, staff_id
        session.add(rule)
        record(session, "ListeningRule", rule.id or 0, f"staff:{staff_id}", "is not heard any more", now)


def clashes(session: Session, chat: TweetChat, networks: Sequence[ChatNetwork]) -> list[Clash]:
    """What speaks against the hashtag: our own chats and rules, and who used it in the last seven days."""
    found = [*_own_chats(session, chat), *_own_rules(session, chat, networks)]
    return found + [one for network in networks for one in _counted(session, network)]


def _own_chats(session: Session, chat: TweetChat) -> list[Clash]:
    near = session.exec(
        select(TweetChat).where(
            TweetChat.id != chat.id,
            TweetChat.state != ChatState.CANCELLED,
            TweetChat.starts_at > chat.starts_at - NEAR,
            TweetChat.starts_at < chat.starts_at + NEAR,
        )
    ).all()
    same = [one for one in near if one.hashtag.casefold() == chat.hashtag.casefold()]
    said = "Our own chat “{}” uses it within two weeks of this one. Choose another hashtag."
    return [Clash(said.format(one.title), "warn") for one in same]


def _own_rules(session: Session, chat: TweetChat, networks: Sequence[ChatNetwork]) -> list[Clash]:
    own = {network.rule_id for network in session.exec(select(ChatNetwork)).all()}
    accounts = [network.account_id for network in networks]
    rules = session.exec(
        select(ListeningRule).where(
            col(ListeningRule.account_id).in_(accounts),
            col(ListeningRule.begins_at).is_not(None),
            col(ListeningRule.ended_at).is_(None),
        )
    ).all()
    tag = re.compile(rf"#{re.escape(chat.hashtag)}(?!\w)", re.IGNORECASE)
    said = "Our rule “{}” listens for it already."
    return [
        Clash(said.format(rule.label or rule.query), "quiet")
        for rule in rules
        if rule.id not in own and tag.search(rule.query)
    ]


def _counted(session: Session, network: ChatNetwork) -> list[Clash]:
    rule = session.get(ListeningRule, network.rule_id) if network.rule_id else None
    label = CHANNELS[session.get_one(Account, network.account_id).channel].label
    if rule is None:
        return []
    if rule.found_in_week is not None:
        many = rule.found_in_week
        if not many:
            return [Clash(f"{label}: nobody used it in the seven days before we asked.", "ok")]
        return [
            Clash(f"{label}: {many:,} post{'s' if many != 1 else ''} used it last week. Look at them first.", "warn")
        ]
    if rule.counted_at is not None:
        return [Clash(f"{label} could not count who uses it. {rule.trouble}", "warn")]
    return [Clash(f"{label}: not counted yet. Where the network can count, this takes a minute.", "quiet")]
