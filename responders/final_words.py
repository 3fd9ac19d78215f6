"""The words that leave: what was approved, with the number and the promised date where there are any (invariant 3)."""

import logging
from collections.abc import Sequence
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
    reply: Reply, requests: Sequence[ServiceRequest], zone: ZoneInfo, answer_within: timedelta, now: datetime
) -> str | None:
    """The words to send now; None while they have to wait for the city, or one of its requests did not reach it.

    Of several requests it says every number, and a date only where one is promised for each: the latest. Whoever took a
    request without giving it a number (a department by e-mail) is answered with ours; the date is then the calendar's.
    """
    if not requests:
        return reply.approved_text
    if any(one.state in DID_NOT_REACH_THE_CITY for one in requests):
        return None
    numbers = [one.service_request_id or one.reference for one in requests]
    answered = all(one.state == RequestState.SUBMITTED for one in requests)
    if answered and all(0 < len(number) <= len(NUMBER_WIDEST) for number in numbers):
        promised = [one.promised_datetime for one in requests]
        latest = max((one for one in promised if one), default=None) if all(promised) else None
        try:
            day = latest.astimezone(zone).date() if latest else None
            return fill(reply.approved_text, reply.language, numbers, day)
        except WordingError as error:
            log.warning("reply %s: the city's answer does not fit its slots (%s)", reply.id, error)
            return reply.approved_fallback
    asked_at = max(filter(None, (reply.approved_at, *(one.approved_at for one in requests))), default=now)
    return reply.approved_fallback if answered or now - asked_at >= answer_within else None
