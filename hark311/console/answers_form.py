"""A service's own questions as fields of the decision form: their names, what was typed, what is shown.

A field is called "attribute:CODE", a tick of a list "choice:INDEX:CODE"; those of an added request begin with its name.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models import Datatype, ServiceAttribute

_CHOICE = re.compile(r"choice:(\d{1,4}):(.+)", re.DOTALL)
_FIELD = re.compile(r"attribute:(.+)", re.DOTALL)

Typed = Mapping[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class QuestionField:
    """One question as the page shows it. `value`: what stands in its field; `chosen`: the keys that are ticked."""

    name: str
    code: str
    question: str
    help: str
    datatype: Datatype
    required: bool
    information: bool
    private: bool
    value: str
    choices: tuple[tuple[str, str], ...]
    chosen: frozenset[str]

    @property
    def many(self) -> bool:
        return self.datatype == Datatype.MULTI_VALUE_LIST

    @property
    def left_out(self) -> bool:
        """Whether it need not be answered, and is not."""
        return not (self.required or self.information or self.value or self.chosen)


def typed_answers(fields: Mapping[str, str], prefix: str = "") -> dict[str, str | list[str]]:
    """What stands in the fields of a request, by code; a list's ticks in its order, "" where none is ticked."""
    found: dict[str, str | list[str]] = {}
    ticked: list[tuple[int, str, str]] = []
    for name, value in fields.items():
        if not name.startswith(prefix):
            continue
        if field := _FIELD.fullmatch(name, len(prefix)):
            found.setdefault(field[1], value)
        elif choice := _CHOICE.fullmatch(name, len(prefix)):
            ticked.append((int(choice[1]), choice[2], value))
    for _, code, key in sorted(ticked):
        before = found.get(code)
        found[code] = [*before, key] if isinstance(before, list) else [key]
    return found


def question_fields(
    questions: Sequence[ServiceAttribute], answers: Mapping[str, Any], prefix: str = ""
) -> list[QuestionField]:
    """The questions of a service with what is answered so far."""
    return [_field(one, answers.get(one.code), prefix) for one in questions]


def _field(attribute: ServiceAttribute, answer: Any, prefix: str) -> QuestionField:
    several = [str(one) for one in answer] if isinstance(answer, list) else []
    value = "" if answer is None else several[0] if several else "" if isinstance(answer, list) else str(answer)
    if attribute.datatype == Datatype.DATETIME:
        value = value[:16]  # as a field for local times takes it
    return QuestionField(
        name=f"{prefix}attribute:{attribute.code}",
        code=attribute.code,
        question=attribute.questions.get("en") or attribute.description or attribute.code,
        help=attribute.datatype_description,
        datatype=attribute.datatype,
        required=attribute.required,
        information=not attribute.variable,
        private=attribute.private,
        value=value,
        choices=tuple(
            (str(one.get("key", "")), str(one.get("name") or one.get("key", ""))) for one in attribute.values
        ),
        chosen=frozenset(several or ([value] if value else [])),
    )
