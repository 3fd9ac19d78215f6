"""`hark templates`: our texts in a file for a translator, and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hark311.terminal import Data, fail, out, settings_of, stored, told

if TYPE_CHECKING:  # loading the tables takes longer than --help should
    from models import Database
    from responders.drafting import TemplateBook

app = typer.Typer(help="Our texts, out to a translator and back.", no_args_is_help=True)

Language = Annotated[str, typer.Option("--language", help="Tag of the language, such as es or zh-Hans.")]
Format = Annotated[str, typer.Option("--format", help="csv (for a spreadsheet) or toml.")]


@app.command(name="export")
@told
def export_texts(
    language: Language,
    form: Format = "csv",
    output: Annotated[Path | None, typer.Option("--output", help="File to write.", show_default="the screen")] = None,
    data: Data = None,
) -> None:
    """Write every text of one language, English beside it.

    Example: `hark templates export --language es --output es.csv`
    """
    from hark311.wording_files import FORMATS, written_out

    if form not in FORMATS:
        fail(f"The format is csv or toml, and not {form}.", 2)
    database = stored(settings_of("templates", data))
    text = written_out(_book(database), language, form)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8", newline="")
        out.print(f"{output} holds the texts in {language}.", highlight=False, markup=False)


@app.command(name="import")
@told
def import_texts(
    file: Annotated[Path, typer.Argument(help="The file a translator gave back, .csv or .toml.")],
    language: Language,
    checked_by: Annotated[
        str, typer.Option("--checked-by", help="The speaker who says that every text is right.")
    ] = "",
    data: Data = None,
) -> None:
    """Read a translator's file: what differs becomes a new version, all of it or nothing.

    Example: `hark templates import es.csv --language es --checked-by "Ana Ruiz"`
    """
    from hark311.console.words import LANGUAGES
    from hark311.starter import load_templates
    from hark311.wording_files import FORMATS, FileTrouble, read_back
    from models import utc_now
    from responders.registry import length_of
    from responders.rewording import NotKept, Rewording

    form = file.suffix.removeprefix(".").lower()
    if form not in FORMATS:
        fail(f"{file.name} is neither .csv nor .toml.", 2)
    if language not in LANGUAGES:
        fail(f"{language} is no language of the desk: {', '.join(LANGUAGES)}.", 2)
    database = stored(settings_of("templates", data))
    ours = {one.key: one.body for one in load_templates() if one.language == language}
    try:
        bodies = read_back(file.read_text(encoding="utf-8"), form, language)
        with database.write() as session:
            kept = Rewording(session, length_of, None, utc_now()).keep_many(language, bodies, ours, checked_by)
    except UnicodeDecodeError:
        fail(f"{file.name} is not UTF-8. Save it as UTF-8 and try again. Nothing was changed.")
    except FileTrouble as trouble:
        fail(f"{file.name}: {trouble} Nothing was changed.")
    except NotKept as error:
        fail("\n".join([*error.reasons, "Nothing was changed."]))
    checked = f", all checked by {checked_by}" if checked_by else ""
    out.print(
        f"{kept} of {len(bodies)} texts have a new version in {language}{checked}.", highlight=False, markup=False
    )


def _book(database: "Database") -> "TemplateBook":
    from sqlmodel import select

    from models import ReplyTemplate
    from responders.drafting import TemplateBook

    with database.read() as session:
        return TemplateBook(session.exec(select(ReplyTemplate)).all())
