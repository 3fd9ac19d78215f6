"""Evidence in a text: which words decided, cut into pieces that a template can mark (invariant 9). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hark311.console.words import EVIDENCE
from models import Contribution, Evidence, EvidenceKind

EXCERPT_LENGTH = 180
LEAD_IN = 40

_LOUDEST_FIRST = (
    EvidenceKind.DANGER,
    EvidenceKind.PRIVATE,
    EvidenceKind.LOCATION,
    EvidenceKind.CATEGORY,
    EvidenceKind.INTENT,
    EvidenceKind.LANGUAGE,
)

_WEIGHED = ("", EvidenceKind.CATEGORY, EvidenceKind.INTENT)
_STRENGTHS = (0.15, 0.35, 0.7)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text. `kind` is its loudest evidence ("" for none); `labels` name the evidence that ends here.

    Where words are weighed, `kind` may also be "for" or "against", and `strength` is 1 to 3; 0: not weighed.
    `of`: everything it is evidence of, so that each line of the card finds its words.
    """

    text: str
    kind: str = ""
    labels: tuple[str, ...] = ()
    strength: int = 0
    of: tuple[str, ...] = ()


def pieces(text: str, spans: Sequence[Evidence], weighed: Sequence[Contribution] = ()) -> list[Piece]:
    """The whole text in order, cut where evidence begins or ends. Spans outside the text are left out.

    `weighed`: how much words of this text speak for the suggestion. It shows on words without louder evidence.
    Joined, the pieces are the text again. Offsets count code points.
    """
    inside = [span for span in spans if 0 <= span.start < span.end <= len(text)]
    heavy = [one for one in weighed if 0 <= one.start < one.end <= len(text)]
    most = max((abs(one.weight) for one in heavy), default=0.0)
    edges = {(one.start, one.end) for one in inside} | {(one.start, one.end) for one in heavy}
    cuts = sorted({0, len(text), *(place for edge in edges for place in edge)})
    found = []
    for start, end in pairwise(cuts):
        over = [span for span in inside if span.start <= start and end <= span.end]
        kinds = [kind for kind in _LOUDEST_FIRST if any(span.kind == kind for span in over)]
        ending = {span.kind for span in over if span.end == end}
        labels = tuple(EVIDENCE[kind] for kind in _LOUDEST_FIRST if kind in ending)
        kind, strength = kinds[0].value if kinds else "", 0
        if kind in _WEIGHED:
            weight = sum(one.weight for one in heavy if one.start <= start and end <= one.end)
            strength = strength_of(weight, most)
            kind = kind or ("" if not strength else "for" if weight > 0 else "against")
            strength = max(strength, 1) if heavy and kind else strength
        of = tuple(one.value for one in kinds) or (("weighed",) if kind else ())
        found.append(Piece(text[start:end], kind, labels, strength, of))
    return found


def strength_of(weight: float, most: float) -> int:
    """How strongly words are marked, 0 (too faint) to 3, beside the heaviest ones."""
    share = abs(weight) / most if most else 0.0
    return sum(share >= limit for limit in _STRENGTHS)


def notes(spans: Sequence[Evidence]) -> list[str]:
    """Evidence that is no text: a shared pin, a photo."""
    return [f"{EVIDENCE[span.kind]}: {span.note}" for span in spans if span.start == span.end and span.note]


def excerpt(text: str, spans: Sequence[Evidence]) -> list[Piece]:
    """One line of a text for the queue, begun late enough that its first deciding word is in sight."""
    marked = [span.start for span in spans if 0 <= span.start < span.end <= len(text)]
    begin = min(marked, default=0)
    begin = begin - LEAD_IN if begin > EXCERPT_LENGTH - LEAD_IN else 0
    end = min(len(text), begin + EXCERPT_LENGTH)
    moved = [
        span.model_copy(update={"start": max(span.start, begin) - begin, "end": min(span.end, end) - begin})
        for span in spans
        if span.start < end and span.end > begin
    ]
    cut = pieces(text[begin:end], moved)
    before = [Piece("… ")] if begin else []
    after = [Piece(" …")] if end < len(text) else []
    return [*before, *cut, *after]
