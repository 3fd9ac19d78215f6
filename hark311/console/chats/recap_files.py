"""A chat as files: the public transcript without private data, and the desk's own export with what was decided."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from html import escape
from typing import Any

from hark311.console.sheets import Cell, Sheet, cell
from models import ChatAnswer, ChatPerson, ChatQuestion, ChatTask, StaffUser, TweetChat
from responders.chats.recap_figures import Figures
from responders.chats.recap_posts import Line, Row

TRANSCRIPT = ("time_utc", "question", "network", "author", "ours", "language", "words", "link", "withheld", "clause")
"""Columns of the public transcript. `withheld` says why `words` is empty; `author` only where a post was chosen."""
EXPORT = (
    "entry",
    "time_utc",
    "network",
    "post_id",
    "link",
    "author",
    "ours",
    "private",
    "language",
    "lane",
    "lane_by",
    "question",
    "linked_how",
    "reposts",
    "words",
    "answered_utc",
    "answered_how",
    "answer",
    "chosen",
    "hidden_under_clause",
)
"""Columns of the desk's export, in order."""


def transcript_json(chat: TweetChat, lines: Sequence[Line]) -> dict[str, Any]:
    """The public transcript for programs."""
    return {
        "chat": {"title": chat.title, "hashtag": chat.hashtag, "starts_at": chat.starts_at.isoformat()},
        "posts": [_public(line) for line in lines],
    }


def transcript_sheet(chat: TweetChat, lines: Sequence[Line]) -> Sheet:
    """The same as a table."""
    rows = [tuple(_cell(one) for one in _public(line).values()) for line in lines]
    return Sheet(f"transcript-{chat.slug}", f"Transcript: {chat.title}", TRANSCRIPT, rows)


def export_sheet(chat: TweetChat, posts: Sequence[Mapping[str, Any]]) -> Sheet:
    """The desk's export as a table."""
    rows = [tuple(_cell(post[column]) for column in EXPORT) for post in posts]
    return Sheet(f"chat-{chat.id}", chat.title, EXPORT, rows, "Nobody has written in this chat.")


def export_post(row: Row, question: int | None, words: str, answer: str) -> dict[str, Any]:
    """One post as the desk's export has it. `words` "" where they may not be handed on."""
    entry = row.entry
    values = (
        entry.id,
        entry.said_at.isoformat(),
        row.account.channel.value,
        row.post.channel_post_id,
        row.link,
        row.account.handle if row.ours else row.author.called if row.author and not row.private else "",
        row.ours,
        row.private,
        row.language,
        entry.lane.value,
        "rule" if entry.lane_by == "rule" else "a person",
        question,
        entry.linked_how.value,
        entry.reposts,
        words,
        entry.answered_at.isoformat() if entry.answered_at else None,
        entry.answered_how.value if entry.answered_how else None,
        answer,
        entry.chosen,
        row.clause or None,
    )
    return dict(zip(EXPORT, values, strict=True))


def export_plan(
    chat: TweetChat,
    questions: Sequence[ChatQuestion],
    people: Sequence[ChatPerson],
    bank: Sequence[ChatAnswer],
    tasks: Sequence[ChatTask],
    names: Mapping[int, StaffUser],
) -> dict[str, Any]:
    """What the export says of the chat besides its posts."""
    return {
        "id": chat.id,
        "title": chat.title,
        "about": chat.about,
        "hashtag": chat.hashtag,
        "state": chat.state.value,
        "starts_at": chat.starts_at.isoformat(),
        "opened_at": _said(chat.opened_at),
        "ended_at": _said(chat.ended_at),
        "languages": list(chat.languages),
        "people": [{"shown_as": one.shown_as, "part": one.part.value} for one in people],
        "questions": [
            {"number": one.number, "words": one.words, "asked_at": _said(one.asked_at), "skipped": bool(one.skipped_at)}
            for one in questions
        ],
        "bank": [{"label": one.label, "language": one.language, "text": one.text, "used": one.used} for one in bank],
        "tasks": [
            {
                "kind": one.kind.value,
                "words": one.words,
                "office": one.owner_name,
                "owner": names[one.owner_id].display_name if one.owner_id and one.owner_id in names else "",
                "due_on": _said(one.due_on),
                "done_at": _said(one.done_at),
                "outcome": one.outcome,
            }
            for one in tasks
        ],
    }


def export_html(title: str, plan: Mapping[str, Any], sheet: Sheet) -> str:
    """The export as one plain file that needs nothing beside it."""
    head = "".join(f'<th scope="col">{escape(one.replace("_", " "))}</th>' for one in sheet.columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(one.shown)}</td>' for one in row)}</tr>" for row in sheet.rows)
    asked = "".join(
        f"<li>Q{one['number']} {escape(' / '.join(one['words'].values()))}</li>" for one in plan["questions"]
    )
    left = "".join(
        f"<li>{escape(': '.join(filter(None, (one['kind'], one['words'], one['outcome']))))}</li>"
        for one in plan["tasks"]
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head><body><main>'
        f"<h1>{escape(title)}</h1><h2>Questions</h2><ul>{asked}</ul><h2>What is left to do</h2><ul>{left}</ul>"
        f"<h2>Posts</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></main></body></html>"
    )


def export_figures(figures: Figures) -> dict[str, Any]:
    """The figures for programs: times in seconds."""
    return asdict(figures)


def _public(line: Line) -> dict[str, Any]:
    values = (
        line.at.isoformat(),
        line.question,
        line.channel.value,
        line.author,
        line.ours,
        line.language,
        line.words,
        line.link,
        line.withheld.value if line.withheld else "",
        line.clause or None,
    )
    return dict(zip(TRANSCRIPT, values, strict=True))


def _cell(value: object) -> Cell:
    if isinstance(value, bool):
        return cell("yes" if value else "")
    return cell(value if isinstance(value, str | int | float) else None)


def _said(at: datetime | date | None) -> str | None:
    return at.isoformat() if at else None
