"""`hark evaluate length`: how we count, held against a conformance file; texts here are ours."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from hark311.cli import app
from hark311.evaluating_length import TODAY
from models import Channel
from responders.registry import length_of

FAMILY = "\U0001f468‍\U0001f469‍\U0001f467‍\U0001f466"
OURS = {
    "plain": ("Pothole at 5th and Market", 25),
    "two scripts": ("Фонарь не горит", 15),
    "wide letters": ("路灯坏了", 8),
    "hangul": ("가로등이 고장", 13),
    "a family is one emoji": (f"Thank you {FAMILY}", 12),
    "a thumb with a skin tone": ("Thanks \U0001f44d\U0001f3fd", 9),
    "a flag": ("\U0001f1ed\U0001f1f9 mèsi", 7),
    "a link is 23": ("See https://www.phila.gov/services/trash-recycling/report-a-missed-collection/", 27),
    "a bare link too": ("See phila.gov/311 now", 31),
    "quotes and dashes are narrow": ("“It’s fixed” – thanks", 21),
    "an ellipsis is wide": ("Wait…", 6),
    "Vietnamese, composed": ("đường ngập", 12),
}
NARROW = [(0, 4351), (8192, 8205), (8208, 8223), (8242, 8247)]
"""Code points that count 1; all others count 2. Source: twitter-text, configuration v3."""


def _file(tmp_path: Path, cases: dict[str, tuple[str, int]], **more: Any) -> Path:
    listed = [
        {"description": name, "text": text, "expected": {"weightedLength": weight, "valid": True}}
        for name, (text, weight) in cases.items()
    ]
    other = [{"description": "no length", "text": "@dee", "expected": True}]
    file = tmp_path / "validate.yml"
    file.write_text(yaml.safe_dump({"tests": {TODAY: listed, "usernames": other, **more}}), "utf-8")
    return file


def _hark(tmp_path: Path, *files: Path | str, as_json: bool = True) -> Result:
    flags = ["--data", str(tmp_path)] + (["--json"] if as_json else [])
    return CliRunner().invoke(app, ["evaluate", "length", *map(str, files), *flags])


def test_our_own_texts_are_counted_right(tmp_path: Path) -> None:
    told = _hark(tmp_path, _file(tmp_path, OURS))
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert found["wrong"] == []
    assert (found["n"], found["right"]) == (len(OURS), len(OURS))
    assert list(found["groups"]) == [TODAY]


def test_a_text_counted_otherwise_is_named_and_other_groups_are_told_apart(tmp_path: Path) -> None:
    before = [{"description": "as it was", "text": FAMILY, "expected": {"weightedLength": 11}}]
    file = _file(tmp_path, {"right": ("four", 4), "wrong": ("four", 5)}, Before=before)
    found = json.loads(_hark(tmp_path, file).stdout)
    assert (found["n"], found["right"]) == (2, 1)
    assert found["wrong"] == [{"description": "wrong", "expected": 5, "counted": 4}]
    assert found["groups"]["Before"] == {"n": 1, "right": 0}
    shown = _hark(tmp_path, file, as_json=False)
    assert "wrong: 5 expected, 4 counted" in shown.stdout


@pytest.mark.parametrize(
    ("written", "code", "said"),
    [
        (None, 2, "cannot be read: No such file"),
        ("a: [1", 1, "no YAML (line"),
        ("\xff", 1, "has no `tests`"),
        ("- 1\n- 2\n", 1, "has no `tests`"),
        ("tests: [1]\n", 1, "has no `tests`"),
        ("tests: {usernames: [{text: a, expected: true}], more: 7}\n", 1, "has the group"),
        (f"tests: {{{TODAY}: [{{text: 5, expected: {{weightedLength: 1}}}}]}}\n", 1, "case 1 of"),
        (f"tests: {{{TODAY}: [{{text: a, expected: {{weightedLength: many}}}}]}}\n", 1, "case 1 of"),
        ("[" * 2_000, 1, "no YAML"),
        ("tests: !!python/object/apply:os.system ['true']\n", 1, "no YAML (line 1)"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_the_reason(
    tmp_path: Path, written: str | None, code: int, said: str
) -> None:
    file = tmp_path / "validate.yml"
    if written is not None:
        file.write_text(written, "utf-8")
    told = _hark(tmp_path, file)
    assert (told.exit_code, told.stdout) == (code, ""), told.output
    assert said in " ".join(told.stderr.split())
    assert "Nothing was measured." in " ".join(told.stderr.split())
    assert "Traceback" not in told.stderr


@given(st.text(st.characters(codec="utf-8", categories=["Lu", "Ll", "Lo", "Nd", "Zs"]), max_size=60))
def test_letters_of_any_script_weigh_what_the_published_ranges_say(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    weights = [1 if any(low <= ord(one) <= high for low, high in NARROW) else 2 for one in composed]
    assert length_of(Channel.X, text) == sum(weights)
