"""The control API: what residents and the city do, faults and limits, and what was heard. JSON, this machine only."""

import json
import sqlite3
from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hark311.simulator.attached import NotBase64
from hark311.simulator.bluesky_control import BlueskyControl
from hark311.simulator.bluesky_network import UnknownRecord
from hark311.simulator.box import Box
from hark311.simulator.faults import Fault
from hark311.simulator.mastodon_control import MastodonControl
from hark311.simulator.mastodon_network import UnknownStatus
from hark311.simulator.open311_control import CityControl, NoSuchRequest
from hark311.simulator.samples import load_samples
from hark311.simulator.settings import is_loopback
from hark311.simulator.spoken import ButtonPress, Json, SaidOnTelegram, SaidOnX, Spoken
from hark311.simulator.store import iso_z
from hark311.simulator.telegram_network import UnknownMessage
from hark311.simulator.x_control import XControl
from hark311.simulator.x_network import UnknownPost

MOST_LISTED = 10_000


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


_ON_X: TypeAdapter[list[SaidOnX]] = TypeAdapter(Annotated[list[SaidOnX], BeforeValidator(_listed)])
_ON_TELEGRAM: TypeAdapter[list[SaidOnTelegram]] = TypeAdapter(Annotated[list[SaidOnTelegram], BeforeValidator(_listed)])


class AuthorChange(Spoken):
    """What may be changed about an account on X."""

    name: str | None = None
    protected: bool | None = None
    blocks_us: bool | None = None


class ChatChange(Spoken):
    """A person blocks or unblocks the bot."""

    blocked: bool


class WebhookChange(Spoken):
    """Where X brings events to."""

    url: str


class LimitChange(Spoken):
    """One of X's rate limits, or all of them on or off, or back to X's own numbers."""

    on: bool | None = None
    restore: bool = False
    operation: str | None = None
    limit: int = Field(450, ge=0)
    window: float = Field(900, gt=0)
    sign_in: Literal["app", "user"] | None = None


class NotThere(LookupError):
    """The thing a control call names does not exist."""


Act = Callable[[Request, bytes], object]


class ControlApi:
    """The routes over a `Box`."""

    def __init__(self, box: Box) -> None:
        self.box = box

    def app(self) -> Starlette:
        """The ASGI app to mount at /control."""
        routes: list[tuple[str, str, Act]] = [
            ("GET", "/health", lambda _r, _b: {"ok": True, "x_user_id": str(self.box.x.us)}),
            ("GET", "/counts", lambda _r, _b: self.box.counts()),
            ("GET", "/calls", self.calls),
            ("POST", "/samples", lambda _r, _b: load_samples(self.box)),
            ("POST", "/x/posts", self.say_on_x),
            ("GET", "/x/posts", self.x_posts),
            ("DELETE", "/x/posts/{id:int}", self.delete_post),
            ("POST", "/x/posts/{id:int}/delete", self.delete_post),
            ("POST", "/x/authors/{handle}", self.change_author),
            *XControl(self.box.x).routes(),
            ("POST", "/x/webhook", self.set_x_webhook),
            ("GET", "/x/webhook", lambda _r, _b: self.box.x_activity.state),
            ("GET", "/x/events/{id:int}", self.x_events),
            ("POST", "/telegram/messages", self.say_on_telegram),
            ("GET", "/telegram/messages", self.telegram_messages),
            ("DELETE", "/telegram/messages/{chat:int}/{id:int}", self.delete_message),
            ("DELETE", "/telegram/messages/-{group:int}/{id:int}", self.delete_message),
            ("POST", "/telegram/press", self.press),
            ("POST", "/telegram/chats/{chat:int}", self.change_chat),
            ("POST", "/telegram/chats/-{group:int}/migrate", self.migrate),
            *MastodonControl(self.box.mastodon).routes(),
            *BlueskyControl(self.box.bluesky).routes(),
            *CityControl(self.box.city).routes(),
            ("GET", "/faults", lambda _r, _b: {"faults": self.box.faults.shapes()}),
            ("POST", "/faults", self.arm),
            ("DELETE", "/faults", self.clear_faults),
            ("DELETE", "/faults/{id:int}", self.clear_faults),
            ("POST", "/limits", self.change_limits),
        ]
        return Starlette(routes=[Route(path, _answering(act), methods=[verb]) for verb, path, act in routes])

    def say_on_x(self, _: Request, body: bytes) -> object:
        """Residents post on X: one object or a list, one transaction."""
        done = self.box.x.say(
            _ON_X.validate_json(body) if body[:1] == b"[" else _ON_X.validate_python(json.loads(body))
        )
        return {"posts": [{"id": str(one.id), "key": one.key, "new": one.new} for one in done]}

    def x_posts(self, request: Request, _: bytes) -> object:
        """Posts in order of id. Filters: keys, since (exclusive id), by=us|residents, in_reply_to, limit."""
        query = request.query_params
        conditions, values = ["p.id > ?"], [_whole(query.get("since"), 0)]
        parameters: list[object] = [*values]
        if "keys" in query:
            keys = query["keys"].split(",")
            conditions.append(f"p.key IN ({','.join('?' * len(keys))})")
            parameters += keys
        if "by" in query:
            conditions.append("p.author_id = ?" if query["by"] == "us" else "p.author_id <> ?")
            parameters.append(self.box.x.us)
        if "in_reply_to" in query:
            conditions.append("p.in_reply_to = ?")
            parameters.append(_whole(query["in_reply_to"], 0))
        rows = self.box.store.rows(
            "SELECT p.*, a.username FROM x_posts p JOIN x_authors a ON a.id = p.author_id "  # noqa: S608 - fixed parts
            f"WHERE {' AND '.join(conditions)} ORDER BY p.id LIMIT ?",
            [*parameters, _limit(request)],
        )
        return {"posts": [self._x_post(row) for row in rows]}

    def _x_post(self, row: sqlite3.Row) -> Json:
        return {
            "id": str(row["id"]),
            "key": row["key"],
            "author": row["username"],
            "by_us": row["author_id"] == self.box.x.us,
            "text": row["full_text"],
            "created_at": iso_z(row["created_ms"]),
            "conversation_id": str(row["conversation_id"]),
            "in_reply_to": str(row["in_reply_to"]) if row["in_reply_to"] else None,
            "superseded_by": str(row["superseded_by"]) if row["superseded_by"] else None,
            "deleted": row["deleted_ms"] is not None,
        }

    def delete_post(self, request: Request, _: bytes) -> object:
        """A resident deletes a post, with all its edits."""
        if not self.box.x.delete(request.path_params["id"]):
            raise NotThere("no such post")
        return {"deleted": True}

    def change_author(self, request: Request, body: bytes) -> object:
        """Rename or protect an account, or make it block us."""
        change = AuthorChange.model_validate_json(body)
        return {"id": str(self.box.x.set_author(request.path_params["handle"], **change.model_dump()))}

    def set_x_webhook(self, _: Request, body: bytes) -> object:
        """Events of our account on X are brought to a loopback url from now on; an empty one ends it."""
        url = WebhookChange.model_validate_json(body).url
        if url and not is_loopback(urlsplit(url).hostname or ""):
            raise NotThere("events are brought to loopback addresses only")
        return self.box.x_activity.set_webhook(url)

    def x_events(self, request: Request, _: bytes) -> object:
        """The events that one post makes, as the webhook brings them."""
        row = self.box.x.post(request.path_params["id"])
        if row is None:
            raise NotThere("no such post")
        return {"events": self.box.x_activity.events_of(row)}

    def say_on_telegram(self, _: Request, body: bytes) -> object:
        """Residents write on Telegram: one object or a list, one transaction."""
        done = self.box.telegram.say(_ON_TELEGRAM.validate_python(json.loads(body)))
        return {
            "messages": [
                {
                    "chat_id": one.chat_id,
                    "message_id": one.message_ids[0],
                    "message_ids": one.message_ids,
                    "key": one.key,
                    "new": one.new,
                }
                for one in done
            ]
        }

    def telegram_messages(self, request: Request, _: bytes) -> object:
        """Messages in order of arrival. Filters: keys, chat_id, by=us|residents, since (row, exclusive), limit."""
        query = request.query_params
        conditions, parameters = ["row > ?"], [_whole(query.get("since"), 0)]
        values: list[object] = [*parameters]
        if "keys" in query:
            keys = query["keys"].split(",")
            conditions.append(f"key IN ({','.join('?' * len(keys))})")
            values += keys
        if "chat_id" in query:
            conditions.append("chat_id = ?")
            values.append(_whole(query["chat_id"], 0))
        if "by" in query:
            conditions.append("ours = ?")
            values.append(query["by"] == "us")
        rows = self.box.store.rows(
            f"SELECT * FROM tg_messages WHERE {' AND '.join(conditions)} ORDER BY row LIMIT ?",  # noqa: S608 - fixed parts
            [*values, _limit(request)],
        )
        return {"messages": [_telegram_message(row) for row in rows]}

    def delete_message(self, request: Request, _: bytes) -> object:
        """A resident deletes a message; the bot is not told."""
        if not self.box.telegram.delete(_chat_id(request), request.path_params["id"]):
            raise NotThere("no such message")
        return {"deleted": True}

    def press(self, _: Request, body: bytes) -> object:
        """A person presses an inline button."""
        return {"callback_query_id": self.box.telegram.press(ButtonPress.model_validate_json(body))}

    def change_chat(self, request: Request, body: bytes) -> object:
        """A person blocks or unblocks the bot."""
        self.box.telegram.set_blocked(_chat_id(request), ChatChange.model_validate_json(body).blocked)
        return {"ok": True}

    def migrate(self, request: Request, _: bytes) -> object:
        """A group becomes a supergroup."""
        return {"chat_id": self.box.telegram.migrate(_chat_id(request))}

    def calls(self, request: Request, _: bytes) -> object:
        """The newest API calls, oldest of them first. Filters: limit, channel, operation."""
        query = request.query_params
        return {"calls": self.box.calls.last(_limit(request), query.get("channel"), query.get("operation"))}

    def arm(self, _: Request, body: bytes) -> object:
        """Set a fault."""
        return {"id": self.box.faults.arm(Fault.model_validate_json(body))}

    def clear_faults(self, request: Request, _: bytes) -> object:
        """Clear one fault, or all."""
        self.box.faults.clear(request.path_params.get("id"))
        return {"faults": self.box.faults.shapes()}

    def change_limits(self, _: Request, body: bytes) -> object:
        """Change X's rate limits, or switch those of all channels on or off."""
        change = LimitChange.model_validate_json(body)
        if change.restore:
            self.box.limits.restore()
        if change.on is not None:
            self.box.limits.on = self.box.mastodon.limits_on = self.box.bluesky.limits_on = change.on
        if change.operation is not None:
            self.box.limits.set_limit(change.operation, change.limit, change.window, change.sign_in)
        return {"on": self.box.limits.on}


def _answering(act: Act) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            answer = act(request, await request.body())
        except ValidationError as error:
            return JSONResponse({"error": "not understood", "details": _details(error)}, 422)
        except (NotBase64, json.JSONDecodeError) as error:
            return JSONResponse({"error": str(error)}, 422)
        except (NotThere, NoSuchRequest, UnknownPost, UnknownMessage, UnknownStatus, UnknownRecord) as error:
            return JSONResponse({"error": str(error)}, 404)
        return JSONResponse(answer.model_dump() if isinstance(answer, BaseModel) else answer)

    return endpoint


def _details(error: ValidationError) -> list[Json]:
    return [{"where": list(one["loc"]), "why": one["msg"]} for one in error.errors()[:20]]


def _telegram_message(row: sqlite3.Row) -> Json:
    shape = json.loads(row["shape"])
    return {
        "row": row["row"],
        "chat_id": row["chat_id"],
        "message_id": row["message_id"],
        "key": row["key"],
        "by_us": bool(row["ours"]),
        "deleted": bool(row["deleted"]),
        "text": shape.get("text", shape.get("caption")),
        "reply_to": shape.get("reply_to_message", {}).get("message_id"),
        "reply_markup": shape.get("reply_markup", shape.get("_reply_markup")),
        "message": shape,
    }


def _chat_id(request: Request) -> int:
    params = request.path_params
    return -int(params["group"]) if "group" in params else int(params["chat"])


def _whole(written: str | None, default: int) -> int:
    try:
        return default if written is None else int(written)
    except ValueError as error:
        raise NotThere(f"{written!r} is not a number") from error


def _limit(request: Request) -> int:
    return max(0, min(MOST_LISTED, _whole(request.query_params.get("limit"), 1000)))
