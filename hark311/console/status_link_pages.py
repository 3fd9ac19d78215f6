"""What staff do about links to status pages: see and withdraw those of a case, and say which accounts give them."""

from collections.abc import Mapping

from fastapi import APIRouter
from sqlmodel import Session, select
from starlette.responses import RedirectResponse, Response

from hark311.console.visits import Approving, ConsoleHere, Supervising
from models import Account, Mention, record
from models.status_links import StatusLink, revoke
from responders.claims import require_scope
from responders.review import NotFound
from responders.status_link_texts import gives_links

router = APIRouter()


@router.post("/mentions/{mention_id}/status-links/{link_id}/withdraw")
def withdraw(console: ConsoleHere, sent: Approving, mention_id: int, link_id: int) -> Response:
    with console.product.database.write() as session:
        link = session.get(StatusLink, link_id, with_for_update=True)
        if link is None or link.mention_id != mention_id:
            raise NotFound(f"There is no link {link_id} to this case.")
        require_scope(session, session.get_one(Mention, mention_id), sent.visitor.staff)
        revoke(session, link, f"staff:{sent.visitor.id}", console.now())
    return RedirectResponse(f"/mentions/{mention_id}#status-links", status_code=303)


@router.post("/channels/{account_id}/status-links")
def switch(console: ConsoleHere, sent: Supervising, account_id: int) -> Response:
    """Whether answers of an account carry a link from now on. Links that were sent already go on."""
    with console.product.database.write() as session:
        account = session.get(Account, account_id, with_for_update=True)
        if account is None:
            raise NotFound(f"There is no account {account_id}.")
        account.status_links = sent.text("do") == "on"
        session.add(account)
        why = f"answers {'carry' if account.status_links else 'do not carry'} links to status pages"
        record(session, "Account", account_id, f"staff:{sent.visitor.id}", why, console.now())
    return RedirectResponse(f"/channels#account-{account_id}", status_code=303)


def links_by_account(session: Session) -> Mapping[int, bool]:
    """Which accounts give links."""
    return {one.id or 0: gives_links(one) for one in session.exec(select(Account)).all()}
