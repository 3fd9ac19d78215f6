"""The `hark` command. Every command works on one data directory (--data) and says what it does in --help."""

import json
import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hark311 import (
    __version__,
    accounts,
    calendars_cli,
    chats_cli,
    database_cli,
    deliveries_cli,
    evaluate_cli,
    freeze_cli,
    kpis_cli,
    page_drill_cli,
    partners_cli,
    places,
    rules_cli,
    services_cli,
    staff_cli,
    templates_cli,
    training,
)
from hark311.rehearsal.chat_cli import chat
from hark311.rehearsal.cli import storm
from hark311.settings import Settings
from hark311.terminal import AsJson, Data, err, fail, of_running, out, progress, settings_of, stored, told

app = typer.Typer(
    name="hark",
    help="The social listening and response desk of a city's 311 centre.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.add_typer(database_cli.app, name="db")
simulate = typer.Typer()
simulate.command(name="storm")(storm)
simulate.command(name="chat")(chat)
app.add_typer(simulate, name="simulate")
app.add_typer(training.app, name="train")
app.add_typer(places.app, name="places")
app.add_typer(accounts.app, name="accounts")
app.add_typer(rules_cli.app, name="rules")
app.add_typer(services_cli.app, name="services")
app.add_typer(templates_cli.app, name="templates")
app.command()(freeze_cli.freeze)
app.command()(evaluate_cli.evaluate)
app.command(name="kpis")(kpis_cli.kpis)
app.command(name="page-drill")(page_drill_cli.page_drill)
app.command()(deliveries_cli.deliveries)
app.command()(freeze_cli.thaw)
app.add_typer(calendars_cli.app, name="calendars")
app.add_typer(staff_cli.app, name="staff")
app.add_typer(chats_cli.app, name="chats")
app.add_typer(partners_cli.app, name="partners")

Port = Annotated[int | None, typer.Option("--port", help="Port of the desk.", show_default="8311")]
SimulatorPort = Annotated[int | None, typer.Option("--simulator-port", hidden=True)]
Lifeline = Annotated[bool, typer.Option("--lifeline", hidden=True)]


def _part(name: str, data: Path | None, lifeline: bool, **overrides: Any) -> Settings:
    """Settings for a process of the product itself."""
    settings = settings_of(name, data, **overrides)
    if lifeline:
        from hark311.supervisor import follow_lifeline

        follow_lifeline()
    return settings


@app.command()
@told
def up(data: Data = None, port: Port = None) -> None:
    """Run the whole product on this machine: desk, worker, embedded Redis, and the simulator if no account is set.

    Example: `hark up --port 8400 --data ./trial`
    """
    from hark311.supervisor import Supervisor

    settings = settings_of("up", data, port=port)
    supervisor = Supervisor(settings)
    supervisor.plan()
    with supervisor.alone():
        from hark311 import wiring  # takes a second, which a refusal need not

        database = wiring.database_of(settings)
        wiring.prepare(settings, database)
        link = wiring.sign_in_link(settings, database)
        supervisor.start()
        _greet(settings, link)
        supervisor.watch()


def _greet(settings: Settings, link: str) -> None:
    from hark311.simulated import simulator_root

    out.print(f"\n[bold]hark311 is up.[/bold] Sign in once with:\n\n    {link}\n", soft_wrap=True, highlight=False)
    if settings.simulated:
        out.print(f"The simulated city (four networks, 311): {simulator_root(settings)}", highlight=False)
    out.print(f"Everything is kept in {settings.data}. Ctrl-C stops it.\n", highlight=False, soft_wrap=True)


app.command(name="sign-in")(staff_cli.sign_in)


@app.command()
@told
def serve(
    data: Data = None, port: Port = None, simulator_port: SimulatorPort = None, lifeline: Lifeline = False
) -> None:
    """Serve the desk only. The worker runs elsewhere.

    Example: `HARK_DATABASE_URL=postgresql://... HARK_REDIS_URL=redis://... hark serve --port 8311`
    """
    from hark311 import wiring
    from hark311.console import create_app
    from hark311.console.serving import server_of

    settings = _part("console", data, lifeline, port=port, simulator_port=simulator_port)
    desk = create_app(wiring.product_of(settings))
    server = server_of(desk, desk.state.console.live, settings.host, settings.port)
    server.run()
    if not server.started:
        raise typer.Exit(3)  # uvicorn has said why


@app.command()
@told
def worker(
    data: Data = None,
    name: Annotated[str | None, typer.Option(help="Name in the listeners' leases; unique per worker.")] = None,
    port: Port = None,
    simulator_port: SimulatorPort = None,
    lifeline: Lifeline = False,
) -> None:
    """Listen, understand, draft, file and send. Any number of workers may run.

    Example: `HARK_DATABASE_URL=postgresql://... HARK_REDIS_URL=redis://... hark worker`
    """
    from hark311.worker import run

    run(_part("worker", data, lifeline, port=port, simulator_port=simulator_port), name)


@simulate.callback(invoke_without_command=True)
@told
def run_simulator(
    context: typer.Context,
    data: Data = None,
    port: Port = None,
    simulator_port: SimulatorPort = None,
    lifeline: Lifeline = False,
) -> None:
    """Run the city in a box alone: simulated X, Telegram, Mastodon, Bluesky and Open311 on loopback.

    Example: `hark simulate --data ./trial`
    """
    if context.invoked_subcommand:
        return
    from hark311.simulated import simulator_settings
    from hark311.simulator import serve as serve_simulator

    settings = _part("simulator", data, lifeline, port=port, simulator_port=simulator_port)
    settings.data.mkdir(parents=True, exist_ok=True)
    serve_simulator(simulator_settings(settings))


@app.command()
@told
def status(data: Data = None, as_json: AsJson = False) -> None:
    """Say how things stand: counts by state, oldest waiting, listeners, gaps, outbox, processes.

    Example: `hark status --json`
    """
    from hark311.simulated import accounts_of
    from hark311.status import rendered, status_of

    settings = of_running(data)
    found = status_of(stored(settings), settings.data, accounts_of(settings), geocoder=settings.geocoder)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2))
    else:
        out.print(rendered(found))


@app.command()
@told
def ledger(
    data: Data = None,
    days: Annotated[int, typer.Option(min=1, help="So many days back, today among them.")] = 14,
    account: Annotated[str | None, typer.Option(help="This account alone, by its name in the settings.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what came in day by day, and whether it balances. Ends with 1 when it does not.

    Example: `hark ledger --days 30 --account philly311 --json`
    """
    from hark311.ledger import ledger_of, rendered
    from models import utc_now

    found = ledger_of(stored(of_running(data)), utc_now(), days, account)
    if account and not found.accounts:
        fail(f"There is no account {account!r}. `hark accounts list` names them.", 2)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2))
    else:
        out.print(rendered(found))
    if not found.balances:
        raise typer.Exit(1)


@app.command()
@told
def doctor(
    data: Data = None,
    account: Annotated[str | None, typer.Option(help="This account alone, by its name in the settings.")] = None,
    as_json: AsJson = False,
) -> None:
    """Look at keys, scopes, labels, webhooks, clock, database and disk, and say what to do. Ends with 1 on a problem.

    Example: `hark doctor --account philly311`
    """
    import asyncio

    from hark311.doctor import as_dict, examine, rendered, well
    from models import utc_now

    settings = of_running(data)
    found = asyncio.run(examine(settings, stored(settings), utc_now(), account))
    if not found:
        fail(f"There is no account {account!r}. `hark accounts list` names them.", 2)
    if as_json:
        typer.echo(json.dumps(as_dict(found), indent=2))
    else:
        out.print(rendered(found))
    if not well(found):
        raise typer.Exit(1)


@app.command()
@told
def replay(
    file: Annotated[Path, typer.Argument(help="JSONL; each line has text, and may have id, lat, lon, created.")],
    data: Data = None,
    channel: Annotated[str, typer.Option(help="x, telegram, mastodon or bluesky.")] = "x",
    rate: Annotated[float, typer.Option(min=0, help="Posts a second; 0 is as fast as it goes.")] = 10,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many lines.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Wait until settled; count from both sides.")] = False,
    patience: Annotated[float, typer.Option(help="Seconds without any progress after which --check gives up.")] = 120,
    as_json: AsJson = False,
) -> None:
    """Say a file of residents' posts on the simulated network. May be killed and repeated: nothing is said twice.

    Example: `hark replay posts.jsonl --channel telegram --rate 50 --limit 500 --check --json`
    """
    from hark311 import replaying

    settings = of_running(data)
    replaying.replay(
        settings,
        file,
        channel,
        rate=rate,
        limit=limit,
        check=check,
        patience=patience,
        as_json=as_json,
        fail=fail,
        progress=progress,
        err=err,
    )


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False) -> None:
    """The social listening and response desk of a city's 311 centre."""
    if version:
        typer.echo(f"hark311 {__version__}")
        raise typer.Exit
    if not sys.stderr.isatty():
        logging.captureWarnings(True)
