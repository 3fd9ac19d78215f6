"""Invariant 11: what staff decide about posts from X is stored and counted, and never handed to training."""

import re
from pathlib import Path

import pytest
from sqlmodel import Session, select

import classifier
from classifier.training.taught_places import read_taught
from hark311.console import learning_queries
from models import Account, Channel, Database, Intent, Label, LabelSource, LabelTask, ServiceRequest
from models.labels import export_labels, import_labels, training_labels
from models.place_labels import confirmed_places
from responders.review import Said
from tests.rows import MORNING, a_mention
from tests.town import Town


def test_a_decision_about_a_post_on_x_is_counted_and_trains_nothing(town: Town) -> None:
    town.simulator.say_on_x("There is a deep pothole at 5th and Market St", author="dee_215")
    town.simulator.say_on_telegram("There is a wide pothole at 6th and Market St")
    town.hear()
    for mention in town.mentions():
        town.desk.claim(mention.id or 0, town.staff_id)
        town.desk.set_aside(mention.id or 0, town.staff_id, "a test", Said(Intent.PRAISE, "GRAFFITI"))
    with town.database.read() as session:
        counts = learning_queries.labels(session, town.clock()).counts
        for task in (LabelTask.CATEGORY, LabelTask.INTENT):
            assert (counts[task].total(), counts[task]["corrected"], counts[task]["x"]) == (3, 2, 1)
            assert [one.channel for one in training_labels(session, task)] == [Channel.TELEGRAM]
            assert not any("deep" in one for one in export_labels(session, task))


def _label(session: Session, text: str, channel: Channel, said: Channel | None) -> None:
    mention = a_mention(session, text, channel)
    session.add(
        Label(
            task=LabelTask.CATEGORY,
            value="POTHOLE",
            source=LabelSource.CONFIRMED,
            mention_id=mention.id,
            channel=said,
            at=MORNING,
        )
    )
    session.flush()


def test_neither_the_label_nor_the_account_alone_lets_a_post_from_x_through(either_database: Database) -> None:
    with either_database.write() as session:
        _label(session, "hole one", Channel.X, Channel.X)
        _label(session, "hole two", Channel.X, Channel.TELEGRAM)  # a label that says the wrong channel
        _label(session, "hole three", Channel.X, None)
        _label(session, "hole four", Channel.TELEGRAM, None)  # a label from the desk that does not say where from
        _label(session, "hole five", Channel.TELEGRAM, Channel.TELEGRAM)
        assert [one.text for one in training_labels(session, LabelTask.CATEGORY)] == ["hole five"]
        assert len(session.exec(select(Label)).all()) == 5
        assert len(session.exec(select(Account)).all()) == 2


def test_an_approved_draft_of_a_post_on_x_teaches_no_places(town: Town) -> None:
    town.simulator.say_on_x("There is a deep pothole at 5th and Market St", author="dee_215")
    town.simulator.say_on_telegram("There is a wide pothole at 6th and Market St")
    town.hear()
    for mention in town.mentions():
        town.approve(mention.id, send_reply=False)
    with town.database.read() as session:
        assert all(one.approved_at for one in session.exec(select(ServiceRequest)).all())
        [one] = confirmed_places(session)
        assert one.text == "There is a wide pothole at 6th and Market St"
        assert [one.text[span.start : span.end] for span in one.spans] == ["6th and Market St"]


@pytest.mark.parametrize("channel", ["x", "X"])
def test_a_file_cannot_teach_places_of_posts_on_x(channel: str) -> None:
    line = f'{{"text": "a hole on Elm St", "spans": [[10, 16]], "channel": "{channel}"}}'
    texts, refused = read_taught([line])
    assert (texts, [one.line for one in refused]) == ([], [1])


@pytest.mark.parametrize("channel", ["x", "X"])
def test_a_file_cannot_bring_posts_from_x_in(database: Database, channel: str) -> None:
    line = f'{{"task": "category", "text": "a hole", "value": "POTHOLE", "channel": "{channel}"}}'
    with database.write() as session:
        done = import_labels(session, [line], MORNING, categories={"POTHOLE"})
        assert (done.added, [one.line for one in done.refused]) == (0, [1])
        assert session.exec(select(Label)).all() == []


READS_POSTS = {"reading.py", "looking.py"}
"""Files that read posts to answer about them: what they say, and who said it before. They teach nothing."""


def test_the_classifier_knows_labels_by_that_one_door_only() -> None:
    for file in Path(next(iter(classifier.__path__))).rglob("*.py"):
        code = file.read_text(encoding="utf-8")
        assert not re.search(r"\bselect\((\w+\.)?(Label|Post|Mention)\b", code) or file.name in READS_POSTS, file


def test_training_reads_no_table_itself() -> None:
    for file in (Path(next(iter(classifier.__path__))) / "training").rglob("*.py"):
        assert "sqlmodel" not in file.read_text(encoding="utf-8"), file
