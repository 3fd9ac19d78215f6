"""A listener on X that is killed (-9) in the middle of storing a page, again and again: run by test_ledger.

`python -m tests.hark311.dying_listener DATA SIMULATOR_PORT KILLS SEED`. Forks, so that Python starts only once; a first
page is heard in peace, so that the statements are compiled once too.
"""

import asyncio
import os
import random
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from hark311.adapters import listener_arguments
from hark311.settings import Settings, load
from hark311.simulated import accounts_of
from listeners import intake
from listeners.hearing import Hearing
from listeners.registry import listener_class
from models import Channel, Database

SECOND_PAGE = (6, 13)
"""These die in the second page they hear, the others in the first."""


def _hear(settings: Settings, database: Database, pages: int) -> None:
    """Hear so many pages, or until nothing more waits."""

    async def nobody() -> None:
        return None

    async def hear() -> None:
        arguments = listener_arguments(settings, "x", accounts_of(settings)["x"])
        async with listener_class(Channel.X)(**arguments) as listener:
            ear = Hearing(database, "x", listener, "dying", nobody, timedelta(seconds=1))
            for _ in range(pages):
                if await ear.listen_once():
                    return

    asyncio.run(hear())


def _die_at(post: int) -> None:
    """End as if the power failed when the post of this number, from now on, is being written."""
    write, seen = intake._attach, [0]

    def dies(*arguments: Any) -> None:
        seen[0] += 1
        if seen[0] == post:
            os.kill(os.getpid(), signal.SIGKILL)
        write(*arguments)

    vars(intake)["_attach"] = dies


def main() -> None:
    data, port, kills, seed = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    settings, database = load(data, simulator_port=port), Database.in_file(data / "hark.db")
    _hear(settings, database, pages=1)
    database.dispose()
    chance = random.Random(seed)
    for number in range(kills):
        at = chance.randint(1, 50) + (100 if number in SECOND_PAGE else 0)
        child = os.fork()
        if child == 0:
            _die_at(at)
            _hear(settings, database, pages=9)
            os._exit(3)
        _, how = os.waitpid(child, 0)
        if not os.WIFSIGNALED(how) or os.WTERMSIG(how) != signal.SIGKILL:
            sys.exit(f"the listener ended by itself: {how}")


if __name__ == "__main__":
    main()
