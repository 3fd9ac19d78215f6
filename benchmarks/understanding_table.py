"""The figures of `benchmarks.understanding` beside what they have to reach, and as tables for a terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

FIVE = ("es", "zh-Hans", "zh-Hant", "vi", "ru")
"""The languages that have a bar; the others are reported."""
COLUMNS = {
    "top1": "right first",
    "top3": "among three",
    "macro_f1": "macro F1",
    "ece": "ECE",
    "coverage_at_90": "cov. 90",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure and what it has to reach. `at_least` is false where it must not be larger.

    `met` is None where the figure is missing or was not measured on what the bar is set for.
    """

    what: str
    figure: float | None
    bar: float | None
    stretch: float | None = None
    at_least: bool = True
    met: bool | None = None


def bars(result: Mapping[str, Any]) -> list[Bar]:
    """Every figure that has a bar, in the order of the list of them (issue 3, "Shows")."""
    ours = result["ours"]
    category, calibration, speed = ours["category"], ours["calibration"], ours["speed"]
    spoken = {code: ours["languages"][code] for code in FIVE if code in ours["languages"]}
    others = [one["top1"] for code, one in ours["languages"].items() if code != "en"]
    on_ours = [
        bar_of("languages, lowest top-1 of es, zh-Hans, zh-Hant, vi, ru", _lowest(spoken, "top1"), 0.65),
        bar_of("languages, lowest coverage of these", _lowest(spoken, "coverage"), 0.70),
        bar_of("languages, lowest top-1 of all fifteen", min(others, default=None), None, 0.70),
    ]
    on_theirs = [
        bar_of("category, top-1", category["top1"], 0.74, 0.78),
        bar_of("category, top-3", category["top3"], 0.89, 0.915),
        bar_of("category, macro-F1", category["macro_f1"], 0.58, 0.66),
        bar_of("intent, top-1", ours["intent"]["top1"], 0.82, 0.90),
        bar_of("intent, top-1 without posts from X", ours["intent"]["without_x"].get("top1"), None),
        bar_of("danger, recall", ours["danger"]["recall"], 0.96, 0.99),
        bar_of("danger, alarms on look-alikes", ours["danger"].get("alarms_on_lookalikes"), None, at_least=False),
        bar_of("danger, alarms on figures of speech", ours["danger"].get("false_alarms"), None, at_least=False),
        bar_of("ECE of category, no labels", calibration["ece_without_labels"], 0.06, 0.02, at_least=False),
        bar_of("ECE of category, 50 labels", calibration["ece_with_labels"], 0.04, 0.02, at_least=False),
        bar_of("posts/s, all of understanding, 2 processes", speed["posts_per_second"], 1000, 1300),
        bar_of("memory of a worker after them, MB", speed["memory_after_mb"], 450, 350, at_least=False),
    ]
    if result["on"] != "others' posts":
        on_theirs = [Bar(one.what, one.figure, one.bar, one.stretch, one.at_least) for one in on_theirs]
    return on_theirs[:6] + on_theirs[6:8] + on_ours + on_theirs[8:]


def _lowest(spoken: Mapping[str, Mapping[str, float]], name: str) -> float | None:
    return min((one[name] for one in spoken.values()), default=None)


def bar_of(
    what: str, figure: float | None, bar: float | None, stretch: float | None = None, *, at_least: bool = True
) -> Bar:
    """A figure beside its bar."""
    met = None
    if figure is not None and bar is not None:
        met = figure >= bar if at_least else figure <= bar
    return Bar(what, figure, bar, stretch, at_least, met)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table, for a terminal or a page. The first column holds words, the others figures."""

    title: str
    names: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""

    def table(self) -> Table:
        """For a terminal."""
        table = Table(title=self.title, caption=self.caption or None)
        for place, name in enumerate(self.names):
            table.add_column(name, justify="right" if place else "left", overflow="fold")
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        """For a page."""
        lines = [self.names, ["---", *["---:"] * (len(self.names) - 1)], *self.rows]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return "\n\n".join(part for part in (f"## {self.title}", table, self.caption) if part)


def shown(result: Mapping[str, Any]) -> RenderableType:
    """All tables, for a terminal."""
    return Group(*(sheet.table() for sheet in _sheets(result)))


def page(result: Mapping[str, Any]) -> str:
    """All tables in Markdown, for docs/explanation/understanding-measured.md."""
    return "\n\n".join(sheet.markdown() for sheet in _sheets(result))


def _sheets(result: Mapping[str, Any]) -> list[Sheet]:
    return [_of_bars(result), _of_ways(result), _of_languages(result)]


def sheet_of_bars(title: str, rows: Sequence[Mapping[str, Any]], caption: str) -> Sheet:
    """Bars, as plain values, with what became of each."""
    verdicts = {True: "met", False: "not met", None: ""}
    lines = [
        (one["what"], _figure(one["figure"]), _limit(one, "bar"), _limit(one, "stretch"), verdicts[one["met"]])
        for one in rows
    ]
    return Sheet(title, ("what", "figure", "bar", "stretch", "verdict"), lines, caption)


def _of_bars(result: Mapping[str, Any]) -> Sheet:
    machine, speed = result["machine"], result["ours"]["speed"]
    caption = (
        f"{machine['processor']}, {machine['cores']} cores, {result['measured_at'].replace('T', ' ')}. "
        f"Speed: {speed['posts']} posts of {speed['mean_characters']} characters, "
        f"{speed['posts_per_cpu_second']} a second of CPU, {speed['read_by_encoder']:.0%} read by the encoder; "
        f"memory {speed['memory_loaded_mb']} MB before them."
    )
    return sheet_of_bars(f"Ours, on {result['on']}", result["bars"], caption)


def _of_ways(result: Mapping[str, Any]) -> Sheet:
    ours = result["ours"]["category"]
    speed = f"{ours['texts_per_second']:.0f}"
    rows = [["ours, all of understanding", *(_figure(ours[one]) for one in COLUMNS), speed, "", ""]]
    for way in result["assembled"]:
        if way["missing"]:
            rows.append([way["what"], way["missing"], *[""] * (len(COLUMNS) + 2)])
            continue
        figures = [_figure(way["measures"][one]) for one in COLUMNS]
        rest = [f"{way['texts_per_second']:.0f}", f"{way['cpu_ms']:.2f}", f"{way['memory_mb']:.0f}"]
        rows.append([way["what"], *figures, *rest])
    title = f"Category beside what a user would put together, {ours['n']} rows"
    return Sheet(title, ("way", *COLUMNS.values(), "texts/s", "CPU ms", "MB"), rows)


def _of_languages(result: Mapping[str, Any]) -> Sheet:
    rows = [
        (code, *(_figure(one[name]) for name in ("n", "top1", "top3", "coverage")))
        for code, one in result["ours"]["languages"].items()
    ]
    names = ("language", "rows", "right first", "among three", "coverage")
    return Sheet("Category by language, on our own set written apart", names, rows)


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return str(value)
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}" if value > 1 else f"{value:.3f}"


def _limit(bar: Mapping[str, Any], name: str) -> str:
    if bar[name] is None:
        return ""
    return f"{'>=' if bar['at_least'] else '<='} {_figure(bar[name])}"
