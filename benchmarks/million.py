"""A desk with a great many mentions stored: made-up posts in six languages, most of them answered long ago.

The rows are written past the code that hears, reads and answers, which has benchmarks of its own; what they hold is
what that code would have left behind.
"""

import itertools
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from sqlmodel import Session, SQLModel, col, func, select, text

from benchmarks.residents import STREETS
from models import (
    Account,
    AuditEntry,
    Author,
    Channel,
    Conversation,
    Database,
    Intent,
    Mention,
    MentionState,
    MentionWords,
    Post,
    Reply,
    ReplyState,
    RequestState,
    Service,
    ServiceRequest,
    Understanding,
)
from models.posts import PostKind
from models.requests import REFERENCE_LETTERS
from models.search import words_of

CHUNK = 20_000
AREAS = tuple(f"District {number}" for number in range(1, 19))
STATES = (
    (MentionState.CLOSED, 0.78),
    (MentionState.SET_ASIDE, 0.12),
    (MentionState.REJECTED, 0.06),
    (MentionState.WITHDRAWN, 0.015),
    (MentionState.APPROVED, 0.005),
    (MentionState.DRAFTED, 0.019),
    (MentionState.IN_REVIEW, 0.001),
)
TOLD = (
    ("en", "Deep pothole at {house} {street}, two tires gone this week"),
    ("en", "The street light in front of {house} {street} is out again"),
    ("en", "Nobody collected the trash on {house} {street} since Tuesday"),
    ("en", "Someone dumped mattresses behind {house} {street}"),
    ("en", "Graffiti all over the wall at {house} {street}"),
    ("en", "A dead tree leans over the sidewalk at {house} {street}, near the {thing} {other}"),
    ("en", "Why does nobody answer about {street}, I wrote about the {thing} on {other} before"),
    ("es", "Hay un bache enorme en {house} {street}"),
    ("es", "La luz de la calle {street} no funciona, {thing} {other}"),
    ("zh-Hans", "{street}{house}号的路灯坏了，请尽快修理"),
    ("vi", "Có ổ gà lớn ở {house} {street}"),
    ("ru", "Огромная яма на {street}, дом {house}"),
    ("km", "មានរណ្តៅធំនៅ {house} {street}"),
)
THINGS = ("bus stop", "school", "corner store", "church", "playground", "library", "garage", "market", "bridge")
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=1000)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the measuring asks for: some ids and numbers that are there."""

    waiting: list[int]
    closed: list[int]
    numbers: list[str]
    handles: list[str]


def fill(database: Database, mentions: int, seed: int) -> Stored:
    """Store this many mentions with all that belongs to them. `database` has the schema, accounts and services.

    Where as many are stored already, nothing is added.
    """
    dice = random.Random(seed)
    with database.read() as session:
        if session.exec(select(func.count()).select_from(Mention)).one() >= mentions:
            return _known(session)
        accounts = [one or 0 for one in session.exec(select(Account.id).order_by(col(Account.id))).all()]
        codes = list(session.exec(select(Service.service_code).order_by(col(Service.service_code))).all())
    people = max(1, mentions // 8)
    by_table = _Writer(database)
    by_table.write(
        Author(channel=Channel.X, channel_author_id=""),
        (
            {"id": at, "channel_author_id": f"r{at}", "handle": f"resident_{at}", "display_name": f"Resident {at}"}
            for at in range(1, people + 1)
        ),
    )
    for first in range(1, mentions + 1, CHUNK):
        _store(by_table, dice, range(first, min(first + CHUNK, mentions + 1)), mentions, accounts, codes, people)
    by_table.settle()
    with database.read() as session:
        return _known(session)


def _known(session: Session) -> Stored:
    def some(state: MentionState) -> list[int]:
        found = session.exec(select(Mention.id).where(Mention.state == state).limit(5_000)).all()
        return [one or 0 for one in found]

    numbers = session.exec(
        select(ServiceRequest.service_request_id).where(col(ServiceRequest.service_request_id).is_not(None)).limit(500)
    ).all()
    handles = session.exec(select(Author.handle).limit(500)).all()
    return Stored(some(MentionState.DRAFTED), some(MentionState.CLOSED), [one or "" for one in numbers], list(handles))


def _store(
    by_table: "_Writer",
    dice: random.Random,
    ids: range,
    mentions: int,
    accounts: Sequence[int],
    codes: Sequence[str],
    people: int,
) -> None:
    made = [_one(dice, at, mentions, accounts, codes, people) for at in ids]
    at = FIRST
    for name, row in (
        ("conversation", Conversation(account_id=1, channel_conversation_id="")),
        (
            "mention",
            Mention(account_id=1, edit_chain="", conversation_id=1, author_id=1, received_at=at, changed_at=at),
        ),
        (
            "post",
            Post(
                account_id=1,
                channel_post_id="",
                edit_chain="",
                conversation_id=1,
                kind=PostKind.MENTION,
                created_at=at,
                received_at=at,
            ),
        ),
        ("words", MentionWords(mention_id=1, words="")),
        ("understanding", Understanding(mention_id=1, model_version="made up", created_at=at)),
        ("request", ServiceRequest(mention_id=1, reference="", changed_at=at)),
        ("reply", Reply(mention_id=1, account_id=1, changed_at=at)),
        ("audit", AuditEntry(at=at, by="", about="Mention", about_id=1)),
    ):
        by_table.write(row, (one[name] for one in made if name in one))


def _one(
    dice: random.Random, at: int, mentions: int, accounts: Sequence[int], codes: Sequence[str], people: int
) -> dict[str, dict[str, Any]]:
    """All rows of one mention, by what they are."""
    language, told = dice.choices(TOLD, [6, 6, 6, 4, 4, 3, 3, 3, 2, 1, 1, 1, 0.2])[0]
    street, house = dice.choice(STREETS), dice.randrange(100, 6000)
    words = told.format(house=house, street=street, thing=dice.choice(THINGS), other=dice.randrange(1, 90_000))
    waits = at > mentions * 0.9
    states, shares = zip(*STATES, strict=True)
    state = dice.choices(states, shares if waits else [*shares[:3], shares[3], 0, 0.0005, 0])[0]
    received = FIRST + SPAN * (at / mentions)
    code, account, author = dice.choice(codes[:30]), dice.choice(accounts), dice.randrange(1, people + 1)
    settled = state not in (MentionState.DRAFTED, MentionState.IN_REVIEW)
    promised = received + timedelta(days=5) if dice.random() < (0.3 if settled else 0.1) else None
    text_kept = "" if state == MentionState.WITHDRAWN else words
    place = f"{house} {street}"
    rows: dict[str, dict[str, Any]] = {
        "conversation": {"id": at, "account_id": account, "channel_conversation_id": f"c{at}"},
        "mention": {
            "id": at,
            "account_id": account,
            "edit_chain": f"p{at}",
            "conversation_id": at,
            "author_id": author,
            "state": state,
            "danger": dice.random() < 0.002,
            "certainty": round(dice.random(), 4),
            "needs_understanding": False,
            "service_code": code,
            "language": language,
            "area": dice.choice(AREAS),
            "assigned_to": 1 if not settled and dice.random() < 0.1 else None,
            "promised_at": promised,
            "received_at": received,
            "changed_at": received,
        },
        "post": {
            "id": at,
            "account_id": account,
            "channel_post_id": f"p{at}",
            "edit_chain": f"p{at}",
            "conversation_id": at,
            "author_id": author,
            "mention_id": at,
            "text": text_kept,
            "created_at": received,
            "received_at": received,
            "deleted_at": received if not text_kept else None,
        },
        "understanding": {
            "id": at,
            "mention_id": at,
            "language": language,
            "intent": Intent.SERVICE_REQUEST,
            "intent_probability": 0.9,
            "service_code": code,
            "service_probability": 0.9,
            "evidence": [{"kind": "location", "start": 0, "end": 6, "post_id": at}],
            "created_at": received,
        },
        "reply": {
            "id": at,
            "mention_id": at,
            "account_id": account,
            "language": language,
            "text": f"Thank you for telling us about {place}. It is filed as {{number}}.",
            "state": ReplyState.SENT if state == MentionState.CLOSED else ReplyState.DRAFT,
            "changed_at": received,
        },
        "audit": {"at": received, "by": "classifier", "about_id": at, "to_state": state, "why": "made up"},
    }
    if text_kept:
        rows["words"] = {"mention_id": at, "words": words_of([words, f"resident_{author}", f"Resident {author}"])}
    if dice.random() < 0.8:
        filed = state == MentionState.CLOSED
        rows["request"] = {
            "id": at,
            "mention_id": at,
            "reference": _reference(at),
            "state": RequestState.SUBMITTED if filed else RequestState.DRAFT,
            "service_code": code,
            "description": words,
            "address_string": place if dice.random() < 0.9 else "",
            "lat": 39.9 + dice.random() / 5,
            "long": -75.2 + dice.random() / 5,
            "service_request_id": str(10_000_000 + at) if filed else None,
            "expected_datetime": promised,
            "promised_datetime": promised,
            "changed_at": received,
        }
    return rows


def _reference(number: int) -> str:
    letters = []
    for _ in range(8):
        number, letter = divmod(number, len(REFERENCE_LETTERS))
        letters.append(REFERENCE_LETTERS[letter])
    return "H-" + "".join(letters)


class _Writer:
    """Many rows at once, as plainly as each database takes them; their indexes are made when all are in."""

    def __init__(self, database: Database) -> None:
        self.database, self._dropped = database, dict[str, list[Any]]()

    def write(self, usual: SQLModel, rows: Iterable[dict[str, Any]]) -> None:
        """Rows of the table of `usual`, whose values count wherever a row has none."""
        table: Any = type(usual).__table__  # type: ignore[attr-defined]  # every table has it
        if table.name not in self._dropped:
            self._dropped[table.name] = self._drop_indexes(table)
        values = {column.name: getattr(usual, column.name) for column in table.columns}
        names = [name for name in values if name != "id" or type(usual) is not AuditEntry]
        full = ([self._plain(one.get(name, values[name])) for name in names] for one in rows)
        columns = ", ".join(f'"{name}"' for name in names)
        with self.database.engine.begin() as connection:
            raw: Any = connection.connection.driver_connection
            if self.database.is_sqlite:
                marks = ", ".join("?" * len(names))
                raw.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", full)  # noqa: S608 - ours
            else:
                with raw.cursor().copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
                    for row in full:
                        copy.write_row(row)

    def settle(self) -> None:
        """Make the indexes; PostgreSQL looks at what it has now, as it would by itself after a while."""
        with self.database.engine.begin() as connection:
            for index in itertools.chain.from_iterable(self._dropped.values()):
                index.create(connection)
            if not self.database.is_sqlite:
                for name in self._dropped:
                    if name != "mention_words":
                        sequence = text(f"SELECT setval('{name}_id_seq', (SELECT max(id) FROM {name}))")  # noqa: S608
                        connection.execute(sequence)
        if not self.database.is_sqlite:
            with self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE"))

    def _drop_indexes(self, table: Any) -> list[Any]:
        indexes = [one for one in table.indexes if not one.unique]
        with self.database.engine.begin() as connection:
            for index in indexes:
                index.drop(connection)
        return indexes

    def _plain(self, value: Any) -> Any:
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, list | dict):
            return json.dumps(value)
        if isinstance(value, datetime) and self.database.is_sqlite:
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        return value
