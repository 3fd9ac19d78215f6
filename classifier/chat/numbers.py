"""The number a post of a tweet chat says: `Q1`, `A2a`, "re: q3", `R3:`, 第三题, "answer to the second question".

The words are those of numbers.toml, cut as classifier.words cuts every text, so one walk serves all sixteen languages,
their endings and their digits. A letter with a number is also a train, a road, a size of paper and a quarter of a year:
it counts where it leads the post or a sentence, or where a sign or a word beside it says what it is.
"""

import re
import tomllib
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import takewhile

from classifier.words import BLANK, QUESTION, STOP, Words, form_of, read_words

_LETTERS_AND_NUMBER = re.compile(r"([^\W\d_]{1,3}[\u0981-\u09cd]{0,2}[^\W\d_]?)(\d{1,2})([a-e])?")
_NUMBER = re.compile(r"(\d{1,2})([a-e])?")
_OF_ALL = ("q", "a")
"""Letters that every language of a chat uses; others count in their own, or with a sign after the number."""
_SIGNS = frozenset(":).]-/|>\u2013\u2014\u2015\u3001\u3002\uff1a\uff09\uff0e\u2192=~\u060c\u0964")
_SIGNS_INSIDE = frozenset(":)]\u2013\u2014\uff1a\uff09")
_BETWEEN = frozenset(("", " ", ".", "-", "#", " #", ". ", "  ", "\uff0e", "\u00b0 "))
_MOST_LINKS = 3
_ANSWER_BEFORE = 5
"""So many words before a question may say that it is answered: "in answer to the second question"."""


class MarkKind(StrEnum):
    """What a number with a mark does."""

    ASKS = "asks"
    ANSWERS = "answers"
    ABOUT = "about"


@dataclass(frozen=True, slots=True)
class Mark:
    """A question's number as a post says it. `sub`: the letter behind it ("a" in A2a), or "".

    start, end: code points of the text. `leads`: only names, tags and signs stand before it.
    """

    kind: MarkKind
    number: int
    sub: str
    start: int
    end: int
    leads: bool


def marks_in(text: str, numbers: Collection[int] | None = None, language: str = "und") -> list[Mark]:
    """Every mark in a text, in order. `numbers`: those of the plan; None: one to ninety-nine. Never raises."""
    return find_marks(read_words(text), numbers, language)


def find_marks(words: Words, numbers: Collection[int] | None = None, language: str = "und") -> list[Mark]:
    """As marks_in, of a text that was cut into words."""
    walk = _Walk(words, language)
    found: dict[int, Mark] = {}
    for at in range(len(words.forms)):
        mark = walk.letter(at) or walk.word(at)
        if mark and (mark.number in numbers if numbers is not None else mark.number > 0):
            found.setdefault(mark.start, mark)
    return _unhidden(sorted(found.values(), key=lambda mark: (mark.start, -mark.end)))


def said(marks: Sequence[Mark]) -> Mark | None:
    """The mark that tells the question: the first answer, else the first of all."""
    return next((mark for mark in marks if mark.kind is MarkKind.ANSWERS), marks[0] if marks else None)


def _unhidden(marks: Sequence[Mark]) -> list[Mark]:
    kept: list[Mark] = []
    for mark in marks:
        if not kept or mark.start >= kept[-1].end:
            kept.append(mark)
        elif mark.kind is MarkKind.ANSWERS and kept[-1].kind is not MarkKind.ANSWERS:
            kept[-1] = mark
    return kept


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """The words of numbers.toml by their first form: (forms, what they are, the number they say, languages)."""

    phrases: Mapping[str, Sequence[tuple[tuple[str, ...], str, int, frozenset[str]]]]
    ask_letters: Mapping[str, frozenset[str]]
    answer_letters: Mapping[str, frozenset[str]]

    def at(
        self, forms: Sequence[str], place: int, role: str, among: frozenset[str] | None = None
    ) -> tuple[int, int, frozenset[str]] | None:
        """Where a phrase of this role that begins here ends, its number and its languages; the longest one.

        `among`: in one of these languages only. A number word of another language is no number ("réponds en").
        """
        for phrase, what, number, tags in self.phrases.get(forms[place], ()) if 0 <= place < len(forms) else ():
            if what != role or (among is not None and among.isdisjoint(tags)):
                continue
            if tuple(forms[place : place + len(phrase)]) == phrase:
                return place + len(phrase), number, tags
        return None


@cache
def _vocabulary() -> _Vocabulary:
    read = tomllib.loads((files("classifier.chat") / "numbers.toml").read_text("utf-8"))
    tags: dict[tuple[tuple[str, ...], str, int], set[str]] = {}
    for tag, lists in read.items():
        for role, listed in lists.items():
            if role.endswith("letters"):
                continue
            for number, ways in enumerate(listed, 1):
                for way in ways.split("|"):
                    forms = tuple(read_words(way).forms)
                    told = number if role in ("counts", "ranks") else 0
                    tags.setdefault((forms, role, told), set()).add(tag)
    letters = {
        key: {tag: frozenset(map(form_of, lists.get(key, ()))) for tag, lists in read.items()}
        for key in ("ask_letters", "answer_letters")
    }
    phrases: dict[str, list[tuple[tuple[str, ...], str, int, frozenset[str]]]] = {}
    for (forms, role, told), spoken in sorted(tags.items(), key=lambda one: -len(one[0][0])):
        phrases.setdefault(forms[0], []).append((forms, role, told, frozenset(spoken)))
    return _Vocabulary(phrases, letters["ask_letters"], letters["answer_letters"])


class _Walk:
    """Looks for marks from one word to the next. Each look reads a few words at most."""

    def __init__(self, words: Words, language: str) -> None:
        self._words, self._forms = words, words.forms
        self._language = language.partition("-")[0]
        self._known = _vocabulary()
        self._tags = _tags(words)
        self._lead = self._leading()

    def letter(self, at: int) -> Mark | None:
        """A letter and a number: A2, "q 3", R3:, #A4, ج٢."""
        found = self._letters_at(at)
        if found is None:
            return None
        letters, number, sub, last = found
        kinds = self._kinds(letters)
        if not kinds or not self._counts_as_letter(letters, at, last):
            return None
        kind = kinds[0]
        inside = at > self._lead and not self._signed(last, _SIGNS_INSIDE)
        if kind is MarkKind.ASKS and (inside or self._before(at, "about")):
            kind = MarkKind.ABOUT
        if kind is not MarkKind.ANSWERS and self._answer_before(at):
            kind = MarkKind.ANSWERS
        elif kind is MarkKind.ANSWERS and at > self._lead and self._before(at, "spoken_of"):
            kind = MarkKind.ABOUT
        return self._mark(kind, number, sub, at, last)

    def word(self, at: int) -> Mark | None:
        """A word and a number: "question three", "answer 2", "the second question", 第三题."""
        for role, kind in (("answers", MarkKind.ANSWERS), ("asks", MarkKind.ASKS)):
            if word := self._known.at(self._forms, at, role):
                short = word[0] - at == 1 and len(self._forms[at]) == 1
                if behind := self._number_behind(word[0], word[2], short=short):
                    return self._told(kind, at, *behind)
                if role == "asks" and (before := self._rank_before(at, word[2])):
                    first, number = before
                    return self._told(kind, first, number, "", word[0])
        return None

    def _told(self, kind: MarkKind, first: int, number: int, sub: str, last: int) -> Mark:
        if kind is MarkKind.ASKS:
            if self._answer_before(first):
                kind = MarkKind.ANSWERS
            elif first > self._lead or not self._signed(last, _SIGNS):
                kind = MarkKind.ABOUT
        return self._mark(kind, number, sub, first, last)

    def _letters_at(self, at: int) -> tuple[str, int, str, int] | None:
        """The letters, the number, its own letter, and the word after them all."""
        form = self._forms[at]
        if len(form) > 6:
            return None
        if joined := _LETTERS_AND_NUMBER.fullmatch(form):
            return joined[1], int(joined[2]), joined[3] or "", at + 1
        behind = at + 1
        while behind < len(self._forms) and self._forms[behind] == STOP and behind == at + 1:
            behind += 1
        if not self._kinds(form) or behind >= len(self._forms):
            return None
        between = self._words.text[self._words.ends[at] : self._words.starts[behind]]
        number = _NUMBER.fullmatch(self._forms[behind])
        if number is None or between not in _BETWEEN:
            return None
        last = behind + 1
        if between and form != "q" and not self._signed(last, _SIGNS) and at not in self._tags:
            return None  # "a 3 year old"
        return form, int(number[1]), number[2] or "", last

    def _kinds(self, letters: str) -> list[MarkKind]:
        """What these letters mean, the writer's own language first."""
        kinds = []
        for tag in (self._language, *self._known.ask_letters):
            if letters in self._known.answer_letters.get(tag, ()):
                kinds.append(MarkKind.ANSWERS)
            if letters in self._known.ask_letters.get(tag, ()):
                kinds.append(MarkKind.ASKS)
        return kinds

    def _counts_as_letter(self, letters: str, at: int, last: int) -> bool:
        if at in self._tags:
            return self._begins_tag(at) and last not in self._tags
        if self._known_before(at, "not_before") or self._known.at(self._forms, last, "not_after"):
            return False
        year = self._forms[last] if last < len(self._forms) else ""
        if year.isdecimal() and len(year) == 4 and not self._signed(last, _SIGNS):
            return False
        if letters == "q" and self._is_range(last):
            return False
        if letters not in _OF_ALL and not self._signed(last, _SIGNS):
            return at <= self._lead and self._is_own_letter(letters)
        if at <= self._lead or self._signed(last, _SIGNS_INSIDE):
            return True
        first = self._words.starts[at]
        bracketed = self._words.text[first - 1 : first] in ("(", "[", "\uff08")
        ends = all(form in (STOP, BLANK) or place in self._tags for place, form in enumerate(self._forms[last:], last))
        begins = self._forms[at - 1] in (STOP, QUESTION) and self._words.text[self._words.ends[at - 1] - 1] != ","
        return bracketed or ends or begins or self._before(at, "about") or self._answer_before(at)

    def _is_range(self, last: int) -> bool:
        """Whether quarters of a year follow with a dash: "Q1-Q3"."""
        if last >= len(self._forms) or self._words.text[self._words.ends[last - 1] : self._words.starts[last]] != "-":
            return False
        return _LETTERS_AND_NUMBER.fullmatch(self._forms[last]) is not None

    def _is_own_letter(self, letters: str) -> bool:
        known = self._known
        return letters in known.ask_letters.get(self._language, ()) or letters in known.answer_letters.get(
            self._language, ()
        )

    def _number_behind(self, at: int, tags: frozenset[str], *, short: bool) -> tuple[int, str, int] | None:
        """The number behind a word, over a few links: "question number three", 问题2, السؤال الثاني."""
        linked = False
        for _ in range(_MOST_LINKS + 1):
            if at >= len(self._forms):
                return None
            if rank := self._known.at(self._forms, at, "ranks", tags):
                return rank[1], "", rank[0]
            if digits := _NUMBER.fullmatch(self._forms[at]):
                last = at + 1
                whole = not (last < len(self._forms) and self._forms[last].isdecimal() and self._touches(last))
                return (int(digits[1]), digits[2] or "", last) if whole else None
            if count := self._known.at(self._forms, at, "counts", tags):
                told = count[0] >= len(self._forms) or self._forms[count[0]] == STOP or self._signed(count[0], _SIGNS)
                plain = unicodedata.category(self._forms[at][0]) == "Lo" and len(self._forms[at]) == 1
                return (count[1], "", count[0]) if told or not (short or plain) or linked else None
            if link := self._known.at(self._forms, at, "links"):
                linked, at = True, link[0]
            elif self._forms[at] == STOP and self._words.text[self._words.starts[at]] == ".":
                at += 1  # "no. 4"
            else:
                return None
        return None

    def _touches(self, place: int) -> bool:
        return self._words.starts[place] == self._words.ends[place - 1]

    def _rank_before(self, at: int, tags: frozenset[str]) -> tuple[int, int] | None:
        """Where a rank before a question word begins, and its number: "the second", "2nd", 第三, 2번."""
        for size in range(1, 8):
            first = at - size
            if first < 0:
                return None
            found = self._known.at(self._forms, first, "ranks", tags)
            if found and found[0] in (at, at - 1) and (found[0] == at or self._known.at(self._forms, at - 1, "links")):
                return None if self._known_before(first, "own") else (first, found[1])
            if number := self._signed_number(first, at, tags):
                return None if self._known_before(first, "own") else (first, number)
        return None

    def _signed_number(self, first: int, at: int, tags: frozenset[str]) -> int | None:
        """A number with the sign of a rank and nothing else up to the word: 第三个, 2번째, ২ নম্বর."""
        place, number, signs = first, 0, 0
        while place < at:
            if sign := self._known.at(self._forms, place, "rank_signs"):
                place, signs = sign[0], signs + 1
            elif not number and (digits := _NUMBER.fullmatch(self._forms[place])):
                number, place = int(digits[1]), place + 1
            elif not number and (count := self._known.at(self._forms, place, "counts", tags)):
                number, place = count[1], count[0]
            elif number and (link := self._known.at(self._forms, place, "links")):
                place = link[0]
            else:
                return None
        return number if signs and place == at else None

    def _answer_before(self, at: int) -> bool:
        """Whether a word for an answer stands shortly before, with nothing but links between."""
        for size in range(1, _ANSWER_BEFORE + 1):
            if at - size < 0:
                return False
            if answer := self._known.at(self._forms, at - size, "answers"):
                return self._only_links(answer[0], at)
        return False

    def _only_links(self, first: int, last: int) -> bool:
        while first < last:
            link = self._known.at(self._forms, first, "links") or self._known.at(self._forms, first, "about")
            asks = self._known.at(self._forms, first, "asks")
            if link is None and asks is None and self._forms[first] != STOP:
                return False
            first = (link or asks or (first + 1,))[0]
        return True

    def _before(self, at: int, role: str) -> bool:
        """Whether a word of this role stands right before, a colon aside ("re: q3")."""
        if at and self._forms[at - 1] == STOP and self._words.text[self._words.starts[at - 1]] == ":":
            at -= 1
        return self._known_before(at, role)

    def _known_before(self, at: int, role: str) -> bool:
        return any(
            found[0] == at
            for size in (1, 2, 3)
            if at - size >= 0 and (found := self._known.at(self._forms, at - size, role))
        )

    def _signed(self, last: int, signs: frozenset[str]) -> bool:
        """Whether a sign stands behind the word before `last`, spaces aside."""
        start = self._words.ends[last - 1]
        text = self._words.text[start : start + 4]
        bare = text.lstrip(" \u00a0\u202f*_\u200f\ufe0f\u20e3")
        return bool(bare) and bare[0] in signs

    def _leading(self) -> int:
        """The first word that is no name, tag, sign or "RT"."""
        return sum(
            1
            for _ in takewhile(
                lambda one: one[0] in self._tags or one[1] in (BLANK, STOP, "rt") or not one[1][0].isalnum(),
                enumerate(self._forms),
            )
        )

    def _begins_tag(self, at: int) -> bool:
        start = self._words.starts[at]
        return self._words.text[start - 1 : start] in ("#", "\uff03")

    def _mark(self, kind: MarkKind, number: int, sub: str, first: int, last: int) -> Mark:
        start, end = self._words.span(first, last)
        return Mark(kind, number, sub, start, end, first <= self._lead or first in self._tags)


def _tags(words: Words) -> frozenset[int]:
    """The words that stand in hashtags."""
    inside: set[int] = set()
    for place, start in enumerate(words.starts):
        before = words.text[start - 1 : start] if start else ""
        if before == "#" or (place - 1 in inside and start == words.ends[place - 1] and words.forms[place] != STOP):
            inside.add(place)
    return frozenset(inside)
