"""Telling the city again of a request that it closed, by its updates, where it takes any; else a new one is filed.

The update goes under an id that stays the same (the old request's reference and our row), so that the same words are
taken once however often they are sent (invariant 4). Source: FixMyStreet, Open311 extension for updates.
"""

from datetime import datetime, timedelta

from models import ServiceRequest
from responders.errors import SendDeferred
from responders.open311 import CityUnreachable, Filed, Open311City

ASK_LATER = timedelta(minutes=1)
CLOCKS_DIFFER = timedelta(minutes=5)
OPEN = "OPEN"
TOLD = Filed("", "", "")
"""It has no number of its own: it stands under that of the old request."""


async def tell_again(
    city: Open311City, closed: ServiceRequest | None, request: ServiceRequest, started_at: datetime
) -> Filed | None:
    """Tell the city that an old request is not fixed, once; None where it takes no updates and wants a new one.

    Raises SendRefused, SendDeferred or SendUncertain, as filing does.
    """
    if closed is None or not closed.service_request_id:
        return None
    try:
        if not await city.has_updates():
            return None
    except CityUnreachable as error:
        raise SendDeferred(started_at + ASK_LATER, f"The city could not be asked: {error}.") from error
    await city.post_update(
        closed.service_request_id,
        update_id_of(closed, request),
        OPEN,
        request.description,
        request.approved_at or started_at,
        media_url=request.media_url,
        jurisdiction_id=closed.jurisdiction_id,
    )
    return TOLD


async def was_told(
    city: Open311City, closed: ServiceRequest | None, request: ServiceRequest, started_at: datetime
) -> bool | None:
    """Whether the city tells our update back; None where it takes none. Raises CityUnreachable."""
    if closed is None or not closed.service_request_id or not await city.has_updates():
        return None
    wanted = update_id_of(closed, request)
    listed = await city.updates(started_at - CLOCKS_DIFFER, closed.jurisdiction_id)
    return any(wanted == one.update_id or f"[{wanted}]" in one.description for one in listed)


def update_id_of(closed: ServiceRequest, request: ServiceRequest) -> str:
    """The id of the update, "H-7QK4M2XD-31": the same in every attempt."""
    return f"{closed.reference}-{request.id}"
