"""Pictures that we upload before the post that shows them, with what we say of each."""

import sqlite3
from collections.abc import Sequence

from hark311.simulator.spoken import Json
from hark311.simulator.store import Store

FIRST = 1_880_000_000_000_000_000


def keep_upload(store: Store, mime: str, body: bytes, alt: str = "") -> int:
    """Keep a picture until a post names it; its number."""
    with store.writing() as write:
        number = FIRST + int(write.execute("SELECT count(*) FROM uploads").fetchone()[0])
        write.execute("INSERT INTO uploads VALUES (?, ?)", (number, alt))
        write.execute("INSERT INTO pictures VALUES (?, ?, ?)", (_name(number), mime, body))
    return number


def describe_upload(store: Store, number: int, alt: str) -> bool:
    """Say what a picture shows; False where there is no such picture."""
    with store.writing() as write:
        return bool(write.execute("UPDATE uploads SET alt = ? WHERE number = ?", (alt, number)).rowcount)


def uploaded(store: Store, numbers: Sequence[int]) -> list[Json]:
    """Pictures as posts hold them. Raises LookupError where one was never uploaded."""
    found: list[Json] = []
    for number in numbers:
        row: sqlite3.Row | None = store.row("SELECT alt FROM uploads WHERE number = ?", (number,))
        if row is None:
            raise LookupError(f"no upload {number}")
        found.append({"name": _name(number), "alt": row["alt"]})
    return found


def _name(number: int) -> str:
    return f"upload-{number}"
