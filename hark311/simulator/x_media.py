"""X: pictures, uploaded before the post that shows them. Source: X API v2, media upload and media metadata."""

import json
from collections.abc import Mapping

from starlette.requests import Request

from hark311.simulator.attached import NotBase64, decoded
from hark311.simulator.limits import SignIn
from hark311.simulator.spoken import Json
from hark311.simulator.store import Store
from hark311.simulator.uploads import describe_upload, keep_upload, uploaded
from hark311.simulator.x_refusals import id_of, invalid, user_only

MOST_BYTES = 5 * 1024 * 1024
LONGEST_ALT = 1000
CATEGORIES = ("tweet_image", "dm_image")


class MediaApi:
    """Takes pictures in JSON, and what they show; posts name them by number."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def upload(self, request: Request, sign_in: SignIn) -> Json:
        """POST media/upload, in one piece."""
        user_only(sign_in)
        said = await _read(request)
        category, kind = said.get("media_category"), said.get("media_type")
        if category not in CATEGORIES or kind not in ("image/jpeg", "image/png", "image/webp"):
            raise invalid("media_category or media_type is not one we take")
        try:
            body = decoded(str(said.get("media", "")))
        except NotBase64 as error:
            raise invalid("media is not base64") from error
        if not body or len(body) > MOST_BYTES:
            raise invalid("media is empty or too large")
        number = keep_upload(self._store, str(kind), body)
        return {
            "data": {"id": str(number), "media_key": f"3_{number}", "size": len(body), "expires_after_secs": 86_400}
        }

    async def describe(self, request: Request, sign_in: SignIn) -> Json:
        """POST media/metadata: the alternative text."""
        user_only(sign_in)
        said = await _read(request)
        metadata = said.get("metadata")
        alt = metadata.get("alt_text") if isinstance(metadata, dict) else None
        text = alt.get("text") if isinstance(alt, dict) else None
        if not isinstance(text, str) or not text or len(text) > LONGEST_ALT:
            raise invalid("metadata.alt_text.text is missing or too long")
        if not describe_upload(self._store, id_of(said.get("id"), "id"), text):
            raise invalid("there is no such media")
        return {"data": {"id": str(said["id"]), "associated_metadata": metadata}}

    def named(self, media: object) -> list[Json]:
        """The pictures a post names under `media`. Raises Refused for one that was never uploaded."""
        numbers = media.get("media_ids", []) if isinstance(media, Mapping) else []
        if len(numbers) > 4:
            raise invalid("a post shows four pictures at most")
        try:
            return uploaded(self._store, [id_of(one, "media.media_ids") for one in numbers])
        except LookupError as error:
            raise invalid("Your media IDs are invalid.") from error


async def _read(request: Request) -> Json:
    try:
        said = json.loads(await request.body())
    except ValueError as error:
        raise invalid("the body is not JSON") from error
    return said if isinstance(said, dict) else {}
