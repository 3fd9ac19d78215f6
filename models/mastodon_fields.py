"""What the fields of a Mastodon status mean to us, whoever asked for it. Source: docs.joinmastodon.org, entities."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from models.mastodon_words import plain_text
from models.posts import (
    AttachmentKind,
    IncomingAttachment,
    IncomingAuthor,
    IncomingPost,
    PostKind,
)

KINDS = {
    "image": AttachmentKind.PHOTO,
    "video": AttachmentKind.VIDEO,
    "gifv": AttachmentKind.VIDEO,
    "audio": AttachmentKind.VOICE,
}
OF_OTHERS = frozenset({"reblog", "quote", "quoted_status"})
"""Whole statuses of other people within a status. They are not kept: they would outlive their own deletion."""
UNREADABLE = (LookupError, TypeError, AttributeError, ValueError)
"""What reading a status raises that is none."""
HOW: Mapping[str, Any] = {"version_check_mode": "none", "ratelimit_method": "throw"}
"""How Mastodon.py is to work: any server will do, and waiting for one is ours to do."""


def when(moment: Any) -> str:
    """A time as text that grows with time; "" for anything else."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds") if isinstance(moment, datetime) else ""


def edited_at(status: Any) -> str:
    """When a status was last edited, as text that grows with time; "" where it never was."""
    return when(status.get("edited_at")) if isinstance(status, Mapping) else ""


def kept(sent: Any) -> Any:
    """What a server sent as JSON, as it may be kept."""

    def own(found: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in found.items() if name not in OF_OTHERS}

    return json.loads(json.dumps(sent, default=str), object_hook=own)


def account_in(me: Any) -> tuple[str, str]:
    """Id and @handle of an account. Raises ValueError for what is none."""
    if not (isinstance(me, Mapping) and me.get("id") and me.get("acct")):
        raise ValueError("Mastodon answered something that is no account")
    return str(me["id"]), str(me["acct"])


def profile_text(account: Any) -> str:
    """What an account says of itself, with its fields. Raises one of UNREADABLE."""
    return plain_text(" ".join([str(account["note"]), *(str(one["value"]) for one in account.get("fields") or ())]))


def as_post(status: Any, kind: PostKind, our_id: str, root: str) -> IncomingPost:
    """A status as a post, in the thread that begins with `root`. Raises one of UNREADABLE.

    What is addressed to named people only ("direct") is a private talk, apart from the public thread it hangs in. That
    an account approves its followers ("locked") says nothing of who may read a post, or answer it.
    """
    author, post_id, edited = status["account"], str(status["id"]), edited_at(status)
    warned, words = str(status.get("spoiler_text") or ""), plain_text(str(status["content"]))
    visibility, parent = str(status["visibility"]), status["in_reply_to_id"]
    if status.get("reblog"):
        kind = PostKind.REPOST
    return IncomingPost(
        post_id=f"{post_id}:{edited}" if edited else post_id,
        edit_chain=post_id,
        conversation_id=f"{root}/direct" if visibility == "direct" else root,
        author=IncomingAuthor(str(author["id"]), str(author["acct"]), str(author.get("display_name") or "")),
        text=f"{warned}\n\n{words}" if warned else words,
        created_at=(status.get("edited_at") or status["created_at"]).astimezone(UTC),
        kind=PostKind.OWN if str(author["id"]) == our_id else kind,
        private=visibility == "direct",
        in_reply_to=str(parent) if parent else None,
        language_hint=str(status["language"]) if status.get("language") else None,
        url=str(status.get("url") or ""),
        attachments=[_attachment(file) for file in status.get("media_attachments") or ()],
        may_reply_reason="a bot named our account" if author.get("bot") else "the author named our account",
        reply_with=reach_of(status),
        raw=kept(status),
    )


def speaks_to(status: Any, our_id: str) -> bool:
    """Whether a status names us, or answers one of ours."""
    named = any(str(one.get("id")) == our_id for one in status.get("mentions") or () if isinstance(one, Mapping))
    return named or str(status.get("in_reply_to_account_id") or "") == our_id


def _attachment(file: Any) -> IncomingAttachment:
    where = str(file.get("url") or file.get("remote_url") or "")
    kind = KINDS.get(str(file.get("type")), AttachmentKind.DOCUMENT)
    return IncomingAttachment(str(file["id"]), kind, where, str(file.get("description") or ""))


def original(post_id: str | None) -> str:
    """The id of a status; what stands behind : in a post's id is the version that was made by an edit."""
    return (post_id or "").partition(":")[0]


def refusal_in(error: Exception) -> tuple[int, str]:
    """HTTP status and the server's words in what Mastodon.py raises: (text, status, reason, words); else 0 and ""."""
    if error.args == ("Hit rate limit.",):
        return 429, ""
    if len(error.args) == 4 and isinstance(error.args[1], int):
        return error.args[1], str(error.args[3] or error.args[2])
    return 0, ""


def goes_on_at(reset: float | None, now: datetime) -> datetime:
    """When a server takes calls again; `reset` is what Mastodon.py read of it, in seconds since 1970."""
    return datetime.fromtimestamp(reset, UTC) if reset else now + timedelta(minutes=5)


def reach_of(status: Any) -> Mapping[str, str]:
    """Whom a status is by, and who may read it: what a reply to it is made with. Raises one of UNREADABLE."""
    return {"acct": str(status["account"]["acct"]), "visibility": str(status["visibility"])}
