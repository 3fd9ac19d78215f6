"""The `hark freeze` and `hark thaw` commands: the switch that stops everything, for the operator and for scripts."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from hark311.terminal import AsJson, Data, fail, out, settings_of, stored, told

if TYPE_CHECKING:  # loading the tables takes longer than --help should
    from models import Database

AccountName = Annotated[str, typer.Option("--account", help="This account alone, by its name in the settings.")]


@told
def freeze(
    why: Annotated[str, typer.Argument(help="What people at the desk read on every page.")] = "",
    data: Data = None,
    account: AccountName = "",
    as_json: AsJson = False,
) -> None:
    """Stop everything that was approved and has not left, on all accounts or on one. Nothing is lost.

    Example: `hark freeze "We check a rumour first" --json`
    """
    from models import utc_now
    from responders.freezing import freeze as press
    from responders.freezing import held_replies, under_way
    from responders.review import NotApproved

    database = stored(settings_of("freeze", data))
    account_id = _account(database, account)
    try:
        with database.write() as session:
            pressed = press(session, None, why, account_id, utc_now())
    except NotApproved as error:
        fail(str(error), 2)
    with database.read() as session:
        waiting, sending = len(held_replies(session, 10_000)), under_way(session)
    if as_json:
        typer.echo(json.dumps({"freeze": pressed.id, "account": account or None, "held": waiting, "sending": sending}))
        return
    out.print(f"Frozen: {account or 'all accounts'}. {waiting} approved replies wait.", highlight=False, markup=False)
    if sending:
        out.print(f"{sending} were already on the way.", highlight=False)
    out.print("`hark thaw` lets them go; so does a supervisor on the page /freeze.", highlight=False)


@told
def thaw(
    freeze_id: Annotated[int | None, typer.Argument(help="Number of one freeze.", show_default="all of them")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """End one freeze, or all. What waited leaves as its turn comes. Ends with 1 where nothing was frozen.

    Example: `hark thaw --json`
    """
    from models import utc_now
    from responders.freezing import thaw as end

    database = stored(settings_of("freeze", data))
    with database.write() as session:
        ended = end(session, None, freeze_id, utc_now())
    if as_json:
        typer.echo(json.dumps({"thawed": ended}))
    else:
        out.print(f"{ended} thawed." if ended else "Nothing is frozen.", highlight=False)
    if not ended:
        raise typer.Exit(1)


def _account(database: "Database", name: str) -> int | None:
    """The account of this name; None for all. Ends with a sentence where there is none."""
    from sqlmodel import select

    from models import Account

    if not name:
        return None
    with database.read() as session:
        names = {one.name: one.id for one in session.exec(select(Account)).all()}
    if name not in names:
        fail(f"There is no account {name}. There are: {', '.join(sorted(names)) or 'none'}.", 2)
    return names[name]
