"""Bluesky as residents see it: threads as a flat list with depth, and posting as one of them."""

import json
import sqlite3
from collections import defaultdict

from hark311.simulator.bluesky_network import POST, BlueskyNetwork
from hark311.simulator.spoken import Json

THREADS, NEWEST, DEEPEST = 25, 400, 4


def bluesky_threads(network: BlueskyNetwork) -> list[list[Json]]:
    """The conversations last written in; in each, posts in reading order with `depth`."""
    newest = network.store.rows(
        "SELECT root FROM bsky_records WHERE deleted = 0 AND collection = ? ORDER BY sorted_ms DESC LIMIT ?",
        (POST, NEWEST),
    )
    roots = list(dict.fromkeys(row["root"] for row in newest))[:THREADS]
    return [thread for thread in (_thread(network, root) for root in roots) if thread]


def _thread(network: BlueskyNetwork, root: str) -> list[Json]:
    rows = network.store.rows(
        "SELECT r.*, p.handle, p.name FROM bsky_records r JOIN bsky_people p ON p.did = r.did "
        "WHERE r.root = ? AND r.deleted = 0 AND r.collection = ? ORDER BY r.sorted_ms LIMIT 200",
        (root, POST),
    )
    known = {row["uri"] for row in rows}
    below: dict[str | None, list[sqlite3.Row]] = defaultdict(list)
    for row in rows:
        below[row["parent"] if row["parent"] in known else None].append(row)
    ordered: list[Json] = []
    waiting = [(row, 0) for row in reversed(below[None])]
    while waiting:
        row, depth = waiting.pop()
        ordered.append(_post(network, row, min(depth, DEEPEST)))
        waiting += [(child, depth + 1) for child in reversed(below[row["uri"]])]
    return ordered


def _post(network: BlueskyNetwork, row: sqlite3.Row, depth: int) -> Json:
    embed = json.loads(row["record"]).get("embed")
    images = embed.get("images") if isinstance(embed, dict) else None
    at = f"/bluesky/xrpc/com.atproto.sync.getBlob?did={row['did']}&cid="
    return {
        "id": row["uri"],
        "depth": depth,
        "name": row["name"],
        "handle": row["handle"],
        "ours": row["did"] == network.us,
        "text": row["text"],
        "ms": row["sorted_ms"],
        "photos": [{"url": at + one["image"]["ref"]["$link"], "alt": one["alt"]} for one in images or ()],
    }
