"""What residents write in a rehearsed tweet chat: who, when, on which network and in which words.

All of it is made from one seed before the chat opens, so that the same chat can be played again. What stands in a
line's `lane` and `question` is known to the score alone: neither the desk nor its people see it.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from hark311.rehearsal.chat_case import ChatCase, texts
from models import Channel, ChatLane, Feature, FeatureKind

NETWORKS: Mapping[Channel, int] = {Channel.X: 50, Channel.MASTODON: 20, Channel.BLUESKY: 20, Channel.TELEGRAM: 10}
"""Of a hundred posts, so many on each."""
FEWEST, MOST = 20, 5000
HARD_FROM, HARD_UNTIL = 23 * 60.0, 38 * 60.0
"""The difficult quarter of an hour, in seconds after the start."""
FLOOD_FROM, FLOOD_SECONDS = 26 * 60.0, 180.0
SHARES: Mapping[str, float] = {
    "flood": 0.375,
    "introductions": 0.05,
    "questions": 0.09,
    "reports": 0.05,
    "needs_answer": 0.025,
    "thanks": 0.025,
    "off_topic": 0.035,
}
"""Of all posts; what is left are answers."""
SETTLED, BEFORE_NEXT = 75.0, 15.0
"""Who names no number writes so long after a question, and so long before the next, that all know which they mean."""
NUMBERED: Mapping[str, Sequence[str]] = {
    "es": ("R{n}: ", "R{n} ", "P{n}: "),
    "fr": ("R{n} : ",),
    "pt": ("R{n}: ",),
    "": ("A{n}: ", "A{n} ", "a{n}. ", "A{n}a ", "Re: Q{n} "),
}
HOODS = ("Fishtown", "Point Breeze", "Germantown", "Kensington", "Mantua", "Olney", "Passyunk", "Strawberry Mansion")


class Act(StrEnum):
    """What somebody does on their network."""

    POST = "post"
    REPOST = "repost"
    EDIT = "edit"
    DELETE = "delete"


class Mark(StrEnum):
    """What a post is a test of."""

    FLOOD = "flood"
    THREAT = "threat"
    RUDE = "rude"
    EMERGENCY = "emergency"
    WRONG_FACT = "wrong_fact"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing somebody does. `key` names it; `of`: what it answers, repeats, edits or deletes.

    `under`: it is written under the post of that question. `follows`: the question it is about, which has to stand
    before anybody can answer it. `names_us`: the account is named in it. `lane` and `question` are the labels, None
    where there is none to hold the desk against.
    """

    key: str
    at: float
    network: Channel
    author: str
    text: str = ""
    act: Act = Act.POST
    of: str = ""
    under: int | None = None
    follows: int | None = None
    names_us: bool = False
    lane: ChatLane | None = None
    question: int | None = None
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class ChatScript:
    """The plan and all lines, in order of time."""

    case: ChatCase
    lines: Sequence[Line]

    @property
    def posts(self) -> Sequence[Line]:
        """What is said for the first time: no reposts, no edits, no deletions."""
        return [one for one in self.lines if one.act == Act.POST]


def write_chat(
    case: ChatCase,
    places: Sequence[str],
    *,
    posts: int = 400,
    seed: int = 1,
    networks: Mapping[Channel, int] = NETWORKS,
    tag_is_heard: frozenset[Channel] = frozenset({Channel.X, Channel.MASTODON, Channel.BLUESKY}),
) -> ChatScript:
    """A chat of so many posts at these street corners.

    `tag_is_heard`: where who only writes the tag is found; elsewhere everybody names the account. Raises ValueError
    for a number of posts that no chat can be written with.
    """
    if not FEWEST <= posts <= MOST:
        raise ValueError(f"a chat is written with {FEWEST} to {MOST} posts, not with {posts}")
    if not places:
        raise ValueError("there is no street corner to report anything at")
    writer = _Writer(case, places, posts, random.Random(seed), networks, tag_is_heard)  # noqa: S311 - a script
    said = sorted(writer.said(), key=lambda one: one.at)
    named = [replace(one, key=f"c{number}") for number, one in enumerate(said, 1)]
    return ChatScript(case, sorted([*named, *writer.done_to(named)], key=lambda one: one.at))


def corners(town: Iterable[Feature]) -> list[str]:
    """Street corners of a town, as residents call them."""
    crossings = (one for one in town if one.kind == FeatureKind.CROSSING and one.other and one.lat is not None)
    return [f"{one.other} and {one.name}" for one in crossings]


@dataclass(slots=True)
class _Writer:
    case: ChatCase
    places: Sequence[str]
    posts: int
    dice: random.Random
    networks: Mapping[Channel, int]
    tag_is_heard: frozenset[Channel]

    def said(self) -> Iterator[Line]:
        """Everything that is said for the first time."""
        counts = {what: round(self.posts * share) for what, share in SHARES.items()}
        told = texts()
        special = list(self._special(told))
        last = self.case.minutes * 60.0
        yield from special
        yield from self._flood(counts["flood"], told)
        for _ in range(counts["introductions"]):
            words = self._some(told["introductions"])[1].format(hood=self.dice.choice(HOODS))
            yield self._line(self.dice.uniform(20, 280), words, lane=ChatLane.OFF_TOPIC)
        for _ in range(counts["thanks"]):
            yield self._line(self.dice.uniform(last - 240, last), self._some(told["thanks"])[1], ChatLane.OFF_TOPIC)
        for what, lane in (("off_topic", ChatLane.OFF_TOPIC), ("needs_answer", ChatLane.NEEDS_ANSWER)):
            for _ in range(counts[what]):
                yield self._line(self.dice.uniform(120, last - 60), self._some(told[what])[1], lane)
        for number in range(counts["questions"]):
            yield self._line(self.dice.uniform(180, last - 120), self._question(number, told), ChatLane.QUESTION)
        for number in range(counts["reports"]):
            yield self._report(number, told)
        for number in range(self.posts - sum(counts.values()) - len(special)):
            yield self._answer(number % len(self.case.questions) + 1, told)

    def _special(self, told: Mapping[str, Any]) -> Iterator[Line]:
        """What the difficult quarter of an hour is difficult for."""
        place, hard = self.dice.choice(self.places), (HARD_FROM, HARD_UNTIL)
        words = told["emergency"]["words"][0].format(place=place)
        yield self._line(
            FLOOD_FROM + 90, words, ChatLane.EMERGENCY, Mark.EMERGENCY, network=self._first(), names_us=True
        )
        words = told["wrong_fact"]["words"][0]
        yield self._line(FLOOD_FROM + 210, words, ChatLane.NEEDS_ANSWER, Mark.WRONG_FACT, network=self._first())
        for mark, kind, lane in ((Mark.THREAT, "threats", ChatLane.ABUSE), (Mark.RUDE, "rudeness", None)):
            for number, words in enumerate(told["troll"][kind]):
                at = hard[0] + 100 + number * 180 + (60 if mark == Mark.THREAT else 0)
                yield self._line(at, words, lane, mark, network=self._first(), author="neighbor_troll")

    def _flood(self, count: int, told: Mapping[str, Any]) -> Iterator[Line]:
        """One question by many, noise, and among it answers to the question that stands."""
        asked = self.case.asked_before(FLOOD_FROM / 60)
        for number in range(count):
            at = FLOOD_FROM + self.dice.uniform(0, FLOOD_SECONDS)
            if number % 5 < 2:
                words, lane = self.dice.choice(told["flood"]["question"]), ChatLane.QUESTION
            elif number % 5 < 4 or not asked:
                words, lane = self.dice.choice(told["flood"]["noise"]), ChatLane.OFF_TOPIC
            else:
                yield replace(self._answer(asked, told), at=at, mark=Mark.FLOOD)
                continue
            yield self._line(at, words, lane, Mark.FLOOD, author=f"neighbor_f{number}")

    def _question(self, number: int, told: Mapping[str, Any]) -> str:
        """Two of three are asked by others as well."""
        if number % 3 < 2:
            alike: Sequence[str] = told["alike"][number % len(told["alike"])]["words"]
            return self.dice.choice(alike)
        return self._some(told["questions_apart"])[1]

    def _report(self, number: int, told: Mapping[str, Any]) -> Line:
        """Something is broken at a corner; one of four is written as if it were an answer."""
        words = self._some(told["reports"])[1].format(place=self.dice.choice(self.places))
        if number % 4 or len(self.case.questions) < 2:
            return self._line(self.dice.uniform(120, self.case.minutes * 60 - 120), words, ChatLane.SERVICE_REQUEST)
        at = self.case.questions[1].minute * 60 + self.dice.uniform(30, 400)
        line = self._line(at, f"A2: {words}", ChatLane.SERVICE_REQUEST)
        return replace(line, follows=2, question=2)

    def _answer(self, number: int, told: Mapping[str, Any]) -> Line:
        """An answer with its number, under the question's post, or with nothing but its time."""
        language, words = self._some(told["answers"][str(number)])
        begins, ends = self._window(number)
        how = self.dice.random()
        line = self._line(self.dice.uniform(begins + 20, ends), words, ChatLane.ANSWER)
        line = replace(line, follows=number, question=number)
        if how < 0.62:
            form = self.dice.choice(NUMBERED.get(language, NUMBERED[""])).format(n=number)
            late = self.dice.uniform(0, 180) if how < 0.1 else 0.0
            return replace(line, text=form + line.text, at=min(line.at + late, self.case.minutes * 60))
        if how < 0.82:
            return replace(line, under=number, names_us=line.network in (Channel.X, Channel.MASTODON))
        return replace(line, at=self.dice.uniform(min(begins + SETTLED, ends), max(begins + SETTLED, ends)))

    def _window(self, number: int) -> tuple[float, float]:
        """From a question until shortly before the next, in seconds."""
        begins = self.case.questions[number - 1].minute * 60
        after = self.case.questions[number].minute if number < len(self.case.questions) else self.case.minutes - 2
        return begins, max(begins + 21, after * 60 - BEFORE_NEXT)

    def _line(
        self,
        at: float,
        words: str,
        lane: ChatLane | None,
        mark: Mark | None = None,
        *,
        network: Channel | None = None,
        author: str = "",
        names_us: bool | None = None,
    ) -> Line:
        """A line with the tag, the account's name, or both: some people forget the one or the other."""
        where = network or self.dice.choices(list(self.networks), list(self.networks.values()))[0]
        forgets = self.dice.random()
        named = names_us if names_us is not None else where not in self.tag_is_heard or forgets < 0.3
        reports = lane in (ChatLane.SERVICE_REQUEST, ChatLane.EMERGENCY)
        tagged = not named or reports or forgets >= 0.15
        who = author or f"neighbor{self.dice.randrange(max(8, self.posts // 3))}"
        text = f"{words} #{self.case.hashtag}" if tagged else words
        return Line("", at, where, who, text, names_us=named, lane=lane, mark=mark)

    def _some(self, by_language: Mapping[str, Sequence[str]]) -> tuple[str, str]:
        """A language, the first one in half of all cases, and words in it."""
        languages = list(by_language)
        language = languages[0] if self.dice.random() < 0.5 else self.dice.choice(languages)
        return language, self.dice.choice(by_language[language])

    def _first(self) -> Channel:
        return next(iter(self.networks))

    def done_to(self, said: Sequence[Line]) -> Iterator[Line]:
        """What is repeated, edited and deleted afterwards."""
        number = len(said)
        plain = [one for one in said if one.mark is None and one.network in (Channel.X, Channel.MASTODON)]
        wrong = [one for one in said if one.mark == Mark.WRONG_FACT]
        reposts = self.dice.sample(plain, min(len(plain), max(1, self.posts // 50)))
        edits = self.dice.sample(plain, min(len(plain), max(1, self.posts // 80)))
        for line in (*reposts, *wrong, *wrong):
            number += 1
            at, who = line.at + self.dice.uniform(15, 90), f"neighbor_r{number}"
            yield Line(f"c{number}", at, line.network, who, act=Act.REPOST, of=line.key)
        for line in edits:
            number += 1
            text = f"{line.text} {self.dice.choice(texts()['edits']['adds'])}"
            at = line.at + self.dice.uniform(20, 60)
            yield replace(line, key=f"c{number}", at=at, text=text, act=Act.EDIT, of=line.key)
        gone = [one for one in plain if one.lane == ChatLane.OFF_TOPIC and one not in (*reposts, *edits)]
        for line in gone[:1]:
            yield replace(line, key=f"c{number + 1}", at=line.at + 90, text="", act=Act.DELETE, of=line.key)
