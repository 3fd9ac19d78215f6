"""Hostile posts are stored or kept as unreadable, on both databases; they stop no page and poison no batch."""

from typing import Any

import pytest
from sqlmodel import select

from listeners.intake import store_batch
from listeners.protocol import Batch
from models import Database, Mention, Post, UnreadablePost
from models.posts import AttachmentKind, IncomingAttachment, IncomingAuthor, IncomingPost, Pin
from tests.rows import MORNING, an_account


def _post(post_id: str, **more: Any) -> IncomingPost:
    given: dict[str, Any] = {
        "post_id": post_id,
        "edit_chain": post_id,
        "conversation_id": post_id,
        "author": IncomingAuthor("7", "dee"),
        "text": "pothole",
        "created_at": MORNING,
        "raw": {"text": "\x00 \ud800"},
    }
    return IncomingPost(**(given | more))


@pytest.mark.parametrize("text", ["a\x00b", "half \ud83d pair", "\u202e upside", "x" * 100_000, "😀" * 5000, ""])
def test_odd_text_is_stored_and_becomes_work(either_database: Database, text: str) -> None:
    page = [_post("1"), _post("2", text=text, author=IncomingAuthor("8", "n\x00me", "\udfff")), _post("3")]
    with either_database.write() as session:
        store_batch(session, an_account(session), Batch(page, "3"), MORNING)
    with either_database.read() as session:
        stored = session.exec(select(Post).where(Post.channel_post_id == "2")).one()
        assert "\x00" not in stored.text
        assert len(session.exec(select(Mention)).all()) == 3


def test_a_post_the_database_refuses_is_kept_as_unreadable_and_the_page_goes_on(either_database: Database) -> None:
    impossible = _post("2", pin=Pin(lat=10**400, lon=0))  # no float holds it
    page = Batch([_post("1"), impossible, _post("3")], "3")
    for _ in range(2):
        with either_database.write() as session:
            account = an_account(session)
            store_batch(session, account, page, MORNING)
            assert account.cursor == "3"
    with either_database.read() as session:
        assert sorted(session.exec(select(Post.channel_post_id)).all()) == ["1", "3"]
        kept = session.exec(select(UnreadablePost)).one()
        assert kept.channel_post_id == "2"
        assert "refused" in kept.reason


def test_odd_attachments_are_stored(either_database: Database) -> None:
    file = IncomingAttachment("f\u0000", AttachmentKind.PHOTO, alt_text="\ud800")
    with either_database.write() as session:
        stored = store_batch(session, an_account(session), Batch([_post("1", attachments=[file])], "1"), MORNING)
    assert stored.new_posts + stored.unreadable == 1
