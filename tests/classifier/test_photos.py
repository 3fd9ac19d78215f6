"""Where a photo was taken, read from friendly and hostile files; and photos with nothing left in them."""

import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL.ExifTags import GPS

from classifier.places.photos import read_gps
from models.posts import Pin
from tests.classifier.photographs import HALL, a_photo

PLACED = a_photo(HALL)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_photo_says_where_it_was_taken_and_how_surely(kind: str) -> None:
    assert read_gps(a_photo(HALL, kind=kind)) == Pin(39.9525, -75.164, 8.0)


def test_a_photo_from_the_south_and_east_has_its_signs_right() -> None:
    there = {**HALL, GPS.GPSLatitudeRef: "S", GPS.GPSLongitudeRef: "E"}
    assert read_gps(a_photo(there)) == Pin(-39.9525, 75.164, 8.0)


def test_a_photo_that_does_not_say_how_surely_has_no_accuracy() -> None:
    unsure = {tag: value for tag, value in HALL.items() if tag != GPS.GPSHPositioningError}
    assert read_gps(a_photo(unsure)) == Pin(39.9525, -75.164, None)


def test_a_photo_without_a_place_has_none() -> None:
    assert read_gps(a_photo()) is None


@pytest.mark.parametrize(
    "absurd",
    [
        {GPS.GPSLatitude: (95.0, 0.0, 0.0)},
        {GPS.GPSLongitude: (181.0, 0.0, 0.0)},
        {GPS.GPSLatitude: (39.0, 75.0, 0.0)},
        {GPS.GPSLatitude: (39.0, 57.0)},
        {GPS.GPSLatitude: (0.0, 0.0, 0.0), GPS.GPSLongitude: (0.0, 0.0, 0.0)},
        {GPS.GPSLatitudeRef: "X"},
        {GPS.GPSLatitudeRef: ""},
        {GPS.GPSStatus: "V"},
        {GPS.GPSHPositioningError: 60_000.0},
    ],
    ids=lambda absurd: ", ".join(GPS(tag).name for tag in absurd),
)
def test_an_absurd_place_is_none(absurd: dict[int, Any]) -> None:
    assert read_gps(a_photo({**HALL, **absurd})) is None


def test_a_fraction_over_nothing_is_no_place() -> None:
    photo = a_photo(HALL)
    degrees = struct.pack("<II", 39, 1)
    other = struct.pack(">II", 39, 1)
    assert degrees in photo or other in photo
    broken = photo.replace(degrees, struct.pack("<II", 39, 0)).replace(other, struct.pack(">II", 39, 0))
    assert read_gps(broken) is None


@pytest.mark.parametrize("rest", [0, 1, 4, 12, 30, 90, 200])
def test_a_photo_that_is_cut_off_never_raises(rest: int) -> None:
    assert read_gps(PLACED[:rest]) in (None, Pin(39.9525, -75.164, 8.0))


@given(st.binary(max_size=400))
def test_bytes_that_are_no_photo_are_no_place(noise: bytes) -> None:
    assert read_gps(noise) is None


@given(st.integers(0, len(PLACED) - 1), st.integers(0, 255))
def test_a_photo_with_any_byte_changed_is_some_place_on_earth_or_none(at: int, byte: int) -> None:
    pin = read_gps(PLACED[:at] + bytes([byte]) + PLACED[at + 1 :])
    assert pin is None or (abs(pin.lat) <= 90 and abs(pin.lon) <= 180)


def a_bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be as large as this."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [8_000, 60_000])
def test_a_picture_that_would_fill_the_memory_is_never_unpacked(side: int) -> None:
    assert read_gps(a_bomb(side, side)) is None


def test_a_document_that_is_no_picture_is_no_photo() -> None:
    assert read_gps(b"%PDF-1.7 a letter") is None
