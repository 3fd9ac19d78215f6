"""What a page of the desk offers somebody who works over HTTP alone: its forms, as a browser would send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

DECISION = "decision"


@dataclass(slots=True)
class Form:
    """One form: where it goes, and its fields as they stand."""

    action: str
    name: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Forms:
    """All forms of a page. `offers`: where its buttons lead."""

    forms: list[Form]
    offers: list[str]
    csrf: str

    @property
    def decision(self) -> dict[str, str]:
        """The fields of the form in which a mention is decided."""
        return next((dict(one.fields) for one in self.forms if one.name == DECISION), {})

    def offers_to(self, path: str) -> bool:
        """Whether a button leads to an address with this end."""
        return any(urlsplit(one).path.endswith(path) for one in self.offers)

    def posting_to(self, path: str) -> Form | None:
        """The first form that goes to an address with this end."""
        return next((one for one in self.forms if urlsplit(one.action).path.endswith(path)), None)


def read_forms(page: str) -> Forms:
    """The forms of an HTML page."""
    reading = _Reading()
    reading.feed(page)
    return Forms(list(reading.forms.values()), reading.offers, reading.csrf)


class _Reading(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, Form] = {}
        self.offers: list[str] = []
        self.csrf = ""
        self._open: Form | None = None
        self._text: tuple[Form, str] | None = None
        self._select: tuple[Form, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            key = given.get("id") or f"form {len(self.forms)}"
            self._open = self.forms.setdefault(key, Form("", given.get("id", "")))
            self._open.action = given.get("action", "")
            if given.get("method", "").lower() == "post":
                self.offers.append(given.get("action", ""))
        if tag == "button" and "formaction" in given:
            self.offers.append(given["formaction"])
        if tag == "input" and name == "csrf":
            self.csrf = self.csrf or given.get("value", "")
        form = self._of(given.get("form"))
        if tag == "option" and self._select:
            self._choose(*self._select, given)
        if form is None or not name or "disabled" in given:
            return
        if tag == "textarea":
            self._text, form.fields[name] = (form, name), ""
        elif tag == "select":
            self._select = form, name
        elif tag == "input" and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            form.fields[name] = given.get("value", "")

    def _choose(self, form: Form, name: str, given: dict[str, str]) -> None:
        """A list holds what is selected in it; where nothing is, its first line."""
        if "selected" in given or name not in form.fields:
            form.fields[name] = given.get("value", "")

    def _of(self, form_id: str | None) -> Form | None:
        """The form a field belongs to: the one it names, which may come later in the page, or the one it stands in."""
        if form_id is None:
            return self._open
        return self.forms.setdefault(form_id, Form("", form_id))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "textarea":
            self._text = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._text:
            form, name = self._text
            form.fields[name] += data.removeprefix("\n") if not form.fields[name] else data
