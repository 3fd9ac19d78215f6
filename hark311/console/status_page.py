"""The page of one case, for whoever has its link: no sign-in, no cookie, no script, nothing that is not told already.

It holds no words of the resident and no place nearer than a block. The city's reason stands there only if a person has
sent it in a reply. A link that is withdrawn, too old or invented gets one and the same page.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Request
from sqlmodel import Session, col, select
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere
from models import (
    Mention,
    NoticeState,
    Outcome,
    Reply,
    ReplyState,
    RequestState,
    Service,
    ServiceRequest,
    StatusNotice,
    StatusUpdate,
)
from models.fixed_words import buttons
from models.status_links import BY_RESIDENT, PATH, StatusLink, cases_of_link, living_link, revoke
from models.statuses import says_how_it_stands
from responders.asked_on_page import answer_on_page, open_question
from responders.drafting import language_of_reply, problem_words
from responders.quoting import sayable_place
from responders.wording import RIGHT_TO_LEFT, date_words

router = APIRouter(prefix="/s")

HEADERS = {"x-robots-tag": "noindex, nofollow, noarchive", "cache-control": "no-store"}
LONGEST_TOKEN = 64
TOLD_AS = frozenset(Outcome)


@dataclass(frozen=True, slots=True)
class Step:
    """What happened, and when; `reason`: what the city gave as its reason, where a person has told it already."""

    said: str
    day: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A case as its page shows it. `question_id`: the FixedQuestion that its author has not answered."""

    problem: str
    number: str
    place: str
    state: str
    promised: str
    steps: Sequence[Step]
    question_id: int | None = None


@router.get("/{token}")
def show(request: Request, console: ConsoleHere, token: str) -> Response:
    if not console.throttle.may_look(_address(request)):
        return _too_often()
    with console.product.database.read() as session:
        link = _link(session, console, token)
        cases = [_shown(session, console, link, head) for head in cases_of_link(session, link)] if link else []
    shown = [one for one in cases if one is not None]
    if link is None or not shown:
        return _gone(request, console)
    said = buttons(language_of_reply(link.language, page_words().keys()))
    return _page(console, "status_page.html", 200, link.language, cases=shown, token=token, yes=said[0], no=said[1])


@router.post("/{token}/fixed/{question_id}/{said}")
def answer(
    request: Request, console: ConsoleHere, token: str, question_id: int, said: Literal["yes", "no"]
) -> Response:
    """Whether it is fixed, said once; the same as if they had written it to us. A no is for a person to act on."""
    if not console.throttle.may_look(_address(request)):
        return _too_often()
    with console.product.database.write() as session:
        link = _link(session, console, token)
        heard = link is not None and answer_on_page(session, link, question_id, fixed=said == "yes", now=console.now())
    if link is None:
        return _gone(request, console)
    if not heard:  # answered already, or not asked any more
        return RedirectResponse(f"{PATH}{token}", status_code=303, headers=HEADERS)
    words = "said_fixed" if said == "yes" else "said_not_fixed"
    return _page(console, "status_page_said.html", 200, link.language, title="title", said=words, back=f"{PATH}{token}")


@router.post("/{token}/withdraw")
def withdraw(request: Request, console: ConsoleHere, token: str) -> Response:
    """The token in the address is what proves whose form it is: nobody else can know it."""
    if not console.throttle.may_look(_address(request)):
        return _too_often()
    with console.product.database.write() as session:
        link = _link(session, console, token)
        if link is not None:
            revoke(session, link, BY_RESIDENT, console.now())
    if link is None:
        return _gone(request, console)
    return _page(console, "status_page_said.html", 200, link.language, title="withdraw", said="withdrawn")


def _link(session: Session, console: Console, token: str) -> StatusLink | None:
    if len(token) > LONGEST_TOKEN:
        return None
    kept = timedelta(days=console.product.settings.status_link_days)
    return living_link(session, token, console.now(), kept)


def _gone(request: Request, console: Console) -> Response:
    console.throttle.missed(_address(request))
    wanted = request.headers.get("accept-language", "en").partition(",")[0].partition(";")[0].strip()
    language = language_of_reply(wanted, page_words().keys())
    return _page(console, "status_page_said.html", 404, language, title="gone", said="gone_why")


def _too_often() -> Response:
    return PlainTextResponse("Too many pages were asked for. Wait 15 minutes.\n", 429, headers=HEADERS)


def _page(console: Console, template: str, status: int, language: str, **more: object) -> Response:
    language = language_of_reply(language, page_words().keys())
    answer = console.page(
        template,
        status,
        said_as=page_words()[language],
        language=language,
        direction="rtl" if language in RIGHT_TO_LEFT else "ltr",
        **more,
    )
    answer.headers.update(HEADERS)
    return answer


@cache
def page_words() -> Mapping[str, Mapping[str, str]]:
    """The words of the page, by language."""
    return tomllib.loads((Path(__file__).parent / "status_page_words.toml").read_text(encoding="utf-8"))


def _shown(session: Session, console: Console, link: StatusLink, head: ServiceRequest) -> Shown | None:
    mention = session.get(Mention, link.mention_id)
    service = session.get(Service, head.service_code or "")
    if mention is None or service is None:
        return None
    language = language_of_reply(link.language, page_words().keys())
    words, zone = page_words()[language], console.city_time.zone

    def day(moment: datetime) -> date:
        return moment.astimezone(zone).date()

    reported = mention.received_at if head.reopens_id is None else head.approved_at or head.changed_at
    steps = [Step(words["reported"], date_words(day(reported), language))]
    taken = head.state == RequestState.SUBMITTED
    if taken and (filed := head.requested_datetime or head.approved_at):
        steps.append(Step(words["filed"], date_words(day(filed), language)))
    for update in _updates(session, head):
        if update.outcome in TOLD_AS:
            planned = date_words(day(update.planned_for), language) if update.planned_for else ""
            if update.outcome is Outcome.SCHEDULED and not planned:
                continue
            said = words[update.outcome.value].replace("{date}", planned)
            reason = _told_reason(session, update, link.mention_id)
            steps.append(Step(said, date_words(day(update.happened_at), language), reason))
    closed = head.status == "closed"
    if closed and not any(one.outcome for one in _updates(session, head)):
        steps.append(Step(words["closed"], date_words(day(head.updated_datetime or head.changed_at), language)))
    promised = head.promised_datetime if not closed else None
    return Shown(
        problem=problem_words(service, language),
        number=head.service_request_id or head.reference,
        place=_block(console, head, language),
        state=words["closed" if closed else "open" if taken else "waiting"],
        promised=date_words(day(promised), language) if promised and promised > console.now() else "",
        steps=steps,
        question_id=question.id if (question := open_question(session, link, head)) else None,
    )


def _updates(session: Session, head: ServiceRequest) -> Sequence[StatusUpdate]:
    return session.exec(
        select(StatusUpdate)
        .where(StatusUpdate.request_id == head.id, says_how_it_stands())
        .order_by(col(StatusUpdate.happened_at), col(StatusUpdate.id))
    ).all()


def _told_reason(session: Session, update: StatusUpdate, mention_id: int) -> str:
    """The city's words about a change, if a reply that a person approved has told this resident just these."""
    words = update.status_notes.strip()
    if not words:
        return ""
    sent = session.exec(
        select(Reply.sent_text)
        .join(StatusNotice, col(StatusNotice.reply_id) == Reply.id)
        .where(
            StatusNotice.update_id == update.id,
            StatusNotice.mention_id == mention_id,
            StatusNotice.state == NoticeState.TOLD,
            Reply.state == ReplyState.SENT,
            col(Reply.standing_approval_id).is_(None),
        )
    ).first()
    return words if sent and words in sent else ""


def _block(console: Console, head: ServiceRequest, language: str) -> str:
    """The block or the corner, of every service: whoever the link is passed on to need not learn the house."""
    return sayable_place(
        head.address_string, language, public=True, at_home=True, find_private=console.product.desk.find_private
    )


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
