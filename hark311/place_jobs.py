"""arq jobs about places that need the outside world. Off, with their parts None, unless the settings turn them on."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hark311.geocoding.providers import geocoder_of
from hark311.settings import Settings
from listeners.hearing import Hearing
from models import Database, utc_now
from models.geocoding import forget_old_answers

if TYPE_CHECKING:
    from hark311.geocoding.asking import Asking
    from hark311.photo_places import PhotoPlaces

ROUND_SECONDS = 5
MOST_SECONDS = 4.0
"""How long one round goes on asking; what is left waits for the next."""
FORGETTING_SECONDS = 3600.0


@dataclass(slots=True)
class Geocoding:
    """What a worker's rounds of asking need. `asking`: None where no geocoder is turned on.

    `forget_at`: when old answers are next forgotten, in seconds of the event loop's clock.
    """

    database: Database
    asking: "Asking | None" = None
    forget_at: float = 0.0

    def forget(self) -> None:
        """Delete the answers that are too old, also those of a geocoder that was turned off since."""
        with self.database.write() as session:
            forget_old_answers(session, utc_now())


def asking_of(settings: Settings, database: Database) -> Geocoding:
    """Who asks the geocoder, and forgets what it answered."""
    geocoder = geocoder_of(settings)
    if geocoder is None:
        return Geocoding(database)
    from hark311.geocoding.asking import Asking

    keep = frozenset(settings.city_phone_numbers)
    return Geocoding(database, Asking(database, geocoder, settings.city, settings.geocoder_nearby, keep))


def photo_places_of(settings: Settings, database: Database, hearings: Sequence[Hearing]) -> "PhotoPlaces | None":
    """Who reads where photos were taken; None where the city has not turned it on."""
    if not settings.read_photo_location:
        return None
    from hark311.photo_places import PhotoPlaces

    return PhotoPlaces(database, {hearing.account_name: hearing.listener for hearing in hearings})


async def geocode_mentions(ctx: dict[str, Any]) -> int:
    """Ask the geocoder about places the gazetteer does not know; returns how many questions went out."""
    geocoding: Geocoding = ctx["asking"]
    loop, asking = asyncio.get_running_loop(), geocoding.asking
    if loop.time() >= geocoding.forget_at:
        await asyncio.to_thread(geocoding.forget)
        geocoding.forget_at = loop.time() + FORGETTING_SECONDS
    if asking is None:
        return 0
    before = asking.asked
    until = loop.time() + MOST_SECONDS
    while True:
        wait = await asyncio.to_thread(asking.ask_next)
        if wait is None or loop.time() + wait >= until:
            return asking.asked - before
        await asyncio.sleep(wait)


async def read_photo_places(ctx: dict[str, Any]) -> int:
    """Read where photos were taken that residents sent us privately as files; returns how many said so."""
    photos: PhotoPlaces | None = ctx["photo_places"]
    return await photos.read() if photos else 0


ROUNDS = [(geocode_mentions, ROUND_SECONDS), (read_photo_places, ROUND_SECONDS)]
"""What runs by itself: (job, every so many seconds)."""
