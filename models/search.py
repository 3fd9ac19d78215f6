"""Finding mentions by words: what each one says, as terms, under a full-text index.

A mention's terms are made here, the same for both databases, because neither one's own reading of a text knows
Chinese, Japanese, Khmer or Thai, which write no space between words: there every two neighbouring characters are a
term. Elsewhere a term is a word in small letters without accents, and without the s of a plural.
SQLite: an FTS5 table over `mention_words`, kept by triggers. PostgreSQL: a tsvector column of it under a GIN index.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, event
from sqlmodel import Field, Session, SQLModel, col, delete, insert, select, text

from models.mentions import Attachment, Post
from models.people import Author
from models.posts import PostKind
from models.requests import ServiceRequest

LONGEST_TERM = 40
MOST_TERMS = 16
"""Of a query; what is typed beyond narrows nothing down."""
SHORTEST_BEGINNING = 3
SHORTEST_PLURAL = 4
NUMBERED = 20

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)
"""Runs of Thai, Lao, Burmese, Khmer, Japanese and Chinese."""
_SQLITE = text(
    "SELECT rowid FROM mention_find WHERE mention_find MATCH :query AND rowid < :before"
    " ORDER BY rowid DESC LIMIT :limit"
)
_NEWEST = text("SELECT max(mention_id) FROM mention_words")
_NEAR = text(
    "SELECT mention_id FROM mention_words WHERE terms @@ CAST(:query AS tsquery) AND mention_id < :before"
    " AND mention_id >= :before - :near ORDER BY mention_id DESC LIMIT :limit"
)
_FAR = text(
    "SELECT mention_id FROM mention_words WHERE terms @@ CAST(:query AS tsquery) AND mention_id < :before"
    " ORDER BY mention_id + 0 DESC LIMIT :limit"
)
"""The sum keeps the planner from walking through all ids for words that are rarer than it thinks."""
NEAR, FARTHER = 8_000, 60_000
"""So many of the newest mentions are gone through one by one, where the words are common enough to be found there."""
_LAST_ID = 2**63 - 1
_TO_PURGE = "words to purge"


class MentionWords(SQLModel, table=True):
    """The terms of one mention: its posts, its pictures' alt texts, and who wrote it. Gone when the posts are."""

    __tablename__ = "mention_words"

    mention_id: int = Field(primary_key=True, foreign_key="mention.id", sa_column_kwargs={"autoincrement": False})
    words: str


def terms(said: str) -> list[str]:
    """The terms of a text, each once, in order."""
    found: dict[str, None] = {}
    for word in _folded(said).split():
        at = 0
        for run in _UNSPACED.finditer(word):
            _add(found, word[at : run.start()])
            characters = run[0]
            if len(characters) == 1:
                _add(found, characters)
            for one in range(len(characters) - 1):
                _add(found, characters[one : one + 2])
            at = run.end()
        _add(found, word[at:])
    return list(found)


def _add(found: dict[str, None], term: str) -> None:
    if term:
        found[_singular(term[:LONGEST_TERM])] = None


def _singular(word: str) -> str:
    """A word without its plural ending: Harman's S-stemmer (1991), which leaves alone what it is not sure of."""
    if len(word) < SHORTEST_PLURAL or not word.endswith("s") or not (word.isascii() and word.isalpha()):
        return word
    if word.endswith("ies") and word[-4] not in "ae":
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word if word.endswith(("us", "ss")) else word[:-1]


def _folded(said: str) -> str:
    plain = unicodedata.normalize("NFKD", said).casefold() if not said.isascii() else said.lower()
    return unicodedata.normalize("NFC", plain.translate(_LETTERS))


class _Letters(dict[int, str]):
    """Character -> itself, nothing for an accent, a space for what is no letter, mark or digit. Filled at need."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        kept = character if unicodedata.category(character)[0] in "LMN" else " "
        self[code] = "" if unicodedata.combining(character) else kept
        return self[code]


_LETTERS = _Letters()


def index_mentions(session: Session, mention_ids: Collection[int]) -> None:
    """Make the terms of these mentions anew from what stands in the database; none are kept where no post is left."""
    if not mention_ids:
        return
    session.flush()
    said = _said(session, mention_ids)
    session.exec(delete(MentionWords).where(col(MentionWords.mention_id).in_(mention_ids)))
    rows = [{"mention_id": one, "words": words_of(texts)} for one, texts in said.items()]
    if rows:
        session.connection().execute(insert(MentionWords), rows)


def _said(session: Session, mention_ids: Collection[int]) -> dict[int, list[str]]:
    said: dict[int, list[str]] = defaultdict(list)
    posts = session.exec(
        select(Post.mention_id, Post.text, Post.pin_title, Author)
        .join(Author, col(Author.id) == Post.author_id)
        .where(col(Post.mention_id).in_(mention_ids), Post.kind == PostKind.MENTION, col(Post.deleted_at).is_(None))
        .order_by(col(Post.id))
    ).all()
    for mention_id, words, pin_title, author in posts:
        said[mention_id or 0] += (words, pin_title, author.handle, author.display_name)
    pictures = session.exec(
        select(Post.mention_id, Attachment.alt_text)
        .join(Attachment, col(Attachment.post_id) == Post.id)
        .where(col(Post.mention_id).in_(mention_ids), col(Post.deleted_at).is_(None), Attachment.alt_text != "")
    ).all()
    for mention_id, alt_text in pictures:
        said[mention_id or 0].append(alt_text)
    return said


def matching(session: Session, query: str, before: int | None, limit: int) -> list[int]:
    """Mention.id of those that hold every word of a query, newest first, older than `before` (None: from the newest).

    Where none holds them all whole, those whose words begin so. What is no word (punctuation alone) finds nothing.
    """
    wanted = terms(query)[:MOST_TERMS]
    if not wanted:
        return []
    whole = _matching(session, wanted, before, limit, begun=False)
    if whole or (before is not None and _matching(session, wanted, None, 1, begun=False)):
        return whole
    return _matching(session, wanted, before, limit, begun=True)


def _matching(session: Session, wanted: Sequence[str], before: int | None, limit: int, *, begun: bool) -> list[int]:
    sqlite = session.get_bind().dialect.name == "sqlite"
    one = _fts5 if sqlite else _tsquery
    asked = (" AND " if sqlite else " & ").join(one(term, begun and _may_begin(term)) for term in wanted)
    if not sqlite:
        return _in_postgresql(session.connection(), asked, before, limit)
    values = {"query": asked, "before": before or _LAST_ID, "limit": limit}
    return [int(row[0]) for row in session.connection().execute(_SQLITE, values)]


def _in_postgresql(connection: Connection, asked: str, before: int | None, limit: int) -> list[int]:
    """Common words are found among the newest mentions, all others through the index, which finds them all at once."""
    values = {"query": asked, "before": before or int(connection.execute(_NEWEST).scalar_one() or 0) + 1}
    found: list[int] = []
    for near in (NEAR, FARTHER):
        if near == NEAR or len(found) * FARTHER >= limit * NEAR:
            rows = connection.execute(_NEAR, values | {"near": near, "limit": limit})
            found = [int(row[0]) for row in rows]
            if len(found) == limit:
                return found
    return [int(row[0]) for row in connection.execute(_FAR, values | {"limit": limit})]


def numbered(session: Session, query: str) -> list[int]:
    """Mention.id of those whose request has this number, the city's or ours; newest first."""
    number = query.strip().lstrip("#").strip()
    if not number:
        return []
    theirs = select(ServiceRequest).where(ServiceRequest.service_request_id == number)
    found = list(session.exec(theirs.limit(NUMBERED)).all())
    found += session.exec(select(ServiceRequest).where(ServiceRequest.reference == number.upper())).all()
    heads = [one.id for one in found]
    found += session.exec(
        select(ServiceRequest).where(col(ServiceRequest.joined_to_id).in_(heads)).limit(NUMBERED)
    ).all()
    return sorted({one.mention_id for one in found}, reverse=True)


def forget_words(session: Session, mention_ids: Collection[int]) -> None:
    """The same after posts were deleted: at the end of the transaction no term of theirs is left in the file either."""
    index_mentions(session, mention_ids)
    session.info[_TO_PURGE] = session.get_bind().dialect.name == "sqlite"


@event.listens_for(Session, "before_commit")
def _purge(session: Session) -> None:
    """FTS5 keeps deleted terms in its older parts until they are merged: half a second for a million mentions."""
    if session.info.pop(_TO_PURGE, False):
        session.flush()
        session.connection().execute(text("INSERT INTO mention_find (mention_find) VALUES ('optimize')"))


def words_of(parts: Iterable[str]) -> str:
    """The words column of a mention whose posts say these things."""
    return " ".join(terms(" ".join(parts)))


def _may_begin(term: str) -> bool:
    return len(term) >= SHORTEST_BEGINNING and not _UNSPACED.fullmatch(term)


def _fts5(term: str, begun: bool) -> str:
    return f'"{term}"*' if begun else f'"{term}"'


def _tsquery(term: str, begun: bool) -> str:
    return f"'{term}':*" if begun else f"'{term}'"
