"""`hark staff` and `hark sign-in`: who works at the desk, and a way in for them from the operator's own machine."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlmodel import Session

from hark311 import staffing
from hark311.terminal import AsJson, Data, fail, of_running, out, settings_of, stored, told
from models import Role, StaffUser, utc_now

app = typer.Typer(help="The people of the desk.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Who, as colleagues know them, or their user name.")]


@told
def sign_in(
    name: Annotated[str, typer.Argument(help="Who signs in, as colleagues know them.")] = "Supervisor",
    data: Data = None,
    role: Annotated[Role, typer.Option(help="Role of a new person.")] = Role.APPROVER,
    supervisor: Annotated[bool, typer.Option("--supervisor", help="The same as --role supervisor.")] = False,
) -> None:
    """Print a one-time sign-in link; a person who is not known yet is added to the staff.

    Example: `hark sign-in "Mae Jones" --role admin`
    """
    from hark311 import wiring

    settings = of_running(data)
    database = wiring.database_of(settings)
    wiring.prepare(settings, database)
    try:
        typer.echo(wiring.sign_in_link(settings, database, name, Role.SUPERVISOR if supervisor else role))
    except ValueError as error:
        fail(f"{name!r} cannot be added to the staff: {error}.", 2)
    except staffing.NotDone as error:
        fail(str(error), 2)


@app.command(name="list")
@told
def list_staff(data: Data = None, as_json: AsJson = False) -> None:
    """List the people, with role, what they look after, second step, and when they were last here.

    Example: `hark staff list --json`
    """
    from hark311.console.staff_queries import people

    with stored(settings_of("hark", data)).read() as session:
        found = people(session)
    rows = [
        {
            "username": one.staff.username,
            "name": one.staff.display_name,
            "role": str(one.staff.role),
            "active": one.staff.active,
            "looks_after": [{"kind": str(scope.kind), "name": scope.name} for scope in one.scopes],
            "password": one.staff.password_hash is not None,
            "second_step": bool(one.staff.totp_secret),
            "last_here": one.seen_at.isoformat() if one.seen_at else None,
        }
        for one in found
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table("name", "user name", "role", "looks after", "second step", "last here")
    for one in found:
        table.add_row(
            one.staff.display_name,
            one.staff.username,
            str(one.staff.role) if one.staff.active else "left",
            ", ".join(scope.name for scope in one.scopes) or "everything",
            "on" if one.staff.totp_secret else "off",
            f"{one.seen_at:%Y-%m-%d %H:%M} UTC" if one.seen_at else "never",
        )
    out.print(table)


@app.command(name="role")
@told
def give_role(name: Name, role: Annotated[Role, typer.Argument(help="What they become.")], data: Data = None) -> None:
    """Give a person another role. One active administrator must remain.

    Example: `hark staff role "Mae Jones" supervisor`
    """
    _change(data, name, lambda session, staff, now: staffing.change_role(session, staff, role, staffing.OPERATOR, now))
    typer.echo(f"{name} is {role.replace('_', ' ')} now.")


@app.command(name="reset")
@told
def reset_staff(name: Name, data: Data = None) -> None:
    """Forget a person's password and second step, and sign them out. `hark sign-in` then makes them a link.

    Example: `hark staff reset "Mae Jones"`
    """
    _change(data, name, lambda session, staff, now: staffing.reset(session, staff, staffing.OPERATOR, now))
    typer.echo(f'{name} is reset. `hark sign-in "{name}"` makes a link for them.')


@app.command(name="deactivate")
@told
def deactivate_staff(name: Name, data: Data = None) -> None:
    """Sign a person out for good; what they hold goes back to the queue. One active administrator must remain.

    Example: `hark staff deactivate "Mae Jones"`
    """
    _change(data, name, lambda session, staff, now: staffing.deactivate(session, staff, staffing.OPERATOR, now))
    typer.echo(f"{name} is signed out and cannot come in any more.")


def _change(data: Path | None, name: str, change: Callable[[Session, StaffUser, datetime], object]) -> None:
    try:
        with stored(settings_of("hark", data)).write() as session:
            staff = staffing.find_staff(session, staffing.username_of(name))
            if staff is None:
                raise staffing.NotDone(f"There is no person {name!r}. `hark staff list` names them.")
            change(session, staff, utc_now())
    except (ValueError, staffing.NotDone) as error:
        fail(str(error), 2)
