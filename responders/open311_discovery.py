"""Finding a city's endpoint from its discovery page: the production GeoReport v2 one, and the best format of it.

Source: GeoReport v2, service discovery; https://wiki.open311.org/Service_Discovery.
"""

from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from models.open311 import DiscoveryShape, EndpointShape
from responders.errors import CityUnreachable
from responders.open311_calls import Calls


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a city takes reports. `production` False: it offers a test endpoint alone."""

    base_url: str
    format: Literal["json", "xml"]
    production: bool
    contact: str
    key_service: str


async def discover(url: str) -> Endpoint:
    """The endpoint that a discovery page names. `url` may end in /discovery, in a format, or be the site's own.

    Raises CityUnreachable where there is no page, or none of its endpoints speaks GeoReport v2.
    """
    site = url.rstrip("/").removesuffix(".json").removesuffix(".xml").removesuffix("/discovery")
    calls = Calls(site, "auto")
    try:
        content = await calls.get("/discovery", {})
    finally:
        await calls.close()
    return choose(content)


def choose(content: object) -> Endpoint:
    """The best endpoint of a discovery page: production before test, JSON before XML. Raises CityUnreachable."""
    try:
        page = DiscoveryShape.model_validate(content[0] if isinstance(content, list) and content else content)
    except ValidationError as error:
        raise CityUnreachable("its discovery page cannot be read") from error
    ours = [one for one in page.endpoints if _speaks_v2(one) and one.url.startswith(("https://", "http://"))]
    if not ours:
        raise CityUnreachable("none of its endpoints speaks GeoReport v2")
    best = min(ours, key=lambda one: (one.type != "production", not _has(one, "json"), one.url))
    return Endpoint(
        base_url=best.url.rstrip("/"),
        format="json" if _has(best, "json") or not best.formats else "xml",
        production=best.type == "production",
        contact=page.contact,
        key_service=page.key_service,
    )


def _speaks_v2(endpoint: EndpointShape) -> bool:
    said = endpoint.specification.lower()
    return ("georeport" in said and "v2" in said) or ("georeport" not in said and "v2" in endpoint.url.lower())


def _has(endpoint: EndpointShape, format: str) -> bool:
    return any(format in one.lower() for one in endpoint.formats)
