"""X's Activity API by webhook: events of our account, signed, brought in order; the challenge first.

What is held back when it is said (`late_by`, `visible_at`) is not brought: so a listener's polling has to find it.
Residents' deletions are not brought either; X tells them only to who subscribed to that very resident.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import secrets
import sqlite3
from base64 import b64encode

import httpx

from hark311.simulator.spoken import Json
from hark311.simulator.x_network import XNetwork
from hark311.simulator.x_shape import Shape

SIGNATURE_HEADER = "x-twitter-webhooks-signature"
ATTEMPTS = 4
_STATE = "x_webhook"
_EVERYTHING = {
    "tweet.fields": "author_id,created_at,conversation_id,in_reply_to_user_id,referenced_tweets,entities,note_tweet,"
    "attachments,geo,lang,reply_settings,edit_history_tweet_ids",
    "expansions": "author_id,referenced_tweets.id,attachments.media_keys",
    "user.fields": "username,name,protected",
    "media.fields": "type,url,alt_text",
}

_log = logging.getLogger(__name__)


def signature(consumer_secret: str, body: bytes) -> str:
    """What X writes into the signature header, and answers a challenge is held against."""
    return f"sha256={b64encode(hmac.new(consumer_secret.encode(), body, hashlib.sha256).digest()).decode()}"


class XActivity:
    """The events of our account, and where they go."""

    def __init__(self, network: XNetwork) -> None:
        self._network = network
        self._secret = network.settings.x_keys.consumer_secret

    @property
    def state(self) -> Json:
        """url, since (the newest post brought), valid (the challenge was answered), error; empty without a webhook."""
        found: Json = self._network.store.recall(_STATE) or {}
        return found

    def set_webhook(self, url: str) -> Json:
        """Bring events to `url` from now on; an empty one ends it."""
        newest = self._network.store.number("SELECT max(id) FROM x_posts")
        self._keep({"url": url, "since": newest, "valid": False, "error": ""} if url else {})
        return self.state

    def _keep(self, state: Json) -> None:
        self._network.store.remember(_STATE, state)
        self._network.arrivals.ring()

    def events_of(self, row: sqlite3.Row) -> list[Json]:
        """The events one post makes: a post that answers and names us makes two."""
        us, store = self._network.us, self._network.store
        kinds = []
        if row["author_id"] == us:
            kinds.append("post.create")
        else:
            if store.row("SELECT 1 FROM x_mentions WHERE author_id = ? AND post_id = ?", (us, row["id"])):
                kinds.append("post.mention.create")
            if row["in_reply_to_user"] == us:
                kinds.append("post.reply.create")
            quoted = self._network.post(row["quote_of"]) if row["quote_of"] else None
            if quoted is not None and quoted["author_id"] == us:
                kinds.append("post.quote.create")
        return [self._event(kind, row) for kind in kinds]

    def _event(self, kind: str, row: sqlite3.Row) -> Json:
        shape = Shape(self._network, _EVERYTHING, f"http://127.0.0.1:{self._network.settings.port}")
        (brought,) = shape.posts([row])
        return {
            "data": {
                "event_uuid": f"{row['id']}{len(kind):02d}",
                "event_type": kind,
                "filter": {"user_id": str(self._network.us)},
                "payload": brought,
                "includes": shape.includes,
            }
        }

    async def run(self) -> None:
        """Answer for the challenge and deliver until cancelled."""
        # trust_env off: a proxy of the machine must not see loopback calls
        async with httpx.AsyncClient(timeout=10, trust_env=False, follow_redirects=False) as client:
            while True:
                bell = self._network.arrivals.bell()
                state = self.state
                row = self._next(state["since"]) if state else None
                if state and not state["valid"]:
                    await self._challenge(client, state)
                elif state and row is not None:
                    await self._bring(client, state, row)
                else:
                    await bell.wait()

    def _next(self, since: int) -> sqlite3.Row | None:
        return self._network.store.row(
            "SELECT * FROM x_posts WHERE id > ? AND visible_ms <= ? AND deleted_ms IS NULL ORDER BY id LIMIT 1",
            (since, self._network.store.now_ms()),
        )

    async def _challenge(self, client: httpx.AsyncClient, state: Json) -> None:
        token = secrets.token_urlsafe(24)
        try:
            answer = await client.get(state["url"], params={"crc_token": token})
            given = answer.json().get("response_token", "") if answer.is_success else ""
        except (httpx.HTTPError, ValueError, AttributeError):
            given = ""
        valid = hmac.compare_digest(str(given), signature(self._secret, token.encode()))
        if self.state.get("url") != state["url"]:
            return
        if valid:
            self._keep(state | {"valid": True, "error": ""})
        else:
            self._network.store.remember(_STATE, state | {"error": "the challenge was not answered rightly"})
            await asyncio.sleep(self._network.settings.webhook_pause)

    async def _bring(self, client: httpx.AsyncClient, state: Json, row: sqlite3.Row) -> None:
        for event in self.events_of(row):
            body = json.dumps(event, ensure_ascii=False).encode()
            headers = {SIGNATURE_HEADER: signature(self._secret, body), "content-type": "application/json"}
            for attempt in range(ATTEMPTS):
                if await _posted(client, state["url"], body, headers):
                    break
                await asyncio.sleep(self._network.settings.webhook_pause * 2**attempt)
            else:
                _log.warning("gave up bringing an event of post %s", row["id"])
        if self.state.get("url") == state["url"]:
            self._network.store.remember(_STATE, state | {"since": row["id"]})


async def _posted(client: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str]) -> bool:
    try:
        return (await client.post(url, content=body, headers=headers)).is_success
    except httpx.HTTPError:
        return False
