"""`hark templates`: our texts go out to a translator and come back as new versions, all of them or none."""

import csv
import io
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import col, select
from typer.testing import CliRunner, Result

from hark311 import seeding, wiring
from hark311.cli import app
from hark311.settings import Settings
from hark311.wording_files import FileTrouble, plain_cell, read_back, safe_cell
from models import Database, ReplyTemplate
from responders.drafting import Key

Run = Callable[..., Result]


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Run, Database]:
    settings = Settings.model_validate({"data": tmp_path / "data"})
    monkeypatch.setattr(seeding, "_gazetteer", lambda *_: None)  # takes seconds, and no text stands in it
    database = wiring.database_of(settings)
    wiring.prepare(settings, database)

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["templates", *map(str, arguments), "--data", str(settings.data)])

    return run, database


def newest(database: Database, key: Key) -> ReplyTemplate:
    with database.read() as session:
        wanted = select(ReplyTemplate).where(ReplyTemplate.key == key.value, ReplyTemplate.language == "es")
        return session.exec(wanted.order_by(col(ReplyTemplate.version).desc())).first() or pytest.fail("no text")


@pytest.mark.parametrize("form", ["csv", "toml"])
def test_what_went_out_comes_back_and_only_what_differs_is_new(
    templates: tuple[Run, Database], tmp_path: Path, form: str
) -> None:
    run, database = templates
    file = tmp_path / f"es.{form}"
    assert run("export", "--language", "es", "--format", form, "--output", file).exit_code == 0
    text = file.read_text(encoding="utf-8")
    old = newest(database, Key.ASK_SERVICE).body
    assert old in text
    file.write_text(text.replace(old, "¿Cuál es el problema?"), encoding="utf-8")
    told = run("import", file, "--language", "es", "--checked-by", "Ana Ruiz")
    assert told.exit_code == 0, told.output
    assert f"1 of {len(Key)} texts have a new version in es, all checked by Ana Ruiz." in " ".join(told.output.split())
    changed, same = newest(database, Key.ASK_SERVICE), newest(database, Key.HELP)
    assert (changed.version, changed.body, changed.checked_by) == (2, "¿Cuál es el problema?", "Ana Ruiz")
    assert (same.version, same.checked_by_speaker, same.checked_by) == (1, True, "Ana Ruiz")


def test_a_file_with_one_wrong_text_changes_nothing(templates: tuple[Run, Database], tmp_path: Path) -> None:
    run, database = templates
    file = tmp_path / "es.csv"
    file.write_text("key,text\nhelp,Escriba aquí.\nfiled_short,Gracias.\n", encoding="utf-8")
    told = run("import", file, "--language", "es")
    assert told.exit_code == 1
    assert "filed_short: Keep {number}" in told.output
    assert "Nothing was changed" in told.output
    assert newest(database, Key.HELP).version == 1


def test_an_upgrade_leaves_a_citys_version_alone(templates: tuple[Run, Database], tmp_path: Path) -> None:
    run, database = templates
    file = tmp_path / "es.toml"
    file.write_text('language = "es"\n[texts]\nhelp = "Escriba aquí."\n', encoding="utf-8")
    assert run("import", file, "--language", "es").exit_code == 0
    wiring.prepare(Settings.model_validate({"data": tmp_path / "data"}), database)
    assert (newest(database, Key.HELP).body, newest(database, Key.HELP).version) == ("Escriba aquí.", 2)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("es.csv", "text\nx\n", "must name the columns"),
        ("es.csv", "key,text\nhelp,a\nhelp,b\n", "stands there twice"),
        ("es.csv", "key,text\nhlep,a\n", "'hlep' is no text of ours"),
        ("es.toml", "[texts", "not TOML"),
        ("es.toml", 'language = "fr"\n[texts]\n', "The file is in fr"),
        ("es.toml", "help = 3", "There is no [texts]"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(name: str, text: str, why: str) -> None:
    with pytest.raises(FileTrouble) as caught:
        read_back(text, name.rpartition(".")[2], "es")
    assert why in str(caught.value)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "plain", "'quoted", "'=x"])
def test_a_cell_is_no_formula_and_comes_back_as_it_was(text: str) -> None:
    safe = safe_cell(text)
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r"))
    if not text.startswith("'="):
        assert plain_cell(safe) == text


def test_a_translators_file_is_csv_a_spreadsheet_reads(templates: tuple[Run, Database]) -> None:
    run, _ = templates
    told = run("export", "--language", "es")
    rows = list(csv.DictReader(io.StringIO(told.stdout.removeprefix("\ufeff"))))
    assert [row["key"] for row in rows] == [key.value for key in Key]
    assert set(rows[0]) == {"key", "english", "text", "checked_by"}
    assert tomllib.loads(run("export", "--language", "ar", "--format", "toml").stdout)["language"] == "ar"
    assert run("export", "--language", "es", "--format", "exe").exit_code == 2
