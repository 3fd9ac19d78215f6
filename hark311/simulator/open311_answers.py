"""Whether the simulated city takes the answers to a service's own questions: all six datatypes of GeoReport v2."""

import re
from collections.abc import Sequence
from datetime import datetime

from hark311.simulator.open311_services import CityService, Question

_ANSWER = re.compile(r"attribute\[([^\]]+)\](\[\])?")
LONGEST = {"string": 255, "text": 4000}

Fault = tuple[int, str]


def read_answers(form: Sequence[tuple[str, str]], service: CityService) -> tuple[dict[str, list[str]], list[Fault]]:
    """The answers by code, and what is wrong with them as (code, description) pairs."""
    given: dict[str, list[str]] = {}
    for name, value in form:
        match = _ANSWER.fullmatch(name)
        if match and value:
            given.setdefault(match[1], []).append(value)
    faults: list[Fault] = []
    for question in service.questions:
        answers = given.get(question.code, []) if question.variable else []
        if question.required and question.variable and not answers:
            faults.append((400, f"attribute[{question.code}] is required: {question.description}"))
        if len(answers) > 1 and question.datatype != "multivaluelist":
            faults.append((400, f"attribute[{question.code}] takes one value"))
        faults += [
            (400, f"attribute[{question.code}] cannot be {answer!r}")
            for answer in answers
            if not _fits(question, answer)
        ]
    return given, faults


def _fits(question: Question, answer: str) -> bool:
    match question.datatype:
        case "number":
            return re.fullmatch(r"[+-]?\d+(\.\d+)?", answer) is not None
        case "datetime":
            return _is_moment(answer)
        case "singlevaluelist" | "multivaluelist":
            return answer in {key for key, _ in question.values}
        case kind:
            return len(answer) <= LONGEST[kind] and not (kind == "string" and "\n" in answer)


def _is_moment(answer: str) -> bool:
    try:
        datetime.fromisoformat(answer.replace("Z", "+00:00"))
    except ValueError:
        return False
    return "T" in answer
