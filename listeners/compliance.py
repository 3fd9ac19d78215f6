"""Ask a channel about all stored posts, slice by slice, which of them are gone, and purge those (invariant 6).

Every EVERY a sweep begins. A slice is a job on the channel's side: opened, given its ids, asked for until it is done.
Each step is written down, so a crash goes on there. Source: X developer agreement: gone within 24 hours.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlmodel import Session, col, select

from listeners.changes import forget_places, forget_posts
from listeners.errors import JobGone, ListenerError, RateLimited
from listeners.hearing import Hearing
from listeners.protocol import ChecksCompliance, Removed
from models import CHANNELS, Account, Post, UnreadablePost
from models.ledger import ComplianceJob, ComplianceState

log = logging.getLogger(__name__)

EVERY = timedelta(hours=12)
PATIENCE = timedelta(hours=6)
LONGEST = timedelta(hours=24)
SLICE = 50_000
SLICES_A_ROUND = 10
PURGED_AT_ONCE = 500

_OPEN = (ComplianceState.CREATED, ComplianceState.UPLOADED)


@dataclass(frozen=True, slots=True)
class Unasked:
    """Since when no sweep of an account was done, and what stopped it last; "" where nothing is known of that."""

    since: datetime
    trouble: str


def unasked(session: Session, account: Account, now: datetime) -> Unasked | None:
    """Where posts are kept and their channel was not asked for longer than LONGEST which of them are gone."""
    if account.retired_at is not None or not CHANNELS[account.channel].sweeps:
        return None
    of_account = ComplianceJob.account_id == account.id
    last = session.exec(
        select(ComplianceJob)
        .where(of_account, ComplianceJob.state == ComplianceState.DONE, ComplianceJob.after_post_id == 0)
        .order_by(col(ComplianceJob.id).desc())
        .limit(1)
    ).first()
    done_at = last.finished_at if last else None
    if done_at is not None and now - done_at <= LONGEST:
        return None
    kept = select(Post.received_at).where(Post.account_id == account.id, col(Post.deleted_at).is_(None))
    oldest = session.exec(kept.order_by(col(Post.received_at)).limit(1)).first()
    since = max((at for at in (oldest, done_at) if at), default=now)
    if oldest is None or now - since <= LONGEST:
        return None
    told = select(ComplianceJob.trouble).where(
        of_account, ComplianceJob.trouble != "", col(ComplianceJob.id) > (last.id if last else 0)
    )
    return Unasked(since, session.exec(told.order_by(col(ComplianceJob.id).desc()).limit(1)).first() or "")


async def check_compliance(ctx: dict[str, Any]) -> int:
    """Go on with the sweeps of all accounts, or begin the next; returns how many posts were purged."""
    hearings: list[Hearing] = ctx["hearings"]
    return sum([await check_compliance_of(hearing) for hearing in hearings])


async def check_compliance_of(hearing: Hearing) -> int:
    """The same for one account. Trouble ends the round and is written on the job; the next round goes on."""
    if not isinstance(hearing.listener, ChecksCompliance):
        return 0
    purged = 0
    try:
        for _ in range(SLICES_A_ROUND):
            found = await _a_slice(hearing, hearing.listener)
            if found is None:
                break
            purged += found
    except ListenerError as error:
        log.info("%s: could not ask which posts are gone (%s)", hearing.account_name, error)
        await asyncio.to_thread(_note_trouble, hearing, _said(error))
    return purged


def _said(error: ListenerError) -> str:
    return f"The channel {error}." if isinstance(error, RateLimited) else f"{error}."


async def _a_slice(hearing: Hearing, listener: ChecksCompliance) -> int | None:
    """Go on with the open slice or begin one; how many posts were purged, None where there is nothing to do now."""
    job = await asyncio.to_thread(_open_job, hearing) or await _begun(hearing, listener)
    if job is None:
        return None
    job_id = job.id or 0
    try:
        if job.state == ComplianceState.CREATED:
            await listener.upload_compliance(job.channel_job_id, await asyncio.to_thread(_ids_of, hearing, job))
            await asyncio.to_thread(_move, hearing, job_id, ComplianceState.UPLOADED)
        found = await listener.compliance_found(job.channel_job_id)
    except JobGone as error:
        await asyncio.to_thread(_move, hearing, job_id, ComplianceState.FAILED, f"{error}. It is begun again.")
        return None
    if found is None:
        if hearing.clock() - job.started_at > PATIENCE:
            trouble = "It took too long and is begun again."
            await asyncio.to_thread(_move, hearing, job_id, ComplianceState.FAILED, trouble)
        return None
    for start in range(0, len(found), PURGED_AT_ONCE):
        await asyncio.to_thread(_purge, hearing, job_id, found[start : start + PURGED_AT_ONCE])
    await asyncio.to_thread(_move, hearing, job_id, ComplianceState.DONE)
    return len(found)


async def _begun(hearing: Hearing, listener: ChecksCompliance) -> ComplianceJob | None:
    wanted = await asyncio.to_thread(_next_slice, hearing)
    if wanted is None:
        return None
    wanted.channel_job_id = await listener.begin_compliance()
    with hearing.database.write() as session:
        session.add(wanted)
    return await asyncio.to_thread(_open_job, hearing)


def _open_job(hearing: Hearing) -> ComplianceJob | None:
    with hearing.database.read() as session:
        return session.exec(
            select(ComplianceJob)
            .join(Account, col(Account.id) == ComplianceJob.account_id)
            .where(Account.name == hearing.account_name, col(ComplianceJob.state).in_(_OPEN))
            .order_by(col(ComplianceJob.id).desc())
            .limit(1)
        ).first()


def _next_slice(hearing: Hearing) -> ComplianceJob | None:
    """What to ask about next: the posts behind the last slice, or the first ones where a sweep is due."""
    now = hearing.clock()
    with hearing.database.read() as session:
        account = session.exec(select(Account).where(Account.name == hearing.account_name)).one()
        done = (ComplianceJob.account_id == account.id, ComplianceJob.state == ComplianceState.DONE)
        last = session.exec(select(ComplianceJob).where(*done).order_by(col(ComplianceJob.id).desc()).limit(1)).first()
        if last is not None and last.asked >= SLICE:
            slice_ = _slice_after(session, account, last.upto_post_id, now)
            if slice_ is not None:
                return slice_
        begun = session.exec(
            select(ComplianceJob.started_at)
            .where(*done, ComplianceJob.after_post_id == 0)
            .order_by(col(ComplianceJob.id).desc())
            .limit(1)
        ).first()
        return _slice_after(session, account, 0, now) if begun is None or now - begun >= EVERY else None


def _slice_after(session: Session, account: Account, after: int, now: datetime) -> ComplianceJob | None:
    rows = session.exec(
        select(Post.id)
        .where(Post.account_id == account.id, col(Post.id) > after, col(Post.deleted_at).is_(None))
        .order_by(col(Post.id))
        .limit(SLICE)
    ).all()
    if not rows:
        return None
    return ComplianceJob(
        account_id=account.id or 0,
        after_post_id=after,
        upto_post_id=rows[-1] or 0,
        asked=len(rows),
        started_at=now,
    )


def _ids_of(hearing: Hearing, job: ComplianceJob) -> Sequence[str]:
    """The slice's posts; with the first slice also those that are kept raw because they could not be read."""
    with hearing.database.read() as session:
        ids = session.exec(
            select(Post.channel_post_id).where(
                Post.account_id == job.account_id,
                col(Post.id) > job.after_post_id,
                col(Post.id) <= job.upto_post_id,
                col(Post.deleted_at).is_(None),
            )
        ).all()
        if job.after_post_id:
            return ids
        raw = session.exec(
            select(UnreadablePost.channel_post_id)
            .where(UnreadablePost.account_id == job.account_id, UnreadablePost.raw != "")
            .limit(SLICE)
        ).all()
        return [*ids, *raw]


def _purge(hearing: Hearing, job_id: int, removed: Sequence[Removed]) -> None:
    with hearing.database.write() as session:
        account = session.exec(select(Account).where(Account.name == hearing.account_name).with_for_update()).one()
        job, now = session.get_one(ComplianceJob, job_id), hearing.clock()
        forget_places(session, account, [one.post_id for one in removed if one.only_place], now)
        gone = sorted((one for one in removed if not one.only_place), key=lambda one: one.why)
        for why, these in groupby(gone, key=lambda one: one.why):
            job.gone += forget_posts(session, account, [one.post_id for one in these], f"says: {why}", now)
        session.add(job)


def _note_trouble(hearing: Hearing, trouble: str) -> None:
    """Write down what stopped the open job, or that none could be begun: one row, however often it is tried."""
    with hearing.database.write() as session:
        account = session.exec(select(Account).where(Account.name == hearing.account_name).with_for_update()).one()
        of_account = select(ComplianceJob).where(ComplianceJob.account_id == account.id)
        job = session.exec(of_account.order_by(col(ComplianceJob.id).desc()).limit(1)).first()
        now = hearing.clock()
        if job is None or (job.channel_job_id and job.state not in _OPEN):
            job = ComplianceJob(account_id=account.id or 0, state=ComplianceState.FAILED, started_at=now)
        job.trouble, job.finished_at = trouble, None if job.state in _OPEN else now
        session.add(job)


def _move(hearing: Hearing, job_id: int, state: ComplianceState, trouble: str = "") -> None:
    with hearing.database.write() as session:
        job = session.get_one(ComplianceJob, job_id, with_for_update=True)
        job.state, job.trouble = state, trouble
        if state not in _OPEN:
            job.finished_at = hearing.clock()
        session.add(job)
