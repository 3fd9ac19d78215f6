"""Answers to a service's own questions: read from what a form or a person gives, and what is still missing. Pure.

An answer is kept as GeoReport takes it: a text, or a list of keys for a multivaluelist. Source: GeoReport v2, GET
service definition and POST service request.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from models.attributes import Datatype, ServiceAttribute

LONGEST = {Datatype.STRING: 255, Datatype.TEXT: 4000}
_LONGEST_NUMBER = 30

Answer = str | list[str]


class NotAnAnswer(ValueError):
    """What was given does not answer the question; the message is a sentence for whoever gave it."""


def read_answer(attribute: ServiceAttribute, raw: Any) -> Answer | None:
    """The answer that was meant; None where none was given. Read again, an answer stays what it is.

    `raw`: the text of a field, or the keys that were ticked. Raises NotAnAnswer.
    """
    if attribute.datatype == Datatype.MULTI_VALUE_LIST:
        given = raw if isinstance(raw, list) else [raw]
        chosen = [_key_of(attribute, one) for one in map(_plain, given) if one]
        return [key for key in _keys(attribute) if key in chosen] or None
    words = _plain(", ".join(map(str, raw)) if isinstance(raw, list) else raw)
    if not words:
        return None
    match attribute.datatype:
        case Datatype.SINGLE_VALUE_LIST:
            return _key_of(attribute, words)
        case Datatype.NUMBER:
            return _number(attribute, words)
        case Datatype.DATETIME:
            return _moment(attribute, words)
        case kind:
            words = " ".join(words.split()) if kind == Datatype.STRING else words
            if len(words) > LONGEST[kind]:
                raise NotAnAnswer(f"{asked(attribute)} takes {LONGEST[kind]} characters, not {len(words)}.")
            return words


def missing_attributes(attributes: Sequence[ServiceAttribute], answers: Mapping[str, Any]) -> list[ServiceAttribute]:
    """The questions that the city wants answered before it takes a request, in its order."""
    return [one for one in in_order(attributes) if one.variable and one.required and not answers.get(one.code)]


def in_order(attributes: Sequence[ServiceAttribute]) -> list[ServiceAttribute]:
    """Those the city still asks, in its order."""
    return sorted((one for one in attributes if one.active), key=lambda one: (one.order, one.code))


def asked(attribute: ServiceAttribute) -> str:
    """The question as staff read it, in quotes."""
    return f"“{attribute.questions.get('en') or attribute.description or attribute.code}”"


def _plain(raw: Any) -> str:
    return "" if raw is None else str(raw).strip()


def _keys(attribute: ServiceAttribute) -> list[str]:
    return [str(one.get("key", "")) for one in attribute.values]


def _key_of(attribute: ServiceAttribute, words: str) -> str:
    if words in _keys(attribute):
        return words
    named = [str(one["key"]) for one in attribute.values if str(one.get("name", "")).casefold() == words.casefold()]
    if len(named) != 1:
        raise NotAnAnswer(f"{asked(attribute)} has no choice “{words[:40]}”. Choose one of the city's.")
    return named[0]


def _number(attribute: ServiceAttribute, words: str) -> str:
    try:
        number = Decimal(words) if len(words) <= _LONGEST_NUMBER else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or abs(number.adjusted()) > _LONGEST_NUMBER:
        raise NotAnAnswer(f"{asked(attribute)} wants a number, like 3 or 2.5.")
    plain = f"{number:f}"
    return (plain.rstrip("0").rstrip(".") if "." in plain else plain) or "0"


def _moment(attribute: ServiceAttribute, words: str) -> str:
    try:
        moment = datetime.fromisoformat(words)
    except ValueError as error:
        raise NotAnAnswer(f"{asked(attribute)} wants a day and a time, like 2026-11-20 08:00.") from error
    return moment.isoformat(timespec="seconds")
