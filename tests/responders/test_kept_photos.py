"""A photo that Telegram shows by no address reaches the city, once approved: as a file, or by a link of ours."""

import asyncio
import base64
import io
from contextlib import AsyncExitStack
from dataclasses import replace

import httpx
import pytest
from PIL import Image
from sqlmodel import select

from hark311.simulated import city_of
from hark311.thumbnails import EDGE_FOR_CREWS, Thumbnails
from models import Attachment, Post
from models.deletion import forget_post
from models.photo_links import KEPT, PATH, linked_copy, open_link
from tests.responders.test_dialogue import ANN
from tests.town import Town

POTHOLE = "There is a deep pothole at 5th and Market St, a car lost its tire"


def a_photo() -> dict[str, str]:
    """What a telephone sends: 1600 x 1200 pixels, a JPEG."""
    file = io.BytesIO()
    Image.new("RGB", (1600, 1200), "#446688").save(file, "JPEG")
    return {"mime": "image/jpeg", "content_base64": base64.b64encode(file.getvalue()).decode()}


@pytest.fixture
def mention_id(town: Town) -> int:
    """Ann reports a pothole with a photo; it is drafted, and we have our copy of the photo."""
    said = town.simulator.say_on_telegram(None, sender=ANN, caption=POTHOLE, photo=a_photo())
    town.hear()
    assert asyncio.run(copied(town)) == 1
    return town.mention_of(f"{said['chat_id']}:{said['message_id']}").id or 0


async def copied(town: Town) -> int:
    async with AsyncExitStack() as stack:
        hearings = town.hearings()
        for hearing in hearings:
            await stack.enter_async_context(hearing.listener)
        listeners = {hearing.account_name: hearing.listener for hearing in hearings}
        return await Thumbnails(town.database, listeners, clock=town.clock).make()


def with_city(town: Town, **rules: object) -> None:
    town.settings = town.settings.model_copy(update={"open311": city_of(town.settings).model_copy(update=rules)})


def at_city(town: Town) -> str:
    """The photo's address as the city has it; "" for none."""
    listed = httpx.get(f"{town.simulator.open311_url}/requests.json", trust_env=False).json()
    return str(listed[0].get("media_url") or "")


def copy_at(town: Town, address: str) -> bytes | None:
    base = f"{town.settings.status_page}{PATH}"
    assert address.startswith(base)
    with town.database.read() as session:
        return linked_copy(session, address.removeprefix(base))


def links(town: Town) -> list[str | None]:
    with town.database.read() as session:
        return list(session.exec(select(Attachment.link)).all())


def test_a_city_that_wants_an_address_gets_one_that_leads_to_our_copy_once_it_is_approved(
    town: Town, mention_id: int
) -> None:
    assert town.request_of(mention_id).media_url.startswith(KEPT)
    town.deliver()
    assert links(town) == [None]
    town.approve(mention_id)
    town.deliver()
    copy = copy_at(town, at_city(town))
    assert copy is not None
    with Image.open(io.BytesIO(copy)) as seen:
        assert (seen.format, seen.size) == ("JPEG", (EDGE_FOR_CREWS, EDGE_FOR_CREWS * 3 // 4))
    assert len(at_city(town).rpartition("/")[2]) >= 32


def test_a_city_that_wants_the_file_gets_it_and_no_link_is_needed(town: Town, mention_id: int) -> None:
    with_city(town, media="file")
    town.approve(mention_id)
    town.deliver()
    assert at_city(town).endswith("kept-photo.jpg")


def test_what_the_approver_leaves_out_does_not_go(town: Town, mention_id: int) -> None:
    town.desk.claim(mention_id, town.staff_id)
    seen = town.seen(mention_id)
    assert seen.request is not None
    town.desk.approve(mention_id, town.staff_id, replace(seen, request=replace(seen.request, with_photo=False)))
    town.deliver()
    assert at_city(town) == ""
    assert links(town) == [None]
    assert town.request_of(mention_id).revision == 2


def test_the_link_leads_nowhere_once_the_post_is_deleted(town: Town, mention_id: int) -> None:
    town.approve(mention_id)
    town.deliver()
    address = at_city(town)
    with town.database.write() as session:
        forget_post(
            session,
            session.exec(select(Post).where(Post.mention_id == mention_id)).one(),
            "listener",
            "its author deleted it",
            town.clock(),
        )
    assert copy_at(town, address) is None


def test_where_nobody_reaches_our_pages_no_link_is_made(town: Town, mention_id: int) -> None:
    with town.database.write() as session:
        assert open_link(session, town.request_of(mention_id).media_url, mention_id, "") == ""
    assert links(town) == [None]
