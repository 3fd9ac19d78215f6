"""Measures of what is found or missed: alarms for danger, and places. Shares are 0 to 1, None where nothing can say."""

from collections.abc import Sequence
from typing import Any

from classifier.evaluation.rows import Danger, Labelled, Spot
from classifier.places import PlaceKind
from classifier.protocol import Understood

_DIGITS = 4
_HARVEY = dict.fromkeys(PlaceKind, "point") | {
    PlaceKind.STREET: "road",
    PlaceKind.AREA: "area",
    PlaceKind.WATERWAY: "river",
}
_HARVEY_ALONE = frozenset({"point", "road", "river"})
_PLAIN = {PlaceKind.STOP: "landmark", PlaceKind.WATERWAY: "landmark"}


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


def place_measures(pairs: Sequence[tuple[Labelled[tuple[Spot, ...]], Understood]]) -> dict[str, Any]:
    """Places the same to the code point, with and without their kind; overlapping at all; and of each kind alone.

    Kinds are compared in the words of the gold: HarveyNER's four where it has them, else ours without stop and
    waterway, which it calls landmarks. `exact_typed_f1` is None where the gold names no kinds.
    """
    wanted = [row.gold for row, _ in pairs]
    kinds = {one.kind for gold in wanted for one in gold} - {""}
    names = _HARVEY if kinds & _HARVEY_ALONE else _PLAIN
    given = [[Spot(one.start, one.end, names.get(one.kind, one.kind)) for one in answer.places] for _, answer in pairs]
    both = list(zip(wanted, given, strict=True))
    wants, gives = sum(map(len, wanted)), sum(map(len, given))
    untyped = _same([(_untyped(want), _untyped(give)) for want, give in both])
    found = sum(_overlapping(want, give) for want, give in both)
    true = sum(_overlapping(give, want) for want, give in both)
    return {
        "n": len(pairs),
        "spans": wants,
        "precision": untyped["precision"],
        "recall": untyped["recall"],
        "exact_f1": untyped["f1"],
        "overlap_precision": _share(true, gives),
        "overlap_recall": _share(found, wants),
        "overlap_f1": _share(2 * true * found, true * wants + found * gives),
        "exact_typed_f1": _same(both)["f1"] if kinds else None,
        "per_class": {kind: _same(both, kind) for kind in sorted(kinds)},
    }


def _same(both: Sequence[tuple[Sequence[Spot], Sequence[Spot]]], kind: str = "") -> dict[str, Any]:
    """Of (wanted, given) places, those of the same span and kind; with `kind`, among those of this kind alone."""
    wanted = [{one for one in want if kind in ("", one.kind)} for want, _ in both]
    given = [{one for one in give if kind in ("", one.kind)} for _, give in both]
    wants, gives = sum(map(len, wanted)), sum(map(len, given))
    same = sum(len(want & give) for want, give in zip(wanted, given, strict=True))
    return {
        "n": wants,
        "answers": gives,
        "precision": _share(same, gives),
        "recall": _share(same, wants),
        "f1": _share(2 * same, gives + wants),
    }


def _untyped(spots: Sequence[Spot]) -> list[Spot]:
    return [Spot(one.start, one.end) for one in spots]


def _overlapping(spots: Sequence[Spot], others: Sequence[Spot]) -> int:
    return sum(any(one.start < other.end and other.start < one.end for other in others) for one in spots)
