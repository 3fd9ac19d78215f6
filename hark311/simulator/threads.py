"""What the pages show: threads on X as a flat list with depth, Telegram chats with their last messages, requests."""

import json
import sqlite3
from collections import defaultdict

from hark311.simulator.box import Box
from hark311.simulator.open311_services import BY_CODE
from hark311.simulator.spoken import Json
from hark311.simulator.x_network import photo_path

THREADS = 25
NEWEST_POSTS = 400
MESSAGES = 30
CHATS = 25
REQUESTS = 100
DEEPEST = 4


def x_threads(box: Box) -> list[list[Json]]:
    """The conversations last written in; in each, posts in reading order with `depth`."""
    newest = box.store.rows(
        "SELECT conversation_id FROM x_posts WHERE deleted_ms IS NULL AND superseded_by IS NULL AND visible_ms <= ? "
        "ORDER BY id DESC LIMIT ?",
        (box.store.now_ms(), NEWEST_POSTS),
    )
    wanted = list(dict.fromkeys(row["conversation_id"] for row in newest))[:THREADS]
    return [thread for thread in (_thread(box, conversation) for conversation in wanted) if thread]


def _thread(box: Box, conversation: int) -> list[Json]:
    rows = box.store.rows(
        "SELECT p.*, a.username, a.name FROM x_posts p JOIN x_authors a ON a.id = p.author_id "
        "WHERE p.conversation_id = ? AND p.deleted_ms IS NULL AND p.superseded_by IS NULL AND p.visible_ms <= ? "
        "ORDER BY p.id LIMIT 200",
        (conversation, box.store.now_ms()),
    )
    roots = {row["edit_root"]: row for row in rows}
    children: dict[int | None, list[sqlite3.Row]] = defaultdict(list)
    for row in rows:
        parent = row["in_reply_to"] if row["in_reply_to"] in roots else None
        children[parent].append(row)
    ordered: list[Json] = []
    waiting = [(row, 0) for row in reversed(children[None])]
    while waiting:
        row, depth = waiting.pop()
        ordered.append(_post(box, row, min(depth, DEEPEST)))
        waiting += [(child, depth + 1) for child in reversed(children[row["edit_root"]])]
    return ordered


def _post(box: Box, row: sqlite3.Row, depth: int) -> Json:
    photos = json.loads(row["photos"]) if row["photos"] else []
    return {
        "id": row["id"],
        "depth": depth,
        "name": row["name"],
        "handle": row["username"],
        "ours": row["author_id"] == box.x.us,
        "text": row["full_text"],
        "ms": row["created_ms"],
        "edited": row["edit_root"] != row["id"],
        "photos": [{"url": photo_path(photo["name"]), "alt": photo["alt"] or ""} for photo in photos],
        "lat": row["lat"],
        "lon": row["lon"],
    }


def telegram_chats(box: Box) -> list[Json]:
    """The chats last written in, each with its newest messages, oldest of them first."""
    rows = box.store.rows(
        "SELECT c.*, (SELECT max(row) FROM tg_messages m WHERE m.chat_id = c.id) AS newest FROM tg_chats c "
        "ORDER BY newest DESC LIMIT ?",
        (CHATS,),
    )
    return [_chat(box, row) for row in rows if row["newest"] is not None]


def _chat(box: Box, row: sqlite3.Row) -> Json:
    messages = box.store.rows(
        "SELECT * FROM tg_messages WHERE chat_id = ? AND deleted = 0 ORDER BY row DESC LIMIT ?", (row["id"], MESSAGES)
    )
    shape = json.loads(row["shape"])
    name = shape.get("title") or " ".join(filter(None, (shape.get("first_name"), shape.get("last_name"))))
    return {
        "id": row["id"],
        "name": name,
        "private": shape["type"] == "private",
        "blocked": bool(row["blocked"]),
        "messages": [_bubble(message) for message in reversed(messages)],
        "keyboard": _keyboard(messages[0]) if messages else [],
    }


def _keyboard(newest: sqlite3.Row) -> list[str]:
    """The answers that stand below the chat; they go with the next message of anybody."""
    markup = json.loads(newest["shape"]).get("_reply_markup") or {}
    buttons = [button for line in markup.get("keyboard", []) for button in line]
    plain = (button if isinstance(button, dict) else {"text": button} for button in buttons)
    return [str(button["text"]) for button in plain if not button.get("request_location")]


def _bubble(row: sqlite3.Row) -> Json:
    shape = json.loads(row["shape"])
    parent = shape.get("reply_to_message")
    place = shape.get("location")
    buttons = shape.get("reply_markup", {}).get("inline_keyboard", [])
    return {
        "id": row["message_id"],
        "ours": bool(row["ours"]),
        "who": shape["from"].get("first_name", ""),
        "text": shape.get("text") or shape.get("caption") or "",
        "kind": next(
            (kind for kind in ("photo", "venue", "location", "contact", "voice", "document") if kind in shape), None
        ),
        "photo": f"/telegram/photos/{shape['photo'][-1]['file_unique_id']}" if "photo" in shape else None,
        "place": f"{place['latitude']:.5f}, {place['longitude']:.5f}" if place else None,
        "quote": _quote(parent) if parent else None,
        "ms": shape["date"] * 1000,
        "edited": "edit_date" in shape,
        "buttons": [button for line in buttons for button in line if "callback_data" in button],
    }


def _quote(parent: Json) -> str:
    """The beginning of a message that is answered, or what it is."""
    what = "(place)" if "location" in parent else "(attachment)"
    return str(parent.get("text") or parent.get("caption") or what)[:90]


def city_list(box: Box) -> list[Json]:
    """The newest service requests, numbered or still waiting for a number."""
    box.city.settle_by_clock()
    rows = box.store.rows("SELECT * FROM city_requests ORDER BY id DESC LIMIT ?", (REQUESTS,))
    return [
        {
            "id": row["id"],
            "waiting": row["ready_ms"] > box.store.now_ms(),
            "service": BY_CODE[row["service_code"]].name,
            "agency": BY_CODE[row["service_code"]].agency,
            "status": row["status"],
            "notes": row["status_notes"],
            "description": row["description"],
            "where": row["address"] or (f"{row['lat']:.5f}, {row['long']:.5f}" if row["lat"] is not None else ""),
            "requested": row["requested_ms"],
            "expected": row["expected_ms"],
        }
        for row in rows
    ]
