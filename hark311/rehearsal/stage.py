"""The stage: simulator, desk and worker on one turned clock. The same parts as `hark up`, without waiting between them.

The simulator answers over HTTP from a thread, the desk over HTTP from a process of its own; the worker's jobs run here,
each as often as the worker's rounds have it by the turned clock. What a job nudges is done at once.
"""

import asyncio
import logging
import socket
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx

from hark311 import embedded, wiring
from hark311.product import Nudge
from hark311.rehearsal.clock import PROCESSES, SharedClock
from hark311.settings import Settings, TelegramAccount, load
from hark311.simulated import accounts_of, city_of, simulator_settings
from hark311.simulator import RunningSimulator
from hark311.worker import ROUNDS, Job, jobs_by_name, parts_of
from listeners.hearing import Hearing
from models import Database

log = logging.getLogger(__name__)

NAME = "rehearsal"
PAGES_AT_ONCE = 20
"""A listener that always has one more page would keep the clock from turning."""
READY_SECONDS = 60


def settings_of(data: Path, port: int, simulator_port: int) -> Settings:
    """The settings of a rehearsal in a data directory of its own: the simulator's accounts, asked without waiting."""
    given = load(data, port=port, simulator_port=simulator_port)
    accounts = {
        name: account.model_copy(
            update={"long_poll_seconds": 0} if isinstance(account, TelegramAccount) else _without_stream(account)
        )
        for name, account in accounts_of(given).items()
    }
    return given.model_copy(update={"accounts": accounts, "open311": city_of(given)})


def _without_stream(account: Any) -> dict[str, object]:
    return {"streaming": False} if hasattr(account, "streaming") else {}


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


async def _no_nudge(_job: str, *_ids: int) -> None:
    """The desk's nudges: the jobs run soon anyway."""


def serve_desk(data: Path, port: int, simulator_port: int, clock: SharedClock) -> None:
    """The desk's process."""
    from hark311.console import create_app
    from hark311.console.serving import server_of

    logging.getLogger().setLevel(logging.WARNING)
    settings = settings_of(data, port, simulator_port)
    with clock.ruling():
        desk = create_app(wiring.product_of(settings, _no_nudge))
        server_of(desk, desk.state.console.live, settings.host, settings.port).run()


@dataclass(slots=True)
class Stage:
    """Enter it, play, and `turn` the clock. `data` is a directory of its own; `clock` begins when the play does."""

    data: Path
    clock: SharedClock
    settings: Settings = field(init=False)
    simulator: RunningSimulator = field(init=False)
    database: Database = field(init=False)
    context: dict[str, Any] = field(init=False)
    _stack: AsyncExitStack = field(init=False, default_factory=AsyncExitStack)
    _woken: dict[tuple[str, tuple[int, ...]], None] = field(init=False, default_factory=dict)
    _due: dict[str, float] = field(init=False, default_factory=dict)
    _jobs: Mapping[str, Job] = field(init=False, default_factory=jobs_by_name)

    async def __aenter__(self) -> "Stage":
        async with AsyncExitStack() as stack:
            stack.enter_context(self.clock.ruling())
            where = self.data, _free_port(), _free_port()
            self.settings = settings_of(*where)
            redis = await asyncio.to_thread(embedded.start, self.settings)
            stack.callback(redis.wait)
            stack.callback(redis.terminate)
            box = simulator_settings(self.settings)
            self.simulator = stack.enter_context(RunningSimulator(box.database, replace(box, clock=self.clock.seconds)))
            self.database = wiring.database_of(self.settings)
            stack.callback(self.database.dispose)
            wiring.prepare(self.settings, self.database)
            desk = PROCESSES.Process(target=serve_desk, args=(*where, self.clock), daemon=True)
            desk.start()
            stack.callback(_end, desk)
            self.context = await parts_of(self.settings, NAME, stack, self._nudge(), listening=False)
            await self._desk_is_ready(desk)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _nudge(self) -> Nudge:
        async def nudge(job: str, *ids: int) -> None:
            self._woken[job, ids] = None

        return nudge

    async def _desk_is_ready(self, desk: BaseProcess) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            for _ in range(READY_SECONDS * 10):
                try:
                    await client.get(f"{self.settings.desk_url}/sign-in")
                except httpx.TransportError:
                    if not desk.is_alive():
                        break
                    await asyncio.sleep(0.1)
                else:
                    return
        raise RuntimeError("The desk of the rehearsal did not start; its log above says why.")

    async def turn(self, span: timedelta) -> None:
        """Turn the clock on, then do all that is due by it: listen, run the rounds, follow the nudges."""
        self.clock.forward(span)
        await self.work()

    async def work(self) -> None:
        """Do all that is due now."""
        for hearing in self.context["hearings"]:
            await self._listen(hearing)
        for job, seconds in ROUNDS:
            if self._is_due(f"round {job.__module__}.{job.__name__}", seconds):
                await self._run(job(self.context))
                await self._follow_nudges()
        await self._follow_nudges()

    async def _listen(self, hearing: Hearing) -> None:
        if self.clock.turned_to() < self._due.get(hearing.account_name, 0.0):
            return
        for _ in range(PAGES_AT_ONCE):
            pause = await hearing.listen_once()
            if pause:
                self._due[hearing.account_name] = self.clock.turned_to() + pause
                break
        await self._follow_nudges()

    def _is_due(self, name: str, seconds: int) -> bool:
        if self.clock.turned_to() < self._due.get(name, 0.0):
            return False
        self._due[name] = self.clock.turned_to() + seconds
        return True

    async def _follow_nudges(self) -> None:
        while self._woken:
            woken, self._woken = self._woken, {}
            for job, ids in woken:
                await self._run(self._jobs[job](self.context, *ids))

    async def _run(self, job: Coroutine[Any, Any, Any]) -> None:
        """As in the worker, a job that breaks is logged and found again by its round."""
        try:
            await job
        except Exception:
            log.exception("a job of the rehearsal broke")


def _end(desk: BaseProcess) -> None:
    desk.terminate()
    desk.join(10)
