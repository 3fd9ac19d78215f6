"""The commands: each explains itself, speaks JSON to scripts, and tells an operator's mistake in a sentence."""

import json
import shutil
from pathlib import Path

import pytest
from sqlmodel import col, select
from typer.main import get_command
from typer.testing import CliRunner, Result

from hark311 import __version__, wiring
from hark311.cli import app
from hark311.settings import load
from models import (
    Database,
    GeocoderTurn,
    MentionState,
    Post,
    ReplyState,
    Role,
    StaffUser,
    advance,
    utc_now,
)
from models.posts import PostKind
from models.transitions import record
from tests import rows
from tests.running import free_port


def _hark(*arguments: object, **environment: str) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments], env=environment)


@pytest.fixture
def data(tmp_path: Path, migrated_file: Path) -> Path:
    """A data directory with an empty database."""
    directory = tmp_path / "data"
    directory.mkdir()
    shutil.copy(migrated_file, directory / wiring.DATABASE_FILE)
    return directory


def _commands() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]  # a typer app is a group
        below = getattr(command, "commands", None)
        found += [(name, one) for one in below] if below else [(name,)]
    return found


KEEPS_NOTHING = [("services", "discover"), ("simulate", "storm")]
"""Commands that ask an address, or make a directory of their own that is thrown away."""


@pytest.mark.parametrize("command", _commands(), ids=" ".join)
def test_every_command_explains_itself_with_an_example_and_takes_a_data_directory(command: tuple[str, ...]) -> None:
    told = _hark(*command, "--help", COLUMNS="200", TERM="dumb")
    assert told.exit_code == 0
    assert "Example:" in told.stdout
    assert f"hark {' '.join(command)}" in told.stdout
    assert ("--data" in told.stdout) is (command not in KEEPS_NOTHING)


def test_without_a_command_it_shows_what_there_is() -> None:
    told = _hark()
    assert all(name in told.output for (name, *_) in _commands())
    assert _hark("--version").stdout.strip() == f"hark311 {__version__}"


def test_the_status_of_an_empty_product_is_json(data: Path) -> None:
    told = _hark("status", "--data", data, "--json")
    assert told.exit_code == 0, told.output
    status = json.loads(told.stdout)
    assert status["posts"] == 0
    assert status["pids"] == {}
    assert status["mentions"] == status["replies"] == status["requests"] == {}
    assert status["oldest_waiting"] is None
    assert set(status) >= {"listeners", "open_gaps", "open_alarms", "unreadable", "outbox"}
    assert "nothing (start it with: hark up)" in _hark("status", "--data", data).stdout


def test_the_status_says_what_is_wrong_with_the_geocoder_that_is_on(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = "The US Census geocoder did not answer."
    database = Database.in_file(data / wiring.DATABASE_FILE)
    with database.write() as session:
        session.add(GeocoderTurn(provider="census", next_at=rows.MORNING, failures=3, trouble=trouble))
    database.dispose()
    assert json.loads(_hark("status", "--data", data, "--json").stdout)["geocoder"] is None
    monkeypatch.setenv("HARK_GEOCODER", "census")
    told = json.loads(_hark("status", "--data", data, "--json").stdout)["geocoder"]
    assert told == {"provider": "census", "trouble": trouble, "failures": 3}
    assert "census: The US Census geocoder" in _hark("status", "--data", data).stdout
    monkeypatch.setenv("HARK_GEOCODER", "photon")
    monkeypatch.setenv("HARK_GEOCODER_CONTACT", "desk@riverton.example")
    assert "photon: no trouble" in _hark("status", "--data", data).stdout


def test_the_status_counts_what_is_there(data: Path) -> None:
    database = Database.in_file(data / wiring.DATABASE_FILE)
    with database.write() as session:
        mention = rows.a_mention(session)
        advance(session, mention, MentionState.UNDERSTOOD, "test", "understood")
        advance(session, mention, MentionState.DRAFTED, "test", "drafted")
        rows.a_reply(session, mention)
        rows.a_request(session, mention)
    database.dispose()
    status = json.loads(_hark("status", "--data", data, "--json").stdout)
    assert (status["posts"], status["mentions"]) == (1, {"drafted": 1})
    assert (status["replies"], status["requests"]) == ({"draft": 1}, {"draft": 1})
    assert status["oldest_waiting"].startswith("2026-11-20T08:00:00")
    assert status["oldest_waiting_seconds"] > 0
    assert [one["account"] for one in status["listeners"]] == ["test-x"]


@pytest.mark.parametrize("command", [("status",), ("db", "check")])
def test_without_a_database_a_command_says_so_and_makes_none(tmp_path: Path, command: tuple[str, ...]) -> None:
    told = _hark(*command, "--data", tmp_path / "nowhere")
    assert told.exit_code == 2
    assert "There is no hark311 database" in told.stderr
    assert told.stdout == ""
    assert not (tmp_path / "nowhere").exists()


MISTAKES = [
    (
        ("status",),
        {"HARK_DATABASE_URL": "postgresql://hark:secret-4711@127.0.0.1:{port}/hark"},
        "database cannot be used",
    ),
    (("status",), {"HARK_DATABASE_URL": "nonsense-4711"}, "database_url: must be"),
    (("status",), {"HARK_PROT": "4711"}, "HARK_PROT is not a setting"),
    (("up",), {"HARK_PORT": "471100"}, "port: "),
    (("up",), {"HARK_SECRET_KEY": "short-4711"}, "secret_key: must be at least 32"),
    (("worker",), {"HARK_REDIS_URL": "http://4711"}, "redis_url: must be"),
    (("sign-in", "!!"), {}, "needs at least one letter"),
    (("evaluate", "smell", "nothing.jsonl"), {}, "smell"),
]


@pytest.mark.parametrize(("command", "environment", "sentence"), MISTAKES)
def test_a_mistake_is_told_on_standard_error_without_a_traceback_or_a_secret(
    data: Path, command: tuple[str, ...], environment: dict[str, str], sentence: str
) -> None:
    port = str(free_port())
    told = _hark(*command, "--data", data, **{key: value.format(port=port) for key, value in environment.items()})
    assert told.exit_code == 2, told.output
    assert sentence in told.stderr
    assert told.stdout == ""
    assert "Traceback" not in told.stderr
    assert "4711" not in told.stderr


def test_a_file_that_is_no_database_and_a_directory_that_is_a_file_are_told(tmp_path: Path) -> None:
    (tmp_path / wiring.DATABASE_FILE).write_text("this is no database at all, not even a small one" * 40)
    told = _hark("status", "--data", tmp_path)
    assert (told.exit_code, "not a database" in told.stderr) == (2, True)
    (tmp_path / "file").write_text("")
    told = _hark("db", "upgrade", "--data", tmp_path / "file" / "below")
    assert (told.exit_code, "Not a directory" in told.stderr) == (2, True)


def test_the_simulator_does_not_start_beside_a_live_account(data: Path) -> None:
    told = _hark(
        "simulate",
        "--data",
        data,
        HARK_OPEN311__BASE_URL="https://city.example/v2",
        HARK_ACCOUNTS__LIVE__CHANNEL="telegram",
        HARK_ACCOUNTS__LIVE__TOKEN="1:secret-4711",
    )
    assert told.exit_code == 2
    assert "does not start beside a live account (live)" in told.stderr
    assert "4711" not in told.stderr


def test_the_schema_is_upgraded_once_and_said(tmp_path: Path) -> None:
    first, second = (_hark("db", "upgrade", "--data", tmp_path).stdout for _ in range(2))
    assert first.startswith("Schema upgraded from nothing to ")
    assert second == f"Schema {first.split()[-1]}\n"


def test_a_sign_in_link_is_for_a_person_who_is_added_once(data: Path) -> None:
    for _ in range(2):
        told = _hark("sign-in", "Mae Jones", "--data", data, "--supervisor")
        assert told.stdout.startswith("http://127.0.0.1:8311/sign-in/")
    database = Database.in_file(data / wiring.DATABASE_FILE)
    with database.read() as session:
        staff = session.exec(select(StaffUser)).one()
    database.dispose()
    assert (staff.username, staff.role, staff.initials) == ("mae.jones", Role.SUPERVISOR, "MJ")


def test_texts_are_evaluated_as_json(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "labelled.jsonl"
    file.write_text('{"text": "Deep pothole at 5th and Market", "language": "en"}\n')
    told = _hark("evaluate", "language", file, "--data", data, "--json")
    assert told.exit_code == 0, told.output
    assert isinstance(json.loads(told.stdout), dict)


def _problems(data: Path) -> list[str]:
    told = _hark("db", "check", "--data", data, "--json")
    problems: list[str] = json.loads(told.stdout)["problems"]
    assert told.exit_code == (1 if problems else 0)
    return problems


def test_a_database_that_is_as_it_should_be_has_no_problems(data: Path) -> None:
    assert _problems(data) == []
    assert "as it should be" in _hark("db", "check", "--data", data).stdout


def test_the_check_finds_what_breaks_an_invariant(data: Path) -> None:
    """Each violation planted past the code that forbids it; every one is told."""
    database = Database.in_file(data / wiring.DATABASE_FILE)
    with database.write() as session:
        mention = rows.a_mention(session)
        own = session.exec(select(Post).where(Post.mention_id == mention.id)).one()
        own.kind = PostKind.OWN
        rows.a_reply(session, rows.a_mention(session)).state = ReplyState.APPROVED
        rows.a_reply(session, rows.a_mention(session)).state = ReplyState.UNCERTAIN
        rows.a_mention(session, "words that should be gone").state = MentionState.WITHDRAWN
        deleted = rows.a_mention(session, "words of a deleted post")
        post = session.exec(select(Post).where(col(Post.mention_id) == deleted.id)).one()
        post.deleted_at = utc_now()
        record(session, "Reply", 1, "test", "a leap", utc_now(), ReplyState.DRAFT, ReplyState.SENT)
    database.dispose()
    told = "\n".join(_problems(data))
    for sentence in (
        "1 posts that are no mentions became work (invariant 1).",
        "2 replies are on their way or sent that nobody approved (invariant 3).",
        "1 replies are being sent without an attempt on record (invariant 4).",
        "1 deleted posts still hold words (invariant 6).",
        "1 withdrawn mentions still have words (invariant 6).",
        "1 steps of Reply from draft to sent, which no table allows.",
    ):
        assert sentence in told


def test_the_check_finds_a_schema_that_is_not_the_codes(data: Path) -> None:
    database = Database.in_file(data / wiring.DATABASE_FILE)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE alarm ADD COLUMN surprise TEXT")
    assert any("surprise" in one for one in _problems(data))
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    database.dispose()
    (problem,) = _problems(data)
    assert problem.startswith("The schema is at older")
    assert "hark db upgrade" in problem


def test_settings_of_the_environment_reach_every_command(data: Path) -> None:
    told = _hark("sign-in", "Mae Jones", HARK_DATA=str(data), HARK_PORT="4242")
    assert told.stdout.startswith("http://127.0.0.1:4242/sign-in/")
    assert load(data).port == 8311
