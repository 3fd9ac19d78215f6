"""Telling the city more of a request that it has, by its updates, where it takes any: that it is not fixed, or what its
resident answered. Where it takes none, a new one is filed for what is not fixed; an answer is left to a person.

The update goes under an id that stays the same (the old request's reference and our row), so that the same words are
taken once however often they are sent (invariant 4). Source: FixMyStreet, Open311 extension for updates.
"""

from datetime import datetime, timedelta

from models import ServiceRequest
from responders.errors import SendDeferred, SendRefused
from responders.open311 import CityUnreachable, Filed, Open311City

ASK_LATER = timedelta(minutes=1)
TAKES_NO_UPDATES = (
    "The city takes no answers from us: tell it yourself, record in the case what it says, and put this request back."
)
CLOCKS_DIFFER = timedelta(minutes=5)
OPEN = "OPEN"
TOLD = Filed("", "", "")
"""It has no number of its own: it stands under that of the old request."""


async def tell_again(
    city: Open311City, closed: ServiceRequest | None, request: ServiceRequest, started_at: datetime, media_url: str = ""
) -> Filed | None:
    """Tell the city more of an old request, once; None where it takes no updates and wants a new one.

    Raises SendRefused, SendDeferred or SendUncertain, as filing does; SendRefused, too, for an answer nobody would find
    under the old number.
    """
    if closed is None or not closed.service_request_id or not await _takes_updates(city, started_at):
        if request.answers_city:
            raise SendRefused(TAKES_NO_UPDATES)
        return None
    await city.post_update(
        closed.service_request_id,
        update_id_of(closed, request),
        OPEN,
        request.description,
        request.approved_at or started_at,
        media_url=media_url,
        jurisdiction_id=closed.jurisdiction_id,
    )
    return TOLD


async def _takes_updates(city: Open311City, started_at: datetime) -> bool:
    try:
        return await city.has_updates()
    except CityUnreachable as error:
        raise SendDeferred(started_at + ASK_LATER, f"The city could not be asked: {error}.") from error


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
