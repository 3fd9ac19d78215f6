"""Whose a mention is: by the rules when its draft is there, or by the hand of a person."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from models import (
    Absence,
    AssignmentRule,
    Mention,
    MentionState,
    Power,
    Role,
    StaffScope,
    StaffUser,
    WorkingTime,
    record,
    scope_of,
)
from models.assignments import Case, Colleague, Verdict, judge
from models.lifecycle import WAITING_FOR_A_PERSON
from models.mentions import WAITS_FOR_A_PERSON
from models.scopes import scope_from

BY = "assignment"


class CannotTake(Exception):
    """The person cannot be given this; the text says why."""


def assign(session: Session, mention: Mention, staff_id: int | None, by: str, now: datetime) -> bool:
    """Give a mention to a person, or (None) to nobody in particular. False: it was so already.

    It says who should take it and holds nobody back: whoever claims it decides. Raises CannotTake.
    """
    if mention.assigned_to == staff_id:
        return False
    if staff_id is None:
        why = "given to nobody in particular"
    else:
        staff = session.get(StaffUser, staff_id)
        if staff is None or not staff.active:
            raise CannotTake("This person does not work at the desk any more.")
        if not staff.may(Power.DRAFT):
            raise CannotTake(f"{staff.display_name} may read and not answer.")
        if not scope_of(session, staff).covers(mention):
            raise CannotTake(f"{staff.display_name} looks after another part of the work.")
        why = f"given to staff:{staff_id}"
    mention.assigned_to = staff_id
    session.add(mention)
    record(session, "Mention", mention.id or 0, by, why, now)
    return True


def assign_by_rules(session: Session, mentions: Sequence[Mention], zone: ZoneInfo, now: datetime) -> int:
    """Give what waits for a person to whom the rules name; returns how many were given.

    What is somebody's stays theirs while they work here and are at the desk; else the rules are asked anew.
    """
    rules = rules_in_force(session)
    waiting = [one for one in mentions if one.state == MentionState.DRAFTED]
    if not rules or not waiting:
        return 0
    people, at, given = colleagues(session), now.astimezone(zone), 0
    for mention in waiting:
        case = case_of(mention)
        holder = people.get(mention.assigned_to or 0)
        if holder and not holder.away(case, at):
            continue
        given += _follow(session, mention, judge(case, rules, people, at), people, now)
    return given


def give_back(session: Session, staff_id: int, zone: ZoneInfo, now: datetime) -> int:
    """Take from a person what is theirs and waits; the rules give it to whoever is here. Returns how many it was."""
    theirs = session.exec(
        select(Mention).where(Mention.assigned_to == staff_id, col(Mention.state).in_(WAITING_FOR_A_PERSON))
    ).all()
    for mention in theirs:
        mention.assigned_to = None
        session.add(mention)
        record(session, "Mention", mention.id or 0, f"staff:{staff_id}", "given back at the end of a shift", now)
    session.flush()
    rules, at = rules_in_force(session), now.astimezone(zone)
    people = {key: one for key, one in colleagues(session).items() if key != staff_id} if rules and theirs else {}
    for mention in theirs if people else ():
        _follow(session, mention, judge(case_of(mention), rules, people, at), people, now)
    return len(theirs)


def try_rules(session: Session, case: Case, at: datetime) -> Verdict:
    """Who would take a case that came in at a city time, as things stand."""
    return judge(case, rules_in_force(session), colleagues(session), at)


def rules_in_force(session: Session) -> list[AssignmentRule]:
    """The rules nobody has ended, in the order in which they are asked."""
    found = select(AssignmentRule).where(col(AssignmentRule.ended_at).is_(None))
    return list(session.exec(found.order_by(col(AssignmentRule.rank), col(AssignmentRule.id))).all())


def colleagues(session: Session, *, counted: bool = True) -> dict[int, Colleague]:
    """Everybody who works at the desk, by id, with when they are here and (`counted`) how much waits for them."""
    hours: dict[int, list[WorkingTime]] = {}
    for worked in session.exec(select(WorkingTime).order_by(col(WorkingTime.id))).all():
        hours.setdefault(worked.staff_id, []).append(worked)
    absences: dict[int, list[Absence]] = {}
    for away in session.exec(select(Absence).order_by(col(Absence.first_day))).all():
        absences.setdefault(away.staff_id, []).append(away)
    waiting = _waiting(session) if counted else {}
    scopes: dict[int, list[StaffScope]] = {}
    for scope in session.exec(select(StaffScope)).all():
        scopes.setdefault(scope.staff_id, []).append(scope)
    active = select(StaffUser).where(col(StaffUser.active).is_(True)).order_by(StaffUser.display_name)
    return {
        one.id or 0: Colleague(
            staff=one,
            scope=scope_from(scopes.get(one.id or 0, [])),
            hours=hours.get(one.id or 0, ()),
            absences=absences.get(one.id or 0, ()),
            open=waiting.get(one.id, 0),
        )
        for one in session.exec(active).all()
    }


def _waiting(session: Session) -> dict[int | None, int]:
    """How many mentions that wait are whose, by StaffUser.id."""
    theirs = select(Mention.assigned_to, func.count()).where(WAITS_FOR_A_PERSON, col(Mention.assigned_to).is_not(None))
    return dict(session.exec(theirs.group_by(col(Mention.assigned_to))).all())


def case_of(mention: Mention) -> Case:
    """What of a mention decides whose it is."""
    return Case(mention.account_id, mention.service_code, mention.area, mention.language, mention.danger)


def roles_that_answer() -> list[Role]:
    """The roles that a rule can give work to."""
    return [Role.DRAFTER, Role.APPROVER, Role.CHAT_MODERATOR, Role.SUPERVISOR, Role.ADMIN]


def _follow(session: Session, mention: Mention, verdict: Verdict, people: dict[int, Colleague], now: datetime) -> bool:
    """Do as the rules say. False: they name nobody, or whoever has it already."""
    staff_id = verdict.staff_id
    if staff_id is None or verdict.rule is None or staff_id == mention.assigned_to:
        return False
    mention.assigned_to = staff_id
    session.add(mention)
    record(session, "Mention", mention.id or 0, BY, f"given to staff:{staff_id} by rule {verdict.rule.id}", now)
    people[staff_id] = replace(people[staff_id], open=people[staff_id].open + 1)
    return True
