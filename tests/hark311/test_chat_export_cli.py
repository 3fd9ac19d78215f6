"""`hark chats export`: a chat as a file."""

import csv
import io
import json
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from hark311 import wiring
from hark311.cli import app
from hark311.settings import load
from models import AuditEntry, ChatLane, migrations
from tests.chats import an_entry
from tests.recapped import ANSWER, a_recapped_chat
from tests.rows import MORNING

HARM = '=cmd|"/C calc"!A0<script>alert(1)</script>'


@pytest.fixture
def data(tmp_path: Path) -> str:
    database = wiring.database_of(load(tmp_path))
    migrations.upgrade(database)
    with database.write() as session:
        made = a_recapped_chat(session, MORNING)
        an_entry(session, made.made, HARM, ChatLane.ANSWER, minute=9, question=1)
    database.dispose()
    return str(tmp_path)


def exported(data: str, written: str) -> str:
    answer = CliRunner().invoke(app, ["chats", "export", "1", "--format", written, "--data", data])
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def test_a_chat_is_written_as_json_csv_and_html(data: str) -> None:
    made = json.loads(exported(data, "json"))
    assert [one["number"] for one in made["chat"]["questions"]] == [1, 2, 3, 4, 5, 6]
    assert ANSWER in [one["answer"] for one in made["posts"]]
    rows = list(csv.DictReader(io.StringIO(exported(data, "csv").removeprefix("\ufeff"))))
    assert len(rows) == len(made["posts"])
    assert f"'{HARM}" in [row["words"] for row in rows]
    page = exported(data, "html")
    assert "<script>" not in page
    assert "[phone removed]" in page
    with wiring.database_of(load(Path(data))).read() as session:
        assert len(session.exec(select(AuditEntry).where(AuditEntry.by == "hark chats")).all()) == 3


def test_a_chat_that_does_not_exist_is_not_written(data: str) -> None:
    answer = CliRunner().invoke(app, ["chats", "export", "99", "--data", data])
    assert (answer.exit_code, answer.stdout) == (2, "")
