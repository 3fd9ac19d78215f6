"""What the fields of a Mastodon status mean to us, whoever asked for it. Source: docs.joinmastodon.org, entities."""

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any, ClassVar, Self

from models.posts import AttachmentKind, IncomingAttachment, IncomingAuthor, IncomingPost, PostKind, SentPost

KINDS = {
    "image": AttachmentKind.PHOTO,
    "video": AttachmentKind.VIDEO,
    "gifv": AttachmentKind.VIDEO,
    "audio": AttachmentKind.VOICE,
}
UNREADABLE = (LookupError, TypeError, AttributeError, ValueError)
"""What reading a status raises that is none."""


NAMED = re.compile(r"(?<![\w/])@(\w+(?:[.-]\w+)*)(@[\w.-]+\w)?")


def plain_text(html: str) -> str:
    """A status' words without its HTML: paragraphs and line breaks stay, a link is its whole address.

    Mastodon shows a link shortened, the rest hidden in spans; another server may put any words over it. Nothing of
    HTML is left to be shown: what hides in scripts and styles is dropped.
    """
    reader = _Words()
    reader.feed(html)
    reader.close()
    return reader.text()


class _Words(HTMLParser):
    BREAKS: ClassVar = {
        "p": "\n\n",
        "blockquote": "\n\n",
        "pre": "\n\n",
        "ul": "\n\n",
        "ol": "\n\n",
        "div": "\n",
        "li": "\n- ",
    }
    SILENT = frozenset({"script", "style", "template", "iframe"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._silent = 0
        self._link: str | None = None
        self._link_begins = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in self.SILENT:
            self._silent += 1
        elif tag == "br":
            self._pieces.append("\n")
        elif tag == "img":
            self._pieces.append(given.get("alt") or "")
        elif tag == "a":
            self._link, self._link_begins = given.get("href") or "", len(self._pieces)
        elif tag in self.BREAKS:
            self._pieces.append(self.BREAKS[tag])

    def handle_endtag(self, tag: str) -> None:
        if tag in self.SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "a" and self._link is not None:
            self._end_link(self._link)
            self._link = None
        elif tag in self.BREAKS and tag != "li":
            self._pieces.append(self.BREAKS[tag])

    def _end_link(self, href: str) -> None:
        shown = "".join(self._pieces[self._link_begins :]).strip()
        if not href.startswith(("http://", "https://")) or shown.startswith(("@", "#")):
            return  # a name, a hashtag, or nothing that can be opened
        bare = href.split("://", 1)[1]
        same = not shown or shown in href or bare.startswith(shown.rstrip("…").removeprefix("www."))
        self._pieces[self._link_begins :] = [href if same else f"{shown} ({href})"]

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._pieces.append(re.sub(r"[\r\n]+", " ", data))

    def text(self) -> str:
        """What was read, with no more than one empty line in a row."""
        lines = re.sub(r" *\n *", "\n", "".join(self._pieces))
        return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")


@dataclass(frozen=True, slots=True)
class Heard:
    """A listener's cursor: the newest notification heard, when it was made, and when the newest edit heard was made.

    Times are text that grows with time; ids are text and are never compared.
    """

    after: str = "0"
    at: str = ""
    edited: str = ""

    @classmethod
    def read(cls, cursor: str | None) -> Self:
        """What a cursor says; anything but one of ours begins with the oldest there is, and so loses nothing."""
        with suppress(*UNREADABLE):
            kept = json.loads(cursor or "")
            if kept["after"] and all(isinstance(kept[name], str) for name in ("after", "at", "edited")):
                return cls(kept["after"], kept["at"], kept["edited"])
        return cls()

    def moved(self, newest: Any) -> "Heard":
        """On to a notification, never back: a page may come twice."""
        at = when(newest["created_at"])
        return Heard(str(newest["id"]), at, self.edited) if at >= self.at else self

    def seen_edits(self, statuses: Iterable[Any]) -> "Heard":
        """The same, after the edits of some statuses."""
        return Heard(self.after, self.at, max([self.edited, *map(edited_at, statuses)]))

    def written(self) -> str:
        """The cursor to store."""
        return json.dumps({"after": self.after, "at": self.at, "edited": self.edited})


def when(moment: Any) -> str:
    """A time as text that grows with time; "" for anything else."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds") if isinstance(moment, datetime) else ""


def edited_at(status: Any) -> str:
    """When a status was last edited, as text that grows with time; "" where it never was."""
    return when(status.get("edited_at")) if isinstance(status, Mapping) else ""


def as_post(status: Any, kind: PostKind, our_id: str, root: str) -> IncomingPost:
    """A status as a post, in the thread that begins with `root`. Raises one of UNREADABLE.

    What is addressed to named people only ("direct") is a private talk, apart from the public thread it hangs in.
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
        author=IncomingAuthor(
            str(author["id"]), str(author["acct"]), str(author.get("display_name") or ""), bool(author.get("locked"))
        ),
        text=f"{warned}\n\n{words}" if warned else words,
        created_at=(status.get("edited_at") or status["created_at"]).astimezone(UTC),
        kind=PostKind.OWN if str(author["id"]) == our_id else kind,
        private=visibility == "direct",
        in_reply_to=str(parent) if parent else None,
        language_hint=str(status["language"]) if status.get("language") else None,
        url=str(status.get("url") or ""),
        attachments=[_attachment(file) for file in status.get("media_attachments") or ()],
        may_reply_reason="a bot named our account" if author.get("bot") else "the author named our account",
        reply_with={"acct": str(author["acct"]), "visibility": visibility},
        raw=json.loads(json.dumps(status, default=str)),
    )


def _attachment(file: Any) -> IncomingAttachment:
    where = str(file.get("url") or file.get("remote_url") or "")
    kind = KINDS.get(str(file.get("type")), AttachmentKind.DOCUMENT)
    return IncomingAttachment(str(file["id"]), kind, where, str(file.get("description") or ""))


def as_sent(status: Any) -> SentPost:
    """A status of ours as proof that it stands. Raises one of UNREADABLE."""
    return SentPost(str(status["id"]), status["created_at"].astimezone(UTC), str(status.get("url") or ""))


def same_words(status: Any, text: str) -> bool:
    """Whether a status says a text, as far as words survive a server: without names in front, and spaces."""
    return _letters(plain_text(str(status["content"]))) == _letters(text)


def _letters(text: str) -> str:
    return "".join(NAMED.sub(r"@\1", re.sub(r"^\s*(?:@[\w@.:-]+\s+)+", "", text)).split())
