"""What can be told about our account and keys on X, for `hark doctor`."""

from collections.abc import Mapping, Sequence

from listeners.errors import ListenerError, RateLimited
from listeners.findings import clock, named_operator
from listeners.protocol import Finding
from listeners.x.calls import NOBODYS_POST, XCalls
from models.x_fields import Json

CONSOLE = "X's developer console (console.x.com), under your app"

ACCESS = {
    "read": ("read posts only", False),
    "read-write": ("read posts and reply, but read no direct messages", False),
    "read-write-directmessages": ("read posts, reply, and read and write direct messages", True),
}


async def check(calls: XCalls, operator: str) -> Sequence[Finding]:
    """Keys, what they may do, clock, profile, label. A problem is a finding, never an exception."""
    try:
        answer = await calls.tried(calls.whole.get_me, user_fields=["description", "protected"])
        user = answer.json()["data"]
    except RateLimited as error:
        return [Finding("key of the account", None, f"X {error}", "Ask again then.")]
    except (ListenerError, LookupError, TypeError, ValueError) as error:
        return [_refused(error)]
    return [
        Finding("key of the account", True, f"X knows it as @{user.get('username', '')}"),
        _access(answer.headers),
        await _bearer(calls),
        clock(calls.clock(), answer.headers.get("Date", ""), "X"),
        *_profile(user, operator),
        Finding(
            "automated label",
            None,
            "the API does not tell whether the account is labelled as automated",
            "In X, signed in as the account: Settings, Your account, Automation. Name the account of the person who "
            "answers for it.",
        ),
    ]


def _refused(error: Exception) -> Finding:
    return Finding(
        "key of the account",
        False,
        f"{error}" if isinstance(error, ListenerError) else "X did not say whose key this is",
        f"In {CONSOLE}: Keys and tokens. Copy consumer key and secret, then make the access token and secret anew, and "
        "put all four into the settings. If nobody touched them, look at status.x.com first.",
    )


def _access(headers: Mapping[str, str]) -> Finding:
    level = headers.get("x-access-level", "")
    if level not in ACCESS:
        return Finding("what the key may do", None, "X did not say what the key may do")
    says, enough = ACCESS[level]
    advice = (
        f"In {CONSOLE}: User authentication settings, choose Read and write and Direct message. Then make the access "
        "token and secret anew: old ones keep what they could do."
    )
    return Finding("what the key may do", enough, says, "" if enough else advice)


async def _bearer(calls: XCalls) -> Finding:
    what = "bearer token of the app"
    try:
        await calls.ask(calls.client.get_tweets, ids=[NOBODYS_POST])
    except ListenerError as error:
        if isinstance(error, RateLimited):
            return Finding(what, None, f"X {error}", "Ask again then.")
        return Finding(what, False, str(error), f"In {CONSOLE}: Keys and tokens, make the bearer token anew.")
    return Finding(what, True, "X accepts it")


def _profile(user: Json, operator: str) -> list[Finding]:
    advice = "Name who runs the account in X, under Edit profile, in the words that `operator` has."
    found = [named_operator(operator, str(user.get("description") or ""), advice)]
    if user.get("protected"):
        found.append(
            Finding(
                "account is public",
                False,
                "the account's posts are protected: residents would not see our replies",
                "In X: Settings, Privacy and safety, Audience. Switch off Protect your posts.",
            )
        )
    return found
