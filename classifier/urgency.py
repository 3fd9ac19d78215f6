"""Danger to life or limb: rules before any model, in every language of the desk (invariant 7).

Tuned to miss nothing. Words that only sound like danger ("fire hydrant", "shot a video") are hidden by the longer
harmless phrase they stand in. What is past, denied, supposed or said in jest still raises the alarm, under a rule name
that says so: a person judges it, the rules never suppress it. So does a word that may mean danger and often does not
("unsure" in the lexicons). Source of the families: domain.md section 5.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from classifier.cues import CueList, Found, Hit, PhraseBook
from classifier.lexicons import lexicon_names, read_lexicon

_AROUND = 10
"""Words on either side of a hit in which a sign of the past, of doubt or of a joke counts."""
_HARMLESS, _NOT_NOW, _UNSURE = "harmless", "not_now", "unsure"
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
        not_now: list[str] = []
        self._meaning: list[tuple[str, str]] = []
        self._always_unsure: set[int] = set()
        for name in lexicon_names("danger"):
            language = name.removeprefix("danger_")
            for family, groups in read_lexicon(name).items():
                if family not in (_HARMLESS, _NOT_NOW, *_MOST_URGENT):
                    raise KeyError(f"{name}.toml has [{family}], which is no family of danger")
                for group, listed in groups.items():
                    if family == _NOT_NOW:
                        not_now += listed
                        continue
                    if group == _UNSURE:
                        self._always_unsure.update(range(len(cues), len(cues) + len(listed)))
                    cues += listed
                    self._meaning += [(family, f"{language}: {cue}") for cue in listed]
        self._cues = CueList(book, cues)
        self._not_now = CueList(book, not_now)

    def find(self, hits: Sequence[Hit]) -> list[DangerHit]:
        """The signs of danger in a text, the certain ones first and the most urgent first. Empty: none."""
        found = self._cues.find(hits, every=True)
        harmless = {place for one in found if self._meaning[one.cue][0] == _HARMLESS for place in one.places}
        dangerous = [one for one in found if harmless.isdisjoint(one.places)]
        if not dangerous:
            return []
        not_now = [place for one in self._not_now.find(hits, hide=False, every=True) for place in one.places]
        dangers = {
            self._hit(one, unsure=one.cue in self._always_unsure or _beside(one, not_now)): None for one in dangerous
        }
        return sorted(
            dangers, key=lambda one: (not one.certain, _MOST_URGENT.index(one.rule.removesuffix(NOT_NOW_ENDING)))
        )

    def _hit(self, found: Found, *, unsure: bool) -> DangerHit:
        family, cue = self._meaning[found.cue]
        return DangerHit(family + NOT_NOW_ENDING if unsure else family, cue, found.places)


def _beside(found: Found, signs: Sequence[tuple[int, int]]) -> bool:
    first, last = found.places[0][0], found.places[-1][1]
    return any(start - last <= _AROUND and first - end <= _AROUND for start, end in signs)
