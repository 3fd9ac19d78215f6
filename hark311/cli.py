"""The `hark` command. Every command works on one data directory (--data) and says what it does in --help."""

import json
import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hark311 import __version__, accounts, places, rules_cli, training
from hark311.settings import Settings, load
from hark311.terminal import AsJson, Data, err, fail, out, settings_of, stored, told

app = typer.Typer(
    name="hark",
    help="The social listening and response desk of a city's 311 centre.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
db = typer.Typer(help="Look after the database.", no_args_is_help=True)
app.add_typer(db, name="db")
app.add_typer(training.app, name="train")
app.add_typer(places.app, name="places")
app.add_typer(accounts.app, name="accounts")
app.add_typer(rules_cli.app, name="rules")

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


def _of_running(data: Path | None) -> Settings:
    """Settings as the product that runs with this data directory has them."""
    from hark311.supervisor import running_ports

    settings = settings_of("hark", data)
    ports = running_ports(settings.data)
    return load(data, **ports) if ports else settings


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


@app.command(name="sign-in")
@told
def sign_in(
    name: Annotated[str, typer.Argument(help="Who signs in, as colleagues know them.")] = "Supervisor",
    data: Data = None,
    supervisor: Annotated[bool, typer.Option("--supervisor", help="Make a new person a supervisor.")] = False,
) -> None:
    """Print a one-time sign-in link; a person who is not known yet is added to the staff.

    Example: `hark sign-in "Mae Jones"`
    """
    from hark311 import wiring

    settings = _of_running(data)
    database = wiring.database_of(settings)
    wiring.prepare(settings, database)
    try:
        typer.echo(wiring.sign_in_link(settings, database, name, supervisor=supervisor))
    except ValueError as error:
        fail(f"{name!r} cannot be added to the staff: {error}.", 2)


@app.command()
@told
def serve(
    data: Data = None, port: Port = None, simulator_port: SimulatorPort = None, lifeline: Lifeline = False
) -> None:
    """Serve the desk only. The worker runs elsewhere.

    Example: `HARK_DATABASE_URL=postgresql://... HARK_REDIS_URL=redis://... hark serve --port 8311`
    """
    import uvicorn

    from hark311 import wiring
    from hark311.console import create_app

    settings = _part("console", data, lifeline, port=port, simulator_port=simulator_port)
    uvicorn.run(
        create_app(wiring.product_of(settings)),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
    )


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


@app.command()
@told
def simulate(
    data: Data = None,
    port: Port = None,
    simulator_port: SimulatorPort = None,
    lifeline: Lifeline = False,
) -> None:
    """Run the city in a box alone: simulated X, Telegram, Mastodon, Bluesky and Open311 on loopback.

    Example: `hark simulate --data ./trial`
    """
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

    settings = _of_running(data)
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

    found = ledger_of(stored(_of_running(data)), utc_now(), days, account)
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

    settings = _of_running(data)
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

    settings = _of_running(data)
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


@app.command()
@told
def evaluate(
    task: Annotated[
        str,
        typer.Argument(
            help="intent, category, emergency, language, location, resolve, neighbours, learning or length.",
            show_default=False,
        ),
    ],
    files: Annotated[list[Path] | None, typer.Argument(help="JSONL files with labelled texts; length: YAML.")] = None,
    data: Data = None,
    as_json: AsJson = False,
    report: Annotated[Path | None, typer.Option(help="Write a page and its figures into this directory.")] = None,
    city: Annotated[
        str, typer.Option(help="location, resolve: whose gazetteer knows the names; location needs none.")
    ] = "",
    ids: Annotated[Path | None, typer.Option(help="resolve: a file of the row ids to count.")] = None,
    repeats: Annotated[
        Path | None, typer.Option(help="neighbours: JSONL of first, again and category to plant.")
    ] = None,
    pairs: Annotated[int, typer.Option(help="neighbours: how many suggestions to draw for readers.", min=1)] = 300,
    write: Annotated[Path | None, typer.Option("--out", help="neighbours: write them here.")] = None,
    judged: Annotated[list[Path] | None, typer.Option(help="neighbours: a reader's verdicts on them.")] = None,
    pool: Annotated[list[Path] | None, typer.Option(help="learning: files whose labels may be asked for.")] = None,
    test: Annotated[list[Path] | None, typer.Option(help="learning: files to measure on.")] = None,
    labels: Annotated[int, typer.Option(help="learning: labels to ask for.", min=1)] = 1000,
) -> None:
    """Score the classifier on labelled texts, one JSON object a line; labels are in fields named like the task.

    Example: `hark evaluate category labelled.jsonl --report ./measured`

    `resolve` measures metres to the lat and lon of each line, with the gazetteer of a city.

    Example: `hark evaluate resolve requests.jsonl --city philadelphia --json`

    `neighbours` plants repeats among reports (text, lat, lon, created) and says how many are found; with --out it
    writes suggestions for readers to judge, and with --judged it reads their verdicts.

    `length` counts texts as X does, and compares with twitter-text's conformance file.

    Example: `hark evaluate length validate.yml --json`

    `learning` plays how fast it learns: it asks for the labels it is least certain of, and is measured again.

    Example: `hark evaluate learning --pool mine.jsonl --test others.jsonl --labels 1000 --json`
    """
    from hark311 import evaluating, evaluating_places

    settings = settings_of("evaluate", data)
    if task == "learning":
        evaluating.learning(settings, pool or [], test or [], labels, as_json=as_json, fail=fail, out=out, err=err)
        return
    if task == "neighbours":
        evaluating_places.neighbours(
            settings, files or [], repeats, pairs, write, judged or [], as_json=as_json, fail=fail, out=out, err=err
        )
        return
    if not files:
        fail(f"Name the files to score {task} on.", 2)
    if task == "length":
        from hark311 import evaluating_length

        evaluating_length.length(files, as_json=as_json, fail=fail, out=out)
        return
    if task == "resolve":
        evaluating_places.resolve(
            settings, files, city or settings.city, ids, as_json=as_json, fail=fail, out=out, err=err
        )
        return
    evaluating.evaluate(
        settings, task, files, city, as_json=as_json, report=report, fail=fail, progress=progress, out=out, err=err
    )


@db.command(name="upgrade")
@told
def db_upgrade(data: Data = None) -> None:
    """Bring the schema to the newest revision and add what a new version ships.

    Example: `hark db upgrade --data ./trial`
    """
    from hark311 import wiring

    settings = settings_of("db", data)
    before, now = wiring.prepare(settings, wiring.database_of(settings))
    typer.echo(f"Schema {now}." if before == now else f"Schema upgraded from {before or 'nothing'} to {now}.")


@db.command(name="check")
@told
def db_check(data: Data = None, as_json: AsJson = False) -> None:
    """Check the schema against the code, and the rows against the invariants.

    Example: `hark db check`
    """
    from hark311.database_check import check_database

    problems = check_database(stored(settings_of("db", data)))
    if as_json:
        typer.echo(json.dumps({"problems": problems}, indent=2))
    else:
        typer.echo("\n".join(problems) or "The database is as it should be.")
    if problems:
        raise typer.Exit(1)


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False) -> None:
    """The social listening and response desk of a city's 311 centre."""
    if version:
        typer.echo(f"hark311 {__version__}")
        raise typer.Exit
    if not sys.stderr.isatty():
        logging.captureWarnings(True)


def progress() -> Progress:
    """A progress bar on standard error, so that --json on standard output stays clean."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    )
