"""A recap in words: everything the page of one language shows, ready for its template."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from sqlmodel import Session

from hark311.console import words as desk_words
from hark311.console.pages import Console, https_only
from hark311.console.status_page import page_words as status_words
from models import CHANNELS, Channel, ChatRecap, Outcome, TweetChat
from responders.chats.recap_figures import Figures
from responders.chats.recap_posts import Line, Withheld
from responders.chats.recap_requests import FiledRequest
from responders.chats.recapping import AskedQuestion, OurAnswer, RecapFacts, recap_of
from responders.drafting import language_of_reply, problem_words
from responders.wording import RIGHT_TO_LEFT, date_words

MINUTE = 60
NOT_FOR_ALL = (Outcome.NEEDS_INFORMATION,)
"""What the city asks of whoever reported it is for them alone."""


@dataclass(frozen=True, slots=True)
class Reader:
    """In which language a page speaks to somebody: `wanted` of the recap, `tag` of our words for it."""

    wanted: str
    tag: str
    words: Mapping[str, str]

    @property
    def direction(self) -> str:
        return "rtl" if self.tag in RIGHT_TO_LEFT else "ltr"

    def on_network(self, channel: Channel, key: str = "link") -> str:
        return self.words[key].replace("{network}", CHANNELS[channel].label)

    def day(self, day: date) -> str:
        return date_words(day, self.tag)


@dataclass(frozen=True, slots=True)
class ShownPost:
    """A post as a page shows it. `words` "": `note` says why not, and `told_as` what staff say of it instead."""

    words: str
    language: str
    author: str
    link: str
    link_words: str
    note: str
    told_as: str
    told_language: str
    ours: bool = False


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """A request as the status page of its case would tell it, without who reported it."""

    problem: str
    place: str
    number: str
    state: str
    since: str
    promised: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShownRecap:
    """Everything a recap shows. `figures`, `networks`, `languages`: (name, value) as in their tables."""

    chat: TweetChat
    recap: ChatRecap
    facts: RecapFacts
    held: str
    as_of: str
    requests: Sequence[ShownRequest]
    figures: Sequence[tuple[str, str]]
    networks: Sequence[tuple[str, int]]
    languages: Sequence[tuple[str, int]]


def reader_of(wanted: str) -> Reader:
    """How a page speaks in a language; in English where we have no words of it."""
    tag = language_of_reply(wanted, page_words().keys())
    return Reader(wanted, tag, page_words()[tag])


@cache
def page_words() -> Mapping[str, Mapping[str, str]]:
    """The words of the pages, by language."""
    return tomllib.loads((Path(__file__).parent / "recap_page_words.toml").read_text(encoding="utf-8"))


def shown_recap(session: Session, console: Console, chat: TweetChat, recap: ChatRecap) -> ShownRecap:
    """The recap of one language as it stands now."""
    reader, now = reader_of(recap.language), console.now()
    today = console.city_time.today(now)
    facts = recap_of(
        session,
        chat,
        recap.language,
        redact=console.product.redact,
        find_private=console.product.desk.find_private,
        today=today,
        now=now,
        published_at=recap.published_at,
    )
    held = chat.starts_at.astimezone(console.city_time.zone).date()
    return ShownRecap(
        chat=chat,
        recap=recap,
        facts=facts,
        held=f"{reader.day(held)}, {held.year}",
        as_of=reader.words["as_of"].replace("{day}", reader.day(today)),
        requests=[_request(console, one, reader) for one in facts.requests],
        figures=figures_in_words(facts.figures, reader.words),
        networks=[(CHANNELS[channel].label, number) for channel, number in facts.figures.networks.items()],
        languages=[(language_name(tag, reader), number) for tag, number in facts.figures.languages.items()],
    )


def figures_in_words(figures: Figures, words: Mapping[str, str]) -> list[tuple[str, str]]:
    """Each figure with its name; a time nobody waited is left out."""
    counted = {
        "participants": figures.participants,
        "posts": figures.posts,
        "ours": figures.ours,
        "reposts": figures.reposts,
        "asked": figures.asked,
        "answered": figures.answered,
        "unanswered": figures.unanswered,
        "unneeded": figures.no_answer_needed,
    }
    times = {"median": figures.median_seconds, "p90": figures.p90_seconds}
    took = [
        (words[key], words["minutes"].replace("{n}", minutes(seconds)))
        for key, seconds in times.items()
        if seconds is not None
    ]
    return [(words[key], f"{number:,}") for key, number in counted.items()] + took


def minutes(seconds: float) -> str:
    """Minutes with one decimal under ten: "0.5", "3.2", "14"."""
    return f"{seconds / MINUTE:.1f}" if seconds < 10 * MINUTE else f"{seconds / MINUTE:.0f}"


def language_name(tag: str, reader: Reader) -> str:
    """What a language is called in the reader's; in English where nobody told us."""
    if tag in ("", "und"):
        return reader.words["unclear"]
    try:
        named = Locale.parse(reader.tag.replace("-", "_")).languages.get(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        named = None
    return named or desk_words.language_name(tag)


def own_name(tag: str) -> str:
    """What a language calls itself, for whoever looks for theirs."""
    try:
        return Locale.parse(tag.replace("-", "_")).get_display_name() or desk_words.language_name(tag)
    except (UnknownLocaleError, ValueError):
        return desk_words.language_name(tag)


def shown_line(line: Line, chat: TweetChat, reader: Reader) -> ShownPost:
    """A participant's post, or one of ours on the board."""
    told_in = next((tag for tag in (reader.wanted, chat.languages[0]) if line.told_as.get(tag)), "")
    told_in = told_in or next(iter(line.told_as), "")
    return ShownPost(
        words=line.words,
        language=desk_words.html_language(line.language) if line.words else "",
        author=f"@{line.author}" if line.author else "",
        link=https_only(line.link),
        link_words=reader.on_network(line.channel),
        note=withheld_words(line, reader),
        told_as=line.told_as.get(told_in, ""),
        told_language=desk_words.html_language(told_in),
        ours=line.ours,
    )


def withheld_words(line: Line, reader: Reader) -> str:
    """Why the words of a post do not stand here; "" where they do."""
    if line.withheld is None:
        return ""
    if line.withheld == Withheld.HIDDEN:
        return reader.words["hidden"].replace("{n}", str(line.clause))
    return reader.on_network(line.channel, line.withheld.value)


def shown_answer(answer: OurAnswer, reader: Reader) -> ShownPost:
    """An answer of ours."""
    link_words = reader.on_network(answer.channel)
    language = desk_words.html_language(answer.language)
    return ShownPost(answer.words, language, "", https_only(answer.link), link_words, "", "", "", ours=True)


def asked_words(question: AskedQuestion, chat: TweetChat, reader: Reader) -> tuple[str, str]:
    """The words of a question and the language they are in."""
    said, tag = question.in_language(reader.wanted, chat.languages[0])
    return said, desk_words.html_language(tag)


def askers_words(number: int, reader: Reader) -> str:
    """How many people an answer is for."""
    return reader.words["one_asked"] if number == 1 else reader.words["many_asked"].replace("{n}", str(number))


def _request(console: Console, one: FiledRequest, reader: Reader) -> ShownRequest:
    tag = language_of_reply(reader.tag, status_words().keys())
    words, zone = status_words()[tag], console.city_time.zone
    state = words["closed" if one.closed else "open" if one.filed else "waiting"]
    planned = date_words(one.planned_for.astimezone(zone).date(), tag) if one.planned_for else ""
    told = one.outcome is not None and one.outcome not in NOT_FOR_ALL
    if one.outcome and told and (one.outcome is not Outcome.SCHEDULED or planned):
        state = f"{state}. {words[one.outcome.value].replace('{date}', planned)}"
    promised = one.promised and one.promised > console.now()
    return ShownRequest(
        problem=problem_words(one.service, tag),
        place=one.place,
        number=one.number,
        state=state,
        since=date_words(one.since.astimezone(zone).date(), tag),
        promised=date_words(one.promised.astimezone(zone).date(), tag) if promised and one.promised else "",
        reason=one.reason,
    )
