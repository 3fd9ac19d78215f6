"""The words that leave: what was approved, with the city's number and date where the city gave them (invariant 3)."""

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from models import Reply, RequestState, ServiceRequest
from responders.wording import NUMBER_WIDEST, WordingError, fill

log = logging.getLogger(__name__)

DID_NOT_REACH_THE_CITY = (
    RequestState.REFUSED,
    RequestState.CANCELLED,
    RequestState.IN_REVIEW,
    RequestState.DRAFT,
)
"""Of a request in one of these, nothing that was approved may be said."""


def words_now(
    reply: Reply, request: ServiceRequest | None, zone: ZoneInfo, answer_within: timedelta, now: datetime
) -> str | None:
    """The words to send now; None while they have to wait for the city, or its request did not reach it."""
    if request is None:
        return reply.approved_text
    if request.state in DID_NOT_REACH_THE_CITY:
        return None
    number = request.service_request_id or ""
    if request.state == RequestState.SUBMITTED and 0 < len(number) <= len(NUMBER_WIDEST):
        promised = request.expected_datetime
        try:
            day = promised.astimezone(zone).date() if promised else None
            return fill(reply.approved_text, reply.language, number, day)
        except WordingError as error:
            log.warning("reply %s: the city's answer does not fit its slots (%s)", reply.id, error)
            return reply.approved_fallback
    waited = now - (reply.approved_at or now)
    return reply.approved_fallback if request.state == RequestState.SUBMITTED or waited >= answer_within else None
