"""What a call to a channel is named in our books, and what the channel bills for its answer.

Only X bills. It bills what an answer holds, not the call: posts, people and messages read, each once a UTC day, and
posts made. Source: X API, pricing (pay per use), as dated in prices.toml.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hark311.prices import Prices
from models import Channel

POSTS_ALONG, PEOPLE_ALONG = "posts_in_answers", "people_in_answers"
"""What X adds to an answer because we ask for it (expansions) has lines of its own in the books."""

_X: Sequence[tuple[str, str, str]] = (
    ("GET", r"/2/users/me", "me"),
    ("GET", r"/2/users/\d+/mentions", "mentions"),
    ("GET", r"/2/users/\d+/tweets", "timeline"),
    ("GET", r"/2/users(/.*)?", "users"),
    ("GET", r"/2/tweets/search/.*", "search"),
    ("GET", r"/2/tweets/counts/.*", "counts"),
    ("GET", r"/2/tweets(/\d+)?", "lookup"),
    ("GET", r"/2/tweets/\d+/quote_tweets", "quotes"),
    ("POST", r"/2/tweets", "create_post"),
    ("DELETE", r"/2/tweets/\d+", "delete_post"),
    ("PUT", r"/2/tweets/\d+/hidden", "hide"),
    ("(POST|DELETE)", r"/2/users/\d+/muting(/\d+)?", "mute"),
    ("GET", r"/2/dm_(events|conversations).*", "messages"),
    ("POST", r"/2/dm_conversations.*", "send_message"),
    ("(GET|POST)", r"/2/compliance/.*", "compliance"),
    (r"\w+", r"/2/(webhooks|activity|account_activity).*", "webhooks"),
    ("POST", r"/2/media.*", "upload"),
)
_X_READS = {
    "me": "user_read",
    "users": "user_read",
    "mentions": "owned_read",
    "timeline": "owned_read",
    "search": "post_read",
    "lookup": "post_read",
    "quotes": "post_read",
    "messages": "message_read",
}
_X_ACTS = {"delete_post": "post_delete", "hide": "content_manage", "send_message": "message_create"}
_OWN = {"mentions", "timeline"}
LONGEST_ID = 64
_NUMBERS = re.compile(r"/(\d+|[0-9a-f-]{24,})(?=/|$)")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill: `ids` are billed once a UTC day each; without ids it is `units` of `price`.

    `endpoint` is the name in our books, `price` the name in the price table ("" for what costs nothing).
    """

    endpoint: str
    price: str = ""
    ids: tuple[str, ...] = ()
    units: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it went out: `path` without host and query, `own_keys`: signed as our account, not as the app."""

    method: str
    path: str
    body: bytes = b""
    own_keys: bool = False


def endpoint_of(channel: Channel, call: Call) -> str:
    """The name of a call. No token is in it: Telegram's path holds one, of which only the last part is taken."""
    if channel == Channel.X:
        return next(
            (name for verb, path, name in _X if re.fullmatch(verb, call.method) and re.fullmatch(path, call.path)),
            "other",
        )
    if channel == Channel.TELEGRAM:
        return "file" if call.path.startswith("/file/") or "/file/bot" in call.path else call.path.rpartition("/")[2]
    if channel == Channel.BLUESKY:
        return call.path.rpartition("/")[2]
    path = call.path[max(call.path.find("/api/"), 0) :]  # a server may stand below a path of its own
    return f"{call.method} {_NUMBERS.sub('/:id', path)}"


def bill_of(endpoint: str, call: Call, answer: object) -> list[Line]:
    """What X bills for an answer that was no refusal. `answer` is its JSON; anything else bills nothing."""
    page = answer if isinstance(answer, Mapping) else {}
    if endpoint == "create_post":
        return [Line(endpoint, _price_of_post(call.body), units=1)]
    if endpoint == "counts":
        return [Line(endpoint, "count_read", units=1)]
    if endpoint in _X_ACTS:
        return [Line(endpoint, _X_ACTS[endpoint], units=1)]
    if endpoint not in _X_READS:
        return [Line(endpoint)]
    price = _X_READS[endpoint]
    if endpoint in _OWN and not call.own_keys:
        price = "post_read"
    kind = {"user_read": "user", "message_read": "message"}.get(price, "post")
    lines = [Line(endpoint, price, _ids(kind, page.get("data")))]
    along = page.get("includes")
    if isinstance(along, Mapping):
        lines.append(Line(POSTS_ALONG, "post_read", _ids("post", along.get("tweets"), along.get("posts"))))
        lines.append(Line(PEOPLE_ALONG, "user_read", _ids("user", along.get("users"))))
    return [one for one in lines if one.ids or one.endpoint == endpoint]


def price_of_text(prices: Prices, channel: Channel, text: str) -> int:
    """What one reply with this text costs, in millionths of a dollar."""
    return prices.of(channel, _price(text, reply=True)) if channel == Channel.X else 0


def extra_for_link(prices: Prices, channel: Channel, text: str) -> int:
    """How much a reply costs more because of a link in it; 0 without one, or where links cost nothing."""
    plain = prices.of(channel, "summoned_reply")
    return max(0, price_of_text(prices, channel, text) - plain)


def _price_of_post(body: bytes) -> str:
    try:
        post: Any = json.loads(body)
        return _price(str(post.get("text", "")), reply=bool(post.get("reply")))
    except (ValueError, AttributeError):
        return "post_create_with_link"  # unreadable is reckoned at the dearest


def _price(text: str, *, reply: bool) -> str:
    from responders.links import has_link  # needs the packages of X, which other channels go without

    if has_link(text):
        return "post_create_with_link"
    return "summoned_reply" if reply else "post_create"


def _ids(kind: str, *shown: object) -> tuple[str, ...]:
    found: list[str] = []
    for one in shown:
        rows = one if isinstance(one, list) else [one]
        ids = [str(row.get("id") or "") for row in rows if isinstance(row, Mapping)]
        found += [f"{kind}:{post_id}" for post_id in ids if post_id.isascii() and 0 < len(post_id) <= LONGEST_ID]
    return tuple(dict.fromkeys(found))
