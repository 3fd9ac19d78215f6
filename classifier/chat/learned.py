"""A small linear model of the lanes: what posts of each lane look like, by their words and by the signs beside them.

Learned by classifier.training.chat_lanes from our own texts, and shipped as lanes.npz. It reads every language: its
features are hashed words, pairs and pieces of words (classifier.features), and the numbers of `signs_as_numbers`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import numpy.typing as npt

from classifier.chat.numbers import MarkKind
from classifier.chat.signs import Signs
from classifier.features import SIZE, Floats, Weigher
from classifier.heads import softmax
from models import Intent
from models.chats import ChatLane

FILE = "lanes.npz"
LANES = tuple(ChatLane)
EXACT = frozenset({"address", "intersection", "block"})
"""Kinds of place that a crew would find."""
_SIGN_SCALE = 0.3
"""The signs count this much beside the words, whose length is one."""
_MOST_HEARD = 6.0
_PICTURES = 0x1F300
_SHORT, _VERY_SHORT, _LONG = 8, 4, 25


@dataclass(frozen=True, slots=True)
class LaneModel:
    """features: their sorted numbers (rows,). words: (rows, lanes). signs: (signs, lanes). bias: (lanes,).

    `made_of`: the fingerprint of what it was learned from.
    """

    features: npt.NDArray[np.int32]
    words: Floats
    signs: Floats
    bias: Floats
    made_of: str = ""

    def chances(self, signs: Signs) -> Mapping[ChatLane, float]:
        """The probability of every lane."""
        weighed = weigher().weigh(signs.words)
        rows = np.searchsorted(self.features, weighed.features)
        rows[rows == len(self.features)] = 0
        known = self.features[rows] == weighed.features
        scores = self.bias + signs_as_numbers(signs) @ self.signs
        scores = scores + weighed.values[known] @ self.words[rows[known]].astype(np.float32)
        return dict(zip(LANES, softmax(scores).tolist(), strict=True))

    def save(self, file: Path) -> None:
        """Writes the model; halves the precision of its word weights, which changes no answer that matters."""
        made_of = np.frombuffer(self.made_of.encode(), np.uint8)
        with file.open("wb") as opened:
            np.savez_compressed(
                opened,
                features=self.features,
                words=self.words.astype(np.float16),
                signs=self.signs,
                bias=self.bias,
                made_of=made_of,
            )

    @classmethod
    def load(cls, file: Path) -> "LaneModel":
        """Reads what `save` wrote. Raises OSError or ValueError for a file that is none."""
        with np.load(file, allow_pickle=False) as held:
            return cls(held["features"], held["words"], held["signs"], held["bias"], bytes(held["made_of"]).decode())


def signs_as_numbers(signs: Signs) -> Floats:
    """What is beside the words, as the model counts it."""
    text, mark, size = signs.line.text, signs.number, len(signs.words.forms)
    numbers = [
        *(2 * signs.intents.get(intent, 0.0) for intent in Intent),
        *(float(mark is not None and mark.kind is kind) for kind in MarkKind),
        signs.line.reply_to_question is not None,
        signs.asked,
        signs.asks,
        signs.ends_asking,
        bool(signs.places & EXACT),
        "street" in signs.places,
        bool(signs.places),
        any(sign.isdigit() for sign in text),
        bool(signs.danger),
        signs.danger_score,
        signs.private,
        size < _VERY_SHORT,
        size < _SHORT,
        size > _LONG,
        text.lstrip().startswith("@"),
        "http" in text,
        "!" in text,
        any(ord(sign) > _PICTURES for sign in text),
        *(min(signs.heard(lane), _MOST_HEARD) / 3 for lane in ChatLane),
    ]
    return np.array(numbers, np.float32) * np.float32(_SIGN_SCALE)


@cache
def weigher() -> Weigher:
    """Counts every feature alike: how rare one is in reports says little about a chat."""
    return Weigher(np.ones(SIZE, np.float32))


@cache
def lane_model() -> LaneModel:
    """The model that the package ships. Raises OSError or ValueError where it is missing or damaged."""
    with as_file(files("classifier.chat") / FILE) as file:
        return LaneModel.load(file)
