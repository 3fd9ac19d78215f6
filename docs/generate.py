"""Makes the reference pages that can be made from the code: `python docs/generate.py`. A test compares them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import typer.main
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from hark311.cli import app
from hark311.settings import NotifySettings, Open311Settings, Settings, TelegramAccount, XAccount
from models.lifecycle import MACHINES

DOCS = Path(__file__).parent
MADE = "This page is made from the code by `python docs/generate.py`; a test fails when they differ."
NOUNS = {"Mention": "A mention", "Reply": "A reply", "ServiceRequest": "A service request"}


def lifecycles() -> str:
    """The three state machines as diagrams and tables."""
    parts = [
        "# The three lifecycles\n\n"
        "A mention, a reply and a service request each have a life of their own. `models.transitions.advance` is the "
        "only code that\nmoves one from state to state; it refuses what is not drawn here and writes every step into "
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


def _commands(command: Any, path: list[str]) -> Iterator[tuple[list[str], Any]]:
    if hasattr(command, "commands"):
        for name, inner in sorted(command.commands.items()):
            yield from _commands(inner, [*path, name])
    else:
        yield path, command


PAGES: dict[Path, Callable[[], str]] = {
    DOCS / "explanation/lifecycles.md": lifecycles,
    DOCS / "reference/settings.md": settings,
    DOCS / "reference/commands.md": commands,
}

if __name__ == "__main__":
    for page, make in PAGES.items():
        page.write_text(make(), encoding="utf-8")
