"""Outgoing HTTP for SDKs that know only one host and no time limit (tweepy)."""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

CONNECT_SECONDS, READ_SECONDS = 5, 30


class _Elsewhere(HTTPAdapter):
    """Sends what is addressed to the real host to another base URL, with a time limit.

    The request is signed for the real host before it gets here, so OAuth 1.0a holds. tweepy 4.17 has the host as a
    literal.
    """

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base = urlsplit(base_url.rstrip("/"))

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        asked = urlsplit(request.url or "")
        request.url = urlunsplit(
            (self._base.scheme, self._base.netloc, self._base.path + asked.path, asked.query, asked.fragment)
        )
        if not kwargs.get("timeout"):
            kwargs["timeout"] = (CONNECT_SECONDS, READ_SECONDS)
        return super().send(request, *args, **kwargs)


def x_session(base_url: str) -> requests.Session:
    """A session for tweepy.Client: everything meant for api.twitter.com goes to `base_url`, with a time limit."""
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", _Elsewhere(base_url))
    return session
