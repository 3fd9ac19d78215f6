"""Knowledge cards: the list, one card, what was asked and has none; and putting an answer into a reply."""

from collections.abc import Sequence
from dataclasses import asdict
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from hark311.cards import CardFields, CardTrouble, Unanswered, answers_of, keep_answer, keep_card, unanswered
from hark311.console import card_queries, words
from hark311.console.decisions import form_of_submission, known_intent
from hark311.console.frame import signed_in_page
from hark311.console.mention_queries import mention_page
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, Drafting, Submission, Supervising, Viewing, Visitor
from models import AnswerLength, KnowledgeCard, Service, scope_of
from responders.answering import TYPED, put_answer, put_wording
from responders.drafting import Key
from responders.review import NotFound

router = APIRouter()

SHOWS = {"all": "All", "expiring": "Running out", "expired": "Out of date", "off": "Switched off"}


@router.get("/cards")
def show_cards(request: Request, console: ConsoleHere, visitor: Viewing, q: str = "", show: str = "all") -> Response:
    today = console.city_time.today(console.now())
    show = show if show in SHOWS else "all"
    with console.product.database.read() as session:
        rows = card_queries.rows(session, today, q[:200], show)
    return signed_in_page(request, console, visitor, "cards.html", rows=rows, search=q[:200], show=show, shows=SHOWS)


@router.get("/cards/missing")
def show_missing(request: Request, console: ConsoleHere, visitor: Viewing) -> Response:
    """What residents asked and no card answers, by how often."""
    now = console.now()
    with console.product.database.read() as session:
        where = scope_of(session, visitor.staff).where()
        groups = unanswered(session, console.city_time.today(now), now, where)
        names = {one.service_code: one.service_name for one in session.exec(select(Service)).all()}
    return signed_in_page(
        request, console, visitor, "cards_missing.html", groups=groups, names=names, makes=_makes(groups)
    )


@router.get("/cards/new")
def begin_card(
    request: Request, console: ConsoleHere, visitor: Viewing, service: str = "", keywords: str = ""
) -> Response:
    return _show(request, console, visitor, None, CardFields(service_code=service[:60], keywords=keywords[:500]))


@router.post("/cards")
def make_card(request: Request, console: ConsoleHere, sent: Supervising) -> Response:
    fields = _fields(sent)
    try:
        with console.product.database.write() as session:
            card = keep_card(session, None, fields, sent.visitor.staff, console.now())
            _keep_answers(session, card, sent, console)
            card_id = card.id
    except CardTrouble as trouble:
        return _show(request, console, sent.visitor, None, fields, trouble.reasons, _typed_answers(sent))
    return RedirectResponse(f"/cards/{card_id}", status_code=303)


@router.get("/cards/{card_id}")
def show_card(request: Request, console: ConsoleHere, visitor: Viewing, card_id: int, language: str = "") -> Response:
    with console.product.database.read() as session:
        card = _card(session, card_id)
    return _show(request, console, visitor, card, _fields_of(card), language=language)


@router.post("/cards/{card_id}")
def change_card(request: Request, console: ConsoleHere, sent: Supervising, card_id: int) -> Response:
    fields = _fields(sent)
    try:
        with console.product.database.write() as session:
            card = _card(session, card_id, alone=True)
            keep_card(session, card, fields, sent.visitor.staff, console.now())
            _keep_answers(session, card, sent, console)
    except CardTrouble as trouble:
        with console.product.database.read() as session:
            card = _card(session, card_id)
        typed = _typed_answers(sent)
        return _show(request, console, sent.visitor, card, fields, trouble.reasons, typed, language=_language(sent))
    return RedirectResponse(f"/cards/{card_id}?language={_language(sent)}", status_code=303)


@router.post("/mentions/{mention_id}/answer/{card_id}")
def answer_from_card(console: ConsoleHere, sent: Drafting, mention_id: int, card_id: int) -> Response:
    """Put a card's answer into the reply; all else that was typed is kept."""
    language = _keep_typed(console, sent, mention_id)
    today = console.city_time.today(console.now())
    put_answer(console.product.desk, mention_id, sent.visitor.id, card_id, language, today)
    return _back(sent, mention_id)


@router.post("/mentions/{mention_id}/wording")
def say_in_our_words(console: ConsoleHere, sent: Drafting, mention_id: int) -> Response:
    """Put one of our wordings into the reply; all else that was typed is kept."""
    wanted = sent.text("wording")
    if wanted not in set(Key):
        raise NotFound("There is no such text.")
    _keep_typed(console, sent, mention_id)
    typed = {name: sent.text(f"said_{name}") for name in TYPED}
    desk, language = console.product.desk, form_of_submission(sent).language
    put_wording(desk, mention_id, sent.visitor.id, Key(wanted), language, typed)
    return _back(sent, mention_id)


def _keep_typed(console: Console, sent: Submission, mention_id: int) -> str:
    """Claim the mention and keep what stands in its form; returns the resident's language. Raises NotYours."""
    desk, now = console.product.desk, console.now()
    desk.claim(mention_id, sent.visitor.id)
    with console.product.database.read() as session:
        page = mention_page(session, mention_id, now, desk.speaking)
    form = form_of_submission(sent)
    if "reply_text" in sent.fields and not form.problems() and form.seen_version == page.mention.version:
        desk.save(mention_id, sent.visitor.id, form.kept(page))
    return page.understanding.language if page.understanding else form.language


def _back(sent: Submission, mention_id: int) -> Response:
    intent = f"?{urlencode({'intent': known_intent(sent.text('intent'))})}" if "intent" in sent.fields else ""
    return RedirectResponse(f"/mentions/{mention_id}{intent}#reply_text", status_code=303)


def _makes(groups: Sequence[Unanswered]) -> list[str]:
    """The address that begins a card for each group of questions."""
    return [
        "/cards/new?" + urlencode({"service": one.service_code, "keywords": ", ".join(one.words)}) for one in groups
    ]


def _fields(sent: Submission) -> CardFields:
    return CardFields(
        question=sent.text("question"),
        keywords=sent.text("keywords"),
        service_code=sent.text("service_code"),
        owner=sent.text("owner"),
        source=sent.text("source"),
        area=sent.text("area"),
        expires_on=sent.text("expires_on"),
        active=bool(sent.text("active")),
    )


def _fields_of(card: KnowledgeCard) -> CardFields:
    return CardFields(
        question=card.question,
        keywords=card.keywords,
        service_code=card.service_code,
        owner=card.owner,
        source=card.source,
        area=card.area,
        expires_on=card.expires_on.isoformat() if card.expires_on else "",
        active=card.active,
    )


def _language(sent: Submission) -> str:
    return sent.text("language") if sent.text("language") in words.LANGUAGES else "en"


def _typed_answers(sent: Submission) -> dict[str, tuple[str, bool]]:
    """length -> the answer in the form and whether it is checked."""
    return {one.value: (sent.text(f"{one}_text"), bool(sent.text(f"{one}_checked"))) for one in AnswerLength}


def _keep_answers(session: Session, card: KnowledgeCard, sent: Submission, console: Console) -> None:
    for length, (text, checked) in _typed_answers(sent).items():
        keep_answer(
            session,
            card,
            _language(sent),
            AnswerLength(length),
            text,
            checked=checked,
            staff=sent.visitor.staff,
            now=console.now(),
        )


def _card(session: Session, card_id: int, *, alone: bool = False) -> KnowledgeCard:
    card = session.get(KnowledgeCard, card_id, with_for_update=alone)
    if card is None:
        raise NotFound(f"There is no card {card_id}.")
    return card


def _show(
    request: Request,
    console: Console,
    visitor: Visitor,
    card: KnowledgeCard | None,
    fields: CardFields,
    reasons: Sequence[str] = (),
    typed: dict[str, tuple[str, bool]] | None = None,
    language: str = "",
) -> Response:
    language = language if language in words.LANGUAGES else "en"
    with console.product.database.read() as session:
        answers = answers_of(session, [card]) if card else []
        services = session.exec(
            select(Service).where(col(Service.active).is_(True)).order_by(Service.service_name)
        ).all()
    kept = {one.length.value: (one.text, one.checked) for one in answers if one.language == language}
    blank = {one.value: ("", False) for one in AnswerLength}
    today = console.city_time.today(console.now())
    return signed_in_page(
        request,
        console,
        visitor,
        "card.html",
        422 if reasons else 200,
        card=card,
        fields=asdict(fields),
        reasons=reasons,
        answers=answers,
        in_form=blank | kept | (typed or {}),
        language=language,
        services=services,
        days_left=card_queries.days_left(card, today) if card else None,
        lengths=list(AnswerLength),
    )
