"""Moderation on the desk: what is in force, what waits, the form for a new act, and one act with its appeal."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from fastapi import APIRouter, Request
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from hark311.console import moderation_queries as queries
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.reach import as_id
from hark311.console.sheets import as_csv
from hark311.console.visits import Approving, ConsoleHere, Moderating, Submission, Submitting, Viewing, Visitor
from models import Account, Attachment, Mention, ModerationAct, ModerationKind, Power
from responders.claims import NotYours, require_scope
from responders.deciding import LONGEST_REASON, NotApproved, NotFound
from responders.moderation.acts import OPEN, Proposal, decide, lift, may_moderate, propose
from responders.moderation.appeals import LONGEST_APPEAL, appeal_by_staff, can_be_appealed, decide_appeal
from responders.moderation.networks import what_happens
from responders.moderation.policy import policy
from responders.moderation.targets import Target, target_of

router = APIRouter(prefix="/moderation")


@dataclass(frozen=True, slots=True)
class About:
    """Which post a form is about, as the address names it; 0: not so."""

    mention: int = 0
    entry: int = 0
    post: int = 0

    @classmethod
    def of(cls, mention: str, entry: str, post: str) -> "About":
        """Raises NoSuchId for anything but ids."""
        return cls(*(as_id(one) if one else 0 for one in (mention, entry, post)))

    def target(self, session: Session) -> Target:
        """Raises NotFound or NotApproved."""
        named = {"mention_id": self.mention or None, "entry_id": self.entry or None, "post_id": self.post or None}
        return target_of(session, **named)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an act was not made, and what was typed."""

    reasons: list[str]
    typed: dict[str, str] = field(default_factory=dict)


@router.get("")
def show_all(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    """What waits, holds and has ended, and the report by clause."""
    now = console.now()
    with console.product.database.read() as session:
        found = queries.lists(session, visitor.staff, now)
        sheet = queries.report(session, now)
    return signed_in_page(
        request, console, visitor, "moderation.html", lists=found, sheet=sheet, said=queries, decides=_decides(visitor)
    )


@router.get("/report.csv")
def report(console: ConsoleHere, _visitor: Viewing) -> Response:
    with console.product.database.read() as session:
        return as_csv(queries.report(session, console.now()))


@router.get("/new")
def show_form(
    request: Request, console: ConsoleHere, visitor: Viewing, mention: str = "", entry: str = "", post: str = ""
) -> Response:
    """The form for an act: what would be captured, and what would happen."""
    return _form(request, console, visitor, About.of(mention, entry, post))


@router.post("")
def make(request: Request, console: ConsoleHere, sent: Submitting) -> Response:
    """Propose an act; a hide or a mute is in force with it."""
    about = About.of(sent.text("mention"), sent.text("entry"), sent.text("post"))
    try:
        act_id = propose(console.product.desk, _proposal(console, sent, about), sent.visitor.id)
    except NotApproved as error:
        return _form(request, console, sent.visitor, about, Refused(error.reasons, dict(sent.fields)))
    return RedirectResponse(f"/moderation/{act_id}", status_code=303)


@router.get("/{act_id}")
def show(request: Request, console: ConsoleHere, visitor: Viewing, act_id: int) -> Response:
    """One act: its timeline, what supervisors may read of the capture, and what can be done about it."""
    now = console.now()
    with console.product.database.read() as session:
        act = session.get(ModerationAct, act_id)
        if act is None:
            raise NotFound(f"There is no act of moderation {act_id}.")
        page = queries.act_page(session, act)
        lifts = may_moderate(session, visitor.staff, act.chat_id)
    return signed_in_page(
        request,
        console,
        visitor,
        "moderation_act.html",
        page=page,
        act=act,
        said=queries,
        now_holds=page.row.in_force and act.expires_at > now,
        decides=_decides(visitor),
        lifts=lifts,
        made_it=visitor.id in (act.proposed_by, act.decided_by),
        can_be_appealed=can_be_appealed(act, now),
        longest=LONGEST_REASON,
        longest_appeal=LONGEST_APPEAL,
        waits=act.state in OPEN,
    )


@router.post("/{act_id}/decide")
def decide_it(console: ConsoleHere, sent: Submitting, act_id: int) -> Response:
    """The second person's word on a block, or its maker's who takes it back."""
    decide(console.product.desk, act_id, sent.visitor.id, agreed=_yes_or_no(sent.text("agreed")))
    return _back(act_id)


@router.post("/{act_id}/lift")
def lift_it(console: ConsoleHere, sent: Submitting, act_id: int) -> Response:
    lift(console.product.desk, act_id, sent.visitor.id)
    return _back(act_id)


@router.post("/{act_id}/appeal")
def enter_appeal(console: ConsoleHere, sent: Approving, act_id: int) -> Response:
    """An appeal that came by telephone, at a counter or as an answer to the notice."""
    appeal_by_staff(console.product.desk, act_id, sent.visitor.id, sent.text("appeal"))
    return _back(act_id)


@router.post("/{act_id}/appeal/decide")
def decide_it_again(console: ConsoleHere, sent: Moderating, act_id: int) -> Response:
    """What somebody who did not make the act decides about the appeal."""
    granted = _yes_or_no(sent.text("granted"))
    decide_appeal(console.product.desk, act_id, sent.visitor.id, granted=granted, answer=sent.text("reason"))
    return _back(act_id)


def _back(act_id: int) -> Response:
    return RedirectResponse(f"/moderation/{act_id}", status_code=303)


def _decides(visitor: Visitor) -> bool:
    return visitor.staff.may(Power.MODERATE) or visitor.staff.may(Power.SUPERVISE)


def _yes_or_no(written: str) -> bool:
    if written not in ("yes", "no"):
        raise NotApproved(["Say yes or no."])
    return written == "yes"


def _proposal(console: Console, sent: Submission, about: About) -> Proposal:
    if sent.text("kind") not in set(ModerationKind):
        raise NotApproved(["Say what is to be done: hide the post, mute or block its author."])
    return Proposal(
        kind=ModerationKind(sent.text("kind")),
        clause_id=as_id(sent.text("clause")) if sent.text("clause").isdecimal() else 0,
        why=sent.text("why"),
        mention_id=about.mention or None,
        entry_id=about.entry or None,
        post_id=about.post or None,
        expires_at=_end_of(console, sent.text("until")),
    )


def _end_of(console: Console, written: str) -> datetime | None:
    """The end of a day in the city, to the minute, so that it is still that day there; None where none is written."""
    if not written.strip():
        return None
    try:
        day = date.fromisoformat(written.strip())
        return datetime(day.year, day.month, day.day, 23, 59, tzinfo=console.city_time.zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise NotApproved(["The day is not written as a date."]) from None


def _form(
    request: Request, console: Console, visitor: Visitor, about: About, refused: Refused | None = None
) -> Response:
    with console.product.database.read() as session:
        target = about.target(session)
        if not may_moderate(session, visitor.staff, target.chat_id):
            raise NotYours("Moderators and supervisors moderate, and in a chat those who run it. Ask one of them.")
        if target.mention_id:
            require_scope(session, session.get_one(Mention, target.mention_id), visitor.staff)
        channel = session.get_one(Account, target.post.account_id).channel
        clauses = [one for one in policy(session) if not one.only_in_chat or target.chat_id]
        attached = session.exec(
            select(Attachment).where(Attachment.post_id == target.post.id).order_by(col(Attachment.id))
        ).all()
    today = console.city_time.today(console.now())
    return signed_in_page(
        request,
        console,
        visitor,
        "moderation_new.html",
        422 if refused else 200,
        about=about,
        target=target,
        clauses=clauses,
        attached=attached,
        kinds=[
            (kind, queries.KIND[kind], what_happens(channel, kind))
            for kind in ModerationKind
            if not target.refuses(kind)
        ],
        refused=refused,
        typed=refused.typed if refused else {},
        longest=LONGEST_REASON,
        first_day=today + timedelta(days=1),
        last_day=today + timedelta(days=365),
    )
