"""The `hark chats` commands: the tweet chats and their plans, and an example to begin from."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hark311.chat_export_cli import export
from hark311.terminal import AsJson, Data, fail, out, settings_of, stored, told

if TYPE_CHECKING:  # loading the tables takes longer than --help should
    from sqlmodel import Session

    from models import TweetChat

app = typer.Typer(help="Tweet chats: the list, the plan of one, an example, a chat as a file.", no_args_is_help=True)
app.command()(export)


@app.command(name="list")
@told
def list_chats(data: Data = None, as_json: AsJson = False) -> None:
    """List the chats, the newest first.

    Example: `hark chats list --json`
    """
    from sqlmodel import col, select

    from models import TweetChat

    with stored(settings_of("chats", data)).read() as session:
        found = session.exec(select(TweetChat).order_by(col(TweetChat.starts_at).desc())).all()
        listed = [_row(chat) for chat in found]
    if as_json:
        typer.echo(json.dumps({"chats": listed}, indent=2))
        return
    for one in listed:
        line = f"{one['id']:>4}  {one['state']:<9} {one['starts_at']}  #{one['hashtag']}  {one['title']}"
        out.print(line, highlight=False, markup=False)
    if not listed:
        out.print("There is no chat. Plan one on the desk, or with `hark chats plan-example`.")


@app.command()
@told
def show(
    chat_id: Annotated[int, typer.Argument(help="Number of the chat; `hark chats list` shows it.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show the plan of a chat: where, its questions, and the run of its posts with their states.

    Example: `hark chats show 1 --json`
    """
    from models import TweetChat

    with stored(settings_of("chats", data)).read() as session:
        chat = session.get(TweetChat, chat_id)
        if chat is None:
            fail(f"There is no chat {chat_id}. `hark chats list` shows them.")
        plan = _row(chat) | _plan(session, chat)
    if as_json:
        typer.echo(json.dumps(plan, indent=2, ensure_ascii=False))
        return
    line = f"{plan['title']}  #{plan['hashtag']}  {plan['state']}, {plan['starts_at']}"
    out.print(line, highlight=False, markup=False)
    for one in plan["questions"]:
        words = next(iter(one["words"].values()), "")
        out.print(f"  Q{one['number']}  minute {one['at_seconds'] / 60:g}  {words}", highlight=False, markup=False)
    for one in plan["posts"]:
        at = "once approved" if one["at_seconds"] is None else f"minute {one['at_seconds'] / 60:g}"
        line = f"  {one['state']:<10} {at}  {one['kind']}, {one['account']}, {one['language']}: {one['words']}"
        out.print(line, highlight=False, markup=False)


@app.command()
@told
def plan_example(
    data: Data = None,
    host: Annotated[str, typer.Option(help="Who hosts it; they are added to the staff if they are new.")] = "Chat host",
) -> None:
    """Plan the example: one hour and six questions, in two weeks at six. Nothing of it is public or approved.

    Example: `hark chats plan-example --host "Mae Jones"`
    """
    from zoneinfo import ZoneInfo

    from hark311.staffing import ensure_staff
    from models import Role, utc_now
    from responders.chats.example import plan_example as planned
    from responders.review import NotApproved

    settings = settings_of("chats", data)
    try:
        with stored(settings).write() as session:
            staff = ensure_staff(session, host, Role.CHAT_MODERATOR)
            chat = planned(session, staff, utc_now(), ZoneInfo(settings.city_time_zone))
    except ValueError as error:
        fail(f"{host!r} cannot be added to the staff: {error}.", 2)
    except NotApproved as error:
        fail(str(error))
    out.print(f"Chat {chat.id} is planned for {chat.starts_at:%Y-%m-%d %H:%M} UTC, hosted by {host}.", highlight=False)


def _row(chat: "TweetChat") -> dict[str, Any]:
    return {
        "id": chat.id,
        "title": chat.title,
        "hashtag": chat.hashtag,
        "slug": chat.slug,
        "state": str(chat.state),
        "starts_at": chat.starts_at.isoformat(),
        "minutes": chat.minutes,
        "languages": chat.languages,
        "public": chat.public,
    }


def _plan(session: "Session", chat: "TweetChat") -> dict[str, Any]:
    from sqlmodel import col, select

    from hark311.chat_people import people_of
    from models import Account, ChatPost, Reply, ReplyState
    from responders.chats.bank import answers_of
    from responders.chats.planning import networks_of
    from responders.chats.questions import questions_of

    posts = session.exec(
        select(ChatPost, Reply, Account)
        .join(Reply, col(Reply.chat_post_id) == ChatPost.id)
        .join(Account, col(Account.id) == ChatPost.account_id)
        .where(ChatPost.chat_id == chat.id, Reply.state != ReplyState.CANCELLED)
        .order_by(col(ChatPost.at_seconds), col(ChatPost.id))
    ).all()
    return {
        "accounts": [session.get_one(Account, one.account_id).name for one in networks_of(session, chat)],
        "people": [{"shown_as": one.shown_as, "part": str(one.part)} for one, _ in people_of(session, chat.id or 0)],
        "questions": [
            {"number": one.number, "at_seconds": one.at_seconds, "words": one.words}
            for one in questions_of(session, chat)
        ],
        "posts": [
            {
                "id": post.id,
                "kind": str(post.kind),
                "account": account.name,
                "language": post.language,
                "at_seconds": post.at_seconds,
                "state": "skipped" if post.skipped_at else str(reply.state),
                "words": reply.sent_text or reply.approved_text or reply.text,
            }
            for post, reply, account in posts
        ],
        "answers": [
            {"label": one.label, "language": one.language, "fixed": one.fixed, "approved": one.approved_at is not None}
            for one in answers_of(session, chat)
        ],
    }
