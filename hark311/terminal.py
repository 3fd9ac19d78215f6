"""What every command shares: where it prints, how it ends, the settings and the database it works on."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import DatabaseError

from hark311 import logs
from hark311.settings import Settings, SettingsError, load

if TYPE_CHECKING:  # loading the tables takes longer than --help should
    from models import Database

P = ParamSpec("P")
R = TypeVar("R")

out, err = Console(), Console(stderr=True)

Data = Annotated[
    Path | None, typer.Option("--data", help="Directory that holds everything this product keeps.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]


def fail(message: str, code: int = 1) -> NoReturn:
    """Say what is wrong on standard error and end."""
    err.print(message, style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(code)


def told(command: Callable[P, R]) -> Callable[P, R]:
    """What an operator can mend ends a command with a sentence, not with a traceback."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except SettingsError as error:
            fail(str(error), 2)
        except DatabaseError as error:
            fail(f"The database cannot be used: {str(error.orig).strip().splitlines()[0]}", 2)
        except OSError as error:
            fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), 2)

    return wrapped


def settings_of(name: str, data: Path | None, **overrides: Any) -> Settings:
    """The settings of a command called `name`, its log set up."""
    settings = load(data, **overrides)
    logs.set_up(name, logs.secrets_in(settings))
    return settings


def of_running(data: Path | None) -> Settings:
    """Settings as the product that runs with this data directory has them."""
    from hark311.supervisor import running_ports

    settings = settings_of("hark", data)
    ports = running_ports(settings.data)
    return load(data, **ports) if ports else settings


def stored(settings: Settings) -> "Database":
    """The database, where there is one already."""
    from hark311 import wiring
    from models import migrations

    if settings.database_url or (settings.data / wiring.DATABASE_FILE).exists():
        database = wiring.database_of(settings)
        if migrations.current(database) is not None:
            return database
    fail(f"There is no hark311 database in {settings.data} yet. Start the product with `hark up`.", 2)


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
