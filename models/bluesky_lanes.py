"""Where a listener stands in Bluesky's lists, which begin with the newest and know no `since`.

Two lanes (notifications; a search for our handle) page down to their floor, which rises only once the last page of a
catch-up is stored: a crash in the middle goes on there. The newest posts are known by uri and cid; another cid of a
known uri is a new version. Source: lexicons app.bsky.notification.listNotifications, app.bsky.feed.searchPosts.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from models.bluesky_fields import UNREADABLE, Json, moment, said_in
from models.bluesky_posts import Mark, mark_of, names
from models.posts import NoticedGap

OVERLAP = timedelta(seconds=90)
"""Posts stand where their author's clock puts them: for so long below the newest we look again."""
FIRST_LOOK, SEARCH_EVERY = timedelta(days=7), timedelta(seconds=60)
REFUSED_FOR = timedelta(minutes=10)
"""A search that our key is refused for comes again so much later: each time may cost a sign-in, of 300 a day."""
REMEMBERED, PAGE = 50, 100
REASONS = ("mention", "reply", "quote")


@dataclass(frozen=True, slots=True)
class Page:
    """What Bluesky sent, newest first, and its token for what comes after."""

    sent: Sequence[Any]
    token: str

    @property
    def times(self) -> list[datetime]:
        """When they were indexed."""
        return [time for raw in self.sent if (time := moment(said_in(raw, "indexedAt")))]

    def going_on_with(self, ahead: "Page") -> Self:
        """This page, where it holds what the same question gave that asked for a single one. Raises ValueError."""
        uris = {said_in(raw, "uri") for raw in self.sent}
        if len(ahead.sent) > 1 or not all(said_in(raw, "uri") in uris for raw in ahead.sent):
            raise ValueError("Bluesky sent a page that does not go on where the last one ended")
        return self


@dataclass(frozen=True, slots=True)
class Lane:
    """Stored down to `floor`. In the middle of a catch-up: Bluesky's token `page`, and the newest time seen."""

    floor: str = ""
    page: str = ""
    top: str = ""

    def after(self, page: Page, known: Sequence[Mark]) -> tuple["Lane", bool]:
        """Where it stands once a page is stored, and whether the catch-up goes on."""
        times, floor = page.times, moment(self.floor)
        top = max([*times, *filter(None, [moment(self.top)])], default=None)
        at_floor = bool(floor and times and min(times) <= floor)
        if page.sent and page.token and page.token != self.page and not at_floor:
            return replace(self, page=page.token, top=top.isoformat() if top else ""), True
        oldest_known = [found for one in known[REMEMBERED - 1 :] if (found := moment(one[0]))]
        risen = max([top - OVERLAP, *(min(one, top) for one in oldest_known)]) if top else floor
        return Lane(max(filter(None, [floor, risen])).isoformat() if floor or risen else ""), False


@dataclass(frozen=True, slots=True)
class Cursor:
    """Both lanes, whose turn it is, when a search last ended; of the newest posts time, short uri, short cid."""

    notified: Lane = Lane()
    found: Lane = Lane()
    searching: bool = False
    searched: str = ""
    known: Sequence[Mark] = ()

    @classmethod
    def load(cls, stored: str | None, now: datetime) -> tuple[Self, NoticedGap | None]:
        """A stored cursor, or the first one; what was stored and is none is lost, and all there is is read again."""
        if not stored:
            first = Lane((now - FIRST_LOOK).isoformat())
            return cls(first, first, searched=now.isoformat()), None
        with suppress(*UNREADABLE):
            given = json.loads(stored)
            lanes = [Lane(**given.pop(name)) for name in ("notified", "found")]
            known = [(str(time), str(uri), str(cid)) for time, uri, cid in given.pop("known")]
            times = [given["searched"], *(time for lane in lanes for time in (lane.floor, lane.top) if time)]
            if all(map(moment, times)):
                return cls(lanes[0], lanes[1], known=known, **given), None
        lost = "our place in Bluesky's list was lost; what Bluesky still shows is read again"
        return cls(searched=now.isoformat()), NoticedGap("", "", lost)

    def written(self) -> str:
        """The cursor to store."""
        return json.dumps(asdict(self))

    @property
    def lane(self) -> Lane:
        """The lane whose turn it is."""
        return self.found if self.searching else self.notified

    def question(self, handle: str) -> tuple[str, dict[str, Any]]:
        """The call that gives the next page, and what it is asked."""
        asked: dict[str, Any] = {"limit": PAGE} | ({"cursor": self.lane.page} if self.lane.page else {})
        if self.searching:
            return "app.bsky.feed.searchPosts", asked | {"q": f"@{handle}", "sort": "latest"}
        return "app.bsky.notification.listNotifications", asked | {"reasons": list(REASONS)}

    def page_in(self, answer: Json) -> Page:
        """The page an answer holds. Raises ValueError for what is none: it would end a catch-up half-way."""
        sent, token = answer.get("posts" if self.searching else "notifications"), answer.get("cursor") or ""
        if not isinstance(sent, list) or not isinstance(token, str):
            raise ValueError("Bluesky answered something that is no page")
        return Page(sent, token)

    def news_on(self, page: Page, handle: str) -> list[Any]:
        """What on a page concerns us, and is not known in this version."""
        known = {uri: cid for _, uri, cid in self.known}
        marked = [(raw, mark_of(raw)) for raw in page.sent if self._concerns_us(raw, handle)]
        return [raw for raw, (_, uri, cid) in marked if known.get(uri, "") != cid]

    def _concerns_us(self, raw: Any, handle: str) -> bool:
        return names(raw, handle) if self.searching else said_in(raw, "reason") in ("", *REASONS)

    def without_search(self, now: datetime, *, refused: bool) -> "Cursor":
        """The same with the search put off, longer where our key was refused for it.

        The next one begins with the newest post and goes down to the floor of before: what lies between is not lost.
        """
        again = now + REFUSED_FOR if refused else now
        return replace(self, found=Lane(self.found.floor), searching=False, searched=again.isoformat())

    def after(self, page: Page, read: Sequence[Mark], now: datetime) -> tuple["Cursor", bool]:
        """Where we stand once a page is stored, of which these posts were read; and whether another waits now."""
        marks = {uri: (time, uri, cid) for time, uri, cid in (*self.known, *read)}
        known = sorted(marks.values(), reverse=True)[:REMEMBERED]
        lane, goes_on = self.lane.after(page, known)
        here = replace(self, known=known)
        here = replace(here, found=lane) if self.searching else replace(here, notified=lane)
        if goes_on:
            return here, True
        if self.searching:
            return replace(here, searching=False, searched=now.isoformat()), False
        due = now - (moment(self.searched) or now) >= SEARCH_EVERY
        return replace(here, searching=due), due
