"""Sign-in to the simulated X: an app's bearer token, or OAuth 1.0a with its HMAC-SHA1 signature checked."""

import hmac
from types import SimpleNamespace
from urllib.parse import urlsplit

from oauthlib.oauth1.rfc5849 import signature  # type: ignore[import-untyped]  # ships no types
from starlette.requests import Request

from hark311.simulator.limits import SignIn
from hark311.simulator.settings import XKeys

SIGNED_HOSTS = ("https://api.twitter.com", "https://api.x.com")
"""A client signs the address it believes it calls; an adapter below it sends the request here."""


def sign_in_of(request: Request, path: str, keys: XKeys) -> SignIn | None:
    """How a request is signed in, or None when its keys or signature are wrong. `path` starts with /2/."""
    offered = request.headers.get("authorization", "")
    scheme, _, rest = offered.partition(" ")
    if scheme.lower() == "bearer":
        return "app" if hmac.compare_digest(rest.strip().encode(), keys.bearer_token.encode()) else None
    if scheme.lower() == "oauth":
        return "user" if _signed(request, path, offered, keys) else None
    return None


def _signed(request: Request, path: str, offered: str, keys: XKeys) -> bool:
    query = urlsplit(str(request.url)).query
    try:
        given = dict(signature.collect_parameters(headers={"Authorization": offered}, exclude_oauth_signature=False))
        parameters = signature.collect_parameters(uri_query=query, headers={"Authorization": offered})
    except ValueError:
        return False
    if given.get("oauth_signature_method") != "HMAC-SHA1" or "oauth_signature" not in given:
        return False
    if given.get("oauth_consumer_key") != keys.consumer_key or given.get("oauth_token") != keys.access_token:
        return False
    for host in SIGNED_HOSTS:
        claim = SimpleNamespace(
            uri=host + path, http_method=request.method, params=parameters, signature=given["oauth_signature"]
        )
        if signature.verify_hmac_sha1(claim, keys.consumer_secret, keys.access_token_secret):
            return True
    return False
