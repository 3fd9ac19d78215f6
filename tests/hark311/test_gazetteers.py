"""The gazetteer at work follows the database, and is loaded no oftener than it changes."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import OperationalError

from classifier.places.gazetteer import Gazetteer
from hark311.gazetteers import GazetteerAtWork
from models import Database, Feature, FeatureKind, LayerKind
from models.place_layers import add_layer, gazetteer_version


def add(database: Database, name: str, city: str = "testopolis") -> None:
    with database.write() as session:
        feature = Feature(FeatureKind.LANDMARK, name, 40.0, -75.0)
        add_layer(session, city, LayerKind.LANDMARKS, "landmarks", [feature])


def test_a_city_without_a_gazetteer_still_finds_phrases(database: Database) -> None:
    places = GazetteerAtWork(database, "testopolis").now
    assert (places.version, places.gazetteer.name_count) == ("", 0)
    text = "pothole at 1336 Chestnut St"
    (place,) = places.finder.find(text)
    assert places.resolver.resolve(text, [place]).candidates[0].lat is None


def test_a_change_is_noticed_and_one_of_another_city_is_not(database: Database) -> None:
    following = GazetteerAtWork(database, "testopolis", check_seconds=0)
    add(database, "Old Mill")
    first = following.now
    assert first.gazetteer.named("Old Mill")
    add(database, "Town Pool", city="elsewhere")
    assert following.now is first
    add(database, "New Mill")
    second = following.now
    assert second.gazetteer.named("New Mill")
    assert not second.gazetteer.named("Old Mill")
    with database.read() as session:
        assert second.version == gazetteer_version(session, "testopolis")


def test_the_database_is_asked_at_most_every_few_seconds(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("hark311.gazetteers.time.monotonic", lambda: now[0])
    following = GazetteerAtWork(database, "testopolis", check_seconds=5)
    empty = following.now
    add(database, "Old Mill")
    assert following.now is empty
    now[0] += 5
    assert following.now.gazetteer.named("Old Mill")


def test_it_keeps_what_it_has_while_the_database_does_not_answer(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(database, "Old Mill")
    following = GazetteerAtWork(database, "testopolis", check_seconds=0)
    first = following.now

    def fails(*_: object) -> str:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr("hark311.gazetteers.gazetteer_version", fails)
    assert following.now is first
    with pytest.raises(OperationalError):
        _ = GazetteerAtWork(database, "testopolis").now


def test_others_go_on_with_the_one_before_while_a_thread_loads(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(database, "Old Mill")
    following = GazetteerAtWork(database, "testopolis", check_seconds=0)
    first = following.now
    add(database, "New Mill")
    loading, go_on = threading.Event(), threading.Event()
    build = Gazetteer.build

    def slowly(features: Iterator[Feature], version: str) -> Gazetteer:
        loading.set()
        assert go_on.wait(10)
        return build(features, version)

    monkeypatch.setattr(Gazetteer, "build", slowly)
    thread = threading.Thread(target=lambda: following.now)
    thread.start()
    assert loading.wait(10)
    assert following.now is first
    go_on.set()
    thread.join()
    monkeypatch.undo()
    assert following.now.gazetteer.named("New Mill")


def test_posts_go_on_being_read_when_a_citys_data_cannot_be_loaded(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(database, "Old Mill")

    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("hark311.gazetteers.features_of", fails)
    following = GazetteerAtWork(database, "testopolis")
    assert following.version == ""
    assert [one.kind for one in following.find("pothole at 12 Main St")] == ["address"]
