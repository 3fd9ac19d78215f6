"""A chat played through the whole product, and what the command refuses before it plays anything."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hark311.rehearsal.chat_play import FAST, Pacing
from hark311.rehearsal.chat_script import HARD_FROM, HARD_UNTIL
from tests.running import environment, hark


def test_a_slow_chat_is_slow_in_its_difficult_quarter_of_an_hour_alone() -> None:
    slow = Pacing.of(1)
    assert [slow.at(one) for one in (0, HARD_FROM, HARD_UNTIL - 1, HARD_UNTIL)] == [FAST, 1, 1, FAST]
    assert {Pacing.of(60).at(one) for one in (0, HARD_FROM, 1e6)} == {60}
    assert {Pacing.of(1, whole=True).at(one) for one in (0, HARD_FROM, 1e6)} == {1}


def test_a_file_that_cannot_be_played_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "chat.jsonl"
    file.write_text('{"minute": 1}\n')
    refused = hark("simulate", "chat", "--from", file)
    assert refused.returncode == 2
    assert "Line 1, author: this is missing" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_recording_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "chat.jsonl"
    file.write_text("somebody's")
    refused = hark("simulate", "chat", "--record", file)
    assert refused.returncode == 2
    assert "is there already" in refused.stderr
    assert file.read_text() == "somebody's"


def test_staff_rehearse_only_where_the_product_runs(tmp_path: Path) -> None:
    refused = hark("simulate", "chat", "--with-staff", "1", "--data", tmp_path)
    assert refused.returncode == 2
    assert "There is no hark311 database" in refused.stderr


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_a_small_chat_is_played_through_the_whole_product(tmp_path: Path) -> None:
    record = tmp_path / "chat.jsonl"
    command = ["simulate", "chat", "--posts", "25", "--speed", "60", "--record", str(record), "--json"]
    played = subprocess.run(
        [sys.executable, "-m", "hark311", *command], capture_output=True, text=True, check=False, env=environment()
    )
    found = json.loads(played.stdout)
    assert (found["lost"], found["doubled"], found["not_on_board"]) == (0, 0, 0), found
    assert (found["replies_unapproved"], found["replies_doubled"], found["moderated_wrongly"]) == (0, 0, 0), found
    assert found["emergency_acknowledged_seconds"] is not None
    assert found["threats_hidden"] == found["threats"] == 2
    assert found["recap_written"] == ["en", "es"]
    assert record.read_text().startswith('{"plan"')
