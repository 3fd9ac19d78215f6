"""The ways in which one post on the board can be answered: which are open, and why the others are not."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session

from models import (
    CHANNELS,
    Account,
    ChatEntry,
    ChatQuestion,
    Mention,
    MentionState,
    TweetChat,
)
from responders.may_reply import Bar, MayReply, Speaking, may_reply


class Way(StrEnum):
    """How an answer reaches whoever asked."""

    THREAD = "thread"
    NUMBERED = "numbered"
    ASK_TO_TAG = "ask_to_tag"
    BY_HAND = "by_hand"


UNDER_THEIR_POST = (Way.THREAD, Way.BY_HAND)
"""Ways whose words are a reply to the post; those of the others are a post of the chat."""


@dataclass(frozen=True, slots=True)
class OpenWay:
    """One way. `why`: what it does, or in a sentence why it is not open. `needed` False: a better one is open."""

    way: Way
    open: bool
    why: str
    needed: bool = True


def ways_of(session: Session, entry: ChatEntry, speaking: Mapping[str, Speaking]) -> list[OpenWay]:
    """Every way for one entry, the best first; none for a post of our own or of a host."""
    mention = session.get(Mention, entry.mention_id) if entry.mention_id else None
    if mention is None:
        return []
    return judged(
        may_reply(session, mention, speaking),
        mention.state,
        CHANNELS[session.get_one(Account, entry.account_id).channel].label,
    )


def judged(may: MayReply, state: MentionState, channel: str) -> list[OpenWay]:
    """The same from the verdict of responders.may_reply and the state of the mention. Pure."""
    gone = may.bar in (Bar.DELETED, Bar.RETIRED, Bar.STOPPED, Bar.BLOCKED)
    said = " ".join(filter(None, (may.reason, may.instead)))
    elsewhere = "" if state == MentionState.SET_ASIDE else _where_it_is(state)
    in_thread = elsewhere or (may.reason if may.refused else "")
    by_hand = may.by_hand and not may.allowed and not may.waits and not elsewhere
    asks = may.bar == Bar.CHANNEL and not elsewhere
    return [
        OpenWay(
            Way.THREAD,
            not in_thread,
            in_thread
            or (
                f"{may.reason} {may.instead}".strip()
                if may.waits
                else "Under their post, where whoever reads it finds the answer."
            ),
        ),
        OpenWay(
            Way.NUMBERED,
            not gone,
            said if gone else "A post of its own with the number of the question, which everybody in the chat reads.",
        ),
        OpenWay(
            Way.ASK_TO_TAG,
            asks,
            f"A post that asks them to name our account: then {channel} lets us answer in the thread."
            if asks
            else "Not needed: this is not what keeps us from answering in the thread.",
            needed=asks,
        ),
        OpenWay(
            Way.BY_HAND,
            by_hand,
            "A person posts the approved words in the network's own window."
            if by_hand
            else elsewhere or (said if not may.allowed else "Not needed: it can leave by itself."),
            needed=not may.allowed,
        ),
    ]


def best_of(ways: list[OpenWay]) -> Way | None:
    """The way that is offered first; None where none is open."""
    return next((one.way for one in ways if one.open), None)


def ready_words(session: Session, chat: TweetChat, entry: ChatEntry, way: Way) -> str:
    """The words a draft of this way begins with; staff write on."""
    question = session.get(ChatQuestion, entry.question_id) if entry.question_id else None
    number = f"A{question.number}" if question else "A"
    match way:
        case Way.NUMBERED:
            return f"{number}:  #{chat.hashtag}"
        case Way.ASK_TO_TAG:
            account = session.get_one(Account, entry.account_id)
            label = CHANNELS[account.channel].label
            return (
                f"You asked something with #{chat.hashtag} alone? {label} lets us answer only posts that name us. "
                f"Write @{account.handle} in your post, and we answer there."
            )
        case _:
            return ""


def _where_it_is(state: MentionState) -> str:
    match state:
        case MentionState.WITHDRAWN:
            return "Its author deleted the post, so nothing can be sent about it."
        case MentionState.APPROVED:
            return "An answer to it is on its way."
        case MentionState.CLOSED:
            return "It is closed: its answer stands, or a person dropped it."
        case MentionState.RECEIVED | MentionState.UNDERSTOOD:
            return "It has just come in and is being understood."
        case MentionState.REJECTED:
            return "It was closed in the main queue. Open it again there to answer it."
        case _:
            return "It waits in the main queue as well, and is answered there."
