"""`hark db`: the schema, and whether the rows keep to what always holds."""

import json

import typer

from hark311.terminal import AsJson, Data, settings_of, stored, told

app = typer.Typer(help="Look after the database.", no_args_is_help=True)


@app.command(name="upgrade")
@told
def upgrade(data: Data = None) -> None:
    """Bring the schema to the newest revision and add what a new version ships.

    Example: `hark db upgrade --data ./trial`
    """
    from hark311 import wiring

    settings = settings_of("db", data)
    before, now = wiring.prepare(settings, wiring.database_of(settings))
    typer.echo(f"Schema {now}." if before == now else f"Schema upgraded from {before or 'nothing'} to {now}.")


@app.command(name="check")
@told
def check(data: Data = None, as_json: AsJson = False) -> None:
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
