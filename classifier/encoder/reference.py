"""Texts to vectors as transformers and torch compute them: what our own graph is measured against, and what runs an
encoder that is no BERT. Needs the `train` extra; everything else in the product does without torch.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from classifier.encoder.graph import NotAnEncoder, Pooling, pooling_of
from classifier.encoder.runtime import MOST_TOKENS, Vectors, readable


class TrainExtraMissing(Exception):
    """torch is not installed. Says what needs it, what carries on and how to install it."""


def torch_for(what: str) -> Any:
    """The torch module. Raises TrainExtraMissing, saying that `what` needs it."""
    try:
        return import_module("torch")
    except ImportError:
        raise TrainExtraMissing(
            f"{what} needs torch, which is not installed. Nothing was changed, and everything else carries on. "
            "Install it into the same environment: pip install 'torch>=2.6'"
        ) from None


class ReferenceEncoder:
    """A Hugging Face encoder folder (config.json, safetensors, tokenizer) run by torch; the methods of runtime.Encoder.

    Runs no code from the folder. `threads`: processor cores torch may use, in the whole process. Raises
    TrainExtraMissing, and NotAnEncoder where transformers cannot make a model of the folder.
    """

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        self._torch = torch_for(f"The encoder in {folder}")
        self._torch.set_num_threads(threads)
        self._pooling = pooling_of(folder)
        self._tokenizer, self._model = opened(folder)
        self.width: int = self._model.config.hidden_size
        longest = int(min(MOST_TOKENS, self._tokenizer.model_max_length))
        self._longest = min(longest, getattr(self._model.config, "max_position_embeddings", None) or longest)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One vector of unit length per text, (texts, width), in order. One text at a time, so nothing is padded."""
        vectors = np.zeros((len(texts), self.width), np.float32)
        with self._torch.inference_mode():
            for row, text in enumerate(texts):
                pieces = self._tokenizer(readable(text), truncation=True, max_length=self._longest, return_tensors="pt")
                states = self._model(**pieces).last_hidden_state
                vectors[row] = pooled(states, pieces["attention_mask"], self._pooling)[0].numpy()
        return vectors


def opened(folder: Path) -> tuple[Any, Any]:
    """The tokenizer and the model (32-bit, not training) of a folder. Raises TrainExtraMissing or NotAnEncoder."""
    torch = torch_for(f"The encoder in {folder}")
    from transformers import AutoModel, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model: Any
        model, found = AutoModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
    except Exception as error:  # transformers raises whatever it stumbles over in a folder
        raise NotAnEncoder(f"transformers can make no encoder of {folder}: {error}") from error
    missing = sorted(name for name in found["missing_keys"] if "pooler" not in name)
    if missing:  # transformers would make them up
        raise NotAnEncoder(f"the weights in {folder} hold no {missing[0]} ({len(missing)} are missing)")
    if getattr(model.config, "is_encoder_decoder", False):
        model = model.get_encoder()
    return tokenizer, model.eval()


def pooled(states: Any, mask: Any, pooling: Pooling) -> Any:
    """Token vectors, (texts, tokens, width), to one unit vector a text, (texts, width). All torch tensors."""
    if pooling is Pooling.FIRST:
        vectors = states[:, 0]
    else:
        column = mask.unsqueeze(-1).to(states.dtype)
        vectors = (states * column).sum(1) / column.sum(1)
    return vectors / vectors.norm(dim=-1, keepdim=True).clamp_min(1e-12)
