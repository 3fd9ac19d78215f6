"""The Bot API's methods, all but getUpdates: what the bot asks for, checked and done as Telegram does."""

import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from hark311.simulator.settings import is_loopback
from hark311.simulator.spoken import Json
from hark311.simulator.telegram_content import file_bytes, keep_file
from hark311.simulator.telegram_network import TelegramNetwork, quoted, seen_by_bot
from hark311.simulator.telegram_text import CannotParse, read_text, utf16_length

MAX_TEXT = 4096
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
MAX_CAPTION = 1024
MAX_PHOTO_BYTES = 10 * 1024 * 1024


class BotRefused(Exception):
    """A call Telegram answers with ok=false; `parameters` are its response parameters."""

    def __init__(self, code: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    @property
    def body(self) -> Json:
        """The JSON answer."""
        shape: Json = {"ok": False, "error_code": self.code, "description": self.description}
        return shape | ({"parameters": self.parameters} if self.parameters else {})


def bad(description: str) -> BotRefused:
    """A 400 with Telegram's usual beginning."""
    return BotRefused(400, f"Bad Request: {description}")


class Arguments:
    """The parameters of one call, whichever way they were sent: strings in forms, values in JSON, files apart."""

    def __init__(self, values: Mapping[str, Any], files: Mapping[str, tuple[str, str, bytes]]) -> None:
        self._values = values
        self.files = files

    def text(self, name: str) -> str | None:
        """A string parameter."""
        value = self._values.get(name)
        return None if value is None else str(value)

    def whole(self, name: str) -> int | None:
        """A whole-number parameter. Raises BotRefused when it is something else."""
        value = self._values.get(name)
        try:
            number = None if value is None or value == "" else int(value)
        except (TypeError, ValueError) as error:
            raise bad(f"{name} is not a number") from error
        if number is not None and not -(2**63) <= number < 2**63:
            raise bad(f"{name} is out of range")
        return number

    def number(self, name: str) -> float:
        """A required number. Raises BotRefused."""
        try:
            return float(self._values[name])
        except (KeyError, TypeError, ValueError) as error:
            raise bad(f"{name} is not a number") from error

    def flag(self, name: str) -> bool:
        """A boolean parameter; absent means false."""
        return str(self._values.get(name, "")).lower() in ("true", "1")

    def structure(self, name: str) -> Any:
        """An object or list, from JSON text where a form carried it. Raises BotRefused."""
        value = self._values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError as error:
            raise bad(f"can't parse {name} JSON object") from error


class BotMethods:
    """The methods by lower-case name; each takes Arguments and returns the `result`."""

    def __init__(self, network: TelegramNetwork) -> None:
        self._network = network
        self.by_name: dict[str, Callable[[Arguments], object]] = {
            method.__name__.replace("_", ""): method
            for method in (
                self.get_me,
                self.get_chat,
                self.get_file,
                self.get_my_description,
                self.get_my_short_description,
                self.set_my_description,
                self.set_my_commands,
                self.get_my_commands,
                self.send_message,
                self.send_photo,
                self.send_location,
                self.send_chat_action,
                self.edit_message_text,
                self.delete_message,
                self.answer_callback_query,
                self.set_webhook,
                self.delete_webhook,
                self.get_webhook_info,
            )
        }

    def get_me(self, _: Arguments) -> object:
        """The bot itself."""
        return self._network.bot | {
            "can_join_groups": True,
            "can_read_all_group_messages": not self._network.settings.telegram_privacy,
            "supports_inline_queries": False,
        }

    def get_my_description(self, _: Arguments) -> object:
        """What an empty chat with the bot shows."""
        kept = self._network.store.recall("tg_description")
        return {"description": "Requests for city services. Run by the simulator." if kept is None else kept}

    def get_my_short_description(self, _: Arguments) -> object:
        """What the bot's profile shows."""
        return {"short_description": ""}

    def set_my_description(self, arguments: Arguments) -> object:
        """Keep what an empty chat shows; at most 512 characters."""
        self._network.store.remember("tg_description", (arguments.text("description") or "")[:512])
        return True

    def get_chat(self, arguments: Arguments) -> object:
        """A chat with the full-info fields clients insist on."""
        full = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _NO_GIFTS}
        return json.loads(self._chat_row(arguments)["shape"]) | full

    def get_file(self, arguments: Arguments) -> object:
        """Where a file can be fetched."""
        row = self._network.store.row("SELECT * FROM tg_files WHERE file_id = ?", (arguments.text("file_id"),))
        if row is None:
            raise bad("wrong file_id or the file is temporarily unavailable")
        return {
            "file_id": row["file_id"],
            "file_unique_id": row["unique_id"],
            "file_size": len(file_bytes(row)),
            "file_path": row["path"],
        }

    def set_my_commands(self, arguments: Arguments) -> object:
        """Keep the bot's command list."""
        self._network.store.remember("tg_commands", arguments.structure("commands") or [])
        return True

    def get_my_commands(self, _: Arguments) -> object:
        """The bot's command list."""
        return self._network.store.recall("tg_commands") or []

    def send_chat_action(self, arguments: Arguments) -> object:
        """'typing…': checked, shown nowhere."""
        self._writable_chat(arguments)
        return True

    def send_message(self, arguments: Arguments) -> object:
        """Send text of 1 to 4096 characters after entity parsing."""
        chat = self._writable_chat(arguments)
        return self._sent(chat, arguments, self._text(arguments))

    def send_photo(self, arguments: Arguments) -> object:
        """Send a photo: an uploaded file, or one known by file_id."""
        chat = self._writable_chat(arguments)
        upload = arguments.files.get("photo") or next(iter(arguments.files.values()), None)
        with self._network.store.writing() as write:
            if upload is not None:
                if not upload[2] or len(upload[2]) > MAX_PHOTO_BYTES:
                    raise bad("PHOTO_INVALID_DIMENSIONS")
                path = f"photos/sent_{abs(chat['id'])}_{self._network.next_message(write, chat['id'])}.png"
                sizes = [keep_file(write, path, upload[1], upload[2]) | {"width": 320, "height": 240}]
            else:
                known = self._network.store.row("SELECT * FROM tg_files WHERE file_id = ?", (arguments.text("photo"),))
                if known is None:
                    raise bad("wrong file identifier/HTTP URL specified")
                sizes = [
                    {"file_id": known["file_id"], "file_unique_id": known["unique_id"], "width": 320, "height": 240}
                ]
        content: Json = {"photo": sizes}
        caption, entities = self._parsed(arguments, "caption")
        if utf16_length(caption) > MAX_CAPTION:
            raise bad("message caption is too long")
        if caption:
            content |= {"caption": caption} | ({"caption_entities": entities} if entities else {})
        return self._sent(chat, arguments, content)

    def send_location(self, arguments: Arguments) -> object:
        """Send a place."""
        chat = self._writable_chat(arguments)
        place = {"latitude": arguments.number("latitude"), "longitude": arguments.number("longitude")}
        return self._sent(chat, arguments, {"location": place})

    def edit_message_text(self, arguments: Arguments) -> object:
        """Change one of the bot's own messages; the same text and buttons again are refused."""
        row = self._own_message(arguments, "edit")
        shape = json.loads(row["shape"])
        content = self._text(arguments)
        markup = self._markup(arguments)
        if shape.get("text") == content["text"] and shape.get("reply_markup") == markup.get("reply_markup"):
            raise bad(
                "message is not modified: specified new message content and reply markup are exactly the same as a "
                "current content and reply markup of the message"
            )
        for name in ("entities", "reply_markup", "_reply_markup"):
            shape.pop(name, None)
        shape |= content | markup | {"edit_date": self._network.now()}
        with self._network.store.writing() as write:
            write.execute("UPDATE tg_messages SET shape = ? WHERE row = ?", (json.dumps(shape), row["row"]))
        return seen_by_bot(shape)

    def delete_message(self, arguments: Arguments) -> object:
        """Delete a message in one of the bot's chats."""
        chat_id = self._chat_row(arguments)["id"]
        if not self._network.delete(chat_id, arguments.whole("message_id") or 0):
            raise bad("message to delete not found")
        return True

    def answer_callback_query(self, arguments: Arguments) -> object:
        """Acknowledge a button press."""
        if len(arguments.text("text") or "") > 200:
            raise bad("MESSAGE_TOO_LONG")
        if not (arguments.text("callback_query_id") or "").isdigit():
            raise bad("query is too old and response timeout expired or query ID is invalid")
        return True

    def set_webhook(self, arguments: Arguments) -> object:
        """Deliver updates by POST from now on; only to this machine. An empty url takes the webhook away."""
        url = arguments.text("url") or ""
        if not url:
            return self.delete_webhook(arguments)
        if not is_loopback(urlsplit(url).hostname or ""):
            raise bad("bad webhook: the simulator delivers to loopback addresses only")
        secret = arguments.text("secret_token")
        if secret and not _SECRET.fullmatch(secret):
            raise bad("secret token contains unallowed characters")
        hook = {"url": url, "secret_token": secret, "failures": 0}
        self._start_anew(arguments, hook)
        return True

    def delete_webhook(self, arguments: Arguments) -> object:
        """Go back to getUpdates."""
        self._start_anew(arguments, None)
        return True

    def _start_anew(self, arguments: Arguments, hook: Json | None) -> None:
        with self._network.store.writing():
            self._network.store.remember("tg_webhook", hook)
            if (allowed := arguments.structure("allowed_updates")) is not None:
                self._network.store.remember("tg_allowed_updates", allowed)
            if arguments.flag("drop_pending_updates"):
                self._network.confirm(2**62)
        self._network.arrivals.ring()

    def get_webhook_info(self, _: Arguments) -> object:
        """Where updates go and how delivery does."""
        hook = self._network.store.recall("tg_webhook") or {}
        info: Json = {
            "url": hook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": self._network.store.number("SELECT count(*) FROM tg_updates"),
        }
        return info | {name: hook[name] for name in ("last_error_date", "last_error_message") if name in hook}

    def _chat_row(self, arguments: Arguments) -> sqlite3.Row:
        chat_id = arguments.whole("chat_id")
        row = self._network.chat_row(chat_id) if chat_id is not None else None
        if row is None:
            raise bad("chat not found" if chat_id is not None else "chat_id is empty")
        return row

    def _writable_chat(self, arguments: Arguments) -> Json:
        chat_id = arguments.whole("chat_id")
        if chat_id is not None and self._network.chat_row(chat_id) is None:
            known = self._network.store.row("SELECT 1 FROM tg_people WHERE id = ?", (chat_id,))
            if known is not None:
                raise BotRefused(403, "Forbidden: bot can't initiate conversation with a user")
        row = self._chat_row(arguments)
        if row["migrated_to"] is not None:
            raise BotRefused(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                {"migrate_to_chat_id": row["migrated_to"]},
            )
        if row["blocked"]:
            raise BotRefused(403, "Forbidden: bot was blocked by the user")
        shape: Json = json.loads(row["shape"])
        return shape

    def _parsed(self, arguments: Arguments, name: str) -> tuple[str, list[Json]]:
        try:
            text, entities = read_text(arguments.text(name) or "", arguments.text("parse_mode"))
        except CannotParse as error:
            raise bad(f"can't parse entities: {error}") from error
        given = arguments.structure("entities" if name == "text" else "caption_entities")
        return text, given or entities

    def _text(self, arguments: Arguments) -> Json:
        text, entities = self._parsed(arguments, "text")
        if not text.strip():
            raise bad("message text is empty")
        if utf16_length(text) > MAX_TEXT:
            raise bad("message is too long")
        return {"text": text, "entities": entities} if entities else {"text": text}

    def _markup(self, arguments: Arguments) -> Json:
        markup = arguments.structure("reply_markup")
        if not markup:
            return {}
        buttons = [button for row in markup.get("keyboard", ()) for button in row if isinstance(button, dict)]
        if any(button.get("request_location") for button in buttons) and (arguments.whole("chat_id") or 0) < 0:
            raise bad("location can be requested in private chats only")
        return {"reply_markup": markup} if "inline_keyboard" in markup else {"_reply_markup": markup}

    def _own_message(self, arguments: Arguments, verb: str) -> sqlite3.Row:
        chat_id = self._chat_row(arguments)["id"]
        row = self._network.message(chat_id, arguments.whole("message_id") or 0)
        if row is None:
            raise bad(f"message to {verb} not found")
        if not row["ours"]:
            raise bad(f"message can't be {verb}ed")
        return row

    def _sent(self, chat: Json, arguments: Arguments, content: Json) -> Json:
        given = arguments.structure("reply_parameters")
        wanted: Json = given if isinstance(given, dict) else {}
        if "message_id" in wanted:
            where = wanted["chat_id"] if "chat_id" in wanted else chat["id"]
            parent = self._network.message(int(where), int(wanted["message_id"]))
            if parent is not None:
                content["reply_to_message"] = quoted(parent)
            elif not wanted.get("allow_sending_without_reply"):
                raise bad("message to be replied not found")
        thread = arguments.whole("message_thread_id")
        extra: Json = {"message_thread_id": thread} if thread is not None else {}
        return self._network.bot_message(chat, content | extra | self._markup(arguments))


_NO_GIFTS = {
    "unlimited_gifts": False,
    "limited_gifts": False,
    "unique_gifts": False,
    "premium_subscription": False,
    "gifts_from_channels": False,
}
