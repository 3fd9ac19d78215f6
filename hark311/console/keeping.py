"""What was typed on a mention's page is kept before anything else is done there, or shown again for copying."""

from starlette.responses import HTMLResponse

from hark311.console import mention_queries
from hark311.console.decisions import form_of_submission
from hark311.console.pages import Console
from hark311.console.visits import Submission, typed


def keep_typed(console: Console, sent: Submission, mention_id: int, title: str) -> HTMLResponse | None:
    """Claim the mention and keep what was typed; a page with it for copying where that would lose something.

    A bare button, without the form around it, keeps nothing. Raises NotYours.
    """
    if "reply_text" not in sent.fields:
        return None
    with console.product.database.read() as session:
        page = mention_queries.mention_page(session, mention_id, console.now())
    form = form_of_submission(sent)
    problems = form.problems()
    if form.seen_version != page.mention.version:
        problems.append("The author wrote or changed something meanwhile. Read the thread again.")
    if problems:
        return not_done(console, sent, mention_id, problems, title)
    console.product.desk.claim(mention_id, sent.visitor.id)
    console.product.desk.save(mention_id, sent.visitor.id, form.kept(page))
    return None


def not_done(
    console: Console, sent: Submission, mention_id: int, reasons: list[str], title: str, part: str = ""
) -> HTMLResponse:
    """Why something was not done, with what was typed and the way back. `part`: "#neighbours" and the like."""
    link = (f"/mentions/{mention_id}{part}", "Back to the mention")
    return console.page("trouble.html", 409, title=title, sentences=reasons, typed=typed(sent.fields), link=link)
