"""Photos for tests, drawn by code, with whatever EXIF a test wants in them."""

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

HALL: Mapping[int, Any] = {
    GPS.GPSLatitudeRef: "N",
    GPS.GPSLatitude: (39.0, 57.0, 9.0),
    GPS.GPSLongitudeRef: "W",
    GPS.GPSLongitude: (75.0, 9.0, 50.4),
    GPS.GPSHPositioningError: 8.0,
}
"""39.9525, -75.164, give or take 8 m."""


def a_photo(
    gps: Mapping[int, Any] | None = None, *, kind: str = "JPEG", size: tuple[int, int] = (40, 30), orientation: int = 1
) -> bytes:
    """A photo whose left half is red and whose right half is blue."""
    picture = Image.new("RGB", size, "blue")
    picture.paste("red", (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[Base.Make] = "Tin Box"
    exif[Base.Orientation] = orientation
    if gps is not None:
        exif.get_ifd(IFD.GPSInfo).update(gps)
    out = io.BytesIO()
    picture.save(out, kind, exif=exif, quality=95)
    return out.getvalue()
