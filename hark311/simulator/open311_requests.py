"""The simulated city's service requests: taken, numbered, promised, moved, closed, told again on request."""

import json
import re
import secrets
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hark311.simulator.open311_services import BY_CODE, CityService
from hark311.simulator.settings import SimulatorSettings
from hark311.simulator.spoken import Json
from hark311.simulator.store import Store

MAX_DESCRIPTION = 4000
CONTACT_FIELDS = ("email", "device_id", "account_id", "first_name", "last_name", "phone")
_ANSWER = re.compile(r"attribute\[([^\]]+)\](\[\])?")


class NotTaken(Exception):
    """A submission the city refuses; `faults` are (code, description) pairs."""

    def __init__(self, *faults: tuple[int, str]) -> None:
        super().__init__("; ".join(description for _, description in faults))
        self.faults = faults


class City:
    """Requests over the store. Ids have eight digits and go on upward."""

    def __init__(self, store: Store, settings: SimulatorSettings) -> None:
        self.store = store
        self.settings = settings
        self.zone = ZoneInfo(settings.city_timezone)

    def promise_ms(self, service: CityService, from_ms: int) -> int:
        """When a request made now should be done: five in the afternoon, business days on, city time."""
        day = datetime.fromtimestamp(from_ms / 1000, self.zone)
        left = service.days
        while left:
            day += timedelta(days=1)
            left -= day.weekday() < 5
        return int(day.replace(hour=17, minute=0, second=0, microsecond=0).timestamp() * 1000)

    def take(self, form: Sequence[tuple[str, str]]) -> sqlite3.Row:
        """Store a submission given as form pairs and return its row. Raises NotTaken."""
        fields = dict(form)
        service = BY_CODE.get(fields.get("service_code", ""))
        if "service_code" not in fields:
            raise NotTaken((400, "service_code was not provided"))
        if service is None:
            raise NotTaken((404, f"service_code {fields['service_code']!r} was not found"))
        latitude, longitude = _coordinates(fields)
        if latitude is None and not fields.get("address_string") and not fields.get("address_id"):
            raise NotTaken((400, "a location is required: lat and long, address_string or address_id"))
        if len(fields.get("description", "")) > MAX_DESCRIPTION:
            raise NotTaken((400, f"description is longer than {MAX_DESCRIPTION} characters"))
        answers = _answers(form, service)
        now = self.store.now_ms()
        contact = {name: fields[name] for name in CONTACT_FIELDS if fields.get(name)}
        with self.store.writing() as write:
            cursor = write.execute(
                "INSERT INTO city_requests (token, ready_ms, service_code, status, description, lat, long, address, "
                "address_id, media_url, answers, contact, requested_ms, updated_ms, expected_ms) "
                "VALUES (?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    secrets.token_hex(12) if service.batch else None,
                    now + int(self.settings.token_delay * 1000) if service.batch else now,
                    service.code,
                    fields.get("description", ""),
                    latitude,
                    longitude,
                    fields.get("address_string"),
                    fields.get("address_id"),
                    fields.get("media_url"),
                    json.dumps(answers),
                    json.dumps(contact),
                    now,
                    now,
                    self.promise_ms(service, now),
                ),
            )
            row = write.execute("SELECT * FROM city_requests WHERE id = ?", (cursor.lastrowid,)).fetchone()
            taken: sqlite3.Row = row
            return taken

    def settle_by_clock(self) -> None:
        """Close what has been open for `close_after` seconds, if the simulator was told to."""
        if self.settings.close_after is None:
            return
        span = int(self.settings.close_after * 1000)
        with self.store.writing() as write:
            write.execute(
                "UPDATE city_requests SET status = 'closed', status_notes = ?, updated_ms = updated_ms + ? "
                "WHERE status = 'open' AND updated_ms <= ?",
                ("The crew finished the work.", span, self.store.now_ms() - span),
            )

    def request(self, number: int, *, hidden_too: bool = False) -> sqlite3.Row | None:
        """A request by id; one whose token has not been settled is hidden from the API."""
        self.settle_by_clock()
        ready = 2**62 if hidden_too else self.store.now_ms()
        return self.store.row("SELECT * FROM city_requests WHERE id = ? AND ready_ms <= ?", (number, ready))

    def by_token(self, token: str) -> sqlite3.Row | None:
        """A request by its token, settled or not."""
        return self.store.row("SELECT * FROM city_requests WHERE token = ?", (token,))

    def settle_tokens(self) -> None:
        """Give every token its number now."""
        with self.store.writing() as write:
            write.execute("UPDATE city_requests SET ready_ms = min(ready_ms, ?)", (self.store.now_ms(),))

    def search(
        self,
        *,
        ids: Sequence[int] | None = None,
        codes: Sequence[str] = (),
        statuses: Sequence[str] = (),
        span_ms: tuple[int, int] | None = None,
        limit: int = 1000,
        offset: int = 0,
    ) -> list[sqlite3.Row]:
        """Settled requests, newest first; ids override all else."""
        self.settle_by_clock()
        conditions, parameters = ["ready_ms <= ?"], [self.store.now_ms()]
        values: list[object] = list(parameters)
        for column, wanted in (("id", ids),) if ids is not None else (("service_code", codes), ("status", statuses)):
            if wanted:
                conditions.append(f"{column} IN ({','.join('?' * len(wanted))})")
                values += wanted
        if span_ms is not None and ids is None:
            conditions.append("requested_ms BETWEEN ? AND ?")
            values += span_ms
        return self.store.rows(
            f"SELECT * FROM city_requests WHERE {' AND '.join(conditions)} "  # noqa: S608 - columns named above
            "ORDER BY requested_ms DESC, id DESC LIMIT ? OFFSET ?",
            [*values, limit, offset],
        )

    def move(self, number: int, *, status: str | None = None, notes: str | None = None) -> bool:
        """The city changes a request's status or notes; False when there is no such request."""
        with self.store.writing() as write:
            changed = write.execute(
                "UPDATE city_requests SET status = coalesce(?, status), status_notes = coalesce(?, status_notes), "
                "updated_ms = ? WHERE id = ?",
                (status, notes, self.store.now_ms(), number),
            )
            return changed.rowcount > 0

    def shape(self, row: sqlite3.Row) -> Json:
        """A request as GeoReport v2 has it."""
        service = BY_CODE[row["service_code"]]
        return {
            "service_request_id": str(row["id"]),
            "status": row["status"],
            "status_notes": row["status_notes"],
            "service_name": service.name,
            "service_code": service.code,
            "description": row["description"],
            "agency_responsible": service.agency,
            "service_notice": service.notice,
            "requested_datetime": self.written(row["requested_ms"]),
            "updated_datetime": self.written(row["updated_ms"]),
            "expected_datetime": self.written(row["expected_ms"]),
            "address": row["address"],
            "address_id": row["address_id"],
            "zipcode": None,
            "lat": row["lat"],
            "long": row["long"],
            "media_url": row["media_url"],
        }

    def written(self, ms: int) -> str:
        """A time as the city writes it: whole seconds, city offset."""
        return datetime.fromtimestamp(ms // 1000, UTC).astimezone(self.zone).isoformat()


def _coordinates(fields: dict[str, str]) -> tuple[float | None, float | None]:
    if not fields.get("lat") or not fields.get("long"):
        return None, None
    try:
        latitude, longitude = float(fields["lat"]), float(fields["long"])
    except ValueError as error:
        raise NotTaken((400, "lat and long must be numbers")) from error
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise NotTaken((400, "lat and long are not on this planet"))
    return latitude, longitude


def _answers(form: Sequence[tuple[str, str]], service: CityService) -> dict[str, list[str]]:
    """The answers to a service's questions, by code. Raises NotTaken for unknown keys and missing answers."""
    answers: dict[str, list[str]] = {}
    for name, value in form:
        match = _ANSWER.fullmatch(name)
        if match and value:
            answers.setdefault(match[1], []).append(value)
    faults: list[tuple[int, str]] = []
    for question in service.questions:
        given = answers.get(question.code, [])
        if question.required and question.variable and not given:
            faults.append((400, f"attribute[{question.code}] is required: {question.description}"))
        known = {key for key, _ in question.values}
        faults += [
            (400, f"attribute[{question.code}] cannot be {value!r}") for value in given if known and value not in known
        ]
    if faults:
        raise NotTaken(*faults)
    return answers
