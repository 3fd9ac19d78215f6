"""`hark partners`: who may use our own Open311 endpoint with a key."""

import json
from typing import Annotated

import typer
from rich.table import Table
from sqlmodel import select

from hark311.staffing import OPERATOR
from hark311.terminal import AsJson, Data, fail, out, settings_of, stored, told
from models import Partner, utc_now
from models.partners import partners

app = typer.Typer(help="Partners who report through our Open311 endpoint.", no_args_is_help=True)


@app.command(name="add")
@told
def add_partner(
    name: Annotated[str, typer.Argument(help="The organisation, as staff will see it.")],
    contact: Annotated[str, typer.Option(help="Whom we ask there.")] = "",
    rate: Annotated[int, typer.Option(help="Calls a minute.")] = 60,
    read: Annotated[bool, typer.Option(help="Read every request that is shown at all, not only their own.")] = True,
    report: Annotated[bool, typer.Option(help="Make reports.")] = True,
    update: Annotated[bool, typer.Option(help="Say how filed requests stand.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make a partner and print their key. It is shown this once.

    Example: `hark partners add "Police liaison" --contact liaison@police.example`
    """
    from hark311.partnering import NotMade, Wanted, make_partner

    wanted = Wanted(name, contact, rate, read, report, update)
    try:
        with stored(settings_of("hark", data)).write() as session:
            partner, key = make_partner(session, wanted, OPERATOR, None, utc_now())
    except NotMade as error:
        fail(str(error), 2)
    if as_json:
        typer.echo(json.dumps({"name": partner.name, "api_key": key}, indent=2))
        return
    typer.echo(f"{partner.name} is a partner now. Their api_key, shown this once:\n{key}")


@app.command(name="list")
@told
def list_partners(data: Data = None, as_json: AsJson = False) -> None:
    """List the partners, what their keys are for, and whether they are good.

    Example: `hark partners list --json`
    """
    with stored(settings_of("hark", data)).read() as session:
        found = partners(session)
    if as_json:
        typer.echo(json.dumps([_told(one) for one in found], indent=2))
        return
    table = Table("name", "contact", "key ends in", "for", "calls a minute", "made", "revoked")
    for one in found:
        table.add_row(
            one.name,
            one.contact,
            one.key_ends,
            ", ".join(_may(one)),
            str(one.rate_per_minute),
            f"{one.made_at:%Y-%m-%d}",
            f"{one.revoked_at:%Y-%m-%d}" if one.revoked_at else "",
        )
    out.print(table)


@app.command(name="revoke")
@told
def revoke(
    name: Annotated[str, typer.Argument(help="The organisation, as `hark partners list` names it.")], data: Data = None
) -> None:
    """Make a partner's key worthless from now on. What they reported stays.

    Example: `hark partners revoke "Police liaison"`
    """
    from hark311.partnering import NoPartner, revoke_partner

    try:
        with stored(settings_of("hark", data)).write() as session:
            partner = session.exec(select(Partner).where(Partner.name == name)).first()
            revoke_partner(session, partner.id or 0 if partner else 0, OPERATOR, None, utc_now())
    except NoPartner as error:
        fail(f"{error} `hark partners list` names them.", 2)
    typer.echo(f"The key of {name} is worthless now.")


def _may(one: Partner) -> list[str]:
    may = {"read": one.may_read, "report": one.may_report, "update": one.may_update}
    return [name for name, allowed in may.items() if allowed]


def _told(one: Partner) -> dict[str, object]:
    return {
        "name": one.name,
        "contact": one.contact,
        "key_ends": one.key_ends,
        "may": _may(one),
        "rate_per_minute": one.rate_per_minute,
        "made_at": one.made_at.isoformat(),
        "revoked_at": one.revoked_at.isoformat() if one.revoked_at else None,
    }
