"""What residents do on the simulated Bluesky, as the control API and the runner's methods offer it."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, TypeAdapter
from starlette.requests import Request

from hark311.simulator.bluesky_network import POST, BlueskyNetwork, SaidOnBluesky, UnknownRecord
from hark311.simulator.spoken import Json, Spoken
from hark311.simulator.store import iso_z

_SAID: TypeAdapter[list[SaidOnBluesky]] = TypeAdapter(
    Annotated[list[SaidOnBluesky], BeforeValidator(lambda value: value if isinstance(value, list) else [value])]
)


class PersonChange(Spoken):
    """What may be changed about a resident on Bluesky."""

    name: str | None = None
    blocks_us: bool | None = None


class BlueskyControl:
    """The calls of the control API below /bluesky. A post is named by its record key."""

    def __init__(self, network: BlueskyNetwork) -> None:
        self._network = network

    def routes(self) -> list[tuple[str, str, Callable[[Request, bytes], object]]]:
        """Verb, path and what to do."""
        return [
            ("POST", "/bluesky/posts", self.say),
            ("GET", "/bluesky/posts", self.posts),
            ("DELETE", "/bluesky/posts/{rkey}", self.delete),
            ("POST", "/bluesky/authors/{handle}", self.change_person),
        ]

    def say(self, _: Request, body: bytes) -> object:
        """Residents post: one object or a list, one transaction."""
        done = self._network.say(_SAID.validate_python(json.loads(body)))
        return {"posts": [{"uri": one.uri, "key": one.key, "new": one.new} for one in done]}

    def posts(self, request: Request, _: bytes) -> object:
        """Posts in order of writing. Filters: keys, by=us|residents, in_reply_to."""
        query = request.query_params
        conditions, parameters = ["collection = ?"], [POST]
        if "keys" in query:
            keys = query["keys"].split(",")
            conditions.append(f"key IN ({','.join('?' * len(keys))})")
            parameters += keys
        if "by" in query:
            conditions.append("did = ?" if query["by"] == "us" else "did <> ?")
            parameters.append(self._network.us)
        if "in_reply_to" in query:
            conditions.append("parent = ?")
            parameters.append(query["in_reply_to"])
        rows = self._network.store.rows(
            f"SELECT * FROM bsky_records WHERE {' AND '.join(conditions)} ORDER BY row LIMIT 10000",  # noqa: S608 - fixed parts
            parameters,
        )
        return {"posts": [self._post(row) for row in rows]}

    def _post(self, row: sqlite3.Row) -> Json:
        return {
            "uri": row["uri"],
            "cid": row["cid"],
            "key": row["key"],
            "did": row["did"],
            "by_us": row["did"] == self._network.us,
            "text": row["text"],
            "created_at": iso_z(row["sorted_ms"]),
            "root": row["root"],
            "in_reply_to": row["parent"],
            "deleted": bool(row["deleted"]),
            "record": json.loads(row["record"]),
        }

    def delete(self, request: Request, _: bytes) -> object:
        """A resident deletes a post."""
        row = self._network.store.row(
            "SELECT uri FROM bsky_records WHERE rkey = ? AND collection = ?", (request.path_params["rkey"], POST)
        )
        if row is None or not self._network.delete(row["uri"]):
            raise UnknownRecord("no such post")
        return {"deleted": True}

    def change_person(self, request: Request, body: bytes) -> object:
        """Rename an account, or make it block us."""
        change = PersonChange.model_validate_json(body)
        return {"did": self._network.set_person(request.path_params["handle"], change.name, change.blocks_us)}


class OnBluesky:
    """What a runner of the simulator offers for Bluesky, over `_ask`."""

    _ask: Callable[..., Any]

    def say_on_bluesky(self, text: str = "", *, author: str | Mapping[str, Any] = "a-neighbor", **more: Any) -> str:
        """One post by a resident; `more` are the fields of SaidOnBluesky. Returns its at:// address."""
        return str(self.say_many_on_bluesky([{"text": text, "author": author, **more}])[0]["uri"])

    def say_many_on_bluesky(self, posts: Sequence[Mapping[str, Any]]) -> list[Json]:
        """Posts by residents in one transaction; each answer has uri, key and new."""
        done: list[Json] = self._ask("POST", "/bluesky/posts", [dict(one) for one in posts])["posts"]
        return done

    def bluesky_posts(self, **filters: object) -> list[Json]:
        """Stored posts. Filters: keys, by ('us' or 'residents'), in_reply_to."""
        found: list[Json] = self._ask("GET", "/bluesky/posts", None, **filters)["posts"]
        return found

    def our_replies_on_bluesky(self, to: str | None = None) -> list[Json]:
        """What our account posted and did not delete; with `to`, only replies to that post."""
        return [one for one in self.bluesky_posts(by="us", in_reply_to=to) if not one["deleted"]]

    def delete_on_bluesky(self, uri: str) -> None:
        """A resident deletes a post."""
        self._ask("DELETE", f"/bluesky/posts/{uri.rpartition('/')[2]}")

    def change_on_bluesky(self, handle: str, **change: object) -> None:
        """Change a resident's account: name, blocks_us."""
        self._ask("POST", f"/bluesky/authors/{handle}", change)
