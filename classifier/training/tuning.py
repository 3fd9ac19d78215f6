"""Fine-tuning the sentence encoder on a city's own labels; needs the `train` extra. The result runs without torch.

The last layers learn to bring texts of one class together: a softmax over the cosine between a text's vector and one
learnt direction a class (Wang et al. 2017, "NormFace"), so that vectors stay of length one, as the heads want them.
Whether it helped is measured as it will run: both encoders as int8 graphs, a linear head over the vectors of the texts
it learnt from, asked about texts that neither has seen.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from classifier.corpus import Example
from classifier.encoder import graph
from classifier.encoder.local import copy_settings, replace_folder
from classifier.encoder.reference import opened, pooled, torch_for
from classifier.encoder.runtime import GRAPH, MOST_TOKENS, Encoder, readable
from classifier.heads import MAY_BE_ENGLISH

LAYERS_TAUGHT = 2
RATE, RATE_OF_DIRECTIONS = 3e-5, 5e-3
TEXTS_A_STEP = 32
SHARPNESS = 16.0
"""What cosines are multiplied by before the softmax."""
HELD_OUT_TENTHS = 2
FEWEST_HELD_OUT = 40
"""With fewer texts to measure on, worse and better cannot be told apart."""

Tell = Callable[[str], None]


class TooFewExamples(ValueError):
    """There are too few labelled texts to learn from and to measure on. Says how many there are."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """What came of it. Shares of held-out texts whose class a linear head over the vectors got right, by task.

    `kept`: whether the new encoder was written; `why` says it in a sentence. `held_out`: texts measured on, by task.
    """

    kept: bool
    why: str
    before: dict[str, float]
    after: dict[str, float]
    held_out: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Slice:
    """Texts with class numbers and how much each counts."""

    texts: list[str]
    wanted: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Task:
    """One task's texts, apart: to learn from and to be asked about."""

    classes: int
    learnt: _Slice
    asked: _Slice


def fine_tune(
    source: Path, target: Path, examples: Mapping[str, Sequence[Example]], steps: int, tell: Tell = lambda _: None
) -> Tuned:
    """Teaches the BERT encoder in `source` with labelled texts and writes it to `target`, if it got better.

    source: config.json, model.safetensors and tokenizer. target: the same and our int8 graph, so that it can run and
    be taught again; left as it is where no task got better or any got worse. examples: by task, so that one task is
    not learnt at another's cost; only texts that may be English count. None may be from X (invariant 11): that is for
    the caller. steps: batches of TEXTS_A_STEP. About 0.2 s a step on 2 cores, and 5 ms a text for measuring.
    Raises TrainExtraMissing, NotAnEncoder, TooFewExamples.
    """
    torch_for("Fine-tuning")
    shape = graph.Shape.read(source / "config.json")
    tasks = {name: _apart(name, held) for name, held in examples.items()}
    if not tasks:
        raise TooFewExamples("There are no labelled texts to learn from.")
    with tempfile.TemporaryDirectory(prefix="hark-tuning-") as made:
        before, after = Path(made) / "before", Path(made) / "after"
        for folder in (before, after):
            folder.mkdir()
            copy_settings(source, folder)
        tell("measuring the encoder as it is")
        graph.write(source, before / GRAPH)
        was = _measured(before, tasks)
        _teach(source, after, tasks, steps, shape, tell)
        graph.write(after, after / GRAPH)
        tell("measuring the encoder as it became")
        now = _measured(after, tasks)
        kept, why = _verdict(was, now)
        if kept:
            fresh = target.with_name(f"{target.name}.new")
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(after, fresh)
            replace_folder(fresh, target)
    tell(why)
    return Tuned(kept, why, was, now, {name: len(task.asked.texts) for name, task in tasks.items()})


def _verdict(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[bool, str]:
    shown = ", ".join(f"{name} {before[name]:.1%} before, {after[name]:.1%} after" for name in before)
    if any(after[name] < before[name] for name in before):
        return False, f"Worse on texts held out, so the encoder stays as it was: {shown}."
    if all(after[name] <= before[name] for name in before):
        return False, f"No better on texts held out, so the encoder stays as it was: {shown}."
    return True, f"Better on texts held out: {shown}. Fit the heads anew before it is used."


def _apart(name: str, examples: Sequence[Example]) -> _Task:
    """Splits by a hash of the text, so that the same text never stands on both sides."""
    read = [one for one in examples if one.language in MAY_BE_ENGLISH]
    learnt = [one for one in read if not _is_held_out(one.text)]
    number = {value: place for place, value in enumerate(sorted({one.value for one in learnt}))}
    asked = [one for one in read if _is_held_out(one.text) and one.value in number]
    if len(number) < 2 or len(asked) < FEWEST_HELD_OUT:
        raise TooFewExamples(
            f"{len(read)} English texts with a label for {name} are too few: {len(asked)} of them are held out to "
            f"measure on, and {FEWEST_HELD_OUT} are needed. Nothing was changed."
        )
    return _Task(len(number), _slice(learnt, number), _slice(asked, number))


def _is_held_out(text: str) -> bool:
    digest = hashlib.sha256(" ".join(text.lower().split()).encode("utf-8", "replace")).digest()
    return digest[0] % 10 < HELD_OUT_TENTHS


def _slice(examples: Sequence[Example], number: Mapping[str, int]) -> _Slice:
    return _Slice(
        [one.text for one in examples],
        np.array([number[one.value] for one in examples], np.int64),
        np.array([one.weight for one in examples], np.float32),
    )


def _measured(folder: Path, tasks: Mapping[str, _Task]) -> dict[str, float]:
    """The share right of a linear head over the vectors, by task, each text by its weight."""
    encoder = Encoder(folder, threads=2)
    shares = {}
    for name, task in tasks.items():
        head = LogisticRegression(C=10.0, max_iter=300)
        head.fit(encoder.encode(task.learnt.texts), task.learnt.wanted, sample_weight=task.learnt.weights)
        right = head.predict(encoder.encode(task.asked.texts)) == task.asked.wanted
        shares[name] = round(float(np.average(right, weights=task.asked.weights)), 4)
    return shares


def _teach(source: Path, folder: Path, tasks: Mapping[str, _Task], steps: int, shape: graph.Shape, tell: Tell) -> None:
    """Writes config.json and model.safetensors of the taught model. The same examples give the same weights."""
    torch = torch_for("Fine-tuning")
    tokenizer, model = opened(source)
    taught = _free_last_layers(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        directions = {
            name: torch.nn.Parameter(torch.nn.functional.normalize(torch.randn(task.classes, shape.width), dim=1))
            for name, task in tasks.items()
        }
        steerer = torch.optim.AdamW(
            [{"params": taught, "lr": RATE}, {"params": list(directions.values()), "lr": RATE_OF_DIRECTIONS}],
            weight_decay=0.01,
        )
        warmed = torch.optim.lr_scheduler.LambdaLR(steerer, lambda step: _slope(step, steps))
        chance = np.random.default_rng(0)
        batches = {name: _batches(task.learnt, chance) for name, task in tasks.items()}
        model.train()
        for step in range(steps):
            loss: Any = sum(
                _loss(torch, tokenizer, model, directions[name], next(batches[name]), shape.pooling) for name in tasks
            )
            steerer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(taught, 1.0)
            steerer.step()
            warmed.step()
            if (step + 1) % max(1, steps // 10) == 0:
                tell(f"step {step + 1} of {steps}, loss {loss.item() / len(tasks):.3f}")
    model.eval().save_pretrained(folder)


def _free_last_layers(model: Any) -> list[Any]:
    """Lets only the last layers learn; what the first ones know of language stays."""
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    taught = [parameter for layer in model.encoder.layer[-LAYERS_TAUGHT:] for parameter in layer.parameters()]
    for parameter in taught:
        parameter.requires_grad_(True)
    return taught


def _slope(step: int, steps: int) -> float:
    """The rate's part at a step: a tenth of the way up, then down to nothing."""
    up = max(1, steps // 10)
    return (step + 1) / up if step < up else max(0.0, (steps - step) / max(1, steps - up))


def _batches(held: _Slice, chance: np.random.Generator) -> Any:
    """Batches without end: (texts, class numbers), texts drawn as often as they count."""
    odds = held.weights / held.weights.sum()
    while True:
        drawn = chance.choice(len(held.texts), TEXTS_A_STEP, p=odds)
        yield [held.texts[place] for place in drawn], held.wanted[drawn]


def _loss(torch: Any, tokenizer: Any, model: Any, directions: Any, batch: Any, pooling: graph.Pooling) -> Any:
    texts, wanted = batch
    pieces = tokenizer(
        [readable(one) for one in texts], truncation=True, max_length=MOST_TOKENS, padding=True, return_tensors="pt"
    )
    vectors = pooled(model(**pieces).last_hidden_state, pieces["attention_mask"], pooling)
    cosines = vectors @ torch.nn.functional.normalize(directions, dim=1).T
    return torch.nn.functional.cross_entropy(SHARPNESS * cosines, torch.from_numpy(wanted))
