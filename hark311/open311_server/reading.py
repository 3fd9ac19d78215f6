"""What is asked and reported, read from queries and forms. Pure; everything that is wrong is said at once.

Source: GeoReport v2, GET and POST service requests; the service request updates extension (mySociety).
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from hark311.open311_server.wire import Fault, Refused, cleaned, refused
from models import Datatype, Service, ServiceAttribute
from models.open311 import open_or_closed

LONGEST_SPAN = timedelta(days=90)
LONGEST_PAGE = 1000
LONGEST_DESCRIPTION = 4000
LONGEST_FIELD = 500
MOST_IDS = 200
MOST_PAGES = 100_000
_STATE = re.compile(r"[a-z][a-z_]{0,39}")
_ANSWER = re.compile(r"attribute\[([^\[\]]{1,100})\](\[\])?")

Pairs = Sequence[tuple[str, str]]
Answer = str | list[str]


@dataclass(frozen=True, slots=True)
class ListAsked:
    """What GET requests asks for. `ids` override all else; times are aware; `page` counts from 1."""

    ids: tuple[str, ...]
    codes: tuple[str, ...]
    statuses: frozenset[str]
    start: datetime
    end: datetime
    page: int
    page_size: int


@dataclass(frozen=True, slots=True)
class Report:
    """One report as a partner sent it. `answers`: to the service's questions, by code; a list for several values.

    `sender`: device and account as the partner named them, only to know the same report again; never stored.
    """

    service_code: str
    description: str
    lat: float | None
    long: float | None
    address: str
    media_url: str
    answers: Mapping[str, Answer]
    sender: tuple[str, str] = ("", "")
    account_id: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class UpdateReported:
    """A change of a request as a partner tells it. `state`: open, closed, or a finer state of the extension."""

    update_id: str
    service_request_id: str
    state: str
    description: str
    happened_at: datetime
    media_url: str

    @property
    def closed(self) -> bool:
        return open_or_closed(self.state) == "closed"


def asked_list(query: Mapping[str, str], now: datetime) -> ListAsked:
    """What GET requests (or updates) asks for. Raises Refused: 400 for what cannot be read."""
    ids, codes = _list(query.get("service_request_id")), _list(query.get("service_code"))
    statuses = [one.lower() for one in _list(query.get("status"))]
    if len(ids) > MOST_IDS:
        raise refused(400, f"service_request_id takes {MOST_IDS} ids at most")
    if any(one not in ("open", "closed") for one in statuses):
        raise refused(400, "status is open or closed")
    start, end = _span(query.get("start_date"), query.get("end_date"), now)
    page = _whole(query.get("page"), "page", 1, MOST_PAGES)
    page_size = _whole(query.get("page_size"), "page_size", LONGEST_PAGE, LONGEST_PAGE)
    return ListAsked(tuple(ids), tuple(codes), frozenset(statuses), start, end, page, page_size)


def read_report(pairs: Pairs, service: Service, attributes: Sequence[ServiceAttribute]) -> Report:
    """A report from the fields of a form. Raises Refused with everything that is wrong."""
    fields, faults = dict(reversed(pairs)), list[Fault]()
    lat, long = _point(fields, faults)
    address = _line(fields, "address_string", faults)
    if not address and (number := _line(fields, "address_id", faults)):
        address = f"address id {number}"
    if lat is None and not address and not faults:
        faults.append(Fault(400, "a location is required: lat and long, address_string or address_id"))
    description = cleaned(fields.get("description", "")).strip()
    if len(description) > LONGEST_DESCRIPTION:
        faults.append(Fault(400, f"description is longer than {LONGEST_DESCRIPTION} characters"))
    media_url = _link(fields, faults)
    answers = _answers(pairs, attributes, faults)
    if faults:
        raise Refused(*faults)
    device, account = fields.get("device_id", "").strip(), fields.get("account_id", "").strip()
    return Report(
        service.service_code, description, lat, long, address, media_url, answers, (device, account), account[:200]
    )


def read_update(pairs: Pairs, now: datetime) -> UpdateReported:
    """An update from the fields of a form. Raises Refused with everything that is wrong."""
    fields, faults = dict(reversed(pairs)), list[Fault]()
    update_id, number = _line(fields, "update_id", faults), _line(fields, "service_request_id", faults)
    faults += [
        Fault(400, f"{name} was not provided")
        for name, value in (("update_id", update_id), ("service_request_id", number))
        if not value
    ]
    state = fields.get("status", "").strip().lower() or "open"
    if not _STATE.fullmatch(state):
        faults.append(Fault(400, "status is OPEN, CLOSED, or a state of the updates extension"))
    description = cleaned(fields.get("description", "")).strip()
    if len(description) > LONGEST_DESCRIPTION:
        faults.append(Fault(400, f"description is longer than {LONGEST_DESCRIPTION} characters"))
    happened_at = now
    try:
        happened_at = min(_moment(fields.get("updated_datetime"), "updated_datetime") or now, now)
    except Refused as error:
        faults += error.faults
    media_url = _link(fields, faults)
    if faults:
        raise Refused(*faults)
    return UpdateReported(update_id, number, state, description, happened_at, media_url)


def _list(written: str | None) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in cleaned(written or "").split(",") if part.strip()))


def _whole(written: str | None, name: str, otherwise: int, most: int) -> int:
    if not written:
        return otherwise
    if not (written.isascii() and written.isdigit() and len(written) < 10 and int(written) >= 1):
        raise refused(400, f"{name} is a number from 1 up")
    return min(int(written), most)


def _span(start: str | None, end: str | None, now: datetime) -> tuple[datetime, datetime]:
    """The asked time, 90 days at most; the newest 90 days where nothing is said."""
    first, last = _moment(start, "start_date"), _moment(end, "end_date")
    try:
        last = last or (now if first is None else min(now, first + LONGEST_SPAN))
        first = first or last - LONGEST_SPAN
    except OverflowError:
        raise refused(400, "start_date and end_date are years of this age") from None
    if last - first > LONGEST_SPAN:
        raise refused(400, f"start_date and end_date lie {LONGEST_SPAN.days} days apart at most")
    return first, last


def _moment(written: str | None, name: str) -> datetime | None:
    """An aware time; where it names no offset, UTC. A + that a client forgot to encode has come as a blank."""
    if not written:
        return None
    try:
        at = datetime.fromisoformat(re.sub(r" (?=\d\d:?\d\d$)", "+", written.strip()))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise refused(400, f"{name} is not a time such as 2026-01-31T09:00:00Z") from None


def _point(fields: Mapping[str, str], faults: list[Fault]) -> tuple[float | None, float | None]:
    lat, long = fields.get("lat", "").strip(), fields.get("long", "").strip()
    if not lat and not long:
        return None, None
    try:
        if not lat or not long:
            raise ValueError
        point = float(lat), float(long)
        if not (math.isfinite(point[0]) and abs(point[0]) <= 90 and math.isfinite(point[1]) and abs(point[1]) <= 180):
            raise ValueError
    except ValueError:
        faults.append(Fault(400, "lat and long go together, in degrees, such as 39.9526 and -75.1652"))
        return None, None
    return point


def _line(fields: Mapping[str, str], name: str, faults: list[Fault]) -> str:
    line = " ".join(cleaned(fields.get(name, "")).split())
    if len(line) > LONGEST_FIELD:
        faults.append(Fault(400, f"{name} is longer than {LONGEST_FIELD} characters"))
    return line


def _link(fields: Mapping[str, str], faults: list[Fault]) -> str:
    """An address of a photo: https and a host name, and no name or password in it."""
    link = cleaned(fields.get("media_url", "")).strip()
    try:
        parts = urlsplit(link)
        good = parts.scheme == "https" and parts.hostname and "@" not in parts.netloc and not re.search(r"\s", link)
    except ValueError:
        good = False
    if link and (not good or len(link) > LONGEST_FIELD):
        faults.append(Fault(400, f"media_url is an https:// address of {LONGEST_FIELD} characters at most"))
        return ""
    return link


def _answers(pairs: Pairs, attributes: Sequence[ServiceAttribute], faults: list[Fault]) -> dict[str, Answer]:
    """The answers to the service's questions. What it does not ask is left out: clients send fields of their own."""
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if (found := _ANSWER.fullmatch(name)) and (words := cleaned(value).strip()):
            given.setdefault(found[1], []).append(words)
    answers: dict[str, Answer] = {}
    for asked in attributes:
        said = list(dict.fromkeys(given.get(asked.code, [])))
        if not asked.variable:
            continue
        if not said:
            if asked.required:
                faults.append(Fault(400, f"attribute[{asked.code}] is required: {asked.description}"))
            continue
        if wrong := _wrong(asked, said):
            faults.append(Fault(400, f"attribute[{asked.code}] {wrong}"))
        answers[asked.code] = said if asked.datatype == Datatype.MULTI_VALUE_LIST else said[0]
    return answers


def _wrong(asked: ServiceAttribute, said: list[str]) -> str:
    """What is wrong with the answers to one question; "" where nothing is."""
    if any(len(one) > LONGEST_DESCRIPTION for one in said):
        return f"is longer than {LONGEST_DESCRIPTION} characters"
    if asked.datatype != Datatype.MULTI_VALUE_LIST and len(said) > 1:
        return "takes one value"
    match asked.datatype:
        case Datatype.NUMBER:
            return "" if _is_number(said[0]) else "is a number"
        case Datatype.DATETIME:
            try:
                _moment(said[0], asked.code)
            except Refused:
                return "is a time such as 2026-01-31T09:00:00Z"
        case Datatype.SINGLE_VALUE_LIST | Datatype.MULTI_VALUE_LIST:
            known = {str(one.get("key")) for one in asked.values}
            if not known.issuperset(said):
                return "takes the keys of its values: " + ", ".join(sorted(known))
    return ""


def _is_number(written: str) -> bool:
    try:
        return math.isfinite(float(written))
    except ValueError:
        return False
