"""A recap from its draft to its publication: a round writes it, a person reads it, and only then anybody may.

"Written" means that the drafts are there, within the hour; published it is by somebody who runs the chat, on record.
"""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlmodel import Session, col, or_, select

from models import (
    Account,
    ChatEntry,
    ChatNetwork,
    ChatPost,
    ChatPostKind,
    ChatRecap,
    ChatState,
    Reply,
    ReplyState,
    TweetChat,
    record,
)
from responders.chats.people import locked_chat, require_part
from responders.chats.posting import plan_post
from responders.chats.tasks import write_unanswered
from responders.deciding import NotApproved, NotFound
from responders.drafting import language_of_reply
from responders.review import Desk

BY = "chats"
LONGEST_INTRO = 1_500
LONGEST_TOLD_AS = 500
PATH = "/recap/"


def write_recaps(session: Session, chat: TweetChat, now: datetime) -> None:
    """Draft the recap of a chat in each of its languages, and make tasks of what nobody answered. Safe to repeat."""
    kept = {one.language: one for one in session.exec(select(ChatRecap).where(ChatRecap.chat_id == chat.id)).all()}
    for language in chat.languages:
        recap = kept.get(language)
        if recap is None:
            intro = standard_intro(chat, language)
            recap = ChatRecap(chat_id=chat.id or 0, language=language, intro=intro, written_at=now)
        recap.written_at = now
        session.add(recap)
    left = write_unanswered(session, chat, now)
    why = f"the recap is drafted in {len(chat.languages)} languages; {left} unanswered questions became tasks"
    record(session, "TweetChat", chat.id or 0, BY, why, now, to_state="recap_written")


def standard_intro(chat: TweetChat, language: str) -> str:
    """The words a recap begins with, until a person writes others."""
    return recap_words(language)["intro"].replace("{title}", chat.title)


def recap_words(language: str) -> Mapping[str, str]:
    """What a recap and its post begin with, in a language, else in English."""
    return _all_words()[language_of_reply(language, _all_words().keys())]


def keep_intro(desk: Desk, chat_id: int, language: str, staff_id: int, intro: str) -> None:
    """Change the words a recap begins with; published ones change at once. Raises NotYours, NotFound, NotApproved."""
    intro = intro.strip()
    with desk.database.write() as session:
        chat, recap = _of_who_runs_it(session, chat_id, language, staff_id)
        _require_public_words(desk, intro, LONGEST_INTRO, "The introduction")
        recap.intro = intro
        session.add(recap)
        why = f"the introduction in {language} was changed"
        record(session, "ChatRecap", recap.id or 0, f"staff:{staff_id}", why, desk.clock(), to_state=chat.state)


def publish(desk: Desk, chat_id: int, language: str, staff_id: int, address: str) -> None:
    """Let anybody read a recap as it stands now, and draft the posts that tell of it, for review as any.

    `address`: where our public pages are, without a slash at the end. Again: what came in since is read as well.
    Raises NotYours, NotFound, NotApproved.
    """
    now = desk.clock()
    with desk.database.write() as session:
        chat, recap = _of_who_runs_it(session, chat_id, language, staff_id)
        if chat.state != ChatState.ENDED:
            raise NotApproved(["The chat has not ended. Its recap is published afterwards."])
        _require_public_words(desk, recap.intro, LONGEST_INTRO, "The introduction")
        recap.published_at, recap.published_by = now, staff_id
        session.add(recap)
        by, why = f"staff:{staff_id}", f"published in {language}"
        record(session, "ChatRecap", recap.id or 0, by, why, now, to_state="published")
        _plan_posts(session, chat, language, staff_id, f"{address}{PATH}{chat.slug}/{language}", now)


def unpublish(desk: Desk, chat_id: int, language: str, staff_id: int) -> None:
    """Take a published recap off again: its address leads nowhere from now on. Raises NotYours, NotFound."""
    with desk.database.write() as session:
        _, recap = _of_who_runs_it(session, chat_id, language, staff_id)
        if recap.published_at is not None:
            recap.published_at = recap.published_by = None
            session.add(recap)
            by, now = f"staff:{staff_id}", desk.clock()
            record(session, "ChatRecap", recap.id or 0, by, f"taken off in {language}", now, "published", "")


def choose(
    desk: Desk,
    chat_id: int,
    entry_id: int,
    staff_id: int,
    *,
    chosen: bool,
    told_as: Mapping[str, str] | None = None,
) -> None:
    """Put a post into the recap or leave it out; `told_as`: what it says, in staff's own words, by language tag.

    None: what was said of it stays.

    Raises NotYours, NotFound, NotApproved.
    """
    with desk.database.write() as session:
        require_part(session, chat_id, staff_id)
        entry = session.get(ChatEntry, entry_id, with_for_update=True)
        if entry is None or entry.chat_id != chat_id:
            raise NotFound("There is no such post on the board of this chat.")
        if told_as is not None:
            said = {tag: words.strip() for tag, words in told_as.items() if words.strip()}
            for words in said.values():
                _require_public_words(desk, words, LONGEST_TOLD_AS, "What you say of it")
            if said != entry.told_as:
                entry.told_as = said
                record(session, "ChatEntry", entry_id, f"staff:{staff_id}", "told in other words", desk.clock())
        if entry.chosen != chosen:
            entry.chosen, entry.version = chosen, entry.version + 1
            why = "put into the recap" if chosen else "left out of the recap"
            record(session, "ChatEntry", entry_id, f"staff:{staff_id}", why, desk.clock())
        session.add(entry)


def _of_who_runs_it(session: Session, chat_id: int, language: str, staff_id: int) -> tuple[TweetChat, ChatRecap]:
    chat = locked_chat(session, chat_id)
    require_part(session, chat_id, staff_id)
    found = select(ChatRecap).where(ChatRecap.chat_id == chat_id, ChatRecap.language == language)
    recap = session.exec(found).first()
    if recap is None:
        raise NotFound("There is no recap in this language yet. It is drafted when the chat has ended.")
    return chat, recap


def _require_public_words(desk: Desk, words: str, longest: int, what: str) -> None:
    reasons = []
    if not words:
        reasons.append(f"{what} is empty.")
    if len(words) > longest:
        reasons.append(f"{what} has {len(words)} characters; {longest} are the most. Shorten it.")
    if desk.find_private(words):
        reasons.append(f"{what} holds a private detail, such as a telephone number. Anybody can read it: take it out.")
    if reasons:
        raise NotApproved(reasons)


def _plan_posts(session: Session, chat: TweetChat, language: str, staff_id: int, link: str, now: datetime) -> None:
    """One draft for each account of the chat that has none yet with this link."""
    words = recap_words(language)["post"].replace("{title}", chat.title).replace("{link}", link)
    has_link = or_(
        col(Reply.text).contains(link, autoescape=True), col(Reply.sent_text).contains(link, autoescape=True)
    )
    told = set(
        session.exec(
            select(ChatPost.account_id)
            .join(Reply, col(Reply.chat_post_id) == ChatPost.id)
            .where(
                ChatPost.chat_id == chat.id,
                ChatPost.kind == ChatPostKind.FOLLOW_UP,
                Reply.state != ReplyState.CANCELLED,
                has_link,
            )
        ).all()
    )
    accounts = select(Account).join(ChatNetwork, col(ChatNetwork.account_id) == Account.id)
    accounts = accounts.where(ChatNetwork.chat_id == chat.id, col(Account.retired_at).is_(None))
    for account in session.exec(accounts.order_by(col(Account.id))).all():
        if account.id not in told:
            plan_post(
                session,
                chat,
                account_id=account.id or 0,
                kind=ChatPostKind.FOLLOW_UP,
                language=language,
                text=words,
                made_by=staff_id,
                now=now,
            )


@cache
def _all_words() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((Path(__file__).parent / "recap_words.toml").read_text(encoding="utf-8"))
