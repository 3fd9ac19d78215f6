"""Any Hugging Face encoder a city has in a folder of its own: taken over as our graph where it is a BERT, as it is
where it is not.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from classifier.encoder import graph
from classifier.encoder.graph import NotABertEncoder, NotAnEncoder, Shape
from classifier.encoder.reference import ReferenceEncoder, TrainExtraMissing
from classifier.encoder.runtime import GRAPH, Encoder, Vectors

WEIGHTS = "model.safetensors"
POOLING = "1_Pooling/config.json"
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
)
"""What tokenizers are made of; a folder has some of them."""
_TRIED = ("Streetlight out at the corner, third night now.", "", "\U0001f525 caf\u00e9 \u706b")


class AnyEncoder(Protocol):
    """What runtime.Encoder and ReferenceEncoder both are."""

    width: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One vector of unit length per text, (texts, width), in order."""
        ...


def open_encoder(folder: Path, *, threads: int = 1) -> AnyEncoder:
    """The encoder in a folder: by ONNX Runtime where it holds our graph, else by transformers and torch.

    Raises TrainExtraMissing where torch is needed and missing; NotAnEncoder.
    """
    if (folder / GRAPH).exists():
        return Encoder(folder, threads=threads)
    return ReferenceEncoder(folder, threads=threads)


def take_over(source: Path, target: Path) -> str:
    """Makes `target` an encoder folder of the Hugging Face folder `source`, and tries it; says how it will run.

    A BERT becomes our int8 graph, without torch. Any other architecture keeps its weights and runs by transformers and
    torch, far slower. Runs no code from the folder. Only what is listed here is copied. Raises NotAnEncoder where a
    file is missing or damaged, TrainExtraMissing where torch is needed and missing; then `target` is as it was.
    """
    if not source.is_dir():
        raise NotAnEncoder(f"{source} is no folder. Nothing was changed.")
    fresh = target.with_name(f"{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        copy_settings(source, fresh)
        how = _build(source, fresh)
        _try(fresh)
        replace_folder(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return how


def copy_settings(source: Path, target: Path) -> None:
    """Configuration and tokenizer, and how tokens are pooled. Raises NotAnEncoder where the first two are missing."""
    names = [name for name in TOKENIZER_FILES if (source / name).is_file()]
    if not (source / "config.json").is_file() or not names:
        raise NotAnEncoder(f"{source} holds no config.json or no tokenizer. Nothing was changed.")
    for name in ("config.json", *names):
        shutil.copyfile(source / name, target / name)
    if (source / POOLING).is_file():
        (target / POOLING).parent.mkdir(exist_ok=True)
        shutil.copyfile(source / POOLING, target / POOLING)


def replace_folder(fresh: Path, target: Path) -> None:
    """Puts `fresh` in the place of `target`, whatever stood there before."""
    old = target.with_name(f"{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _build(source: Path, fresh: Path) -> str:
    try:
        Shape.read(source / "config.json")
    except NotABertEncoder as error:
        weights = sorted(source.glob("model*.safetensors*"))
        if not weights:
            raise NotAnEncoder(f"{source} holds no {WEIGHTS}. Nothing was changed.") from None
        for file in weights:
            shutil.copyfile(file, fresh / file.name)
        return (
            f"It cannot be built as our graph ({error}). It runs by transformers and torch: every machine that answers "
            "needs the train extra, and each text takes several times as long."
        )
    graph.write(source, fresh / GRAPH)
    return "Built as our int8 graph; it runs without torch."


def _try(folder: Path) -> None:
    try:
        vectors = open_encoder(folder).encode(_TRIED)
    except (NotAnEncoder, TrainExtraMissing):
        raise
    except Exception as error:  # whatever a tokenizer that does not fit makes ONNX Runtime or torch raise
        raise NotAnEncoder(f"The encoder reads no text: {error}. Nothing was changed.") from error
    if not np.isfinite(vectors).all() or not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-2):
        raise NotAnEncoder("The encoder's vectors are no numbers of length one. Nothing was changed.")
