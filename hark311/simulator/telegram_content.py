"""The content part of a resident's Telegram message, and the files behind it."""

import hashlib
import sqlite3
from pathlib import PurePosixPath

from hark311.simulator.attached import decoded
from hark311.simulator.pictures import HEIGHT, WIDTH, draw_png
from hark311.simulator.spoken import Json, Picture, SaidOnTelegram
from hark311.simulator.telegram_text import marks_in


def keep_file(write: sqlite3.Connection, path: str, mime: str, body: bytes | None) -> Json:
    """Register a file under a path such as photos/12_0.png; None as body means: drawn from the path when asked for."""
    mark = hashlib.sha256(path.encode() if body is None else body).hexdigest()
    file_id, unique_id = f"BQAD{hashlib.sha256(path.encode()).hexdigest()[:28]}", f"AQAD{mark[:14]}"
    write.execute("INSERT OR REPLACE INTO tg_files VALUES (?, ?, ?, ?, ?)", (file_id, unique_id, path, mime, body))
    shape: Json = {"file_id": file_id, "file_unique_id": unique_id}
    if body is not None:
        shape["file_size"] = len(body)
    return shape


def file_bytes(row: sqlite3.Row) -> bytes:
    """The bytes of a registered file."""
    return bytes(row["body"]) if row["body"] is not None else draw_png(row["path"])


def photo_sizes(write: sqlite3.Connection, name: str, picture: Picture) -> list[Json]:
    """The sizes of one photo, smallest first."""
    body = decoded(picture.content_base64) if picture.content_base64 is not None else None
    suffix = picture.mime.partition("/")[2].replace("jpeg", "jpg")
    small = keep_file(write, f"photos/{name}_s.{suffix}", picture.mime, body)
    large = keep_file(write, f"photos/{name}_l.{suffix}", picture.mime, body)
    return [small | {"width": 90, "height": 67}, large | {"width": WIDTH, "height": HEIGHT}]


def _captioned(part: Json, caption: str | None) -> Json:
    if caption:
        part["caption"] = caption
        if marks := marks_in(caption):
            part["caption_entities"] = marks
    return part


def content_of(write: sqlite3.Connection, said: SaidOnTelegram, number: int) -> list[Json]:
    """The content of each message that this becomes: one, or one per picture of an album.

    `number` is the first message's id; file names carry it together with the sender's mark.
    """
    mark = f"{abs(hash_of(said)) % 10**8}_{number}"
    if said.text is not None:
        marks = marks_in(said.text)
        return [{"text": said.text, "entities": marks} if marks else {"text": said.text}]
    if said.album:
        return [
            _captioned(
                {
                    "media_group_id": f"9{mark.replace('_', '')}",
                    "photo": photo_sizes(write, f"{mark}_{index}", picture),
                },
                said.caption if index == 0 else None,
            )
            for index, picture in enumerate(said.album)
        ]
    if said.photo is not None:
        return [_captioned({"photo": photo_sizes(write, mark, said.photo)}, said.caption)]
    if said.location is not None:
        return [{"location": said.location.model_dump(exclude_none=True)}]
    if said.venue is not None:
        place = {"latitude": said.venue.latitude, "longitude": said.venue.longitude}
        named = {"location": place, "title": said.venue.title, "address": said.venue.address}
        return [{"venue": named, "location": place}]
    if said.contact is not None:
        return [{"contact": said.contact.model_dump()}]
    if said.voice is not None:
        body = decoded(said.voice.content_base64) if said.voice.content_base64 else b"\0" * 64
        file = keep_file(write, f"voice/{mark}.oga", said.voice.mime_type, body)
        voice = file | {"duration": said.voice.duration, "mime_type": said.voice.mime_type}
        return [_captioned({"voice": voice}, said.caption)]
    if said.document is not None:
        paper = said.document
        body = decoded(paper.content_base64) if paper.content_base64 else paper.file_name.encode()
        file = keep_file(write, f"documents/{mark}{PurePosixPath(paper.file_name).suffix}", paper.mime_type, body)
        document = file | {"file_name": paper.file_name, "mime_type": paper.mime_type}
        return [_captioned({"document": document}, said.caption)]
    raise AssertionError("SaidOnTelegram lets exactly one kind through")


def hash_of(said: SaidOnTelegram) -> int:
    """A number for who sends and where, stable across runs, so that file names of two chats never meet."""
    where = said.chat.id if said.chat else said.sender.id or said.sender.username or said.sender.first_name
    return int.from_bytes(hashlib.sha256(str(where).encode()).digest()[:6], "big")
