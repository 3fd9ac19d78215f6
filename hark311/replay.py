"""`hark replay`: residents' posts from a file, said on the simulated network; and a count from both sides afterwards.

Every line is keyed by its id, else by file name and line number, so that a replay can be killed and repeated: what was
said before is not said again.
"""

import json
import re
import reprlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TextIO

import httpx
from sqlmodel import col, select

from models import Account, Channel, Database, Mention, Post, Understanding

BATCH = 200
STEP_SECONDS = 0.1
KEEP_TRYING_SECONDS = 90
ASK_SECONDS = 0.5
KEYS_PER_QUESTION = 100
IDS_PER_QUERY = 500
LISTED = 1000
PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")
"""An id that can be asked about as it is; any other is asked about by its SHA-256."""
FIRST_MOMENT = datetime(1970, 1, 2, tzinfo=UTC)
"""Networks count from 1970, and not below."""


class ReplayError(Exception):
    """The replay cannot go on; the text says what was kept and what to do."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file. `lat`, `lon` in degrees WGS 84; `created` aware."""

    key: str
    text: str
    lat: float | None = None
    lon: float | None = None
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class BadLine:
    number: int
    reason: str


@dataclass(slots=True)
class Check:
    """What both sides say about the posts of a replay."""

    sent: int
    stored: int
    understood: int
    lost: int
    doubled: int

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def read_lines(file: TextIO, name: str, limit: int | None = None) -> Iterator[Line | BadLine]:
    """The lines of a JSONL file; a broken one is told with its number, and the rest goes on."""
    count, numbers = 0, dict[str, int]()
    for number, written in enumerate(file, start=1):
        if limit is not None and count >= limit:
            return
        if not written.strip():
            continue
        count += 1
        line = _read_line(written, number, name)
        if isinstance(line, Line) and (first := numbers.setdefault(line.key, number)) != number:
            line = BadLine(number, f"has the id of line {first}")
        yield line


def _read_line(written: str, number: int, name: str) -> Line | BadLine:
    try:
        written.encode()
        said = json.loads(written)
    except UnicodeEncodeError:
        return BadLine(number, "is not UTF-8")
    except ValueError as error:
        return BadLine(number, f"is not JSON ({error})")
    except RecursionError:
        return BadLine(number, "is nested too deeply")
    if not isinstance(said, dict):
        return BadLine(number, "is not a JSON object")
    text = said.get("text")
    if not isinstance(text, str) or not text.strip():
        return BadLine(number, "has no text")
    try:
        text.encode()
        lat, lon = _degrees(said.get("lat"), 90), _degrees(said.get("lon"), 180)
    except UnicodeEncodeError:
        return BadLine(number, "has half a character in its text (a lone surrogate)")
    except ValueError as error:
        return BadLine(number, str(error))
    both = lat is not None and lon is not None
    return Line(
        f"replay:{_key(said.get('id'), name, number)}",
        text,
        lat if both else None,
        lon if both else None,
        _moment(said.get("created")),
    )


def _key(given: object, name: str, number: int) -> str:
    key = f"{name}:{number}" if given in (None, "") else str(given)
    return key if PLAIN_ID.fullmatch(key) else sha256(key.encode(errors="surrogatepass")).hexdigest()


def _degrees(value: object, most: float) -> float | None:
    if value in (None, ""):
        return None
    wrong = f"has {reprlib.repr(value)} where degrees should be"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(wrong)
    try:
        degrees = float(value)
    except (ValueError, OverflowError):
        raise ValueError(wrong) from None
    if not -most <= degrees <= most:
        raise ValueError(f"has {degrees} where degrees up to {most:g} should be")
    return degrees


def _moment(value: object) -> datetime | None:
    """The time of a line, where it is ISO 8601 and past; other spellings say nothing we could rely on."""
    try:
        moment = datetime.fromisoformat(str(value))
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment if FIRST_MOMENT <= moment <= datetime.now(UTC) else None


@dataclass(slots=True)
class Replay:
    """Says lines on one simulated network. `root` is the simulator's address; `note` tells a person what happens."""

    root: str
    channel: Channel
    note: Callable[[str], None]
    said: dict[str, str] = field(default_factory=dict)

    def answers(self) -> bool:
        """Whether there is a simulator to speak to right now."""
        try:
            return httpx.get(f"{self.root}/control/health", timeout=5, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def say(self, lines: Sequence[Line]) -> None:
        """Say some lines, in order. Goes on through a restart of the simulator. Raises ReplayError."""
        network = NETWORKS[self.channel]
        answers = self._ask("POST", network.path, [network.spoken(line) for line in lines])[network.listed]
        spoken = {one["key"]: one for one in answers}
        self.said |= {key: network.post_id(one) for key, one in spoken.items()}
        if network.pin is not None:
            pins = [network.pin(line, spoken[line.key]) for line in lines if line.lat is not None]
            if pins:
                self._ask("POST", network.path, pins)

    def sent(self) -> list[str]:
        """Channel post ids of the replayed lines that the network itself says it has."""
        network, keys, found = NETWORKS[self.channel], list(self.said), []
        for start in range(0, len(keys), KEYS_PER_QUESTION):
            some = ",".join(keys[start : start + KEYS_PER_QUESTION])
            found += self._ask("GET", network.path, None, {"keys": some})[network.listed]
        return [network.post_id(one) for one in found]

    def doubled_replies(self) -> int:
        """Residents' posts under which we stand twice, seen from the network."""
        said, parent = set(self.said.values()), NETWORKS[self.channel].parent
        parents = Counter(parent(one) for one in self._our_own())
        return sum(count > 1 for post_id, count in parents.items() if post_id in said)

    def _our_own(self) -> Iterator[dict[str, Any]]:
        """Everything in our name; page by page where the network counts its rows."""
        network = NETWORKS[self.channel]
        query = {"by": "us", "limit": str(LISTED), "since": "0"} if network.row else {"by": "us"}
        while True:
            page: list[dict[str, Any]] = self._ask("GET", network.path, None, query)[network.listed]
            yield from page
            if not network.row or len(page) < LISTED:
                return
            query["since"] = str(page[-1][network.row])

    def _ask(self, method: str, path: str, body: Any, query: dict[str, str] | None = None) -> Any:
        until, told = time.monotonic() + KEEP_TRYING_SECONDS, False
        while True:
            try:
                answer = httpx.request(method, self.root + path, json=body, params=query, timeout=30, trust_env=False)
            except httpx.HTTPError as error:
                if time.monotonic() > until:
                    raise ReplayError(
                        f"The simulator at {self.root} does not answer ({type(error).__name__}). "
                        f"{len(self.said)} lines were said and are kept; start hark311 with `hark up` and repeat the "
                        "command: nothing is said twice."
                    ) from error
                if not told:
                    self.note("The simulator does not answer; trying again until it does.")
                    told = True
                time.sleep(ASK_SECONDS)
                continue
            if answer.is_error:
                raise ReplayError(f"The simulator refused the lines: {answer.text[:500]}")
            return answer.json()


def _who(line: Line) -> str:
    """One resident per line."""
    return sha256(line.key.encode()).hexdigest()


def _dated(said: dict[str, Any], line: Line, name: str = "created_at") -> dict[str, Any]:
    return said if line.created is None else said | {name: line.created.isoformat()}


def _on_x(line: Line) -> dict[str, Any]:
    said: dict[str, Any] = {"key": line.key, "text": line.text, "author": f"resident_{_who(line)[:6]}"}
    if line.lat is not None:
        said |= {"lat": line.lat, "lon": line.lon}
    return _dated(said, line)


def _on_telegram(line: Line) -> dict[str, Any]:
    return _dated({"key": line.key, "text": line.text[:4096], "from": _sender(line)}, line, "date")


def _pin_on_telegram(line: Line, spoken: dict[str, Any]) -> dict[str, Any]:
    """On Telegram a place is a message of its own, which answers the first one."""
    return {
        "key": f"{line.key}:pin",
        "from": _sender(line),
        "location": {"latitude": line.lat, "longitude": line.lon},
        "reply_to": spoken["message_id"],
    }


def _sender(line: Line) -> dict[str, Any]:
    who = _who(line)
    return {"id": 10**9 + int(who[:12], 16) % 10**12, "first_name": "Resident", "last_name": who[:4]}


def _on_mastodon(line: Line) -> dict[str, Any]:
    return _dated({"key": line.key, "text": line.text[:20_000], "author": f"resident_{_who(line)[:6]}"}, line)


def _on_bluesky(line: Line) -> dict[str, Any]:
    return _dated({"key": line.key, "text": line.text, "author": f"resident-{_who(line)[:6]}"}, line)


@dataclass(frozen=True, slots=True)
class Network:
    """How residents speak on one simulated network, and how what stands there is read.

    `row`: what numbers the rows of a list that comes in pages. `pin`: how a place is said where it is not part of a
    post; a network without it and without places leaves them out.
    """

    path: str
    listed: str
    spoken: Callable[[Line], dict[str, Any]]
    post_id: Callable[[dict[str, Any]], str]
    parent: Callable[[dict[str, Any]], str]
    row: str = ""
    pin: Callable[[Line, dict[str, Any]], dict[str, Any]] | None = None


def _answered(one: dict[str, Any]) -> str:
    return str(one["in_reply_to"])


NETWORKS = {
    Channel.X: Network("/control/x/posts", "posts", _on_x, lambda one: str(one["id"]), _answered, row="id"),
    Channel.TELEGRAM: Network(
        "/control/telegram/messages",
        "messages",
        _on_telegram,
        lambda one: f"{one['chat_id']}:{one['message_id']}",
        lambda one: f"{one['chat_id']}:{one['reply_to']}",
        row="row",
        pin=_pin_on_telegram,
    ),
    Channel.MASTODON: Network(
        "/control/mastodon/statuses", "statuses", _on_mastodon, lambda one: str(one["id"]), _answered
    ),
    Channel.BLUESKY: Network("/control/bluesky/posts", "posts", _on_bluesky, lambda one: str(one["uri"]), _answered),
}


def paced(lines: Iterator[Line], rate: float) -> Iterator[list[Line]]:
    """Lines in groups, `rate` a second; 0 is as fast as it goes."""
    per_step = max(1, round(rate * STEP_SECONDS)) if rate > 0 else BATCH
    started, count, group = time.monotonic(), 0, []
    for line in lines:
        group.append(line)
        if len(group) < per_step:
            continue
        yield group
        count, group = count + len(group), []
        if rate > 0:
            time.sleep(max(0.0, started + count / rate - time.monotonic()))
    if group:
        yield group


def check(database: Database, replay: Replay, sent: Sequence[str]) -> Check:
    """Count, from the network's side and from ours, what became of the posts with these ids."""
    stored, mentions_of, understood = Counter[str](), {}, set()
    with database.read() as session:
        for start in range(0, len(sent), IDS_PER_QUERY):
            rows = session.exec(
                select(Post.channel_post_id, Post.mention_id)
                .join(Account, col(Account.id) == Post.account_id)
                .where(
                    Account.channel == replay.channel,
                    col(Post.channel_post_id).in_(sent[start : start + IDS_PER_QUERY]),
                )
            ).all()
            for post_id, mention_id in rows:
                stored[post_id] += 1
                mentions_of[post_id] = mention_id
            ids = [mention_id for _, mention_id in rows if mention_id]
            understood |= set(
                session.exec(
                    select(Mention.id)
                    .join(Understanding, col(Understanding.mention_id) == Mention.id)
                    .where(col(Mention.id).in_(ids), col(Mention.needs_understanding).is_(False))
                ).all()
            )
    doubled = sum(count > 1 for count in stored.values())
    return Check(
        sent=len(sent),
        stored=len(stored),
        understood=sum(mention_id in understood for mention_id in mentions_of.values()),
        lost=len(set(sent) - set(stored)),
        doubled=doubled + replay.doubled_replies(),
    )


def settle(database: Database, replay: Replay, patience: float, tell: Callable[[Check], None]) -> Check:
    """Check again and again until everything sent is stored and understood, or nothing moved for `patience` seconds."""
    sent = replay.sent()
    last, moved = check(database, replay, sent), time.monotonic()
    while (last.stored < last.sent or last.understood < last.sent) and time.monotonic() - moved < patience:
        tell(last)
        time.sleep(ASK_SECONDS)
        now = check(database, replay, sent)
        if now != last:
            last, moved = now, time.monotonic()
    return last
