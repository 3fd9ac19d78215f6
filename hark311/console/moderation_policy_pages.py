"""The policy of moderation: as supervisors change it, in versions, and as anybody reads it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from hark311.console import words
from hark311.console.frame import signed_in_page
from hark311.console.moderation_queries import KIND
from hark311.console.pages import Console
from hark311.console.queries import names_of_staff
from hark311.console.visits import ConsoleHere, Submission, Supervising, Viewing, Visitor
from models import ModerationKind
from responders.drafting import language_of_reply
from responders.moderation.policy import (
    LONGEST_DAYS,
    LONGEST_TITLE,
    LONGEST_WORDS,
    OWN_LANGUAGE,
    ClauseFields,
    end_clause,
    keep_clause,
    policy,
    said_in,
    versions,
)
from responders.review import NotApproved
from responders.wording import RIGHT_TO_LEFT

router = APIRouter()

TITLE, SAYS, PERMITS = "title-", "words-", "permits-"
"""What the form's fields begin with; a language tag or a kind of act follows."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a clause was not kept, and what was typed. `clause_id`: 0 for a new one."""

    reasons: list[str]
    clause_id: int = 0
    typed: dict[str, str] = field(default_factory=dict)


@router.get("/moderation/policy")
def show_policy(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    return _show(request, console, visitor)


@router.post("/moderation/policy")
def add(request: Request, console: ConsoleHere, sent: Supervising) -> Response:
    """Add a clause."""
    return _keep(request, console, sent, 0)


@router.post("/moderation/policy/{clause_id}")
def change(request: Request, console: ConsoleHere, sent: Supervising, clause_id: int) -> Response:
    """Write a new version of a clause."""
    return _keep(request, console, sent, clause_id)


@router.post("/moderation/policy/{clause_id}/end")
def end(console: ConsoleHere, sent: Supervising, clause_id: int) -> Response:
    """Take a clause out."""
    with console.product.database.write() as session:
        end_clause(session, sent.visitor.staff, clause_id, console.now())
    return RedirectResponse("/moderation/policy", status_code=303)


@router.get("/policy")
def read(request: Request, console: ConsoleHere, language: str = "") -> Response:
    """The policy in force, for anybody, in a language it is written in."""
    with console.product.database.read() as session:
        clauses = policy(session)
    written = sorted({tag for one in clauses for tag in one.words} & policy_words().keys()) or [OWN_LANGUAGE]
    wanted = language or wanted_language(request)
    shown = language_of_reply(wanted, written)
    answer = console.page(
        "policy.html",
        clauses=clauses,
        languages=[(one, words.language_name(one)) for one in written],
        said_in=said_in,
        **public_words(shown),
    )
    answer.headers["cache-control"] = "no-store"
    return answer


@cache
def policy_words() -> Mapping[str, Mapping[str, str]]:
    """The words of the public pages of moderation, by language."""
    return tomllib.loads((Path(__file__).parent / "moderation_words.toml").read_text(encoding="utf-8"))


def wanted_language(request: Request) -> str:
    """The language a browser asks for first."""
    return request.headers.get("accept-language", OWN_LANGUAGE).partition(",")[0].partition(";")[0].strip()


def public_words(language: str) -> dict[str, Any]:
    """What every public page of moderation is made with."""
    tag = language if language in policy_words() else OWN_LANGUAGE
    return {
        "said_as": policy_words()[tag],
        "language": tag,
        "direction": "rtl" if tag in RIGHT_TO_LEFT else "ltr",
    }


def _keep(request: Request, console: Console, sent: Submission, clause_id: int) -> Response:
    try:
        with console.product.database.write() as session:
            keep_clause(session, sent.visitor.staff, clause_id or None, _fields(sent), console.now())
    except NotApproved as error:
        return _show(request, console, sent.visitor, Refused(error.reasons, clause_id, dict(sent.fields)))
    return RedirectResponse("/moderation/policy", status_code=303)


def _fields(sent: Submission) -> ClauseFields:
    days = sent.text("longest_days").strip()
    return ClauseFields(
        title={tag: " ".join(sent.text(TITLE + tag).split()) for tag in policy_words()},
        words={tag: " ".join(sent.text(SAYS + tag).split()) for tag in policy_words()},
        permits=frozenset(one for one in ModerationKind if sent.text(PERMITS + one.value)),
        longest_days=int(days) if days.isascii() and days.isdecimal() and len(days) < 5 else 0,
        only_in_chat=bool(sent.text("only_in_chat")),
    )


def _show(request: Request, console: Console, visitor: Visitor, refused: Refused | None = None) -> Response:
    with console.product.database.read() as session:
        every = versions(session)
        people = names_of_staff(session, [one.made_by for one in every])
    return signed_in_page(
        request,
        console,
        visitor,
        "moderation_policy.html",
        422 if refused else 200,
        clauses=[one for one in every if one.active],
        earlier=[one for one in every if not one.active],
        people=people,
        refused=refused,
        kinds=KIND,
        languages=[(one, words.language_name(one)) for one in policy_words()],
        longest_days=LONGEST_DAYS,
        longest_title=LONGEST_TITLE,
        longest_words=LONGEST_WORDS,
    )
