"""The note that one shift leaves for the next, and who has read it."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from models.database import UTCDateTime, json_column
from models.transitions import record

LONGEST_HANDOVER = 8000
TAKEN_OUT = "[a line about a deleted post was taken out]"
QUOTED_WORDS = 4
"""So many words in a row that stand in a post, too, are a quotation; of a shorter post, all of them."""
FEWEST_WORDS = 3


class Handover(SQLModel, table=True):
    """What a person wrote at the end of their shift. `waiting`: what was open then, as counts and ids of ours alone."""

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff_user.id")
    text: str
    waiting: list[dict[str, Any]] = Field(default_factory=list, sa_type=json_column())
    at: datetime = Field(sa_type=UTCDateTime, index=True)


class HandoverRead(SQLModel, table=True):
    """That a person has read a hand-over note."""

    __tablename__ = "handover_read"
    __table_args__ = (UniqueConstraint("handover_id", "staff_id"),)

    id: int | None = Field(default=None, primary_key=True)
    handover_id: int = Field(foreign_key="handover.id")
    staff_id: int = Field(foreign_key="staff_user.id")
    at: datetime = Field(sa_type=UTCDateTime)


def forget_in_handovers(
    session: Session, mention_id: int, posts: Iterable[str], since: datetime, by: str, at: datetime
) -> None:
    """Take out of the notes written since then every line that names the mention (#12) or quotes one of its posts."""
    said = [words for post in posts if len(words := _words(post)) >= FEWEST_WORDS]
    session.flush()
    for note in session.exec(select(Handover).where(col(Handover.at) >= since)).all():
        lines = note.text.split("\n")
        kept = [TAKEN_OUT if _tells_of(line, mention_id, said) else line for line in lines]
        if kept != lines:
            note.text = "\n".join(kept)
            session.add(note)
            record(session, "Handover", note.id or 0, by, f"lines about mention {mention_id} went with its post", at)


def _tells_of(line: str, mention_id: int, posts: list[list[str]]) -> bool:
    if re.search(rf"(#|/mentions/){mention_id}(?!\d)", line):
        return True
    words = _words(line)
    lengths = {min(QUOTED_WORDS, len(post)) for post in posts}
    runs = {length: _runs(words, length) for length in lengths}
    return any(_runs(post, length) & runs[length] for post in posts if (length := min(QUOTED_WORDS, len(post))))


def _runs(words: list[str], length: int) -> set[tuple[str, ...]]:
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}


def _words(text: str) -> list[str]:
    """Words in lower case; scripts that leave no space between words count letter by letter."""
    return re.findall(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u9fff]|[^\W_]+", text.casefold())
