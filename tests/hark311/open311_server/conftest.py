"""Our endpoint on a real port, with a real database."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from classifier.redaction import REPLACEMENT
from classifier.redaction import find_private as find_details
from hark311.console import create_app
from hark311.product import PrivateDetail, Product
from hark311.settings import Settings
from models import Database
from responders.review import Desk
from tests.hark311.console.conftest import NOON, Switchboard, switchboard
from tests.hark311.console.conftest import Clock as DeskClock
from tests.hark311.open311_server.city import City, make_city_services
from tests.running import wait_until

__all__ = ["switchboard"]

StartCity = Callable[..., City]


def details(text: str) -> list[PrivateDetail]:
    """What the product takes for private."""
    return [PrivateDetail(one.start, one.end, one.kind, REPLACEMENT[one.kind]) for one in find_details(text)]


@pytest.fixture
def start_city(
    tmp_path: Path,
    database: Database,
    switchboard: Switchboard,
) -> Iterator[StartCity]:
    """Starts the endpoint in a mode: off, partners or public."""

    started: list[City] = []

    def start(mode: str = "partners") -> City:
        nudges: list[tuple[object, ...]] = []

        async def nudge(*args: object) -> None:
            nudges.append(args)

        settings = Settings.model_validate(
            {"data": tmp_path, "city_name": "Riverton311", "city": "riverton", "open311_server": mode}
            | {"public_url": switchboard.url, "open311_contact": "it@riverton.example"}
        )
        desk = Desk(database, lambda _channel, text: len(text), lambda text: [], clock=DeskClock())
        product = Product(settings, database, desk, nudge, secret_key="k" * 32, private_details=details)
        switchboard.app = create_app(product)
        started.append(City(switchboard.url, product, nudges))
        return started[-1]

    with database.write() as session:
        make_city_services(session)
    yield start
    for city in started:
        city.client.close()
    switchboard.app = None
    wait_until(lambda: not switchboard.answering)


@pytest.fixture
def city(start_city: StartCity) -> City:
    return start_city()


__all__ += ["NOON", "StartCity"]
