"""What a mention is sorted by follows its request and its understanding, on both databases."""

import struct
from datetime import timedelta

from models import (
    AreaKind,
    Database,
    Feature,
    FeatureKind,
    LayerKind,
    RequestState,
    Service,
    Understanding,
)
from models.place_layers import add_layer
from models.shapes import holds
from models.sorting import areas_in_use, sort_mention
from tests.rows import MORNING, a_mention, a_request


def square(west: float, south: float, size: float, hole: float = 0.0) -> bytes:
    """A square in WKB, in degrees, with a square hole in its middle."""
    rings = [_ring(west, south, size)]
    if hole:
        rings.append(_ring(west + (size - hole) / 2, south + (size - hole) / 2, hole))
    return struct.pack("<BII", 1, 3, len(rings)) + b"".join(rings)


def _ring(west: float, south: float, size: float) -> bytes:
    corners = [(0.0, 0.0), (size, 0.0), (size, size), (0.0, size), (0.0, 0.0)]
    points = [number for x, y in corners for number in (west + x, south + y)]
    return struct.pack("<I", len(corners)) + struct.pack(f"<{len(points)}d", *points)


def area(name: str, kind: AreaKind, shape: bytes) -> Feature:
    return Feature(FeatureKind.AREA, name, other=kind, shape=shape)


def test_the_service_is_that_of_the_request_and_else_of_the_guess(either_database: Database) -> None:
    with either_database.write() as session:
        for code in ("POTHOLE", "LIGHT"):
            session.add(Service(service_code=code, service_name=code))
        session.flush()
        mention = a_mention(session)
        session.add(
            Understanding(
                mention_id=mention.id or 0, model_version="m", language="es", service_code="LIGHT", created_at=MORNING
            )
        )
        sort_mention(session, mention)
        assert (mention.service_code, mention.language, mention.area) == ("LIGHT", "es", "")
        request = a_request(session, mention)
        request.service_code, request.expected_datetime = "POTHOLE", MORNING + timedelta(days=3)
        session.add(request)
        sort_mention(session, mention)
        assert (mention.service_code, mention.promised_at) == ("POTHOLE", MORNING + timedelta(days=3))
        request.state = RequestState.CANCELLED
        session.add(request)
        sort_mention(session, mention)
        assert (mention.service_code, mention.promised_at) == ("LIGHT", None)


def test_the_area_is_the_smallest_of_the_finest_kind_around_the_place(either_database: Database) -> None:
    with either_database.write() as session:
        areas = [
            area("Riverton", AreaKind.CITY, square(-76, 39, 3)),
            area("District 1", AreaKind.DISTRICT, square(-75.3, 39.8, 0.5)),
            area("Old Town", AreaKind.NEIGHBOURHOOD, square(-75.2, 39.9, 0.2, hole=0.02)),
            area("Lock Street", AreaKind.NEIGHBOURHOOD, square(-75.2, 39.9, 0.05)),
        ]
        add_layer(session, "Riverton", LayerKind.AREAS, "areas", areas, now=MORNING)
        assert areas_in_use(session) == ["District 1", "Lock Street", "Old Town"]
        mention = a_mention(session)
        request = a_request(session, mention)
        for lat, lon, expected in (
            (39.92, -75.18, "Lock Street"),
            (40.05, -75.05, "Old Town"),
            (40.0, -75.1, "District 1"),  # in the hole of the old town
            (39.85, -75.25, "District 1"),
            (39.5, -75.5, ""),
        ):
            request.lat, request.long = lat, lon
            session.add(request)
            sort_mention(session, mention)
            assert mention.area == expected


def test_a_shape_of_several_polygons_holds_what_each_of_them_holds() -> None:
    both = struct.pack("<BII", 1, 6, 2) + square(0, 0, 1) + square(5, 5, 1)
    assert holds(both, 0.5, 0.5)
    assert holds(both, 5.5, 5.5)
    assert not holds(both, 3, 3)
    assert not holds(both[:-9], 5.5, 5.5)
