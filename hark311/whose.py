"""What follows from where a place lies, as the desk shows it: department, districts, and whose road it is."""

from collections.abc import Callable
from dataclasses import dataclass

from classifier.places.responsibility import Ground, Responsibility, responsibility
from classifier.taxonomy import CATEGORIES
from hark311.product import OfPlace, SuggestCategory
from models import Database, Service
from models.responsibility import road_owners

UNCHECKED = "Nobody has checked this number yet."


@dataclass(frozen=True, slots=True)
class WhoseIsIt:
    """Answers for a point (degrees WGS 84) and a service's code. `ground`: the city's gazetteer as it stands now."""

    database: Database
    ground: Callable[[], Ground]
    suggest_category: SuggestCategory | None = None

    def __call__(self, lat: float, lon: float, service_code: str | None) -> list[OfPlace]:
        """What is known, in the order in which it is shown; nothing where the city's data tell nothing."""
        with self.database.read() as session:
            owners = road_owners(session)
            service = session.get(Service, service_code) if service_code else None
        found = responsibility(self.ground(), lat, lon, self._category(service), owners)
        keeper = owners.get(found.road_owner)
        return _lines(found, keeper.name if keeper else "")

    def _category(self, service: Service | None) -> str | None:
        if service is None:
            return None
        if service.category in CATEGORIES:
            return service.category
        if service.service_code in CATEGORIES:
            return service.service_code
        return self.suggest_category(service) if self.suggest_category else None


def _lines(found: Responsibility, keeper: str) -> list[OfPlace]:
    """In the order in which they are shown. `keeper`: who keeps the road, "" where nobody has said.

    The road is a line of its own only where something follows from it.
    """
    note = found.note if found.checked else f"{found.note} {UNCHECKED}"
    named = [
        ("Department", found.department),
        ("Neighborhood", found.neighbourhood),
        ("District", found.district),
        ("Ward", found.ward),
    ]
    lines = [OfPlace(label, value) for label, value in named if value]
    if not found.ours:
        return [OfPlace("Whose road", "not the city's", note), *lines]
    if keeper:
        return [*lines, OfPlace("Road", f"{found.road}, kept by {keeper}", note)]
    return [*lines, OfPlace("Road", found.road, note)] if note else lines
