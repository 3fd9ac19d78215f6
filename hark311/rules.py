"""Search rules: drafted, counted by the channel, begun from now on, ended. A changed rule is a new one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from hark311.prices import MICRO, Prices
from listeners.search_rules import Lint, lint_rule
from models import Account, Channel, ListeningRule, Post, record

SEARCHED = (Channel.X,)
"""The channels that can be searched for what does not name us."""
DAYS_OF_COUNT, DAYS_A_MONTH = 7, 30
LONGEST_LABEL = 60
MANY_A_DAY = 500


class RuleTrouble(Exception):
    """A rule cannot be kept; `reasons` are sentences for the person who wrote it."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a rule would find a day and a month, from the channel's count of seven days, and what that costs.

    `microdollars` a month: a post and its author are billed for each. `sum` shows how it was reckoned.
    """

    found_in_week: int
    microdollars: int
    sum: str

    @property
    def a_day(self) -> float:
        return self.found_in_week / DAYS_OF_COUNT

    @property
    def dollars_a_month(self) -> float:
        return self.microdollars / MICRO

    @property
    def warning(self) -> str:
        """Why somebody should think twice; "" where nothing speaks against it."""
        if self.a_day > MANY_A_DAY:
            return f"About {self.a_day:,.0f} posts a day is more than a desk can read. Narrow it down."
        return "" if self.found_in_week else "It found nothing in the last seven days. Is it written as people write?"


def estimate(found_in_week: int, prices: Prices) -> Estimate:
    """What a rule finds and costs, from the count of the last seven days."""
    a_month = found_in_week * DAYS_A_MONTH / DAYS_OF_COUNT
    post, person = (prices.of(Channel.X, what) for what in ("post_read", "user_read"))
    shown = (
        f"{a_month:,.0f} posts a month, each ${post / MICRO:.3f} for the post and ${person / MICRO:.3f} for its author "
        f"(prices of {prices.as_of:%d %B %Y})"
    )
    return Estimate(found_in_week, round(a_month * (post + person)), shown)


def draft_rule(
    session: Session, account: Account, query: str, label: str, *, made_by: int | None, replaces_id: int | None = None
) -> ListeningRule:
    """Keep a rule that is not heard yet: the channel counts what it would find. Raises RuleTrouble."""
    query, label = " ".join(query.split()), " ".join(label.split())
    problems = list(lint_rule(query, account.handle).problems)
    if account.channel not in SEARCHED:
        problems.append("This channel cannot be searched.")
    if len(label) > LONGEST_LABEL:
        problems.append(f"The name has {len(label)} characters; {LONGEST_LABEL} are the most.")
    old = session.get(ListeningRule, replaces_id) if replaces_id else None
    if replaces_id and (old is None or old.account_id != account.id or old.ended_at is not None):
        problems.append("The rule it should replace is not heard any more. Write it as a new one.")
    same = session.exec(
        select(ListeningRule.id).where(
            ListeningRule.account_id == account.id,
            ListeningRule.query == query,
            col(ListeningRule.ended_at).is_(None),
        )
    ).first()
    if same and not problems:
        problems.append("There is a rule with these words already.")
    if problems:
        raise RuleTrouble(problems)
    rule = ListeningRule(account_id=account.id or 0, query=query, label=label, made_by=made_by, replaces_id=replaces_id)
    session.add(rule)
    session.flush()
    return rule


def begin_rule(session: Session, rule: ListeningRule, by: int | None, now: datetime) -> None:
    """Hear a rule from now on; the one it replaces ends. Raises RuleTrouble where it runs or has ended."""
    if rule.begins_at is not None or rule.ended_at is not None:
        raise RuleTrouble(["The rule is heard already, or has ended. Look at the list again."])
    old = session.get(ListeningRule, rule.replaces_id, with_for_update=True) if rule.replaces_id else None
    if old is not None and old.ended_at is None:
        end_rule(session, old, by, now)
    rule.begins_at = now
    session.add(rule)
    record(session, "ListeningRule", rule.id or 0, _who(by), "is heard from now on", now)


def end_rule(session: Session, rule: ListeningRule, by: int | None, now: datetime) -> None:
    """Hear a rule no more. What it found stays. Ending it twice changes nothing."""
    if rule.ended_at is not None:
        return
    rule.ended_at, rule.ended_by = now, by
    session.add(rule)
    record(session, "ListeningRule", rule.id or 0, _who(by), "is not heard any more", now)


def found_by(session: Session, rule_ids: Sequence[int]) -> dict[int, int]:
    """How many stored posts each rule has found."""
    rows = session.exec(
        select(Post.rule_id, func.count()).where(col(Post.rule_id).in_(rule_ids)).group_by(col(Post.rule_id))
    ).all()
    return {rule_id: count for rule_id, count in rows if rule_id}


def lint_for(account: Account, query: str) -> Lint:
    """What speaks against a rule for this account."""
    return lint_rule(query, account.handle)


def _who(staff_id: int | None) -> str:
    return f"staff:{staff_id}" if staff_id else "operator"
