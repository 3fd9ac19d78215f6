"""`hark freeze` and `hark thaw`: the switch from a terminal, for one account and for all."""

import json
import shutil
from pathlib import Path

from typer.testing import CliRunner, Result

from hark311.cli import app
from models import Database, freezes_in_force


def _run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--data", str(data)])


def test_the_operator_freezes_and_thaws_from_a_terminal(tmp_path: Path, prepared_file: Path) -> None:
    shutil.copy(prepared_file, tmp_path / "hark.db")
    frozen = _run(tmp_path, "freeze", "A rumour", "--json")
    assert frozen.exit_code == 0, frozen.output
    assert json.loads(frozen.stdout) == {"freeze": 1, "account": None, "held": 0, "sending": 0}
    assert _run(tmp_path, "freeze", "--account", "nobody").exit_code == 2
    assert "telegram" in _run(tmp_path, "freeze", "--account", "nobody").output
    database = Database.in_file(tmp_path / "hark.db")
    with database.read() as session:
        assert [(one.why, one.frozen_by) for one in freezes_in_force(session)] == [("A rumour", None)]
    database.dispose()
    assert json.loads(_run(tmp_path, "thaw", "--json").stdout) == {"thawed": 1}
    again = _run(tmp_path, "thaw")
    assert (again.exit_code, "Nothing is frozen." in again.stdout) == (1, True)
