"""The simulated city's service requests: taken, numbered, promised, moved, closed, told again on request."""

import json
import secrets
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hark311.simulator.open311_answers import read_answers
from hark311.simulator.open311_services import BY_CODE, CityService
from hark311.simulator.settings import SimulatorSettings
from hark311.simulator.spoken import Json
from hark311.simulator.store import Store

MAX_DESCRIPTION = 4000
CONTACT_FIELDS = ("email", "device_id", "account_id", "first_name", "last_name", "phone")
DUPLICATE_MS = 3600 * 1000


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
        answers, faults = read_answers(form, service)
        if faults:
            raise NotTaken(*faults)
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
            done = ("The crew finished the work.", span, self.store.now_ms() - span)
            write.execute(
                "INSERT INTO city_updates (request_id, state, words, at_ms) "
                "SELECT id, 'fixed', ?, updated_ms + ? FROM city_requests WHERE status = 'open' AND updated_ms <= ?",
                done,
            )
            write.execute(
                "UPDATE city_requests SET status = 'closed', status_notes = ?, updated_ms = updated_ms + ? "
                "WHERE status = 'open' AND updated_ms <= ?",
                done,
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
        updated_ms: tuple[int, int] | None = None,
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
        column, span = ("updated_ms", updated_ms) if updated_ms else ("requested_ms", span_ms)
        if span is not None and ids is None:
            conditions.append(f"{column} BETWEEN ? AND ?")
            values += span
        return self.store.rows(
            f"SELECT * FROM city_requests WHERE {' AND '.join(conditions)} "  # noqa: S608 - columns named above
            "ORDER BY requested_ms DESC, id DESC LIMIT ? OFFSET ?",
            [*values, limit, offset],
        )

    def move(
        self,
        number: int,
        *,
        status: str | None = None,
        notes: str | None = None,
        state: str | None = None,
        agency: str | None = None,
        expected_ms: int | None = None,
    ) -> bool:
        """The city changes a request; False when there is no such request. `state`: as the updates extension says."""
        with self.store.writing() as write:
            changed = write.execute(
                "UPDATE city_requests SET status = coalesce(?, status), status_notes = coalesce(?, status_notes), "
                "expected_ms = coalesce(?, expected_ms), updated_ms = ? WHERE id = ?",
                (status, notes, expected_ms, self.store.now_ms(), number),
            )
            if changed.rowcount and (status or notes):
                row = write.execute("SELECT status FROM city_requests WHERE id = ?", (number,)).fetchone()
                self.say(number, state or row["status"], notes, agency=agency)
            return changed.rowcount > 0

    def say(
        self,
        number: int,
        state: str,
        words: str | None,
        *,
        key: str | None = None,
        agency: str | None = None,
        media_url: str | None = None,
    ) -> None:
        """Keep what was said of a request. `key`: the update_id of who said it, None for the city's own."""
        with self.store.writing() as write:
            write.execute(
                "INSERT INTO city_updates (key, request_id, state, words, agency, media_url, at_ms) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (key, number, state, words, agency, media_url, self.store.now_ms()),
            )

    def said_of(self, number: int) -> list[sqlite3.Row]:
        """What the city itself said of a request, oldest first."""
        return self.store.rows(
            "SELECT * FROM city_updates WHERE request_id = ? AND key IS NULL ORDER BY id",
            (number,),
        )

    def open_twin(self, fields: dict[str, str]) -> sqlite3.Row | None:
        """An open request of the last hour for the same service at the same place."""
        return self.store.row(
            "SELECT * FROM city_requests WHERE status = 'open' AND service_code = ? AND requested_ms > ? "
            "AND (lat IS NOT NULL AND lat = ? AND long = ? OR address = ?) ORDER BY id LIMIT 1",
            (
                fields.get("service_code"),
                self.store.now_ms() - DUPLICATE_MS,
                _degrees(fields.get("lat")),
                _degrees(fields.get("long")),
                fields.get("address_string") or None,
            ),
        )

    def shape(self, row: sqlite3.Row) -> Json:
        """A request as GeoReport v2 has it."""
        service, said = BY_CODE[row["service_code"]], self.said_of(row["id"])
        return {
            "service_request_id": str(row["id"]),
            "status": row["status"],
            "status_notes": row["status_notes"],
            "service_name": service.name,
            "service_code": service.code,
            "description": row["description"],
            "agency_responsible": next((one["agency"] for one in reversed(said) if one["agency"]), service.agency),
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
            "notes": [
                {"datetime": self.written(one["at_ms"]), "description": one["words"], "type": one["state"]}
                for one in said
                if one["words"]
            ],
        }

    def written(self, ms: int) -> str:
        """A time as the city writes it: whole seconds, city offset."""
        return datetime.fromtimestamp(ms // 1000, UTC).astimezone(self.zone).isoformat()


def _degrees(written: str | None) -> float | None:
    try:
        return float(written or "")
    except ValueError:
        return None


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
