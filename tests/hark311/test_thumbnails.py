"""Small copies of residents' photos: fetched with care, made anew, gone with their post."""

import asyncio
import io
import struct
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from PIL import Image
from sqlmodel import select

from hark311 import thumbnails
from hark311.thumbnails import MOST_TRIES, PhotoWeb, Thumbnails, make_thumbnails, shrink
from models import Attachment, Channel, Database, Post, Thumbnail
from models.deletion import forget_post
from models.posts import AttachmentKind
from models.thumbnails import KEPT
from tests.rows import MORNING, a_mention


def a_photo(width: int = 1200, height: int = 900) -> bytes:
    """A photo as a telephone writes it: with where it was taken, and a comment."""
    picture, file = Image.new("RGB", (width, height), "#446688"), io.BytesIO()
    exif = picture.getexif()
    exif[0x010E] = "in front of my house"
    picture.save(file, "JPEG", exif=exif, comment=b"taken by me")
    return file.getvalue()


class Photos(BaseHTTPRequestHandler):
    """A server with a photo, a page, and a photo that moved."""

    def do_GET(self) -> None:
        if self.path == "/moved.jpg":
            self.send_response(302)
            self.send_header("location", "/photo.jpg")
            self.end_headers()
            return
        kind, body = ("image/jpeg", a_photo()) if self.path == "/photo.jpg" else ("text/html", b"<p>hello</p>")
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def web() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Photos)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def a_post_with(database: Database, url: str) -> int:
    """A mention whose post came with a photo: the attachment's id."""
    with database.write() as session:
        mention = a_mention(session, "look at this", Channel.MASTODON)
        post = session.exec(select(Post).where(Post.mention_id == mention.id)).one()
        photo = Attachment(post_id=post.id or 0, channel_file_id=f"{post.id}", kind=AttachmentKind.PHOTO, url=url)
        session.add(photo)
        session.flush()
        return photo.id or 0


def stored(database: Database, attachment_id: int) -> Thumbnail | None:
    with database.read() as session:
        return session.get(Thumbnail, attachment_id)


def test_a_copy_is_small_and_holds_nothing_but_pixels() -> None:
    small = shrink(a_photo())
    assert small is not None
    content, *size = small
    assert size == [480, 360]
    assert b"my house" not in content
    assert b"taken by me" not in content
    assert shrink(b"no picture at all") is None


def test_what_claims_to_be_huge_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    huge = io.BytesIO()
    Image.new("1", (5001, 5000)).save(huge, "PNG")
    assert shrink(huge.getvalue()) is None
    monkeypatch.setattr(thumbnails, "MOST_PIXELS", 1000)
    assert shrink(a_photo()) is None


@pytest.mark.parametrize(
    ("kind", "read"),
    [("JPEG", True), ("PNG", True), ("WEBP", True), ("GIF", True), ("TIFF", False), ("BMP", False), ("PPM", False)],
)
def test_only_what_channels_send_is_opened(kind: str, read: bool) -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "#446688").save(file, kind)
    assert (shrink(file.getvalue()) is not None) is read


def test_a_photo_is_shown_small_and_goes_with_its_post(either_database: Database, web: str) -> None:
    photo = a_post_with(either_database, f"{web}/photo.jpg")
    maker = Thumbnails(either_database, {}, PhotoWeb(simulated=True), lambda: MORNING)
    assert asyncio.run(maker.make()) == 1
    assert asyncio.run(maker.make()) == 0
    kept = stored(either_database, photo)
    assert kept is not None
    assert (kept.width, kept.height) == (480, 360)
    with either_database.write() as session:
        forget_post(session, session.exec(select(Post)).one(), "listener", "its author deleted it", MORNING)
    assert stored(either_database, photo) is None


def test_nothing_is_fetched_from_a_private_address_through_a_redirect_or_that_is_no_picture(web: str) -> None:
    public, simulated = PhotoWeb(), PhotoWeb(simulated=True)
    assert asyncio.run(public(f"{web}/photo.jpg")) is None
    assert asyncio.run(public("https://169.254.169.254/latest/meta-data")) is None
    assert asyncio.run(simulated(f"{web}/moved.jpg")) is None
    assert asyncio.run(simulated(f"{web}/page.html")) is None
    assert asyncio.run(simulated("file:///etc/passwd")) is None


def test_too_much_is_not_read_to_its_end(web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "MOST_BYTES", 100)
    assert asyncio.run(PhotoWeb(simulated=True)(f"{web}/photo.jpg")) is None


def test_what_cannot_be_had_is_tried_a_few_times_and_old_copies_go(database: Database, web: str) -> None:
    photo, now = a_post_with(database, f"{web}/page.html"), [MORNING]
    maker = Thumbnails(database, {}, PhotoWeb(simulated=True), lambda: now[0])
    for _ in range(MOST_TRIES + 2):
        asyncio.run(maker.make())
        now[0] += timedelta(minutes=6)
    tried = stored(database, photo)
    assert tried is not None
    assert (tried.tries, tried.content) == (MOST_TRIES, None)
    now[0] += KEPT
    maker.forget()
    assert stored(database, photo) is None


@pytest.mark.parametrize(
    "bad",
    ["https://[secret/photo.jpg", "https://secret.example:99999/photo.jpg", "http://127.0.0.1/secret\x7f.jpg"],
)
def test_an_address_that_is_none_is_a_try_and_keeps_no_older_photo_waiting(
    database: Database, web: str, bad: str, caplog: pytest.LogCaptureFixture
) -> None:
    older, newer = a_post_with(database, f"{web}/photo.jpg"), a_post_with(database, bad)
    caplog.set_level("INFO", logger="hark311")
    assert asyncio.run(Thumbnails(database, {}, PhotoWeb(simulated=True), lambda: MORNING).make()) == 1
    assert [kept.tries for kept in (stored(database, older), stored(database, newer)) if kept] == [1, 1]
    assert "could not be made small" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("error", [struct.error, KeyError, TypeError, EOFError, MemoryError])
def test_a_file_that_breaks_its_reader_keeps_no_older_photo_waiting(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: type[Exception]
) -> None:
    older, newer = a_post_with(database, "https://older.example"), a_post_with(database, "https://newer.example")

    async def fetch(url: str) -> bytes:
        return b"broken" if "newer" in url else a_photo()

    def break_on(file: bytes, edge: int) -> tuple[bytes, int, int] | None:
        if file == b"broken":
            raise error("what the file says")
        return shrink(file, edge)

    monkeypatch.setattr(thumbnails, "shrink", break_on)
    caplog.set_level("INFO", logger="hark311")
    assert asyncio.run(Thumbnails(database, {}, fetch, lambda: MORNING).make()) == 1
    assert [kept.tries for kept in (stored(database, older), stored(database, newer)) if kept] == [1, 1]
    assert f"({error.__name__})" in caplog.text
    assert "what the file says" not in caplog.text


async def test_a_photo_that_never_comes_is_a_try_and_does_not_come_first_for_ever(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "PHOTO_SECONDS", 0.5)
    older, newer = a_post_with(database, "https://older.example"), a_post_with(database, "https://newer.example")
    asked = []

    async def fetch(url: str) -> bytes:
        asked.append(url)
        if "newer" in url:
            await asyncio.Event().wait()
        return a_photo(8, 8)

    maker = Thumbnails(database, {}, fetch, lambda: MORNING)
    assert [await maker.make() for _ in range(2)] == [1, 0]
    assert asked == ["https://newer.example", "https://older.example"]
    assert [kept.tries for kept in (stored(database, older), stored(database, newer)) if kept] == [1, 1]


async def test_a_round_ends_at_once_while_the_one_before_still_runs(database: Database) -> None:
    a_post_with(database, "https://slow.example")
    begun, go_on, asked = asyncio.Event(), asyncio.Event(), []

    async def fetch(url: str) -> bytes:
        asked.append(url)
        begun.set()
        await go_on.wait()
        return a_photo(8, 8)

    ctx = {"thumbnails": Thumbnails(database, {}, fetch, lambda: MORNING)}
    first = asyncio.create_task(make_thumbnails(ctx))
    async with asyncio.timeout(5):
        await begun.wait()
        assert await make_thumbnails(ctx) == 0
    go_on.set()
    assert await first == 1
    assert asked == ["https://slow.example"]


async def test_a_round_whose_time_is_up_leaves_the_rest_for_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "MOST_SECONDS", 0.0)
    for name in ("one", "two"):
        a_post_with(database, f"https://{name}.example")

    async def fetch(_: str) -> bytes:
        return a_photo(8, 8)

    maker = Thumbnails(database, {}, fetch, lambda: MORNING)
    assert [await maker.make() for _ in range(3)] == [1, 1, 0]
