"""The run of a chat's posts, and its prepared answers: drafted, worded, approved, taken back, skipped."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from hark311.console.chats import plan_queries
from hark311.console.chats.plan_forms import answer_fields, minute_of, number_of
from hark311.console.chats.plan_showing import Refused, change_chat, ground_of, show_plan_page, there_again
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, RunningChat, Submission
from models import ChatPostKind, TweetChat
from responders import doubts
from responders.chats import bank, bank_posts, posting, run_drafts
from responders.review import Approved, NotApproved

router = APIRouter(prefix="/chats")


@router.post("/{chat_id}/run")
def draft_run(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int) -> Response:
    """Draft the whole run from the plan: one post for each account and language."""
    made = run_drafts.Drafted(0, ())

    def keep(session: Session, chat: TweetChat) -> None:
        nonlocal made
        made = run_drafts.draft_run(session, chat, sent.visitor.id, console.now(), ground_of(console, chat))

    answer = change_chat(request, console, sent, chat_id, keep, "drafted", Refused((), "run"), "run")
    if answer.status_code == 303 and not made.posts:
        return RedirectResponse(f"/chats/{chat_id}?done=nothing#run", status_code=303)
    return answer


@router.post("/{chat_id}/posts")
def plan_post(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int) -> Response:
    """One more post of our own words, at a minute of the chat or once it is approved."""

    def keep(session: Session, chat: TweetChat) -> None:
        kind, minute = sent.text("kind"), sent.text("minute").strip()
        if kind not in set(ChatPostKind) or not sent.text("words").strip():
            raise NotApproved(["Choose what the post is, and write its words."])
        posting.plan_post(
            session,
            chat,
            account_id=number_of(sent.text("account")),
            kind=ChatPostKind(kind),
            language=sent.text("language"),
            text=sent.text("words").strip(),
            made_by=sent.visitor.id,
            now=console.now(),
            at_seconds=minute_of(minute) if minute else None,
        )

    typed = {name: sent.text(name) for name in ("words", "minute", "kind", "language", "account")}
    return change_chat(request, console, sent, chat_id, keep, "planned-post", Refused((), "post", typed=typed), "run")


@router.post("/{chat_id}/posts/{chat_post_id}")
def change_words(
    request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, chat_post_id: int
) -> Response:
    """Other words, and for what is no question another minute, or none."""

    def keep(session: Session, chat: TweetChat) -> None:
        who, now = sent.visitor.id, console.now()
        post = plan_queries.post_here(session, chat_id, chat_post_id)
        posting.change_words(session, chat_post_id, who, sent.text("words"), number_of(sent.text("seen")), now)
        if "minute" in sent.fields and post.kind != ChatPostKind.QUESTION:
            minute = sent.text("minute").strip()
            at = minute_of(minute) if minute else None
            if at != post.at_seconds:
                posting.move_in(session, console.product.desk, chat_post_id, who, at)

    refused = Refused((), "post", chat_post_id, {name: sent.text(name) for name in ("words", "minute")})
    return change_chat(request, console, sent, chat_id, keep, "worded", refused, f"post-{chat_post_id}")


@router.post("/{chat_id}/approve")
def approve_together(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int) -> Response:
    """Approve several posts whose words stand together on the page; each for itself, so that one refused stops none."""
    given: list[Approved] = []
    refused: list[str] = []
    seen_posts = _seen_posts(sent)
    with console.product.database.read() as session:
        names = [plan_queries.name_of_post(session, chat_id, chat_post_id) for chat_post_id, _ in seen_posts]
    for name, (chat_post_id, seen) in zip(names, seen_posts, strict=True):
        try:
            given.append(posting.approve_post(console.product.desk, chat_post_id, sent.visitor.id, seen))
        except NotApproved as error:
            refused += [f"{name}: {reason}" for reason in error.reasons]
    if refused:
        others = [f"Approved: {len(given)} other{'s' if len(given) > 1 else ''}."] if given else []
        there = there_again(console, sent, chat_id)
        return show_plan_page(request, console, there, chat_id, Refused([*refused, *others], "run"))
    done = "first-key" if any(one.first_key for one in given) else "approved-together" if given else "none-chosen"
    return RedirectResponse(f"/chats/{chat_id}?done={done}#run", status_code=303)


@router.post("/{chat_id}/posts/{chat_post_id}/{what}")
def decide_post(
    request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, chat_post_id: int, what: str
) -> Response:
    """Approve a post, take it back, skip it, take it up again, or say what became of one that is in doubt."""
    desk, who = console.product.desk, sent.visitor.id
    decide: dict[str, tuple[Callable[[], Any], str]] = {
        "approve": (lambda: posting.approve_post(desk, chat_post_id, who, number_of(sent.text("seen"))), "approved"),
        "take-back": (lambda: posting.take_back_post(desk, chat_post_id, who), "back"),
        "skip": (lambda: posting.skip_post(desk, chat_post_id, who), "skipped"),
        "take-up": (lambda: posting.unskip_post(desk, chat_post_id, who), "kept"),
        "is-there": (lambda: doubts.says_sent(desk, _said_by(console, chat_post_id), who), "is-there"),
        "not-there": (lambda: doubts.says_not_sent(desk, _said_by(console, chat_post_id), who), "not-there"),
        "drop": (lambda: doubts.give_up(desk, _said_by(console, chat_post_id), who), "dropped"),
    }
    if what not in decide:
        return RedirectResponse(f"/chats/{chat_id}#post-{chat_post_id}", status_code=303)
    act, done = decide[what]
    with console.product.database.read() as session:
        plan_queries.post_here(session, chat_id, chat_post_id)
    try:
        made = act()
    except NotApproved as error:
        return show_plan_page(
            request, console, there_again(console, sent, chat_id), chat_id, Refused(error.reasons, "post", chat_post_id)
        )
    if what == "approve" and getattr(made, "first_key", False):
        done = "first-key"
    return RedirectResponse(f"/chats/{chat_id}?done={done}#post-{chat_post_id}", status_code=303)


def _seen_posts(sent: Submission) -> list[tuple[int, int]]:
    """ChatPost.ids of the posts in the form, each with the revision of the words that stood there."""
    fields = [(name.removeprefix("post-"), seen) for name, seen in sent.fields.items() if name.startswith("post-")]
    return [(number_of(post), number_of(seen)) for post, seen in fields]


def _said_by(console: Console, chat_post_id: int) -> int:
    """Reply.id of a post's words. Raises NotApproved where they were dropped."""
    with console.product.database.read() as session:
        reply = posting.words_of(session, chat_post_id)
    if reply is None or reply.id is None:
        raise NotApproved(["Its words were dropped meanwhile."])
    return reply.id


@router.post("/{chat_id}/answers")
def prepare_answer(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int) -> Response:
    def keep(session: Session, chat: TweetChat) -> None:
        bank.prepare_answer(session, chat, answer_fields(sent), sent.visitor.id, console.now())

    return change_chat(request, console, sent, chat_id, keep, "prepared", _answer_refused(sent, 0), "bank")


@router.post("/{chat_id}/answers/{answer_id}")
def change_answer(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, answer_id: int) -> Response:
    def keep(session: Session, chat: TweetChat) -> None:
        bank.change_answer(session, chat, answer_id, answer_fields(sent), sent.visitor.id, console.now())

    refused = _answer_refused(sent, answer_id)
    return change_chat(request, console, sent, chat_id, keep, "prepared", refused, f"answer-{answer_id}")


@router.post("/{chat_id}/answers/{answer_id}/approve")
def approve_answer(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, answer_id: int) -> Response:
    def keep(session: Session, chat: TweetChat) -> None:
        bank.approve_answer(session, chat, answer_id, sent.visitor.id, sent.text("seen"), console.now())

    refused = Refused((), "answer", answer_id)
    return change_chat(request, console, sent, chat_id, keep, "usable", refused, f"answer-{answer_id}")


@router.post("/{chat_id}/answers/{answer_id}/post")
def post_answer(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, answer_id: int) -> Response:
    """Draft a post of a prepared answer for each account of the chat; each is read and approved like any other."""

    def keep(session: Session, chat: TweetChat) -> None:
        bank_posts.draft_posts(session, chat, answer_id, sent.visitor.id, console.now())

    return change_chat(request, console, sent, chat_id, keep, "posted", Refused((), "answer", answer_id), "run")


@router.post("/{chat_id}/answers/{answer_id}/remove")
def remove_answer(request: Request, console: ConsoleHere, sent: RunningChat, chat_id: int, answer_id: int) -> Response:
    def keep(session: Session, chat: TweetChat) -> None:
        bank.remove_answer(session, chat, answer_id, sent.visitor.id, console.now())

    return change_chat(request, console, sent, chat_id, keep, "removed", Refused((), "answer", answer_id), "bank")


def _answer_refused(sent: Submission, about: int) -> Refused:
    typed = {name: sent.text(name) for name in ("label", "answer", "language", "question", "fixed")}
    return Refused((), "answer", about, typed)
