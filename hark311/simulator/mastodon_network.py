"""The simulated Mastodon server itself: accounts, statuses, and the notifications that wait for ours."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from hark311.simulator.arrivals import Arrivals
from hark311.simulator.attached import keep_picture
from hark311.simulator.mastodon_words import named_in, tags_in
from hark311.simulator.settings import SimulatorSettings
from hark311.simulator.spoken import Json, Picture, Reference, Spoken
from hark311.simulator.store import Store, ms_of

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS ms_accounts (id INTEGER PRIMARY KEY, acct TEXT NOT NULL COLLATE NOCASE UNIQUE,"
    " name TEXT NOT NULL, bot INTEGER NOT NULL DEFAULT 0, blocks_us INTEGER NOT NULL DEFAULT 0,"
    " note TEXT NOT NULL DEFAULT '')",
    "CREATE TABLE IF NOT EXISTS ms_statuses (id INTEGER PRIMARY KEY, key TEXT UNIQUE, author_id INTEGER NOT NULL,"
    " text TEXT NOT NULL, spoiler TEXT NOT NULL, visibility TEXT NOT NULL, language TEXT, in_reply_to INTEGER,"
    " root INTEGER NOT NULL, photos TEXT NOT NULL, created_ms INTEGER NOT NULL, edited_ms INTEGER, deleted_ms INTEGER)",
    "CREATE INDEX IF NOT EXISTS ms_statuses_author ON ms_statuses (author_id, id)",
    "CREATE INDEX IF NOT EXISTS ms_statuses_root ON ms_statuses (root, id)",
    "CREATE TABLE IF NOT EXISTS ms_notifications (id INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL,"
    " author_id INTEGER NOT NULL, status_id INTEGER NOT NULL, created_ms INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS ms_keys (key TEXT PRIMARY KEY, status_id INTEGER NOT NULL, at_ms INTEGER NOT NULL)",
)
FIRST_NOTIFICATION = 90
"""Ids are text of growing length: who compares them as text, or as numbers where they are none, finds out."""
KEY_LIFE_MS = 3600 * 1000
STREAM_KEEPS = 500

Visibility = Literal["public", "unlisted", "private", "direct"]


class UnknownStatus(LookupError):
    """A status or account that was named is not there."""


class TootingResident(Spoken):
    """A person on Mastodon; unknown accounts are opened on first use. `acct` has a server where it is another one."""

    acct: str = Field(pattern=r"^@?\w+([.-]\w+)*(@[\w.-]+)?$")
    name: str | None = None
    bot: bool | None = None


class SaidOnMastodon(Spoken):
    """One status by a resident. `edit_of` changes an older one; `boost_of` boosts it."""

    key: str | None = None
    author: Annotated[
        TootingResident, BeforeValidator(lambda value: {"acct": value} if isinstance(value, str) else value)
    ] = TootingResident(acct="a_neighbor")
    text: str = Field("", max_length=20_000)
    spoiler: str = ""
    visibility: Visibility = "public"
    lang: str | None = None
    created_at: AwareDatetime | None = None
    in_reply_to: Reference | None = None
    edit_of: Reference | None = None
    boost_of: Reference | None = None
    photos: list[Picture] = Field(default_factory=list, max_length=4)
    mention: bool = True

    @model_validator(mode="after")
    def _says_something(self) -> "SaidOnMastodon":
        if not (self.text or self.photos or self.boost_of):
            raise ValueError("a status needs text, photos or boost_of")
        return self


@dataclass(frozen=True)
class Tooted:
    """What became of one said status: its id, and whether it was new."""

    id: int
    key: str | None
    new: bool


class MastodonNetwork:
    """Statuses over the store; whoever names us leaves a notification in the same transaction."""

    def __init__(self, store: Store, settings: SimulatorSettings) -> None:
        self.store, self.settings = store, settings
        self.arrivals = Arrivals()
        self.events: list[tuple[int, str, str]] = []
        self._event = 0
        self.closing, self.limits_on = False, True
        with store.writing() as write:
            for statement in SCHEMA:
                write.execute(statement)
            if "locked" not in [row["name"] for row in write.execute("PRAGMA table_info(ms_accounts)")]:
                write.execute("ALTER TABLE ms_accounts ADD COLUMN locked INTEGER NOT NULL DEFAULT 0")  # older files
            if not write.execute("SELECT 1 FROM sqlite_sequence WHERE name = 'ms_notifications'").fetchone():
                write.execute(
                    "INSERT INTO sqlite_sequence (name, seq) VALUES ('ms_notifications', ?)", (FIRST_NOTIFICATION,)
                )
            note = "Requests for city services. Run by the simulator. Danger? Call 911."
            write.execute(
                "INSERT OR IGNORE INTO ms_accounts (id, acct, name, bot, note) VALUES (?, ?, ?, 1, ?)",
                (self.us, settings.mastodon_acct, settings.mastodon_name, note),
            )

    @property
    def us(self) -> int:
        """Our account's id."""
        return self.settings.mastodon_id

    def close_streams(self) -> None:
        """Let every open stream end, so that the server can stop at once. Any thread may call it."""
        self.closing = True
        self.arrivals.ring()

    def tell(self, event: str, content: str) -> None:
        """Say something on the open streams, as a server-sent event."""
        self._event += 1
        self.events = [*self.events[-STREAM_KEEPS:], (self._event, event, content)]
        self.arrivals.ring()

    @property
    def newest_event(self) -> int:
        """The number of the newest event told."""
        return self._event

    def account(self, write: sqlite3.Connection, resident: TootingResident) -> int:
        """A resident's id; opened when new."""
        acct = resident.acct.removeprefix("@")
        found = write.execute("SELECT id FROM ms_accounts WHERE acct = ?", (acct,)).fetchone()
        if found is None:
            top = write.execute("SELECT max(id) FROM ms_accounts").fetchone()[0]
            write.execute("INSERT INTO ms_accounts (id, acct, name) VALUES (?, ?, ?)", (top + 7, acct, acct))
            found = (top + 7,)
        for column in ("name", "bot"):
            if (value := getattr(resident, column)) is not None:
                write.execute(f"UPDATE ms_accounts SET {column} = ? WHERE id = ?", (value, found[0]))  # noqa: S608 - fixed
        return int(found[0])

    def set_account(self, acct: str, **change: object) -> int:
        """Make an account block us, be a bot or approve its followers, or give ours another note; its id."""
        with self.store.writing() as write:
            number = self.account(write, TootingResident(acct=acct))
            for column, value in change.items():
                if column not in ("name", "bot", "blocks_us", "note", "locked"):
                    raise ValueError(f"no {column} on an account")
                write.execute(f"UPDATE ms_accounts SET {column} = ? WHERE id = ?", (value, number))  # noqa: S608 - listed
        return number

    def say(self, said: Sequence[SaidOnMastodon]) -> list[Tooted]:
        """Store what residents say, in one transaction; a key seen before stores nothing. Raises UnknownStatus."""
        with self.store.writing() as write:
            done = [self._say_one(write, one) for one in said]
        self.arrivals.ring()
        return done

    def _say_one(self, write: sqlite3.Connection, said: SaidOnMastodon) -> Tooted:
        known = said.key and write.execute("SELECT id FROM ms_statuses WHERE key = ?", (said.key,)).fetchone()
        if known:
            return Tooted(int(known[0]), said.key, new=False)
        author = self.account(write, said.author)
        if said.boost_of is not None:
            return Tooted(self._boost(write, author, self.referred(said.boost_of)), said.key, new=True)
        text, us = said.text, self.settings.mastodon_acct
        if said.mention and us.lower() not in (name.lower() for name in named_in(text)):
            text = f"@{us} {text}".strip()
        if said.edit_of is not None:
            row = self.referred(said.edit_of)
            edited = max(self.store.now_ms(), (row["edited_ms"] or row["created_ms"]) + 1)
            write.execute(
                "UPDATE ms_statuses SET text = ?, spoiler = ?, edited_ms = ? WHERE id = ?",
                (text, said.spoiler, edited, row["id"]),
            )
            return Tooted(int(row["id"]), said.key, new=True)
        number = self.keep(
            write,
            author,
            text,
            parent=self.referred(said.in_reply_to) if said.in_reply_to is not None else None,
            visibility=said.visibility,
            spoiler=said.spoiler,
            language=said.lang,
            key=said.key,
            photos=said.photos,
            at=ms_of(said.created_at) if said.created_at else None,
        )
        if us.lower() in (name.lower() for name in named_in(text)):
            self._notify(write, "mention", author, number)
        return Tooted(number, said.key, new=True)

    def _boost(self, write: sqlite3.Connection, author: int, row: sqlite3.Row) -> int:
        """A boost of one of our statuses tells us so; a boost of another's tells us nothing."""
        if row["author_id"] == self.us:
            self._notify(write, "reblog", author, row["id"])
        return int(row["id"])

    def _notify(self, write: sqlite3.Connection, kind: str, author: int, status: int) -> None:
        made = write.execute(
            "INSERT INTO ms_notifications (type, author_id, status_id, created_ms) VALUES (?, ?, ?, ?)",
            (kind, author, status, self.store.now_ms()),
        )
        self.tell("notification", f"notification:{made.lastrowid}")

    def keep(
        self,
        write: sqlite3.Connection,
        author: int,
        text: str,
        *,
        parent: sqlite3.Row | None = None,
        visibility: str = "public",
        spoiler: str = "",
        language: str | None = None,
        key: str | None = None,
        photos: Sequence[Picture] = (),
        uploads: Sequence[Json] = (),
        at: int | None = None,
    ) -> int:
        """Store one status and return its id, which grows with time as Mastodon's do."""
        moment = at or self.store.now_ms()
        top = write.execute("SELECT max(id) FROM ms_statuses").fetchone()[0] or 0
        number = moment << 16 if at else max(moment << 16, top + 1)
        while write.execute("SELECT 1 FROM ms_statuses WHERE id = ?", (number,)).fetchone():
            number += 1
        shown = [
            {"name": keep_picture(write, f"m{number}-{place}", one), "alt": one.alt} for place, one in enumerate(photos)
        ]
        write.execute(
            "INSERT INTO ms_statuses (id, key, author_id, text, spoiler, visibility, language, in_reply_to, root,"
            " photos, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                key,
                author,
                text,
                spoiler,
                visibility,
                language,
                parent["id"] if parent else None,
                parent["root"] if parent else number,
                json.dumps([*shown, *uploads]),
                moment,
            ),
        )
        return number

    def post(
        self,
        text: str,
        parent: sqlite3.Row | None,
        key: str | None,
        uploads: Sequence[Json] = (),
        **more: str | None,
    ) -> int:
        """Our account posts; the same Idempotency-Key within the hour gives the same status again."""
        now = self.store.now_ms()
        with self.store.writing() as write:
            known = key and write.execute("SELECT * FROM ms_keys WHERE key = ?", (key,)).fetchone()
            if known and now - known["at_ms"] < KEY_LIFE_MS:
                return int(known["status_id"])
            number = self.keep(
                write,
                self.us,
                text,
                parent=parent,
                visibility=more.get("visibility") or "public",
                spoiler=more.get("spoiler") or "",
                language=more.get("language"),
                uploads=uploads,
            )
            if key:
                write.execute("INSERT OR REPLACE INTO ms_keys VALUES (?, ?, ?)", (key, number, now))
        return number

    def delete(self, number: int) -> bool:
        """Its author deletes a status; its notifications go with it, and whoever it named is told on the stream."""
        with self.store.writing() as write:
            found = write.execute(
                "UPDATE ms_statuses SET deleted_ms = ? WHERE id = ? AND deleted_ms IS NULL",
                (self.store.now_ms(), number),
            )
            write.execute("DELETE FROM ms_notifications WHERE status_id = ?", (number,))
        if found.rowcount:
            self.tell("delete", str(number))
        return bool(found.rowcount)

    def referred(self, reference: str) -> sqlite3.Row:
        """A status by id or `key:...`. Raises UnknownStatus."""
        column, value = ("key", reference[4:]) if reference.startswith("key:") else ("id", reference)
        found = self.store.row(
            f"SELECT * FROM ms_statuses WHERE {column} = ? AND deleted_ms IS NULL",  # noqa: S608 - one of two columns
            (value if column == "key" or value.isdecimal() else -1,),
        )
        if found is None:
            raise UnknownStatus(f"no status {reference}")
        return found

    def seen_by_us(self, reference: str) -> sqlite3.Row:
        """A status our account may see. Raises UnknownStatus for one that is gone, hidden, or by who blocks us."""
        row = self.referred(reference)
        author = self.author(row["author_id"])
        if row["author_id"] == self.us:
            return row
        named = self.settings.mastodon_acct.lower() in (name.lower() for name in named_in(row["text"]))
        if author["blocks_us"] or (row["visibility"] in ("private", "direct") and not named):
            raise UnknownStatus(f"no status {reference}")
        return row

    def author(self, number: int) -> sqlite3.Row:
        """An account by id. Raises UnknownStatus."""
        found = self.store.row("SELECT * FROM ms_accounts WHERE id = ?", (number,))
        if found is None:
            raise UnknownStatus(f"no account {number}")
        return found

    def known_accounts(self) -> set[str]:
        """Every account's name in lower case."""
        return {str(row["acct"]).lower() for row in self.store.rows("SELECT acct FROM ms_accounts")}

    def tagged(self, tag: str, before: int, most: int) -> list[sqlite3.Row]:
        """Public statuses with a hashtag, below an id, newest first."""
        rows = self.store.rows(
            "SELECT s.* FROM ms_statuses s JOIN ms_accounts a ON a.id = s.author_id WHERE s.visibility = 'public' "
            "AND s.deleted_ms IS NULL AND a.blocks_us = 0 AND s.id < ? AND instr(lower(s.text), ?) > 0 "
            "ORDER BY s.id DESC",
            (before, f"#{tag.lower()}"),
        )
        return [row for row in rows if tag.lower() in (one.lower() for one in tags_in(row["text"]))][:most]

    def thread(self, row: sqlite3.Row) -> tuple[list[sqlite3.Row], list[sqlite3.Row]]:
        """What stands above a status, root first, and below it, in order."""
        rows = self.store.rows("SELECT * FROM ms_statuses WHERE root = ? ORDER BY id", (row["root"],))
        shown = {one["id"]: one for one in rows if one["deleted_ms"] is None}
        above, parent = [], shown.get(row["in_reply_to"])
        while parent is not None:
            above.append(parent)
            parent = shown.get(parent["in_reply_to"])
        inside, below = {row["id"]}, []
        for one in shown.values():
            if one["in_reply_to"] in inside:
                inside.add(one["id"])
                below.append(one)
        return above[::-1], below

    def counts(self) -> Json:
        """How many statuses stand, by residents and by us."""
        count = self.store.number
        standing = "SELECT count(*) FROM ms_statuses WHERE deleted_ms IS NULL AND author_id"
        return {
            "statuses": count(f"{standing} <> ?", (self.us,)),
            "ours": count(f"{standing} = ?", (self.us,)),
        }
