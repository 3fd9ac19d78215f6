"""What is said of the simulated city's requests after filing, by the city and by us: mySociety's updates extension."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from hark311.simulator.open311_requests import City, NotTaken
from hark311.simulator.spoken import Json
from hark311.simulator.store import ms_of

OPENED_AGAIN = "Opened again: the resident says that it is not fixed."


@dataclass(frozen=True)
class Move:
    """One thing the city does with a request: GeoReport's status, the extension's finer state, and the words."""

    status: str
    state: str
    words: str


MOVES = {
    "accept": Move("open", "investigating", "We have your report. {agency} looks at it."),
    "schedule": Move("open", "action_scheduled", "Work is planned for {date}."),
    "fix": Move("closed", "fixed", "The crew finished the work."),
    "no_action": Move("closed", "no_further_action", "No action will be taken: {reason}"),
    "duplicate": Move("closed", "duplicate", "This is a duplicate of request {number}."),
    "refer": Move("closed", "not_councils_responsibility", "Referred to {agency}, who is responsible for it."),
    "not_found": Move("closed", "closed", "The crew went there and could not find the problem."),
    "need_information": Move("open", "open", "We need more information: {reason}"),
}
"""What the control API can have the city do, by name."""


class Updates:
    """Updates over the store: one row for everything said of a request, whoever said it."""

    def __init__(self, city: City) -> None:
        self.city = city

    def do(
        self, number: int, name: str, *, reason: str = "", agency: str = "", of: str = "", date: datetime | None = None
    ) -> bool:
        """Do one of MOVES; False when there is no such request. A date becomes the request's expected_datetime."""
        row = self.city.request(number, hidden_too=True)
        if row is None:
            return False
        move, shape = MOVES[name], self.city.shape(row)
        words = move.words.format(
            agency=agency or shape["agency_responsible"],
            reason=reason or "it was looked at and is as it should be.",
            number=of,
            date=f"{date:%A, %B} {date.day}" if date else "next week",
        )
        return self.city.move(
            number,
            status=move.status,
            notes=words,
            state=move.state,
            agency=agency or None,
            expected_ms=ms_of(date) if date else None,
        )

    def take(self, form: dict[str, str], *, refuse_repeats: bool = False) -> Json:
        """Store an update that we post and return its receipt. Raises NotTaken.

        An update_id that is held is ignored, as FixMyStreet does, or refused by an endpoint that knows it no better.
        """
        for name in ("update_id", "service_request_id", "updated_datetime", "status", "description"):
            if not form.get(name):
                raise NotTaken((400, f"{name} was not provided"))
        if form["status"] not in ("OPEN", "CLOSED"):
            raise NotTaken((400, "status is OPEN or CLOSED"))
        if not _is_aware(form["updated_datetime"]):
            raise NotTaken((400, "updated_datetime is not an ISO 8601 time with an offset"))
        number = form["service_request_id"]
        row = self.city.request(int(number)) if number.isdigit() and len(number) <= 18 else None
        if row is None:
            raise NotTaken((404, "service_request_id was not found"))
        key = form["update_id"]
        if self.city.store.row("SELECT 1 FROM city_updates WHERE key = ?", (key,)):
            if refuse_repeats:
                raise NotTaken((400, f"update_id {key} is held already"))
            return {"update_id": key}
        with self.city.store.writing():
            self.city.say(
                row["id"], form["status"].lower(), form["description"], key=key, media_url=form.get("media_url")
            )
            if form["status"] == "OPEN" and row["status"] == "closed":
                self.city.move(row["id"], status="open", notes=OPENED_AGAIN)
        return {"update_id": key}

    def between(self, span_ms: tuple[int, int]) -> list[Json]:
        """What was said in a time span, oldest first."""
        rows = self.city.store.rows("SELECT * FROM city_updates WHERE at_ms BETWEEN ? AND ? ORDER BY id", span_ms)
        return [self._shape(row) for row in rows]

    def _shape(self, row: sqlite3.Row) -> Json:
        return {
            "update_id": row["key"] or str(row["id"]),
            "service_request_id": str(row["request_id"]),
            "status": row["state"].upper() if row["state"] in ("open", "closed") else row["state"],
            "updated_datetime": self.city.written(row["at_ms"]),
            "description": row["words"] or "",
            "media_url": row["media_url"],
        }


def _is_aware(written: str) -> bool:
    try:
        return datetime.fromisoformat(written.replace(" ", "+")).tzinfo is not None
    except ValueError:
        return False
