"""The recap at the desk: what it will say, in each language, what stands in it, and when anybody may read it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from hark311.console.chats import recap_showing
from hark311.console.chats.plan_forms import number_of
from hark311.console.chats.plan_queries import chat_here
from hark311.console.chats.recap_showing import reader_of, shown_line, withheld_words
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.status_page import page_words as status_words
from hark311.console.visits import ChatVisitor, ConsoleHere, RunningChat, Submission, ViewingPlan
from models import ChatLane, ChatState, TweetChat
from models.chats import RUNS_IT
from responders.chats import recap_publishing
from responders.chats.people import part_of
from responders.chats.questions import questions_of
from responders.chats.recap_figures import figures_of
from responders.chats.recap_posts import Line, Row, Withheld, lines_of, rows_of
from responders.chats.recapping import promises_of, recaps_of
from responders.review import NotApproved, NotFound

router = APIRouter(prefix="/chats/{chat_id}/recap")

SHOWN = 25
"""So many posts on the page at once."""
VIEWS: Mapping[str, str] = {
    "chosen": "In the recap",
    "answers": "What people said",
    "questions": "What people asked",
    "all": "Every post",
}
DONE = {
    "intro": "The introduction is kept.",
    "published": "Published. Posts that tell of it wait in the plan to be approved.",
    "off": "Taken off. Nobody can read it any more.",
    "chosen": "Put into the recap.",
    "left-out": "Left out of the recap.",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """Why something was not kept, for which language or (`entry_id`) post, and what was typed."""

    reasons: Sequence[str]
    language: str = ""
    entry_id: int = 0
    typed: str = ""
    told_as: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """Which posts the page lists. `question`: its number, 0 for all; `page`: from 1."""

    show: str = "answers"
    question: int = 0
    page: int = 1

    def has(self, line: Line) -> bool:
        if self.question and line.question != self.question:
            return False
        if self.show == "chosen":
            return line.chosen
        if self.show == "answers":
            return line.lane == ChatLane.ANSWER
        return self.show == "all" or line.lane in (ChatLane.QUESTION, ChatLane.NEEDS_ANSWER)

    def query(self, **other: Any) -> str:
        """The query of the page's address, some of it otherwise; another list begins on its first page."""
        return urlencode({"show": self.show, "question": self.question, "page": self.page if not other else 1} | other)

    def turned(self, pages: int) -> str:
        return self.query(page=self.page + pages)


@dataclass(frozen=True, slots=True)
class Choice:
    """A post that may stand in the recap: as the desk reads it, and (`note`) what anybody would read instead."""

    row: Row
    line: Line
    words: str
    link: str
    note: str
    told_as: Mapping[str, str] = field(default_factory=dict)

    @property
    def changed_since(self) -> bool:
        """Whether it came in, or was edited, after the recap was published: until it is again, a link stands there."""
        return self.line.withheld == Withheld.LATER


@router.get("")
def show_recap_at_desk(
    request: Request,
    console: ConsoleHere,
    there: ViewingPlan,
    chat_id: int,
    show: str = "",
    question: str = "",
    page: str = "",
    done: str = "",
) -> Response:
    return _page(request, console, there, chat_id, _view(show, question, page), done=DONE.get(done, ""))


@router.get("/{language}")
def preview(console: ConsoleHere, there: ViewingPlan, chat_id: int, language: str) -> Response:
    """The public page as it would stand there now, published or not."""
    with console.product.database.read() as session:
        chat = chat_here(session, chat_id)
        recap = next((one for one in recaps_of(session, chat) if one.language == language), None)
        if recap is None:
            raise NotFound("There is no recap in this language yet.")
        shown, reader = recap_showing.shown_recap(session, console, chat, recap), reader_of(language)
    return console.page(
        "chats/recap_preview.html",
        shown=shown,
        said_as=reader.words,
        status_as=status_words()[reader.tag],
        language=reader.tag,
        direction=reader.direction,
        reader=reader,
        showing=recap_showing,
    )


@router.post("/entries/{entry_id}")
def choose(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, entry_id: int) -> Response:
    """Put a post into the recap, or leave it out; with what staff say of it, by language."""
    chosen = sent.text("chosen") == "yes"
    with console.product.database.read() as session:
        languages = chat_here(session, chat_id).languages
    typed = {tag: sent.text(f"words-{tag}") for tag in languages if f"words-{tag}" in sent.fields}
    told_as = typed or None
    try:
        recap_publishing.choose(
            console.product.desk,
            chat_id,
            entry_id,
            sent.visitor.id,
            chosen=chosen,
            told_as=told_as,
        )
    except NotApproved as error:
        return _refused(request, console, sent, chat_id, Refused(error.reasons, "", entry_id, told_as=told_as or {}))
    done = "chosen" if chosen else "left-out"
    query = f"{_view_of(sent).query()}&done={done}"
    return RedirectResponse(f"/chats/{chat_id}/recap?{query}#entry-{entry_id}", status_code=303)


@router.post("/{language}/intro")
def keep_intro(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, language: str) -> Response:
    """The words a recap begins with."""
    return _act(
        request,
        console,
        sent,
        chat_id,
        language,
        lambda: recap_publishing.keep_intro(
            console.product.desk, chat_id, language, sent.visitor.id, sent.text("words")
        ),
        "intro",
    )


@router.post("/{language}/publish")
def publish(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, language: str) -> Response:
    """Let anybody read it."""
    settings = console.product.settings
    address = settings.status_page or settings.desk_url
    return _act(
        request,
        console,
        sent,
        chat_id,
        language,
        lambda: recap_publishing.publish(console.product.desk, chat_id, language, sent.visitor.id, address),
        "published",
    )


@router.post("/{language}/unpublish")
def unpublish(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, language: str) -> Response:
    """Take it off again."""
    return _act(
        request,
        console,
        sent,
        chat_id,
        language,
        lambda: recap_publishing.unpublish(console.product.desk, chat_id, language, sent.visitor.id),
        "off",
    )


def _act(
    request: Request,
    console: Console,
    sent: Submission,
    chat_id: int,
    language: str,
    act: Callable[[], None],
    done: str,
) -> Response:
    try:
        act()
    except NotApproved as error:
        return _refused(request, console, sent, chat_id, Refused(error.reasons, language, 0, sent.text("words")))
    return RedirectResponse(f"/chats/{chat_id}/recap?done={done}", status_code=303)


def _refused(request: Request, console: Console, sent: Submission, chat_id: int, refused: Refused) -> Response:
    with console.product.database.read() as session:
        there = ChatVisitor(sent.visitor, part_of(session, chat_id, sent.visitor.staff))
    return _page(request, console, there, chat_id, _view_of(sent), refused=refused)


def _page(
    request: Request,
    console: Console,
    there: ChatVisitor,
    chat_id: int,
    view: View,
    *,
    done: str = "",
    refused: Refused | None = None,
) -> Response:
    now = console.now()
    with console.product.database.read() as session:
        chat = chat_here(session, chat_id)
        rows, recaps = rows_of(session, chat, now), recaps_of(session, chat)
        choices = _choices(session, console, chat, rows, view)
        figures = recap_showing.figures_in_words(figures_of(rows), reader_of("en").words)
        promises = promises_of(session, chat, console.city_time.today(now))
        numbers = [one.number for one in questions_of(session, chat)]
    view = replace(view, page=min(view.page, max(1, ceil(len(choices) / SHOWN))))
    begin = (view.page - 1) * SHOWN
    return signed_in_page(
        request,
        console,
        there.visitor,
        "chats/recap_desk.html",
        422 if refused else 200,
        chat=chat,
        ended=chat.state == ChatState.ENDED,
        runs_it=there.part in RUNS_IT,
        recaps=recaps,
        choices=choices[begin : begin + SHOWN],
        found=len(choices),
        begin=begin,
        numbers=numbers,
        figures=figures,
        promises=promises,
        views=VIEWS,
        view=view,
        done=done,
        refused=refused,
        longest=(recap_publishing.LONGEST_INTRO, recap_publishing.LONGEST_TOLD_AS),
    )


def _choices(session: Session, console: Console, chat: TweetChat, rows: Sequence[Row], view: View) -> list[Choice]:
    published = [one.published_at for one in recaps_of(session, chat) if one.published_at]
    lines = lines_of(session, rows, console.product.redact, max(published) if published else None)
    by_entry, reader = {row.entry.id: row for row in rows}, reader_of("en")
    return [
        Choice(
            row,
            line,
            console.product.redact(row.post.text),
            shown_line(line, chat, reader).link,
            withheld_words(line, reader),
            row.entry.told_as,
        )
        for line in lines
        if (row := by_entry.get(line.entry_id)) is not None and not line.ours and view.has(line)
    ]


def _view(show: str, question: str, page: str) -> View:
    return View(show if show in VIEWS else "answers", number_of(question), max(number_of(page, 1), 1))


def _view_of(sent: Submission) -> View:
    return _view(sent.text("show"), sent.text("question"), sent.text("list_page"))
