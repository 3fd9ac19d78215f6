"""X brings events of our account to us (X Activity API): mentions, replies, quotes, direct messages, deletions.

One event a call, signed over its bytes with the app's consumer secret. X asks now and then whether we still hold that
secret (CRC) and wants it used on a token of its own: what we sign for that must never pass as an event, so only what
X's tokens look like is signed. Source: X API v2, webhooks and X Activity API, event payloads.
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest
from hmac import new as hmac

from listeners.errors import NotFromChannel, UnreadablePost
from listeners.protocol import Batch, OurAccount
from listeners.x.direct_messages import read_messages
from listeners.x.reading import may_reply, read_page
from models import Channel
from models.posts import IncomingPost, PostKind
from models.x_fields import Json, included

SIGNATURE_HEADER = "x-twitter-webhooks-signature"
QUOTE = "postquotecreate"
MENTIONS = frozenset({"postmentioncreate", "postreplycreate", QUOTE})
OURS = "postcreate"
"""Every post of whom we subscribed to: our own, which prove what became of a doubtful reply."""
DELETED = "postdelete"
MESSAGES = frozenset({"dmreceived", "dmsent"})
_TOKEN = re.compile(r"[A-Za-z0-9+/=_-]{1,256}")
"""No object of JSON is written with these letters alone."""


class XActivity:
    """Reads what X posts to us for one account."""

    channel = Channel.X

    def __init__(self, *, consumer_secret: str) -> None:
        if not consumer_secret:
            raise ValueError("a webhook without a secret would take anybody's word")
        self._secret = consumer_secret.encode()

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises NotFromChannel unless X signed these bytes, and they are an event and no challenge of its own."""
        if not compare_digest(headers.get(SIGNATURE_HEADER, "").encode(), self._signature(body).encode()):
            raise NotFromChannel("the signature is missing or is not over these bytes")
        if _TOKEN.fullmatch(body.decode("utf-8", "replace").strip()):
            raise NotFromChannel("these bytes look like a challenge, not like an event")

    def challenge(self, token: str) -> Mapping[str, str]:
        """Sign X's token. Raises NotFromChannel for what does not look like one."""
        if not _TOKEN.fullmatch(token):
            raise NotFromChannel("the token is not of the form X sends")
        return {"response_token": self._signature(token.encode())}

    def _signature(self, signed: bytes) -> str:
        return f"sha256={b64encode(hmac(self._secret, signed, sha256).digest()).decode()}"

    def parse(self, body: bytes, us: OurAccount) -> Batch:
        """What one event brought; nothing for an event we did not ask for. Raises UnreadablePost."""
        try:
            event = json.loads(body)["data"]
            kind, brought = _plain(str(event["event_type"])), event.get("payload")
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise UnreadablePost("X sent something that is no event") from error
        if kind not in (MENTIONS | MESSAGES | {OURS, DELETED}):
            return Batch((), None)
        if not isinstance(brought, Mapping):
            raise UnreadablePost(f"X sent an event ({kind}) that holds nothing")
        try:
            return _read(kind, brought, event, us)
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise UnreadablePost(f"X sent an event ({kind}) we cannot read ({type(error).__name__})") from error


def _plain(event_type: str) -> str:
    """One spelling of an event's name: X wrote PostMentionCreate before post.mention.create, and tweet before post."""
    return re.sub(r"[^a-z]", "", event_type.lower()).replace("tweet", "post")


def _read(kind: str, brought: Json, event: Json, us: OurAccount) -> Batch:
    if kind == DELETED:
        return Batch((), None, deleted=[_deleted_id(brought)])
    includes = event.get("includes") or brought.get("includes") or {}
    if kind in MESSAGES:
        posts, unreadable = read_messages(_messages(brought, includes), us)
        return Batch(posts, None, unreadable)
    page = {"data": [brought], "includes": includes}
    posts, unreadable = read_page(page, us)
    if kind == QUOTE:
        posts = [_as_quote_of_us(post, page, us) for post in posts]
    if kind == OURS:
        posts = [post for post in posts if post.kind == PostKind.OWN]
    return Batch(posts, None, unreadable)


def _deleted_id(brought: Json) -> str:
    found = brought.get("id") or brought.get("post_id") or brought.get("tweet_id")
    if found is None:
        raise UnreadablePost("X told of a deletion without saying of which post")
    return str(int(found))


def _as_quote_of_us(post: IncomingPost, page: Json, us: OurAccount) -> IncomingPost:
    """The event itself says that we are quoted; X does not always bring our post along to tell it by."""
    if post.raw.get("id") != page["data"][0].get("id") or post.kind != PostKind.MENTION:
        return post
    user = included(page, "users", "id").get(post.author.channel_author_id, {})
    may, reason = may_reply(post.raw, user, us, quotes_us=True)
    return replace(post, may_reply=may, may_reply_reason=reason, addressed=True)


def _messages(brought: Json, includes: Json) -> Json:
    """Direct messages as a page: X brings them as API v2 does, or as it did before (direct_message_events)."""
    if "direct_message_events" not in brought:
        return {"data": [brought], "includes": includes}
    people = [
        {"id": str(number), "username": one.get("screen_name", ""), "name": one.get("name", "")}
        for number, one in (brought.get("users") or {}).items()
    ]
    events = [_as_v2(one) for one in brought["direct_message_events"] if one.get("type") == "message_create"]
    return {"data": events, "includes": {"users": people}}


def _as_v2(event: Json) -> Json:
    said = event["message_create"]
    sender, recipient = int(said["sender_id"]), int(said["target"]["recipient_id"])
    sent_at = datetime.fromtimestamp(int(event["created_timestamp"]) / 1000, UTC)
    return {
        "id": str(event["id"]),
        "event_type": "MessageCreate",
        "sender_id": str(sender),
        "dm_conversation_id": f"{min(sender, recipient)}-{max(sender, recipient)}",
        "text": said["message_data"]["text"],
        "created_at": sent_at.isoformat(),
    }
