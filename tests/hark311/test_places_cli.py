"""`hark places`, as a person who keeps a city's gazetteer uses it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from hark311 import wiring
from hark311.places import app

STREETS = [
    ("Invented Ave", [[-75.16, 39.95], [-75.15, 39.95]], 100, 198),
    ("Invented Ave", [[-75.15, 39.95], [-75.14, 39.95]], 200, 298),
    ("Made Up St", [[-75.15, 39.96], [-75.15, 39.95]], 1, 99),
]


@pytest.fixture
def data(tmp_path: Path, migrated_file: Path) -> Path:
    """A data directory with an empty database."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(migrated_file, folder / wiring.DATABASE_FILE)
    return folder


@pytest.fixture
def streets(tmp_path: Path) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"FULLNAME": name, "LFROMADD": low, "LTOADD": high},
            "geometry": {"type": "LineString", "coordinates": line},
        }
        for name, line, low, high in STREETS
    ]
    path = tmp_path / "streets.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def run(data: Path, *arguments: object) -> tuple[int, str, str]:
    said = [str(one) for one in arguments]
    found = CliRunner().invoke(app, [*said, "--data", str(data)], env={"COLUMNS": "200"})
    return found.exit_code, found.stdout, " ".join(found.stderr.split())


def told(data: Path, *arguments: object) -> Any:
    code, out, err = run(data, *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_every_command_shows_an_example_and_takes_a_data_directory() -> None:
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]  # a typer app is a group
        assert f"hark places {name}" in (command.help or "")
        assert "--data" in {option for one in command.params for option in one.opts}


def test_imported_streets_are_told_and_found_again(data: Path, streets: Path) -> None:
    found = told(data, "import", streets, "--kind", "streets", "--city", "testopolis", "--licence", "CC0-1.0")
    assert (found["features"], found["rows_read"], found["skipped"], found["name"]) == (3, 3, {}, "streets")
    assert found["licence"] == "CC0-1.0"
    answer = told(data, "resolve", "deep pothole at Invented Ave and Made Up St", "--city", "testopolis")
    assert answer["candidates"][0]["kind"] == "intersection"
    assert answer["candidates"][0]["lat"] == pytest.approx(39.95, abs=1e-4)
    assert answer["candidates"][0]["lon"] == pytest.approx(-75.15, abs=1e-4)
    assert answer["places"][0]["phrase"] == "Invented Ave and Made Up St"
    assert answer["version"] == found["version"]
    assert told(data, "resolve", "thank you all", "--city", "testopolis")["places"] == []


def test_the_statistics_count_what_there_is(data: Path, streets: Path) -> None:
    run(data, "import", streets, "--kind", "streets", "--attribution", "City of Testopolis")
    found = told(data, "stats")
    assert found["city"] == "philadelphia"
    assert found["features"] == {"segment": 3}
    assert (found["streets"], found["crossings"]) == (2, 1)
    assert found["attribution"] == ["City of Testopolis"]
    assert [one["name"] for one in found["layers"]] == ["streets"]
    code, out, _ = run(data, "stats")
    assert (code, "City of Testopolis" in out) == (0, True)


def test_what_is_skipped_is_told_with_its_first_lines(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "nicknames.csv"
    file.write_text("nickname,stands_for\nthe Inv,Invented Ave\n,Invented Ave\nInv,\n", "utf-8")
    code, out, _ = run(data, "import", file, "--kind", "nicknames")
    assert code == 0
    assert "1 features from 3 rows" in out
    assert "no nickname, or nothing it stands for (first: 3, 4)" in " ".join(out.split())


def test_past_requests_are_learnt(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    rows = [{"address": f"{one} Invented Ave", "lat": 39.95 + one / 1e5, "lon": -75.15} for one in range(100, 140, 2)]
    file.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    assert told(data, "learn", file, "--city", "testopolis")["kind"] == "past_requests"
    answer = told(data, "resolve", "pothole at 120 Invented Ave", "--city", "testopolis", "--need", "address")
    assert answer["candidates"][0]["lat"] == pytest.approx(39.9512, abs=3e-4)


def test_areas_of_another_kind_are_another_layer(data: Path, tmp_path: Path) -> None:
    square = {"type": "Polygon", "coordinates": [[[-75.2, 39.9], [-75.1, 39.9], [-75.1, 40.0], [-75.2, 39.9]]]}
    file = tmp_path / "areas.geojson"
    file.write_text(json.dumps({"type": "Feature", "properties": {"LABEL": "Fabledale"}, "geometry": square}), "utf-8")
    for kind in ("ward", "district", "ward"):
        found = told(data, "import", file, "--kind", "areas", "--area-kind", kind, "--column", "name=label")
        assert found["name"] == kind
    assert [(one["name"], one["retired_at"] is None) for one in told(data, "layers")] == [
        ("ward", True),
        ("district", True),
        ("ward", False),
    ]


@pytest.mark.parametrize("ending", ["geojson", "jsonl"])
def test_an_export_can_be_imported_elsewhere(data: Path, streets: Path, tmp_path: Path, ending: str) -> None:
    run(data, "import", streets, "--kind", "streets", "--city", "testopolis")
    file = tmp_path / f"export.{ending}"
    assert run(data, "export", file, "--city", "testopolis")[1] == f"3 features are in {file}.\n"
    assert told(data, "import", file, "--kind", "features", "--city", "elsewhere")["features"] == 3
    again = tmp_path / f"again.{ending}"
    run(data, "export", again, "--city", "elsewhere")
    assert again.read_text("utf-8").replace('"layer": "features"', '"layer": "streets"') == file.read_text("utf-8")


def test_a_layer_is_retired_and_restored_by_its_number(data: Path, streets: Path) -> None:
    run(data, "import", streets, "--kind", "streets")
    assert run(data, "retire", 1)[1] == "Layer 1, 'streets' of philadelphia, counts no longer.\n"
    assert told(data, "stats")["features"] == {}
    assert run(data, "retire", 1)[::2] == (1, "There is no active layer 1.")
    assert run(data, "restore", 1)[0] == 0
    assert told(data, "stats")["features"] == {"segment": 3}
    assert run(data, "restore", 4711)[::2] == (1, "There is no retired layer 4711.")


def test_a_broken_file_is_told_with_what_is_kept(data: Path, streets: Path) -> None:
    whole = streets.read_text("utf-8")
    streets.write_text(whole[:-20], "utf-8")
    code, out, err = run(data, "import", streets, "--kind", "streets")
    assert (code, out) == (1, "")
    assert err.endswith("Fetch or export it again. Nothing was changed.")
    streets.write_text(whole, "utf-8")
    run(data, "import", streets, "--kind", "streets")
    before = told(data, "stats")["version"]
    streets.write_text(whole[:-20], "utf-8")
    assert (
        "Nothing was changed: 'streets' stays as it was imported on"
        in run(data, "import", streets, "--kind", "streets")[2]
    )
    assert told(data, "stats")["version"] == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--city", "New Haven"), "'New Haven' cannot name a city"),
        (("--column", "FULLNAME"), "say it as --column name=ROAD_NM"),
        (("--column", "name=ROAD"), "the file has no such column"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(data: Path, streets: Path, arguments: tuple[str, ...], sentence: str) -> None:
    code, out, err = run(data, "import", streets, "--kind", "streets", *arguments)
    assert code in (1, 2)
    assert out == ""
    assert sentence in err


def test_without_a_gazetteer_it_says_so(data: Path, tmp_path: Path) -> None:
    code, _, err = run(data, "resolve", "12 Invented Ave")
    assert (code, "There is no gazetteer of philadelphia yet" in err) == (0, True)
    code, _, err = run(data, "export", tmp_path / "nothing.jsonl")
    assert (code, "There is no gazetteer of philadelphia yet" in err) == (1, True)
    assert not (tmp_path / "nothing.jsonl").exists()


def test_a_newer_import_says_what_it_replaces_and_how_to_go_back(data: Path, streets: Path) -> None:
    first = told(data, "import", streets, "--kind", "streets", "--city", "testopolis")
    assert first["replaced"] is None
    said = run(data, "import", streets, "--kind", "streets", "--city", "testopolis")[1]
    assert f"It replaces layer {first['id']} (3 features); `hark places restore {first['id']}` goes back." in said
