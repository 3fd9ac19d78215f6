"""Where we stand in what a channel shows for a hashtag, the newest first: paged down to a floor that then rises.

Posts can come in after younger ones (another server was slow), so that the floor stays a while below the newest. What
is seen again is stored already. The cursor remembers where in a catch-up we are: a crash goes on there.
"""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Self

OVERLAP = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class TagPlace:
    """All down to `floor` is stored. In the middle of a catch-up: the channel's `page`, and the newest time seen.

    Times are ISO 8601 with their zone.
    """

    floor: str
    page: str = ""
    top: str = ""

    @classmethod
    def load(cls, cursor: str | None, begins_at: datetime) -> Self:
        """A stored place; anything but one of ours begins with the rule, and so loses nothing."""
        with suppress(ValueError, TypeError):
            place = cls(**json.loads(cursor or ""))
            if all(datetime.fromisoformat(one).tzinfo for one in (place.floor, place.top) if one):
                return place
        return cls(begins_at.isoformat())

    def after(self, times: Sequence[datetime], page: str) -> tuple["TagPlace", bool]:
        """Behind a page with posts of these times, and whether another waits; `page`: where it goes on, "" nowhere."""
        floor = datetime.fromisoformat(self.floor)
        top = max([*times, *([datetime.fromisoformat(self.top)] if self.top else [])], default=floor)
        if times and page and page != self.page and min(times) > floor:
            return replace(self, page=page, top=top.isoformat()), True
        return TagPlace(max(floor, top - OVERLAP).isoformat()), False

    def written(self) -> str:
        """The cursor to store."""
        return json.dumps(asdict(self))


def tag_in(query: str) -> str:
    """The hashtag a rule looks for, without its sign. Raises ValueError for any other rule."""
    if not (found := re.fullmatch(r"#(\w+)", query.strip())):
        raise ValueError("this channel can be searched for one hashtag alone")
    return found[1]
