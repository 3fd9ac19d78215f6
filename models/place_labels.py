"""What people confirmed about places: the posts behind requests that a person approved, and where they name the place.

The only door from confirmed drafts to the training of places.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from models.channels import Account, Channel
from models.lifecycle import RequestState
from models.mentions import Post
from models.posts import PostKind
from models.requests import ServiceRequest
from models.threads import newest_versions
from models.understandings import EvidenceKind, Understanding


@dataclass(frozen=True, slots=True)
class PlaceSpan:
    """Code points `start` to `end` of a text. `kind`: of a place, in the words of the classifier; "" if unknown."""

    start: int
    end: int
    kind: str = ""


@dataclass(frozen=True, slots=True)
class ConfirmedPlaces:
    """One post and the places in it that a person left standing or wrote down."""

    text: str
    spans: tuple[PlaceSpan, ...]


def confirmed_places(session: Session) -> Iterator[ConfirmedPlaces]:
    """What finding places may learn from: the posts behind every approved request, oldest first.

    A person confirmed the place where the request went out with the words we had found, with one of the candidates, or
    with words that stand in the post; then everything found in the post counts. Where the person wrote something else,
    nothing is known about the post's own words, and it is left out. So are posts from X (invariant 11) and deleted ones
    (invariant 6).
    """
    approved = session.exec(
        select(ServiceRequest.id)
        .where(col(ServiceRequest.approved_at).is_not(None), ServiceRequest.state != RequestState.CANCELLED)
        .order_by(col(ServiceRequest.id))
    ).all()
    for request_id in approved:
        request = session.get_one(ServiceRequest, request_id)
        posts = _posts(session, request.mention_id)
        understanding = _read_before(session, request)
        if posts and understanding is not None:
            yield from _confirmed(request.address_string.strip(), posts, understanding)


def _posts(session: Session, mention_id: int) -> list[Post]:
    rows = session.exec(
        select(Post)
        .join(Account, col(Account.id) == Post.account_id)
        .where(
            Post.mention_id == mention_id,
            Post.kind == PostKind.MENTION,
            col(Post.deleted_at).is_(None),
            Account.channel != Channel.X,
        )
        .order_by(col(Post.id))
    ).all()
    return [post for post in newest_versions(rows) if post.text.strip()]


def _read_before(session: Session, request: ServiceRequest) -> Understanding | None:
    """What the person had before them who approved the request."""
    return session.exec(
        select(Understanding)
        .where(
            Understanding.mention_id == request.mention_id,
            col(Understanding.created_at) <= request.approved_at,
            Understanding.failure == "",
        )
        .order_by(col(Understanding.id).desc())
    ).first()


def _confirmed(address: str, posts: Sequence[Post], understanding: Understanding) -> list[ConfirmedPlaces]:
    written = {post.id or 0: _written_in(post.text, address) for post in posts}
    found = {post.id or 0: _found_in(post, understanding) for post in posts}
    kept = address in {understanding.location_phrase.strip(), *(one.name for one in understanding.candidates())}
    nothing = not address and not any(found.values())
    if not (kept and any(found.values())) and not nothing and not any(written.values()):
        return []
    return [ConfirmedPlaces(post.text, _together(written[post.id or 0], found[post.id or 0])) for post in posts]


def _written_in(text: str, address: str) -> tuple[PlaceSpan, ...]:
    """Where the address stands in the text word for word."""
    if not address:
        return ()
    pattern = r"\s+".join(map(re.escape, address.split()))
    match = re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE)
    return (PlaceSpan(*match.span()),) if match else ()


def _found_in(post: Post, understanding: Understanding) -> tuple[PlaceSpan, ...]:
    spans = {
        PlaceSpan(one.start, one.end, one.rule.partition(":")[0])
        for one in understanding.evidence_spans()
        if one.kind is EvidenceKind.LOCATION and one.post_id == post.id and one.start < one.end <= len(post.text)
    }
    return tuple(sorted(spans, key=lambda one: one.start))


def _together(written: Sequence[PlaceSpan], found: Sequence[PlaceSpan]) -> tuple[PlaceSpan, ...]:
    """What the person wrote, and what was found beside it."""
    same = {(one.start, one.end): one for one in found}
    first = [same.get((one.start, one.end), one) for one in written]
    beside = [two for two in found if not any(one.start < two.end and two.start < one.end for one in first)]
    return tuple(sorted([*first, *beside], key=lambda one: one.start))
