"""Which entry of the settings a destination on the desk names."""

from hark311.settings import DestinationSettings, Settings
from models import Destination
from responders.errors import NotSetUp


def entry_of(settings: Settings, destination: Destination) -> DestinationSettings:
    """The entry of the settings that a destination names. Raises NotSetUp."""
    given = settings.destinations.get(destination.settings_key)
    if given is None:
        raise NotSetUp(
            f"{destination.name} is not set up: the settings have no destination called {destination.settings_key!r}."
        )
    if given.kind != destination.kind:
        raise NotSetUp(
            f"{destination.name} is not set up: {destination.settings_key!r} in the settings is of kind {given.kind}."
        )
    return given
