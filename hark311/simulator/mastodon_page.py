"""What the Mastodon page shows: threads as a flat list with depth, and who may read each post."""

import json
import sqlite3

from hark311.simulator.mastodon_network import MastodonNetwork
from hark311.simulator.spoken import Json

THREADS, NEWEST, DEEPEST = 25, 400, 4


def mastodon_threads(network: MastodonNetwork) -> list[list[Json]]:
    """The threads last written in; in each, posts in reading order with `depth`."""
    newest = network.store.rows(
        "SELECT root FROM ms_statuses WHERE deleted_ms IS NULL ORDER BY id DESC LIMIT ?", (NEWEST,)
    )
    roots = list(dict.fromkeys(row["root"] for row in newest))[:THREADS]
    return [_thread(network, root) for root in roots]


def _thread(network: MastodonNetwork, root: int) -> list[Json]:
    rows = network.store.rows("SELECT * FROM ms_statuses WHERE root = ? AND deleted_ms IS NULL ORDER BY id", (root,))
    standing = {row["id"] for row in rows}
    waiting = [(row, 0) for row in reversed(rows) if row["in_reply_to"] not in standing]
    ordered: list[Json] = []
    while waiting:
        row, depth = waiting.pop()
        ordered.append(_post(network, row, min(depth, DEEPEST)))
        waiting += [(one, depth + 1) for one in reversed(rows) if one["in_reply_to"] == row["id"]]
    return ordered


def _post(network: MastodonNetwork, row: sqlite3.Row, depth: int) -> Json:
    author = network.author(row["author_id"])
    photos = json.loads(row["photos"])
    return {
        "id": row["id"],
        "depth": depth,
        "name": author["name"],
        "handle": author["acct"],
        "ours": row["author_id"] == network.us,
        "spoiler": row["spoiler"],
        "text": row["text"],
        "visibility": row["visibility"],
        "ms": row["created_ms"],
        "edited": row["edited_ms"] is not None,
        "photos": [{"url": f"/mastodon/media/{photo['name']}.png", "alt": photo["alt"] or ""} for photo in photos],
    }
