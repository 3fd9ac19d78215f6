"""A storm as it is played: what a rehearsal leaves alone, and that the product keeps its word through a small one."""

import json
from pathlib import Path

import pytest

from tests.running import hark, hark_for


def test_a_rehearsal_touches_no_directory_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "hark.db").write_text("somebody's")
    refused = hark("simulate", "storm", "--keep", tmp_path)
    assert refused.returncode == 2
    assert "is not empty" in refused.stderr
    assert (tmp_path / "hark.db").read_text() == "somebody's"


@pytest.mark.thorough
@pytest.mark.timeout(960)
def test_through_a_small_storm_everybody_is_acknowledged_once_and_told_how_it_ended() -> None:
    played = hark_for(900, "simulate", "storm", "--hours", 1, "--posts", 24, "--problems", 4, "--json")
    assert played.returncode == 0, played.stderr
    told = json.loads(played.stdout)
    assert told["posts"] == 24
    assert told["kept"] is True
