"""The model files of this data directory, and what the desk asks of them.

Day one is made once at set-up, beside the installed packages; every data directory takes its files from there, by
link where the file system can. What a city trains stays in its own data directory.
"""

import json
import logging
import os
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlmodel import col, select

from classifier.model_files import ModelFiles, ModelFileTrouble
from hark311.product import ModelVersion
from hark311.settings import Settings
from models import Database, Explanation, Post, Service, Understanding, utc_now

if TYPE_CHECKING:
    from classifier.cascade import FollowingClassifier
    from classifier.training.workshop import Workshop

log = logging.getLogger(__name__)

FOLDER = "models"


def made_at_set_up() -> ModelFiles:
    """Where set-up keeps the models of day one: share/hark311/models of the Python environment."""
    return ModelFiles(Path(sysconfig.get_path("data")) / "share" / "hark311" / FOLDER)


def files_of(settings: Settings) -> ModelFiles:
    """The model files of a data directory."""
    return ModelFiles(settings.data / FOLDER)


def prepare_models(settings: Settings, tell: Callable[[str], None] = lambda _: None) -> ModelFiles:
    """Makes sure that the data directory holds the models of day one; makes them, in a minute, where nobody has.

    Never raises for models: what cannot be made is logged, and the rules answer.
    """
    from classifier.training.fingerprint import fingerprint

    ours, theirs = files_of(settings), made_at_set_up()
    if ours.made_of() == fingerprint():
        return ours
    try:
        ours.take_from(theirs if theirs.made_of() == fingerprint() else _made(theirs, tell))
    except ModelFileTrouble as error:
        log.warning("%s", error)
    except OSError as error:  # the environment is read-only: this directory makes its own
        log.info("%s cannot be written (%s); the models are made in %s", theirs.folder, error.strerror, ours.folder)
        _made(ours, tell)
    return ours


def _made(files: ModelFiles, tell: Callable[[str], None]) -> ModelFiles:
    from classifier.encoder.weights import WeightsMissing
    from classifier.training.day_one import make_missing

    try:
        return make_missing(files.folder, tell, now=utc_now())
    except WeightsMissing as error:
        log.warning("%s", error)
        return files


def workshop_of(files: ModelFiles) -> "Workshop":
    """What a training needs at hand. Raises ModelFileTrouble where day one is missing; without encoder, words alone."""
    from classifier.encoder.local import open_encoder
    from classifier.model_files import CORPUS_VECTORS, ENCODER
    from classifier.rules import build
    from classifier.training.day_one import Remembering
    from classifier.training.workshop import workshop

    try:
        for name in files.facts():
            if name.startswith(f"{ENCODER}/"):
                files.verified(name)
        encode = Remembering(open_encoder(files.folder / ENCODER, threads=os.cpu_count() or 1).encode)
        encode.recall(files.verified(CORPUS_VECTORS))
    except (ModelFileTrouble, OSError, RuntimeError, ValueError) as error:
        log.warning("%s", error)
        return workshop(files, build(), None)
    return workshop(files, build(), encode)


def categories_of(services: Sequence[Service]) -> dict[str, str]:
    """The category each service stands for, by service_code; services that stand for none are left out."""
    from classifier.rules import build
    from classifier.services import category_of_service

    found = {one.service_code: category_of_service(one, build().category_named) for one in services}
    return {code: category for code, category in found.items() if category}


@dataclass(slots=True)
class TrainedModels:
    """The trained models, for the page that shows them."""

    files: ModelFiles

    def versions(self, task: str) -> list[ModelVersion]:
        """Every version of one task's model, newest first; empty where the files cannot be read."""
        try:
            running, names, facts = self.files.running(task), self.files.versions(task), self.files.facts()
        except ModelFileTrouble as error:
            log.warning("%s", error)
            return []
        found = []
        for name in reversed(names):
            about = measured(self.files, task, name)
            made_at = datetime.fromisoformat(facts[f"{task}/{name}.npz"].made_at)
            found.append(
                ModelVersion(
                    name=name,
                    made_at=made_at,
                    labels=int(about.get("labels", 0)),
                    top1=about.get("top1"),
                    top3=about.get("top3"),
                    running=name == running,
                )
            )
        return found


def measured(files: ModelFiles, task: str, version: str) -> dict[str, float]:
    """What a head says of itself: the labels it was made of and how it measured. Empty for day one."""
    import numpy as np

    try:
        with np.load(files.folder / task / f"{version}.npz", allow_pickle=False) as held:
            about: dict[str, float] = json.loads(bytes(held["meta"]))["facts"]
            return about
    except (OSError, ValueError, KeyError):
        return {}


class Looking:
    """Tells on the mention page which words a sentence as a whole rests on. Loads the classifier at first use."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._classifier: FollowingClassifier | None = None

    @property
    def classifier(self) -> "FollowingClassifier":
        """The classifier, loaded once."""
        from hark311.wiring import classifier_of

        if self._classifier is None:
            self._classifier = classifier_of(self._settings)
        return self._classifier

    def occlude(self, understanding: Understanding, posts: Sequence[Post]) -> list[Explanation]:
        """As hark311.product.Explainer."""
        from classifier.looking import occluded

        with self._database.read() as session:
            services = list(session.exec(select(Service).where(col(Service.active).is_(True))).all())
        return occluded(self.classifier, understanding, posts, services)

    def suggest_category(self, service: Service) -> str | None:
        """The category a service seems to stand for by its name and keywords; None: nothing speaks for one."""
        from classifier.rules import build
        from classifier.services import named

        return build().category_named(named(service))


if __name__ == "__main__":  # what set-up calls
    from rich.console import Console

    with Console(stderr=True).status("Making the models of day one...") as shown:
        _made(made_at_set_up(), lambda step: shown.update(f"Models of day one: {step}..."))
