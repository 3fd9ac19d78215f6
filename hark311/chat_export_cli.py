"""`hark chats export`: a chat with every post and what was decided about it, as a file."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from hark311.terminal import Data, fail, settings_of, stored, told

BY = "hark chats"


class ExportFormat(StrEnum):
    JSON = "json"
    CSV = "csv"
    HTML = "html"


@told
def export(
    chat: Annotated[int, typer.Argument(help="Number of the chat, as `hark chats` lists it.")],
    written: Annotated[ExportFormat, typer.Option("--format", help="json, csv or html.")] = ExportFormat.JSON,
    data: Data = None,
) -> None:
    """Write a chat to standard output, private details struck out. The export is on record.

    Example: `hark chats export 3 --format csv > chat.csv`
    """
    from hark311.chat_export import export_chat
    from hark311.console.chats.recap_files import export_html, export_sheet
    from hark311.console.sheets import csv_text
    from hark311.wiring import redact_for
    from models import TweetChat, utc_now

    settings = settings_of("hark", data)
    with stored(settings).write() as session:
        found = session.get(TweetChat, chat)
        if found is None:
            fail(f"There is no chat {chat}.", 2)
        made = export_chat(session, found, BY, redact_for(settings), utc_now())
        match written:
            case ExportFormat.JSON:
                text = json.dumps(made.as_dict(), indent=2, ensure_ascii=False)
            case ExportFormat.CSV:
                text = csv_text(export_sheet(found, made.posts))
            case ExportFormat.HTML:
                text = export_html(found.title, made.plan, export_sheet(found, made.posts))
    typer.echo(text, nl=written is not ExportFormat.CSV)
