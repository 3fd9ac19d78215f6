"""What residents do on the simulated Mastodon, as calls of the control API."""

import json
import sqlite3
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator, TypeAdapter
from starlette.requests import Request

from hark311.simulator.mastodon_network import MastodonNetwork, SaidOnMastodon, UnknownStatus
from hark311.simulator.spoken import Json, Spoken
from hark311.simulator.store import iso_z

_SAID: TypeAdapter[list[SaidOnMastodon]] = TypeAdapter(
    Annotated[list[SaidOnMastodon], BeforeValidator(lambda value: value if isinstance(value, list) else [value])]
)


class AccountChange(Spoken):
    """What may be changed about an account."""

    name: str | None = None
    bot: bool | None = None
    blocks_us: bool | None = None
    note: str | None = None
    locked: bool | None = None


class MastodonControl:
    """The routes below /control/mastodon."""

    def __init__(self, network: MastodonNetwork) -> None:
        self.network = network

    def routes(self) -> list[tuple[str, str, Callable[[Request, bytes], object]]]:
        """Verb, path and what to do."""
        return [
            ("POST", "/mastodon/statuses", self.say),
            ("GET", "/mastodon/statuses", self.statuses),
            ("DELETE", "/mastodon/statuses/{id:int}", self.delete),
            ("POST", "/mastodon/accounts/{acct}", self.change_account),
        ]

    def say(self, _: Request, body: bytes) -> object:
        """Residents toot: one object or a list, one transaction."""
        done = self.network.say(_SAID.validate_python(json.loads(body)))
        return {"statuses": [{"id": str(one.id), "key": one.key, "new": one.new} for one in done]}

    def statuses(self, request: Request, _: bytes) -> object:
        """Statuses in order of id. Filters: keys, by=us|residents, in_reply_to."""
        query = request.query_params
        keys = set(query["keys"].split(",")) if "keys" in query else None
        rows = self.network.store.rows("SELECT * FROM ms_statuses ORDER BY id")
        shown = [self._status(row) for row in rows if keys is None or row["key"] in keys]
        if "by" in query:
            shown = [one for one in shown if one["by_us"] == (query["by"] == "us")]
        if "in_reply_to" in query:
            shown = [one for one in shown if one["in_reply_to"] == query["in_reply_to"]]
        return {"statuses": shown}

    def _status(self, row: sqlite3.Row) -> Json:
        return {
            "id": str(row["id"]),
            "key": row["key"],
            "author": self.network.author(row["author_id"])["acct"],
            "by_us": row["author_id"] == self.network.us,
            "text": row["text"],
            "visibility": row["visibility"],
            "language": row["language"],
            "created_at": iso_z(row["created_ms"]),
            "conversation_id": str(row["root"]),
            "in_reply_to": str(row["in_reply_to"]) if row["in_reply_to"] else None,
            "edited": row["edited_ms"] is not None,
            "deleted": row["deleted_ms"] is not None,
        }

    def delete(self, request: Request, _: bytes) -> object:
        """A resident deletes a status."""
        if not self.network.delete(request.path_params["id"]):
            raise UnknownStatus("no such status")
        return {"deleted": True}

    def change_account(self, request: Request, body: bytes) -> object:
        """Rename an account, make it a bot, approve its followers or block us; or change our own."""
        change = AccountChange.model_validate_json(body).model_dump(exclude_none=True)
        return {"id": str(self.network.set_account(request.path_params["acct"], **change))}
