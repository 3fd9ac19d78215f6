"""Where it is, told after the crew could not find it: a place given is a "not fixed" that says more about where."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from models import Attachment, Evidence, EvidenceKind, FixedQuestion, Mention, Post, Reply, Understanding
from models.places import Candidate
from models.posts import AttachmentKind
from models.threads import posts_of
from responders.template_keys import Key

ASKS_WHERE = frozenset({Key.STATUS_COULD_NOT_FIND, Key.STATUS_COULD_NOT_FIND_PRIVATE, Key.STATUS_COULD_NOT_FIND_BLOCK})
"""The wordings that ask where it is, and with that whether it is still there."""


def tells_where(session: Session, post: Post) -> bool:
    """Whether a post has a pin, is a photo alone, or names what we read as a place."""
    if post.lat is not None:
        return True
    if not post.text.strip():
        photo = select(Attachment.id).where(Attachment.post_id == post.id, Attachment.kind == AttachmentKind.PHOTO)
        return session.exec(photo.limit(1)).first() is not None
    return any(_of_post(post, one) for reading in _readings(session, post) for one in _places(reading))


def place_told(session: Session, question: FixedQuestion, mention: Mention) -> Candidate | None:
    """The newest place on the map that was told since we asked where it is; None where we asked no such thing."""
    asked = session.get_one(Reply, question.asked_reply_id)
    if asked.template_key not in ASKS_WHERE:
        return None
    for post in reversed(posts_of(session, mention.id or 0)):
        if post.created_at < question.asked_at:
            continue
        if post.lat is not None:
            return Candidate(kind="pin", name=post.pin_title, lat=post.lat, lon=post.lon)
        found = (one for reading in _readings(session, post) for one in reading.candidates() if one.lat is not None)
        if place := next((one for one in found if _of_post(post, one)), None):
            return place
    return None


def _readings(session: Session, post: Post) -> Sequence[Understanding]:
    """What was made of a post's mention, the newest first."""
    made = select(Understanding).where(Understanding.mention_id == post.mention_id)
    return session.exec(made.order_by(col(Understanding.id).desc())).all()


def _places(reading: Understanding) -> list[Candidate | Evidence]:
    named = [one for one in reading.evidence_spans() if one.kind == EvidenceKind.LOCATION]
    return [*reading.candidates(), *named]


def _of_post(post: Post, place: Candidate | Evidence) -> bool:
    """Whether a place was read in the words of a post; a pin has none."""
    return place.post_id == post.id and place.end > place.start
