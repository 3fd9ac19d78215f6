"""A short run of the faults benchmark: with kills and faults at random points nothing is lost, doubled or made up."""

from pathlib import Path

import pytest

from benchmarks.deaths import run


@pytest.mark.thorough
@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_doubled_or_sent_unapproved_whatever_dies(tmp_path: Path, seed: int) -> None:
    done = run(30, seed, tmp_path)
    assert done.result.broken == {}
    assert done.result.kills + done.result.faults >= 20
    assert done.result.posts_understood == done.result.posts_sent >= 20
    assert done.result.replies_sent >= 10
    assert done.result.requests_filed >= 5
