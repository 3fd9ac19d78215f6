"""Direct messages on the simulated X: what residents write to our account, what it answers, and the API for both."""

import json
import sqlite3
from collections.abc import Sequence

from starlette.requests import Request

from hark311.simulator.attached import keep_picture
from hark311.simulator.limits import SignIn
from hark311.simulator.spoken import Json, MessageOnX
from hark311.simulator.store import iso_z, ms_of
from hark311.simulator.x_media import MediaApi
from hark311.simulator.x_network import Said, XNetwork, snowflake
from hark311.simulator.x_refusals import Refused, forbidden, id_of, invalid, user_only
from hark311.simulator.x_shape import Shape, listed

MONTH_MS = 30 * 24 * 3600 * 1000
LONGEST = 10_000
NOT_ALLOWED = "You do not have permission to DM one or more participants."


class XMessages:
    """The chats of our account over the store of an `XNetwork`."""

    def __init__(self, network: XNetwork) -> None:
        self.network = network
        self.store = network.store

    def say(self, said: Sequence[MessageOnX]) -> list[Said]:
        """Store what residents write to us, in one transaction; a key seen before stores nothing."""
        with self.store.writing() as write:
            return [self._say_one(write, one) for one in said]

    def _say_one(self, write: sqlite3.Connection, said: MessageOnX) -> Said:
        if said.key is not None:
            known = write.execute("SELECT id FROM x_messages WHERE key = ?", (said.key,)).fetchone()
            if known:
                return Said(int(known[0]), said.key, new=False)
        sender = self.network.author_id(write, said.author.handle)
        created = ms_of(said.created_at) if said.created_at else self.store.now_ms()
        number = self._next_id(write, created)
        photos = [
            {"name": keep_picture(write, f"xm-{number}-{index}", photo), "alt": photo.alt}
            for index, photo in enumerate(said.photos)
        ]
        room = said.group or self.room_with(sender)
        self._insert(write, number, said.key, room, sender, said.text, photos, created)
        return Said(number, said.key, new=True)

    def room_with(self, person: int) -> str:
        """The id of the chat with one person: both ids, the smaller one first."""
        return f"{min(person, self.network.us)}-{max(person, self.network.us)}"

    def send(self, room: str, text: str, photos: Sequence[Json] = ()) -> int:
        """Write as our account into a chat and return the event's id."""
        with self.store.writing() as write:
            now = self.store.now_ms()
            number = self._next_id(write, now)
            self._insert(write, number, None, room, self.network.us, text, list(photos), now)
            return number

    def _next_id(self, write: sqlite3.Connection, ms: int) -> int:
        last = write.execute("SELECT max(id) FROM x_messages").fetchone()[0] or 0
        return int(max(snowflake(ms), last + 1))

    def _insert(
        self,
        write: sqlite3.Connection,
        number: int,
        key: str | None,
        room: str,
        sender: int,
        text: str,
        photos: list[Json],
        created: int,
    ) -> None:
        kept = json.dumps(photos) if photos else None
        row = (number, key, room, sender, text, kept, created)
        write.execute("INSERT INTO x_messages VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def may_write_to(self, room: str) -> bool:
        """Whether somebody has written to us there: X lets an app answer, not begin."""
        found = self.store.row("SELECT 1 FROM x_messages WHERE room = ? AND sender <> ?", (room, self.network.us))
        return found is not None


class MessagesApi:
    """The HTTP face of `XMessages`: /2/dm_events and /2/dm_conversations."""

    def __init__(self, messages: XMessages, media: MediaApi) -> None:
        self.messages, self.media = messages, media
        self.network = messages.network

    async def events(self, request: Request, sign_in: SignIn) -> Json:
        """GET dm_events, of all chats, of one, or of the chat with one person: newest first, thirty days back."""
        user_only(sign_in)
        conditions, values = ["created_ms >= ?"], [self.network.store.now_ms() - MONTH_MS]
        parameters: list[object] = [*values]
        if (room := self._room(request)) is not None:
            conditions.append("room = ?")
            parameters.append(room)
        size = request.query_params.get("max_results", "100")
        if not size.isdigit() or not 1 <= int(size) <= 100:
            raise invalid("max_results is between 1 and 100", max_results=[size])
        if token := request.query_params.get("pagination_token"):
            if not token.startswith("dm") or not token[2:].isdigit():
                raise invalid("`pagination_token` is not valid", pagination_token=[token])
            conditions.append("id < ?")
            parameters.append(int(token[2:]))
        rows = self.network.store.rows(
            f"SELECT * FROM x_messages WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT ?",  # noqa: S608 - fixed parts
            [*parameters, int(size) + 1],
        )
        more, rows = len(rows) > int(size), rows[: int(size)]
        meta: Json = {"result_count": len(rows)} | ({"next_token": f"dm{rows[-1]['id']}"} if more else {})
        return self._body(request, rows, meta)

    def _body(self, request: Request, rows: Sequence[sqlite3.Row], meta: Json) -> Json:
        base = f"http://{request.headers.get('host', '127.0.0.1')}"
        shape, expansions = Shape(self.network, request.query_params, base), listed(request.query_params, "expansions")
        fields = listed(request.query_params, "dm_event.fields")
        for row in rows:
            if "sender_id" in expansions:
                shape.include_user(row["sender"])
            if "attachments.media_keys" in expansions:
                for key, photo in _media(row):
                    shape.include_photo(key, photo)
        return shape.body([_event(row, fields) for row in rows], meta)

    def _room(self, request: Request) -> str | None:
        given = request.path_params
        if "person" in given:
            return self.messages.room_with(id_of(given["person"], "participant_id"))
        return str(given["room"]) if "room" in given else None

    async def create(self, request: Request, sign_in: SignIn) -> Json:
        """POST a message into a chat. Refused where nobody has written to us first."""
        user_only(sign_in)
        room = self._room(request) or ""
        try:
            said = json.loads(await request.body())
            text = said["text"]
        except (ValueError, LookupError, TypeError) as error:
            raise invalid("`text` is missing") from error
        if not isinstance(text, str) or not 0 < len(text) <= LONGEST:
            raise invalid(f"`text` has 1 to {LONGEST} characters", text=[])
        if not self.messages.may_write_to(room):
            raise forbidden(NOT_ALLOWED)
        person = next((one for one in room.split("-") if one != str(self.network.us)), "")
        author = self.network.author(int(person)) if person.isdigit() else None
        if author is not None and author["blocks_us"]:
            raise Refused(403, "Forbidden", "You cannot send messages to this user.")
        attached = said.get("attachments") or []
        photos = self.media.named({"media_ids": [one["media_id"] for one in attached]})
        return {"data": {"dm_conversation_id": room, "dm_event_id": str(self.messages.send(room, text, photos))}}


def _event(row: sqlite3.Row, fields: set[str]) -> Json:
    shaped: Json = {"id": str(row["id"]), "event_type": "MessageCreate", "text": row["text"]}
    known: Json = {
        "created_at": iso_z(row["created_ms"]),
        "sender_id": str(row["sender"]),
        "dm_conversation_id": row["room"],
    }
    shaped.update({name: value for name, value in known.items() if name in fields})
    if "attachments" in fields and row["photos"]:
        shaped["attachments"] = {"media_keys": [key for key, _ in _media(row)]}
    return shaped


def _media(row: sqlite3.Row) -> list[tuple[str, Json]]:
    photos = json.loads(row["photos"]) if row["photos"] else []
    return [(f"3_{row['id'] + index}", photo) for index, photo in enumerate(photos)]
