"""What the words of a post say for each lane of a tweet chat: the lexicons of classifier/chat/lexicon, and its weights.

The lexicons are written in the language of classifier.cues. A cue counts once, each further one of a lane counts less
than the one before.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from classifier.category import STRENGTH, fading
from classifier.cues import CueError, CueList, Found, PhraseBook
from classifier.language import UNKNOWN
from classifier.pipeline import Pipeline
from classifier.words import QUESTION, Words
from models.chats import ChatLane

_FOLDER, _FILES = "lexicon", "lanes_"


class LaneRules:
    """Scores the lanes by words alone. Built once by `lane_rules`; after that it never changes."""

    def __init__(self, lexicons: Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]) -> None:
        book = PhraseBook()
        cues: list[str] = []
        self._meaning: list[tuple[ChatLane, float, str]] = []
        for name, sections in lexicons.items():
            for lane, groups in sections.items():
                for strength, listed in groups.items():
                    if strength not in STRENGTH:
                        raise CueError(f"{name} [{lane}] has {strength}, which is no strength")
                    cues += listed
                    self._meaning += [(ChatLane(lane), STRENGTH[strength], _tag(name))] * len(listed)
        self._cues = CueList(book, cues)
        self._pipeline = Pipeline(book)

    def score(self, words: Words, language: str = UNKNOWN) -> dict[ChatLane, float]:
        """The score of every lane that some cue speaks for or against; 3 is one strong cue.

        `language`: what the post is in. A single word counts in its own language only ("but" is a goal in French).
        """
        ours = language.partition("-")[0]
        held: dict[ChatLane, dict[tuple[tuple[int, int], ...], float]] = {}
        for found in self._cues.find(self._pipeline.find(words), hide=False):
            lane, weight, tag = self._meaning[found.cue]
            if language != UNKNOWN and tag != ours and _is_one_word(found, words):
                continue
            at = held.setdefault(lane, {})
            at[found.places] = max(weight, at.get(found.places, weight))
        return {lane: sum(fading(list(told.values()))) for lane, told in held.items()}


def _tag(name: str) -> str:
    return name.removeprefix(_FILES).removesuffix(".toml")


def _is_one_word(found: Found, words: Words) -> bool:
    """Whether a cue is one word and no more; a question mark is of every language."""
    ((first, last), *more) = found.places
    return not more and last - first == 1 and words.forms[first] != QUESTION


@cache
def lane_rules() -> LaneRules:
    """The rules of all lexicons. Raises CueError or ValueError on a bad one. A second, once a process."""
    folder = files("classifier.chat") / _FOLDER
    named = sorted(file.name for file in folder.iterdir() if file.name.startswith(_FILES))
    return LaneRules({name: tomllib.loads((folder / name).read_text("utf-8")) for name in named})
