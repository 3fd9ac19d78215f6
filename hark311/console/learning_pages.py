"""What the classifier has learnt: what staff changed, the labels so far, week by week, and the models that run."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from sqlmodel import Session, select
from starlette.responses import Response

from classifier.taxonomy import CATEGORIES
from hark311.console import learning_queries, words
from hark311.console.frame import signed_in_page
from hark311.console.learning_queries import Labels, Overridden
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, Viewing
from models import Intent, LabelTask, Service

router = APIRouter()

TASKS = {LabelTask.CATEGORY: "the kind of problem", LabelTask.INTENT: "what the author wants"}


@dataclass(frozen=True, slots=True)
class Part:
    """One table of how often suggestions were changed: its title, and its rows by name, most changes first."""

    title: str
    rows: list[tuple[str, Overridden]]


@router.get("/learning")
def show_learning(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    now, models = console.now(), console.product.models
    with console.product.database.read() as session:
        names, category_of = _categories(session, console)
        labels = learning_queries.labels(session, now)
        drift = learning_queries.drift(session, now, console.city_time.zone, category_of)
    return signed_in_page(
        request,
        console,
        visitor,
        "learning.html",
        labels=labels,
        parts=_parts(labels, names),
        drift=drift,
        names=names,
        tasks=TASKS,
        versions={task: models.versions(task) if models else [] for task in TASKS},
    )


def _categories(session: Session, console: Console) -> tuple[dict[str, str], dict[str, str]]:
    """Category -> its name, for those of the classifier and services that stand for none; service_code -> category."""
    names, category_of = dict(CATEGORIES), {}
    for service in session.exec(select(Service)).all():
        category = service.category or console.product.desk.category_of(service)
        category_of[service.service_code] = category
        names.setdefault(category, service.service_name)
    return names, category_of


def _parts(labels: Labels, names: dict[str, str]) -> list[Part]:
    intents = {intent.value: word for intent, word in words.INTENT.items() if intent in set(Intent)}
    return [
        Part("Kind of problem suggested", _rows(labels.by_value[LabelTask.CATEGORY], names)),
        Part("Language, where a kind of problem was suggested", _rows(labels.by_language, words.LANGUAGES)),
        Part("What the author wants", _rows(labels.by_value[LabelTask.INTENT], intents)),
    ]


def _rows(found: dict[str, Overridden], names: dict[str, str]) -> list[tuple[str, Overridden]]:
    ranked = sorted(found.items(), key=lambda one: (-one[1].recent.corrected, -one[1].before.corrected, one[0]))
    return [(names.get(value, "unclear" if value == "und" else value), overridden) for value, overridden in ranked]
