"""The providers we know, and the one the settings choose. docs/reference/geocoders.md tells their terms."""

from typing import TYPE_CHECKING

from hark311.geocoding.protocol import Geocoder, Provider

if TYPE_CHECKING:
    from hark311.settings import Settings

_OSM = "\N{COPYRIGHT SIGN} OpenStreetMap contributors, ODbL 1.0"

PROVIDERS: dict[str, Provider] = {
    one.name: one
    for one in (
        Provider(
            "ais", "City address service (AIS)", "City of Philadelphia, Address Information System",
            "https://api.phila.gov/ais/v1", 0.2, needs_key=True,
        ),
        Provider(
            "census", "US Census geocoder", "U.S. Census Bureau", "https://geocoding.geo.census.gov/geocoder", 0.5
        ),
        Provider("nominatim", "Nominatim", _OSM, "https://nominatim.openstreetmap.org", 1.5, needs_contact=True),
        Provider("photon", "Photon", _OSM, "https://photon.komoot.io", 1.5, needs_contact=True),
        Provider("pelias", "Pelias", f"{_OSM}; OpenAddresses, Who's On First, GeoNames", "", 0.2),
    )
}  # fmt: skip


def geocoder_of(settings: "Settings") -> Geocoder | None:
    """The geocoder the settings turn on; None where there is none. Its libraries are imported only then."""
    if settings.geocoder == "none":
        return None
    provider = PROVIDERS[settings.geocoder]
    url = settings.geocoder_url.rstrip("/") or provider.url
    key, contact = settings.geocoder_key.get_secret_value(), settings.geocoder_contact
    match settings.geocoder:
        case "ais":
            from hark311.geocoding.ais import CityAddresses

            return CityAddresses(provider, url, key, contact)
        case "census":
            from hark311.geocoding.census import Census

            return Census(provider, url, contact)
        case "nominatim":
            from hark311.geocoding.openstreetmap import NominatimHere

            return NominatimHere(provider, url, contact)
        case "photon":
            from hark311.geocoding.openstreetmap import PhotonHere

            return PhotonHere(provider, url, contact)
        case "pelias":
            from hark311.geocoding.openstreetmap import PeliasHere

            return PeliasHere(provider, url, contact, key)
