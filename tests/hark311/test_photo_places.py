"""Where a photo was taken: read only where the city has switched it on, from private files, once, and never kept."""

import asyncio
import base64
import logging
from contextlib import AsyncExitStack

import pytest
from sqlmodel import col, select

from classifier.reading import _what_they_said
from hark311 import photo_places, place_jobs
from hark311.photo_places import JUST_COME, MOST_BYTES, PhotoPlaces
from listeners.errors import ListenerError
from listeners.protocol import FetchesPhotos
from models import Account, Attachment, Channel, Mention, Post
from models.deletion import forget_post
from models.posts import Pin
from tests.classifier.photographs import HALL, a_photo
from tests.town import Town

GROUP = {"id": -100, "type": "supergroup", "title": "Neighbors"}


def sends(town: Town, photo: bytes, name: str = "IMG_0031.JPG") -> None:
    """A resident sends a file on Telegram, and we hear it."""
    paper = {"file_name": name, "mime_type": "image/jpeg", "content_base64": base64.b64encode(photo).decode()}
    town.simulator.say_on_telegram(document=paper, caption="The hole is here")
    town.listen()


def reads(town: Town) -> int:
    """One round of the job, with the setting on."""

    async def round_of_it() -> int:
        async with AsyncExitStack() as stack:
            hearings = town.hearings()
            for hearing in hearings:
                await stack.enter_async_context(hearing.listener)
            settings = town.settings.model_copy(update={"read_photo_location": True})
            photos = place_jobs.photo_places_of(settings, town.database, hearings)
            assert photos is not None
            photos.clock = town.clock
            return await place_jobs.read_photo_places({"photo_places": photos})

    return asyncio.run(round_of_it())


def attachment(town: Town) -> Attachment:
    with town.database.read() as session:
        return session.exec(select(Attachment).order_by(col(Attachment.id).desc()).limit(1)).one()


def photo_said(town: Town) -> Pin | None:
    """The photo's place as the classifier gets it."""
    with town.database.read() as session:
        mention = session.exec(select(Mention).order_by(col(Mention.id).desc()).limit(1)).one()
        return _what_they_said(session, [mention])[0].photo


def test_a_photo_sent_as_a_file_says_where_it_was_taken(town: Town) -> None:
    sends(town, a_photo(HALL))
    town.read()
    before = town.mentions()[-1]
    assert photo_said(town) is None
    assert reads(town) == 1
    kept = attachment(town)
    assert (kept.photo_lat, kept.photo_lon, kept.photo_accuracy_m) == (39.9525, -75.164, 8.0)
    assert photo_said(town) == Pin(39.9525, -75.164, 8.0)
    after = town.mentions()[-1]
    assert (after.version, after.needs_understanding) == (before.version + 1, True)


def test_a_photo_is_read_once(town: Town) -> None:
    sends(town, a_photo(HALL))
    assert [reads(town), reads(town)] == [1, 0]


def test_by_default_no_photo_is_read(town: Town) -> None:
    sends(town, a_photo(HALL))
    assert town.settings.read_photo_location is False
    assert place_jobs.photo_places_of(town.settings, town.database, []) is None
    assert asyncio.run(place_jobs.read_photo_places({"photo_places": None})) == 0
    assert attachment(town).photo_read_at is None


def test_a_photo_in_a_group_is_not_read(town: Town) -> None:
    name = town.simulator.settings.telegram_username
    paper = {"file_name": "a.jpg", "content_base64": base64.b64encode(a_photo(HALL)).decode()}
    town.simulator.say_on_telegram(document=paper, caption=f"@{name} the hole", chat=GROUP)
    town.listen()
    assert attachment(town).kind == "document"
    assert reads(town) == 0
    assert attachment(town).photo_read_at is None


def test_a_photo_that_came_before_it_was_switched_on_is_not_read(town: Town) -> None:
    sends(town, a_photo(HALL))
    town.clock.offset += JUST_COME
    assert reads(town) == 0
    assert attachment(town).photo_read_at is None


@pytest.mark.parametrize(
    ("photo", "name"),
    [(a_photo(), "IMG_1.jpg"), (b"not a photo at all", "IMG_2.jpg"), (a_photo(HALL), "letter.pdf")],
    ids=["no place", "no photo", "another ending"],
)
def test_a_file_without_a_place_is_looked_at_once_and_changes_nothing(town: Town, photo: bytes, name: str) -> None:
    sends(town, photo, name)
    town.read()
    before = town.mentions()[-1]
    assert reads(town) == 0
    kept = attachment(town)
    assert kept.photo_read_at is not None
    assert kept.photo_lat is None
    assert town.mentions()[-1].version == before.version


def test_a_photo_is_tried_again_when_the_channel_could_not_give_it(town: Town) -> None:
    sends(town, a_photo(HALL))
    town.simulator.fault("telegram", "status", "getFile")
    assert reads(town) == 0
    assert attachment(town).photo_read_at is None
    assert reads(town) == 1


def test_deleting_the_post_deletes_the_place_of_its_photo(town: Town) -> None:
    sends(town, a_photo(HALL))
    reads(town)
    with town.database.write() as session:
        forget_post(session, session.exec(select(Post)).one(), "test", "taken back", town.clock())
    with town.database.read() as session:
        assert session.exec(select(Attachment)).all() == []
    assert photo_said(town) is None


def test_a_file_that_is_too_large_or_gone_is_not_fetched(town: Town) -> None:
    sends(town, a_photo(HALL))

    async def fetch(most: int, file_id: str = attachment(town).channel_file_id) -> bytes | None:
        async with AsyncExitStack() as stack:
            for hearing in town.hearings():
                listener = await stack.enter_async_context(hearing.listener)
                if isinstance(listener, FetchesPhotos):
                    return await listener.photo_file(file_id, most)
        return b"no channel gives photos"

    assert asyncio.run(fetch(100)) is None
    assert asyncio.run(fetch(MOST_BYTES)) == a_photo(HALL)
    assert asyncio.run(fetch(MOST_BYTES, "no such file")) is None


def test_the_bots_token_reaches_no_log(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    token = town.simulator.settings.telegram_token
    with caplog.at_level(logging.INFO, logger="hark311"):
        sends(town, a_photo(HALL))
        town.simulator.fault("telegram", "status", "file")
        reads(town)
    assert "could not be fetched" in caplog.text
    assert token not in "".join(record.getMessage() for record in caplog.records if record.name.startswith("hark311"))


def test_a_channel_that_keeps_no_files_is_not_asked_again(town: Town) -> None:
    sends(town, a_photo(HALL))
    photos = PhotoPlaces(town.database, {}, town.clock)
    assert asyncio.run(photos.read()) == 0
    assert attachment(town).photo_read_at is not None


class Phone:
    """Gives every photo, or none."""

    def __init__(self, photo: bytes | None) -> None:
        self.photo, self.asked = photo, 0

    async def photo_file(self, file_id: str, most_bytes: int) -> bytes | None:
        self.asked += 1
        if self.photo is None:
            raise ListenerError("down")
        return self.photo


def test_a_channel_that_is_down_holds_up_no_other_however_many_photos_it_owes(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_places, "BATCH", 2)
    for _ in range(4):
        sends(town, a_photo(HALL))
    with town.database.write() as session:
        last = session.exec(select(Post).order_by(col(Post.id).desc()).limit(1)).one()
        other = Account(channel=Channel.TELEGRAM, name="second")
        session.add(other)
        session.flush()
        last.account_id = other.id or 0
    with town.database.read() as session:
        first = session.exec(select(Account.name).join(Post, col(Post.account_id) == Account.id).limit(1)).one()
    down, up = Phone(None), Phone(a_photo(HALL))
    photos = PhotoPlaces(town.database, {first: down, "second": up}, town.clock)  # type: ignore[dict-item]
    assert asyncio.run(photos.read()) == 1
    assert (down.asked, up.asked) == (1, 1)


def test_a_round_looks_through_the_newest_photos_alone(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_places, "NEWEST", 1)
    for _ in range(2):
        sends(town, a_photo(HALL))
    assert [reads(town), reads(town)] == [1, 0]
