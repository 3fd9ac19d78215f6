"""Replies that go by themselves: supervisors switch a wording on and off, see its exact words, and end all at once."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from fastapi import APIRouter, Request
from sqlmodel import Session, col, func, select
from starlette.responses import RedirectResponse, Response

from hark311.console import words
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.queries import names_of_staff
from hark311.console.said_when import SAID_WHEN
from hark311.console.visits import Approving, ConsoleHere, Supervising, Viewing, Visitor
from models import CHANNELS, Account, Channel, Conversation, Mention, Reply, ReplyState, record
from responders import standing
from responders.drafting import Key, TemplateBook
from responders.review import NotFound
from responders.standing import CAN_GO_ALONE, PARTS, NotSwitchedOn

router = APIRouter()

USUAL_DAYS = 90


@dataclass(frozen=True, slots=True)
class GoesAlone:
    """A standing approval as the page shows it. `ended`: why it lets nothing go any more; "" while it does."""

    id: int
    said_when: str
    account: str
    language: str
    tag: str
    text: list[str]
    given_by: str
    given_at: datetime
    last_day: date
    ended: str
    sent: int


@dataclass(frozen=True, slots=True)
class Offered:
    """A wording that could go by itself. `version` None: no speaker of the language has checked it."""

    key: str
    said_when: str
    text: list[str]
    version: int | None


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a wording was not switched on."""

    key: str
    reasons: list[str]


@router.get("/standing")
def show_standing(
    request: Request, console: ConsoleHere, visitor: Viewing, account: int = 0, language: str = "en"
) -> Response:
    return _show(request, console, visitor, account, language)


@router.post("/standing")
def switch_on(request: Request, console: ConsoleHere, sent: Supervising) -> Response:
    account, language, key = _whole(sent.text("account")), sent.text("language"), sent.text("key")
    try:
        with console.product.database.write() as session:
            standing.switch_on(
                session,
                account,
                key,
                language,
                seen=_whole(sent.text("version")),
                until=_end_of(console, sent.text("until")),
                staff=sent.visitor.staff,
                now=console.now(),
            )
    except NotSwitchedOn as error:
        return _show(request, console, sent.visitor, account, language, Refused(key, error.reasons))
    return RedirectResponse("/standing", status_code=303)


@router.post("/standing/off")
def switch_all_off(console: ConsoleHere, sent: Supervising) -> Response:
    with console.product.database.write() as session:
        standing.switch_all_off(session, sent.visitor.staff, console.now())
    return RedirectResponse("/standing", status_code=303)


@router.post("/standing/{approval_id}/off")
def switch_off(console: ConsoleHere, sent: Supervising, approval_id: int) -> Response:
    with console.product.database.write() as session:
        if not standing.switch_off(session, approval_id, sent.visitor.staff, console.now()):
            raise NotFound(f"There is no standing approval {approval_id} to switch off.")
    return RedirectResponse("/standing", status_code=303)


@router.post("/mentions/{mention_id}/hand-back")
def hand_back(console: ConsoleHere, sent: Approving, mention_id: int) -> Response:
    """The person who was asked for has dealt with it: what may go by itself may go again in this chat."""
    with console.product.database.write() as session:
        mention = session.get(Mention, mention_id)
        if mention is None:
            raise NotFound(f"There is no mention {mention_id}.")
        chat = session.get_one(Conversation, mention.conversation_id, with_for_update=True)
        if chat.person_asked_at is not None:
            chat.person_asked_at = None
            session.add(chat)
            by, why = f"staff:{sent.visitor.id}", "the chat was handed back: its author had asked for a person"
            record(session, "Mention", mention_id, by, why, console.now())
    return RedirectResponse(f"/mentions/{mention_id}", status_code=303)


def _show(
    request: Request,
    console: Console,
    visitor: Visitor,
    account_id: int,
    language: str,
    refused: Refused | None = None,
) -> Response:
    with console.product.database.read() as session:
        speaking = col(Account.retired_at).is_(None), Account.channel != Channel.PARTNER
        accounts = list(session.exec(select(Account).where(*speaking).order_by(Account.name)).all())
        chosen = next((one for one in accounts if one.id == account_id), accounts[0] if accounts else None)
        templates = standing.templates_of(session)
        going = _going(session, console, accounts, templates)
        offered = _offered(templates, language) if chosen else []
    on = {
        one.said_when
        for one in going
        if chosen and (one.account, one.tag, one.ended) == (_called(chosen), language, "")
    }
    today = console.city_time.today(console.now())
    return signed_in_page(
        request,
        console,
        visitor,
        "standing.html",
        422 if refused else 200,
        going=going,
        accounts=[(one.id, _called(one)) for one in accounts],
        chosen=chosen,
        language=language,
        languages=[(tag, words.LANGUAGES.get(tag, tag)) for tag in sorted(templates.languages)],
        offered=[one for one in offered if one.said_when not in on],
        checked=any(one.version is not None for one in offered),
        usual=today + timedelta(days=USUAL_DAYS),
        earliest=today + timedelta(days=1),
        latest=today + standing.LONGEST - timedelta(days=1),
        refused=refused,
    )


def _going(session: Session, console: Console, accounts: list[Account], templates: TemplateBook) -> list[GoesAlone]:
    called = {one.id: _called(one) for one in accounts}
    found = standing.in_force(session)
    people = names_of_staff(session, [one.switched_on_by for one in found])
    sent = dict(
        session.exec(
            select(Reply.standing_approval_id, func.count())
            .where(col(Reply.standing_approval_id).in_([one.id for one in found]), Reply.state == ReplyState.SENT)
            .group_by(col(Reply.standing_approval_id))
        ).all()
    )
    return [
        GoesAlone(
            id=one.id or 0,
            said_when=SAID_WHEN[Key(one.template_key)],
            account=called.get(one.account_id, "a retired account"),
            language=words.LANGUAGES.get(one.language, one.language),
            tag=one.language,
            text=_text(templates, one.template_key, one.language),
            given_by=people.get(one.switched_on_by, "somebody"),
            given_at=one.switched_on_at,
            last_day=(one.expires_at - timedelta(seconds=1)).astimezone(console.city_time.zone).date(),
            ended=standing.why_ended(session, one, templates, console.now()),
            sent=sent.get(one.id, 0),
        )
        for one in found
    ]


def _offered(templates: TemplateBook, language: str) -> list[Offered]:
    return [
        Offered(
            key.value,
            SAID_WHEN[key],
            _text(templates, key, language),
            standing.version_of(templates, key, language),
        )
        for key in CAN_GO_ALONE
        if templates.newest(key, language)
    ]


def _text(templates: TemplateBook, key: str, language: str) -> list[str]:
    """The words of a wording and of the lines it is put together from."""
    found = (templates.newest(one, language) for one in (key, *PARTS.get(Key(key), ())))
    return [one.body for one in found if one]


def _called(account: Account) -> str:
    label = CHANNELS[account.channel].label
    return f"{label} @{account.handle}" if account.handle else f"{label}, {account.name}"


def _end_of(console: Console, day: str) -> datetime:
    """The end of a day in the city; now where it is none, which is refused as too early."""
    try:
        wanted = datetime.fromisoformat(day).date()
    except ValueError:
        return console.now()
    return datetime.combine(wanted + timedelta(days=1), time(), console.city_time.zone)


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 18 else 0
