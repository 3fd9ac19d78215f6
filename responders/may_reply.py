"""Whether we may answer a mention through its channel, why not, and what else can be done (invariant 10).

One rule, asked three times: by the desk, which shows the reason beside the button; by the approval; and by the outbox
in the moment of sending. What speaks against the mention refuses the reply. What speaks against our account only holds
it: approved words wait, and go on when that is mended.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, func, or_, select

from models import (
    CHANNELS,
    Account,
    AccountHealth,
    Author,
    Channel,
    Conversation,
    Mention,
    MentionState,
    Post,
    Reply,
)
from models.case_numbers import CITY_FORMS
from models.posts import PostKind
from models.threads import posts_of
from models.x_fields import NOT_SUMMONED
from responders.chats.on_now import spoke_in_chat
from responders.drafting import Key
from responders.quiet import Quiet


class ByHand(StrEnum):
    """Whom a person may answer by hand, with approved words, where we may not answer by the API."""

    OFF = "off"
    ADDRESSED = "addressed"
    ANYONE = "anyone"


@dataclass(frozen=True, slots=True)
class Speaking:
    """What the operator lets an account say. `answer_hours`: what is older goes back to a person before it leaves."""

    enabled: bool = True
    read_only: bool = False
    by_hand: ByHand = ByHand.ADDRESSED
    answer_hours: float = 72
    privacy_url: str = ""
    unsummoned: bool = False
    """The account's tier lets it answer who has not named or quoted it."""
    quiet: Quiet | None = None
    """When no news of a case leaves."""
    sign_off: str = ""
    """What a person's approval puts at the end of a reply, as "^{initials}"."""
    number_forms: tuple[str, ...] = CITY_FORMS
    """What the city's request numbers look like; see models.case_numbers."""
    status_page: str = ""
    """Where residents reach their status pages, without a slash at the end; "": answers carry no links."""


NOT_SET_UP = Speaking(enabled=False, by_hand=ByHand.OFF)


def speaking_of(speaking: Mapping[str, Speaking], account_name: str) -> Speaking:
    """The rules of one account. With no rules at all every account may speak; beside others, an unknown one may not."""
    return speaking.get(account_name, NOT_SET_UP) if speaking else Speaking()


class Bar(StrEnum):
    """What stands against a reply, the weightiest first."""

    DELETED = "deleted"
    RETIRED = "retired"
    READS_HERE = "reads_here"
    STOPPED = "stopped"
    BLOCKED = "blocked"
    NOT_ADDRESSED = "not_addressed"
    PROTECTED = "protected"
    CHANNEL = "channel"
    OFF = "off"
    READ_ONLY = "read_only"
    NO_PERMISSION = "no_permission"
    KEY_REFUSED = "key_refused"


HOLDS = frozenset({Bar.OFF, Bar.READ_ONLY, Bar.NO_PERMISSION, Bar.KEY_REFUSED})
"""What is no fault of the mention: the reply waits."""

_NEVER_BY_HAND = frozenset({Bar.DELETED, Bar.RETIRED, Bar.READS_HERE, Bar.STOPPED, Bar.BLOCKED})
_INSTEAD = {
    Bar.DELETED: "Close it.",
    Bar.RETIRED: "Close it, or file the request without a reply.",
    Bar.READS_HERE: "File the request without a reply.",
    Bar.STOPPED: "File the request without a reply. Once they write to us again, they may be answered.",
    Bar.BLOCKED: "File the request without a reply.",
    Bar.KEY_REFUSED: "It goes when the key is mended.",
    Bar.NO_PERMISSION: "It goes when the key may do this.",
    Bar.READ_ONLY: "It goes when the operator lets the account speak.",
    Bar.OFF: "It goes when the operator switches the account on.",
}

IN_CHAT = "Answer in a numbered post of the chat, or ask them there to name our account."
"""What is left in a tweet chat where the channel does not let us answer in the thread, beside a post by hand."""


@dataclass(frozen=True, slots=True)
class MayReply:
    """`allowed`: by the API, now. `bar` None: nothing speaks against it. `by_hand`: a person may post it instead."""

    bar: Bar | None = None
    reason: str = ""
    instead: str = ""
    by_hand: bool = False

    @property
    def allowed(self) -> bool:
        return self.bar is None

    @property
    def waits(self) -> bool:
        """Whether approved words wait until our account is mended."""
        return self.bar in HOLDS

    @property
    def refused(self) -> bool:
        """Whether nothing may go by the API, whatever becomes of our account."""
        return not self.allowed and not self.waits


@dataclass(frozen=True, slots=True)
class Ground:
    """What the rule looks at. `wrote_at`: when the author's newest post in this thread came in."""

    channel: Channel
    speaking: Speaking
    health: AccountHealth = AccountHealth.OK
    trouble: str = ""
    refused_because: str = ""
    """Why the channel takes no words of ours, whatever the ear finds; "" while it takes them."""
    retired: bool = False
    addressed: bool = True
    private: bool = False
    channel_allows: bool = True
    channel_reason: str = ""
    deleted: bool = False
    protected: bool = False
    blocked_us_at: datetime | None = None
    stopped_at: datetime | None = None
    wrote_at: datetime | None = None
    in_chat: bool = False
    """It was said in a tweet chat, which has other ways to answer than in the thread."""


def judge(ground: Ground) -> MayReply:
    """The verdict on one mention, and the weightiest reason for it."""
    bar = _bar(ground)
    if bar is None:
        return MayReply()
    by_hand = bar not in _NEVER_BY_HAND and (
        ground.speaking.by_hand == ByHand.ANYONE or (ground.speaking.by_hand == ByHand.ADDRESSED and ground.addressed)
    )
    instead = _INSTEAD.get(bar, "" if by_hand else "File the request without a reply.")
    if bar == Bar.CHANNEL and ground.in_chat:
        instead = IN_CHAT
    if by_hand:
        instead = " ".join(filter(None, ("A person may post it by hand.", instead)))
    return MayReply(bar, _reason(bar, ground), instead, by_hand)


def _bar(ground: Ground) -> Bar | None:
    speaking = ground.speaking
    against = {
        Bar.DELETED: ground.deleted,
        Bar.RETIRED: ground.retired,
        Bar.READS_HERE: not CHANNELS[ground.channel].speaks,
        Bar.STOPPED: _still_holds(ground.stopped_at, ground.wrote_at),
        Bar.BLOCKED: _still_holds(ground.blocked_us_at, ground.wrote_at),
        Bar.NOT_ADDRESSED: not ground.addressed,
        Bar.PROTECTED: ground.protected and not ground.private,
        Bar.CHANNEL: not (ground.channel_allows or (speaking.unsummoned and ground.channel_reason == NOT_SUMMONED)),
        Bar.OFF: not speaking.enabled,
        Bar.READ_ONLY: speaking.read_only,
        Bar.NO_PERMISSION: ground.health == AccountHealth.NO_PERMISSION,
        Bar.KEY_REFUSED: ground.health == AccountHealth.CREDENTIALS_REJECTED or bool(ground.refused_because),
    }
    return next((bar for bar, holds in against.items() if holds), None)


def _still_holds(since: datetime | None, wrote_at: datetime | None) -> bool:
    """What somebody once said or did holds until they write to us again."""
    return since is not None and (wrote_at is None or wrote_at <= since)


def _reason(bar: Bar, ground: Ground) -> str:
    label = CHANNELS[ground.channel].label
    match bar:
        case Bar.DELETED:
            return "Its author deleted the post, so nothing can be sent about it."
        case Bar.RETIRED:
            return f"Our account on {label} was retired. What was said there stays readable, and nothing more is sent."
        case Bar.READS_HERE:
            return "A partner reported it by our Open311 endpoint, and reads there how it stands. No reply is sent."
        case Bar.STOPPED:
            return "They asked us to stop writing to them."
        case Bar.BLOCKED:
            return f"{label} does not let us reply: the author has blocked us."
        case Bar.NOT_ADDRESSED:
            return "They did not speak to us. Who complains in public without naming us is not written to."
        case Bar.PROTECTED:
            return f"{label} does not let us reply: the author's posts are protected."
        case Bar.CHANNEL:
            return f"{label} does not let us reply: {ground.channel_reason or 'it does not say why'}."
        case Bar.OFF:
            return f"Our account on {label} is switched off."
        case Bar.READ_ONLY:
            return f"Our account on {label} only listens."
        case Bar.NO_PERMISSION:
            return f"Our key on {label} may not do this. {ground.trouble}".rstrip()
        case Bar.KEY_REFUSED:
            return f"{ground.refused_because.removesuffix('.') or f'{label} refuses our key'}."


def may_reply(session: Session, mention: Mention, speaking: Mapping[str, Speaking]) -> MayReply:
    """The verdict on a mention as everything stands now."""
    account = session.get_one(Account, mention.account_id)
    author = session.get_one(Author, mention.author_id)
    conversation = session.get_one(Conversation, mention.conversation_id)
    in_chat = not conversation.private and spoke_in_chat(session, mention.id or 0)
    return judge(
        Ground(
            channel=account.channel,
            speaking=speaking_of(speaking, account.name),
            health=account.health,
            trouble=account.trouble,
            refused_because=account.refused_because,
            retired=account.retired_at is not None,
            addressed=mention.addressed or in_chat,
            in_chat=in_chat,
            private=conversation.private,
            channel_allows=mention.may_reply,
            channel_reason=mention.may_reply_reason,
            deleted=mention.state == MentionState.WITHDRAWN or not posts_of(session, mention.id or 0),
            protected=author.protected,
            blocked_us_at=author.blocked_us_at,
            stopped_at=author.stopped_at,
            wrote_at=_wrote_at(session, mention),
        )
    )


def may_answer(session: Session, mention: Mention, reply: Reply | None, speaking: Mapping[str, Speaking]) -> MayReply:
    """The same for one reply. Who asked us to stop is told once that we do."""
    verdict = may_reply(session, mention, speaking)
    confirms = reply is not None and reply.template_key == Key.STOP_DONE
    return MayReply() if verdict.bar == Bar.STOPPED and confirms else verdict


def may_speak(account: Account, speaking: Mapping[str, Speaking]) -> MayReply:
    """The verdict on what answers nobody: what stands against our own account alone."""
    return judge(
        Ground(
            channel=account.channel,
            speaking=speaking_of(speaking, account.name),
            health=account.health,
            trouble=account.trouble,
            refused_because=account.refused_because,
            retired=account.retired_at is not None,
        )
    )


def must_name(
    session: Session, mention: Mention, speaking: Mapping[str, Speaking], conversation_id: int | None = None
) -> str:
    """The privacy page that our next words have to name, being the first in a private chat; "" where they need not.

    `conversation_id`: the private chat they go to, where that is not the mention's own.
    """
    conversation = session.get_one(Conversation, conversation_id or mention.conversation_id)
    if not conversation.one_to_one or conversation.first_contact_at is not None:
        return ""
    return speaking_of(speaking, session.get_one(Account, mention.account_id).name).privacy_url


def _wrote_at(session: Session, mention: Mention) -> datetime | None:
    """When the author last spoke to us in this thread; what only a search found is not said to us."""
    return session.exec(
        select(func.max(col(Post.received_at)))
        .join(Mention, col(Mention.id) == Post.mention_id)
        .where(
            Post.conversation_id == mention.conversation_id,
            Post.author_id == mention.author_id,
            Post.kind == PostKind.MENTION,
            col(Mention.addressed).is_(True),
            or_(col(Post.rule_id).is_(None), Post.edit_chain == Mention.edit_chain),
        )
    ).one()
