"""What a listener on Mastodon has heard: where it stands in the notifications, and in which threads the posts stand."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from models.mastodon_fields import UNREADABLE, as_post, edited_at, kept, when
from models.posts import IncomingPost, PostKind, UnreadableItem

ROOTS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Heard:
    """A listener's cursor: the newest notification heard, when it was made, and when the newest edit heard was made.

    Times are text that grows with time; ids are text and are never compared.
    """

    after: str = "0"
    at: str = ""
    edited: str = ""

    @classmethod
    def read(cls, cursor: str | None) -> Self:
        """What a cursor says; anything but one of ours begins with the oldest there is, and so loses nothing."""
        with suppress(*UNREADABLE):
            kept = json.loads(cursor or "")
            if kept["after"] and all(isinstance(kept[name], str) for name in ("after", "at", "edited")):
                return cls(kept["after"], kept["at"], kept["edited"])
        return cls()

    def moved(self, newest: Any) -> "Heard":
        """On to a notification, never back: a page may come twice."""
        at = when(newest["created_at"])
        return Heard(str(newest["id"]), at, self.edited) if at >= self.at else self

    def misses(self, newest: Sequence[Any]) -> bool:
        """Whether the newest notifications go on after what was heard."""
        return bool(newest) and str(newest[-1]["id"]) != self.after and when(newest[-1]["created_at"]) >= self.at

    def edits_in(self, page: Sequence[Any]) -> list[Any]:
        """Notifications whose statuses were edited since."""
        return [one for one in page if edited_at(one.get("status")) > self.edited]

    def seen_edits(self, page: Sequence[Any]) -> "Heard":
        """The same, after the edits of what some notifications tell of."""
        return Heard(self.after, self.at, max([self.edited, *(edited_at(one["status"]) for one in page)]))

    def written(self) -> str:
        """The cursor to store."""
        return json.dumps({"after": self.after, "at": self.at, "edited": self.edited})


def notifications_in(page: Any) -> list[Any]:
    """Notifications, oldest first whatever order they came in. Raises ValueError for what is no page of them."""
    if not isinstance(page, list):
        raise ValueError("Mastodon answered something that is no list of notifications")
    if not all(isinstance(one, Mapping) and one.get("id") and when(one.get("created_at")) for one in page):
        raise ValueError("Mastodon sent something that is no notification")
    return page if page and when(page[0]["created_at"]) < when(page[-1]["created_at"]) else page[::-1]


class Threads:
    """Reads statuses as posts, and remembers of those seen lately in which thread they stand: the id of its first."""

    def __init__(self) -> None:
        self._roots: dict[str, str] = {}

    def knows(self, status: Any) -> bool:
        """Whether it is plain in which thread a status stands."""
        return not status["in_reply_to_id"] or str(status["in_reply_to_id"]) in self._roots

    def learn(self, statuses: Sequence[Any], root: str = "") -> None:
        """These stand in one thread, which begins with `root`, or with the first of them."""
        self._roots |= {str(one["id"]): root or str(statuses[0]["id"]) for one in statuses}

    def read(self, status: Any, kind: PostKind, our_id: str) -> IncomingPost:
        """A status as a post in its thread. Raises one of UNREADABLE."""
        own, parent = str(status["id"]), str(status["in_reply_to_id"] or "")
        root = self._roots[own] = self._roots.get(own) or self._roots.get(parent) or parent or own
        while len(self._roots) > ROOTS_KEPT:
            del self._roots[next(iter(self._roots))]
        return as_post(status, kind, our_id, root)


def unreadable(notification: Any, error: Exception) -> UnreadableItem:
    """What a notification tells of and cannot be read, kept as it came, under the id by which its deletion is told."""
    status = notification.get("status")
    told_of = status if isinstance(status, Mapping) and status.get("id") else notification
    reason = f"Mastodon sent a post we cannot read ({type(error).__name__})"
    return UnreadableItem(str(told_of["id"]), reason, json.dumps(kept(notification)))
