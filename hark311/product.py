"""What every process of the product holds: settings, database, the desk, and a way to nudge the worker."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hark311.settings import Settings
from models import Database, Explanation, LabelTask, Post, Service, Understanding
from responders.review import Desk

log = logging.getLogger(__name__)

Nudge = Callable[..., Awaitable[None]]
"""await nudge(job_name, *ids): wake a job. Never raises; a lost nudge is found by the sweep."""


SuggestCategory = Callable[[Service], str | None]
"""The category a service seems to stand for by its name and keywords; None: nothing speaks for one."""


class Explainer(Protocol):
    """Says which words a sentence as a whole rests on. Takes up to half a second; called outside any transaction."""

    def occlude(self, understanding: Understanding, posts: Sequence[Post]) -> list[Explanation]:
        """The understanding's explanations, in their order, with `occluded` filled in where it can be told.

        `posts` are what the mention says, as `models.threads.posts_of` gives them. Spans are counted in their post.
        """
        ...


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One trained model: how many labels made it and how often it was right on those held out, 0 to 1."""

    name: str
    made_at: datetime | None
    labels: int
    top1: float | None
    top3: float | None
    running: bool


class Models(Protocol):
    """The trained models of the data directory."""

    def versions(self, task: LabelTask) -> list[ModelVersion]:
        """Every version of one task's model, newest first."""
        ...


@dataclass(frozen=True, slots=True)
class Product:
    """The parts a console, a worker or a command works with. Built by `hark311.wiring`.

    The last three are None where no trained model is there; the desk then shows nothing of them.
    """

    settings: Settings
    database: Database
    desk: Desk
    nudge: Nudge
    secret_key: str
    explainer: Explainer | None = None
    models: Models | None = None
    suggest_category: SuggestCategory | None = None
