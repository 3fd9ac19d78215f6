"""Danger to life or limb: rules before any model, in every language of the desk (invariant 7).

Tuned to miss nothing. Words that only sound like danger ("fire hydrant", "shot a video") are hidden by the longer
harmless phrase they stand in. What is past, denied or supposed still raises the alarm, under a rule name that says so:
a person judges it, the rules never suppress it. Source of the families: domain.md section 5.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from classifier.cues import CueList, Found, Hit, PhraseBook
from classifier.lexicons import lexicon_names, read_lexicon

_AROUND = 10
"""Words on either side of a hit in which a figure of speech or a sign of the past counts."""
_HARMLESS, _FIGURE, _NOT_NOW = "harmless", "figure_of_speech", "not_now"
NOT_NOW_ENDING = ", past or unsure"

_MOST_URGENT = (
    "suicide", "violence", "medical", "trapped", "fire", "explosion", "gas", "carbon_monoxide", "wires",
    "tree_on_wires", "train", "crash", "collapse", "sinkhole", "flood", "chemical", "help",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DangerHit:
    """One sign of danger. `rule` names the family, with NOT_NOW_ENDING if the text puts it in the past or denies it."""

    rule: str
    cue: str
    places: tuple[tuple[int, int], ...]

    @property
    def certain(self) -> bool:
        """Whether the text says that it is happening."""
        return not self.rule.endswith(NOT_NOW_ENDING)


class DangerRules:
    """The rule layer. Built once from the `danger_*` lexicons."""

    def __init__(self, book: PhraseBook) -> None:
        cues: list[str] = []
        around: list[str] = []
        self._meaning: list[tuple[str, str]] = []
        self._around_meaning: list[str] = []
        for name in lexicon_names("danger"):
            language = name.removeprefix("danger_")
            for family, groups in read_lexicon(name).items():
                for listed in groups.values():
                    if family in (_FIGURE, _NOT_NOW):
                        around += listed
                        self._around_meaning += [family] * len(listed)
                        continue
                    if family != _HARMLESS and family not in _MOST_URGENT:
                        raise KeyError(f"{name}.toml has [{family}], which is no family of danger")
                    cues += listed
                    self._meaning += [(family, f"{language}: {cue}") for cue in listed]
        self._cues = CueList(book, cues)
        self._around = CueList(book, around)

    def find(self, hits: Sequence[Hit]) -> list[DangerHit]:
        """The signs of danger in a text, the most urgent and certain first. Empty: none."""
        every = self._cues.find(hits)
        harmless = {place for one in every if self._meaning[one.cue][0] == _HARMLESS for place in one.places}
        found = [one for one in every if self._meaning[one.cue][0] != _HARMLESS and harmless.isdisjoint(one.places)]
        if not found:
            return []
        signs = [(self._around_meaning[one.cue], one) for one in self._around.find(hits, hide=False)]
        dangers = [
            self._hit(one, unsure=_beside(one, signs, _NOT_NOW)) for one in found if not _beside(one, signs, _FIGURE)
        ]
        return sorted(
            dangers, key=lambda one: (not one.certain, _MOST_URGENT.index(one.rule.removesuffix(NOT_NOW_ENDING)))
        )

    def _hit(self, found: Found, *, unsure: bool) -> DangerHit:
        family, cue = self._meaning[found.cue]
        return DangerHit(family + NOT_NOW_ENDING if unsure else family, cue, found.places)


def _beside(found: Found, signs: Sequence[tuple[str, Found]], wanted: str) -> bool:
    first, last = found.places[0][0], found.places[-1][1]
    return any(
        meaning == wanted and any(start - last <= _AROUND and first - end <= _AROUND for start, end in sign.places)
        for meaning, sign in signs
    )
