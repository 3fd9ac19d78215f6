"""The worker: listens on every account, understands, drafts, files and sends. Any number of them may run."""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any
from zoneinfo import ZoneInfo

from arq import func
from arq.connections import ArqRedis, create_pool
from arq.cron import CronJob, cron
from arq.worker import Worker
from redis.exceptions import RedisError

from classifier import jobs as classifier_jobs
from hark311 import holidays_of, place_jobs, thumbnails, translating, wiring
from hark311.embedded import redis_url
from hark311.fixed_notices import FixedNotices, tell_of_not_fixed
from hark311.jobs import QUEUE, from_bytes, redis_settings, to_bytes
from hark311.notices import give_notice
from hark311.paging import notifiers, page_staff
from hark311.product import Nudge
from hark311.recipients import Recipients, follow_other_cities
from hark311.settings import Settings
from hark311.simulated import has_city
from hark311.telling import telling_of
from listeners import jobs as listener_jobs
from listeners.hearing import Hearing
from models import job_names
from responders import jobs as responder_jobs
from responders import promises
from responders.asked_numbers import AskedNumbers
from responders.chats import recap_rounds
from responders.city_services import ServicesInStep
from responders.fixed_rounds import FixedRounds
from responders.following_city import CityFollower
from responders.moderation import rounds as moderation_rounds

log = logging.getLogger(__name__)

Job = Callable[..., Coroutine[Any, Any, Any]]

PAGING_SECONDS, CATCH_UP_SECONDS, NOTICE_SECONDS, OTHER_CITIES_SECONDS = 5, 2, 60, 30
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
    (tell_of_not_fixed, PAGING_SECONDS),
    *responder_jobs.ROUNDS,
    *listener_jobs.ROUNDS,
    *place_jobs.ROUNDS,
    (follow_other_cities, OTHER_CITIES_SECONDS),
    *translating.ROUNDS,
    *thumbnails.ROUNDS,
    *promises.ROUNDS,
    *moderation_rounds.ROUNDS,
    *recap_rounds.ROUNDS,
    *holidays_of.ROUNDS,
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
        nudge = wiring.nudger_of(settings)
        stack.push_async_callback(nudge.close)
        worker = _worker(redis, await parts_of(settings, name, stack, nudge, listening=True))
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


async def parts_of(
    settings: Settings, name: str, stack: AsyncExitStack, nudge: Nudge, *, listening: bool
) -> dict[str, Any]:
    """What the jobs work with, closed by `stack`. `listening`: the ears listen by themselves from now on."""
    database = wiring.database_of(settings)
    stack.callback(database.dispose)
    tolls = wiring.tolls_of(settings, database)
    stack.callback(tolls.rates.close)
    await stack.enter_async_context(tolls.meter.writing())
    responders = wiring.responders_of(settings, tolls)
    for responder in responders.values():
        await stack.enter_async_context(responder)
    city = await stack.enter_async_context(wiring.city(settings)) if has_city(settings) else None
    recipients = await stack.enter_async_context(Recipients(settings))
    hearings: list[Hearing] = wiring.hearings_of(settings, database, nudge, name, tolls)
    for hearing in hearings:
        await stack.enter_async_context(hearing.listener)
    translation = translating.translating_of(settings, database)
    if translation:
        stack.callback(translation.close)
    if listening:
        stack.push_async_callback(_stop, [asyncio.create_task(_keep_listening(hearing)) for hearing in hearings])
    return {
        "nudge": nudge,
        "hearings": hearings,
        "reader": await asyncio.to_thread(wiring.reader_of, settings, database),  # seconds, in which we listen already
        "suggester": wiring.suggester_of(settings, database),
        "unanswered": wiring.unanswered_of(settings, database),
        "outbox": wiring.outbox_of(settings, database, responders, wiring.turns_of(settings, tolls)),
        "submission": wiring.submission_of(settings, database, city, recipients),
        "recipients": recipients,
        "following": CityFollower(database, city) if city else None,
        "asked_numbers": AskedNumbers(database, city) if city else None,
        "services": ServicesInStep(database, city) if city else None,
        "promises": promises.Promises(database, ZoneInfo(settings.city_time_zone), settings.promise_warning_days),
        "holidays": holidays_of.Holidays(database),
        "recaps": recap_rounds.Recaps(database),
        "moderation": moderation_rounds.ModerationRounds(wiring.desk_of(settings, database), responders),
        "telling": telling_of(settings, database, wiring.desk_of(settings, database), wiring.redact_for(settings)),
        "pager": wiring.pager_of(settings, database),
        "notices": wiring.notices_of(settings, database),
        "fixed_notices": FixedNotices(database, notifiers(settings.notify), settings.desk_url),
        "fixed": FixedRounds(database, ZoneInfo(settings.city_time_zone), settings.fixed_answer_days),
        "asking": place_jobs.asking_of(settings, database),
        "translating": translation,
        "thumbnails": thumbnails.thumbnails_of(settings, database, hearings),
        "photo_places": place_jobs.photo_places_of(settings, database, hearings),
    }


def jobs_by_name() -> dict[str, Job]:
    """Every job that a nudge can wake."""
    jobs: list[Any] = [*classifier_jobs.JOBS, *responder_jobs.JOBS]
    named: dict[str, Job] = {job.__name__: job for job in jobs}
    return named | {job_names.PAGE_STAFF: page_staff, job_names.TRANSLATE: translating.translate_texts}


def _worker(redis: ArqRedis, ctx: dict[str, Any]) -> Worker:
    return Worker(
        functions=[func(job, name=name, keep_result=0) for name, job in jobs_by_name().items()],
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
