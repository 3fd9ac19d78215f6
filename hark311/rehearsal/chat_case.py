"""The model case of a tweet chat: its plan, and the words out of which a rehearsal is written. Pure."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

Words = Mapping[str, str]
"""Language tag -> words."""


@dataclass(frozen=True, slots=True)
class AskedAt:
    """One of the scheduled questions, and the minute in which it is put."""

    minute: float
    words: Words


@dataclass(frozen=True, slots=True)
class Prepared:
    """An answer at hand. `about`: words of a question that it answers; none: it answers any."""

    label: str
    about: Sequence[str]
    words: Words


@dataclass(frozen=True, slots=True)
class ChatCase:
    """What is planned: the tag without its sign, the questions in order, who takes part, the answer bank."""

    title: str
    hashtag: str
    questions: Sequence[AskedAt]
    about: str = ""
    minutes: int = 60
    languages: Sequence[str] = ("en",)
    host: str = "Hana Host"
    moderator: str = "Mo Moderator"
    guests: Sequence[str] = ("Gil Guest", "Gwen Guest")
    bank: Sequence[Prepared] = ()

    def asked_before(self, minute: float) -> int:
        """How many questions have been put by a minute."""
        return sum(one.minute <= minute for one in self.questions)


@cache
def texts() -> Mapping[str, Any]:
    """The words of the model case, as they stand in chat_case.toml."""
    read = resources.files("hark311.rehearsal").joinpath("chat_case.toml").read_text("utf-8")
    return tomllib.loads(read)


def model_case() -> ChatCase:
    """One hour, six questions, a host, a moderator and two guests."""
    told = texts()
    plain = ("title", "about", "hashtag", "minutes", "languages")
    people = ("host", "moderator", "guests")
    return ChatCase(
        **{name: told[name] for name in (*plain, *people)},
        questions=[AskedAt(one["minute"], _words(one)) for one in told["questions"]],
        bank=[Prepared(one["label"], one["about"], _words(one)) for one in told["bank"]],
    )


def _words(table: Mapping[str, Any]) -> Words:
    return {language: words for language, words in table.items() if language not in ("minute", "label", "about")}
