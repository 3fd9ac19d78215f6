"""From examples to what a head is fitted on: features, vectors, class numbers and weights."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.sparse import vstack

from classifier.corpus import Example
from classifier.features import Floats, Weigher
from classifier.heads import MAY_BE_ENGLISH
from classifier.training.fitting import Material

NOTHING_WEIGHT, NOTHING_COPIES = 2.0, 6

Encode = Callable[[Sequence[str]], Floats]


def material_of(
    examples: Sequence[Example], classes: Sequence[str], weigher: Weigher, encode: Encode | None
) -> Material:
    """The examples as numbers. `encode` reads the English ones; None leaves all without a vector.

    Raises KeyError for a value that is none of the classes.
    """
    number = {value: place for place, value in enumerate(classes)}
    return Material(
        features=weigher.matrix([one.text for one in examples]),
        vectors=vectors_of([(one.text, one.language) for one in examples], encode),
        wanted=np.array([number[one.value] for one in examples], np.int64),
        weights=np.array([one.weight for one in examples], np.float32),
        english=np.array([one.language in MAY_BE_ENGLISH for one in examples], bool),
    )


def vectors_of(texts: Sequence[tuple[str, str]], encode: Encode | None) -> Floats:
    """Vectors of (text, language) pairs, NaN for those the encoder does not read."""
    read = [place for place, (_, language) in enumerate(texts) if language in MAY_BE_ENGLISH]
    if encode is None or not read:
        return np.full((len(texts), 0 if encode is None else 1), np.nan, np.float32)
    encoded = encode([texts[place][0] for place in read])
    vectors = np.full((len(texts), encoded.shape[1]), np.nan, np.float32)
    vectors[read] = encoded
    return vectors


def nothing_material(
    texts: Sequence[str],
    classes: Sequence[str],
    shares: Mapping[str, float],
    weigher: Weigher,
    encode: Encode | None,
) -> Material:
    """Texts that tell of no problem, each under NOTHING_COPIES classes drawn by how often people write about them.

    They teach that a street name or a greeting speaks for nothing.
    """
    features, vectors = weigher.matrix(texts), vectors_of([(text, "en") for text in texts], encode)
    copies = len(texts) * NOTHING_COPIES
    drawn = np.random.default_rng(1).choice(
        len(classes), size=copies, p=np.array([shares[one] for one in classes]) / sum(shares.values())
    )
    return Material(
        features=vstack([features] * NOTHING_COPIES).tocsr(),
        vectors=np.concatenate([vectors] * NOTHING_COPIES),
        wanted=drawn.astype(np.int64),
        weights=np.full(copies, NOTHING_WEIGHT / NOTHING_COPIES, np.float32),
        english=np.ones(copies, bool),
    )
