"""Answers to a service's own questions on a request: kept as they are typed, and what stands against filing them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, select

from models import ServiceAttribute
from models.attribute_answers import NotAnAnswer, asked, in_order, missing_attributes, read_answer


def questions_of(session: Session, service_code: str | None) -> list[ServiceAttribute]:
    """What a service asks, in the city's order."""
    if not service_code:
        return []
    found = session.exec(
        select(ServiceAttribute).where(
            ServiceAttribute.service_code == service_code, col(ServiceAttribute.active).is_(True)
        )
    ).all()
    return in_order(found)


def kept_answers(
    session: Session, service_code: str | None, typed: Mapping[str, Any] | None, before: Mapping[str, Any]
) -> dict[str, Any]:
    """What is kept on a request: answers as they are meant, and what cannot be read as it was typed.

    `typed` None: nobody was asked, so what is there stays. A question that was not on the page (the service was chosen
    just now) keeps its answer, if there was one.
    """
    questions = questions_of(session, service_code)
    if typed is None or not questions:
        return dict(before)
    kept: dict[str, Any] = {}
    for one in questions:
        raw = typed.get(one.code, before.get(one.code)) if one.variable else None
        try:
            answer = read_answer(one, raw)
        except NotAnAnswer:
            answer = raw
        if answer:
            kept[one.code] = answer
    return kept


def answers_lacking(
    session: Session, service_code: str | None, answers: Mapping[str, Any], find_private: Callable[[str], Sequence[str]]
) -> list[str]:
    """Why a request cannot be filed with these answers, each reason a sentence."""
    questions = questions_of(session, service_code)
    reasons = [
        f"The city asks {asked(one)} for this service. Answer it, or ask the resident."
        for one in missing_attributes(questions, answers)
    ]
    for one in questions:
        if not one.variable or one.code not in answers:
            continue
        try:
            answer = read_answer(one, answers[one.code])
        except NotAnAnswer as error:
            reasons.append(str(error))
            continue
        if not one.private and isinstance(answer, str) and find_private(answer):
            reasons.append(f"The answer to {asked(one)} holds a private detail. Take it out.")
    return reasons
