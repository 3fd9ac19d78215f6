"""What the models of day one were made of, as one value. Imports nothing heavy: every process asks it."""

import hashlib
from importlib.resources import files

_PATTERNS = (
    "crossings.py",
    "kinds.py",
    "named.py",
    "namebook.py",
    "phrases.py",
    "stops.py",
    "stretches.py",
    "streets.py",
    "tokens.py",
    "world.py",
    "written.py",
)


def fingerprint() -> str:
    """Changes whenever day one would come out otherwise: the corpus, and the code that counts, fits and builds.

    The patterns of places are among it: the places they find in the corpus are put into its other texts.
    """
    digest = hashlib.sha256()
    package = files("classifier")
    made_of = [one for one in (package / "corpus").iterdir() if one.name.endswith(".jsonl")]
    made_of.append(package / "corpus" / "__init__.py")  # how much each line counts
    made_of += [package / name for name in ("features.py", "words.py", "heads.py", "taxonomy.py")]
    made_of += [package / "training" / name for name in ("fitting.py", "material.py", "day_one.py")]
    made_of += [package / "places" / name for name in _PATTERNS]
    made_of.append(package / "encoder" / "graph.py")
    made_of += [package / "lexicon" / name for name in ("places.toml", "written.toml")]
    for one in sorted(made_of, key=lambda file: file.name):
        digest.update(one.read_bytes())
    return digest.hexdigest()
