"""Planning a tweet chat: what it is about, when, where and in which languages, and when each question is asked.

What a plan holds is written here; its posts are planned, reviewed and sent by `posting` and `running`. Errors:
NotYours (who asks takes no part), NotApproved (with all reasons), NotFound.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, select

from models import (
    CHANNELS,
    Account,
    Channel,
    ChatNetwork,
    ChatPart,
    ChatPerson,
    ChatPost,
    ChatPostKind,
    ChatState,
    Power,
    Reply,
    ReplyState,
    StaffUser,
    TweetChat,
    advance,
    record,
)
from responders.chats.questions import drop_posts, questions_of, require_planned
from responders.chats.tags import drop_search, search_for_tag
from responders.deciding import NotApproved, NotFound

LONGEST_TITLE = 90
LONGEST_ABOUT = 600
LONGEST_TAG = 40
MINUTES = range(10, 241)
GRACES = range(601)
KEYS = range(1, 4)
WITHIN = range(60, 3601)

_TAG = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class PlanFields:
    """What stands in the form of a chat. Seconds where `grace_seconds` and `answer_within`; `starts_at` aware UTC."""

    title: str
    hashtag: str
    starts_at: datetime | None
    about: str = ""
    minutes: int = 60
    languages: Sequence[str] = ("en",)
    grace_seconds: int = 60
    answer_keys: int = 1
    guests_approve: bool = False
    answer_within: int = 300


FIXED_ONCE_LIVE = ("hashtag", "starts_at", "minutes", "languages")
"""What people have read and posts have been planned by: unchanged from the opening on."""


def plan_chat(session: Session, fields: PlanFields, staff: StaffUser, now: datetime) -> TweetChat:
    """A new chat, hosted by who plans it. Raises NotApproved."""
    fields = _tidy(fields)
    problems = _problems(fields)
    if fields.starts_at is not None and fields.starts_at <= now:
        problems.append("The chat would begin in the past. Choose a later time.")
    if problems or fields.starts_at is None:
        raise NotApproved(problems)
    chat = TweetChat(
        title=fields.title,
        about=fields.about,
        hashtag=fields.hashtag,
        slug=_slug(session, fields.title),
        starts_at=fields.starts_at,
        minutes=fields.minutes,
        languages=list(fields.languages),
        grace_seconds=fields.grace_seconds,
        answer_keys=fields.answer_keys,
        guests_approve=fields.guests_approve,
        answer_within=fields.answer_within,
        changed_at=now,
        made_by=staff.id,
        made_at=now,
    )
    session.add(chat)
    session.flush()
    person = ChatPerson(chat_id=chat.id or 0, staff_id=staff.id or 0, part=ChatPart.HOST, shown_as=staff.display_name)
    session.add(person)
    record(session, "TweetChat", chat.id or 0, f"staff:{staff.id}", "planned", now)
    return chat


def change_plan(session: Session, chat: TweetChat, fields: PlanFields, staff_id: int, now: datetime) -> None:
    """Change what stands in the form. Raises NotApproved: once it is live, its time and hashtag stay."""
    fields = _tidy(fields)
    problems = _problems(fields)
    if chat.state == ChatState.PLANNED:
        moved = fields.starts_at != chat.starts_at
        if moved and fields.starts_at is not None and fields.starts_at <= now:
            problems.append("The chat would begin in the past. Choose a later time.")
        stale = [name for name in ("hashtag", "starts_at", "minutes") if getattr(fields, name) != getattr(chat, name)]
        if stale and _approved(session, chat):
            problems.append("Posts with the hashtag, time and length as they were are approved. Take them back first.")
        late = [one.number for one in questions_of(session, chat) if one.at_seconds >= fields.minutes * 60]
        if late:
            problems.append(f"Question {late[0]} would be asked after the end. Give it an earlier minute first.")
    elif any(getattr(fields, name) != _as_planned(chat, name) for name in FIXED_ONCE_LIVE):
        problems.append("The chat has begun: its hashtag, time, length and languages stay as they are.")
    if problems or fields.starts_at is None:
        raise NotApproved(problems)
    told = ("title", "about", "hashtag", "starts_at", "minutes")
    if any(getattr(fields, name) != getattr(chat, name) for name in told):
        chat.revision += 1
    retagged, longer = fields.hashtag != chat.hashtag, (fields.minutes - chat.minutes) * 60
    for name in PlanFields.__slots__:
        value = getattr(fields, name)
        setattr(chat, name, list(value) if name == "languages" else value)
    session.add(chat)
    session.flush()
    if longer and chat.state == ChatState.PLANNED:
        _move_end(session, chat, longer)
    if retagged:
        for network in networks_of(session, chat):
            search_for_tag(session, chat, network, staff_id, now)
    record(session, "TweetChat", chat.id or 0, f"staff:{staff_id}", "the plan was changed", now)


def set_public(session: Session, chat: TweetChat, public: bool, staff_id: int, now: datetime) -> None:
    """Let anybody read the page of the event, or nobody any more."""
    if chat.public != public:
        chat.public = public
        session.add(chat)
        said = "its page can be read by anybody" if public else "its page can be read by nobody"
        record(session, "TweetChat", chat.id or 0, f"staff:{staff_id}", said, now)


def cancel_chat(session: Session, chat: TweetChat, staff_id: int, now: datetime) -> None:
    """It does not take place; the round of chats takes back what waits to leave. Raises IllegalTransition."""
    advance(session, chat, ChatState.CANCELLED, f"staff:{staff_id}", "it does not take place", now)
    chat.revision += 1
    for network in networks_of(session, chat):
        drop_search(session, network, staff_id, now)


def replan_chat(session: Session, chat: TweetChat, staff_id: int, now: datetime) -> None:
    """It takes place after all. Raises NotApproved where its time is past."""
    if chat.starts_at <= now:
        raise NotApproved(["Its time is past. Plan a new chat."])
    advance(session, chat, ChatState.PLANNED, f"staff:{staff_id}", "it takes place after all", now)
    chat.revision += 1
    for network in networks_of(session, chat):
        search_for_tag(session, chat, network, staff_id, now)


def networks_of(session: Session, chat: TweetChat) -> list[ChatNetwork]:
    """Where the chat takes place, in the order it was said."""
    found = select(ChatNetwork).where(ChatNetwork.chat_id == chat.id).order_by(col(ChatNetwork.id))
    return list(session.exec(found).all())


def add_network(
    session: Session, chat: TweetChat, account_id: int, group: str, staff_id: int, now: datetime
) -> ChatNetwork:
    """The chat takes place with this account too. `group`: of Telegram, as it names it. Raises NotApproved."""
    _require_open(chat)
    account, group = session.get(Account, account_id), group.strip()
    if account is None or account.retired_at is not None or not CHANNELS[account.channel].speaks:
        raise NotApproved(["Choose one of our accounts."])
    if any(one.account_id == account_id for one in networks_of(session, chat)):
        raise NotApproved(["The chat takes place with this account already."])
    if account.channel == Channel.TELEGRAM and not re.fullmatch(r"-?[0-9]{1,20}", group):
        raise NotApproved([_named_group(group)])
    network = ChatNetwork(
        chat_id=chat.id or 0,
        account_id=account_id,
        conversation_id=group if account.channel == Channel.TELEGRAM else "",
    )
    session.add(network)
    session.flush()
    search_for_tag(session, chat, network, staff_id, now)
    record(session, "TweetChat", chat.id or 0, f"staff:{staff_id}", f"takes place with account {account_id}", now)
    return network


def _named_group(group: str) -> str:
    """Why a group cannot be taken: what is posted there comes with its number alone, never with its name."""
    said = "Telegram has no search: give the number of the group, such as -1001234567890."
    return f"{said} A name with @ does not say which messages belong to it." if group.startswith("@") else said


def remove_network(session: Session, chat: TweetChat, network_id: int, staff_id: int, now: datetime) -> None:
    """The chat does not take place there. Raises NotApproved where something of it is approved or stands there."""
    require_planned(chat)
    network = session.get(ChatNetwork, network_id)
    if network is None or network.chat_id != chat.id:
        raise NotFound("There is no such account in this chat.")
    posts = select(ChatPost).where(ChatPost.chat_id == chat.id, ChatPost.account_id == network.account_id)
    drop_posts(session, session.exec(posts).all(), "the chat does not take place there", staff_id, now)
    drop_search(session, network, staff_id, now)
    session.delete(network)
    said = f"does not take place with account {network.account_id}"
    record(session, "TweetChat", chat.id or 0, f"staff:{staff_id}", said, now)


def hosts_chats(staff: StaffUser) -> bool:
    """Whether somebody may plan chats."""
    return staff.active and staff.may(Power.MODERATE)


def _problems(fields: PlanFields) -> list[str]:
    found = []
    if not any(letter.isalnum() for letter in fields.title) or len(fields.title) > LONGEST_TITLE:
        found.append(f"A title has 1 to {LONGEST_TITLE} characters.")
    if len(fields.about) > LONGEST_ABOUT:
        found.append(f"What it is about has {LONGEST_ABOUT} characters at most.")
    if not _TAG.fullmatch(fields.hashtag) or fields.hashtag.isdigit() or len(fields.hashtag) > LONGEST_TAG:
        found.append(f"A hashtag is one word of letters and digits, {LONGEST_TAG} at most, and no number alone.")
    if fields.starts_at is None:
        found.append("Say on which day and at what time it begins.")
    if fields.minutes not in MINUTES:
        found.append(f"A chat takes {MINUTES[0]} to {MINUTES[-1]} minutes.")
    if not fields.languages:
        found.append("Choose at least one language.")
    if fields.grace_seconds not in GRACES or fields.answer_within not in WITHIN or fields.answer_keys not in KEYS:
        found.append("Choose the times and the number of people from what the form offers.")
    return found


def _tidy(fields: PlanFields) -> PlanFields:
    return replace(
        fields,
        title=" ".join(fields.title.split()),
        about=fields.about.strip(),
        hashtag=unicodedata.normalize("NFC", fields.hashtag.strip().lstrip("#")),
        languages=list(dict.fromkeys(fields.languages)),
    )


def _as_planned(chat: TweetChat, name: str) -> object:
    return list(chat.languages) if name == "languages" else getattr(chat, name)


def _move_end(session: Session, chat: TweetChat, seconds: int) -> None:
    """What is planned around the end of a chat moves along with it."""
    at_the_end = col(ChatPost.kind).in_([ChatPostKind.CLOSING, ChatPostKind.FOLLOW_UP])
    for post in session.exec(select(ChatPost).where(ChatPost.chat_id == chat.id, at_the_end)).all():
        if post.at_seconds is not None:
            post.at_seconds += seconds
            session.add(post)


def _approved(session: Session, chat: TweetChat) -> bool:
    """Whether a post of the chat is approved and has not left yet."""
    found = select(Reply.id).join(ChatPost, col(ChatPost.id) == Reply.chat_post_id)
    waits = (ReplyState.APPROVED, ReplyState.SENDING, ReplyState.HANDED_OVER)
    return session.exec(found.where(ChatPost.chat_id == chat.id, col(Reply.state).in_(waits))).first() is not None


def _require_open(chat: TweetChat) -> None:
    if chat.state not in (ChatState.PLANNED, ChatState.LIVE):
        raise NotApproved(["The chat is over, or does not take place."])


def _slug(session: Session, title: str) -> str:
    """What the address of its page is called; a number where another chat is called so."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "chat"
    taken = set(session.exec(select(TweetChat.slug).where(col(TweetChat.slug).startswith(name))).all())
    names = (name if number == 1 else f"{name}-{number}" for number in range(1, len(taken) + 2))
    return next(one for one in names if one not in taken)
