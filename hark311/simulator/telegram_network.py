"""The simulated Telegram itself: people, chats, messages, files, and the updates that wait for the bot."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from hark311.simulator.arrivals import Arrivals
from hark311.simulator.settings import SimulatorSettings
from hark311.simulator.spoken import ButtonPress, Chat, Json, Person, SaidOnTelegram
from hark311.simulator.store import Store
from hark311.simulator.telegram_content import content_of

FIRST_PERSON = 500_000_000
UPDATE_LIFE_MS = 24 * 3600 * 1000
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


class UnknownMessage(LookupError):
    """A message or chat that was named is not there."""


@dataclass(frozen=True)
class SentIn:
    """What became of one said message: its chat and message ids (several for an album), and whether it was new."""

    chat_id: int
    message_ids: list[int]
    key: str | None
    new: bool


class TelegramNetwork:
    """Chats over the store; every message a resident sends leaves an update for the bot in the same transaction."""

    def __init__(self, store: Store, settings: SimulatorSettings) -> None:
        self.store = store
        self.settings = settings
        self.arrivals = Arrivals()
        self.closing = False
        self.bot: Json = {
            "id": int(settings.telegram_token.partition(":")[0]),
            "is_bot": True,
            "first_name": settings.telegram_name,
            "username": settings.telegram_username,
        }

    def close_polls(self) -> None:
        """Let every waiting poll go home empty-handed, so that the server can stop at once. Any thread may call it."""
        self.closing = True
        self.arrivals.ring()

    def now(self) -> int:
        """The time in whole seconds, as the Bot API writes it."""
        return self.store.now_ms() // 1000

    def person(self, write: sqlite3.Connection, person: Person) -> Json:
        """A person's user object, opened when new; found again by id, else by username, else by first name."""
        shape = person.model_dump(exclude_none=True)
        number = person.id
        unnamed = f"-{person.first_name}-{person.last_name or ''}" if number is None else f"#{number}"
        name = person.username or unnamed
        if number is None:
            found = write.execute("SELECT id FROM tg_people WHERE username = ?", (name,)).fetchone()
            top = write.execute("SELECT max(id) FROM tg_people").fetchone()[0]
            number = int(found[0]) if found else max(FIRST_PERSON, top or 0) + 11
        shape["id"] = number
        write.execute(
            "INSERT INTO tg_people (id, username, shape) VALUES (?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET shape = excluded.shape ON CONFLICT (username) DO NOTHING",
            (number, name, json.dumps(shape)),
        )
        return shape

    def chat(self, write: sqlite3.Connection, chat: Chat | None, person: Json) -> Json:
        """A chat's object, opened when new; without one, the person's private chat."""
        if chat is None or chat.type == "private":
            shape: Json = {"id": chat.id if chat else person["id"], "type": "private"}
            shape |= {name: person[name] for name in ("first_name", "last_name", "username") if name in person}
        else:
            shape = {"id": chat.id, "type": chat.type, "title": chat.title or "A group"}
        write.execute(
            "INSERT INTO tg_chats (id, shape, started) VALUES (?, ?, 1) "
            "ON CONFLICT (id) DO UPDATE SET shape = excluded.shape, started = 1",
            (shape["id"], json.dumps(shape)),
        )
        return shape

    def chat_row(self, chat_id: int) -> sqlite3.Row | None:
        """A chat's row by id."""
        return self.store.row("SELECT * FROM tg_chats WHERE id = ?", (chat_id,))

    def message(self, chat_id: int, reference: str | int) -> sqlite3.Row | None:
        """A message that was not deleted, by id within a chat or by `key:...`."""
        if isinstance(reference, str) and reference.startswith("key:"):
            return self.store.row("SELECT * FROM tg_messages WHERE key = ? AND deleted = 0", (reference[4:],))
        return self.store.row(
            "SELECT * FROM tg_messages WHERE chat_id = ? AND message_id = ? AND deleted = 0", (chat_id, reference)
        )

    def say(self, said: Sequence[SaidOnTelegram]) -> list[SentIn]:
        """Store what residents send, in one transaction; a key seen before stores nothing. Raises UnknownMessage."""
        with self.store.writing() as write:
            done = [self._say_one(write, one) for one in said]
        self.arrivals.ring()
        return done

    def _say_one(self, write: sqlite3.Connection, said: SaidOnTelegram) -> SentIn:
        if said.key is not None:
            known = write.execute(
                "SELECT chat_id, message_id FROM tg_messages WHERE key = ? OR key GLOB ? ORDER BY row",
                (said.key, f"{said.key}#[0-9]*"),
            ).fetchall()
            if known:
                return SentIn(known[0][0], [row[1] for row in known], said.key, new=False)
        person = self.person(write, said.sender)
        chat = self.chat(write, said.chat, person)
        self._unblocked_by_writing(write, chat, person)
        if said.edit_of is not None:
            return self._edit(write, said, chat)
        base: Json = {"from": person, "chat": chat, "date": int(said.date.timestamp()) if said.date else self.now()}
        if said.thread_id is not None:
            base |= {"message_thread_id": said.thread_id, "is_topic_message": True}
        parent = self.message(chat["id"], said.reply_to) if said.reply_to is not None else None
        if said.reply_to is not None and parent is None:
            raise UnknownMessage(f"no message {said.reply_to}")
        if parent is not None:
            base["reply_to_message"] = quoted(parent)
        numbers = []
        parts = content_of(write, said, self.next_message(write, chat["id"]))
        for index, part in enumerate(parts):
            key = f"{said.key}#{index}" if said.key and len(parts) > 1 else said.key
            shape = base | part
            numbers.append(self.keep(write, shape, ours=False, key=key))
            if self._bot_sees(shape):
                self.add_update(write, "message", shape)
        return SentIn(chat["id"], numbers, said.key, new=True)

    def _edit(self, write: sqlite3.Connection, said: SaidOnTelegram, chat: Json) -> SentIn:
        row = self.message(chat["id"], said.edit_of or "")
        if row is None:
            raise UnknownMessage(f"no message {said.edit_of}")
        shape = json.loads(row["shape"])
        for name in ("text", "entities", "caption"):
            shape.pop(name, None)
        shape |= content_of(write, said, row["message_id"])[0] | {"edit_date": self.now()}
        write.execute("UPDATE tg_messages SET shape = ? WHERE row = ?", (json.dumps(shape), row["row"]))
        if self._bot_sees(shape):
            self.add_update(write, "edited_message", shape)
        return SentIn(row["chat_id"], [row["message_id"]], said.key, new=True)

    def next_message(self, write: sqlite3.Connection, chat_id: int) -> int:
        """The id the chat's next message will get."""
        return int(write.execute("SELECT last_message FROM tg_chats WHERE id = ?", (chat_id,)).fetchone()[0]) + 1

    def keep(self, write: sqlite3.Connection, shape: Json, *, ours: bool, key: str | None = None) -> int:
        """Store one message under its chat's next id, which is written into the shape and returned."""
        chat_id = shape["chat"]["id"]
        number = self.next_message(write, chat_id)
        shape["message_id"] = number
        write.execute("UPDATE tg_chats SET last_message = ? WHERE id = ?", (number, chat_id))
        write.execute(
            "INSERT INTO tg_messages (chat_id, message_id, key, ours, from_id, at, shape) VALUES (?,?,?,?,?,?,?)",
            (chat_id, number, key, ours, shape["from"]["id"], shape["date"], json.dumps(shape)),
        )
        return number

    def _bot_sees(self, shape: Json) -> bool:
        """Whether a message reaches the bot: always in private, in groups only what privacy mode lets through."""
        if shape["chat"]["type"] == "private" or not self.settings.telegram_privacy:
            return True
        text = str(shape.get("text") or shape.get("caption") or "")
        if text.startswith("/") or f"@{self.settings.telegram_username}".casefold() in text.casefold():
            return True
        parent = shape.get("reply_to_message")
        return parent is not None and parent["from"]["id"] == self.bot["id"]

    def add_update(self, write: sqlite3.Connection, kind: str, shape: Json) -> None:
        """Leave an update for the bot, if it listens to this kind."""
        allowed = self.store.recall("tg_allowed_updates")
        if (kind not in allowed) if allowed else (kind in NOT_BY_DEFAULT):
            return
        write.execute(
            "INSERT INTO tg_updates (kind, at, shape) VALUES (?, ?, ?)",
            (kind, self.store.now_ms(), json.dumps(seen_by_bot(shape))),
        )

    def press(self, press: ButtonPress) -> str:
        """A person presses an inline button; the id of the callback query. Raises UnknownMessage."""
        row = self.message(press.chat_id, press.message_id)
        if row is None:
            raise UnknownMessage(f"no message {press.message_id} in chat {press.chat_id}")
        with self.store.writing() as write:
            chat = json.loads(row["shape"])["chat"]
            known = {name: chat[name] for name in ("first_name", "username") if name in chat}
            sender = press.sender or Person(id=chat["id"], **known)
            number = write.execute("SELECT coalesce(max(update_id), 0) FROM tg_updates").fetchone()[0]
            query: Json = {
                "id": f"{self.store.now_ms()}{number % 1000:03d}",
                "from": self.person(write, sender),
                "message": json.loads(row["shape"]),
                "chat_instance": str(abs(press.chat_id) * 31),
                "data": press.callback_data,
            }
            self.add_update(write, "callback_query", query)
        self.arrivals.ring()
        return str(query["id"])

    def set_blocked(self, chat_id: int, blocked: bool) -> None:
        """The person of a private chat blocks or unblocks the bot. Raises UnknownMessage."""
        row = self.chat_row(chat_id)
        if row is None:
            raise UnknownMessage(f"no chat {chat_id}")
        with self.store.writing() as write:
            chat = json.loads(row["shape"])
            person = {"is_bot": False, "first_name": "Resident"} | {k: v for k, v in chat.items() if k != "type"}
            self._membership(write, chat, person, blocked=blocked)
        self.arrivals.ring()

    def _unblocked_by_writing(self, write: sqlite3.Connection, chat: Json, person: Json) -> None:
        if write.execute("SELECT blocked FROM tg_chats WHERE id = ?", (chat["id"],)).fetchone()[0]:
            self._membership(write, chat, person, blocked=False)

    def _membership(self, write: sqlite3.Connection, chat: Json, person: Json, *, blocked: bool) -> None:
        member: Json = {"status": "member", "user": self.bot}
        kicked: Json = {"status": "kicked", "user": self.bot, "until_date": 0}
        old, new = (member, kicked) if blocked else (kicked, member)
        write.execute("UPDATE tg_chats SET blocked = ? WHERE id = ?", (blocked, chat["id"]))
        change = {"chat": chat, "from": person, "date": self.now(), "old_chat_member": old, "new_chat_member": new}
        self.add_update(write, "my_chat_member", change)

    def migrate(self, chat_id: int) -> int:
        """Turn a group into a supergroup; its new chat id. Raises UnknownMessage."""
        row = self.chat_row(chat_id)
        if row is None:
            raise UnknownMessage(f"no chat {chat_id}")
        new_id = -1_000_000_000_000 - abs(chat_id)
        with self.store.writing() as write:
            chat = json.loads(row["shape"])
            there = self.chat(write, Chat(id=new_id, type="supergroup", title=chat.get("title")), {})
            write.execute("UPDATE tg_chats SET migrated_to = ? WHERE id = ?", (new_id, chat_id))
            notice = {"from": self.bot, "chat": chat, "date": self.now(), "migrate_to_chat_id": new_id}
            self.keep(write, notice, ours=False)
            self.add_update(write, "message", notice)
            arrived = {"from": self.bot, "chat": there, "date": self.now(), "migrate_from_chat_id": chat_id}
            self.keep(write, arrived, ours=False)
            self.add_update(write, "message", arrived)
        self.arrivals.ring()
        return new_id

    def delete(self, chat_id: int, message_id: int) -> bool:
        """Take a message away, as a resident does: no update tells the bot. False when it was not there."""
        with self.store.writing() as write:
            gone = write.execute(
                "UPDATE tg_messages SET deleted = 1, shape = '{}' WHERE chat_id = ? AND message_id = ? AND deleted = 0",
                (chat_id, message_id),
            )
            return gone.rowcount > 0

    def confirm(self, below: int) -> None:
        """Forget all updates below an id, and those older than a day."""
        with self.store.writing() as write:
            write.execute(
                "DELETE FROM tg_updates WHERE update_id < ? OR at < ?", (below, self.store.now_ms() - UPDATE_LIFE_MS)
            )

    def pending(self, limit: int) -> list[Json]:
        """The oldest updates that wait, as the Bot API gives them."""
        rows = self.store.rows(
            "SELECT * FROM tg_updates WHERE at >= ? ORDER BY update_id LIMIT ?",
            (self.store.now_ms() - UPDATE_LIFE_MS, limit),
        )
        return [{"update_id": row["update_id"], row["kind"]: json.loads(row["shape"])} for row in rows]

    def bot_message(self, chat: Json, content: Json) -> Json:
        """Store a message of the bot's and return it as the Bot API shows it."""
        shape: Json = {"from": self.bot, "chat": chat, "date": self.now(), **content}
        with self.store.writing() as write:
            self.keep(write, shape, ours=True)
        return seen_by_bot(shape)


def seen_by_bot(shape: Json) -> Json:
    """A stored shape without what we keep for ourselves (names that start with an underscore)."""
    return {name: value for name, value in shape.items() if not name.startswith("_")}


def quoted(row: sqlite3.Row) -> Json:
    """A stored message as it stands inside a reply: without the one it replied to."""
    shape = seen_by_bot(json.loads(row["shape"]))
    shape.pop("reply_to_message", None)
    return shape
