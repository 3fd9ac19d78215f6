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
_GAP = re.compile(r"[\s:#]+")
_PART_OF_NUMBER = re.compile(r"[\w/-]+")
LONGEST_ASKED = 100
"""Of a word with a number behind it, in characters; what is longer is a post like any other."""


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


IN_PUBLIC = frozenset({Command.STOP, Command.STATUS, Command.MYCASES})
"""What can be asked for in a public thread, too."""
OF_ITS_OWN = frozenset({Command.STOP, Command.FORGET, Command.HUMAN})
"""What is done as soon as it is read, so that it must not wait in a case that somebody works on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command, and what was written after it: a number for STATUS, the report itself for NEW."""

    command: Command
    argument: str = ""


def asked(text: str, command: str = "", *, private: bool) -> Asked | None:
    """What a post asks for; None where it is a post like any other.

    `command` is what the channel itself calls one. Elsewhere a slash counts, and so do words where they are all that
    is written; in public only to stop, and to ask how a case stands.
    """
    named = _HANDLES.match(text)
    slashed = _SLASHED.match(text, named.end() if named and not private else 0)
    name = command or (slashed[1].lower() if slashed and (private or slashed[1].lower() in IN_PUBLIC) else "")
    if name in set(Command):
        return Asked(Command(name), text[slashed.end() :].strip() if slashed else "")
    words = bare(text[named.end() :] if named else text)
    if number := _number_asked(words):
        return Asked(Command.STATUS, number)
    found = next((one for one, spoken in _words().items() if words in spoken), None)
    return Asked(found) if found and (private or found in IN_PUBLIC) else None


def _number_asked(words: str) -> str:
    """The number behind a word that asks how a case stands; "" where there is no such word, or more behind it.

    Without a regular expression over all of it: whoever writes "status 1-1-1-1..." would keep one busy for ever.
    """
    if len(words) > LONGEST_ASKED:
        return ""
    for gap in _GAP.finditer(words):
        if bare(words[: gap.start()]) in _words()[Command.STATUS] and _is_number(words[gap.end() :]):
            return words[gap.end() :]
    return ""


def _is_number(words: str) -> bool:
    parts = [part for part in re.split(r"[\s.]+", words) if part.strip("-")]
    return bool(parts) and all(_PART_OF_NUMBER.fullmatch(one) and re.search(r"\d", one) for one in parts)


def of_its_own(text: str, *, private: bool) -> str:
    """The command that a post's words ask for and that is no part of any case; "" where they ask for none."""
    wanted = asked(text, private=private) if len(text) <= LONGEST else None
    return wanted.command.value if wanted and wanted.command in OF_ITS_OWN else ""


def picked(text: str, names: Sequence[str]) -> int | None:
    """Which of a list numbered from 1 an answer means: its number, NEW, or None where it is no answer to that.

    `names` are the problems in the list, in its order; the number after the last stands for something new. A problem's
    own word counts where only one of them has it.
    """
    words = bare(text)
    if number := _NUMBERED.fullmatch(words):
        chosen = int(number[1])  # \d and int() know the digits of every script
        return chosen if 1 <= chosen <= len(names) else NEW if chosen == len(names) + 1 else None
    if words in _words()[Command.NEW]:
        return NEW
    meant = [place for place, name in enumerate(names, start=1) if _same_words(words, name)]
    return meant[0] if len(meant) == 1 else None


def _same_words(said: str, name: str) -> bool:
    """Whether what was said is (part of) a name: "pothole" for "the pothole", in whole words."""
    return bool(said) and f" {said} " in f" {bare(name)} "


def without_handles(text: str) -> str:
    """A text without the names before it, as a channel puts them there."""
    named = _HANDLES.match(text)
    return text[named.end() :] if named else text


def bare(text: str) -> str:
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
    return {Command(name): frozenset(bare(one) for one in words) for name, words in spoken.items()}
