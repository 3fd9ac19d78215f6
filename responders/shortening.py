"""Shorter wordings of a reply, by rules, for a person to choose from. Pure.

A shorter wording keeps every slot, link and figure: those are the facts. A long reply is never cut into a numbered
chain: parts of one get lost, are answered apart, and read badly aloud.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from responders.wording import PLACEHOLDERS, sentences

_FACT = re.compile(r"\{\w+\}|\[\w+\]|https?://\S+|(?<![\w@#])[\w-]+(?:\.[\w-]+)+(?:/\S*)?|[@#]\w+|\d[\d.,:/-]*\w*")
_LONG_PLACEHOLDER = re.compile(r"\\\[(" + "|".join(sorted(PLACEHOLDERS)) + r")\\\]")

_POLITE = re.compile(
    r"(?:many )?(?:thanks?|thank you)\b.*"
    r"|(?:we|i)(?:'re| are| am)?(?: very| so| truly| really)* (?:sorry|apologi[sz]e|appreciate|regret)\b.*"
    r"|(?:our )?apologies\b.*|sorry (?:about|for|to)\b.*"
    r"|have a (?:nice|great|good|lovely|wonderful)\b.*"
    r"|(?:please )?(?:feel free|do not hesitate|don't hesitate)\b.*"
    r"|(?:please )?(?:let us know|reach out|contact us)\b.*\b(?:questions?|anything else|help)\b.*"
    r"|(?:kind|best|warm) regards\b.*|sincerely\b.*|stay safe\b.*|we hope (?:this|that)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_HELLO = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening))(?: there)?(?:,? [\w'’-]{1,30}){0,2}?"
    r"(?<!mr)(?<!ms)(?<!dr)(?<!mrs)[,.!]\s+",
    re.IGNORECASE,
)
_TELLS = re.compile(
    r"\b(?:please|call|dial|stay|keep|leave|avoid|never|not|send|tell|move|touch|must|need|reason|closed|open)\b", re.I
)

PLAINER = (
    ("at this point in time", "now"),
    ("at the present time", "now"),
    ("at this time", "now"),
    ("due to the fact that", "because"),
    ("in the event that", "if"),
    ("with regard to", "about"),
    ("with respect to", "about"),
    ("in order to", "to"),
    ("prior to", "before"),
    ("subsequent to", "after"),
    ("in the near future", "soon"),
    ("a large number of", "many"),
    ("is able to", "can"),
    ("are able to", "can"),
    ("will be able to", "can"),
    ("has been reported to", "went to"),
    ("in addition to", "besides"),
    ("on a regular basis", "regularly"),
    ("make a decision", "decide"),
    ("take a look at", "look at"),
    ("please note that", ""),
    ("please be aware that", ""),
    ("it is important to note that", ""),
    ("we would like to inform you that", ""),
    ("we want to let you know that", ""),
)
"""English as people say it. What opens a sentence and says nothing (exchanged for "") takes its space with it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One shorter wording, its length as the channel counts it, and what was left out."""

    text: str
    length: int
    fits: bool
    why: str


@dataclass(frozen=True, slots=True)
class Known:
    """What our own templates say in the language of the reply. Bodies may hold square-bracket placeholders.

    `greetings` and `tails` (a sentence each) may go; `short` is (body, shorter body) of the outcome the reply tells.
    """

    greetings: Sequence[str] = ()
    tails: Sequence[str] = ()
    short: tuple[str, str] | None = None


def shorter(
    text: str, language: str, length: Callable[[str], int], limit: int, known: Known | None = None
) -> list[Proposal]:
    """Wordings that are shorter, each than the one before, and keep the facts; none where nothing can go.

    `length` counts as the channel does, with slots at their widest and the sign-off.
    """
    known = known or Known()
    proposals: list[Proposal] = []
    reached = length(text)
    for candidate, why in _candidates(text, language, known):
        needed = length(candidate) if candidate.strip() else reached
        if needed < reached and candidate.strip() and _slots_and_links(candidate) == _slots_and_links(text):
            proposals.append(Proposal(candidate, needed, needed <= limit, why))
            reached = needed
    return proposals


def facts(text: str) -> Counter[str]:
    """The slots, links, names and figures of a text: what no shortening by rules takes away."""
    return Counter(one.rstrip(".,:;") for one in _FACT.findall(text))


def _slots_and_links(text: str) -> Counter[str]:
    return Counter({one: count for one, count in facts(text).items() if not one[0].isdigit()})


def _candidates(text: str, language: str, known: Known) -> Iterator[tuple[str, str]]:
    """Shorter wordings in the order in which they cost least, each with what was done."""
    bare = _without_greeting(text, known)
    yield bare, "without the greeting"
    without_tails = _without(bare, lambda sentence: _is_tail(sentence, language, known))
    yield without_tails, "without polite sentences"
    plain = _plainer(without_tails, language)
    yield plain, "in plainer words"
    if known.short and (short := as_short(text, *known.short)):
        yield short, "the short template"
        yield _without_greeting(short, known), "the short template, without the greeting"
    if language == "en":
        yield _without(plain, _tells_nothing), "only what they need to know"


def as_short(text: str, long: str, short: str) -> str:
    """The text with the words of one template exchanged for a shorter one's; "" where it does not say them (any more).

    What fills the placeholders of the shorter one is taken from the text.
    """
    named: set[str] = set()

    def group(match: re.Match[str]) -> str:
        first = match[1] not in named
        named.add(match[1])
        return rf"(?P<{match[1]}>[^\n]+?)" if first else rf"(?P={match[1]})"

    found = re.search(_LONG_PLACEHOLDER.sub(group, re.escape(long)), text)
    if found is None:
        return ""
    words = found.groupdict()
    try:
        said = re.sub(r"\[(\w+)\]", lambda match: words[match[1]] if match[1] in PLACEHOLDERS else match[0], short)
    except KeyError:
        return ""
    return text[: found.start()] + said + text[found.end() :]


def _without_greeting(text: str, known: Known) -> str:
    for greeting in known.greetings:
        pattern = re.sub(r"\\\[\w+\\\]", r"[^\\s.,!。،؟?]{1,40}", re.escape(greeting.strip()))
        if found := re.match(pattern + r"\s*", text):
            return text[found.end() :]
    found = _HELLO.match(text)
    if found is None or facts(found[0]):
        return text
    return _capital(text[found.end() :])


def _without(text: str, leave_out: Callable[[str], bool]) -> str:
    """The text without some of its sentences; one with a fact in it stays, and so does the last one there is."""
    kept = [one for one in sentences(text) if facts(one) or one.rstrip().endswith(("?", "؟")) or not leave_out(one)]
    return "".join(kept).strip() if any(one.strip() for one in kept) else text


def _is_tail(sentence: str, language: str, known: Known) -> bool:
    said = sentence.strip()
    return said in known.tails or (language == "en" and _POLITE.fullmatch(said) is not None)


def _tells_nothing(sentence: str) -> bool:
    """Whether a sentence says neither what to do nor what was decided."""
    said = sentence.strip()
    return not said.startswith("^") and _TELLS.search(said) is None


def _plainer(text: str, language: str) -> str:
    if language != "en":
        return text
    for wordy, plain in PLAINER:
        after = "" if plain else r"\s+(\w)"
        text = re.sub(rf"(?<!\w){re.escape(wordy)}(?!\w){after}", _like(plain), text, flags=re.IGNORECASE)
    return text


def _like(plain: str) -> Callable[[re.Match[str]], str]:
    """The plainer words, or what follows where there are none, with the capital letter that stood there."""

    def said(match: re.Match[str]) -> str:
        words = plain or match[1]
        return _capital(words) if match[0][:1].isupper() else words

    return said


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
