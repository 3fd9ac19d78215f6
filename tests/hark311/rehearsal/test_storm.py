"""What a rehearsal leaves alone."""

from pathlib import Path

from tests.running import hark


def test_a_rehearsal_touches_no_directory_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "hark.db").write_text("somebody's")
    refused = hark("simulate", "storm", "--keep", tmp_path)
    assert refused.returncode == 2
    assert "is not empty" in refused.stderr
    assert (tmp_path / "hark.db").read_text() == "somebody's"
