"""The models of day one, made at set-up from our corpus and the packaged weights; no label, no torch, no network."""

import hashlib
import os
import random
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from classifier import corpus
from classifier.corpus import Example
from classifier.encoder import weights
from classifier.encoder.local import AnyEncoder, open_encoder, take_over
from classifier.features import Floats, Weigher
from classifier.heads import Head
from classifier.model_files import CORPUS_VECTORS, DAY_ONE, ENCODER, OUR_LICENCE, OURS, RARITY, ModelFiles
from classifier.places import PlaceKind, find_places
from classifier.taxonomy import CATEGORIES, DAY_ONE_SHARES
from classifier.training.fingerprint import fingerprint
from classifier.training.fitting import Material, Recipe, TierRecipe, fit
from classifier.training.material import Encode, material_of, nothing_material
from models import Intent

CATEGORY, INTENT, DANGER = "category", "intent", "danger"
TASKS = (CATEGORY, INTENT)
PLACES = 250
"""So many of the corpus's place phrases teach, beside the written ones, that a place alone tells of nothing."""
_PLACE_KINDS = (PlaceKind.ADDRESS, PlaceKind.BLOCK, PlaceKind.INTERSECTION, PlaceKind.STREET)

RECIPES = {
    CATEGORY: Recipe(
        classes=tuple(CATEGORIES),
        words=TierRecipe(strength=1.0, least=2, lean=0.7, temperature=0.75),
        whole=TierRecipe(strength=1.0, lean=0.7, temperature=0.75),
        others=TierRecipe(strength=30.0, temperature=0.5),
        cue_weight=0.4,
        threshold=0.42,
        shares=DAY_ONE_SHARES,
        sureness=(0.62, 0.42),
    ),
    INTENT: Recipe(
        classes=tuple(Intent),
        words=TierRecipe(strength=3.0),
        whole=TierRecipe(strength=2.0),
        others=TierRecipe(strength=10.0, least=2, temperature=0.62),
        cue_weight=0.4,
        threshold=0.4,
    ),
    DANGER: Recipe(
        classes=("harmless", "danger"),
        words=TierRecipe(strength=10.0),
        whole=TierRecipe(strength=10.0),
        others=TierRecipe(strength=10.0),
        cue_weight=0.0,
        threshold=0.5,
    ),
}
"""Strengths, cue weights, temperatures and thresholds. Those of English were measured on the development halves of real
city reports (SeeClickFix, PublicStuff; nothing from X, invariant 11), those of other languages by cross-validation on
the corpus."""

Tell = Callable[[str], None]


def make_missing(folder: Path, tell: Tell = lambda _: None, *, now: datetime) -> ModelFiles:
    """The folder with the models of day one, made only where they are missing or of another corpus or code."""
    held = ModelFiles(folder)
    return held if held.made_of() == fingerprint() else make(folder, tell, now=now)


def make(folder: Path, tell: Tell = lambda _: None, *, now: datetime, encoder: Path | None = None) -> ModelFiles:
    """Makes every model file of day one in `folder`; about a minute. `tell` hears each step.

    `encoder`: a Hugging Face folder to read with instead of the packaged MiniLM; its vectors are others, so versions
    trained before run no longer. Raises graph.NotAnEncoder or TrainExtraMissing for one that cannot be used.
    Raises weights.WeightsMissing where the encoder's weights are not installed: the heads over words alone are made
    and entered all the same.
    """
    held = ModelFiles(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tell("counting the words of the corpus")
    told, asked, dangers = corpus.categories(), corpus.intents(), corpus.dangers()
    weigher = Weigher.count([one.text for one in told])
    (folder / RARITY).unlink(missing_ok=True)  # it may be a link to the file of set-up
    weigher.save(folder / RARITY)
    held.add(RARITY, {"what": "how rare each word is", "source": OURS, "licence": OUR_LICENCE}, now=now)
    weigher = Weigher.load(folder / RARITY)
    trouble: weights.WeightsMissing | None = None
    encode: Remembering | None = None
    try:
        tell("building the encoder")
        encode = Remembering(make_encoder(folder, encoder, now=now).encode)
    except weights.WeightsMissing as error:
        trouble = error
    tell(f"reading {len(told) + len(asked)} texts")
    for task, material in (
        (CATEGORY, category_material(told, weigher, encode)),
        (INTENT, material_of(asked, RECIPES[INTENT].classes, weigher, encode)),
        (DANGER, material_of(dangers, RECIPES[DANGER].classes, weigher, None)),
    ):
        tell(f"learning {task}")
        save_head(held, task, DAY_ONE, fit(material, RECIPES[task]), OURS, now=now)
    if encode:
        (folder / CORPUS_VECTORS).unlink(missing_ok=True)
        encode.save(folder / CORPUS_VECTORS)
        what = {"what": "vectors of the corpus, so that training need not read it again"}
        held.add(CORPUS_VECTORS, what | {"source": OURS, "licence": OUR_LICENCE}, now=now)
    held.mark_made_of(fingerprint())
    for task in TASKS if encoder else ():
        held.run(task, DAY_ONE)
    if trouble:
        raise trouble
    return held


def make_encoder(folder: Path, source: Path | None = None, *, now: datetime) -> AnyEncoder:
    """Builds the int8 encoder of the packaged weights, or takes over another, and enters its files.

    Raises weights.WeightsMissing; for another encoder what local.take_over raises.
    """
    target = folder / ENCODER
    told = {"what": "sentence encoder, int8 where it is a BERT", "source": str(source), "licence": "as its source says"}
    if source is None:
        told = {"what": "MiniLM-L6 sentence encoder, int8", "source": weights.SOURCE, "licence": weights.LICENCE}
    take_over(source or weights.packaged_weights(), target)
    ModelFiles(folder).drop(f"{ENCODER}/")
    for file in sorted(one for one in target.rglob("*") if one.is_file()):
        ModelFiles(folder).add(file.relative_to(folder).as_posix(), told, now=now)
    return open_encoder(target, threads=os.cpu_count() or 1)


def category_material(examples: Sequence[Example], weigher: Weigher, encode: Encode | None) -> Material:
    """The category corpus, and texts that tell of nothing."""
    recipe = RECIPES[CATEGORY]
    nothings = [*corpus.nothings(), *_places(examples)]
    return material_of(examples, recipe.classes, weigher, encode).joined(
        nothing_material(nothings, recipe.classes, DAY_ONE_SHARES, weigher, encode)
    )


class Remembering:
    """An encoder that reads no text twice, and keeps what it read in a file beside the models."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._known: dict[bytes, Floats] = {}

    def __call__(self, texts: Sequence[str]) -> Floats:
        keys = [hashlib.blake2b(one.encode("utf-8", "replace"), digest_size=16).digest() for one in texts]
        fresh = {key: one for key, one in zip(keys, texts, strict=True) if key not in self._known}
        self._known.update(zip(fresh, self._encode(list(fresh.values())), strict=True))
        return np.stack([self._known[key] for key in keys])

    def save(self, file: Path) -> None:
        """Keeps the vectors; at half precision, which moves no answer."""
        keys = np.frombuffer(b"".join(self._known), np.uint8).reshape(-1, 16)
        np.savez(file, keys=keys, vectors=np.stack(list(self._known.values())).astype(np.float16))

    def recall(self, file: Path) -> None:
        """Takes up what an earlier one kept. Raises OSError or ValueError for a file that is none."""
        with np.load(file, allow_pickle=False) as held:
            vectors = held["vectors"].astype(np.float32)
            self._known.update(zip((key.tobytes() for key in held["keys"]), vectors, strict=True))


def _places(examples: Sequence[Example]) -> list[str]:
    found = {
        one.text[place.start : place.end]
        for one in examples
        if one.language == "en"
        for place in find_places(one.text)
        if place.kind in _PLACE_KINDS
    }
    return random.Random(1).sample(sorted(found), min(PLACES, len(found)))  # noqa: S311 # a sample, no secret


def save_head(held: ModelFiles, task: str, version: str, head: Head, source: str, *, now: datetime) -> None:
    """Writes a head and enters it in the manifest; it does not run yet unless it is the first."""
    name = f"{task}/{version}.npz"
    (held.folder / task).mkdir(parents=True, exist_ok=True)
    fresh = held.folder / f"{name}.new"
    head.save(fresh)
    fresh.replace(held.folder / name)
    held.add(name, {"what": f"{task} head", "source": source, "licence": OUR_LICENCE}, now=now)
