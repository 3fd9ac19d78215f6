"""Where a photo was taken, by its EXIF. The photo itself is never kept, so nothing of it has to be taken out.

A photo is hostile input: it may be cut off, lie about its size, or name a place that is none. All of that is None.
Source: Exif 3.0, 4.6.6 GPS attribute information.
"""

import io
import math
from collections.abc import Mapping
from typing import Any

from PIL import Image, WebPImagePlugin
from PIL.ExifTags import GPS, IFD

from models.posts import Pin

PLACED = ("JPEG", WebPImagePlugin.WebPImageFile.format)
"""What cameras write a place into and whose place can be read without unpacking the picture."""
MOST_METRES = 10_000.0
"""A position that is unsure by more says nothing about where in a city the photo was taken."""


def read_gps(image: bytes) -> Pin | None:
    """Where the photo was taken, as its camera wrote it: degrees WGS 84 and, where told, metres of error.

    None where it does not say, says nonsense, or is no photo. Reads the head only: the picture is never unpacked.
    """
    try:
        with Image.open(io.BytesIO(image), formats=PLACED) as photo:
            return _pin(photo.getexif().get_ifd(IFD.GPSInfo))
    except Exception:
        # whatever Pillow trips over in a broken or hostile file, it is no place
        return None


def _pin(gps: Mapping[int, Any]) -> Pin | None:
    lat = _degrees(gps.get(GPS.GPSLatitude), gps.get(GPS.GPSLatitudeRef), "N", "S", 90)
    lon = _degrees(gps.get(GPS.GPSLongitude), gps.get(GPS.GPSLongitudeRef), "E", "W", 180)
    if lat is None or lon is None or (lat == 0 and lon == 0) or gps.get(GPS.GPSStatus) in ("V", b"V"):
        return None  # zero by zero is what a camera writes that had no fix; V: the fix was void
    error = _number(gps.get(GPS.GPSHPositioningError))
    if error is not None and error > MOST_METRES:
        return None
    return Pin(lat, lon, error if error is not None and error > 0 else None)


def _degrees(parts: Any, side: Any, plus: str, minus: str, limit: int) -> float | None:
    """Degrees from degrees, minutes and seconds; None unless all of it makes sense."""
    if not isinstance(parts, tuple) or len(parts) != 3:
        return None
    numbers = [_number(part) for part in parts]
    side = side.decode("ascii", "replace") if isinstance(side, bytes) else side
    letter = str(side or "").strip("\0 ").upper()[:1]
    if letter not in (plus, minus):
        return None
    degrees, minutes, seconds = numbers
    if degrees is None or minutes is None or seconds is None or minutes >= 60 or seconds >= 60:
        return None
    whole = degrees + minutes / 60 + seconds / 3600
    if whole > limit:
        return None
    return round(-whole if letter == minus else whole, 7)


def _number(value: Any) -> float | None:
    """A finite number that is not negative, from whatever EXIF holds there."""
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) and number >= 0 else None
