"""`hark replay`: every line is said once or told with its number, and both sides are counted right."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session
from typer.testing import CliRunner, Result

from hark311 import replay as replays
from hark311.cli import app
from hark311.replay import NETWORKS, BadLine, Line, Replay, check, paced, read_lines
from hark311.simulator import RunningSimulator
from models import Account, Channel, Database, Mention, Post
from models.posts import PostKind
from tests import rows
from tests.town import Town


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    """One simulator for the tests that only speak."""
    with RunningSimulator(tmp_path_factory.mktemp("network") / "simulator.db") as simulator:
        yield simulator


def _read(*written: str) -> list[Line | BadLine]:
    return list(read_lines(io.StringIO("\n".join(written)), "file"))


BROKEN = [
    ("{not json", "is not JSON"),
    ('{"text": "half', "is not JSON"),
    ('["an", "array"]', "is not a JSON object"),
    ("12", "is not a JSON object"),
    ("null", "is not a JSON object"),
    ("[" * 100_000, "is nested too deeply"),
    ('{"id": 4}', "has no text"),
    ('{"text": null}', "has no text"),
    ('{"text": "  \\n "}', "has no text"),
    ('{"text": ["a"]}', "has no text"),
    ('{"text": "a \\ud800 b"}', "half a character"),
    ('{"text": "a \udcff b"}', "is not UTF-8"),
    ('{"text": "a", "lat": 91, "lon": 0}', "degrees up to 90"),
    ('{"text": "a", "lat": 0, "lon": -180.5}', "degrees up to 180"),
    ('{"text": "a", "lat": "north", "lon": 0}', "'north' where degrees"),
    ('{"text": "a", "lat": true, "lon": 0}', "True where degrees"),
    ('{"text": "a", "lat": [1], "lon": 0}', "[1] where degrees"),
    ('{"text": "a", "lat": NaN, "lon": 0}', "has nan"),
    ('{"text": "a", "lat": 1e999, "lon": 0}', "has inf"),
    (f'{{"text": "a", "lat": {"9" * 400}, "lon": 0}}', "where degrees should be"),
]


@pytest.mark.parametrize(("written", "reason"), BROKEN)
def test_a_broken_line_is_told_with_its_number_and_the_rest_goes_on(written: str, reason: str) -> None:
    before, broken, after = _read('{"text": "before"}', written, '{"text": "after"}')
    assert isinstance(broken, BadLine)
    assert (broken.number, reason in broken.reason) == (2, True), broken
    assert len(broken.reason) < 200
    assert isinstance(before, Line)
    assert isinstance(after, Line)
    assert (before.key, after.key) == ("replay:file:1", "replay:file:3")


def test_what_is_odd_but_readable_is_said() -> None:
    long = "x" * 100_000
    found = _read(
        json.dumps({"text": "with a \x00 in it", "id": "nul"}),
        "",
        "   ",
        json.dumps({"text": long, "lat": "39.95", "lon": "-75.16", "more": {"is": "ignored"}}),
        json.dumps({"text": "half a place", "lat": 39.95}),
        json.dumps({"text": "a time", "created": "2026-01-05T08:00:00-05:00"}),
        json.dumps({"text": "no time", "created": "yesterday"}),
        json.dumps({"text": "a time nobody can say", "created": "9999-12-31T23:59:59-14:00"}),
    )
    lines = [one for one in found if isinstance(one, Line)]
    assert len(lines) == len(found) == 6
    assert (lines[1].text, lines[1].lat, lines[1].lon) == (long, 39.95, -75.16)
    assert (lines[2].lat, lines[2].lon) == (None, None)
    assert lines[3].created is not None
    assert lines[3].created.isoformat() == "2026-01-05T13:00:00+00:00"
    assert [one.created for one in lines[4:]] == [None, None]


def test_a_second_line_with_the_same_id_is_told_and_not_lost_silently() -> None:
    first, second, other = _read(*(json.dumps({"text": text, "id": 7}) for text in "ab"), '{"text": "c"}')
    assert isinstance(first, Line)
    assert isinstance(other, Line)
    assert second == BadLine(2, "has the id of line 1")


def test_a_limit_counts_lines_that_say_something() -> None:
    file = io.StringIO('\n\n{"text": "a"}\nbroken\n{"text": "b"}\n')
    assert [type(one) for one in read_lines(file, "file", 2)] == [Line, BadLine]


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_no_bytes_crash_it_and_every_line_is_accounted_for(content: bytes) -> None:
    file = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", errors="surrogateescape")
    written = [line for line in file if line.strip()]
    file.seek(0)
    assert len(list(read_lines(file, "file"))) == len(written)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.fixed_dictionaries(
            {"text": ANYTHING | st.text(min_size=1)},
            optional={"id": ANYTHING, "lat": ANYTHING, "lon": ANYTHING, "created": ANYTHING | st.datetimes().map(str)},
        ),
        max_size=4,
    ),
    st.sampled_from(sorted(NETWORKS)),
)
def test_whatever_a_line_holds_it_is_told_or_found_on_the_network(
    network: RunningSimulator, said: list[dict[str, object]], channel: Channel
) -> None:
    found = list(read_lines(io.StringIO("\n".join(json.dumps(one) for one in said)), "any"))
    good = [one for one in found if isinstance(one, Line)]
    replay = Replay(network.url, channel, print)
    if good:
        replay.say(good)
    assert len(found) == len(said)
    assert len(replay.sent()) == len(set(replay.said.values())) == len(good)


def test_a_rate_is_kept_and_no_line_left_out() -> None:
    lines = [Line(f"k{number}", "text") for number in range(25)]
    groups = list(paced(iter(lines), 100))
    assert [len(group) for group in groups] == [10, 10, 5]
    assert list(paced(iter(lines), 0)) == [lines]


def test_saying_it_again_says_nothing_twice(network: RunningSimulator) -> None:
    lines = [Line(f"replay:again-{number}", f"pothole {number}", 39.9, -75.1) for number in range(30)]
    for channel in NETWORKS:
        first, second = (Replay(network.url, channel, print) for _ in range(2))
        before = network.counts()
        first.say(lines[:12])  # killed after these
        second.say(lines)
        after_once = network.counts()
        second.say(lines)
        assert first.said.items() <= second.said.items()
        assert len(second.sent()) == 30
        assert network.counts() == after_once != before


def test_what_is_said_in_a_run_that_breaks_off_is_kept(
    network: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "KEEP_TRYING_SECONDS", 0)
    replay = Replay(network.url, Channel.X, print)
    replay.say([Line("replay:kept", "kept")])
    replay.root = "http://127.0.0.1:9"
    with pytest.raises(replays.ReplayError, match="1 lines were said and are kept"):
        replay.say([Line("replay:lost", "never said")])


def _a_stored_post(session: Session, account: Account, mention: Mention, post_id: str) -> None:
    session.add(
        Post(
            account_id=account.id or 0,
            channel_post_id=post_id,
            edit_chain=post_id,
            conversation_id=mention.conversation_id,
            mention_id=mention.id,
            kind=PostKind.MENTION,
            text="x",
            created_at=rows.MORNING,
            received_at=rows.MORNING,
        )
    )


def test_a_missing_post_counts_as_lost_and_a_second_copy_as_doubled(
    network: RunningSimulator, database: Database
) -> None:
    replay = Replay(network.url, Channel.X, print)
    replay.say([Line(f"replay:counted-{number}", f"trash {number}") for number in range(3)])
    sent = replay.sent()
    with database.write() as session:
        mention = rows.a_mention(session)
        account = rows.an_account(session)
        second = Account(name="second", channel=Channel.X)
        session.add(second)
        session.flush()
        _a_stored_post(session, account, mention, sent[0])
        _a_stored_post(session, account, mention, sent[1])
        _a_stored_post(session, second, mention, sent[1])
    assert check(database, replay, sent).as_dict() == {
        "sent": 3,
        "stored": 2,
        "understood": 0,
        "lost": 1,
        "doubled": 1,
    }


def test_two_replies_of_ours_under_one_post_count_as_doubled(town: Town) -> None:
    replay = Replay(town.simulator.url, Channel.X, print)
    replay.say([Line("replay:answered", "pothole at 5th and Market St")])
    (post_id,) = replay.sent()
    town.hear()
    mention_id = town.mention_of(post_id).id or 0
    town.approve(mention_id, "Thank you.", file_request=False)
    town.deliver()
    once = check(town.database, replay, [post_id])
    town.desk.reopen(mention_id, town.staff_id, "asked again")
    town.understand()
    town.approve(mention_id, "Thank you again.", file_request=False)
    town.deliver()
    twice = check(town.database, replay, [post_id])
    assert (once.sent, once.stored, once.understood, once.lost, once.doubled) == (1, 1, 1, 0, 0)
    assert twice.doubled == 1


def _hark(town: Town, file: Path, *options: str) -> Result:
    port = str(town.simulator.settings.port)
    return CliRunner().invoke(
        app,
        ["replay", str(file), "--data", str(town.data), "--rate", "0", *options],
        env={"HARK_SIMULATOR_PORT": port},
    )


def test_the_command_tells_broken_lines_and_says_the_rest(town: Town, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"text": "first"}\nbroken\n\xff\xfe\n{"text": "second", "id": "a,b \\ud800"}\n')
    done = _hark(town, file, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {"said": 2, "left_out": 2}
    assert "line 2 is not JSON" in done.stderr
    assert "line 3 is not UTF-8" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_waits_until_everything_is_understood(town: Town, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text('{"text": "pothole at 5th and Market St"}\n')
    stuck = _hark(town, file, "--json", "--check", "--patience", "0.1")
    assert stuck.exit_code == 1
    assert json.loads(stuck.stdout) == {"sent": 1, "stored": 0, "understood": 0, "lost": 1, "doubled": 0}
    town.hear()
    done = _hark(town, file, "--json", "--check")
    assert (done.exit_code, json.loads(done.stdout)["understood"]) == (0, 1)


@pytest.mark.parametrize(
    ("what", "said"), [("directory", "Is a directory"), ("missing", "No such file"), ("channel", "is no channel")]
)
def test_what_cannot_be_replayed_is_refused_with_a_sentence(town: Town, tmp_path: Path, what: str, said: str) -> None:
    file = tmp_path if what == "directory" else tmp_path / "missing.jsonl"
    done = _hark(town, file, "--channel", "pigeon" if what == "channel" else "x")
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_nothing_is_said_beside_live_accounts(town: Town, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text('{"text": "never on a live network"}\n')
    (town.data / "hark.toml").write_text(
        '[accounts.live]\nchannel = "telegram"\ntoken = "1:a"\n[open311]\nbase_url = "https://city.example/v2"\n'
    )
    done = _hark(town, file)
    assert done.exit_code == 2
    assert "Nothing was said" in done.stderr
