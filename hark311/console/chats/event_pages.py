"""The public page of a chat: no sign-in, no script, no tracking, and nothing that its host has not made public.

A chat that is not public gets the page that an invented one gets. Its calendar file stands under the same address.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel import Locale
from fastapi import APIRouter, Request
from sqlmodel import Session, col, select
from starlette.responses import PlainTextResponse, Response

from hark311.chat_people import people_of
from hark311.console import words
from hark311.console.chats.calendar_file import as_download, calendar_file
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere
from models import CHANNELS, Account, Channel, ChatPart, ChatRecap, ChatState, TweetChat
from responders.chats.people import begins_at, ends_at
from responders.chats.planning import networks_of
from responders.chats.questions import questions_of
from responders.chats.run_drafts import time_words
from responders.drafting import language_of_reply
from responders.wording import RIGHT_TO_LEFT, date_words

router = APIRouter(prefix="/event")

CALENDAR = ".ics"
LONGEST_SLUG = 80
HEADERS = {"x-robots-tag": "noindex, nofollow"}
SHOWN = (ChatPart.HOST, ChatPart.COHOST, ChatPart.GUEST)
RECAP = "/recap"
"""Where the recap stands."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A chat as its public page shows it, in one language."""

    title: str
    about: str
    state: str
    when: Sequence[str]
    hashtag: str
    people: Sequence[str]
    questions: Sequence[tuple[int, str, str]]
    networks: Sequence[str]
    recap: str
    others: Sequence[tuple[str, str]]


@router.get("/{slug}")
def show_event(request: Request, console: ConsoleHere, slug: str) -> Response:
    """The page, or with .ics behind it the calendar file. `?in=es` chooses one of the chat's languages."""
    address = request.client.host if request.client else ""
    if not console.throttle.may_look(address):
        return PlainTextResponse("Too many pages were asked for. Wait 15 minutes.\n", 429, headers=HEADERS)
    wants_file = slug.endswith(CALENDAR)
    with console.product.database.read() as session:
        chat = _public_chat(session, slug.removesuffix(CALENDAR))
        shown = _shown(session, console, chat, request) if chat and not wants_file else None
    if chat is None:
        console.throttle.missed(address)
        return _gone(request, console)
    if shown is None:
        return as_download(calendar_file(chat, console, console.now()), chat)
    language = _language(request, chat)
    return _page(console, "chats/event.html", 200, language, shown=shown, slug=chat.slug)


def _public_chat(session: Session, slug: str) -> TweetChat | None:
    if len(slug) > LONGEST_SLUG:
        return None
    return session.exec(select(TweetChat).where(TweetChat.slug == slug, col(TweetChat.public))).first()


def _language(request: Request, chat: TweetChat) -> str:
    """The language that was asked for, if the chat has it; else its own."""
    wanted = request.query_params.get("in", "")
    return wanted if wanted in chat.languages else chat.languages[0]


def _shown(session: Session, console: Console, chat: TweetChat, request: Request) -> Shown:
    language = _language(request, chat)
    said, zone = event_words(language), console.city_time.zone
    spoken = _spoken(language)
    begins, ends = begins_at(chat), ends_at(chat)
    day = date_words(begins.astimezone(zone).date(), spoken)
    clock = f"{time_words(begins, zone, spoken)} – {time_words(ends, zone, spoken)}"
    recaps = session.exec(
        select(ChatRecap.language).where(ChatRecap.chat_id == chat.id, col(ChatRecap.published_at).is_not(None))
    ).all()
    recap = language if language in recaps else next(iter(recaps), "")
    accounts = [session.get_one(Account, one.account_id) for one in networks_of(session, chat)]
    states = {ChatState.CANCELLED: "cancelled", ChatState.LIVE: "live", ChatState.ENDED: "over"}
    return Shown(
        title=chat.title,
        about=chat.about,
        state=said[states[chat.state]] if chat.state in states else "",
        when=[f"{day}, {begins.astimezone(zone).year}", clock],
        hashtag=chat.hashtag,
        people=[person.shown_as for person, _ in people_of(session, chat.id or 0) if person.part in SHOWN],
        questions=[_asked(one.number, one.words, language, chat) for one in questions_of(session, chat)],
        networks=[_network(one, said, chat.hashtag) for one in accounts],
        recap=f"{RECAP}/{chat.slug}/{recap}" if recap else "",
        others=[(tag, _own_name(tag)) for tag in chat.languages if tag != language],
    )


def _own_name(tag: str) -> str:
    """What a language calls itself; where nobody has written that down, what English calls it."""
    said = _all_words().get(tag)
    return said["own_name"] if said else Locale.parse(tag, sep="-").display_name or words.language_name(tag)


def _asked(number: int, said: Mapping[str, str], language: str, chat: TweetChat) -> tuple[int, str, str]:
    """A question's number, its words, and the language they are in: the chat's own where there are no others."""
    spoken = language if language in said else chat.languages[0]
    return number, said.get(spoken, ""), spoken


def _network(account: Account, said: Mapping[str, str], tag: str) -> str:
    pattern = said["in_group" if account.channel == Channel.TELEGRAM else "on_network"]
    filled = {"network": CHANNELS[account.channel].label, "handle": account.handle or account.name, "tag": tag}
    for name, word in filled.items():
        pattern = pattern.replace(f"[{name}]", word)
    return pattern


def _gone(request: Request, console: Console) -> Response:
    wanted = request.headers.get("accept-language", "en").partition(",")[0].partition(";")[0].strip()
    language = language_of_reply(wanted, _all_words().keys())
    return _page(console, "chats/event_gone.html", 404, language)


def _page(console: Console, template: str, status: int, language: str, **more: object) -> Response:
    spoken = _spoken(language)
    answer = console.page(
        template,
        status,
        said_as=event_words(language),
        language=spoken,
        direction="rtl" if spoken in RIGHT_TO_LEFT else "ltr",
        indexed=status == 200,
        **more,
    )
    if status != 200:
        answer.headers.update(HEADERS)
    return answer


def _spoken(language: str) -> str:
    """The language that the page itself speaks."""
    return language if language in _all_words() else "en"


def event_words(language: str) -> Mapping[str, str]:
    """The words of the page in a language; in English where it has none yet."""
    return _all_words().get(language, _all_words()["en"])


@cache
def _all_words() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((Path(__file__).parent / "event_words.toml").read_text(encoding="utf-8"))
