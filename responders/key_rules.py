"""The rules of responders.keys, made, changed and switched off by supervisors; and what each would have touched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models import (
    Account,
    Intent,
    KeyRule,
    Mention,
    Post,
    Power,
    Reply,
    RuleAbout,
    Service,
    ServiceRequest,
    StaffUser,
    Understanding,
    record,
)
from models.keys import MOST_KEYS
from models.posts import PostKind
from responders.deciding import NotApproved, NotFound
from responders.keys import ALWAYS, Case, intents_of, why_touched

LOOKED_BACK = timedelta(days=7)
REPLIES_LOOKED_AT = 2000
LONGEST_HOLD = 24 * 60 * 60
MOST_WANTED = 200
LONGEST_WORD = 60


@dataclass(frozen=True, slots=True)
class RuleFields:
    """What a supervisor typed about a rule."""

    about: RuleAbout
    label: str
    wanted: tuple[str, ...] = ()
    keys: int = MOST_KEYS
    hold_seconds: int | None = None
    begins_at: datetime | None = None
    ends_at: datetime | None = None


def keep_rule(session: Session, staff: StaffUser, fields: RuleFields, rule_id: int | None, now: datetime) -> KeyRule:
    """Make a rule, or change one (its kind stays). Raises NotApproved with every reason, or NotFound."""
    _require_supervisor(staff)
    rule = _rule(session, rule_id) if rule_id is not None else None
    if reasons := _against(session, fields):
        raise NotApproved(reasons)
    if rule is None:
        rule = KeyRule(about=fields.about, made_by=staff.id, made_at=now)
    else:
        rule.changed_by, rule.changed_at = staff.id, now
    rule.label, rule.wanted = fields.label.strip(), list(dict.fromkeys(fields.wanted))
    rule.keys, rule.hold_seconds = fields.keys, fields.hold_seconds
    rule.begins_at, rule.ends_at = fields.begins_at, fields.ends_at
    session.add(rule)
    session.flush()
    record(session, "KeyRule", rule.id or 0, f"staff:{staff.id}", "changed" if rule_id else "made", now)
    return rule


def switch_rule(session: Session, staff: StaffUser, rule_id: int, now: datetime, *, on: bool) -> None:
    """Let a rule hold, or no more. What waits for a second key goes on waiting. Raises NotApproved, NotFound."""
    _require_supervisor(staff)
    rule = _rule(session, rule_id)
    if rule.active != on:
        rule.active, rule.changed_by, rule.changed_at = on, staff.id, now
        session.add(rule)
        record(session, "KeyRule", rule_id, f"staff:{staff.id}", "switched on" if on else "switched off", now)


def touched(session: Session, rules: Sequence[KeyRule], now: datetime) -> tuple[dict[int, int], int]:
    """How many replies that people approved in the last 7 days each rule touches, by its id, and how many there were.

    A rule's period is left aside: what counts is what it would have meant.
    """
    cases = _recent(session, now - LOOKED_BACK)
    return {rule.id or 0: sum(1 for case in cases if why_touched(rule, case)) for rule in rules}, len(cases)


def _recent(session: Session, since: datetime) -> list[Case]:
    rows = session.exec(
        select(Reply, Mention, Account, StaffUser)
        .join(Mention, col(Mention.id) == Reply.mention_id)
        .join(Account, col(Account.id) == Reply.account_id)
        .join(StaffUser, col(StaffUser.id) == Reply.approved_by)
        .where(col(Reply.approved_at) >= since, col(Reply.standing_approval_id).is_(None), Reply.approved_text != "")
        .order_by(col(Reply.approved_at).desc())
        .limit(REPLIES_LOOKED_AT)
    ).all()
    ids = {mention.id for _, mention, _, _ in rows}
    understood = select(Understanding.mention_id, Understanding.intent).where(col(Understanding.mention_id).in_(ids))
    intents = dict(session.exec(understood.order_by(col(Understanding.id))).all())
    texts: dict[int, list[tuple[str, str]]] = {}
    for mention_id, text in session.exec(
        select(Post.mention_id, Post.text).where(col(Post.mention_id).in_(ids), Post.kind == PostKind.MENTION)
    ).all():
        texts.setdefault(mention_id or 0, []).append(("post", text))
    filed = select(ServiceRequest.mention_id, ServiceRequest.service_code).where(
        col(ServiceRequest.mention_id).in_(ids), col(ServiceRequest.approved_at).is_not(None)
    )
    codes = dict(session.exec(filed).all())
    return [
        Case(
            account=account.name,
            intents=intents_of(_intent(intents.get(mention.id or 0)), danger=mention.danger),
            service_code=codes.get(mention.id or 0) or mention.service_code,
            service="",
            language=reply.language,
            texts=[("reply", reply.approved_text), *texts.get(mention.id or 0, [])],
            who=staff.display_name,
            reads=staff.reads,
        )
        for reply, mention, account, staff in rows
    ]


def _intent(value: str | None) -> Intent | None:
    return Intent(value) if value else None


def _against(session: Session, fields: RuleFields) -> list[str]:
    wanted, known = fields.wanted, _known(session, fields.about)
    unknown = [one for one in wanted if known is not None and one not in known]
    checks = (
        (not fields.label.strip(), "Give the rule a name, so that colleagues know it."),
        (len(fields.label) > LONGEST_WORD, f"The name is too long; {LONGEST_WORD} characters are enough."),
        (not wanted and fields.about not in ALWAYS, "Say what the rule is about: choose or write at least one."),
        (bool(unknown), f"There is no {', '.join(unknown)} here."),
        (len(wanted) > MOST_WANTED, f"A rule takes {MOST_WANTED} words. Make two of them."),
        (any(len(one) > LONGEST_WORD for one in wanted), f"A word has at most {LONGEST_WORD} characters."),
        (any(not one.strip("* ") for one in wanted), "A star alone would stand for every word."),
        (fields.keys not in (1, MOST_KEYS), "A reply needs one key or two."),
        (
            fields.keys == 1 and not fields.hold_seconds,
            "With one key and no longer hold the rule would change nothing. Ask for two keys, or for a hold.",
        ),
        (
            fields.hold_seconds is not None and not 0 <= fields.hold_seconds <= LONGEST_HOLD,
            "A hold lasts from 0 seconds to a day.",
        ),
        (
            fields.about == RuleAbout.ELECTION and not (fields.begins_at and fields.ends_at),
            "Say from which day until which day the election period lasts.",
        ),
        (
            bool(fields.begins_at and fields.ends_at and fields.ends_at <= fields.begins_at),
            "The last day is before the first.",
        ),
    )
    return [reason for wrong, reason in checks if wrong]


def _known(session: Session, about: RuleAbout) -> set[str] | None:
    """What a rule of this kind may name; None: any words."""
    match about:
        case RuleAbout.INTENT:
            return set(Intent)
        case RuleAbout.SERVICE:
            return set(session.exec(select(Service.service_code)).all())
        case RuleAbout.ACCOUNT:
            return set(session.exec(select(Account.name)).all())
        case RuleAbout.RISK_WORDS:
            return None
    return set()


def _rule(session: Session, rule_id: int) -> KeyRule:
    rule = session.get(KeyRule, rule_id, with_for_update=True)
    if rule is None:
        raise NotFound(f"There is no rule {rule_id}.")
    return rule


def _require_supervisor(staff: StaffUser) -> None:
    if not staff.may(Power.SUPERVISE):
        raise NotApproved(["A supervisor changes these rules."])
