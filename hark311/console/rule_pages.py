"""Search rules: what is listened for besides our name, what it would find and cost, begun and ended by supervisors.

No channel is called in a web request: the worker has the channel count what a new rule would find, and the page shows
it before anybody begins the rule.
"""

from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, Supervising, Viewing, Visitor
from hark311.prices import Prices
from hark311.rules import (
    SEARCHED,
    Estimate,
    RuleTrouble,
    begin_rule,
    draft_rule,
    end_rule,
    estimate,
    found_by,
    lint_for,
)
from listeners.lanes import lane_of
from models import CHANNELS, Account, Lane, ListeningRule
from responders.review import NotFound

router = APIRouter(prefix="/rules")

ENDED_SHOWN = 20


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule with what the channel counted, what it found so far, and what is wrong with its lane."""

    rule: ListeningRule
    account: str
    estimate: Estimate | None
    found: int
    trouble: str
    warnings: list[str]
    replaces: ListeningRule | None

    @property
    def called(self) -> str:
        return self.rule.label or f"Rule {self.rule.id}"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a rule was not kept, and what was typed; `replaces` is 0 for a new one."""

    reasons: list[str]
    replaces: int = 0
    typed: dict[str, str] = field(default_factory=dict)


@router.get("")
def show_rules(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    return _show(request, console, visitor)


@router.post("")
def draft(request: Request, console: ConsoleHere, sent: Supervising) -> Response:
    """Keep a new rule, or a change of one, for the channel to count. It is not heard yet."""
    replaces = int(sent.text("replaces")) if sent.text("replaces").isdecimal() else 0
    typed = {name: sent.text(name) for name in ("account", "label", "query")}
    try:
        with console.product.database.write() as session:
            account = _account(session, typed["account"])
            draft_rule(
                session,
                account,
                typed["query"],
                typed["label"],
                made_by=sent.visitor.id,
                replaces_id=replaces or None,
            )
    except RuleTrouble as trouble:
        return _show(request, console, sent.visitor, Refused(trouble.reasons, replaces, typed))
    return RedirectResponse("/rules#waiting", status_code=303)


@router.post("/{rule_id}/begin")
def begin(request: Request, console: ConsoleHere, sent: Supervising, rule_id: int) -> Response:
    """Hear a rule from now on."""
    try:
        with console.product.database.write() as session:
            begin_rule(session, _rule(session, rule_id), sent.visitor.id, console.now())
    except RuleTrouble as trouble:
        return _show(request, console, sent.visitor, Refused(trouble.reasons))
    return RedirectResponse("/rules", status_code=303)


@router.post("/{rule_id}/end")
def end(console: ConsoleHere, sent: Supervising, rule_id: int) -> Response:
    """Hear a rule no more, or drop one that was not begun."""
    with console.product.database.write() as session:
        end_rule(session, _rule(session, rule_id), sent.visitor.id, console.now())
    return RedirectResponse("/rules", status_code=303)


def _account(session: Session, written: str) -> Account:
    account = session.get(Account, int(written)) if written.isdecimal() and len(written) < 10 else None
    if account is None:
        raise NotFound("There is no such account.")
    return account


def _rule(session: Session, rule_id: int) -> ListeningRule:
    rule = session.get(ListeningRule, rule_id, with_for_update=True)
    if rule is None:
        raise NotFound("There is no such rule.")
    return rule


def _show(request: Request, console: Console, visitor: Visitor, refused: Refused | None = None) -> Response:
    with console.product.database.read() as session:
        accounts = session.exec(
            select(Account).where(col(Account.channel).in_(SEARCHED), col(Account.retired_at).is_(None))
        ).all()
        rows = _rows(session, console.product.prices)
    return signed_in_page(
        request,
        console,
        visitor,
        "rules.html",
        422 if refused else 200,
        accounts=[(one.id, f"{CHANNELS[one.channel].label} @{one.handle or one.name}") for one in accounts],
        running=[row for row in rows if row.rule.begins_at and not row.rule.ended_at],
        waiting=[row for row in rows if not row.rule.begins_at and not row.rule.ended_at],
        ended=[row for row in rows if row.rule.begins_at and row.rule.ended_at][:ENDED_SHOWN],
        refused=refused,
        prices=console.product.prices,
    )


def _rows(session: Session, prices: Prices) -> list[RuleRow]:
    found = session.exec(
        select(ListeningRule, Account)
        .join(Account, col(Account.id) == ListeningRule.account_id)
        .order_by(col(ListeningRule.id).desc())
        .limit(200)
    ).all()
    rules = {rule.id or 0: rule for rule, _ in found}
    counts = found_by(session, list(rules))
    names = [lane_of(rule_id) for rule_id in rules]
    lanes = session.exec(select(Lane).where(col(Lane.name).in_(names))).all()
    troubles = {(lane.account_id, lane.name): lane.trouble for lane in lanes}
    return [
        RuleRow(
            rule=rule,
            account=f"@{account.handle or account.name}",
            estimate=None if rule.found_in_week is None else estimate(rule.found_in_week, prices),
            found=counts.get(rule.id or 0, 0),
            trouble=troubles.get((rule.account_id, lane_of(rule.id or 0)), "") or rule.trouble,
            warnings=list(lint_for(account, rule.query).warnings),
            replaces=rules.get(rule.replaces_id or 0),
        )
        for rule, account in found
    ]
