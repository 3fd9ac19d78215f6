"""Reads the lexicons: plain TOML files beside the code, words of ours, one file per subject and language."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from classifier.cues import CueError

Sections = Mapping[str, Mapping[str, list[str]]]


@cache
def read_lexicon(name: str) -> Sections:
    """One file of `classifier/lexicon`, by name without ".toml": section -> strength -> cues.

    Raises CueError where the file holds anything else.
    """
    read = tomllib.loads((files("classifier") / "lexicon" / f"{name}.toml").read_text("utf-8"))
    for section, groups in read.items():
        if not isinstance(groups, dict) or not all(isinstance(cues, list) for cues in groups.values()):
            raise CueError(f"{name}.toml [{section}] must hold lists of cues")
    return read


def lexicon_names(subject: str) -> list[str]:
    """The lexicons of one subject, as `category_en`, `category_es`, in order of their names."""
    folder = files("classifier") / "lexicon"
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.startswith(f"{subject}_"))
