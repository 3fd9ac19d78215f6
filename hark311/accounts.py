"""`hark accounts`: which accounts there are, and letting one rest for good without losing what was said on it."""

import json
from typing import Annotated

import typer
from rich.table import Table
from sqlmodel import Session, col, select

from hark311.retiring import bring_back, retire
from hark311.terminal import AsJson, Data, fail, out, settings_of, stored, told
from models import Account, Database, utc_now

app = typer.Typer(help="The accounts we listen and reply on.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The account's name in the settings.")]


@app.command(name="list")
@told
def list_accounts(data: Data = None, as_json: AsJson = False) -> None:
    """List the accounts, with what should be known of each.

    Example: `hark accounts list --json`
    """
    from hark311.simulated import accounts_of
    from hark311.watching import watch
    from listeners.compliance import unasked

    settings = settings_of("hark", data)
    now, given = utc_now(), accounts_of(settings)
    with stored(settings).read() as session:
        accounts = session.exec(select(Account).order_by(col(Account.id))).all()
        said = [watch(one, given.get(one.name), now, unasked(session, one, now)).warnings for one in accounts]
    rows = [
        {
            "account": one.name,
            "channel": str(one.channel),
            "handle": one.handle,
            "health": str(one.stands),
            "retired_at": one.retired_at.isoformat() if one.retired_at else None,
            "warnings": list(warnings),
        }
        for one, warnings in zip(accounts, said, strict=True)
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table("account", "channel", "handle", "health", "to know")
    for one, warnings in zip(accounts, said, strict=True):
        table.add_row(one.name, str(one.channel), one.handle, str(one.stands), " ".join(warnings) or "all is well")
    out.print(table)


@app.command(name="retire")
@told
def retire_account(name: Name, data: Data = None) -> None:
    """Neither hear nor answer an account any more. What was said stays readable; approved replies wait.

    Example: `hark accounts retire philly311-old`
    """
    database = stored(settings_of("hark", data))
    with database.write() as session:
        done = retire(session, _account(session, name), "operator", utc_now())
    typer.echo(f"{name} is retired. `hark accounts bring-back {name}` undoes it." if done else f"{name} is retired.")


@app.command(name="bring-back")
@told
def bring_account_back(name: Name, data: Data = None) -> None:
    """Hear and answer a retired account again; it goes on where it was left.

    Example: `hark accounts bring-back philly311-old`
    """
    database: Database = stored(settings_of("hark", data))
    with database.write() as session:
        bring_back(session, _account(session, name), "operator", utc_now())
    typer.echo(f"{name} is heard and answered.")


def _account(session: Session, name: str) -> Account:
    account = session.exec(select(Account).where(Account.name == name).with_for_update()).first()
    return account or fail(f"There is no account {name!r}. `hark accounts list` names them.", 2)
