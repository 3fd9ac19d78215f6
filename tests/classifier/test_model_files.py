"""The folder of model files: every file is known by its SHA-256, and what is wrong is told in a sentence."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from classifier.model_files import DAY_ONE, MANIFEST, ModelFiles, ModelFileTrouble, sha256_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FACTS = {"what": "category head", "source": "made here", "licence": "Apache-2.0"}


@pytest.fixture
def files(tmp_path: Path) -> ModelFiles:
    """A folder with two versions of one head; none was chosen yet."""
    held = ModelFiles(tmp_path / "models")
    (held.folder / "category").mkdir(parents=True)
    for day, version in enumerate((DAY_ONE, "second")):
        (held.folder / "category" / f"{version}.npz").write_bytes(version.encode())
        held.add(f"category/{version}.npz", FACTS, now=NOW.replace(day=day + 1))
    return held


def test_every_file_is_entered_with_what_it_is_where_from_and_its_sum(files: ModelFiles) -> None:
    facts = files.facts()["category/second.npz"]
    assert (facts.what, facts.source, facts.licence) == ("category head", "made here", "Apache-2.0")
    assert facts.sha256 == sha256_of(files.folder / "category" / "second.npz")
    assert facts.made_at == "2026-03-02T12:00:00+00:00"


def test_day_one_runs_until_another_version_is_chosen(files: ModelFiles) -> None:
    assert files.running("category") == DAY_ONE
    files.run("category", "second")
    assert files.running("category") == "second"
    files.run("category", DAY_ONE)
    assert files.running("category") == DAY_ONE
    assert files.versions("category") == [DAY_ONE, "second"]
    assert files.versions("intent") == []


def test_a_version_that_is_not_there_cannot_be_chosen(files: ModelFiles) -> None:
    with pytest.raises(ModelFileTrouble, match=r"holds no category/third\.npz"):
        files.run("category", "third")
    assert files.running("category") == DAY_ONE


def test_a_file_that_was_changed_is_told(files: ModelFiles) -> None:
    file = files.folder / "category" / "second.npz"
    assert files.verified("category/second.npz") == file
    file.write_bytes(b"other")
    with pytest.raises(ModelFileTrouble, match="is not the file that was made") as trouble:
        files.verified("category/second.npz")
    assert "carries on" in str(trouble.value)
    assert "hark train day-one" in str(trouble.value)


def test_a_file_that_is_gone_is_told(files: ModelFiles) -> None:
    (files.folder / "category" / "second.npz").unlink()
    with pytest.raises(ModelFileTrouble, match="cannot be read"):
        files.verified("category/second.npz")
    with pytest.raises(ModelFileTrouble, match="holds no encoder"):
        files.verified("encoder/encoder.onnx")


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    nothing = ModelFiles(tmp_path / "nowhere")
    assert nothing.stamp == 0
    assert nothing.made_of() == ""
    with pytest.raises(ModelFileTrouble, match="There are no model files in"):
        nothing.facts()


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"files": []}', '{"files": {"a": {"nonsense": 1}}}', "\x00"])
def test_a_damaged_manifest_is_told(files: ModelFiles, damage: str) -> None:
    files.manifest.write_text(damage)
    with pytest.raises(ModelFileTrouble, match="is damaged"):
        files.facts()


def test_the_stamp_changes_with_the_manifest(files: ModelFiles) -> None:
    before = files.stamp
    files.run("category", "second")
    assert files.stamp != before


def test_no_half_manifest_is_left_behind(files: ModelFiles) -> None:
    files.run("category", "second")
    assert [one.name for one in files.folder.iterdir() if one.is_file()] == [MANIFEST]
    json.loads(files.manifest.read_text())


def test_day_one_of_another_folder_is_taken_and_own_versions_stay(files: ModelFiles, tmp_path: Path) -> None:
    files.run("category", "second")
    other = ModelFiles(tmp_path / "made")
    (other.folder / "category").mkdir(parents=True)
    (other.folder / "category" / f"{DAY_ONE}.npz").write_bytes(b"newer")
    other.add(f"category/{DAY_ONE}.npz", FACTS, now=NOW)
    other.mark_made_of("fingerprint")
    files.take_from(other)
    assert files.verified(f"category/{DAY_ONE}.npz").read_bytes() == b"newer"
    assert files.running("category") == "second"
    assert files.verified("category/second.npz").read_bytes() == b"second"
    assert files.made_of() == "fingerprint"


def test_nothing_is_taken_from_a_folder_that_is_not_whole(files: ModelFiles, tmp_path: Path) -> None:
    other = ModelFiles(tmp_path / "made")
    (other.folder / "category").mkdir(parents=True)
    (other.folder / "category" / f"{DAY_ONE}.npz").write_bytes(b"newer")
    other.add(f"category/{DAY_ONE}.npz", FACTS, now=NOW)
    (other.folder / "category" / f"{DAY_ONE}.npz").write_bytes(b"damaged")
    with pytest.raises(ModelFileTrouble, match="is not the file that was made"):
        files.take_from(other)
    assert files.verified(f"category/{DAY_ONE}.npz").read_bytes() == DAY_ONE.encode()
