"""Participants of a chat on the simulated networks: at their time, under their question, each line once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hark311.rehearsal.chat_case import model_case
from hark311.rehearsal.chat_residents import GROUP, PATIENCE, Participants
from hark311.rehearsal.chat_script import Act, ChatScript, Line, write_chat
from hark311.simulator import RunningSimulator
from models import Channel

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()


class Clock:
    """The simulator's clock, turned by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def simulator(tmp_path: Path, clock: Clock) -> Iterator[RunningSimulator]:
    from hark311.simulator.settings import SimulatorSettings

    file = tmp_path / "box.db"
    with RunningSimulator(file, SimulatorSettings(file, port=0, clock=clock, x_limits=False)) as running:
        yield running


def speaking(simulator: RunningSimulator, *lines: Line) -> Participants:
    return Participants(simulator, ChatScript(model_case(), lines), NOON)


def ask(simulator: RunningSimulator, text: str) -> str:
    """Our account's post on X, as our responder would leave it."""
    return simulator.say_on_x(text, author=simulator.settings.x_handle, mention=False)


def test_everything_is_said_once_on_its_network_and_nothing_before_its_time(simulator: RunningSimulator) -> None:
    script = write_chat(model_case(), ["Elm St and Oak Ave"], posts=40, seed=3)
    participants = Participants(simulator, script, NOON)
    participants.speak_until(0)
    assert not participants.said
    participants.speak_until(900)
    assert all(one.line.at <= 900 for one in participants.said.values())
    participants.speak_until(1e6)
    participants.speak_until(1e6)
    assert participants.done
    assert set(participants.said) == {one.key for one in script.lines}
    posts = [one for one in participants.said.values() if one.line.act == Act.POST]
    assert len({(one.line.network, one.post_id) for one in posts}) == len(script.posts)
    on_x = {str(one["id"]): one for one in simulator.x_posts(by="residents", limit=1000)}
    for one in posts:
        if one.line.network == Channel.X and not one.line.names_us and one.line.under is None:
            gone = any(other.act == Act.DELETE and other.of == one.line.key for other in script.lines)
            assert on_x[one.post_id]["text"] == ("" if gone else one.line.text)


def test_who_writes_under_a_question_waits_until_it_stands(simulator: RunningSimulator, clock: Clock) -> None:
    line = Line("a", 330, Channel.X, "neighbor1", "the stoop", under=1, follows=1, names_us=True)
    participants = speaking(simulator, line)
    participants.look()
    participants.speak_until(340)
    assert not participants.said
    clock.now = NOON + 400
    question = ask(simulator, "Q1: What makes your block a community?")
    participants.look()
    assert participants.since == {1: pytest.approx(100 + 300, abs=1)}
    participants.speak_until(429)
    assert not participants.said, "as long after the question as they meant to"
    participants.speak_until(431)
    (said,) = participants.said.values()
    (post,) = [one for one in simulator.x_posts(by="residents") if str(one["id"]) == said.post_id]
    assert post["in_reply_to"] == question


def test_a_question_that_never_stands_is_not_waited_for_forever_and_the_account_is_named(
    simulator: RunningSimulator,
) -> None:
    line = Line("a", 330, Channel.BLUESKY, "neighbor_1", "the stoop", under=1, follows=1)
    participants = speaking(simulator, line)
    participants.speak_until(330 + PATIENCE - 1)
    assert not participants.said
    participants.speak_until(330 + PATIENCE)
    (post,) = simulator.bluesky_posts(by="residents")
    assert post["text"] == f"@{simulator.settings.bluesky_handle} the stoop"


def test_a_spanish_question_is_known_by_its_number_and_a_reply_of_ours_is_no_question(
    simulator: RunningSimulator,
) -> None:
    theirs = simulator.say_on_x("When?", author="neighbor1", mention=False)
    simulator.say_on_x("Q5: no", author=simulator.settings.x_handle, mention=False, in_reply_to=theirs)
    ask(simulator, "P2: ¿Qué ayudaría más?")
    participants = speaking(simulator)
    participants.look()
    assert set(participants.stands) == {(Channel.X, 2)}


def test_edits_reposts_and_deletions_are_done_to_the_post_they_name(simulator: RunningSimulator) -> None:
    networks = (Channel.X, Channel.MASTODON, Channel.BLUESKY, Channel.TELEGRAM)
    lines = []
    for at, network in enumerate(networks):
        lines += [
            Line(f"{network}", at, network, "neighbor1", "first #PhillyBlocks"),
            Line(f"{network} repost", at + 1, network, "neighbor2", act=Act.REPOST, of=f"{network}"),
            Line(
                f"{network} edit", at + 2, network, "neighbor1", "second #PhillyBlocks", act=Act.EDIT, of=f"{network}"
            ),
            Line(f"{network} reply", at + 3, network, "neighbor3", "yes", of=f"{network}"),
            Line(f"{network} end", at + 4, network, "neighbor1", act=Act.DELETE, of=f"{network}"),
        ]
    participants = speaking(simulator, *lines)
    for second in range(10):
        participants.speak_until(second)
    assert participants.done
    assert [one["deleted"] for one in simulator.x_posts(by="residents")].count(True) >= 1
    (toot, reply) = simulator.mastodon_statuses(by="residents")
    assert toot["deleted"]
    assert reply["in_reply_to"] == toot["id"]
    group = simulator.telegram_messages(chat_id=GROUP["id"])
    assert [one["deleted"] for one in group] == [True, False]
    assert group[1]["reply_to"] == group[0]["message_id"]
    first, second_post = simulator.bluesky_posts(by="residents")
    assert first["deleted"]
    assert second_post["in_reply_to"] == first["uri"]


def test_how_late_somebody_wrote_is_counted_in_seconds_of_the_wall(simulator: RunningSimulator) -> None:
    participants = speaking(simulator, Line("a", 10, Channel.X, "neighbor1", "hello #PhillyBlocks"))
    participants.speak_until(130, pace=60)
    assert participants.behind == pytest.approx(2.0)
