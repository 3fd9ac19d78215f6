"""From what an operator says of a city's Open311 endpoint to the client that calls it."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from hark311.settings import Open311Settings, Settings
from hark311.thumbnails import PhotoWeb, shrink
from models import utc_now
from responders.open311 import Open311City, Photo

PHOTO_EDGE = 1600
"""What a crew sees a problem in; nothing that a camera wrote beside the picture goes along."""


def client_of(where: Open311Settings, settings: Settings, clock: Callable[[], datetime] = utc_now) -> Open311City:
    """The client of one endpoint. Enter it before use."""
    return Open311City(
        base_url=where.base_url,
        api_key=where.api_key.get_secret_value(),
        jurisdiction_id=where.jurisdiction_id,
        more_jurisdictions=where.more_jurisdictions,
        lists_every_request=where.lists_every_request,
        lists_by_update=where.lists_by_update,
        format=where.format,
        updates=where.updates,
        zone=ZoneInfo(settings.city_time_zone),
        photo=_photo(simulated=settings.simulated) if where.media == "file" else None,
        clock=clock,
    )


def _photo(*, simulated: bool) -> Photo:
    web = PhotoWeb(simulated)

    async def photo(url: str) -> bytes | None:
        """A resident's photo, made anew; None where it cannot be had, and its address goes instead."""
        file = await web(url)
        made = await asyncio.to_thread(shrink, file, PHOTO_EDGE) if file else None
        return made[0] if made else None

    return photo
