"""What makes a reply hard to read aloud or to see: hints for the person who writes it, never a refusal. Pure."""

import re
import unicodedata

_TAG = re.compile(r"(?<![\w/&])#(\w{9,})")
_SLOT = re.compile(r"\{(?:number|date)\}")


def hints(text: str) -> list[str]:
    """One sentence for each thing that people with a screen reader or a cognitive disability stumble over."""
    found = []
    if any(_begins_with_emoji(line) for line in text.splitlines()):
        found.append("A line begins with an emoji, whose whole name a screen reader reads aloud. Use a dash instead.")
    if shouted := _shouted(text):
        found.append(f"“{shouted}” is all capitals, which is hard to read and may be spelled out letter by letter.")
    lower = [tag for tag in _TAG.findall(text) if tag.islower()]
    return [*found, *(f"#{tag} is read aloud as one word. Begin each word in it with a capital." for tag in lower)]


def _begins_with_emoji(line: str) -> bool:
    first = line.strip()[:1]
    return bool(first) and unicodedata.category(first) == "So"


def _shouted(text: str) -> str:
    """Two or more words in a row in capitals; a single one may be a name, such as SEPTA."""
    plain = _SLOT.sub(" ", re.sub(r"https?://\S+", " ", text))
    words = re.findall(r"[^\W_]+|[.!?]", plain)
    run: list[str] = []
    for word in [*words, "."]:
        if len(word) > 1 and word.isalpha() and word.isupper():
            run.append(word)
            continue
        if len(run) > 1 and sum(map(len, run)) > 7:
            return " ".join(run)
        run = []
    return ""
