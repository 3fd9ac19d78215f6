"""Labels with their texts: what may train a model, and labels as lines of JSON in and out."""

import json
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from models import Account, Channel, Database, Label, LabelSource, LabelTask, Mention, Post
from models.deletion import forget_post
from models.labels import LONGEST_TEXT, export_labels, import_labels, training_labels
from models.posts import PostKind
from tests.rows import MORNING, a_mention


def label(session: Session, mention: Mention, value: str = "POTHOLE", task: LabelTask = LabelTask.CATEGORY) -> Label:
    """What a person said at the desk, an hour after the mention came in."""
    made = Label(
        task=task,
        value=value,
        source=LabelSource.CONFIRMED,
        mention_id=mention.id,
        channel=session.get_one(Account, mention.account_id).channel,
        language="en",
        at=MORNING + timedelta(hours=1),
    )
    session.add(made)
    session.flush()
    return made


def another_post(session: Session, mention: Mention, text: str, hours: float, **more: object) -> None:
    first = session.exec(select(Post).where(Post.mention_id == mention.id)).first()
    assert first is not None
    at = MORNING + timedelta(hours=hours)
    changed = {"text": text, "created_at": at, "received_at": at, "channel_post_id": text, "edit_chain": text}
    session.add(Post(**(first.model_dump(exclude={"id"}) | changed | more)))
    session.flush()


def texts(session: Session, task: LabelTask = LabelTask.CATEGORY) -> list[str]:
    return [one.text for one in training_labels(session, task)]


def line(**fields: object) -> str:
    return json.dumps({"task": "category", "text": "a hole in the road", "value": "POTHOLE", **fields})


def test_a_label_has_the_words_its_person_had_before_them(either_database: Database) -> None:
    with either_database.write() as session:
        mention = a_mention(session, "a hole", Channel.TELEGRAM)
        another_post(session, mention, "it is deep", 0.5)
        another_post(session, mention, "thank you all", 2)
        label(session, mention)
        [one] = training_labels(session, LabelTask.CATEGORY)
        assert (one.text, one.value, one.language, one.channel) == ("a hole\nit is deep", "POTHOLE", "en", "telegram")
        assert texts(session, LabelTask.INTENT) == []


def test_words_that_were_edited_away_train_nothing(database: Database) -> None:
    with database.write() as session:
        mention = a_mention(session, "call me on my own number", Channel.TELEGRAM)
        chain = session.exec(select(Post.edit_chain)).one()
        another_post(session, mention, "please call me", 3, edit_chain=chain)
        label(session, mention)
        assert texts(session) == ["please call me"]


def test_deleted_posts_and_posts_without_words_train_nothing(database: Database) -> None:
    with database.write() as session:
        gone, silent, half = (a_mention(session, words, Channel.TELEGRAM) for words in ("a hole", "", "a lamp"))
        another_post(session, half, "on my street", 0.1)
        for mention in (gone, silent, half):
            label(session, mention)
        for mention in (gone, half):
            post = session.exec(select(Post).where(Post.mention_id == mention.id)).first()
            assert post is not None
            forget_post(session, post, "listener", "its author deleted it", MORNING)
        assert texts(session) == ["on my street"]
        assert len(session.exec(select(Label)).all()) == 3


def test_our_own_posts_are_no_part_of_a_label(database: Database) -> None:
    with database.write() as session:
        mention = a_mention(session, "a hole", Channel.TELEGRAM)
        another_post(session, mention, "We are on it", 0.5, kind=PostKind.OWN)
        label(session, mention)
        assert texts(session) == ["a hole"]


def test_labels_come_in_order_however_many_there_are(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.labels.CHUNK", 3)
    with database.write() as session:
        for number in range(8):
            label(session, a_mention(session, f"hole {number}", Channel.TELEGRAM))
        assert texts(session) == [f"hole {number}" for number in range(8)]


def test_what_is_exported_can_be_imported_elsewhere(either_database: Database) -> None:
    with either_database.write() as session:
        label(session, a_mention(session, "agujero \u2028 en la calle", Channel.TELEGRAM))
        label(session, a_mention(session, "hole, said on X", Channel.X))
        given = list(export_labels(session, LabelTask.CATEGORY))
        assert [json.loads(one)["text"] for one in given] == ["agujero \u2028 en la calle"]
        session.delete(session.exec(select(Label)).all()[0])
        session.flush()
        done = import_labels(session, given, MORNING, categories={"POTHOLE"})
        assert (done.added, done.refused) == (1, [])
        [one] = training_labels(session, LabelTask.CATEGORY)
        assert (one.text, one.value, one.channel) == ("agujero \u2028 en la calle", "POTHOLE", "telegram")
        assert one.at == MORNING + timedelta(hours=1)


def test_importing_twice_adds_nothing_and_a_changed_value_replaces(database: Database) -> None:
    with database.write() as session:
        label(session, a_mention(session, "a lamp is out", Channel.TELEGRAM), "STREET_LIGHT")
        rows = [line(), line(), line(text="thanks", task="intent", value="praise"), "", line(text="a lamp is out")]
        first = import_labels(session, rows, MORNING, categories={"POTHOLE", "NOISE"})
        assert (first.added, first.duplicates, first.replaced) == (2, 2, 0)
        again = import_labels(session, [line(value="NOISE"), line(value="NOISE")], MORNING, categories={"NOISE"})
        assert (again.added, again.duplicates, again.replaced) == (0, 1, 1)
        assert {one.text: one.value for one in training_labels(session, LabelTask.CATEGORY)} == {
            "a lamp is out": "STREET_LIGHT",  # said at the desk; a file does not change it
            "a hole in the road": "NOISE",
        }


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (line(task="mood"), "task"),
        (line(value="SPACESHIP"), "no category of this name"),
        (line(task="intent"), "no intent of this name"),
        (line(text="a" * (LONGEST_TEXT + 1)), "text"),
        (line(text="  "), "no words"),
        (line(text="a\x00b"), "NUL"),
        ('{"task": "category", "text": "\\ud800", "value": "POTHOLE"}', "JSON"),
        (line(channel="x"), "posts from X train nothing"),
        (line(channel="smoke signals"), "channel"),
        (line(at="2026-01-01T00:00:00"), "at"),
        (line(language="<b>"), "language"),
        (line(mood="bad"), "mood"),
        ("POTHOLE", "JSON"),
        ("[" * 3000, "JSON"),
    ],
)
def test_a_bad_line_is_named_and_the_good_ones_are_kept(database: Database, bad: str, why: str) -> None:
    with database.write() as session:
        done = import_labels(session, [line(text="first"), bad, line(text="last")], MORNING, categories={"POTHOLE"})
        assert done.added == 2
        [refused] = done.refused
        assert refused.line == 2
        assert why in refused.why
        assert texts(session) == ["first", "last"]
