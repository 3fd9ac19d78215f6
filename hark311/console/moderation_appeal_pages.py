"""The page behind the link of a notice: what was done, under which clause, and how to object. No account, no script.

A link that is too old or invented gets one and the same page. The token in the address proves whose form it is.
"""

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from hark311.console.moderation_policy_pages import public_words, wanted_language
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, Fields
from models import ModerationAct, ModerationClause, ModerationState
from responders.moderation.appeals import LONGEST_APPEAL, act_of_token, appeal_by_link, can_be_appealed
from responders.moderation.policy import said_in
from responders.review import NotApproved
from responders.wording import date_words

router = APIRouter(prefix="/appeal")

HEADERS = {"x-robots-tag": "noindex, nofollow, noarchive", "cache-control": "no-store"}
LONGEST_TOKEN = 64


@router.get("/{token}")
def show(request: Request, console: ConsoleHere, token: str) -> Response:
    return _page(request, console, token)


@router.post("/{token}")
def appeal(request: Request, console: ConsoleHere, fields: Fields, token: str) -> Response:
    """What the author says against it, once."""
    if not console.throttle.may_look(_address(request)):
        return _too_often()
    words = fields.get("appeal", "").replace("\r\n", "\n")
    try:
        known = len(token) <= LONGEST_TOKEN and appeal_by_link(console.product.desk, token, words)
    except NotApproved:
        return _page(request, console, token, 422, words)
    return _page(request, console, token) if known else _gone(request, console)


def _page(request: Request, console: Console, token: str, status: int = 200, typed: str = "") -> Response:
    if not console.throttle.may_look(_address(request)):
        return _too_often()
    now = console.now()
    with console.product.database.read() as session:
        act = act_of_token(session, token, now) if len(token) <= LONGEST_TOKEN else None
        clause = session.get(ModerationClause, act.clause_id) if act else None
    if act is None or clause is None:
        return _gone(request, console)
    until = date_words(act.expires_at.astimezone(console.city_time.zone).date(), act.language)
    answer = console.page(
        "appeal.html",
        status,
        act=act,
        number=clause.position,
        title=said_in(clause.title, act.language),
        until=until,
        stands=_stands(act),
        may_appeal=can_be_appealed(act, now),
        typed=typed,
        wrong=status == 422,
        token=token,
        longest=LONGEST_APPEAL,
        **public_words(act.language),
    )
    answer.headers.update(HEADERS)
    return answer


def _stands(act: ModerationAct) -> str:
    """The word for how it stands, as moderation_words.toml names it."""
    if act.appeal_granted is not None:
        return "granted" if act.appeal_granted else "refused"
    if act.appealed_at is not None:
        return "appealed"
    return {ModerationState.LIFTED: "lifted", ModerationState.EXPIRED: "over"}.get(act.state, "holds")


def _gone(request: Request, console: Console) -> Response:
    console.throttle.missed(_address(request))
    answer = console.page("appeal_gone.html", 404, **public_words(wanted_language(request)))
    answer.headers.update(HEADERS)
    return answer


def _too_often() -> Response:
    return PlainTextResponse("Too many pages were asked for. Wait 15 minutes.\n", 429, headers=HEADERS)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
