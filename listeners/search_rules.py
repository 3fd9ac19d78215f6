"""What speaks against a search rule before it is heard: X's query language, read as X reads it. Pure.

Source: X API v2, "build a query" for recent search (512 characters, operators, which of them may not stand alone).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LONGEST = 470
"""X takes 512 characters; we add that reposts and our own posts are left out."""
STANDALONE = frozenset(
    {"from", "to", "url", "retweets_of", "context", "entity", "conversation_id", "in_reply_to_tweet_id", "list"}
    | {"place", "place_country", "point_radius", "bounding_box"}
)
CONJUNCTION = frozenset(["is", "has", "lang"])
NEVER = {
    "is:retweet": "Reposts are left out anyway: take is:retweet out.",
    "-is:retweet": "Reposts are left out anyway: -is:retweet is not needed.",
    "sample:": "sample: finds a part only, so that posts would be missed.",
}
KNOWN_IS = frozenset(["is:reply", "is:quote", "is:verified", "is:nullcast"])
KNOWN_HAS = frozenset(
    f"has:{what}" for what in ("hashtags", "cashtags", "links", "mentions", "media", "images", "videos", "geo")
)
EVERYDAY = re.compile(
    r"a|and|are|at|be|for|from|hi|i|in|is|it|me|my|no|of|on|or|so|that|the|this|to|we|you|your", re.IGNORECASE
)

_TOKEN = re.compile(r'\s*(-?\(|\)|-?\w+:"[^"]*"|-?\w+:\[[^\]]*\]|-?"[^"]*"|[^\s()]+)')


@dataclass(frozen=True, slots=True)
class Lint:
    """What speaks against a rule: `problems` must be mended, `warnings` should be read. Sentences for staff."""

    problems: Sequence[str]
    warnings: Sequence[str] = ()

    @property
    def ok(self) -> bool:
        return not self.problems


def lint_rule(query: str, handle: str = "") -> Lint:
    """What speaks against a search rule. `handle`: our own account, without @."""
    text = query.strip()
    if not text:
        return Lint(["The rule is empty. Write the words that a post must have."])
    if len(text) > LONGEST:
        return Lint([f"The rule has {len(text)} characters; {LONGEST} are the most. Make two rules of it."])
    if broken := list(_unbalanced(text)):
        return Lint(broken)
    signs = _TOKEN.findall(text)
    problems = [*_shape(signs), *(one for sign in signs for one in _sign_problems(sign)), *_alone(signs)]
    return Lint(list(dict.fromkeys(problems)), list(dict.fromkeys(_warnings(signs, handle))))


def _unbalanced(text: str) -> Iterator[str]:
    if text.count('"') % 2:
        yield 'A quotation mark is missing: "so" they come in pairs.'
        return
    depth = 0
    for letter in re.sub(r'"[^"]*"', "", text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth < 0:
            break
    if depth:
        yield "A parenthesis is missing: each ( needs its )."
    if any(mark in text for mark in "“”„"):
        yield 'Write straight quotation marks "so": X does not know “these”.'


def _shape(signs: Sequence[str]) -> Iterator[str]:
    """OR and AND between nothing, empty parentheses."""
    for before, sign, after in zip(["(", *signs], signs, [*signs[1:], ")"], strict=False):
        if sign == "OR" and (before in ("(", "-(", "OR") or after in (")", "OR")):
            yield "OR stands between two things: something is missing beside it."
        if sign in ("(", "-(") and after == ")":
            yield "There is nothing between the parentheses."
        if sign == "-(":
            yield "X does not take a minus before a parenthesis: put it before each word."
        if sign in ("AND", "NOT"):
            yield f"X does not know {sign}. " + ("A space means and." if sign == "AND" else "Write a minus: -word.")
        if sign in ("or", "Or") and before not in ("(", "-("):
            yield "Write OR in capitals, else X looks for the word."


def _sign_problems(sign: str) -> Iterator[str]:
    word = sign.removeprefix("-")
    lower = word.casefold()
    if sign in ("(", ")", "-(", "OR", "AND", "NOT"):
        return
    if lower in ("#", "@", "$", "-", "") or lower in ('""', "##"):
        yield f"{sign} alone says nothing: write what follows it, such as #pothole."
    elif lower.startswith("$"):
        yield f"{sign}: signs of shares are no matter of the city's."
    elif not re.search(r"\w", word):
        yield f"X looks for words, and {sign} is none."
    elif "*" in word and not word.startswith('"'):
        yield f"X does not know * as a placeholder: write the whole word instead of {sign}."
    elif ":" in word and not word.startswith(('"', "#", "@")):
        yield from _operator_problems(sign, lower)


def _operator_problems(sign: str, lower: str) -> Iterator[str]:
    name, _, value = lower.partition(":")
    said = next((why for never, why in NEVER.items() if sign.casefold().startswith(never)), "")
    if said:
        if sign.casefold() != "-is:retweet":
            yield said
    elif name in ("http", "https"):
        yield f'Write an address as url:"{sign}".'
    elif not value:
        yield f"{sign} needs something after the colon."
    elif (name == "is" and lower not in KNOWN_IS) or (name == "has" and lower not in KNOWN_HAS):
        yield f"X does not know {sign}."
    elif name not in STANDALONE | CONJUNCTION:
        yield f"X does not know {name}: as an operator. Put it into quotation marks if it is a word."


def _alone(signs: Sequence[str]) -> Iterator[str]:
    """Every alternative needs something that X can look for: a word, a name, a tag; not only what narrows it down."""
    for part in _alternatives(signs):
        words = [one for one in part if one not in ("(", ")", "-(")]
        if words and all(one.startswith("-") for one in words):
            yield "It only says what a post must not have. Add a word that it must have."
        elif words and all(one.startswith("-") or one.partition(":")[0].casefold() in CONJUNCTION for one in words):
            yield f"{' '.join(words)} may not stand alone: X wants a word, name or tag beside it."


def _alternatives(signs: Sequence[str]) -> Iterator[list[str]]:
    """The parts that OR divides outside of parentheses."""
    part: list[str] = []
    depth = 0
    for sign in signs:
        depth += 1 if sign in ("(", "-(") else -1 if sign == ")" else 0
        if sign == "OR" and depth == 0:
            yield part
            part = []
        elif sign != "OR":
            part.append(sign)
    yield part


def _warnings(signs: Sequence[str], handle: str) -> Iterator[str]:
    plain = [one for one in signs if one not in ("(", ")", "-(", "OR")]
    wanted = [one for one in plain if not one.startswith("-")]
    if handle and f"@{handle}".casefold() in {one.casefold() for one in wanted}:
        yield f"Posts that name @{handle} are heard anyway, and at a lower price."
    if handle and f"from:{handle}".casefold() in {one.casefold() for one in wanted}:
        yield "Our own posts are left out: the rule finds nothing."
    if "-is:retweet" in {one.casefold() for one in plain}:
        yield NEVER["-is:retweet"]
    if wanted and all(EVERYDAY.fullmatch(one.strip('"')) for one in wanted):
        yield "These words stand in most posts of the world. Add words that only your city says."
    elif len(wanted) == 1 and re.fullmatch(r"#?\w+", wanted[0]):
        yield f"{wanted[0]} alone is heard from all over the world. Add a place, such as (philly OR philadelphia)."
