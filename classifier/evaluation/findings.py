"""Measures of what is found or missed: alarms for danger, and places. Shares are 0 to 1, None where nothing can say."""

from collections.abc import Sequence
from typing import Any

from classifier.evaluation.rows import Danger, Labelled, Span
from classifier.protocol import Understood
from models import EvidenceKind

_DIGITS = 4


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, _DIGITS) if whole else None


def alarm_measures(pairs: Sequence[tuple[Labelled[Danger], Understood]]) -> dict[str, Any]:
    """Alarms against emergencies; on texts that only sound like one; and on figures of speech, which stay apart."""
    told = [(row.gold, answer.danger) for row, answer in pairs]
    judged = [(gold, alarm) for gold, alarm in told if gold.emergency is not None]
    emergencies = sum(gold.emergency is True for gold, _ in judged)
    alarms = sum(alarm for _, alarm in judged)
    found = sum(alarm for gold, alarm in judged if gold.emergency)
    measures: dict[str, Any] = {
        "n": len(judged),
        "emergencies": emergencies,
        "recall": _share(found, emergencies),
        "precision": _share(found, alarms),
        "missed": emergencies - found,
    }
    sounding = [alarm for gold, alarm in judged if gold.lookalike and not gold.emergency]
    if sounding:
        measures |= {"lookalikes": len(sounding), "alarms_on_lookalikes": _share(sum(sounding), len(sounding))}
    figurative = [alarm for gold, alarm in told if gold.emergency is None]
    if figurative:
        measures |= {"figurative": len(figurative), "false_alarms": _share(sum(figurative), len(figurative))}
    return measures


def missed_lines(pairs: Sequence[tuple[Labelled[Danger], Understood]]) -> list[dict[str, Any]]:
    """Where the emergencies stand that raised no alarm: file and line number, no text."""
    return [{"file": row.file, "line": row.line} for row, answer in pairs if row.gold.emergency and not answer.danger]


def place_measures(pairs: Sequence[tuple[Labelled[tuple[Span, ...]], Understood]]) -> dict[str, Any]:
    """Spans untyped: the same to the code point, and touching at all."""
    wanted = [row.gold for row, _ in pairs]
    given = [
        [(one.start, one.end) for one in answer.evidence if one.kind is EvidenceKind.LOCATION] for _, answer in pairs
    ]
    wants, gives = sum(map(len, wanted)), sum(map(len, given))
    same = sum(len(set(want) & set(give)) for want, give in zip(wanted, given, strict=True))
    found = sum(_touching(want, give) for want, give in zip(wanted, given, strict=True))
    true = sum(_touching(give, want) for want, give in zip(wanted, given, strict=True))
    precision, recall = _share(true, gives), _share(found, wants)
    return {
        "n": len(pairs),
        "spans": wants,
        "precision": _share(same, gives),
        "recall": _share(same, wants),
        "f1": _share(2 * same, gives + wants),
        "touching_precision": precision,
        "touching_recall": recall,
        "touching_f1": _share(2 * (precision or 0) * (recall or 0), (precision or 0) + (recall or 0)),
    }


def _touching(spans: Sequence[Span], others: Sequence[Span]) -> int:
    return sum(any(start < end_ and start_ < end for start_, end_ in others) for start, end in spans)
