"""What every process of the product holds: settings, database, the desk, and a way to nudge the worker."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hark311.settings import Settings
from models import Database
from responders.review import Desk

log = logging.getLogger(__name__)

Nudge = Callable[..., Awaitable[None]]
"""await nudge(job_name, *ids): wake a job. Never raises; a lost nudge is found by the sweep."""


@dataclass(frozen=True, slots=True)
class Product:
    """The parts a console, a worker or a command works with. Built by `hark311.wiring`."""

    settings: Settings
    database: Database
    desk: Desk
    nudge: Nudge
    secret_key: str
