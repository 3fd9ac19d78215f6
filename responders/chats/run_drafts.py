"""The whole run of a chat's posts, drafted from its plan: one post for each account and language.

Nothing here is approved: each draft is read, changed and approved by people like any other. What exists is left alone.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_time
from sqlmodel import Session, col, select

from models import (
    Account,
    Channel,
    ChatPart,
    ChatPerson,
    ChatPost,
    ChatPostKind,
    ChatQuestion,
    Reply,
    ReplyState,
    TweetChat,
)
from models.channels import CHANNELS
from responders.chats.planning import networks_of
from responders.chats.posting import plan_post, words_of
from responders.chats.questions import questions_of
from responders.chats.words import numbered
from responders.wording import date_words

DAY, HOUR = 86_400, 3_600
RULES_AFTER = 60
CLOSING_BEFORE = 120
FOLLOW_UP_AFTER = HOUR

_SLOT = re.compile(r"\[(\w+)\]")
LengthOf = Callable[[Channel, str], int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One post of the run. `sentences`: the first is said in any case, the others where they fit."""

    kind: ChatPostKind
    at_seconds: int
    sentences: tuple[str, ...]
    question: ChatQuestion | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the run a post stands: one for each. `at_seconds`: of an announcement, of which there are three."""

    account_id: int
    language: str
    kind: ChatPostKind
    question_id: int | None
    at_seconds: int | None


@dataclass(frozen=True, slots=True)
class Drafted:
    """What came of drafting a run: how many posts, and the languages that have no wordings yet."""

    posts: int
    without_words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """What a run is worded with: how channels count, the city's zone, the address of the public page ("": none)."""

    length_of: LengthOf
    zone: ZoneInfo
    page: str = ""


def draft_run(session: Session, chat: TweetChat, staff_id: int, now: datetime, ground: Ground) -> Drafted:
    """Draft what the plan wants and nobody has drafted; what is past is left out. Raises NotFound."""
    made, drafted = _posts_by_place(session, chat), 0
    for place, wanted, text in _run(session, chat, ground):
        if place in made or wanted.at_seconds < (now - chat.starts_at).total_seconds():
            continue
        plan_post(
            session,
            chat,
            account_id=place.account_id,
            kind=wanted.kind,
            language=place.language,
            text=text,
            made_by=staff_id,
            now=now,
            question_id=place.question_id,
            at_seconds=wanted.at_seconds,
        )
        drafted += 1
    return Drafted(drafted, tuple(one for one in chat.languages if one not in run_words()))


def planned_texts(session: Session, chat: TweetChat, ground: Ground) -> dict[int, str]:
    """How the posts of the run would read by the plan as it stands: ChatPost.id -> words."""
    made = _posts_by_place(session, chat)
    return {made[place].id or 0: text for place, _, text in _run(session, chat, ground) if place in made}


def follow_plan(session: Session, chat: TweetChat, before: Mapping[int, str], ground: Ground, now: datetime) -> int:
    """Word drafts anew that nobody has touched: those that still read as the plan did `before`. How many."""
    changed = 0
    for post_id, text in planned_texts(session, chat, ground).items():
        reply = words_of(session, post_id)
        if reply is None or reply.state != ReplyState.DRAFT or reply.text == text or reply.text != before.get(post_id):
            continue
        reply.text, reply.changed_at = text, now
        reply.revision += 1
        session.add(reply)
        changed += 1
    return changed


def fitted(wanted: Wanted, channel: Channel, tag: str, language: str, length_of: LengthOf) -> str:
    """The first sentence with its number and the hashtag, and of the others all that the channel has room for."""
    limit = CHANNELS[channel].limit(private=False)
    number = wanted.question.number if wanted.question else None

    def whole(text: str) -> str:
        return numbered(wanted.kind, number, text, tag, language)

    said = wanted.sentences[0]
    for sentence in wanted.sentences[1:]:
        if sentence and length_of(channel, whole(f"{said} {sentence}")) <= limit:
            said = f"{said} {sentence}"
    return whole(said)


@cache
def run_words() -> Mapping[str, Mapping[str, str]]:
    """The wordings of the posts, by language."""
    return tomllib.loads((Path(__file__).parent / "run_words.toml").read_text(encoding="utf-8"))


def time_words(at: datetime, zone: ZoneInfo, language: str) -> str:
    """A time of day in the city's zone, named, as it is said in a language: "6:00 PM EST"."""
    local = at.astimezone(zone)
    locale = Locale.parse({"ht": "fr"}.get(language, language), sep="-")
    said = format_time(local, "short", locale=locale).replace("\N{NARROW NO-BREAK SPACE}", " ")
    return f"{said} {local.tzname()}"


def _run(session: Session, chat: TweetChat, ground: Ground) -> Iterator[tuple[Place, Wanted, str]]:
    """Every post that the plan wants, with its words."""
    questions, people = questions_of(session, chat), _people(session, chat)
    for network in networks_of(session, chat):
        account = session.get_one(Account, network.account_id)
        for language in chat.languages:
            filled = _filled(chat, questions, account, language, people, ground)
            for wanted in _wanted(chat, questions, language, filled):
                about = wanted.question.id if wanted.question else None
                at = wanted.at_seconds if wanted.kind == ChatPostKind.ANNOUNCEMENT else None
                place = Place(network.account_id, language, wanted.kind, about, at)
                yield place, wanted, fitted(wanted, account.channel, chat.hashtag, language, ground.length_of)


def _filled(
    chat: TweetChat,
    questions: Sequence[ChatQuestion],
    account: Account,
    language: str,
    people: str,
    ground: Ground,
) -> dict[str, str]:
    return {
        "title": chat.title,
        "tag": chat.hashtag,
        "date": date_words(chat.starts_at.astimezone(ground.zone).date(), language),
        "time": time_words(chat.starts_at, ground.zone, language),
        "people": people,
        "link": ground.page,
        "minutes": str(chat.minutes),
        "last": str(len(questions)),
        "handle": account.handle or account.name,
    }


def _wanted(
    chat: TweetChat, questions: Sequence[ChatQuestion], language: str, filled: Mapping[str, str]
) -> Iterator[Wanted]:
    """The posts in one language, in their order; of a language without wordings the questions alone."""
    said, end = run_words().get(language, {}), chat.minutes * 60

    def say(*keys: str) -> tuple[str, ...]:
        return tuple(_fill(said[key], filled) for key in keys if filled.get(key, "-"))

    if said:
        yield Wanted(ChatPostKind.ANNOUNCEMENT, -7 * DAY, say("announcement", "join", "people", "link"))
        yield Wanted(ChatPostKind.ANNOUNCEMENT, -DAY, say("tomorrow", "people", "join", "link"))
        yield Wanted(ChatPostKind.ANNOUNCEMENT, -HOUR, say("soon", "join", "people", "link"))
        yield Wanted(ChatPostKind.OPENING, 0, say("opening", "people"))
    if said and questions:
        yield Wanted(ChatPostKind.RULES, RULES_AFTER, say("rules", "tag_us", "emergency"))
    for question in questions:
        if words := question.words.get(language, ""):
            yield Wanted(ChatPostKind.QUESTION, question.at_seconds, (words,), question)
    if said:
        yield Wanted(ChatPostKind.CLOSING, end - CLOSING_BEFORE, say("closing"))
        follow = f"{said['follow_up']} {filled['link']}" if filled["link"] else said["follow_up_soon"]
        yield Wanted(ChatPostKind.FOLLOW_UP, end + FOLLOW_UP_AFTER, (_fill(follow, filled),))


def _fill(pattern: str, words: Mapping[str, str]) -> str:
    return _SLOT.sub(lambda found: words.get(found[1], found[0]), pattern)


def _people(session: Session, chat: TweetChat) -> str:
    """The guests and co-hosts as the public reads them."""
    named = (ChatPart.GUEST, ChatPart.COHOST)
    found = select(ChatPerson).where(ChatPerson.chat_id == chat.id, col(ChatPerson.part).in_(named))
    shown = [one.shown_as for one in session.exec(found.order_by(col(ChatPerson.id))).all()]
    return "; ".join(one for one in shown if one)


def _posts_by_place(session: Session, chat: TweetChat) -> dict[Place, ChatPost]:
    """What has been drafted, and was not dropped since."""
    posts = session.exec(
        select(ChatPost)
        .join(Reply, col(Reply.chat_post_id) == ChatPost.id)
        .where(ChatPost.chat_id == chat.id, Reply.state != ReplyState.CANCELLED)
        .order_by(col(ChatPost.id).desc())
    ).all()
    return {
        Place(
            post.account_id,
            post.language,
            post.kind,
            post.question_id,
            post.at_seconds if post.kind == ChatPostKind.ANNOUNCEMENT else None,
        ): post
        for post in posts
    }
