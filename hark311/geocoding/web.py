"""Asking a JSON service by httpx, and its ways to fail in our words."""

from collections.abc import Mapping
from typing import Any

import httpx

from hark311 import __version__
from hark311.geocoding.protocol import (
    ANSWER_SECONDS,
    Provider,
    misunderstood,
    no_answer,
    refused,
    too_many,
    unreachable,
    unreadable,
)


def user_agent(contact: str) -> str:
    """Who asks, so that a provider in trouble with us can write to somebody."""
    return f"hark311/{__version__} ({contact})" if contact else f"hark311/{__version__}"


class JsonService:
    """One provider's HTTP side. `nothing`: the status by which it says that it knows no such place, if it has one."""

    def __init__(
        self,
        provider: Provider,
        url: str,
        contact: str,
        headers: Mapping[str, str] | None = None,
        nothing: int | None = None,
    ) -> None:
        self._source = provider.source
        self._nothing = nothing
        self._client = httpx.Client(
            base_url=url,
            timeout=ANSWER_SECONDS,
            trust_env=False,
            headers={"User-Agent": user_agent(contact), **(headers or {})},
        )

    def get(self, path: str, question: Mapping[str, str]) -> Any:
        """The JSON of one call; None where the service knows no such place. Raises CannotAsk."""
        try:
            answer = self._client.get(path, params=dict(question))
        except httpx.TimeoutException:
            raise no_answer(self._source) from None  # without the question: it must not reach a log
        except httpx.HTTPError:
            raise unreachable(self._source) from None
        if answer.status_code == self._nothing:
            return None
        match answer.status_code:
            case 200:
                return self._json(answer)
            case 400:
                raise misunderstood(self._source)
            case 401 | 403:
                raise refused(self._source)
            case 429:
                raise too_many(self._source, _seconds(answer.headers.get("retry-after")))
            case 503 | 504:
                raise no_answer(self._source)
        raise unreachable(self._source)

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError:
            raise unreadable(self._source) from None

    def close(self) -> None:
        self._client.close()


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after and retry_after.isdecimal() else None
