"""The simulated Bluesky itself: people, records in their repositories, and what notifies our account."""

import base64
import hashlib
import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from hark311.simulator.attached import keep_picture
from hark311.simulator.settings import SimulatorSettings
from hark311.simulator.spoken import Json, Picture, Reference, Spoken
from hark311.simulator.store import Store, iso_z, ms_of

POST, PROFILE, BLOCK = "app.bsky.feed.post", "app.bsky.actor.profile", "app.bsky.graph.block"
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS bsky_people (did TEXT PRIMARY KEY, handle TEXT NOT NULL COLLATE NOCASE UNIQUE, "
    "name TEXT NOT NULL, blocks_us INTEGER NOT NULL DEFAULT 0)",
    "CREATE TABLE IF NOT EXISTS bsky_records (row INTEGER PRIMARY KEY, uri TEXT NOT NULL UNIQUE, key TEXT UNIQUE, "
    "did TEXT NOT NULL, collection TEXT NOT NULL, rkey TEXT NOT NULL, cid TEXT NOT NULL, record TEXT NOT NULL, "
    "text TEXT NOT NULL, sorted_ms INTEGER NOT NULL, root TEXT, parent TEXT, closed INTEGER NOT NULL DEFAULT 0, "
    "reason TEXT, deleted INTEGER NOT NULL DEFAULT 0)",
    "CREATE INDEX IF NOT EXISTS bsky_records_notices ON bsky_records (sorted_ms) WHERE reason IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS bsky_records_root ON bsky_records (root)",
    "CREATE INDEX IF NOT EXISTS bsky_records_sorted ON bsky_records (collection, sorted_ms)",
)
_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
MENTIONED = re.compile(r"(?<![\w.@])@([a-z0-9-]+(?:\.[a-z0-9-]+)+)", re.IGNORECASE)


class UnknownRecord(LookupError):
    """A post named by address or key is not there."""


class Person(Spoken):
    """A resident on the simulated Bluesky; unknown handles are opened on first use, and end in .test."""

    handle: str = Field(pattern=r"^@?[A-Za-z0-9_.-]{1,60}$")
    name: str | None = None


class SaidOnBluesky(Spoken):
    """One post by a resident. `facet` False names us in plain words only; `record` goes over the record as it is."""

    key: str | None = None
    author: Annotated[Person, BeforeValidator(lambda one: {"handle": one} if isinstance(one, str) else one)] = Person(
        handle="a-neighbor"
    )
    text: str = ""
    created_at: AwareDatetime | None = None
    in_reply_to: Reference | None = None
    quote_of: Reference | None = None
    edit_of: Reference | None = None
    photos: list[Picture] = Field(default_factory=list, max_length=4)
    mention: bool = True
    facet: bool = True
    lang: str | None = None
    replies: Literal["everyone", "nobody"] = "everyone"
    record: Json = Field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """What became of one said post."""

    uri: str
    key: str | None
    new: bool


def cid_of(record: object) -> str:
    """A content id in the form of atproto's, made from the record as JSON."""
    digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).digest()
    return "b" + base64.b32encode(b"\x01\x71\x12\x20" + digest).decode().rstrip("=").lower()


def did_of(handle: str) -> str:
    """The DID of a handle."""
    return "did:plc:" + base64.b32encode(hashlib.sha256(handle.lower().encode()).digest()).decode()[:24].lower()


def whole_handle(given: str) -> str:
    """A handle as Bluesky has them: a domain name, here under .test."""
    bare = given.removeprefix("@").lower().replace("_", "-")
    return bare if "." in bare else f"{bare}.test"


def tid(ms: int, row: int) -> str:
    """A record key that sorts by time."""
    number = (ms * 1000 + row % 1000) << 10
    return "".join(_SORTABLE[number >> shift & 31] for shift in range(60, -1, -5))


class BlueskyNetwork:
    """People and records over the store. No two records are sorted to the same millisecond."""

    def __init__(self, store: Store, settings: SimulatorSettings) -> None:
        self.store = store
        self.handle = settings.bluesky_handle
        self.us = did_of(self.handle)
        self.limits_on = settings.bluesky_limits
        with store.writing() as write:
            for statement in SCHEMA:
                write.execute(statement)
            self.person(write, self.handle, settings.bluesky_name)

    def person(self, write: sqlite3.Connection, given: str, name: str | None = None) -> str:
        """The DID of a handle, opening the account when it is new."""
        handle = whole_handle(given)
        did = did_of(handle)
        shown = name or handle.partition(".")[0].replace("-", " ").title()
        write.execute("INSERT OR IGNORE INTO bsky_people (did, handle, name) VALUES (?, ?, ?)", (did, handle, shown))
        if name:
            write.execute("UPDATE bsky_people SET name = ? WHERE did = ?", (name, did))
        return did

    def set_person(self, handle: str, name: str | None, blocks_us: bool | None) -> str:
        """Open an account or change it; None leaves a trait as it is."""
        with self.store.writing() as write:
            did = self.person(write, handle, name)
            if blocks_us is not None:
                write.execute("UPDATE bsky_people SET blocks_us = ? WHERE did = ?", (blocks_us, did))
            return did

    def record(self, reference: str | None) -> sqlite3.Row | None:
        """What an address or `key:...` names, deleted or not; None for None."""
        if reference is None:
            return None
        column, value = ("key", reference[4:]) if reference.startswith("key:") else ("uri", reference)
        return self.store.row(f"SELECT * FROM bsky_records WHERE {column} = ?", (value,))  # noqa: S608 - one of two names

    def say(self, said: Sequence[SaidOnBluesky]) -> list[Said]:
        """Store what residents say, in one transaction; a key seen before stores nothing. Raises UnknownRecord."""
        with self.store.writing() as write:
            return [self._say_one(write, one) for one in said]

    def _found(self, reference: str | None) -> sqlite3.Row | None:
        found = self.record(reference)
        if reference is not None and found is None:
            raise UnknownRecord(f"no post {reference}")
        return found

    def _say_one(self, write: sqlite3.Connection, said: SaidOnBluesky) -> Said:
        if said.key and (known := self.record(f"key:{said.key}")):
            return Said(str(known["uri"]), said.key, new=False)
        parent, quoted, edited = (self._found(one) for one in (said.in_reply_to, said.quote_of, said.edit_of))
        did = str(edited["did"]) if edited else self.person(write, said.author.handle, said.author.name)
        record = self._record(write, said, parent, quoted)
        if edited:
            uri, _ = self.put(str(edited["uri"]), record | {"reply": json.loads(edited["record"]).get("reply")})
        else:
            uri, _ = self.create(did, POST, record, None, said.key)
        if said.replies == "nobody":
            write.execute("UPDATE bsky_records SET closed = 1 WHERE uri = ?", (uri,))
        return Said(uri, said.key, new=True)

    def _record(
        self, write: sqlite3.Connection, said: SaidOnBluesky, parent: sqlite3.Row | None, quoted: sqlite3.Row | None
    ) -> Json:
        text = said.text
        if said.mention and f"@{self.handle}".casefold() not in text.casefold():
            text = f"@{self.handle} {text}".rstrip()
        at = ms_of(said.created_at) if said.created_at else self.store.now_ms()
        record: Json = {"$type": POST, "text": text, "createdAt": iso_z(at)}
        if said.facet and (facets := self._mentions(write, text)):
            record["facets"] = facets
        if said.lang:
            record["langs"] = [said.lang]
        if parent:
            root = self.record(parent["root"]) or parent
            record["reply"] = {"root": _strong(root), "parent": _strong(parent)}
        if quoted:
            record["embed"] = {"$type": "app.bsky.embed.record", "record": _strong(quoted)}
        if said.photos:
            images = []
            for index, photo in enumerate(said.photos):
                cid = cid_of([text, at, index])
                keep_picture(write, f"bluesky-{cid}", photo)
                blob = {"$type": "blob", "ref": {"$link": cid}, "mimeType": photo.mime, "size": 1000}
                images.append({"alt": photo.alt or "", "image": blob})
            record["embed"] = {"$type": "app.bsky.embed.images", "images": images}
        return record | said.record

    def _mentions(self, write: sqlite3.Connection, text: str) -> list[Json]:
        found = []
        for match in MENTIONED.finditer(text):
            start = len(text[: match.start()].encode("utf-8", "surrogatepass"))
            feature = {"$type": "app.bsky.richtext.facet#mention", "did": self.person(write, match[1])}
            found.append(
                {"index": {"byteStart": start, "byteEnd": start + len(match[0].encode())}, "features": [feature]}
            )
        return found

    def create(self, did: str, collection: str, record: Json, rkey: str | None, key: str | None) -> tuple[str, str]:
        """Write a record; its address and content id. Raises FileExistsError where the record key is taken."""
        with self.store.writing() as write:
            row = self.store.number("SELECT max(row) FROM bsky_records") + 1
            at = max(self.store.now_ms(), self.store.number("SELECT max(sorted_ms) FROM bsky_records") + 1)
            rkey = rkey or tid(at, row)
            uri, cid = f"at://{did}/{collection}/{rkey}", cid_of(record)
            if (known := self.record(uri)) and not known["deleted"]:
                raise FileExistsError(uri)
            write.execute("DELETE FROM bsky_records WHERE uri = ?", (uri,))
            write.execute(
                "INSERT INTO bsky_records (row, uri, key, did, collection, rkey, cid, record, text, sorted_ms) "
                "VALUES (?,?,?,?,?,?,?,?,?,?)",
                (row, uri, key, did, collection, rkey, cid, "{}", "", at),
            )
            self._write(write, uri, record, at)
            return uri, cid

    def put(self, uri: str, record: Json) -> tuple[str, str]:
        """Write another version of a record: same address, other content id, notified anew."""
        with self.store.writing() as write:
            at = max(self.store.now_ms(), self.store.number("SELECT max(sorted_ms) FROM bsky_records") + 1)
            self._write(write, uri, {name: value for name, value in record.items() if value is not None}, at)
            return uri, cid_of({name: value for name, value in record.items() if value is not None})

    def _write(self, write: sqlite3.Connection, uri: str, record: Json, at: int) -> None:
        did = uri.split("/")[2]
        root, parent = (_address(record, name) for name in ("root", "parent"))
        text = record.get("text")
        write.execute(
            "UPDATE bsky_records SET cid = ?, record = ?, text = ?, sorted_ms = ?, root = ?, parent = ?, reason = ? "
            "WHERE uri = ?",
            (
                cid_of(record),
                json.dumps(record),
                text if isinstance(text, str) else "",
                at,
                root or uri,
                parent,
                None if did == self.us else self._reason(record, root, parent),
                uri,
            ),
        )

    def _reason(self, record: Json, root: str | None, parent: str | None) -> str | None:
        """Why a post notifies us; one notice a post, as the AppView gives."""
        if self.us in json.dumps(record.get("facets", [])):
            return "mention"
        if any(address and address.startswith(f"at://{self.us}/") for address in (root, parent)):
            return "reply"
        return "quote" if f"at://{self.us}/" in json.dumps(record.get("embed", {})) else None

    def delete(self, uri: str) -> bool:
        """Delete a record with its words; False when there was nothing to delete."""
        with self.store.writing() as write:
            gone = write.execute(
                "UPDATE bsky_records SET deleted = 1, record = '{}', text = '', reason = NULL "
                "WHERE uri = ? AND deleted = 0",
                (uri,),
            )
            return gone.rowcount > 0

    def counts(self) -> Json:
        """Posts by residents and by us."""
        count = "SELECT count(*) FROM bsky_records WHERE deleted = 0 AND collection = ? AND did {} ?"
        numbers = [self.store.number(count.format(sign), (POST, self.us)) for sign in ("<>", "=")]
        return {"posts": numbers[0], "ours": numbers[1]}


def _strong(row: sqlite3.Row) -> Json:
    return {"uri": row["uri"], "cid": row["cid"]}


def _address(record: Mapping[str, Any], name: str) -> str | None:
    reply = record.get("reply")
    end = reply.get(name) if isinstance(reply, dict) else None
    uri = end.get("uri") if isinstance(end, dict) else None
    return uri if isinstance(uri, str) else None
