"""What X does not show any more: asked for single posts, and for all of them at once by compliance jobs.

Source: X API v2, GET /2/tweets and batch compliance: POST /2/compliance/jobs, upload, GET /2/compliance/jobs/:id,
download. X keeps our duty in its developer agreement: gone there within 24 hours means gone here.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import requests

from listeners.errors import ChannelUnavailable, JobGone
from listeners.protocol import Removed
from listeners.x.calls import NotUnderstood, XCalls
from listeners.x.catch_up import is_id
from models.x_fields import Json

GONE = (
    "resource-not-found",
    "not-authorized-for-resource",
    "resource-unavailable",
    "disallowed-resource",
)
"""How X's problem types end for what is deleted, suspended, protected or withheld."""

EVERYWHERE = frozenset({"XX", "XY"})
"""Withheld in all countries, or for a copyright claim. Source: X data dictionary, withheld."""

REASONS = {
    "deleted": "its author deleted it",
    "deactivated": "its author closed the account",
    "protected": "its author's posts are protected now",
    "suspended": "X has suspended its author",
    "bounced": "X has taken it down",
    "scrub_geo": "its author took the place out",
}
PENDING = ("created", "in_progress")


async def deleted(calls: XCalls, post_ids: Sequence[str], country: str) -> Sequence[str]:
    """Those of these posts (at most 100) that X does not show any more, here. Raises ListenerError."""
    wanted = [post_id for post_id in post_ids if is_id(post_id)]  # direct messages are nobody's posts
    if not wanted:
        return []
    page = await calls.ask(calls.client.get_tweets, ids=wanted, tweet_fields=["withheld"])
    shown = {str(post["id"]) for post in page.get("data") or () if not withheld(post, country)}
    gone = {str(post["id"]) for post in page.get("data") or ()} | {
        str(one.get("resource_id") or one.get("value"))
        for one in page.get("errors") or ()
        if str(one.get("type", "")).endswith(GONE)
    }
    return [post_id for post_id in wanted if post_id in gone and post_id not in shown]


def withheld(post: Json, country: str) -> bool:
    """Whether X shows a post to nobody in this country (ISO 3166, two letters)."""
    found = post.get("withheld")
    if not isinstance(found, Mapping):
        return False
    return bool({country.upper(), *EVERYWHERE} & set(found.get("country_codes") or ()))


async def begin_compliance(calls: XCalls) -> str:
    """The id of a new job, or of the one that is still open: X runs one at a time. Raises ListenerError."""
    try:
        job = await calls.ask(calls.client.create_compliance_job, type="tweets", name="hark311")
        return str(job["data"]["id"])
    except (LookupError, TypeError) as error:
        raise ChannelUnavailable("X opened no compliance job") from error
    except ChannelUnavailable:
        listed = await calls.ask(calls.client.get_compliance_jobs, type="tweets", status="created")
        for job in listed.get("data") or ():
            return str(job["id"])
        raise


async def upload_compliance(calls: XCalls, job_id: str, post_ids: Sequence[str]) -> None:
    """Upload the ids, one a line. Raises ListenerError, JobGone."""
    job = await _job(calls, job_id)
    if job["status"] != "created":
        return  # it has its ids already
    lines = "\n".join(post_id for post_id in post_ids if is_id(post_id))
    await _fetched(
        calls, "PUT", str(job.get("upload_url")), data=lines.encode(), headers={"Content-Type": "text/plain"}
    )


async def compliance_found(calls: XCalls, job_id: str) -> Sequence[Removed] | None:
    """What the job found; None while it runs. Raises ListenerError, JobGone."""
    job = await _job(calls, job_id)
    if job["status"] in PENDING:
        return None
    if job["status"] != "complete":
        raise JobGone(f"X says the job is {job['status']}")
    answer = await _fetched(calls, "GET", str(job.get("download_url")))
    try:
        return [_removed(json.loads(line)) for line in answer.text.splitlines() if line.strip()]
    except (LookupError, TypeError, ValueError) as error:
        raise ChannelUnavailable("X's list of removed posts could not be read") from error


def _removed(line: Json) -> Removed:
    reason = str(line.get("reason", ""))
    return Removed(str(line["id"]), REASONS.get(reason, "X has removed it"), only_place=reason == "scrub_geo")


async def _job(calls: XCalls, job_id: str) -> Json:
    try:
        job = (await calls.ask(calls.client.get_compliance_job, id=job_id))["data"]
        return {**job, "status": str(job["status"])}
    except (NotUnderstood, LookupError, TypeError) as error:
        raise JobGone("X does not know the job any more") from error


async def _fetched(calls: XCalls, verb: str, url: str, **more: Any) -> requests.Response:
    """A call to an address X named, which carries its own signature: our keys stay out. Raises ChannelUnavailable."""

    def call() -> requests.Response:
        answer = calls.session.request(verb, url, **more)
        answer.raise_for_status()
        return answer

    try:
        return await asyncio.to_thread(call)
    except requests.RequestException as error:
        raise ChannelUnavailable(f"X's store for compliance jobs did not answer: {type(error).__name__}") from error
