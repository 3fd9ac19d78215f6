"""The page of a chat's plan, and what came of a form on it: shown again with the reasons and what was typed."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from hark311.chat_people import may_let_in
from hark311.console import words
from hark311.console.chats import plan_queries
from hark311.console.chats.plan_forms import form_of
from hark311.console.frame import signed_in_page
from hark311.console.pages import Console
from hark311.console.visits import ChatVisitor, Submission
from models import TweetChat
from responders.chats import bank, planning, questions, run_drafts
from responders.chats.people import locked_chat, part_of
from responders.chats.scheduling import schedule_all
from responders.review import NotApproved


@dataclass(frozen=True, slots=True)
class Refused:
    """Why something was not kept, in which part of the page, and what was typed there. `about`: an id, 0 for new."""

    reasons: Sequence[str]
    part: str
    about: int = 0
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The id of the element on the page of a plan that it is about."""
        if self.part in ("question", "post", "answer"):
            return f"{self.part}-{self.about}" if self.about else f"add-{self.part}"
        return "change" if self.part == "plan" else self.part


def change_chat(
    request: Request,
    console: Console,
    sent: Submission,
    chat_id: int,
    keep: Callable[[Session, TweetChat], None],
    done: str,
    refused: Refused,
    anchor: str = "",
) -> Response:
    """Change something of a chat in one transaction; where that is refused, the page says why, with what was typed."""
    try:
        with console.product.database.write() as session:
            keep(session, locked_chat(session, chat_id))
    except NotApproved as error:
        why = Refused(error.reasons, refused.part, refused.about, defaultdict(str, refused.typed))
        return show_plan_page(request, console, there_again(console, sent, chat_id), chat_id, why)
    return RedirectResponse(f"/chats/{chat_id}?done={done}{f'#{anchor}' if anchor else ''}", status_code=303)


def follow(session: Session, console: Console, chat: TweetChat, before: Mapping[int, str]) -> None:
    run_drafts.follow_plan(session, chat, before, ground_of(console, chat), console.now())
    schedule_all(session, chat, console.now(), console.product.desk.hold)


def ground_of(console: Console, chat: TweetChat) -> run_drafts.Ground:
    return run_drafts.Ground(console.product.desk.length_of, console.city_time.zone, public_page(console, chat))


def there_again(console: Console, sent: Submission, chat_id: int) -> ChatVisitor:
    with console.product.database.read() as session:
        return ChatVisitor(sent.visitor, part_of(session, chat_id, sent.visitor.staff))


def public_page(console: Console, chat: TweetChat) -> str:
    """The address of the event's page, where the settings say one; "" where there is none, or it is not public."""
    base = console.product.settings.status_page
    return f"{base}/event/{chat.slug}" if base and chat.public else ""


def show_plan_page(
    request: Request,
    console: Console,
    there: ChatVisitor,
    chat_id: int,
    refused: Refused | None = None,
    *,
    done: str = "",
) -> Response:
    with console.product.database.read() as session:
        page = plan_queries.plan_page(session, console, chat_id)
    typed = refused.typed if refused and refused.part == "plan" else {}
    return signed_in_page(
        request,
        console,
        there.visitor,
        "chats/plan.html",
        422 if refused else 200,
        page=page,
        chat=page.chat,
        runs=there.runs_it,
        lets_in=there.runs_it and may_let_in(there.visitor.staff),
        refused=refused,
        done=done,
        fields=form_of(page.chat, console.city_time.zone, typed),
        languages=words.LANGUAGES,
        planning=planning,
        questions=questions,
        bank=bank,
        parts=plan_queries.PARTS,
        kinds=plan_queries.KINDS,
        public_page=public_page(console, page.chat),
        zone=console.city_time.zone.key,
    )
