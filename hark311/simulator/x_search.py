"""The recent-search query language of X, as far as a 311 desk uses it, turned into an SQL condition.

Words, quoted phrases, @handle, #tag, from:, to:, url:, conversation_id:, in_reply_to_tweet_id:, lang:, `is:` and
`has:` operators, `-` before any of them, OR, and parentheses; a space between terms means AND.
"""

import re
from dataclasses import dataclass, field

from hark311.simulator.x_words import search_words

MAX_QUERY = 512
SHOWABLE = "p.deleted_ms IS NULL AND p.superseded_by IS NULL AND p.visible_ms <= ? AND a.protected = 0"
"""What X shows of a post p by an author a; takes the time."""
_TOKEN = re.compile(r'\s*(?:(-?\()|(\))|(-?"[^"]*")|(-?\w+:"[^"]*")|(\bOR\b)|([^\s()"]+))')
_PLAIN = {
    "is:retweet": "p.repost_of IS NOT NULL",
    "is:reply": "p.in_reply_to IS NOT NULL",
    "is:quote": "p.quote_of IS NOT NULL",
    "has:media": "p.photos IS NOT NULL",
    "has:images": "p.photos IS NOT NULL",
    "has:geo": "p.lat IS NOT NULL",
    "has:mentions": "EXISTS (SELECT 1 FROM x_mentions m WHERE m.post_id = p.id)",
    "has:hashtags": "EXISTS (SELECT 1 FROM x_tags t WHERE t.post_id = p.id)",
}
_LINKS_TO = (
    "(instr(lower(p.full_text), ?) > 0 OR EXISTS (SELECT 1 FROM x_posts q JOIN x_authors b ON b.id = q.author_id "
    "WHERE q.id = p.quote_of AND instr(lower('https://x.com/' || b.username || '/status/' || q.id), ?) > 0))"
)
"""A quoted post's address stands among the links of who quotes it."""
_BY_AUTHOR = "(SELECT id FROM x_authors WHERE username = ?)"


class BadQuery(ValueError):
    """A search query that X would refuse with 400."""


@dataclass
class Condition:
    """An SQL condition over `x_posts p` and its parameters in order."""

    sql: str
    parameters: list[object] = field(default_factory=list)


def _not(condition: Condition) -> Condition:
    return Condition(f"NOT ({condition.sql})", condition.parameters)


def _joined(conditions: list[Condition], word: str) -> Condition:
    if len(conditions) == 1:
        return conditions[0]
    sql = f" {word} ".join(f"({condition.sql})" for condition in conditions)
    return Condition(sql, [parameter for condition in conditions for parameter in condition.parameters])


def parse(query: str) -> Condition:
    """Turn a query into a condition. Raises BadQuery when it is empty, too long, or not understood."""
    if not query.strip() or len(query) > MAX_QUERY:
        raise BadQuery(f"a query has 1 to {MAX_QUERY} characters")
    return _Parser(query).parse()


class _Parser:
    """Recursive descent: alternatives of sequences of terms."""

    def __init__(self, query: str) -> None:
        self._tokens: list[str] = []
        at = 0
        query = query.rstrip()
        while at < len(query):
            match = _TOKEN.match(query, at)
            if match is None:
                raise BadQuery(f"cannot read the query at position {at}")
            self._tokens.append(next(group for group in match.groups() if group is not None))
            at = match.end()
        self._at = 0

    def parse(self) -> Condition:
        whole = self._alternatives()
        if self._at != len(self._tokens):
            raise BadQuery("a closing parenthesis has no opening one")
        return whole

    def _next(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _alternatives(self) -> Condition:
        found = [self._sequence()]
        while self._next() == "OR":
            self._at += 1
            found.append(self._sequence())
        return _joined(found, "OR")

    def _sequence(self) -> Condition:
        terms: list[Condition] = []
        while (token := self._next()) is not None and token not in (")", "OR"):
            self._at += 1
            terms.append(self._term(token))
        if not terms:
            raise BadQuery("a part of the query is empty")
        return _joined(terms, "AND")

    def _term(self, token: str) -> Condition:
        negated = token.startswith("-") and len(token) > 1
        bare = token[1:] if negated else token
        if bare == "(":
            inside = self._alternatives()
            if self._next() != ")":
                raise BadQuery("an opening parenthesis has no closing one")
            self._at += 1
            return _not(inside) if negated else inside
        condition = _single(bare)
        return _not(condition) if negated else condition


def _single(term: str) -> Condition:
    """The condition of one term without its minus sign."""
    lower = term.casefold()
    if lower in _PLAIN:
        return Condition(_PLAIN[lower])
    name, colon, value = term.partition(":")
    if colon and not term.startswith('"'):
        return _operator(name.casefold(), value)
    if lower.startswith("@"):
        sql = f"p.id IN (SELECT post_id FROM x_mentions WHERE author_id = {_BY_AUTHOR})"  # noqa: S608 - constant
        return Condition(sql, [lower[1:]])
    if lower.startswith("#"):
        return Condition("p.id IN (SELECT post_id FROM x_tags WHERE tag = ?)", [lower[1:]])
    text = lower.strip('"')
    if not text.isascii() and not text.isspace() and any(ord(character) >= 0x2E80 for character in text):
        return Condition("instr(p.full_text, ?) > 0", [text])
    words = search_words(text)
    if not words.strip():
        raise BadQuery(f"nothing to search for in {term!r}")
    return Condition("instr(p.words, ?) > 0", [words])


def _operator(name: str, value: str) -> Condition:
    if name in ("from", "to"):
        column = "author_id" if name == "from" else "in_reply_to_user"
        return Condition(f"p.{column} = {_BY_AUTHOR}", [value.removeprefix("@")])
    if name in ("conversation_id", "in_reply_to_tweet_id"):
        if not value.isdigit():
            raise BadQuery(f"{name}: wants a post id")
        return Condition(f"p.{'conversation_id' if name == 'conversation_id' else 'in_reply_to'} = ?", [int(value)])
    if name == "url":
        return Condition(_LINKS_TO, [value.strip('"').casefold()] * 2)
    if name == "lang":
        return Condition("p.lang = ?", [value])
    raise BadQuery(f"the operator {name}: is not known here")
