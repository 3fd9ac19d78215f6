"""The worker: listens on every account, understands, drafts, files and sends. Any number of them may run."""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

from arq import func
from arq.connections import ArqRedis, create_pool
from arq.cron import CronJob, cron
from arq.worker import Worker
from redis.exceptions import RedisError

from classifier import jobs as classifier_jobs
from hark311 import place_jobs, wiring
from hark311.embedded import redis_url
from hark311.jobs import QUEUE, from_bytes, redis_settings, to_bytes
from hark311.notices import give_notice
from hark311.paging import page_staff
from hark311.settings import Settings
from listeners import jobs as listener_jobs
from listeners.hearing import Hearing
from models import job_names
from responders import jobs as responder_jobs

log = logging.getLogger(__name__)

Job = Callable[..., Coroutine[Any, Any, Any]]

PAGING_SECONDS, CATCH_UP_SECONDS, NOTICE_SECONDS = 5, 2, 60
MAX_JOBS = 8
POLL_SECONDS = 0.1
LISTEN_AGAIN_SECONDS = 5


async def catch_up(ctx: dict[str, Any]) -> None:
    """Find mentions whose nudge was lost."""
    await classifier_jobs.understand_mentions(ctx)
    await responder_jobs.draft_replies(ctx)


ROUNDS: list[tuple[Job, int]] = [
    (catch_up, CATCH_UP_SECONDS),
    (page_staff, PAGING_SECONDS),
    (give_notice, NOTICE_SECONDS),
    *responder_jobs.ROUNDS,
    *listener_jobs.ROUNDS,
    *place_jobs.ROUNDS,
]


def run(settings: Settings, name: str | None = None) -> None:
    """Work until told to stop. `name` identifies this worker in the listeners' leases; unique per worker."""
    os.environ.setdefault("PTB_TIMEDELTA", "true")  # python-telegram-bot 22 then gives durations, without a warning
    try:
        asyncio.run(_run(settings, name or f"{socket.gethostname()}-{os.getpid()}"))
    except asyncio.CancelledError:
        log.info("the worker ends: it was told to stop")
    except (RedisError, OSError) as error:
        log.error("the worker ends: Redis does not answer (%s). What waits is kept in the database.", error)
        raise SystemExit(1) from None


async def _run(settings: Settings, name: str) -> None:
    async with AsyncExitStack() as stack:
        redis = await create_pool(
            redis_settings(redis_url(settings)),
            job_serializer=to_bytes,
            job_deserializer=from_bytes,
            default_queue_name=QUEUE,
        )
        stack.push_async_callback(_quietly, redis.aclose)
        worker = _worker(redis, await _parts(settings, name, stack))
        stack.push_async_callback(_quietly, worker.close)
        await worker.async_run()


async def _quietly(close: Callable[[], Awaitable[None]]) -> None:
    """On the way out a Redis that is gone is no trouble."""
    with suppress(RedisError, OSError):
        await close()


async def _stop(listening: Sequence["asyncio.Task[None]"]) -> None:
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)


async def _keep_listening(hearing: Hearing) -> None:
    """An ear that broke (its own database did not answer) hears again; silence would be the worst of all failures."""
    while True:
        try:
            await hearing.listen()
        except Exception:
            log.exception("listening on %s broke off; again in %d s", hearing.account_name, LISTEN_AGAIN_SECONDS)
        await asyncio.sleep(LISTEN_AGAIN_SECONDS)


async def _parts(settings: Settings, name: str, stack: AsyncExitStack) -> dict[str, Any]:
    database = wiring.database_of(settings)
    stack.callback(database.dispose)
    nudge = wiring.nudger_of(settings)
    stack.push_async_callback(nudge.close)
    tolls = wiring.tolls_of(settings, database)
    stack.callback(tolls.rates.close)
    await stack.enter_async_context(tolls.meter.writing())
    responders = wiring.responders_of(settings, tolls)
    for responder in responders.values():
        await stack.enter_async_context(responder)
    city = await stack.enter_async_context(wiring.city(settings))
    hearings: list[Hearing] = wiring.hearings_of(settings, database, nudge, name, tolls)
    for hearing in hearings:
        await stack.enter_async_context(hearing.listener)
    stack.push_async_callback(_stop, [asyncio.create_task(_keep_listening(hearing)) for hearing in hearings])
    return {
        "nudge": nudge,
        "hearings": hearings,
        "reader": await asyncio.to_thread(wiring.reader_of, settings, database),  # seconds, in which we listen already
        "suggester": wiring.suggester_of(settings, database),
        "outbox": wiring.outbox_of(settings, database, responders, wiring.turns_of(settings, tolls)),
        "submission": wiring.submission_of(database, city),
        "pager": wiring.pager_of(settings, database),
        "notices": wiring.notices_of(settings, database),
        "asking": place_jobs.asking_of(settings, database),
        "photo_places": place_jobs.photo_places_of(settings, database, hearings),
    }


def _worker(redis: ArqRedis, ctx: dict[str, Any]) -> Worker:
    jobs: list[Any] = [*classifier_jobs.JOBS, *responder_jobs.JOBS]
    return Worker(
        functions=[
            *(func(job, keep_result=0) for job in jobs),
            func(page_staff, name=job_names.PAGE_STAFF, keep_result=0),
        ],
        cron_jobs=[_round(job, seconds) for job, seconds in ROUNDS],
        queue_name=QUEUE,
        redis_pool=redis,
        ctx=ctx,
        max_jobs=MAX_JOBS,
        job_completion_wait=10,
        poll_delay=POLL_SECONDS,
        keep_result=0,
        job_serializer=to_bytes,
        job_deserializer=from_bytes,
        log_results=False,
    )


def _round(job: Job, seconds: int) -> CronJob:
    """A job that runs every so many seconds, on one worker at a time."""
    if seconds < 60:
        return cron(job, second=set(range(0, 60, seconds)), keep_result=0, run_at_startup=True)
    return cron(job, minute=set(range(0, 60, seconds // 60)), second=0, keep_result=0)
