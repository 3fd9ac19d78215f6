"""Waking the worker: nudges through Redis.

Rows in their states are the queue; a lost nudge is found by the worker's rounds.
"""

import asyncio
import json
import logging
import time
from datetime import timedelta
from typing import Any

from arq import create_pool
from arq.connections import ArqRedis, RedisSettings
from redis.exceptions import RedisError

from models import job_names

log = logging.getLogger(__name__)

QUEUE = "hark311"
WITHOUT_IDS = (job_names.UNDERSTAND, job_names.DRAFT_REPLIES)
SLOT_SECONDS = 0.1
NUDGE_SECONDS = 1
"""How long a nudge may take; the rounds find in two seconds what it was for."""


def to_bytes(job: dict[str, Any]) -> bytes:
    """JSON, not pickle: a job is a name and ids."""
    return json.dumps(job, default=str).encode()


def from_bytes(job: bytes) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(job)
    return read


def redis_settings(url: str) -> RedisSettings:
    """Settings for redis://, rediss:// or unix:// URLs, with short patience: a nudge is worth no waiting."""
    if url.startswith("unix://"):
        return RedisSettings(unix_socket_path=url.removeprefix("unix://"), conn_timeout=2, conn_retries=1)
    settings = RedisSettings.from_dsn(url)
    settings.conn_timeout, settings.conn_retries = 2, 1
    return settings


class Nudger:
    """Puts job names and ids on the queue. Never raises and never waits long."""

    def __init__(self, url: str, hold: timedelta = timedelta(0)) -> None:
        self._settings = redis_settings(url)
        self._settings.conn_retries = 0
        self._hold = hold
        self._pools: dict[asyncio.AbstractEventLoop, ArqRedis] = {}

    async def __call__(self, job_name: str, *ids: int) -> None:
        """Wake a job. Reply and request jobs are also woken again once the hold window is over."""
        try:
            async with asyncio.timeout(NUDGE_SECONDS):
                pool = await self._pool()
                await pool.enqueue_job(job_name, *ids, _queue_name=QUEUE, _job_id=_job_id(job_name, ids))
                if self._hold and job_name in (job_names.SEND_REPLY, job_names.SUBMIT_REQUEST):
                    await pool.enqueue_job(job_name, *ids, _queue_name=QUEUE, _defer_by=self._hold)
        except (OSError, RedisError) as error:  # a timeout is an OSError
            log.warning(
                "a nudge for %s was lost (%s); the worker's rounds will find it", job_name, type(error).__name__
            )

    async def _pool(self) -> ArqRedis:
        loop = asyncio.get_running_loop()
        if loop not in self._pools:
            pool = await create_pool(
                self._settings, job_serializer=to_bytes, job_deserializer=from_bytes, default_queue_name=QUEUE
            )
            if self._pools.setdefault(loop, pool) is not pool:
                await pool.aclose()  # another nudge was quicker
        return self._pools[loop]

    async def close(self) -> None:
        """Close this loop's connection."""
        pool = self._pools.pop(asyncio.get_running_loop(), None)
        if pool:
            await pool.aclose()


def _job_id(job_name: str, ids: tuple[int, ...]) -> str:
    """Nudges for the same thing within a moment are one."""
    what = "" if job_name in WITHOUT_IDS else "-".join(map(str, ids))
    return f"{job_name}:{what}:{int(time.time() / SLOT_SECONDS)}"
