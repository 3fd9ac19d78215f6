"""mySociety's extension servicerequestupdates: what is said of a request after it was filed, both ways.

To tell the city what a resident adds ("not fixed: please reopen"):

    await city.post_update(
        request.service_request_id,
        f"{request.reference}-{n}",     # stable: the same words always under the same update_id
        "OPEN",                         # or CLOSED; OPEN on a closed request asks to reopen it
        "The lamp is dark again.",
        said_at,                        # aware
        media_url="https://...",        # a photo, or ""
        jurisdiction_id=request.jurisdiction_id,
    )

It raises SendRefused, SendDeferred or SendUncertain as filing does, and SendRefused where the endpoint has no such
extension (ask `await city.has_updates()` before). After SendUncertain call it again with the same update_id: an
endpoint ignores an id that it holds, and a refusal that names our id counts as taken. The id begins with the request's
reference and travels in the description too, so that our own words are known when the city tells them back.
Source: FixMyStreet, Open311 extension for updates.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models import ServiceRequest
from models.open311 import UpdateShape
from models.statuses import Outcome
from responders.open311_calls import Answer

DESCRIPTION_LIMIT = 4000
OUTCOMES = {
    "investigating": Outcome.ACCEPTED,
    "in_progress": Outcome.ACCEPTED,
    "action_scheduled": Outcome.SCHEDULED,
    "planned": Outcome.SCHEDULED,
    "fixed": Outcome.FIXED,
    "fixed - council": Outcome.FIXED,
    "fixed - user": Outcome.FIXED,
    "duplicate": Outcome.DUPLICATE,
    "not_councils_responsibility": Outcome.REFERRED,
    "internal_referral": Outcome.REFERRED,
    "no_further_action": Outcome.NO_ACTION,
    "unable_to_fix": Outcome.NO_ACTION,
}
"""What the finer states of the extension mean to a resident. Source: FixMyStreet, additional states."""


@dataclass(frozen=True, slots=True)
class Update:
    """What we tell the city about a request it has."""

    service_request_id: str
    update_id: str
    status: str
    description: str
    updated_datetime: datetime
    media_url: str = ""


def update_form(update: Update) -> dict[str, Any]:
    """The update as POST servicerequestupdates takes it, without key and jurisdiction."""
    mark = f"\n\n[{update.update_id}]"
    form = {
        "service_request_id": update.service_request_id,
        "update_id": update.update_id,
        "status": update.status.upper(),
        "updated_datetime": update.updated_datetime.isoformat(),
        "description": update.description[: DESCRIPTION_LIMIT - len(mark)] + mark,
    }
    return form | ({"media_url": update.media_url} if update.media_url else {})


def is_repeat(answer: Answer, update_id: str) -> bool:
    """Whether a refusal only says that the city holds this update already."""
    body = answer.body.decode("utf-8", "replace")
    return answer.status in (400, 409) and update_id in body and "already" in body.lower()


def is_ours(update: UpdateShape, request: ServiceRequest) -> bool:
    """Whether the city only tells back what we told it: by our id, or our mark. Its own words may name the request."""
    ours = rf"{re.escape(request.reference)}-\d+"
    return bool(re.fullmatch(ours, update.update_id) or re.search(rf"\[{ours}\]", update.description))
