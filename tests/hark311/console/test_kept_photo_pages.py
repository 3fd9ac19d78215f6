"""The picture that the city's crew opens: without a sign-in, only by its link, and only while the post is there."""

from datetime import timedelta

from sqlmodel import select

from models import Attachment, Post, Thumbnail
from models.photo_links import PATH, open_link
from models.posts import AttachmentKind
from models.thumbnails import KEPT, KEPT_FOR_CITY, forget_old_thumbnails
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import make_services
from tests.hark311.console.news import make_case, make_wordings

COPY = b"\xff\xd8 a small picture"


def linked(desk: Running) -> int:
    """A photo of a report, of which we have a copy: the attachment's id."""
    with desk.rows() as session:
        make_services(session)
        make_wordings(session)
        mention = make_case(session, NOON)
        post = session.exec(select(Post).where(Post.mention_id == mention.id)).first()
        photo = Attachment(post_id=(post.id if post else None) or 0, channel_file_id="f", kind=AttachmentKind.PHOTO)
        session.add(photo)
        session.flush()
        session.add(Thumbnail(attachment_id=photo.id or 0, content=COPY, width=4, height=3, made_at=NOON))
        session.flush()
        return photo.id or 0


def path_of(desk: Running, photo_id: int) -> str:
    with desk.rows() as session:
        photo = session.get_one(Attachment, photo_id)
        mention_id = session.get_one(Post, photo.post_id).mention_id or 0
        link = open_link(session, f"kept:{photo_id}", mention_id, "https://riverton.example")
        assert open_link(session, f"kept:{photo_id}", mention_id + 1, "https://riverton.example") == ""
        return link.removeprefix("https://riverton.example")


def test_whoever_has_the_link_sees_the_picture_and_nothing_else(desk: Running) -> None:
    photo_id = linked(desk)
    path = path_of(desk, photo_id)
    answer = desk.visitor().get(path)
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, COPY, "image/jpeg")
    assert "noindex" in answer.headers["x-robots-tag"]
    assert "set-cookie" not in answer.headers
    assert path_of(desk, photo_id) == path  # the same link however often it is asked for


def test_without_the_link_there_is_nothing_and_who_guesses_is_held_up(desk: Running) -> None:
    photo_id = linked(desk)
    browser = desk.visitor()
    for guess in (f"{PATH}{photo_id}", f"{PATH}kept:{photo_id}", f"{PATH}None", PATH + "x" * 500):
        assert browser.get(guess).status_code == 404
    answers = [browser.get(f"{PATH}guess{number}").status_code for number in range(40)]
    assert answers[-1] == 429


def test_a_picture_that_was_let_go_stays_as_long_as_a_crew_may_need_it_and_then_goes(desk: Running) -> None:
    photo_id = linked(desk)
    path = path_of(desk, photo_id)
    with desk.rows() as session:
        forget_old_thumbnails(session, NOON + KEPT + timedelta(days=1))
    assert desk.visitor().get(path).status_code == 200
    with desk.rows() as session:
        forget_old_thumbnails(session, NOON + KEPT_FOR_CITY + timedelta(days=1))
    assert desk.visitor().get(path).status_code == 404
