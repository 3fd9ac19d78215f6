"""Pictures that residents attach: stored when their bytes were given, drawn on demand when not."""

import base64
import binascii
import sqlite3

from hark311.simulator.pictures import draw_png
from hark311.simulator.spoken import Picture
from hark311.simulator.store import Store


class NotBase64(ValueError):
    """The bytes of a file were given in something other than base64."""


def decoded(content_base64: str) -> bytes:
    """Bytes from base64. Raises NotBase64."""
    try:
        return base64.b64decode(content_base64, validate=True)
    except binascii.Error as error:
        raise NotBase64("content_base64 is not base64") from error


def keep_picture(write: sqlite3.Connection, name: str, picture: Picture) -> str:
    """Store a picture's own bytes under a name, if it has any; return the name."""
    if picture.content_base64 is not None:
        write.execute(
            "INSERT OR REPLACE INTO pictures VALUES (?, ?, ?)", (name, picture.mime, decoded(picture.content_base64))
        )
    return name


def picture_bytes(store: Store, name: str) -> tuple[str, bytes]:
    """MIME type and bytes of a picture by name."""
    found = store.row("SELECT mime, body FROM pictures WHERE name = ?", (name,))
    return (found["mime"], found["body"]) if found else ("image/png", draw_png(name))
