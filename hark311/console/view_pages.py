"""Saving a view of the queue under a name, and giving it up. A supervisor may share one with everybody."""

from fastapi import APIRouter, Request
from sqlmodel import Session, col, func, select
from starlette.responses import RedirectResponse, Response

from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.queue_filters import normal_query
from hark311.console.views import BY_KEY
from hark311.console.visits import ConsoleHere, NotAllowed, Submission, Submitting, Viewing, Visitor
from models import Power, SavedView
from models.saved_views import LONGEST_NAME, MOST_VIEWS, views_for

router = APIRouter(prefix="/queue/views")


@router.get("")
def show_views(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    return _show(request, console, visitor)


@router.post("")
def save(request: Request, console: ConsoleHere, sent: Submitting) -> Response:
    """Keep the view and the filters that stand in the form; a name used before is overwritten."""
    query = normal_query(sent.text("query"), tuple(BY_KEY))
    name, shared = " ".join(sent.text("name").split()), bool(sent.text("shared"))
    if shared and not sent.visitor.staff.may(Power.SUPERVISE):
        raise NotAllowed(Power.SUPERVISE)
    with console.product.database.write() as session:
        refused = _refusal(session, sent, name, shared=shared)
        if not refused:
            view = _existing(session, sent, name, shared=shared) or SavedView(
                staff_id=sent.visitor.id, name=name, query="", shared=shared, made_at=console.now()
            )
            view.query = query
            session.add(view)
    if refused:
        return _show(request, console, sent.visitor, refused, sent)
    return RedirectResponse(f"/queue?{query}", status_code=303)


@router.post("/{view_id}/drop")
def drop(console: ConsoleHere, sent: Submitting, view_id: int) -> Response:
    """Give up a view: one's own, or as a supervisor any shared one."""
    with console.product.database.write() as session:
        view = session.get(SavedView, view_id)
        if view is not None:
            if view.staff_id != sent.visitor.id and not (view.shared and sent.visitor.staff.may(Power.SUPERVISE)):
                raise NotAllowed(Power.SUPERVISE)
            session.delete(view)
    return RedirectResponse("/queue/views", status_code=303)


def _refusal(session: Session, sent: Submission, name: str, *, shared: bool) -> str:
    if not name:
        return "Give the view a name, so that you find it again."
    if len(name) > LONGEST_NAME:
        return f"The name has {len(name)} characters; {LONGEST_NAME} fit beside the list."
    if _existing(session, sent, name, shared=shared) is not None:
        return ""
    kept = select(func.count()).select_from(SavedView).where(col(SavedView.shared).is_(shared))
    if not shared:
        kept = kept.where(SavedView.staff_id == sent.visitor.id)
    whose = "shared views" if shared else "views of your own"
    return (
        f"There are {MOST_VIEWS} {whose} already. Give one up first." if session.exec(kept).one() >= MOST_VIEWS else ""
    )


def _existing(session: Session, sent: Submission, name: str, *, shared: bool) -> SavedView | None:
    of_name = select(SavedView).where(SavedView.name == name, col(SavedView.shared).is_(shared))
    if not shared:
        of_name = of_name.where(SavedView.staff_id == sent.visitor.id)
    return session.exec(of_name).first()


def _show(
    request: Request, console: Console, visitor: Visitor, refused: str = "", sent: Submission | None = None
) -> Response:
    with console.product.database.read() as session:
        views = views_for(session, visitor.id)
    return signed_in_page(
        request,
        console,
        visitor,
        "saved_views.html",
        422 if refused else 200,
        views=views,
        refused=refused,
        name=sent.text("name") if sent else "",
        query=normal_query(sent.text("query"), tuple(BY_KEY)) if sent else "",
        may_share=visitor.staff.may(Power.SUPERVISE),
    )
