"""The mention page: read, draft, decide."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, BackgroundTasks, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hark311.console import case_words, mention_queries, queue_queries, spend_queries
from hark311.console.asked_queries import asked_card, not_ours
from hark311.console.assignment_queries import assigning_of
from hark311.console.card_queries import answers_for
from hark311.console.case_queries import case_of
from hark311.console.composing import composer_of
from hark311.console.decisions import DecisionForm, form_of_page, form_of_submission, known_intent
from hark311.console.delivery_queries import deliveries
from hark311.console.evidence_lines import lines_of
from hark311.console.fixed_queries import asked_of
from hark311.console.frame import signed_in_page
from hark311.console.history import history
from hark311.console.key_queries import handing_of, ticked_as_handed_on
from hark311.console.live_pages import looking_at
from hark311.console.mention_queries import MentionPage
from hark311.console.neighbour_queries import neighbour_card
from hark311.console.notes_queries import notes_of
from hark311.console.pages import Console
from hark311.console.picture_queries import picture_card
from hark311.console.place_queries import belongs, dots_of, place_card
from hark311.console.preview import preview
from hark311.console.question_pages import asks_of
from hark311.console.translation_queries import back_translation, translation_card
from hark311.console.two_clocks import two_clocks
from hark311.console.visits import Approving, ConsoleHere, Drafting, Submission, Viewing, Visitor
from models import MentionState, scope_of
from models.job_names import SEND_REPLY, SUBMIT_REQUEST
from models.status_links import links_of
from responders.keys import Keys
from responders.placing import choose_place, clear_place
from responders.review import NotApproved
from responders.signing import with_sign_off

router = APIRouter(prefix="/mentions/{mention_id}")

REDRAFTED = "anew"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why what a person asked for was not done, and whether it was asked for at all."""

    title: str
    reasons: list[str]


@router.get("")
def show_mention(
    request: Request,
    console: ConsoleHere,
    visitor: Viewing,
    mention_id: int,
    intent: str | None = None,
    reply: str = "",
) -> Response:
    """`intent`: one that was chosen on this page and kept with the words, not decided on yet.

    `reply`: REDRAFTED where the reply was drafted anew just now, because the place changed.
    """
    page = read_page(console, mention_id)
    with console.product.database.read() as session:
        form = ticked_as_handed_on(session, page, form_of_page(page, intent))
    return _show(request, console, visitor, page, form, redrafted=reply == REDRAFTED)


@router.post("/preview")
def check(request: Request, console: ConsoleHere, sent: Drafting, mention_id: int) -> Response:
    """What stands in the form, as it will be posted, with what speaks against it. Nothing is kept."""
    page, form = read_page(console, mention_id), form_of_submission(sent)
    if "hx-request" not in request.headers:
        return _show(request, console, sent.visitor, page, form)
    return console.page("preview.html", page=page, form=form, **_judged(console, sent.visitor, page, form))


@router.post("/claim")
@router.post("/save")
def keep(request: Request, console: ConsoleHere, sent: Drafting, mention_id: int) -> Response:
    """Take the mention, or prolong the claim, and keep what was typed."""
    console.product.desk.claim(mention_id, sent.visitor.id)
    return _keep(request, console, sent, mention_id) or _back(mention_id, _chosen_intent(sent))


@router.post("/release")
def release(request: Request, console: ConsoleHere, sent: Drafting, mention_id: int) -> Response:
    """Give the mention back to the queue with what was typed."""
    if refused := _keep(request, console, sent, mention_id):
        return refused
    console.product.desk.release(mention_id, sent.visitor.id)
    return _back(mention_id)


@router.post("/approve")
def approve(
    request: Request, console: ConsoleHere, sent: Approving, mention_id: int, after: BackgroundTasks
) -> Response:
    page, form = read_page(console, mention_id), form_of_submission(sent)
    desk = console.product.desk
    try:
        if problems := form.problems():
            raise NotApproved(problems)
        if page.mention.state in (MentionState.DRAFTED, MentionState.IN_REVIEW):
            desk.claim(mention_id, sent.visitor.id)
        approved = desk.approve(mention_id, sent.visitor.id, form.decided())
    except NotApproved as error:
        return refuse(request, console, sent, mention_id, form, Refused("Not approved", error.reasons))
    if approved.request_id is not None:
        after.add_task(console.product.nudge, SUBMIT_REQUEST, approved.request_id)
    if approved.reply_id is not None:
        after.add_task(console.product.nudge, SEND_REPLY, approved.reply_id)
    return _back(mention_id)


@router.post("/place")
def change_place(request: Request, console: ConsoleHere, sent: Drafting, mention_id: int) -> Response:
    """Put a place we found into the request ("UNDERSTANDING.INDEX"), or clear it ("none"); all else typed is kept."""
    desk, staff_id, wanted = console.product.desk, sent.visitor.id, sent.text("place")
    desk.claim(mention_id, staff_id)
    if refused := _keep(request, console, sent, mention_id):
        return refused
    try:
        if wanted == "none":
            redrafted = clear_place(desk, mention_id, staff_id)
        else:
            redrafted = choose_place(desk, mention_id, staff_id, *_candidate(wanted))
    except NotApproved as error:
        return refuse(request, console, sent, mention_id, None, Refused("The place was not changed", error.reasons))
    return _back(mention_id, _chosen_intent(sent), REDRAFTED if redrafted else "", "#where")


@router.post("/reject")
def reject(request: Request, console: ConsoleHere, sent: Approving, mention_id: int) -> Response:
    return _put_away(request, console, sent, mention_id, aside=False)


@router.post("/set-aside")
def set_aside(request: Request, console: ConsoleHere, sent: Approving, mention_id: int) -> Response:
    return _put_away(request, console, sent, mention_id, aside=True)


@router.post("/take-back")
def take_back(request: Request, console: ConsoleHere, sent: Approving, mention_id: int) -> Response:
    try:
        console.product.desk.take_back(mention_id, sent.visitor.id)
    except NotApproved as error:
        return refuse(request, console, sent, mention_id, None, Refused("Not taken back", error.reasons))
    return _back(mention_id)


@router.post("/reopen")
def reopen(request: Request, console: ConsoleHere, sent: Approving, mention_id: int) -> Response:
    try:
        console.product.desk.reopen(mention_id, sent.visitor.id, sent.text("reason"))
    except NotApproved as error:
        return refuse(request, console, sent, mention_id, None, Refused("Not opened again", error.reasons))
    return _back(mention_id)


@router.get("/news")
def show_news(
    console: ConsoleHere, visitor: Viewing, mention_id: int, version: int = 0, seen: int = 0, holder: int = 0
) -> HTMLResponse:
    """Whether the thread, the state or the claim changed since the page was made."""
    with console.product.database.read() as session:
        news = mention_queries.news(session, mention_id, console.now(), (version, seen, holder), visitor.id)
    return console.page("news.html", news=news, query=urlencode({"version": version, "seen": seen, "holder": holder}))


@router.get("/delivery")
def show_delivery(console: ConsoleHere, visitor: Viewing, mention_id: int, bar: str = "") -> HTMLResponse:
    """What became of the answer, again. `bar`: the bar of the page that asks counts the hold down as well."""
    page = read_page(console, mention_id)
    with console.product.database.read() as session:
        found = deliveries(session, page, console.product.settings, console.now())
        clocks = two_clocks(session, page, console.now())
    return console.page(
        "delivery_live.html",
        page=page,
        bar_is_there=bool(bar),
        deliveries=found,
        clocks=clocks,
        staff=visitor.staff,
        csrf=visitor.csrf,
        hold=_hold(console),
    )


def read_page(console: Console, mention_id: int) -> MentionPage:
    with console.product.database.read() as session:
        return mention_queries.mention_page(session, mention_id, console.now(), console.product.desk.speaking)


def _back(mention_id: int, intent: str = "", reply: str = "", part: str = "") -> Response:
    query = urlencode({name: value for name, value in (("intent", intent), ("reply", reply)) if value})
    return RedirectResponse(f"/mentions/{mention_id}{'?' if query else ''}{query}{part}", status_code=303)


def _chosen_intent(sent: Submission) -> str:
    """The intent that stands in the form, which no draft keeps; "" where it was not asked."""
    return (known_intent(sent.text("intent")) or "unsure") if "intent" in sent.fields else ""


def _candidate(wanted: str) -> tuple[int, int]:
    """An understanding's id and the index of its candidate; one that is nowhere where this names none."""
    found = re.fullmatch(r"(\d{1,18})\.(\d{1,3})", wanted, re.ASCII)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _keep(request: Request, console: Console, sent: Submission, mention_id: int) -> Response | None:
    """Keep what was typed; the page with the reasons where that would lose something. A bare button keeps nothing."""
    if "reply_text" not in sent.fields:
        return None
    page, form = read_page(console, mention_id), form_of_submission(sent)
    problems = form.problems()
    if form.seen_version != page.mention.version:
        problems.append("The author wrote or changed something meanwhile. Read the thread again, then save.")
    if problems:
        return refuse(request, console, sent, mention_id, form, Refused("Not saved", problems))
    console.product.desk.save(mention_id, sent.visitor.id, form.kept(page))
    return None


def _put_away(request: Request, console: Console, sent: Submission, mention_id: int, *, aside: bool) -> Response:
    desk, form = console.product.desk, form_of_submission(sent)
    put_away = desk.set_aside if aside else desk.reject
    try:
        if not form.reason.strip():
            raise NotApproved(["Say why: a decision without an answer needs a reason."])
        desk.claim(mention_id, sent.visitor.id)
        put_away(mention_id, sent.visitor.id, form.reason, form.said())
    except NotApproved as error:
        return refuse(request, console, sent, mention_id, form, Refused("Not closed", error.reasons))
    return _back(mention_id)


def refuse(
    request: Request,
    console: Console,
    sent: Submission,
    mention_id: int,
    form: DecisionForm | None,
    refused: Refused,
) -> Response:
    """The page again, with every reason beside the form and the typed text kept."""
    page = read_page(console, mention_id)
    return _show(request, console, sent.visitor, page, form or form_of_page(page), refused)


def _show(
    request: Request,
    console: Console,
    visitor: Visitor,
    page: MentionPage,
    form: DecisionForm,
    refused: Refused | None = None,
    *,
    redrafted: bool = False,
) -> HTMLResponse:
    with console.product.database.read() as session:
        events = history(session, page)
        on_their_way = deliveries(session, page, console.product.settings, console.now())
        clocks = two_clocks(session, page, console.now())
        scope = scope_of(session, visitor.id).where()
        next_id = queue_queries.next_waiting(session, visitor.id, console.now(), page.mention.id or 0, scope)
        looking = looking_at(session, console, visitor, page.mention.id or 0)
        neighbours = neighbour_card(session, page)
        fixed = asked_of(session, page.mention)
        asked, elsewhere = asked_card(session, page), not_ours(session, page)
        handing = handing_of(session, page, visitor.staff)
        status_links = links_of(session, page.mention.id or 0)
        notes = notes_of(session, page.mention.id or 0, visitor.staff)
        assigning = assigning_of(session, page.mention, console.city_time, console.now())
        held_by_ceiling = spend_queries.held_by_ceiling(session, console.product, page, console.now())
        composer = composer_of(session, page)
        answers = answers_for(session, console, page, form)
        translation = translation_card(session, page, console.product.settings)
        back = back_translation(session, page.mention.id or 0, form.reply_text)
        place = place_card(session, page, form, console.product.settings.city, dots_of(session, neighbours))
        pictures = picture_card(session, page)
        asks = asks_of(session, form)
        case = case_of(session, page)
        lines = lines_of(session, page, form, place, neighbours, visitor.staff)
    return signed_in_page(
        request,
        console,
        visitor,
        "mention.html",
        422 if refused else 200,
        page=page,
        deliveries=on_their_way,
        clocks=clocks,
        form=form,
        refused=refused,
        typed=getattr(request.state, "typed", {}),
        events=events,
        next_id=next_id,
        looking=looking,
        hold=_hold(console),
        explains=console.product.explainer is not None,
        place=place,
        redrafted=redrafted,
        neighbours=neighbours,
        fixed=fixed,
        asked=asked,
        elsewhere=elsewhere,
        handing=handing,
        notes=notes,
        status_links=status_links,
        assigning=assigning,
        held_by_ceiling=held_by_ceiling,
        lines=lines,
        asks=asks,
        case=case,
        case_words=case_words,
        pictures=pictures,
        belongs=belongs(console.product, place.point, form.service_code),
        composer=composer,
        answers=answers,
        translation=translation,
        back=back,
        **_judged(console, visitor, page, form),
    )


def _judged(console: Console, visitor: Visitor, page: MentionPage, form: DecisionForm) -> dict[str, Any]:
    """What the desk would say to the form as it stands, signed as this person would."""
    desk = console.product.desk
    open_now = page.mention.state in (MentionState.DRAFTED, MentionState.IN_REVIEW)
    with console.product.database.read() as session:
        sign_off = desk.sign_off(session, page.mention, visitor.staff)
        shown = preview(session, console.product, page, form, visitor.staff)
    against = form.problems()
    if open_now and not against:
        against = desk.objections(page.mention.id or 0, with_sign_off(form.decided(), sign_off))
    needs = desk.keys(page.mention.id or 0, visitor.id, form.decided()) if open_now else Keys()
    return {"against": against, "preview": shown, "needs": needs}


def _hold(console: Console) -> int:
    return round(console.product.desk.hold.total_seconds())
