"""A conversation as the mention page shows it: every post of theirs and ours, in its newest version."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

from sqlmodel import Session, col, select

from hark311.console import words
from hark311.console.differences import Part, difference
from hark311.console.evidence import weighed_in
from hark311.console.marks import Piece, notes, pieces
from hark311.console.queries import spans_in
from models import (
    Account,
    Attachment,
    Author,
    Mention,
    ModerationClause,
    ModerationKind,
    Post,
    Reply,
    ReplyState,
    Understanding,
)
from models.posts import PostKind
from responders.moderation import hidden_acts, muted

THREAD_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier version, and word by word what the next one made of it."""

    at: datetime
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class Folded:
    """The act of moderation under which a post is folded: its words stay one click away."""

    act_id: int
    kind: ModerationKind
    clause: int
    until: datetime


@dataclass(frozen=True, slots=True)
class ThreadPost:
    """A post as the thread shows it, with its earlier versions, oldest first."""

    author: str
    ours: bool
    about_this: bool
    pieces: list[Piece]
    notes: list[str]
    language: str
    at: datetime
    url: str
    deleted: bool
    pin: str
    attachments: list[Attachment]
    earlier: list[Earlier] = field(default_factory=list)
    album: str | None = None
    folded: Folded | None = None


def thread_of(
    session: Session,
    mention: Mention,
    account: Account,
    understanding: Understanding | None,
    replies: Sequence[Reply],
    now: datetime,
) -> tuple[list[ThreadPost], bool]:
    """The conversation, oldest first, and whether older posts of it were left out."""
    newest = session.exec(
        select(Post)
        .where(Post.conversation_id == mention.conversation_id, Post.kind != PostKind.REPOST)
        .order_by(col(Post.id).desc())
        .limit(THREAD_SHOWN + 1)
    ).all()
    posts = list(reversed(newest[:THREAD_SHOWN]))
    if not posts:
        return _sent_but_not_heard(replies, set(), _us(account)), False
    authors = session.exec(select(Author).where(col(Author.id).in_({post.author_id for post in posts}))).all()
    called = {author.id: author.called for author in authors}
    attachments: dict[int, list[Attachment]] = {}
    for one in session.exec(select(Attachment).where(col(Attachment.post_id).in_([post.id for post in posts]))).all():
        attachments.setdefault(one.post_id, []).append(one)
    chains: dict[str, list[Post]] = {}
    for post in posts:
        chains.setdefault(post.edit_chain, []).append(post)
    us = _us(account)
    folds = folds_of(session, posts, now)
    shown = [
        _thread_post(versions, mention, understanding, called, attachments, us, folds) for versions in chains.values()
    ]
    thread = _albums_as_one(shown)
    thread += _sent_but_not_heard(replies, {post.channel_post_id for post in posts}, us)
    return sorted(thread, key=lambda one: one.at), len(newest) > THREAD_SHOWN


def _us(account: Account) -> str:
    return f"@{account.handle}" if account.handle else account.name


def _thread_post(
    versions: list[Post],
    mention: Mention,
    understanding: Understanding | None,
    called: dict[int | None, str],
    attachments: dict[int, list[Attachment]],
    us: str,
    folds: Mapping[int | None, Folded],
) -> ThreadPost:
    versions.sort(key=lambda version: (version.created_at, version.id or 0))
    post = versions[-1]
    ours = post.kind == PostKind.OWN
    about_this = post.mention_id == mention.id
    spans = spans_in(understanding, post.id) if about_this else []
    return ThreadPost(
        author=us if ours else called.get(post.author_id, "a resident"),
        ours=ours,
        about_this=about_this,
        pieces=pieces(post.text, spans, weighed_in(understanding, post.id) if about_this else ()),
        notes=notes(spans),
        language=_language_of(post, understanding if about_this else None),
        at=versions[0].created_at,
        url=post.url,
        deleted=post.deleted_at is not None,
        pin=_pin(post),
        attachments=[one for version in versions for one in attachments.get(version.id or 0, [])],
        earlier=[
            Earlier(one.created_at, difference(one.text, after.text))
            for one, after in pairwise(versions)
            if one.deleted_at is None
        ],
        album=post.album,
        folded=folds.get(post.id),
    )


def folds_of(session: Session, posts: Sequence[Post], now: datetime) -> dict[int | None, Folded]:
    """Which of these posts are folded: those that are hidden, and what a muted or blocked author writes."""
    theirs = [one for one in posts if one.kind != PostKind.OWN]
    hidden = hidden_acts(session, [one.id for one in theirs if one.id], now)
    silent = muted(session, {one.author_id for one in theirs if one.author_id}, now)
    acts = {one.id: hidden.get(one.id or 0) or silent.get(one.author_id or 0) for one in theirs}
    clauses = {act.clause_id for act in acts.values() if act}
    numbers = dict(
        session.exec(
            select(ModerationClause.id, ModerationClause.position).where(col(ModerationClause.id).in_(clauses))
        ).all()
    )
    return {
        post_id: Folded(act.id or 0, act.kind, numbers.get(act.clause_id, 0), act.expires_at)
        for post_id, act in acts.items()
        if act
    }


def _albums_as_one(posts: Sequence[ThreadPost]) -> list[ThreadPost]:
    """What was sent as one is shown as one: the parts of an album as a single post with all pictures and words."""
    shown: list[ThreadPost] = []
    begun: dict[tuple[str, str], int] = {}
    for post in posts:
        place = begun.get((post.author, post.album)) if post.album else None
        if place is None:
            if post.album:
                begun[post.author, post.album] = len(shown)
            shown.append(post)
            continue
        first = shown[place]
        between = [Piece("\n")] if first.pieces and post.pieces else []
        shown[place] = replace(
            first,
            about_this=first.about_this or post.about_this,
            pieces=[*first.pieces, *between, *post.pieces],
            notes=[*first.notes, *post.notes],
            deleted=first.deleted and post.deleted,
            attachments=[*first.attachments, *post.attachments],
            earlier=[*first.earlier, *post.earlier],
            folded=first.folded or post.folded,
        )
    return shown


def _language_of(post: Post, understanding: Understanding | None) -> str:
    tag = understanding.language if understanding and understanding.language != "und" else post.language_hint
    return words.html_language(tag)


def _pin(post: Post) -> str:
    if post.lat is None or post.lon is None:
        return ""
    within = f", within {post.pin_accuracy_m:.0f} m" if post.pin_accuracy_m else ""
    return f"{post.pin_title + ' · ' if post.pin_title else ''}{post.lat:.5f}, {post.lon:.5f}{within}"


def _sent_but_not_heard(replies: Iterable[Reply], heard: set[str], us: str) -> list[ThreadPost]:
    """Our sent replies that the channel has not shown us as posts (Telegram never does)."""
    return [
        ThreadPost(
            author=us,
            ours=True,
            about_this=True,
            pieces=[Piece(reply.sent_text or reply.approved_text)],
            notes=[],
            language=reply.language,
            at=reply.sent_at,
            url=reply.sent_url,
            deleted=False,
            pin="",
            attachments=[],
        )
        for reply in replies
        if reply.state == ReplyState.SENT and reply.sent_at and reply.sent_post_id not in heard
    ]
