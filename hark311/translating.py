"""Translations for the people at the desk: by a LibreTranslate-compatible server, or by a model on this machine.

The original always stays beside it. To a server go the words without phone numbers, e-mail addresses and plates.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ValidationError
from sqlmodel import Session, col, select

from classifier.redaction import redact
from classifier.translation import LocalTranslator, ModelUnusable
from hark311.outgoing import PrivateAddress, Reach
from hark311.settings import Settings
from models import Database, Post, Translation, utc_now
from models.translations import text_hash

log = logging.getLogger(__name__)

LONGEST = 10_000
"""Characters of one text; no channel has longer posts."""
LARGEST_ANSWER = 200_000
CONNECT_SECONDS, LANGUAGES_SECONDS, ANSWER_SECONDS = 5.0, 5.0, 30.0
AT_ONCE = 20
MOST_SECONDS = 20.0
"""No text is begun after so long; with the longest answer to the last one a round ends within about a minute."""
ROUND_SECONDS = 5


class CannotTranslate(Exception):
    """Why there is no translation, in a sentence for staff."""


class Translator(Protocol):
    """Makes one text another language's. Sync; called in a thread of the worker."""

    engine: str

    def translate(self, text: str, source: str, target: str) -> str:
        """`source`: a language tag, "" where nobody knows. Raises CannotTranslate."""
        ...


class _Said(BaseModel):
    translatedText: str  # noqa: N815 - LibreTranslate's own name


class _Language(BaseModel):
    code: str


class LibreTranslate:
    """A server that speaks LibreTranslate's API: POST /translate, GET /languages. Redirects are not followed."""

    def __init__(self, url: str, key: str = "", *, private: bool = False, keep: frozenset[str] = frozenset()) -> None:
        self._url, self._key, self._keep = url.rstrip("/"), key, keep
        self._codes: list[str] = []
        self.engine = f"the translation server {urlsplit(url).hostname}"
        self._client = Reach(private=private).sync_client()

    def translate(self, text: str, source: str, target: str) -> str:
        """One text, redacted. Raises CannotTranslate."""
        if not self._codes:
            self._codes = self._languages()
        asked = {
            "q": redact(text, self._keep),
            "source": self._code(source) or "auto",
            "target": self._code(target) or target,
            "format": "text",
        }
        keyed = asked | ({"api_key": self._key} if self._key else {})
        answer = self._call("POST", "/translate", ANSWER_SECONDS, keyed)
        try:
            return _Said.model_validate_json(answer).translatedText
        except ValidationError:
            raise CannotTranslate("The translation server gave an answer we cannot read.") from None

    def _languages(self) -> list[str]:
        answer = self._call("GET", "/languages", LANGUAGES_SECONDS)
        try:
            return [_Language.model_validate(one).code for one in httpx.Response(200, content=answer).json()]
        except (ValidationError, ValueError, TypeError):
            raise CannotTranslate("The translation server does not speak LibreTranslate's language list.") from None

    def _code(self, tag: str) -> str:
        """What the server calls a language; "" where it has none."""
        wanted = (tag, {"zh-Hant": "zt", "zh-Hans": "zh"}.get(tag, ""), tag.partition("-")[0])
        return next((code for code in wanted if code and code in self._codes), "")

    def _call(self, method: str, path: str, seconds: float, asked: dict[str, str] | None = None) -> bytes:
        until = monotonic() + CONNECT_SECONDS + seconds
        request = self._client.build_request(
            method,
            self._url + path,
            json=asked,
            timeout=httpx.Timeout(seconds, connect=CONNECT_SECONDS),
        )
        try:
            answer = self._client.send(request, stream=True)
            try:
                body = _read(answer, until)
            finally:
                answer.close()
        except PrivateAddress:
            raise CannotTranslate(
                "The translation server stands at a private address, which is not allowed. "
                "The operator allows it with HARK_TRANSLATION_PRIVATE."
            ) from None
        except httpx.TimeoutException:
            raise CannotTranslate("The translation server did not answer in time. Try again.") from None
        except httpx.HTTPError:  # without its text: it may hold the words
            raise CannotTranslate(
                "The translation server cannot be reached. Try again, or tell the operator."
            ) from None
        if answer.status_code != httpx.codes.OK:
            raise CannotTranslate(_why(answer.status_code))
        return body


class OnThisMachine:
    """A model of the operator's, behind the same face."""

    def __init__(self, model: LocalTranslator) -> None:
        self._model, self.engine = model, model.engine

    def translate(self, text: str, source: str, target: str) -> str:
        try:
            return self._model.translate(text, source, target)
        except ModelUnusable as error:
            raise CannotTranslate(str(error)) from None


def translator_of(settings: Settings) -> Translator | None:
    """Who translates; None where nobody is set up."""
    if settings.translation_url:
        return LibreTranslate(
            settings.translation_url,
            settings.translation_key.get_secret_value(),
            private=settings.translation_private,
            keep=frozenset(settings.city_phone_numbers),
        )
    return OnThisMachine(LocalTranslator(settings.translation_model)) if settings.translation_model else None


@dataclass(slots=True)
class Translating:
    """Works off the translations that wait, oldest first, in a thread of its own: a slow engine holds nobody up."""

    database: Database
    translator: Translator
    clock: Callable[[], datetime] = utc_now
    _running: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1), init=False, repr=False)

    async def translate_waiting(self) -> int:
        """Translate what waits, as far as a round's time goes; returns how many rows were settled.

        Nothing, and at once, while the round before still runs.
        """
        if self._running.locked():
            return 0
        async with self._running:
            loop = asyncio.get_running_loop()
            until, settled = loop.time() + MOST_SECONDS, 0
            for row_id in await loop.run_in_executor(self._thread, self._waiting):
                settled += await loop.run_in_executor(self._thread, self._one, row_id)
                if loop.time() >= until:
                    break
            return settled

    def close(self) -> None:
        """Begin no more texts."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _waiting(self) -> Sequence[int]:
        with self.database.read() as session:
            waiting = session.exec(
                select(Translation.id)
                .where(col(Translation.done_at).is_(None))
                .order_by(col(Translation.id))
                .limit(AT_ONCE)
            ).all()
        return [row_id for row_id in waiting if row_id]

    def _one(self, row_id: int) -> bool:
        with self.database.read() as session:
            row = session.get(Translation, row_id)
            original = _original(session, row) if row and row.done_at is None else ""
        if row is None or row.done_at is not None:
            return False  # another worker was quicker, or the author took the words back
        text, trouble = "", ""
        try:
            if not original:
                raise CannotTranslate("The text was changed meanwhile. Ask again.")
            if len(original) > LONGEST:
                raise CannotTranslate(
                    f"It has {len(original)} characters, and {LONGEST} is the most that is translated."
                )
            text = self.translator.translate(original, row.source, row.target)
        except CannotTranslate as error:
            trouble = str(error)
        except Exception as error:  # a model may fail in any way; the row must not wait for ever
            log.error("translation %s failed (%s)", row_id, type(error).__name__)
            trouble = "The translation failed. Tell the operator; the log says more."
        return self._store(row_id, text, trouble)

    def _store(self, row_id: int, text: str, trouble: str) -> bool:
        with self.database.write() as session:
            row = session.get(Translation, row_id, with_for_update=True)
            if row is None or row.done_at is not None:
                return False
            kept = text.replace("\0", "")  # no database keeps it
            row.text, row.trouble, row.engine, row.done_at = kept, trouble, self.translator.engine, self.clock()
            session.add(row)
            return True


def _original(session: Session, row: Translation) -> str:
    """The words to translate: of the post as it stands, or of our draft; "" where they are not the same any more."""
    if row.post_id is None:
        return row.original
    post = session.get(Post, row.post_id)
    return post.text if post and post.deleted_at is None and text_hash(post.text) == row.text_sha256 else ""


def translating_of(settings: Settings, database: Database) -> Translating | None:
    """The worker's part; None where nobody translates."""
    translator = translator_of(settings)
    return Translating(database, translator) if translator else None


async def translate_texts(ctx: dict[str, Any]) -> int:
    """Translate what staff asked for; returns how many texts were settled."""
    translating: Translating | None = ctx["translating"]
    return await translating.translate_waiting() if translating else 0


ROUNDS = [(translate_texts, ROUND_SECONDS)]
"""What runs by itself: (job, every so many seconds)."""


def _read(answer: httpx.Response, until: float) -> bytes:
    """The body; the client's own time limit counts from one piece to the next, and a trickle would never meet it."""
    body = b""
    for part in answer.iter_bytes():
        if monotonic() > until:
            raise httpx.ReadTimeout("")
        body += part
        if len(body) > LARGEST_ANSWER:
            raise CannotTranslate("The translation server's answer is too long.")
    return body


def _why(status: int) -> str:
    match status:
        case 400:
            return "The translation server does not know this language, or did not understand us."
        case 401 | 403:
            return "The translation server refuses our key. Tell the operator."
        case 413:
            return "The text is too long for the translation server."
        case 429:
            return "The translation server has had enough of us for now. Try again in a minute."
    return f"The translation server failed (answer {status}). Try again, or tell the operator."
