"""The wheel holds our five packages and nothing else, and nobody else's package has their names."""

import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {"models", "listeners", "classifier", "responders", "hark311"}


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names of the files in a wheel built from a copy of the tree."""
    copy, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel")
    unwanted = shutil.ignore_patterns("__pycache__", "node_modules")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=unwanted)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, copy / file)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=copy,
        check=True,
        capture_output=True,
    )
    with zipfile.ZipFile(next(out.glob("*.whl"))) as wheel:
        return wheel.namelist()


def test_the_wheel_holds_exactly_our_packages(wheel_names: list[str]) -> None:
    top = {name.split("/")[0] for name in wheel_names}
    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES
    assert sum(name.endswith(".dist-info") for name in top) == 1


def test_the_wheel_carries_what_the_product_needs_at_run_time(wheel_names: list[str]) -> None:
    for needed in (
        "models/migrations/script.py.mako",
        "models/migrations/versions/0002_audit_append_only.py",
        "responders/templates/en.toml",
        "hark311/starter/services.toml",
        "hark311/console/templates/queue.html",
        "hark311/simulator/samples.jsonl",
        "classifier/py.typed",
    ):
        assert needed in wheel_names
    assert not [name for name in wheel_names if "/tests/" in name or "node_modules" in name]


def test_no_other_distribution_owns_our_names() -> None:
    owners = packages_distributions()
    for package in PACKAGES:
        assert set(owners.get(package, ["hark311"])) == {"hark311"}


def test_locks_hold_hashes_and_no_address() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        text = lock.read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text
        assert "--index" not in text
        pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert all("==" in line for line in pinned)
    assert '"resolved"' not in (ROOT / "hark311/console/package-lock.json").read_text()
