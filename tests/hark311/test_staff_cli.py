"""`hark staff` and `hark sign-in`: the people of the desk from the operator's own machine."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import col, select
from typer.testing import CliRunner, Result

from hark311 import wiring
from hark311.cli import app
from hark311.settings import load
from models import AuditEntry, Database, Role, StaffUser


@pytest.fixture
def data(tmp_path: Path, prepared_file: Path) -> Path:
    (tmp_path / wiring.DATABASE_FILE).write_bytes(prepared_file.read_bytes())
    return tmp_path


@pytest.fixture
def database(data: Path) -> Iterator[Database]:
    database = Database.in_file(data / wiring.DATABASE_FILE)
    yield database
    database.dispose()


def _hark(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--data", str(data)])


def _staff(database: Database, username: str) -> StaffUser:
    with database.read() as session:
        return session.exec(select(StaffUser).where(StaffUser.username == username)).one()


def test_a_new_person_gets_the_role_that_was_asked_for(data: Path, database: Database) -> None:
    for name, words, role in (
        ("Mae Jones", ["--role", "admin"], Role.ADMIN),
        ("Sam Lee", [], Role.APPROVER),
        ("Vera Holt", ["--supervisor"], Role.SUPERVISOR),
    ):
        assert "/sign-in/" in _hark(data, "sign-in", name, *words).stdout
        assert _staff(database, name.lower().replace(" ", ".")).role == role
    assert "/sign-in/" in _hark(data, "sign-in", "Sam Lee", "--role", "admin").stdout
    assert _staff(database, "sam.lee").role == Role.APPROVER  # whoever is known stays what they are


def test_the_person_of_a_new_desk_is_an_administrator(data: Path, database: Database) -> None:
    wiring.sign_in_link(load(data), database)
    assert _staff(database, "supervisor").role == Role.ADMIN


def test_an_older_desk_gets_its_administrator_and_keeps_its_supervisors(data: Path, database: Database) -> None:
    for name in ("Supervisor", "Vera Holt"):
        _hark(data, "sign-in", name, "--supervisor")
    wiring.sign_in_link(load(data), database)
    assert _staff(database, "supervisor").role == Role.ADMIN
    assert _staff(database, "vera.holt").role == Role.SUPERVISOR


def test_a_link_of_the_operators_stays_on_record(data: Path, database: Database) -> None:
    _hark(data, "sign-in", "Sam Lee")
    _hark(data, "staff", "deactivate", "Sam Lee")
    assert _hark(data, "sign-in", "Sam Lee").exit_code == 2  # no link, so nothing to record
    _hark(data, "sign-in", "Mae Jones", "--role", "admin")
    _hark(data, "sign-in", "Mae Jones")
    given = select(AuditEntry).where(AuditEntry.about == "StaffUser", AuditEntry.why == "given a sign-in link")
    with database.read() as session:
        told = [(one.about_id, one.by) for one in session.exec(given.order_by(col(AuditEntry.id))).all()]
    sam, mae = (_staff(database, name).id for name in ("sam.lee", "mae.jones"))
    assert told == [(sam, "operator"), (mae, "operator"), (mae, "operator")]


def test_everybody_is_listed_for_a_script(data: Path) -> None:
    _hark(data, "sign-in", "Mae Jones", "--role", "drafter")
    (row,) = json.loads(_hark(data, "staff", "list", "--json").stdout)
    assert row == {
        "username": "mae.jones",
        "name": "Mae Jones",
        "role": "drafter",
        "active": True,
        "looks_after": [],
        "password": False,
        "second_step": False,
        "last_here": None,
    }


def test_the_last_administrator_stays_one(data: Path, database: Database) -> None:
    _hark(data, "sign-in", "Mae Jones", "--role", "admin")
    for words in (("staff", "role", "Mae Jones", "viewer"), ("staff", "deactivate", "mae.jones")):
        told = _hark(data, *words)
        assert told.exit_code == 2
        assert "the only administrator" in told.stderr
    assert (_staff(database, "mae.jones").role, _staff(database, "mae.jones").active) == (Role.ADMIN, True)


def test_whoever_left_gets_no_link(data: Path, database: Database) -> None:
    _hark(data, "sign-in", "Sam Lee")
    assert _hark(data, "staff", "deactivate", "Sam Lee").exit_code == 0
    told = _hark(data, "sign-in", "Sam Lee")
    assert told.exit_code == 2
    assert "does not work here now" in told.stderr


def test_a_reset_forgets_the_second_step(data: Path, database: Database) -> None:
    _hark(data, "sign-in", "Sam Lee")
    with database.write() as session:
        session.exec(select(StaffUser)).one().totp_secret = "JBSWY3DPEHPK3PXP"
    assert _hark(data, "staff", "reset", "Sam Lee").exit_code == 0
    assert _staff(database, "sam.lee").totp_secret == ""


def test_somebody_unknown_is_said_to_be(data: Path) -> None:
    told = _hark(data, "staff", "reset", "Nobody Here")
    assert told.exit_code == 2
    assert "There is no person 'Nobody Here'" in told.stderr


def test_the_roles_of_the_settings_are_the_roles_there_are(tmp_path: Path) -> None:
    assert load(tmp_path, second_step_roles=[role.value for role in Role]).second_step_roles == list(Role)
