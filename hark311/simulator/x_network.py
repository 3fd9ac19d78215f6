"""The simulated X itself: authors and posts, what residents say, what our account posts, edits, deletions."""

import hashlib
import json
import sqlite3
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from hark311.simulator.arrivals import Arrivals
from hark311.simulator.attached import keep_picture
from hark311.simulator.settings import SimulatorSettings
from hark311.simulator.spoken import Json, SaidOnX
from hark311.simulator.store import Store, ms_of
from hark311.simulator.x_words import dress, search_words

EPOCH_MS = 1_288_834_974_657
DUPLICATE_WINDOW_MS = 24 * 3600 * 1000
FIRST_AUTHOR = 1_500_000_000


class UnknownPost(LookupError):
    """A post named by id or key is not there."""


def snowflake(ms: int) -> int:
    """The lowest post id of a millisecond since 1970."""
    return max(0, ms - EPOCH_MS) << 22


@dataclass(frozen=True)
class Said:
    """What became of one said post: its id, and whether it was new."""

    id: int
    key: str | None
    new: bool


@dataclass(frozen=True)
class Parents:
    """The posts that a new post hangs from."""

    in_reply_to: sqlite3.Row | None = None
    quote_of: sqlite3.Row | None = None
    repost_of: sqlite3.Row | None = None
    edit_of: sqlite3.Row | None = None


class XNetwork:
    """Authors and posts over the store. Ids rise strictly with the order of writing."""

    def __init__(self, store: Store, settings: SimulatorSettings) -> None:
        self.store = store
        self.settings = settings
        self.us = settings.x_keys.account_id
        self.arrivals = Arrivals()
        self.closing = False
        with store.writing() as write:
            write.execute(
                "INSERT INTO x_authors (id, username, name, created_ms) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET username = excluded.username, name = excluded.name",
                (self.us, settings.x_handle, settings.x_name, store.now_ms()),
            )

    def close_streams(self) -> None:
        """Let every open stream end, so that the server can stop at once. Any thread may call it."""
        self.closing = True
        self.arrivals.ring()

    def author_id(self, write: sqlite3.Connection, handle: str) -> int:
        """The id of a handle (with or without @), opening the account when it is new."""
        bare = handle.removeprefix("@")
        found = write.execute("SELECT id FROM x_authors WHERE username = ?", (bare,)).fetchone()
        if found:
            return int(found[0])
        top = write.execute("SELECT max(id) FROM x_authors WHERE id <> ?", (self.us,)).fetchone()[0]
        number = max(FIRST_AUTHOR, top or 0) + 7
        write.execute(
            "INSERT INTO x_authors (id, username, name, created_ms) VALUES (?, ?, ?, ?)",
            (number, bare, bare.replace("_", " ").title(), self.store.now_ms()),
        )
        return number

    def set_author(
        self, handle: str, *, name: str | None = None, protected: bool | None = None, blocks_us: bool | None = None
    ) -> int:
        """Open an account or change it; None leaves a trait as it is."""
        with self.store.writing() as write:
            number = self.author_id(write, handle)
            for column, value in (("name", name), ("protected", protected), ("blocks_us", blocks_us)):
                if value is not None:
                    write.execute(f"UPDATE x_authors SET {column} = ? WHERE id = ?", (value, number))  # noqa: S608 - column from the tuple above
            return number

    def author(self, number: int) -> sqlite3.Row | None:
        """An author's row by id."""
        return self.store.row("SELECT * FROM x_authors WHERE id = ?", (number,))

    def post(self, number: int) -> sqlite3.Row | None:
        """A post's row by id, deleted or not."""
        return self.store.row("SELECT * FROM x_posts WHERE id = ?", (number,))

    def resolve(self, reference: str | None) -> sqlite3.Row | None:
        """The post an id or `key:...` names; None for None. Raises UnknownPost."""
        if reference is None:
            return None
        column, value = ("key", reference[4:]) if reference.startswith("key:") else ("id", reference)
        found = self.store.row(f"SELECT * FROM x_posts WHERE {column} = ?", (value,))  # noqa: S608 - one of two names
        if found is None:
            raise UnknownPost(f"no post {reference}")
        return found

    def say(self, said: Sequence[SaidOnX]) -> list[Said]:
        """Store what residents say, in one transaction; a key seen before stores nothing. Raises UnknownPost."""
        with self.store.writing() as write:
            done = [self._say_one(write, one) for one in said]
        self.arrivals.ring()
        return done

    def _say_one(self, write: sqlite3.Connection, said: SaidOnX) -> Said:
        if said.key is not None:
            known = write.execute("SELECT id FROM x_posts WHERE key = ?", (said.key,)).fetchone()
            if known:
                return Said(int(known[0]), said.key, new=False)
        author = self.author_id(write, said.author.handle)
        if said.author.name is not None or said.author.protected is not None:
            self.set_author(said.author.handle, name=said.author.name, protected=said.author.protected)
        parents = Parents(
            self.resolve(said.in_reply_to),
            self.resolve(said.quote_of),
            self.resolve(said.repost_of),
            self.resolve(said.edit_of),
        )
        if parents.edit_of is not None:
            author = int(parents.edit_of["author_id"])
        number = self._insert(write, author, self._resident_text(said, parents), parents, said)
        return Said(number, said.key, new=True)

    def _resident_text(self, said: SaidOnX, parents: Parents) -> str:
        if parents.repost_of is not None:
            original = self.author(parents.repost_of["author_id"])
            return f"RT @{original['username'] if original else '?'}: {parents.repost_of['full_text']}"
        at_us = f"@{self.settings.x_handle}"
        if not said.mention or at_us.casefold() in said.text.casefold():
            return said.text
        return f"{at_us} {said.text}".rstrip()

    def post_as_us(
        self,
        submitted: str,
        parents: Parents,
        excluded: frozenset[int],
        reply_settings: str,
        photos: Sequence[Json] = (),
    ) -> int:
        """Publish a post of our own account and return its id.

        A reply starts with the handles it answers, as X fills them in, except our own and `excluded`.
        """
        with self.store.writing() as write:
            text = submitted
            if parents.in_reply_to is not None:
                text = self._filled_in(parents.in_reply_to, excluded, submitted)
            said = SaidOnX.model_validate({"text": submitted, "reply_settings": reply_settings})
            number = self._insert(write, self.us, text, parents, said, photos)
            write.execute("UPDATE x_posts SET submitted = ? WHERE id = ?", (fingerprint(submitted), number))
        self.arrivals.ring()
        return number

    def _filled_in(self, parent: sqlite3.Row, excluded: frozenset[int], submitted: str) -> str:
        ids = [int(parent["author_id"])]
        ids += [
            int(row[0])
            for row in self.store.rows("SELECT author_id FROM x_mentions WHERE post_id = ?", (parent["id"],))
        ]
        handles = []
        for number in dict.fromkeys(ids):
            author = self.author(number)
            if author is None or number == self.us or number in excluded:
                continue
            if f"@{author['username']}".casefold() not in submitted.casefold():
                handles.append(f"@{author['username']}")
        return " ".join([*handles, submitted])

    def _insert(
        self,
        write: sqlite3.Connection,
        author: int,
        text: str,
        parents: Parents,
        said: SaidOnX,
        shown: Sequence[Json] = (),
    ) -> int:
        now = self.store.now_ms()
        last = write.execute("SELECT max(id) FROM x_posts").fetchone()[0] or 0
        number = max(snowflake(now), last + 1)
        base = parents.edit_of
        reply = parents.in_reply_to
        photos = [
            {"name": keep_picture(write, f"x-{number}-{index}", photo), "alt": photo.alt}
            for index, photo in enumerate(said.photos)
        ] + list(shown)
        dressed = dress(text, f"https://x.com/i/status/{number}", len(photos))
        ids = {handle: self.author_id(write, handle) for handle in dressed.mentions}
        note_entities = dressed.note.get("entities", {}) if dressed.note else {}
        for entity in [*dressed.entities.get("mentions", []), *note_entities.get("mentions", [])]:
            entity["id"] = str(ids.get(entity["username"]) or self.author_id(write, entity["username"]))
        visible = ms_of(said.visible_at) if said.visible_at else now + int(said.late_by * 1000)
        write.execute(
            "INSERT INTO x_posts (id, key, author_id, full_text, shown, entities, note, words, created_ms, visible_ms, "
            "conversation_id, in_reply_to, in_reply_to_user, quote_of, repost_of, edit_root, photos, lat, lon, lang, "
            "reply_settings) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                number,
                said.key,
                author,
                text,
                dressed.shown,
                json.dumps(dressed.entities) if dressed.entities else None,
                json.dumps(dressed.note) if dressed.note else None,
                search_words(text),
                ms_of(said.created_at) if said.created_at else now,
                visible,
                reply["conversation_id"] if reply else base["conversation_id"] if base else number,
                reply["id"] if reply else base["in_reply_to"] if base else None,
                reply["author_id"] if reply else base["in_reply_to_user"] if base else None,
                parents.quote_of["id"] if parents.quote_of else base["quote_of"] if base else None,
                parents.repost_of["id"] if parents.repost_of else None,
                base["edit_root"] if base else number,
                json.dumps(photos) if photos else base["photos"] if base else None,
                said.lat if said.lat is not None else base["lat"] if base else None,
                said.lon if said.lon is not None else base["lon"] if base else None,
                said.lang,
                said.reply_settings,
            ),
        )
        for handle_id in ids.values():
            write.execute("INSERT OR IGNORE INTO x_mentions VALUES (?, ?)", (handle_id, number))
        for tag in dressed.tags:
            write.execute("INSERT OR IGNORE INTO x_tags VALUES (?, ?)", (tag, number))
        if base is not None:
            write.execute(
                "UPDATE x_posts SET superseded_by = ? WHERE edit_root = ? AND id <> ?",
                (number, base["edit_root"], number),
            )
        return number

    def delete(self, number: int) -> bool:
        """Delete a post with all its edits and its words; False when there was nothing to delete."""
        with self.store.writing() as write:
            found = write.execute(
                "SELECT edit_root FROM x_posts WHERE id = ? AND deleted_ms IS NULL", (number,)
            ).fetchone()
            if not found:
                return False
            write.execute(
                "UPDATE x_posts SET deleted_ms = ?, full_text = '', shown = '', words = '', entities = NULL, "
                "note = NULL, photos = NULL, lat = NULL, lon = NULL, submitted = NULL WHERE edit_root = ?",
                (self.store.now_ms(), found["edit_root"]),
            )
            return True

    def withhold(self, number: int, countries: Sequence[str]) -> None:
        """Show a post to nobody in these countries; none: everywhere again."""
        with self.store.writing() as write:
            write.execute("DELETE FROM x_withheld WHERE post_id = ?", (number,))
            if countries:
                write.execute("INSERT INTO x_withheld VALUES (?, ?)", (number, ",".join(countries)))

    def withheld_in(self, number: int) -> list[str]:
        """The countries where a post is withheld."""
        found = self.store.row("SELECT countries FROM x_withheld WHERE post_id = ?", (number,))
        return str(found["countries"]).split(",") if found else []

    def is_duplicate(self, submitted: str) -> bool:
        """Whether our account posted the same words within a day."""
        since = snowflake(self.store.now_ms() - DUPLICATE_WINDOW_MS)
        found = self.store.row(
            "SELECT 1 FROM x_posts WHERE submitted = ? AND id >= ? AND deleted_ms IS NULL",
            (fingerprint(submitted), since),
        )
        return found is not None

    def summons_us(self, post: sqlite3.Row) -> bool:
        """Whether a post's author mentioned us in it, quoted us in it, or is us."""
        if post["author_id"] == self.us:
            return True
        if self.store.row("SELECT 1 FROM x_mentions WHERE author_id = ? AND post_id = ?", (self.us, post["id"])):
            return True
        quoted = self.post(post["quote_of"]) if post["quote_of"] else None
        return quoted is not None and quoted["author_id"] == self.us

    def edit_history(self, post: sqlite3.Row) -> list[str]:
        """The ids of a post's versions, oldest first."""
        if post["edit_root"] == post["id"] and post["superseded_by"] is None:
            return [str(post["id"])]
        versions = self.store.rows("SELECT id FROM x_posts WHERE edit_root = ? ORDER BY id", (post["edit_root"],))
        return [str(version["id"]) for version in versions]


def fingerprint(submitted: str) -> str:
    """A short mark of submitted words; equal words after NFC give equal marks."""
    return hashlib.sha256(unicodedata.normalize("NFC", submitted).strip().encode()).hexdigest()[:32]


def photo_path(name: str) -> str:
    """The path below the simulator's root where a photo is served."""
    return f"/x/media/{name}.png"
