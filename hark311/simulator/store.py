"""The simulator's own SQLite file: schema, transactions, and small remembered values.

Every write is committed before it is answered, so the process may be killed at any moment and started again
with the same file.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS remembered (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pictures (name TEXT PRIMARY KEY, mime TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS uploads (number INTEGER PRIMARY KEY, alt TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS x_authors (
    id INTEGER PRIMARY KEY, username TEXT NOT NULL COLLATE NOCASE UNIQUE, name TEXT NOT NULL,
    protected INTEGER NOT NULL DEFAULT 0, blocks_us INTEGER NOT NULL DEFAULT 0, created_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS x_posts (
    id INTEGER PRIMARY KEY, key TEXT UNIQUE, author_id INTEGER NOT NULL, full_text TEXT NOT NULL,
    shown TEXT NOT NULL, entities TEXT, note TEXT, words TEXT NOT NULL, submitted TEXT,
    created_ms INTEGER NOT NULL, visible_ms INTEGER NOT NULL, conversation_id INTEGER NOT NULL,
    in_reply_to INTEGER, in_reply_to_user INTEGER, quote_of INTEGER, repost_of INTEGER,
    edit_root INTEGER NOT NULL, superseded_by INTEGER, photos TEXT, lat REAL, lon REAL,
    lang TEXT NOT NULL, reply_settings TEXT NOT NULL, deleted_ms INTEGER);
CREATE INDEX IF NOT EXISTS x_posts_author ON x_posts (author_id, id);
CREATE INDEX IF NOT EXISTS x_posts_conversation ON x_posts (conversation_id, id);
CREATE INDEX IF NOT EXISTS x_posts_parent ON x_posts (in_reply_to) WHERE in_reply_to IS NOT NULL;
CREATE INDEX IF NOT EXISTS x_posts_edits ON x_posts (edit_root, id);
CREATE INDEX IF NOT EXISTS x_posts_submitted ON x_posts (submitted) WHERE submitted IS NOT NULL;
CREATE TABLE IF NOT EXISTS x_mentions (
    author_id INTEGER NOT NULL, post_id INTEGER NOT NULL, PRIMARY KEY (author_id, post_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS x_tags (
    tag TEXT NOT NULL, post_id INTEGER NOT NULL, PRIMARY KEY (tag, post_id)) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS moderated (
    channel TEXT NOT NULL, what TEXT NOT NULL, target TEXT NOT NULL, PRIMARY KEY (channel, what, target)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS x_withheld (post_id INTEGER PRIMARY KEY, countries TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS x_messages (
    id INTEGER PRIMARY KEY, key TEXT UNIQUE, room TEXT NOT NULL, sender INTEGER NOT NULL, text TEXT NOT NULL,
    photos TEXT, created_ms INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS x_messages_room ON x_messages (room, id);
CREATE TABLE IF NOT EXISTS x_compliance (
    id INTEGER PRIMARY KEY AUTOINCREMENT, secret TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    created_ms INTEGER NOT NULL, ids TEXT);

CREATE TABLE IF NOT EXISTS tg_chats (
    id INTEGER PRIMARY KEY, shape TEXT NOT NULL, blocked INTEGER NOT NULL DEFAULT 0,
    started INTEGER NOT NULL DEFAULT 0, migrated_to INTEGER, last_message INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS tg_people (
    id INTEGER PRIMARY KEY, username TEXT COLLATE NOCASE UNIQUE, shape TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tg_messages (
    row INTEGER PRIMARY KEY, chat_id INTEGER NOT NULL, message_id INTEGER NOT NULL, key TEXT UNIQUE,
    ours INTEGER NOT NULL, from_id INTEGER NOT NULL, at INTEGER NOT NULL, shape TEXT NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0, UNIQUE (chat_id, message_id));
CREATE INDEX IF NOT EXISTS tg_messages_chat ON tg_messages (chat_id, row);
CREATE INDEX IF NOT EXISTS tg_messages_ours ON tg_messages (ours, row);
CREATE TABLE IF NOT EXISTS tg_updates (
    update_id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, at INTEGER NOT NULL, shape TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tg_files (
    file_id TEXT PRIMARY KEY, unique_id TEXT NOT NULL, path TEXT NOT NULL UNIQUE, mime TEXT NOT NULL,
    body BLOB);

CREATE TABLE IF NOT EXISTS city_requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, token TEXT UNIQUE, ready_ms INTEGER NOT NULL,
    service_code TEXT NOT NULL, status TEXT NOT NULL, status_notes TEXT, description TEXT NOT NULL,
    lat REAL, long REAL, address TEXT, address_id TEXT, media_url TEXT, answers TEXT NOT NULL,
    contact TEXT NOT NULL, requested_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, expected_ms INTEGER);
CREATE INDEX IF NOT EXISTS city_requests_time ON city_requests (requested_ms);
CREATE INDEX IF NOT EXISTS city_requests_status ON city_requests (status, requested_ms);
CREATE TABLE IF NOT EXISTS city_updates (
    id INTEGER PRIMARY KEY, key TEXT UNIQUE, request_id INTEGER NOT NULL, state TEXT NOT NULL, words TEXT,
    agency TEXT, media_url TEXT, at_ms INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS city_updates_request ON city_updates (request_id, id);
CREATE INDEX IF NOT EXISTS city_updates_time ON city_updates (at_ms);
"""

FIRST_UPDATE = 311_000_000
FIRST_REQUEST = 13_075_314


class Store:
    """One SQLite file in WAL mode behind one lock; times inside are milliseconds since 1970 in UTC."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-65536", "temp_store=MEMORY"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(SCHEMA)
        with self.writing() as write:
            for table, first in (("tg_updates", FIRST_UPDATE), ("city_requests", FIRST_REQUEST)):
                if not write.execute("SELECT 1 FROM sqlite_sequence WHERE name = ?", (table,)).fetchone():
                    write.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, first))

    def close(self) -> None:
        """Close the file; nothing is lost, since every answered write is already committed."""
        with self._lock:
            self._connection.close()

    def now_ms(self) -> int:
        """The time by the simulator's clock, in milliseconds."""
        return int(self._clock() * 1000)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; nested use joins the outer one. Rolls back when the body raises."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._connection
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        with self._lock:
            found: sqlite3.Row | None = self._connection.execute(sql, parameters).fetchone()
            return found

    def number(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """The first column of the first row as a whole number; 0 when there is none."""
        found = self.row(sql, parameters)
        return int(found[0]) if found is not None and found[0] is not None else 0

    def remember(self, name: str, value: object) -> None:
        """Keep a small JSON value under a name."""
        with self.writing() as write:
            write.execute("INSERT OR REPLACE INTO remembered VALUES (?, ?)", (name, json.dumps(value)))

    def recall(self, name: str) -> Any:
        """The value kept under a name, or None."""
        found = self.row("SELECT value FROM remembered WHERE name = ?", (name,))
        return None if found is None else json.loads(found["value"])


def iso_z(ms: int) -> str:
    """Milliseconds since 1970 as X writes a time: 2026-11-21T12:00:00.000Z."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def ms_of(moment: datetime) -> int:
    """An aware datetime as milliseconds since 1970."""
    return int(moment.timestamp() * 1000)
