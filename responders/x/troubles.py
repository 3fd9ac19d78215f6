"""What X's refusals mean for a reply: which of the outbox's three decisions, and why, in words for staff.

Source: X API v2, response codes and errors; the details are X's own sentences, which have no codes.
"""

import re
from datetime import UTC, datetime, timedelta

import requests
import tweepy

from responders.connections import never_opened
from responders.errors import SendDeferred, SendError, SendRefused, SendUncertain

NETWORK = (requests.RequestException, ValueError, KeyError, TypeError, AttributeError)
"""What tweepy raises besides its own: the network's trouble, and what it makes of an answer that is no JSON object."""

DUPLICATE = ("duplicate content", "already said that")
USED_UP = ("usage-capped", "credits", "spend cap", "spending limit")
PAID_AGAIN = timedelta(hours=1)
_REFUSALS = (
    (DUPLICATE[0], "X says this text was posted before"),
    (DUPLICATE[1], "X says this text was posted before"),
    ("deleted", "the post we answer is gone"),
    ("not visible", "the post we answer is gone, or its author does not let us see it"),
    ("mentioned or otherwise engaged", "the author did not name or quote us, so X does not let us reply"),
    ("reply to this conversation is not allowed", "the author limited who may reply"),
    ("restricted who can reply", "the author limited who may reply"),
    ("suspended", "X has suspended the author"),
    ("blocked", "the author has blocked us"),
    ("do not have permission to dm", "this person takes no messages from us; they have to write first"),
    ("cannot send messages to this user", "this person takes no messages from us; they have to write first"),
    ("too long", "the text is too long for X"),
)
_OURS = (
    ("app permissions", "our app may not post; somebody has to give it write access and renew the key"),
    ("application-only", "this key cannot speak for the account; somebody has to mend it"),
    ("client-forbidden", "our app may not post; somebody has to look at it in X's developer portal"),
    ("temporarily locked", "X has locked our account; somebody has to sign in there"),
)
"""What X says about us and not about this reply: it waits until that is mended."""
_SUSPENDED = "X has suspended our account or app; somebody has to settle that with X"
_WE_ARE_SUSPENDED = re.compile(r"\b(?:your|client|this) (?:account|app\w*)\b.{0,20}\bsuspended\b")
"""X says "your account" of ours, and "user has been suspended" of whom we answer."""


def trouble_of(error: Exception, now: datetime) -> SendError:
    """The outbox's decision that an error of tweepy or of the network stands for."""
    if isinstance(error, tweepy.HTTPException):
        return _of_answer(error, now)
    if never_opened(error):
        return SendDeferred(now + timedelta(seconds=30), "X could not be reached")
    return SendUncertain("the connection to X broke while we were posting")


def is_duplicate(error: tweepy.HTTPException) -> bool:
    """Whether X says that it has these words already."""
    said = _said(error).lower()
    return any(sign in said for sign in DUPLICATE)


def _of_answer(error: tweepy.HTTPException, now: datetime) -> SendError:
    status, kind = error.response.status_code, _kind(error)
    if status == 402 or (status in (403, 429) and any(sign in kind for sign in USED_UP)):
        return SendDeferred(now + PAID_AGAIN, "what we paid X for is used up; somebody has to add to it")
    if isinstance(error, tweepy.TooManyRequests):
        reset = error.reset_time or int(now.timestamp()) + 60
        return SendDeferred(datetime.fromtimestamp(reset, UTC), "X asks us to wait")
    if isinstance(error, tweepy.Unauthorized):
        return SendRefused("X does not accept our key; somebody has to mend it", credentials=True)
    if isinstance(error, tweepy.Forbidden) and (ours := _held_against_us(kind)):
        return SendRefused(f"X takes nothing from us: {ours}.", credentials=True)
    if isinstance(error, (tweepy.Forbidden, tweepy.BadRequest, tweepy.NotFound)):
        return SendRefused(_in_words(error), author_blocks_us="blocked" in _said(error).lower())
    return SendUncertain(f"X answered {status} while we were posting")


def _held_against_us(kind: str) -> str:
    if _WE_ARE_SUSPENDED.search(kind):
        return _SUSPENDED
    return next((why for sign, why in _OURS if sign in kind), "")


def _said(error: tweepy.HTTPException) -> str:
    return " ".join(str(one) for one in error.api_messages)


def _kind(error: tweepy.HTTPException) -> str:
    """Title, type and detail of the problem together, in small letters."""
    try:
        body = error.response.json()
    except ValueError:
        body = {}
    named = [str(body.get(name, "")) for name in ("type", "title", "reason")] if isinstance(body, dict) else []
    return " ".join([*named, _said(error)]).lower()


def _in_words(error: tweepy.HTTPException) -> str:
    said = _said(error)
    for sign, words in _REFUSALS:
        if sign in said.lower():
            return f"X refused this reply: {words}."
    return f"X refused this reply: {said or error.response.status_code}."
