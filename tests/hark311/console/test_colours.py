"""The colours of the desk, reckoned: every pair that stands together is legible in every theme."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from hark311.console import pages

STATIC = pages.HERE / "static"
OURS = [file for file in STATIC.glob("*.css") if file.name not in {"tokens.css", "contrast.css", "print.css"}]
TOKEN = re.compile(r"(--[\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
RAW = re.compile(r"#[0-9a-fA-F]{3,8}\b(?=[^{}]*[;}])|\b(?:rgb|hsl|oklch)a?\(")

TEXT = ("--ink", "--ink-2", "--act", "--danger", "--warn", "--ok", "--hold")
ON = ("--paper", "--paper-2")
FILLED = [("--act-ink", "--act"), ("--danger-ink", "--danger-fill"), ("--ink", "--mark"), ("--ink", "--slot")]
LINES = [("--line-2", "--paper"), ("--mark-line", "--paper"), ("--act", "--paper"), ("--act", "--paper-2")]


def tokens(theme: str, dark: bool) -> dict[str, str]:
    """The colours of one theme: role -> #rrggbb."""
    found: dict[str, str] = {}
    for name in ("tokens.css", "contrast.css")[: 2 if theme == "contrast" else 1]:
        for role, light, night in TOKEN.findall((STATIC / name).read_text()):
            found[role] = night if dark else light
    return found


def luminance(colour: str) -> float:
    """Relative luminance: WCAG 2.2, definition of the term."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_reckoning_is_the_standards() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("theme", "for_text", "for_lines"), [("own", 4.5, 3.0), ("contrast", 7.0, 4.5)])
def test_every_pair_of_colours_is_legible(theme: str, for_text: float, for_lines: float, dark: bool) -> None:
    colours = tokens(theme, dark)
    text = [(one, under) for one in TEXT for under in ON] + FILLED
    poor = {
        pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2)
        for pair, least in [*((pair, for_text) for pair in text), *((pair, for_lines) for pair in LINES)]
        if contrast(colours[pair[0]], colours[pair[1]]) < least
    }
    assert poor == {}


def test_high_contrast_says_every_colour_anew() -> None:
    plain = {role for role, *_ in TOKEN.findall((STATIC / "tokens.css").read_text())}
    strong = {role for role, *_ in TOKEN.findall((STATIC / "contrast.css").read_text())}
    assert plain - strong == {"--code-paper"}


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.name)
def test_components_use_roles_and_never_raw_colours(file: Path) -> None:
    without_ids = re.sub(r"#[\w-]+(?=[^;{}]*\{)", "", file.read_text())
    assert RAW.findall(without_ids) == []


def test_sizes_of_type_are_a_scale() -> None:
    sizes = [float(size) for size in re.findall(r"--size-\w+: ([\d.]+)rem", (STATIC / "tokens.css").read_text())]
    assert len(sizes) == 6
    assert all(small < large for small, large in pairwise(sizes))
