"""Evidence in a text: which words decided, cut into pieces that a template can mark (invariant 9). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hark311.console.words import EVIDENCE
from models import Evidence, EvidenceKind

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


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text. `kind` is its loudest evidence ("" for none); `labels` name the evidence that ends here."""

    text: str
    kind: str = ""
    labels: tuple[str, ...] = ()


def pieces(text: str, spans: Sequence[Evidence]) -> list[Piece]:
    """The whole text in order, cut where evidence begins or ends. Spans outside the text are left out.

    Joined, the pieces are the text again. Offsets count code points.
    """
    inside = [span for span in spans if 0 <= span.start < span.end <= len(text)]
    cuts = sorted({0, len(text), *(span.start for span in inside), *(span.end for span in inside)})
    found = []
    for start, end in pairwise(cuts):
        over = [span for span in inside if span.start <= start and end <= span.end]
        kinds = [kind for kind in _LOUDEST_FIRST if any(span.kind == kind for span in over)]
        ending = {span.kind for span in over if span.end == end}
        labels = tuple(EVIDENCE[kind] for kind in _LOUDEST_FIRST if kind in ending)
        found.append(Piece(text[start:end], kinds[0].value if kinds else "", labels))
    return found


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
