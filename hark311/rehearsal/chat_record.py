"""A chat in a file, one JSON object a line: to play one that took place, and to keep one that was played.

The file comes from somebody else: whatever stands in it, either all of it is understood, or the first line that is not
is named by its number, without its words.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from hark311.rehearsal.chat_case import AskedAt, ChatCase, model_case
from hark311.rehearsal.chat_script import Act, ChatScript, Line, Mark
from models import Channel, ChatLane

MOST_BYTES, MOST_LINES, MOST_QUESTIONS = 8_000_000, 20_000, 20
LONGEST_MINUTE = 24 * 60.0
LONGEST_TEXT = 2_000
NETWORKS = {"x": Channel.X, "mastodon": Channel.MASTODON, "bluesky": Channel.BLUESKY, "telegram": Channel.TELEGRAM}

Minute = Annotated[float, Field(ge=0, le=LONGEST_MINUTE, allow_inf_nan=False)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,60}$")]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]


class BadRecord(ValueError):
    """The file cannot be played; the sentence says where and why."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    @field_validator("*")
    @classmethod
    def _can_be_written(cls, value: object) -> object:
        if isinstance(value, str) and any("\ud800" <= one <= "\udfff" or one == "\x00" for one in value):
            raise ValueError("half a character, or a NUL")
        return value


class _Question(_Strict):
    minute: Minute
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class _Plan(_Strict):
    title: Annotated[str, Field(min_length=1, max_length=200)] = "A recorded chat"
    hashtag: Annotated[str, Field(pattern=r"^#?\w{2,60}$")]
    minutes: Annotated[int, Field(ge=1, le=int(LONGEST_MINUTE))] = 60
    questions: Annotated[list[_Question], Field(min_length=1, max_length=MOST_QUESTIONS)]


class _First(_Strict):
    plan: _Plan


class _Said(_Strict):
    minute: Minute
    author: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,15}$")]
    network: str
    text: Text = ""
    id: Key | None = None
    reply_to: Key | None = None
    repost_of: Key | None = None
    edit_of: Key | None = None
    delete: Key | None = None
    names_us: bool = False
    follows: int | None = None
    question: int | None = None
    lane: str | None = None
    mark: str | None = None

    @property
    def act(self) -> tuple[Act, str]:
        acts = ((Act.REPOST, self.repost_of), (Act.EDIT, self.edit_of), (Act.DELETE, self.delete))
        return next(((act, of) for act, of in acts if of), (Act.POST, ""))


def read_record(path: Path) -> ChatScript:
    """The chat in a file. Raises BadRecord, OSError."""
    if path.stat().st_size > MOST_BYTES:
        raise BadRecord(f"The file is larger than {MOST_BYTES // 1_000_000} MB")
    return understood(path.read_bytes())


def understood(content: bytes) -> ChatScript:
    """The chat in a file's bytes. Raises BadRecord."""
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    written = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    if not written:
        raise BadRecord("The file is empty")
    if len(written) > MOST_LINES:
        raise BadRecord(f"The file has {len(written)} lines; {MOST_LINES} are the most")
    case = model_case()
    if _is_plan(written[0][1]):
        case = _case(_parsed(_First, *written.pop(0)).plan)
    said = list(_lines(written, case))
    if not said:
        raise BadRecord("Nobody says anything in the file")
    return ChatScript(case, sorted(said, key=lambda one: one.at))


def _is_plan(line: bytes) -> bool:
    return line.replace(b" ", b"").startswith(b'{"plan"')


def _parsed(shape: Any, number: int, line: bytes) -> Any:
    try:
        return shape.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        known = first["loc"][:-1] if first["type"] == "extra_forbidden" else first["loc"]
        where = ".".join(str(one) for one in known)
        raise BadRecord(f"Line {number}{f', {where}' if where else ''}: {_why(first['type'])}") from None


def _why(kind: str) -> str:
    """What is wrong, without a word of the file."""
    reasons = {
        "json_invalid": "this is no JSON object",
        "missing": "this is missing",
        "extra_forbidden": "a name that is not known here",
        "string_too_long": "this is too long",
        "string_too_short": "this is empty",
        "string_pattern_mismatch": "this is not written as it has to be",
        "finite_number": "this is no number",
        "value_error": "it holds half a character, or a NUL",
    }
    if kind in ("greater_than_equal", "less_than_equal", "too_long", "too_short"):
        return "this is outside what can be played"
    return reasons.get(kind, "this is of another kind than it has to be")


def _case(plan: _Plan) -> ChatCase:
    minutes = [one.minute for one in plan.questions]
    if minutes != sorted(set(minutes)) or minutes[-1] >= plan.minutes:
        raise BadRecord("Line 1: the questions' minutes have to rise, and to lie within the chat")
    model = model_case()
    return ChatCase(
        title=plan.title,
        hashtag=plan.hashtag.removeprefix("#"),
        questions=[AskedAt(one.minute, {"en": one.text}) for one in plan.questions],
        minutes=plan.minutes,
        host=model.host,
        moderator=model.moderator,
        guests=model.guests,
        bank=model.bank,
    )


def _lines(written: Iterable[tuple[int, bytes]], case: ChatCase) -> Iterator[Line]:
    known: dict[str, Line] = {}
    for number, raw in written:
        said: _Said = _parsed(_Said, number, raw)
        line = _line(number, said, known, case)
        if line.key in known:
            raise BadRecord(f"Line {number}: its id was used before")
        known[line.key] = line
        yield line


def _line(number: int, said: _Said, known: Mapping[str, Line], case: ChatCase) -> Line:
    act, of = said.act
    under = _asked(said.reply_to, case)
    if said.reply_to and under is None:
        of = of or said.reply_to
    if sum(one is not None for one in (said.repost_of, said.edit_of, said.delete)) > 1:
        raise BadRecord(f"Line {number}: it can repeat, edit or delete, one of them")
    if said.network not in NETWORKS:
        raise BadRecord(f"Line {number}, network: one of {', '.join(NETWORKS)}")
    if of and (of not in known or known[of].act != Act.POST):
        raise BadRecord(f"Line {number}: it is about a post that no line before it says")
    if of and (known[of].network != NETWORKS[said.network] or known[of].at > said.minute * 60):
        raise BadRecord(f"Line {number}: it is about a post on another network, or of a later minute")
    if act in (Act.POST, Act.EDIT) and not said.text.strip():
        raise BadRecord(f"Line {number}, text: this is empty")
    if any(one is not None and not 1 <= one <= len(case.questions) for one in (said.question, said.follows, under)):
        raise BadRecord(f"Line {number}: there is no question of that number")
    return Line(
        key=said.id or f"line-{number}",
        at=said.minute * 60,
        network=NETWORKS[said.network],
        author=said.author,
        text=said.text if act in (Act.POST, Act.EDIT) else "",
        act=act,
        of=of,
        under=under,
        follows=said.follows or under,
        names_us=said.names_us,
        lane=_value(ChatLane, said.lane, f"Line {number}, lane"),
        question=said.question,
        mark=_value(Mark, said.mark, f"Line {number}, mark"),
    )


def _asked(reply_to: str | None, case: ChatCase) -> int | None:
    """The number of the question a post is written under: `Q3`."""
    if reply_to and reply_to[:1] == "Q" and reply_to[1:].isascii() and reply_to[1:].isdecimal():
        return int(reply_to[1:][:4])
    return None


def _value(kind: Any, written: str | None, where: str) -> Any:
    if written is not None and written not in tuple(kind):
        raise BadRecord(f"{where}: one of {', '.join(kind)}")
    return None if written is None else kind(written)


def recorded(script: ChatScript, at: Mapping[str, float] | None = None) -> str:
    """A chat as a file's text. `at`: when each line was really said, in seconds, by its key."""
    case, moments = script.case, at or {}
    questions = [{"minute": one.minute, "text": next(iter(one.words.values()))} for one in case.questions]
    plan = {"title": case.title, "hashtag": case.hashtag, "minutes": case.minutes, "questions": questions}
    said = [_written(one, moments.get(one.key, one.at)) for one in _in_order(script.lines, moments)]
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in [{"plan": plan}, *said])


def _in_order(lines: Sequence[Line], at: Mapping[str, float]) -> Sequence[Line]:
    return sorted(lines, key=lambda one: (at.get(one.key, one.at), one.act != Act.POST))


def _written(line: Line, at: float) -> dict[str, Any]:
    verb = {Act.REPOST: "repost_of", Act.EDIT: "edit_of", Act.DELETE: "delete", Act.POST: "reply_to"}[line.act]
    told: dict[str, Any] = {
        "minute": round(at / 60, 4),
        "id": line.key,
        "author": line.author,
        "network": line.network.value,
        "text": line.text,
        verb: line.of or None,
        "names_us": line.names_us,
        "follows": line.follows,
        "question": line.question,
        "lane": line.lane,
        "mark": line.mark,
    }
    if line.under is not None:
        told["reply_to"] = f"Q{line.under}"
    return {name: value for name, value in told.items() if value not in (None, "", False)}
