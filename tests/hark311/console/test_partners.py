"""Partners with a key to our Open311 endpoint: the page for administrators, and the same by command."""

import json
import re
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from hark311 import wiring
from hark311.cli import app
from models import AuditEntry, Partner, Role
from tests.hark311.console.conftest import Browser, Running
from tests.hark311.console.factories import make_staff

KEY = re.compile(r"hark_[\w-]{43}")


@pytest.fixture
def admin(desk: Running) -> Browser:
    with desk.rows() as session:
        staff = make_staff(session, "Ada Reyes", Role.ADMIN)
    return desk.browser_of(staff)


def test_a_key_is_shown_once_and_opens_the_endpoint_until_it_is_revoked(desk: Running, admin: Browser) -> None:
    made = admin.post("/partners", name=" Police  liaison ", contact="l@police.example", rate="30", may_read="yes")
    (key,) = KEY.findall(made.text)
    assert KEY.search(admin.get("/partners").text) is None
    with desk.rows() as session:
        (partner,) = session.exec(select(Partner)).all()
        assert key not in str(partner.model_dump())
    assert (partner.name, partner.rate_per_minute) == ("Police liaison", 30)
    assert (partner.may_read, partner.may_report, partner.may_update) == (True, False, False)

    def asked() -> int:
        return desk.visitor().get("/open311/v2/requests.json", headers={"x-api-key": key}).status_code

    assert asked() == 200
    assert admin.post(f"/partners/{partner.id}/revoke", "/partners").status_code == 303
    assert asked() == 403
    assert "revoked" in admin.get("/partners").text
    with desk.rows() as session:
        told = session.exec(select(AuditEntry).where(AuditEntry.about == "Partner").order_by(AuditEntry.id)).all()  # type: ignore[arg-type]
    assert [one.why for one in told] == ["made, with a key", "the key was revoked"]
    assert admin.post(f"/partners/{partner.id}/revoke", "/partners").status_code == 404


def test_what_is_wrong_with_a_new_partner_is_said_and_kept(admin: Browser) -> None:
    admin.post("/partners", name="Taken", rate="60", may_read="yes")
    for name, rate, says in (
        ("Taken", "60", "No name is used twice"),
        ("New", "x", "Calls a minute"),
        ("", "9", "Say who"),
    ):
        refused = admin.post("/partners", name=name, rate=rate, may_report="yes")
        assert (refused.status_code, says in refused.text) == (422, True)
        assert f'value="{rate}"' in refused.text
    assert "Say what the key is for" in admin.post("/partners", name="New", rate="60").text


def test_by_command_a_partner_is_made_listed_and_revoked(tmp_path: Path, prepared_file: Path) -> None:
    (tmp_path / wiring.DATABASE_FILE).write_bytes(prepared_file.read_bytes())

    def hark(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["partners", *words, "--data", str(tmp_path)])
        return done.exit_code, done.output

    made = json.loads(hark("add", "Police liaison", "--update", "--json")[1])
    assert KEY.fullmatch(made["api_key"])
    assert hark("add", "Police liaison")[0] == 2
    (listed,) = json.loads(hark("list", "--json")[1])
    assert (listed["may"], listed["revoked_at"]) == (["read", "report", "update"], None)
    assert "liaison" in hark("list")[1]
    assert hark("revoke", "Police liaison")[0] == 0
    assert hark("revoke", "Police liaison")[0] == 2
    assert json.loads(hark("list", "--json")[1])[0]["revoked_at"]
