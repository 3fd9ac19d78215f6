"""Photos that no channel shows by an address, such as Telegram's: our small copy, and the address it has for the city.

A request holds "kept:42" for such a photo (Attachment.id). Only when the request leaves, approved, does the copy get an
address nobody can guess; it is gone with the post.
"""

import secrets

from sqlmodel import Session, col, select

from models.mentions import Attachment, Post
from models.thumbnails import Thumbnail

PATH = "/photos/"
KEPT = "kept:"


def media_of(photo: Attachment | None) -> str:
    """What a request holds for a photo: its public address, or which of ours it is; "" for none."""
    if photo is None:
        return ""
    return photo.url if photo.url.startswith("https://") else f"{KEPT}{photo.id}"


def copy_of(session: Session, media_url: str, mention_id: int) -> bytes | None:
    """Our copy of a photo that a request holds, a JPEG; None for what has an address, or is not here any more.

    `mention_id`: whose request it is; no photo of another's goes with it.
    """
    found = _kept(session, media_url, mention_id)
    return found[1] if found else None


def open_link(session: Session, media_url: str, mention_id: int, base: str) -> str:
    """The address under which the city can fetch a photo; "" where there is none.

    `base`: where anybody reaches our pages; "" where nobody does. Makes the link: call it when the request leaves.
    """
    if not media_url.startswith(KEPT):
        return media_url
    found = _kept(session, media_url, mention_id)
    if found is None or not base:
        return ""
    photo = found[0]
    photo.link = photo.link or secrets.token_urlsafe(24)
    session.add(photo)
    return f"{base}{PATH}{photo.link}"


def linked_copy(session: Session, link: str) -> bytes | None:
    """The copy that a link leads to; None where it leads nowhere."""
    copies = select(Thumbnail.content).join(Attachment, col(Attachment.id) == Thumbnail.attachment_id)
    return session.exec(copies.where(Attachment.link == link)).first()


def _kept(session: Session, media_url: str, mention_id: int) -> tuple[Attachment, bytes] | None:
    number = media_url.removeprefix(KEPT)
    if number == media_url or not number.isdecimal():
        return None
    photo, copy = session.get(Attachment, int(number)), session.get(Thumbnail, int(number))
    if photo is None or copy is None or copy.content is None:
        return None
    post = session.get(Post, photo.post_id)
    return (photo, copy.content) if post and post.mention_id == mention_id else None
