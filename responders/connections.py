"""Whether anything can have left us when a call failed, whichever HTTP library stands below the SDK."""

import httpx
import requests
from urllib3.exceptions import NewConnectionError

_NEVER_OPENED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, requests.ConnectTimeout)


def never_opened(error: BaseException) -> bool:
    """Whether the connection was never opened. SDKs wrap what says so; requests hides a refused one in its argument."""
    for one in (error, error.__cause__ or error.__context__):
        reason = getattr(one.args[0] if one and one.args else None, "reason", None)
        if isinstance(one, _NEVER_OPENED) or isinstance(reason, NewConnectionError):
            return True
    return False
