"""What every process of the product holds: settings, database, the desk, and a way to nudge the worker."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from hark311.prices import Prices, load_prices
from hark311.rates import Rates
from hark311.settings import Settings
from models import Candidate, Database, Explanation, LabelTask, Post, Service, Understanding
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
class Located:
    """What the gazetteer makes of a text: the stretches that name a place (code points) and the candidates for it."""

    phrases: Sequence[tuple[int, int]]
    candidates: Sequence[Candidate]
    question: str = ""
    note: str = ""


Locate = Callable[[str], Located]
"""Find and look up the places of a text in the city's gazetteer as it stands now."""


@dataclass(frozen=True, slots=True)
class PrivateDetail:
    """One private detail of a text (code points), its kind in a word, and what may stand there instead."""

    start: int
    end: int
    kind: str
    instead: str


FindDetails = Callable[[str], Sequence[PrivateDetail]]
"""The private details of a text, in reading order."""


Redact = Callable[[str], str]
"""Take the private details out of a text."""


def unchanged(text: str) -> str:
    """The text as it is."""
    return text


@dataclass(frozen=True, slots=True)
class OfPlace:
    """One thing that follows from where a place lies: "Council district", "1", and a note where there is one."""

    label: str
    value: str
    note: str = ""


ResponsibilityOf = Callable[[float, float, str | None], Sequence[OfPlace]]
"""Whose the place at lat, lon is, for a service (by its code; None: not known): districts, department, whose road."""


@dataclass(frozen=True, slots=True)
class Product:
    """The parts a console, a worker or a command works with. Built by `hark311.wiring`.

    What is None is not there, such as a trained model or a gazetteer; the desk then shows nothing of it.
    """

    settings: Settings
    database: Database
    desk: Desk
    nudge: Nudge
    secret_key: str
    explainer: Explainer | None = None
    models: Models | None = None
    suggest_category: SuggestCategory | None = None
    locate: Locate | None = None
    responsibility_of: ResponsibilityOf | None = None
    private_details: FindDetails | None = None
    redact: Redact = unchanged
    prices: Prices = field(default_factory=load_prices)
    rates: Rates | None = None
