"""Makes the reference pages that can be made from the code: `python docs/generate.py`. A test compares them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import typer.main
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from hark311.cli import app
from hark311.console import keymap
from hark311.kpi_facts import LONGEST, SAMPLED
from hark311.kpis import MEASURES, Unit
from hark311.settings import CityDestination, NotifySettings, Open311Settings, Settings, TelegramAccount, XAccount
from hark311.settings.destinations import MailDestination, WebhookDestination
from models.lifecycle import MACHINES

DOCS = Path(__file__).parent
MADE = "This page is made from the code by `python docs/generate.py`; a test fails when they differ."
FIGURES = """\
What stands on *Figures* and what `hark kpis` prints, figure by figure. Times are given as the **median** (half took no
longer) and the **90th percentile** (nine of ten took no longer; it is a time that occurred), never as an average: one
post answered after a week would hide a hundred answered in minutes. A share of nothing is left out, not 0.

**Storms**: thirty posts about one broken main are one incident. Where a figure counts a storm once, it is counted by
the post whose request stands for all.

**Two clocks**: the desk's, until a person's first reply, and the department's, from filing to outcome. Each is given by
the wall and in open hours, which are those of the calendar that the service is promised by.

What the desk does not know it does not make up: nobody is asked yet how content they are, and without a calendar there
are no open hours.

At most DAYS days are read at a time. Of more than POSTS posts an even sample by number is read; how many came in each
day is counted in full. A day is a day of the city; a post belongs to the day we heard it."""
NOUNS = {
    "Mention": "A mention",
    "Reply": "A reply",
    "ServiceRequest": "A service request",
    "FixedQuestion": "A question whether it is fixed",
    "TweetChat": "A tweet chat",
    "ModerationAct": "An act of moderation",
}


def lifecycles() -> str:
    """The state machines as diagrams and tables."""
    parts = [
        "# The lifecycles\n\n"
        "A mention, a reply, a service request and a question whether it is fixed each have a life of their own.\n"
        "`models.transitions.advance` is the only code that moves one from state to state; "
        "it refuses what is not drawn here and writes every step into "
        f"the audit.\n\n{MADE}\n"
    ]
    for machine, moves in MACHINES.items():
        lines = [f"## {NOUNS[machine]}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {next(iter(moves))}"]
        lines += [f"    {before} --> {after}" for before, to in moves.items() for after in to]
        lines += ["```", "", "| from | to | when |", "|---|---|---|"]
        lines += [f"| {before} | {after} | {why} |" for before, to in moves.items() for after, why in to.items()]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def settings() -> str:
    """Every setting with its environment variable, default and meaning."""
    parts = [
        "# Settings\n\n"
        "By environment (`HARK_...`, nested with two underscores), or in `DATA/hark.toml`; the environment wins. "
        f"Unknown keys are refused.\nSecrets are never printed.\n\n{MADE}\n"
    ]
    sections: list[tuple[str, str, type[BaseModel]]] = [
        ("The product", "HARK_", Settings),
        ("An account on X", "HARK_ACCOUNTS__NAME__", XAccount),
        ("An account on Telegram", "HARK_ACCOUNTS__NAME__", TelegramAccount),
        ("The city's system (Open311)", "HARK_OPEN311__", Open311Settings),
        ("A department told by e-mail", "HARK_DESTINATIONS__NAME__", MailDestination),
        ("A webhook that takes requests", "HARK_DESTINATIONS__NAME__", WebhookDestination),
        ("Another Open311 system", "HARK_DESTINATIONS__NAME__", CityDestination),
        ("Where a danger is paged to", "HARK_NOTIFY__", NotifySettings),
    ]
    for title, prefix, model in sections:
        rows = [
            f"| `{prefix}{name.upper()}` | {_default(field)} | {field.description or ''} |"
            for name, field in model.model_fields.items()
        ]
        parts.append("\n".join([f"## {title}", "", "| variable | default | |", "|---|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _default(field: Any) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if isinstance(field.default, BaseModel):
        return "see below"
    return f"`{field.default}`" if field.default not in (None, "", [], {}) else "none"


def commands() -> str:
    """Every command with its help."""
    root = typer.main.get_command(app)
    parts = [f"# Commands\n\n{MADE}\n"]
    for path, command in _commands(root, ["hark"]):
        context = click.Context(command, info_name=path[-1])
        lines = [f"## `{' '.join(path)}`", "", (command.help or "").strip(), ""]
        lines += ["| option | meaning |", "|---|---|"]
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            if record:
                lines.append(f"| `{record[0]}` | {record[1]} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def figures() -> str:
    """Every figure of the supervisor's page with its definition."""
    said = FIGURES.replace("DAYS", str(LONGEST.days)).replace("POSTS", f"{SAMPLED:,}")
    parts = [f"# The figures of the desk\n\n{said}\n\n{MADE}\n"]
    for measure in MEASURES:
        once = "A storm counts once." if measure.storms_once else "Every post counts, in a storm as well."
        kind = "a share" if measure.unit == Unit.SHARE else f"a {measure.unit}: median and p90"
        parts.append(f"## {measure.name}\n\n`{measure.key}`, {kind}. {once}\n\n{measure.definition}\n")
    return "\n".join(parts)


def _commands(command: Any, path: list[str]) -> Iterator[tuple[list[str], Any]]:
    """Whatever can be run: a command, or a group that does something by itself."""
    inner = getattr(command, "commands", {})
    if not inner or command.invoke_without_command:
        yield path, command
    for name, one in sorted(inner.items()):
        yield from _commands(one, [*path, name])


def keys() -> str:
    """Every action of the desk with its key."""
    parts = [
        "# Keys\n\n"
        "Every action of the desk and the key it comes with. Each person can change a key, take it away, or switch\n"
        "single keys off, under **Keys and colours**: [use the keyboard](../how-to/use-the-keyboard.md). On the desk,\n"
        f"`?` shows the keys as you have them.\n\n{MADE}\n"
    ]
    for where, actions in keymap.by_place():
        rows = [f"| {_pressed(action.key)} | {action.does} |" for action in actions]
        parts.append("\n".join([f"## {where.value.capitalize()}", "", "| key | does |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _pressed(key: str) -> str:
    return " ".join(f"`{one}`" for one in key.split())


PAGES: dict[Path, Callable[[], str]] = {
    DOCS / "explanation/figures.md": figures,
    DOCS / "explanation/lifecycles.md": lifecycles,
    DOCS / "reference/settings.md": settings,
    DOCS / "reference/commands.md": commands,
    DOCS / "reference/keys.md": keys,
}

if __name__ == "__main__":
    for page, make in PAGES.items():
        page.write_text(make(), encoding="utf-8")
