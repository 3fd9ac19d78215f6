"""The kinds of problem the lexicons know, and how a city's own services stand for them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from models import Service

CATEGORIES: Mapping[str, str] = MappingProxyType(
    {
        "POTHOLE": "Pothole or broken road",
        "STREET_LIGHT": "Street light",
        "TRAFFIC_SIGNAL": "Traffic or walk signal",
        "SIGN_MARKING": "Street sign or road marking",
        "TRAFFIC_SAFETY": "Speeding and unsafe crossings",
        "SIDEWALK": "Sidewalk, curb or ramp",
        "ROW_BLOCKED": "Blocked street or sidewalk",
        "GRAFFITI": "Graffiti or illegal posters",
        "ILLEGAL_DUMPING": "Illegal dumping",
        "MISSED_TRASH": "Trash or recycling not collected",
        "TRASH_CART": "Carts, bins and bulk pick-up",
        "LITTER": "Litter and dirty streets",
        "ABANDONED_VEHICLE": "Abandoned vehicle",
        "PARKING": "Illegal parking or meter",
        "TREE": "Street tree",
        "OVERGROWTH": "Weeds and overgrown lots",
        "WATER": "Water main, leak or hydrant",
        "SEWER_DRAIN": "Sewer, drain or flooding",
        "VACANT_BUILDING": "Vacant or dangerous building",
        "PROPERTY_CODE": "Property, building or housing code",
        "RODENT_PEST": "Rats and pests",
        "DEAD_ANIMAL": "Dead animal",
        "ANIMAL": "Live animal",
        "NOISE": "Noise",
        "SNOW_ICE": "Snow and ice",
        "PARK": "Park or playground",
        "ENCAMPMENT": "Homelessness outreach",
        "POLICE": "Police matter, no emergency",
        "HEALTH_AIR": "Health, smell or air",
        "UTILITY": "Wires, poles, gas and power",
        "TRANSIT": "Bus, train or taxi",
        "OTHER": "Something else",
    }
)
"""Codes of the portable civic taxonomy, with a name in plain words."""

DAY_ONE_SHARES: Mapping[str, int] = MappingProxyType(
    {
        "POTHOLE": 170, "STREET_LIGHT": 70, "TRAFFIC_SIGNAL": 45, "SIGN_MARKING": 50, "TRAFFIC_SAFETY": 50,
        "SIDEWALK": 55, "ROW_BLOCKED": 15, "GRAFFITI": 45, "ILLEGAL_DUMPING": 85, "MISSED_TRASH": 45, "TRASH_CART": 35,
        "LITTER": 40, "ABANDONED_VEHICLE": 35, "PARKING": 55, "TREE": 70, "OVERGROWTH": 35, "WATER": 20,
        "SEWER_DRAIN": 35, "VACANT_BUILDING": 20, "PROPERTY_CODE": 40, "RODENT_PEST": 12, "DEAD_ANIMAL": 12,
        "ANIMAL": 12, "NOISE": 25, "SNOW_ICE": 15, "PARK": 25, "ENCAMPMENT": 15, "POLICE": 30, "HEALTH_AIR": 12,
        "UTILITY": 12, "TRANSIT": 12, "OTHER": 25,
    }
)  # fmt: skip
"""How often each kind is written about in a North American city: our estimate from general knowledge, in parts of
their sum. Used until a city's own labels tell better."""


def services_of_taxonomy() -> list[Service]:
    """One service per category, for a city that has not told us its own, and for measuring."""
    return [Service(service_code=code, service_name=name) for code, name in CATEGORIES.items()]


def service_key(services: Sequence[Service]) -> tuple[tuple[str, str, str, bool, str | None], ...]:
    """What about the services decides an answer, as a value that can be compared and kept."""
    return tuple((one.service_code, one.service_name, one.keywords, one.active, one.category) for one in services)
