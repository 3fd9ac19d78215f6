"""Texts to vectors with ONNX Runtime. Sync, no network, no torch."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # without torch it would say at import that torch is missing
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from transformers import AutoTokenizer

from classifier.words import SCANNED_CODE_POINTS

Vectors = npt.NDArray[np.float32]

MOST_TOKENS = 128
"""all-MiniLM-L6-v2 was trained on 128 word pieces; what a longer post says first is what it is about."""
GRAPH = "encoder.onnx"


class Encoder:
    """An encoder folder (GRAPH and its tokenizer) at work. Holds about 60 MB. Safe to share between threads.

    `threads`: processor cores one call may use.
    """

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # several on one short text wait for each other more than they work
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # the arena keeps the memory of the longest batch for ever
        if not _multiplies_int8():
            options.add_session_config_entry("session.x64quantprecision", "1")
        self._threads = threads
        self._session = onnxruntime.InferenceSession(str(folder / GRAPH), options, providers=["CPUExecutionProvider"])
        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.width: int = self._session.get_outputs()[0].shape[1]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One vector of unit length per text, (texts, width), in order.

        One text at a time: int8 activations are scaled over a whole batch, so in company a text would get another
        vector than alone. Nothing is padded this way either, which sorting by length would be for.
        """
        if self._threads == 1 or len(texts) < 2:
            rows = list(map(self._one, texts))
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                rows = list(pool.map(self._one, texts))
        return np.stack(rows) if rows else np.zeros((0, self.width), np.float32)

    def _one(self, text: str) -> Vectors:
        pieces = self._tokenizer(readable(text), truncation=True, max_length=MOST_TOKENS, return_tensors="np")
        feed = {name: pieces[name].astype(np.int64) for name in ("input_ids", "attention_mask")}
        vector: Vectors = self._session.run(["vectors"], feed)[0][0]
        return vector


def _multiplies_int8() -> bool:
    """Whether the processor multiplies int8 without overflow (VNNI). Older x86 ones must be told to be exact."""
    try:
        told = Path("/proc/cpuinfo").read_text("ascii", "replace")
    except OSError:
        return False
    return "vnni" in told or "asimd" in told  # x86 and Arm


def readable(text: str) -> str:
    """What of a text the tokenizer is given: its beginning, and no half characters, which it refuses."""
    return text[:SCANNED_CODE_POINTS].encode("utf-8", "replace").decode("utf-8")
