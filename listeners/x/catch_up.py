"""Where we stand in a list that X shows newest first: caught up page by page, the mark moved only at the end.

The cursor remembers where in a catch-up we are, so a crash in the middle goes on there.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from models.x_fields import Json, first_id_at, when

OVERLAP = timedelta(seconds=90)
"""Posts can become visible after younger ones: for a while after the newest one we look back this far."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where we stand. `since`: all up to this id is stored. The rest is set only in the middle of a catch-up:
    `start` the id it reaches back to, `top` the newest id it saw, `lowest` the oldest, `page` X's token, `seen` how
    many posts X listed, also those without an id we could use.
    """

    since: str | None = None
    start: str | None = None
    top: str | None = None
    lowest: str | None = None
    page: str | None = None
    seen: int = 0

    @classmethod
    def load(cls, stored: str | None) -> Self | None:
        """A stored cursor; None where what was stored is none."""
        try:
            found = cls(**json.loads(stored)) if stored else cls()
            ids = [one for one in (found.since, found.start, found.top, found.lowest) if one is not None]
            return found if all(is_id(one) for one in ids) else None
        except (ValueError, TypeError, AttributeError):
            return None

    def dump(self) -> str:
        return json.dumps({key: value for key, value in asdict(self).items() if value})

    def beginning(self, now: datetime) -> "Cursor":
        """The first page of a catch-up, unless we are in the middle of one."""
        if self.page:
            return self
        return replace(self, start=_look_back_to(self.since, now), top=None, lowest=None, seen=0)

    def after(self, page: Json) -> "Cursor":
        """Behind this page; `page` is None where it was the last."""
        ids = ids_on(page)
        return replace(
            self,
            top=largest(self.top, *ids),
            lowest=_smallest(self.lowest, *ids),
            page=(page.get("meta") or {}).get("next_token"),
            seen=self.seen + len(page.get("data") or ()),
        )

    def done(self) -> "Cursor":
        """All of the catch-up is stored."""
        return Cursor(since=largest(self.since, self.top))


def ids_on(page: Json) -> Sequence[str]:
    """Ids of the posts of a page; an impossible one does not move the mark."""
    return [post_id for post in page.get("data") or () if is_id(post_id := id_in(post))]


def is_id(written: str) -> bool:
    """Source: X's ids are numbers of 63 bits, 19 digits at most."""
    return written.isdecimal() and len(written) <= 19


def id_in(raw: object) -> str:
    return str(raw.get("id") or "") if isinstance(raw, Mapping) else ""


def largest(*ids: str | None) -> str | None:
    return max((one for one in ids if one), key=int, default=None)


def _smallest(*ids: str | None) -> str | None:
    return min((one for one in ids if one), key=int, default=None)


def _look_back_to(since: str | None, now: datetime) -> str | None:
    if since is None:
        return None
    newest = when(since)
    return min(since, first_id_at(newest - OVERLAP), key=int) if now - newest < 3 * OVERLAP else since
