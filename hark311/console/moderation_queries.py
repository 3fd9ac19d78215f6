"""Acts of moderation as the desk's pages show them: lists, one act with its timeline, and the report by clause."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from hark311.console.queries import names_of_staff
from hark311.console.sheets import Sheet, cell
from models import (
    CHANNELS,
    Account,
    AuditEntry,
    Author,
    Mention,
    ModerationAct,
    ModerationClause,
    ModerationKind,
    ModerationState,
    OnNetwork,
    Post,
    Reply,
    StaffUser,
    scope_of,
)
from responders.moderation.policy import said_in

KIND = {
    ModerationKind.HIDE: "Hide the post",
    ModerationKind.MUTE: "Mute the author",
    ModerationKind.BLOCK: "Block the author",
}
STATE = {
    ModerationState.PROPOSED: "waits for a second person",
    ModerationState.IN_FORCE: "in force",
    ModerationState.REFUSED: "refused",
    ModerationState.LIFTED: "lifted",
    ModerationState.EXPIRED: "its time is over",
}
NETWORK = {
    OnNetwork.NOT_ASKED: "The network was not asked.",
    OnNetwork.ASKED: "The network is being asked.",
    OnNetwork.DONE: "Done on the network as well.",
    OnNetwork.REFUSED: "The network refused.",
    OnNetwork.CANNOT: "It holds on the desk only.",
    OnNetwork.UNDONE: "Undone on the network.",
}
ENDED = (ModerationState.REFUSED, ModerationState.LIFTED, ModerationState.EXPIRED)
ENDED_SHOWN = timedelta(days=90)
REPORTED = timedelta(days=365)
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Row:
    """An act with the names around it."""

    act: ModerationAct
    author: str
    channel: str
    clause: ModerationClause
    title: str
    proposed_by: str
    decided_by: str

    @property
    def in_force(self) -> bool:
        return self.act.state == ModerationState.IN_FORCE

    @property
    def appeal_waits(self) -> bool:
        return self.act.appealed_at is not None and self.act.appeal_decided_at is None


@dataclass(frozen=True, slots=True)
class Lists:
    """The page of moderation. `appeals` stand in the other lists as well."""

    waiting: list[Row]
    appeals: list[Row]
    in_force: list[Row]
    ended: list[Row]


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of an act's timeline."""

    at: datetime
    who: str
    what: str


@dataclass(frozen=True, slots=True)
class ActPage:
    """One act. `deleted`: its author took the post away since; `replies`: the notice and the outcome, where drafted."""

    row: Row
    timeline: list[Happened]
    deleted: bool
    notice: Reply | None
    outcome: Reply | None
    decided_by: str


def lists(session: Session, staff: StaffUser, now: datetime) -> Lists:
    """What waits, what holds and what has ended, of the part of the work this person looks after."""
    open_ones = _rows(session, staff, col(ModerationAct.state).not_in(ENDED))
    asks = col(ModerationAct.appealed_at).is_not(None) & col(ModerationAct.appeal_decided_at).is_(None)
    recent = col(ModerationAct.state).in_(ENDED) & (col(ModerationAct.changed_at) > now - ENDED_SHOWN)
    return Lists(
        waiting=[one for one in open_ones if one.act.state == ModerationState.PROPOSED],
        appeals=_rows(session, staff, asks),
        in_force=[one for one in open_ones if one.in_force and one.act.expires_at > now],
        ended=_rows(session, staff, recent),
    )


def act_page(session: Session, act: ModerationAct) -> ActPage:
    """An act with what happened to it, oldest first."""
    entries = session.exec(
        select(AuditEntry)
        .where(AuditEntry.about == "ModerationAct", AuditEntry.about_id == act.id)
        .order_by(col(AuditEntry.id))
    ).all()
    ids = [int(one.by.partition(":")[2]) for one in entries if one.by.startswith("staff:")]
    people = names_of_staff(session, [*ids, act.appeal_decided_by])
    post = session.get(Post, act.post_id) if act.post_id else None
    return ActPage(
        row=_row(session, act, names_of_staff(session, [act.proposed_by, act.decided_by])),
        timeline=[Happened(one.at, _who(one.by, people), one.why) for one in entries],
        deleted=post is None or post.deleted_at is not None,
        notice=session.get(Reply, act.notice_reply_id) if act.notice_reply_id else None,
        outcome=session.get(Reply, act.outcome_reply_id) if act.outcome_reply_id else None,
        decided_by=people.get(act.appeal_decided_by or 0, ""),
    )


def report(session: Session, now: datetime) -> Sheet:
    """How often each clause was used in the last year, and what became of it: equal use is what the law looks at."""
    clauses = session.exec(
        select(ModerationClause).order_by(col(ModerationClause.position), col(ModerationClause.version))
    ).all()
    newest = {one.code: one for one in clauses}
    code_of = {one.id: one.code for one in clauses}
    counts: Counter[tuple[str, str]] = Counter()
    for act in session.exec(select(ModerationAct).where(col(ModerationAct.proposed_at) > now - REPORTED)).all():
        code = code_of[act.clause_id]
        counts.update((code, what) for what in _what_of(act, now))
    columns = ("hide", "mute", "block", "refused", "lifted", "appealed", "granted", "holds")
    rows = [
        [cell(f"{one.position}. {said_in(one.title, 'en')}"), *(cell(counts[code, what]) for what in columns)]
        for code, one in sorted(newest.items(), key=lambda found: found[1].position)
        if one.active or any(counts[code, what] for what in columns)
    ]
    return Sheet(
        key="moderation",
        title="By clause, the last 365 days",
        columns=["Clause", "Hidden", "Muted", "Blocked", "Refused", "Lifted", "Appealed", "Granted", "In force now"],
        rows=rows,
        empty="There is no policy yet, so nothing can be moderated.",
    )


def _what_of(act: ModerationAct, now: datetime) -> Iterable[str]:
    if act.state == ModerationState.REFUSED:
        yield "refused"
    elif act.state != ModerationState.PROPOSED:
        yield act.kind.value
    if act.state == ModerationState.LIFTED:
        yield "lifted"
    if act.appealed_at is not None:
        yield "appealed"
    if act.appeal_granted:
        yield "granted"
    if act.state == ModerationState.IN_FORCE and act.expires_at > now:
        yield "holds"


def _rows(session: Session, staff: StaffUser, condition: object) -> list[Row]:
    scope = scope_of(session, staff)
    acts: Sequence[ModerationAct] = session.exec(
        select(ModerationAct)
        .where(condition)  # type: ignore[arg-type]
        .order_by(col(ModerationAct.id).desc())
        .limit(SHOWN)
    ).all()
    people = names_of_staff(session, [one for act in acts for one in (act.proposed_by, act.decided_by)])
    return [_row(session, one, people) for one in acts if scope.everything or _covers(session, staff, one)]


def _covers(session: Session, staff: StaffUser, act: ModerationAct) -> bool:
    mention = session.get(Mention, act.mention_id) if act.mention_id else None
    return mention is None or scope_of(session, staff).covers(mention)


def _row(session: Session, act: ModerationAct, people: dict[int, str]) -> Row:
    author, account = session.get_one(Author, act.author_id), session.get_one(Account, act.account_id)
    clause = session.get_one(ModerationClause, act.clause_id)
    return Row(
        act=act,
        author=author.called,
        channel=CHANNELS[account.channel].label,
        clause=clause,
        title=said_in(clause.title, "en"),
        proposed_by=people.get(act.proposed_by, "somebody"),
        decided_by=people.get(act.decided_by or 0, ""),
    )


def _who(by: str, people: dict[int, str]) -> str:
    if by.startswith("staff:"):
        return people.get(int(by.partition(":")[2]), "somebody")
    return {"author": "The author", "clock": "The clock"}.get(by, "The desk")
