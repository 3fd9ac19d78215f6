"""The `hark rules` commands: what is listened for besides our name, checked and counted before it costs anything."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hark311.terminal import AsJson, Data, fail, out, settings_of, stored, told

if TYPE_CHECKING:  # loading the tables takes longer than --help should
    from pathlib import Path

    from hark311.settings import Settings
    from models import Account, Database, ListeningRule

app = typer.Typer(help="Search rules: what is listened for besides our name.", no_args_is_help=True)

Query = Annotated[str, typer.Argument(help='What a post must say, such as "pothole (philly OR phl)".')]
AccountName = Annotated[str, typer.Option("--account", help="Name of the account.", show_default="the only one")]
RuleId = Annotated[int, typer.Argument(help="Number of the rule; `hark rules list` shows it.")]


@app.command(name="list")
@told
def list_rules(data: Data = None, as_json: AsJson = False) -> None:
    """List the rules, with what each has found.

    Example: `hark rules list --json`
    """
    from sqlmodel import col, select

    from hark311.rules import found_by
    from models import Account, ListeningRule

    database = stored(settings_of("rules", data))
    with database.read() as session:
        rows = session.exec(
            select(ListeningRule, Account)
            .join(Account, col(Account.id) == ListeningRule.account_id)
            .order_by(col(ListeningRule.id))
        ).all()
        found = found_by(session, [rule.id or 0 for rule, _ in rows])
    listed = [_shown(rule, account.name, found.get(rule.id or 0, 0)) for rule, account in rows]
    if as_json:
        typer.echo(json.dumps({"rules": listed}, indent=2))
    else:
        for one in listed:
            out.print(
                f"{one['id']:>4}  {one['state']:<9} {one['account']}: {one['query']}  ({one['found']} found)",
                highlight=False,
                markup=False,
            )
        if not listed:
            out.print("There is no rule. Posts that name us are heard all the same.")


@app.command()
@told
def check(query: Query, data: Data = None, account: AccountName = "", as_json: AsJson = False) -> None:
    """Say what speaks against a rule, what it would find and what that costs. Nothing is kept.

    Example: `hark rules check "pothole (philly OR phl)"`
    """
    from hark311.rules import lint_for

    settings, _, ours = _begun(data, account)
    lint = lint_for(ours, query)
    told_of: dict[str, Any] = {"problems": list(lint.problems), "warnings": list(lint.warnings)}
    if lint.ok:
        told_of |= _figures(settings, ours, query)
    if as_json:
        typer.echo(json.dumps(told_of, indent=2))
    else:
        _say(told_of)
    if lint.problems:
        raise typer.Exit(1)


@app.command()
@told
def add(
    query: Query,
    data: Data = None,
    account: AccountName = "",
    label: Annotated[str, typer.Option(help="A name for the desk.")] = "",
    replaces: Annotated[int, typer.Option(help="Number of the rule whose place it takes.")] = 0,
) -> None:
    """Hear a rule from now on, after saying what it finds and costs.

    Example: `hark rules add "pothole (philly OR phl)" --label Potholes --replaces 3`
    """
    from hark311.rules import RuleTrouble, begin_rule, draft_rule, lint_for
    from models import utc_now

    settings, database, ours = _begun(data, account)
    lint = lint_for(ours, query)
    if lint.problems:
        fail(" ".join(lint.problems))
    figures = _figures(settings, ours, query)
    now = utc_now()
    try:
        with database.write() as session:
            rule = draft_rule(session, ours, query, label, made_by=None, replaces_id=replaces or None)
            rule.found_in_week, rule.counted_at = figures["found_in_week"], now
            begin_rule(session, rule, None, now)
    except RuleTrouble as trouble:
        fail(str(trouble))
    _say({"warnings": list(lint.warnings), **figures})
    out.print(f"Rule {rule.id} is heard from now on.", highlight=False)


@app.command()
@told
def end(rule_id: RuleId, data: Data = None) -> None:
    """Hear a rule no more. What it found stays.

    Example: `hark rules end 3`
    """
    from hark311.rules import end_rule
    from models import ListeningRule, utc_now

    database = stored(settings_of("rules", data))
    with database.write() as session:
        rule = session.get(ListeningRule, rule_id, with_for_update=True)
        if rule is None:
            fail(f"There is no rule {rule_id}. `hark rules list` shows them.")
        end_rule(session, rule, None, utc_now())
    out.print(f"Rule {rule_id} is not heard any more.", highlight=False)


def _begun(data: "Path | None", name: str) -> "tuple[Settings, Database, Account]":
    """Settings as the running product has them, its database, and the account. Ends with a sentence where unclear."""
    from sqlmodel import col, select

    from hark311.rules import SEARCHED
    from hark311.settings import load
    from hark311.supervisor import running_ports
    from models import Account

    settings = settings_of("rules", data)
    if ports := running_ports(settings.data):
        settings = load(data, **ports)
    database = stored(settings)
    with database.read() as session:
        accounts = session.exec(select(Account).where(col(Account.channel).in_(SEARCHED))).all()
    named = [one for one in accounts if name in ("", one.name)]
    if len(named) != 1:
        fail(f"Say which account with --account: {', '.join(one.name for one in accounts) or 'there is none'}.", 2)
    return settings, database, named[0]


def _figures(settings: "Settings", account: "Account", query: str) -> dict[str, Any]:
    """What the channel counts and what that costs. Ends with a sentence where it cannot be asked."""
    from hark311 import wiring
    from hark311.prices import load_prices
    from hark311.rules import estimate
    from listeners.errors import ListenerError
    from listeners.protocol import CountsFound

    async def counted() -> int:
        _, listener = wiring.listeners_of(settings)[account.name]
        async with listener:
            if not isinstance(listener, CountsFound):
                fail("This channel cannot be searched.")
            return await listener.count(query)

    try:
        found = estimate(asyncio.run(counted()), load_prices(settings.prices))
    except ListenerError as error:
        fail(f"{error}. Nothing was changed; try again.")
    except KeyError:
        fail(f"The account {account.name} is not switched on in the settings.", 2)
    return {
        "found_in_week": found.found_in_week,
        "a_day": round(found.a_day, 1),
        "dollars_a_month": round(found.dollars_a_month, 2),
        "sum": found.sum,
        "warning": found.warning,
    }


def _say(told_of: dict[str, Any]) -> None:
    for one in [*told_of.get("problems", []), *told_of.get("warnings", [])]:
        out.print(one, style="yellow", highlight=False, markup=False)
    if "a_day" in told_of:
        out.print(
            f"About {told_of['a_day']} posts a day, ${told_of['dollars_a_month']:.2f} a month: {told_of['sum']}.",
            highlight=False,
            markup=False,
        )
        if told_of["warning"]:
            out.print(told_of["warning"], style="yellow", highlight=False)


def _shown(rule: "ListeningRule", account: str, found: int) -> dict[str, Any]:
    state = "ended" if rule.ended_at else "heard" if rule.begins_at else "not begun"
    return {
        "id": rule.id,
        "account": account,
        "state": state,
        "query": rule.query,
        "label": rule.label,
        "found_in_week": rule.found_in_week,
        "found": found,
        "begins_at": rule.begins_at.isoformat() if rule.begins_at else None,
        "ended_at": rule.ended_at.isoformat() if rule.ended_at else None,
    }
