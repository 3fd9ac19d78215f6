"""What a post asks of us beside its subject: a command, or its words; and which of a numbered list it picks. Pure."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

LONGEST = 200
"""Code points of what can be nothing but a command, with the names before it."""
NEW = 0
"""What `picked` answers for something that stands in no list."""

_SLASHED = re.compile(r"\s*/(\w+)(?:@\w+)?(?!\S)")
_HANDLES = re.compile(r"(?:\s*[.]?@[\w.@-]+[,:]?(?=\s|$))+")
_NUMBERED = re.compile(r"(\d{1,2})")
_WITH_NUMBER = re.compile(r"(?P<word>.+?)[\s:#]+(?P<number>[\w/-]*\d[\w/-]*)")


class Command(StrEnum):
    """What a resident can ask for. The value is the command without its slash."""

    STATUS = "status"
    MYCASES = "mycases"
    NEW = "new"
    FORGET = "forget"
    HUMAN = "human"
    START = "start"
    STOP = "stop"
    HELP = "help"


OF_ITS_OWN = frozenset({Command.STOP, Command.FORGET, Command.HUMAN})
"""What is done as soon as it is read, so that it must not wait in a case that somebody works on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command, and what was written after it: a number for STATUS, the report itself for NEW."""

    command: Command
    argument: str = ""


def asked(text: str, command: str = "", *, private: bool) -> Asked | None:
    """What a post asks for; None where it is a post like any other.

    `command` is what the channel itself calls one. Elsewhere a slash counts in a private chat, and so do words where
    they are all that is written; in public only "stop" does.
    """
    slashed = _SLASHED.match(text)
    name = command or (slashed[1].lower() if slashed and private else "")
    if name in set(Command):
        return Asked(Command(name), text[slashed.end() :].strip() if slashed else "")
    words = _bare(_HANDLES.sub("", text, count=1) if _HANDLES.match(text) else text)
    numbered = _WITH_NUMBER.fullmatch(words)
    if private and numbered and _bare(numbered["word"]) in _words()[Command.STATUS]:
        return Asked(Command.STATUS, numbered["number"])
    found = next((one for one, spoken in _words().items() if words in spoken), None)
    return Asked(found) if found and (private or found is Command.STOP) else None


def of_its_own(text: str, *, private: bool) -> str:
    """The command that a post's words ask for and that is no part of any case; "" where they ask for none."""
    wanted = asked(text, private=private) if len(text) <= LONGEST else None
    return wanted.command.value if wanted and wanted.command in OF_ITS_OWN else ""


def picked(text: str, names: Sequence[str]) -> int | None:
    """Which of a list numbered from 1 an answer means: its number, NEW, or None where it is no answer to that.

    `names` are the problems in the list, in its order; the number after the last stands for something new. A problem's
    own word counts where only one of them has it.
    """
    words = _bare(text)
    if number := _NUMBERED.fullmatch(words):
        chosen = int(number[1])  # \d and int() know the digits of every script
        return chosen if 1 <= chosen <= len(names) else NEW if chosen == len(names) + 1 else None
    if words in _words()[Command.NEW]:
        return NEW
    meant = [place for place, name in enumerate(names, start=1) if _same_words(words, name)]
    return meant[0] if len(meant) == 1 else None


def _same_words(said: str, name: str) -> bool:
    """Whether what was said is (part of) a name: "pothole" for "the pothole", in whole words."""
    return bool(said) and f" {said} " in f" {_bare(name)} "


def _bare(text: str) -> str:
    """Lower case, one space between words, no marks at either end: "#2)" -> "2"."""
    words = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    start, end = 0, len(words)
    while start < end and unicodedata.category(words[start])[0] in "PSCZ":
        start += 1
    while end > start and unicodedata.category(words[end - 1])[0] in "PSCZ":
        end -= 1
    return words[start:end]


@cache
def _words() -> Mapping[Command, frozenset[str]]:
    file = files("models") / "commands.toml"
    spoken = tomllib.loads(file.read_text(encoding="utf-8"))
    return {Command(name): frozenset(_bare(one) for one in words) for name, words in spoken.items()}
