"""Our wordings in files for a translator: CSV for a spreadsheet, TOML as the product has them. Out and in again."""

import csv
import io
import json
import tomllib
from collections.abc import Iterable, Mapping

from responders.drafting import FALLBACK_LANGUAGE, Key, TemplateBook

FORMATS: Mapping[str, str] = {"csv": "text/csv; charset=utf-8", "toml": "application/toml; charset=utf-8"}
"""What can be written, and its media type."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
HEAD = ("key", "english", "text", "checked_by")


class FileTrouble(ValueError):
    """A file that cannot be read back; the text names the line or the key."""


def written_out(book: TemplateBook, language: str, form: str) -> str:
    """The wordings of one language, English beside them."""
    return _csv(book, language) if form == "csv" else _toml(book, language)


def read_back(text: str, form: str, language: str) -> dict[Key, str]:
    """Key -> text, of a file a translator gave back. What is empty is left out. Raises FileTrouble."""
    found = _from_csv(text) if form == "csv" else _from_toml(text, language)
    unknown = [key for key in found if key not in set(Key)]
    if unknown:
        raise FileTrouble(f"{unknown[0]!r} is no text of ours. Leave the keys as they were in the file you were given.")
    return {Key(key): body for key, body in found.items() if body}


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def plain_cell(text: str) -> str:
    """What `safe_cell` was made of."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def csv_text(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A CSV file, with a mark in front by which spreadsheets know UTF-8; formulas do nothing."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\r\n")
    write.writerow(head)
    write.writerows([safe_cell(cell) for cell in row] for row in rows)
    return "\ufeff" + out.getvalue()


def _csv(book: TemplateBook, language: str) -> str:
    rows = []
    for key in Key:
        english, own = book.newest(key, FALLBACK_LANGUAGE), book.newest(key, language)
        said, checked_by = (own.body, own.checked_by) if own else ("", "")
        rows.append((key.value, english.body if english else "", said, checked_by))
    return csv_text(HEAD, rows)


def _toml(book: TemplateBook, language: str) -> str:
    own = {key: found for key in Key if (found := book.newest(key, language))}
    checked = all(one.checked_by_speaker for one in own.values())
    lines = [f'language = "{language}"', f"checked_by_speaker = {str(checked).lower()}", "", "[texts]"]
    for key, one in own.items():
        english = book.newest(key, FALLBACK_LANGUAGE)
        if english and language != FALLBACK_LANGUAGE:
            lines.append(f"# {' '.join(english.body.split())}")
        lines.append(f"{key.value} = {json.dumps(one.body, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def _from_csv(text: str) -> dict[str, str]:
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    if not {"key", "text"} <= set(rows.fieldnames or ()):
        raise FileTrouble("The first line must name the columns; key and text are needed.")
    found: dict[str, str] = {}
    for row in rows:
        key = (row["key"] or "").strip()
        if key in found:
            raise FileTrouble(f"Line {rows.line_num}: {key} stands there twice.")
        if key:
            found[key] = plain_cell((row["text"] or "").strip())
    return found


def _from_toml(text: str, language: str) -> dict[str, str]:
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FileTrouble(f"This is not TOML: {error}.") from None
    if read.get("language", language) != language:
        raise FileTrouble(f"The file is in {read['language']}, and not in {language}.")
    texts = read.get("texts")
    if not isinstance(texts, dict) or not all(isinstance(one, str) for one in texts.values()):
        raise FileTrouble("There is no [texts] in it, with one line of words for each key.")
    return {key: body.strip() for key, body in texts.items()}
