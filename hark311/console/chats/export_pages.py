"""The desk's export of a chat: to read and print, as a table, and for programs."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from hark311.chat_export import X_A_DAY, Export, export_chat
from hark311.console.chats.plan_queries import chat_here
from hark311.console.chats.recap_files import EXPORT, export_sheet
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.sheets import as_csv
from hark311.console.visits import ChatVisitor, ConsoleHere, ViewingPlan

router = APIRouter(prefix="/chats/{chat_id}")

NO_COPY = {"cache-control": "no-store"}


@router.get("/export.html")
def export_html(request: Request, console: ConsoleHere, there: ViewingPlan, chat_id: int) -> Response:
    """To read and print."""
    export = _export(console, there, chat_id)
    answer = signed_in_page(
        request,
        console,
        there.visitor,
        "chats/export.html",
        chat=export.chat,
        export=export,
        columns=[one.replace("_", " ") for one in EXPORT],
        rows=export_sheet(export.chat, export.posts).rows,
        most=X_A_DAY,
    )
    answer.headers.update(NO_COPY)
    return answer


@router.get("/export.csv")
def export_csv(console: ConsoleHere, there: ViewingPlan, chat_id: int) -> Response:
    """As a table that no spreadsheet takes for formulas."""
    export = _export(console, there, chat_id)
    answer = as_csv(export_sheet(export.chat, export.posts))
    answer.headers.update(NO_COPY)
    return answer


@router.get("/export.json")
def export_json(console: ConsoleHere, there: ViewingPlan, chat_id: int) -> Response:
    """For programs."""
    export = _export(console, there, chat_id)
    name = f'attachment; filename="hark311-chat-{chat_id}.json"'
    return JSONResponse(export.as_dict(), headers={**NO_COPY, "content-disposition": name})


def _export(console: Console, there: ChatVisitor, chat_id: int) -> Export:
    with console.product.database.write() as session:
        chat = chat_here(session, chat_id)
        return export_chat(session, chat, f"staff:{there.visitor.id}", console.product.redact, console.now())
