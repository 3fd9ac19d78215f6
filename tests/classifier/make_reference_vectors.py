"""Makes reference_vectors.npz: texts of ours and their vectors from transformers + torch. Needs the `train` extra.

Run once, and again only when the encoder's weights are others:
    python -m tests.classifier.make_reference_vectors

Mean over the mask, length one, cut at MOST_TOKENS, computed in 32 bits. Stored in 16, which turns a vector by less
than a ten-millionth in cosine.
"""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np

from classifier import corpus
from classifier.encoder.reference import ReferenceEncoder
from classifier.encoder.weights import packaged_weights

FILE = Path(__file__).parent / "reference_vectors.npz"
TEXTS, SHORTEST, LONGEST, JOINED = 300, 25, 25, 12
"""Texts in all; of these the shortest and longest lines there are, and several lines in one (to be cut)."""
LINES_JOINED = 9


def sample() -> list[str]:
    """A fixed sample of the English corpus, in the order of a hash."""
    english = (one for one in [*corpus.categories(), *corpus.intents(), *corpus.dangers()] if one.language == "en")
    lines = sorted({one.text for one in english}, key=lambda text: hashlib.sha256(text.encode()).digest())
    by_length = sorted(lines, key=len)
    chosen = [*by_length[:SHORTEST], *by_length[-LONGEST:]]
    chosen += [" ".join(lines[-LINES_JOINED * (place + 1) :][:LINES_JOINED]) for place in range(JOINED)]
    chosen += [line for line in lines if line not in chosen][: TEXTS - len(chosen)]
    return chosen


def main() -> None:
    """Writes FILE."""
    texts = sample()
    vectors = ReferenceEncoder(packaged_weights()).encode(texts)
    made_by = {name: version(name) for name in ("torch", "transformers")}
    np.savez_compressed(
        FILE,
        texts=np.frombuffer(json.dumps(texts).encode(), np.uint8),
        vectors=vectors.astype(np.float16),
        made_by=np.frombuffer(json.dumps(made_by).encode(), np.uint8),
    )


if __name__ == "__main__":
    main()
