"""Two keys: what waits for a second person, handing in and returning, and the rules that ask for a second person."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from fastapi import APIRouter, Request
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from hark311.console import words
from hark311.console.decisions import form_of_submission
from hark311.console.frame import signed_in_page
from hark311.console.key_queries import key_lists
from hark311.console.mention_pages import Refused as NotDone
from hark311.console.mention_pages import read_page, refuse
from hark311.console.pages import Console
from hark311.console.visits import (
    Approving,
    ConsoleHere,
    Drafting,
    Submission,
    SubmittingComingIn,
    Supervising,
    Viewing,
    Visitor,
)
from models import CHANNELS, Account, Intent, KeyRule, RuleAbout, Service, StaffUser, record
from responders.key_rules import RuleFields, keep_rule, switch_rule, touched
from responders.review import Decided, NotApproved

router = APIRouter()

KINDS = {
    RuleAbout.RISK_WORDS: "risk words",
    RuleAbout.UNREAD_LANGUAGE: "a language the approver does not read",
    RuleAbout.INTENT: "what they want",
    RuleAbout.SERVICE: "a service",
    RuleAbout.ACCOUNT: "an account",
    RuleAbout.ELECTION: "an election period",
}
"""The kinds of rules, as the page calls them."""
CHOSEN = "wanted-"


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule with what it is about in words, and how many replies of the last 7 days it touches."""

    rule: KeyRule
    wanted: list[str]
    count: int
    changed_by: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a rule was not kept, and what was typed; `rule_id` is 0 for a new one."""

    reasons: list[str]
    rule_id: int
    about: RuleAbout
    typed: dict[str, str] = field(default_factory=dict)


@router.get("/keys")
def show_keys(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    """What waits for another person, and what became of what this person handed on."""
    with console.product.database.read() as session:
        lists = key_lists(session, visitor.staff, console.now())
    return signed_in_page(request, console, visitor, "two_keys_list.html", lists=lists)


@router.post("/mentions/{mention_id}/hand-in")
def hand_in(request: Request, console: ConsoleHere, sent: Drafting, mention_id: int) -> Response:
    """A draft goes to whoever may approve it."""

    def do(decided: Decided) -> None:
        console.product.desk.hand_in(mention_id, sent.visitor.id, decided)

    return _hand(request, console, sent, mention_id, do, "Not handed in")


@router.post("/mentions/{mention_id}/return")
def return_it(request: Request, console: ConsoleHere, sent: Approving, mention_id: int) -> Response:
    """What somebody handed on is theirs again, with a reason."""

    def do(decided: Decided) -> None:
        console.product.desk.return_to_maker(mention_id, sent.visitor.id, sent.text("return_reason"), decided)

    return _hand(request, console, sent, mention_id, do, "Not returned")


def _hand(
    request: Request,
    console: Console,
    sent: Submission,
    mention_id: int,
    do: Callable[[Decided], None],
    title: str,
) -> Response:
    form = form_of_submission(sent)
    try:
        if problems := form.problems():
            raise NotApproved(problems)
        console.product.desk.claim(mention_id, sent.visitor.id)
        do(form.decided() if title == "Not handed in" else form.kept(read_page(console, mention_id)))
    except NotApproved as error:
        return refuse(request, console, sent, mention_id, form, NotDone(title, error.reasons))
    return RedirectResponse(f"/mentions/{mention_id}", status_code=303)


@router.post("/account/reads")
def keep_reads(console: ConsoleHere, sent: SubmittingComingIn) -> Response:
    """The languages a person can judge a reply in."""
    chosen = [tag for tag in words.LANGUAGES if sent.text(f"reads-{tag}")]
    with console.product.database.write() as session:
        staff = session.get_one(StaffUser, sent.visitor.id, with_for_update=True)
        staff.reads = chosen
        session.add(staff)
        why = f"reads {', '.join(chosen) or 'nothing'}"
        record(session, "StaffUser", sent.visitor.id, f"staff:{sent.visitor.id}", why, console.now())
    return RedirectResponse("/account#reads", status_code=303)


@router.get("/keys/rules")
def show_rules(request: Request, console: ConsoleHere, visitor: Viewing, add: RuleAbout | None = None) -> Response:
    """`add`: the kind of rule whose form is open."""
    return _show(request, console, visitor, add)


@router.post("/keys/rules")
def keep(request: Request, console: ConsoleHere, sent: Supervising) -> Response:
    """A new rule, or a change of one."""
    about = RuleAbout(sent.text("about")) if sent.text("about") in set(RuleAbout) else RuleAbout.RISK_WORDS
    rule_id = int(sent.text("rule")) if sent.text("rule").isdecimal() and len(sent.text("rule")) < 10 else 0
    try:
        with console.product.database.write() as session:
            staff = session.get_one(StaffUser, sent.visitor.id)
            keep_rule(session, staff, _fields(console, sent, about), rule_id or None, console.now())
    except NotApproved as error:
        refused = Refused(error.reasons, rule_id, about, dict(sent.fields))
        return _show(request, console, sent.visitor, None if rule_id else about, refused)
    return RedirectResponse("/keys/rules", status_code=303)


@router.post("/keys/rules/{rule_id}/on")
def switch_on(console: ConsoleHere, sent: Supervising, rule_id: int) -> Response:
    return _switch(console, sent, rule_id, on=True)


@router.post("/keys/rules/{rule_id}/off")
def switch_off(console: ConsoleHere, sent: Supervising, rule_id: int) -> Response:
    return _switch(console, sent, rule_id, on=False)


def _switch(console: Console, sent: Submission, rule_id: int, *, on: bool) -> Response:
    with console.product.database.write() as session:
        staff = session.get_one(StaffUser, sent.visitor.id)
        switch_rule(session, staff, rule_id, console.now(), on=on)
    return RedirectResponse("/keys/rules", status_code=303)


def _fields(console: Console, sent: Submission, about: RuleAbout) -> RuleFields:
    if about == RuleAbout.RISK_WORDS:
        lines = sent.text("words").replace(",", "\n").split("\n")
        wanted = tuple(" ".join(line.split()) for line in lines if line.strip())
    else:
        wanted = tuple(name.removeprefix(CHOSEN) for name in sent.fields if name.startswith(CHOSEN))
    hold = sent.text("hold").strip()
    return RuleFields(
        about=about,
        label=sent.text("label"),
        wanted=wanted,
        keys=1 if sent.text("keys") == "1" else 2,
        hold_seconds=None if not hold else int(hold) if hold.isdecimal() and len(hold) < 8 else -1,
        begins_at=_midnight(console, sent.text("from")),
        ends_at=_midnight(console, sent.text("until"), days=1),
    )


def _midnight(console: Console, written: str, days: int = 0) -> datetime | None:
    """The beginning of a day in the city, or of the day after it; None where no day is written."""
    try:
        day = date.fromisoformat(written.strip()) + timedelta(days=days)
        return datetime(day.year, day.month, day.day, tzinfo=console.city_time.zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _show(
    request: Request,
    console: Console,
    visitor: Visitor,
    add: RuleAbout | None,
    refused: Refused | None = None,
) -> Response:
    now = console.now()
    with console.product.database.read() as session:
        rules = list(session.exec(select(KeyRule).order_by(col(KeyRule.about), col(KeyRule.id))).all())
        counts, replies = touched(session, rules, now)
        choices = _choices(session)
        people = {one.id: one.display_name for one in session.exec(select(StaffUser)).all()}
    names = {value: name for kind in choices.values() for value, name in kind}
    rows = [
        RuleRow(
            rule=rule,
            wanted=[names.get(one, one) for one in rule.wanted],
            count=counts.get(rule.id or 0, 0),
            changed_by=people.get(rule.changed_by or rule.made_by, ""),
        )
        for rule in rules
    ]
    return signed_in_page(
        request,
        console,
        visitor,
        "key_rules.html",
        422 if refused else 200,
        rows=[row for row in rows if row.rule.active],
        off=[row for row in rows if not row.rule.active],
        replies=replies,
        kinds=KINDS,
        choices=choices,
        add=add,
        refused=refused,
        hold=round(console.product.desk.hold.total_seconds()),
        zone=console.city_time.zone,
        a_day=timedelta(days=1),
    )


def _choices(session: Session) -> dict[RuleAbout, list[tuple[str, str]]]:
    """What a rule of each kind may name: (value, name)."""
    services = session.exec(select(Service).order_by(Service.service_name)).all()
    accounts = session.exec(select(Account).where(col(Account.retired_at).is_(None)).order_by(Account.name)).all()
    return {
        RuleAbout.INTENT: [(one.value, words.INTENT[one]) for one in Intent],
        RuleAbout.SERVICE: [(one.service_code, one.service_name) for one in services],
        RuleAbout.ACCOUNT: [
            (one.name, f"{CHANNELS[one.channel].label} @{one.handle}" if one.handle else one.name) for one in accounts
        ],
    }
