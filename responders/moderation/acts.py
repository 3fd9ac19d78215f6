"""The acts: proposed, decided, lifted, expired and appealed by people. Every method is one short transaction.

A hide or a mute is in force at once by one person who may moderate; a block waits for a second, different one. What was
said is captured in the transaction that proposes. No channel is called here: `responders.moderation.rounds` does that.
Errors: NotYours (who may not), NotApproved (with all reasons), NotFound.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models import (
    Author,
    ChatEntry,
    Mention,
    ModerationAct,
    ModerationClause,
    ModerationKind,
    ModerationState,
    OnNetwork,
    Post,
    Power,
    StaffUser,
    advance,
    record,
)
from models.chats import RUNS_IT
from responders.chats.people import part_of
from responders.claims import NotYours, require_scope
from responders.deciding import NotApproved, NotFound, reason_given
from responders.moderation.capturing import captured, seal
from responders.moderation.notices import tell_author
from responders.moderation.policy import LONGEST_DAYS, OWN_LANGUAGE, said_in
from responders.moderation.targets import Target, target_of
from responders.review import Desk

USUALLY = {ModerationKind.MUTE: timedelta(days=7), ModerationKind.BLOCK: timedelta(days=30)}
"""How long an act lasts where nobody says otherwise; a hide as long as its clause lets it."""
DECIDES = (Power.MODERATE, Power.SUPERVISE)
OPEN = (ModerationState.PROPOSED, ModerationState.IN_FORCE)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a person wants done, to which post or its author. `expires_at` None: as long as is usual."""

    kind: ModerationKind
    clause_id: int
    why: str
    mention_id: int | None = None
    entry_id: int | None = None
    post_id: int | None = None
    expires_at: datetime | None = None


def may_moderate(session: Session, staff: StaffUser, chat_id: int | None) -> bool:
    """Whether somebody may hide and mute: everywhere by their role, in a chat also those who run it."""
    if any(staff.may(power) for power in DECIDES):
        return True
    return staff.active and chat_id is not None and part_of(session, chat_id, staff) in RUNS_IT


def usual_end(kind: ModerationKind, clause: ModerationClause, now: datetime) -> datetime:
    """When an act of a kind ends where nobody says otherwise. Never later than its clause allows."""
    longest = timedelta(days=clause.longest_days)
    return now + min(USUALLY.get(kind, longest), longest)


def propose(desk: Desk, wanted: Proposal, staff_id: int) -> int:
    """Capture the post and put the act in force, or before a second person. Returns ModerationAct.id."""
    with desk.database.write() as session:
        now = desk.clock()
        target = target_of(session, mention_id=wanted.mention_id, entry_id=wanted.entry_id, post_id=wanted.post_id)
        staff = _moderator(session, staff_id, target.chat_id)
        if target.mention_id:
            require_scope(session, session.get_one(Mention, target.mention_id), staff)
        clause = session.get(ModerationClause, wanted.clause_id)
        if clause is None or not clause.active:
            raise NotApproved(["Choose the clause of the policy that this is about."])
        session.get_one(Author, target.author.id, with_for_update=True)  # one act of a kind at a time
        ends = wanted.expires_at or usual_end(wanted.kind, clause, now)
        why = reason_given(wanted.why, "Say what of the post the clause is about.")
        if problems := _problems(session, wanted.kind, target, clause, ends, now):
            raise NotApproved(problems)
        act = _new_act(session, target, clause, wanted.kind, why, ends, staff, now)
        if wanted.kind != ModerationKind.BLOCK:
            _put_in_force(session, desk, act, staff, "one person decided it, under a clause", now)
        return act.id or 0


def decide(desk: Desk, act_id: int, staff_id: int, *, agreed: bool) -> None:
    """The second person's word on a block. Whoever proposed it can only take it back."""
    with desk.database.write() as session:
        act, now = locked_act(session, act_id), desk.clock()
        staff = _active(session, staff_id)
        if act.state != ModerationState.PROPOSED:
            raise NotApproved(["It does not wait for anybody any more."])
        if staff_id == act.proposed_by:
            if agreed:
                raise NotYours("You proposed it yourself. A second, different person has to decide.")
            _refuse(session, act, staff, "whoever proposed it took it back", now)
            return
        if not any(staff.may(power) for power in DECIDES):
            raise NotYours("A moderator or a supervisor decides this. Ask one of them.")
        if not agreed:
            _refuse(session, act, staff, "the second person said no", now)
            return
        if act.expires_at <= now:
            raise NotApproved(["Its time is over already. Propose it anew if it is still needed."])
        _put_in_force(session, desk, act, staff, "a second person agreed", now)


def lift(desk: Desk, act_id: int, staff_id: int) -> None:
    """End an act before its time. Anybody who could have made it may."""
    with desk.database.write() as session:
        act, now = locked_act(session, act_id), desk.clock()
        _moderator(session, staff_id, act.chat_id)
        if act.state != ModerationState.IN_FORCE:
            raise NotApproved(["It is not in force, so there is nothing to lift."])
        advance(session, act, ModerationState.LIFTED, f"staff:{staff_id}", "a person lifted it", now)
        end_effect(session, act)


def expire(session: Session, now: datetime) -> int:
    """End what has had its time, and put away blocks that nobody decided about in it; returns how many."""
    over = session.exec(
        select(ModerationAct)
        .where(col(ModerationAct.state).in_(OPEN), col(ModerationAct.expires_at) <= now)
        .with_for_update(skip_locked=True)
    ).all()
    for act in over:
        if act.state == ModerationState.PROPOSED:
            advance(session, act, ModerationState.REFUSED, "clock", "nobody decided about it in time", now)
        else:
            advance(session, act, ModerationState.EXPIRED, "clock", "its time is over", now)
            end_effect(session, act)
    return len(over)


def end_effect(session: Session, act: ModerationAct) -> None:
    """What ended is folded nowhere, and undone on the network if that may have done it."""
    for entry in session.exec(select(ChatEntry).where(ChatEntry.hidden_by == act.id)).all():
        entry.hidden_by = None
        entry.version += 1
        session.add(entry)
    if act.on_network == OnNetwork.ASKED and not act.network_tries:
        act.on_network = OnNetwork.NOT_ASKED
    if act.on_network in (OnNetwork.ASKED, OnNetwork.DONE):
        act.network_tries, act.network_next_at = 0, None
    session.add(act)


def locked_act(session: Session, act_id: int) -> ModerationAct:
    """The act, locked for this transaction. Raises NotFound."""
    act = session.get(ModerationAct, act_id, with_for_update=True)
    if act is None:
        raise NotFound(f"There is no act of moderation {act_id}.")
    return act


def _problems(
    session: Session, kind: ModerationKind, target: Target, clause: ModerationClause, ends: datetime, now: datetime
) -> list[str]:
    problems = [target.refuses(kind)]
    if kind not in clause.permits:
        problems.append(f"Clause {clause.position} does not permit to {kind.value}.")
    if clause.only_in_chat and target.chat_id is None:
        problems.append(f"Clause {clause.position} counts within a tweet chat alone.")
    if ends <= now:
        problems.append("It would end before it begins. Choose a later day.")
    if ends > now + timedelta(days=min(clause.longest_days, LONGEST_DAYS), hours=1):
        problems.append(f"Under clause {clause.position} it lasts {clause.longest_days} days at most.")
    same = select(ModerationAct).where(ModerationAct.kind == kind, col(ModerationAct.state).in_(OPEN))
    if kind == ModerationKind.HIDE:
        chain = select(Post.id).where(
            Post.account_id == target.post.account_id, Post.edit_chain == target.post.edit_chain
        )
        same = same.where(col(ModerationAct.post_id).in_(chain))
    else:
        same = same.where(ModerationAct.author_id == target.author.id)
    if other := session.exec(same.where(col(ModerationAct.expires_at) > now)).first():
        problems.append(f"There is one already: act {other.id}. Lift it first if this one is to take its place.")
    return [one for one in problems if one]


def _new_act(
    session: Session,
    target: Target,
    clause: ModerationClause,
    kind: ModerationKind,
    why: str,
    ends: datetime,
    staff: StaffUser,
    now: datetime,
) -> ModerationAct:
    kept = captured(session, target.post, target.author)
    mention = session.get(Mention, target.mention_id) if target.mention_id else None
    language = mention.language if mention and mention.language in clause.words else OWN_LANGUAGE
    act = ModerationAct(
        kind=kind,
        changed_at=now,
        account_id=target.post.account_id,
        author_id=target.author.id or 0,
        post_id=target.post.id,
        mention_id=target.mention_id,
        chat_id=target.chat_id,
        clause_id=clause.id or 0,
        clause_words=said_in(clause.words, language),
        language=language,
        why=why,
        captured=kept,
        captured_sha256=seal(kept),
        captured_at=now,
        proposed_by=staff.id or 0,
        proposed_at=now,
        expires_at=ends,
    )
    session.add(act)
    session.flush()
    why_audit = f"captured post {target.post.id} as {act.captured_sha256} and proposed to {kind.value} under clause"
    record(session, "ModerationAct", act.id or 0, f"staff:{staff.id}", f"{why_audit} {clause.position}", now)
    return act


def _put_in_force(session: Session, desk: Desk, act: ModerationAct, staff: StaffUser, why: str, now: datetime) -> None:
    act.decided_by, act.decided_at, act.on_network = staff.id, now, OnNetwork.ASKED
    advance(session, act, ModerationState.IN_FORCE, f"staff:{staff.id}", why, now)
    if act.kind == ModerationKind.HIDE and act.post_id:
        _fold_on_boards(session, act)
    tell_author(session, desk, act, now)


def _fold_on_boards(session: Session, act: ModerationAct) -> None:
    post = session.get_one(Post, act.post_id)
    of_it = (ChatEntry.account_id == post.account_id, ChatEntry.edit_chain == post.edit_chain)
    for entry in session.exec(select(ChatEntry).where(*of_it)).all():
        entry.hidden_by = act.id
        entry.version += 1
        session.add(entry)


def _refuse(session: Session, act: ModerationAct, staff: StaffUser, why: str, now: datetime) -> None:
    act.decided_by, act.decided_at = staff.id, now
    advance(session, act, ModerationState.REFUSED, f"staff:{staff.id}", why, now)


def _active(session: Session, staff_id: int) -> StaffUser:
    staff = session.get(StaffUser, staff_id)
    if staff is None or not staff.active:
        raise NotYours("Your account is not active any more.")
    return staff


def _moderator(session: Session, staff_id: int, chat_id: int | None) -> StaffUser:
    staff = _active(session, staff_id)
    if not may_moderate(session, staff, chat_id):
        raise NotYours("Moderators and supervisors moderate, and in a chat those who run it. Ask one of them.")
    return staff
