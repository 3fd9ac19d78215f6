"""What the simulated Bluesky shows of its records (its AppView), and how it refuses to."""

import json
import sqlite3
from urllib.parse import quote

from starlette.requests import Request

from hark311.simulator.bluesky_network import POST, PROFILE, BlueskyNetwork
from hark311.simulator.spoken import Json
from hark311.simulator.store import iso_z

_OUR_PROFILE: Json = {
    "description": "Requests for city services. Run by the simulator.",
    "labels": {"values": [{"val": "bot"}]},
}
"""What our own account's profile says until somebody writes another."""


class Refused(Exception):
    """A call that is answered with an error of its name."""

    def __init__(self, status: int, name: str, words: str) -> None:
        super().__init__(words)
        self.status, self.body = status, {"error": name, "message": words}


def invalid(words: str) -> Refused:
    """What Bluesky answers to a question it does not understand."""
    return Refused(400, "InvalidRequest", words)


class BlueskyViews:
    """Profiles, notifications, posts and threads, as our account sees them."""

    def __init__(self, network: BlueskyNetwork) -> None:
        self.network = network

    def did(self, actor: str) -> str:
        """The DID of a handle or DID. Raises Refused."""
        row = self.network.store.row("SELECT did FROM bsky_people WHERE ? IN (did, handle)", (actor,))
        if row is None:
            raise invalid(f"Could not find repo: {actor}")
        return str(row["did"])

    async def get_profile(self, request: Request, _: Json) -> Json:
        """An account's profile."""
        did = self.did(request.query_params["actor"])
        row = self.network.record(f"at://{did}/{PROFILE}/self")
        unwritten = _OUR_PROFILE if did == self.network.us else {}
        shown = json.loads(row["record"]) if row and not row["deleted"] else unwritten
        own = shown.get("labels", {}).get("values", [])
        labels = [{"src": did, "uri": did, "val": one["val"], "cts": iso_z(0)} for one in own]
        return {**self._author(did), "description": shown.get("description", ""), "labels": labels}

    async def list_notifications(self, request: Request, _: Json) -> Json:
        """What named, answered or quoted us, newest first; there is no `since`."""
        query = request.query_params
        reasons = query.getlist("reasons") or ["mention", "reply", "quote"]
        rows = self.network.store.rows(
            "SELECT r.* FROM bsky_records r JOIN bsky_people p ON p.did = r.did WHERE r.reason IS NOT NULL "  # noqa: S608 - fixed parts
            f"AND r.reason IN ({','.join('?' * len(reasons))}) AND p.blocks_us = 0 AND r.sorted_ms < ? "
            "ORDER BY r.sorted_ms DESC LIMIT ?",
            [*reasons, _before(query.get("cursor")), limit_of(request, 50)],
        )
        notices = [
            {**self._plain(row), "reason": row["reason"], "isRead": False, "record": json.loads(row["record"])}
            for row in rows
        ]
        return {"notifications": notices, "priority": False, **({"cursor": str(rows[-1]["sorted_ms"])} if rows else {})}

    async def update_seen(self, _: Request, said: Json) -> Json:
        """Remember when we looked last."""
        self.network.store.remember("bluesky_seen_at", said["seenAt"])
        return {}

    async def get_posts(self, request: Request, _: Json) -> Json:
        """Up to 25 posts; what is gone, or by somebody who blocks us, is left out."""
        uris = request.query_params.getlist("uris")
        if not 1 <= len(uris) <= 25:
            raise invalid("Error: uris must not have more than 25 elements")
        rows = [self.network.record(uri) for uri in uris]
        return {"posts": [self._view(request, row) for row in rows if row is not None and self._shown(row)]}

    async def search(self, request: Request, _: Json) -> Json:
        """Posts that hold all words, newest first; the cursor counts."""
        query = request.query_params
        words = query.get("q", "").split()
        if not words:
            raise invalid("Error: Params must have the property q")
        start = int(query.get("cursor") or 0)
        rows = self.network.store.rows(
            "SELECT * FROM bsky_records WHERE collection = ? AND deleted = 0 "  # noqa: S608 - fixed parts
            + "AND instr(lower(text), ?) > 0 " * len(words)
            + "ORDER BY sorted_ms DESC LIMIT ? OFFSET ?",
            [POST, *(word.lower() for word in words), limit_of(request, 25), start],
        )
        more = {"cursor": str(start + len(rows))} if len(rows) == limit_of(request, 25) else {}
        return {"posts": [self._view(request, row) for row in rows if self._shown(row)], **more}

    async def get_thread(self, request: Request, _: Json) -> Json:
        """A post with what stands above and below it."""
        row = self.network.record(request.query_params["uri"])
        if row is None or not self._shown(row):
            raise Refused(400, "NotFound", f"Post not found: {request.query_params['uri']}")
        thread = self._below(request, row, int(request.query_params.get("depth", 6)))
        child, parent = thread, row["parent"]
        while parent:
            above = self.network.record(parent)
            if above is None or not self._shown(above):
                child["parent"] = {"$type": "app.bsky.feed.defs#notFoundPost", "uri": parent, "notFound": True}
                break
            child["parent"] = {"$type": "app.bsky.feed.defs#threadViewPost", "post": self._view(request, above)}
            child, parent = child["parent"], above["parent"]
        return {"thread": thread}

    def _below(self, request: Request, row: sqlite3.Row, depth: int) -> Json:
        rows = self.network.store.rows(
            "SELECT * FROM bsky_records WHERE root = ? AND parent = ? AND deleted = 0 ORDER BY sorted_ms",
            (row["root"], row["uri"]),
        )
        replies = [self._below(request, one, depth - 1) for one in rows if self._shown(one)] if depth > 0 else []
        return {
            "$type": "app.bsky.feed.defs#threadViewPost",
            "post": self._view(request, row),
            "replies": replies,
        }

    def _shown(self, row: sqlite3.Row) -> bool:
        return not row["deleted"] and not self._author(row["did"])["viewer"]["blockedBy"]

    def _author(self, did: str) -> Json:
        row = self.network.store.row("SELECT * FROM bsky_people WHERE did = ?", (did,))
        viewer = {"muted": False, "blockedBy": bool(row and row["blocks_us"])}
        shown = {"handle": row["handle"], "displayName": row["name"]} if row else {"handle": "handle.invalid"}
        return {"did": did, **shown, "viewer": viewer, "labels": []}

    def _plain(self, row: sqlite3.Row) -> Json:
        return {
            "uri": row["uri"],
            "cid": row["cid"],
            "author": self._author(row["did"]),
            "indexedAt": iso_z(row["sorted_ms"]),
            "labels": [],
        }

    def _view(self, request: Request, row: sqlite3.Row) -> Json:
        record = json.loads(row["record"])
        root = self.network.record(row["root"])
        viewer = {"threadMuted": False, "embeddingDisabled": False}
        if root is not None and root["closed"]:
            viewer["replyDisabled"] = True
        view = {**self._plain(row), "record": record, "viewer": viewer}
        embed = record.get("embed")
        images = embed.get("images") if isinstance(embed, dict) else None
        if isinstance(images, list):
            at = f"http://{request.headers.get('host', '127.0.0.1')}/bluesky/xrpc/com.atproto.sync.getBlob"
            shown = []
            for image in images:
                url = f"{at}?did={quote(row['did'])}&cid={image['image']['ref']['$link']}"
                shown.append({"thumb": url, "fullsize": url, "alt": image["alt"]})
            view["embed"] = {"$type": "app.bsky.embed.images#view", "images": shown}
        return view


def limit_of(request: Request, usual: int) -> int:
    """How many are asked for. Raises Refused."""
    asked = int(request.query_params.get("limit", usual))
    if not 1 <= asked <= 100:
        raise invalid("Error: limit can not be greater than 100")
    return asked


def _before(cursor: str | None) -> int:
    return int(cursor) if cursor else 2**62
