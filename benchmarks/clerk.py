"""A person at the desk who works over HTTP alone: signs in, opens what waits, approves drafts, settles doubts."""

import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

PATIENCE_SECONDS = 60
MENTION = re.compile(r'href="/mentions/(\d+)"')
OWN_WORDS = "Thank you for telling us. We look into it."
SIGNED = re.compile(r"( \([A-Z][a-z] \d+\))+$")
TRIES = 2
"""How often one person answers the same mention; what comes back then is closed: its post is gone, or the like."""


class DecisionFields(HTMLParser):
    """The fields of the page's decision form, as a browser would send them, and which decisions it offers."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.offers: set[str] = set()
        self.tokens: list[str] = []
        self._inside = False
        self._text: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("id") == "decision"
        name, of_form = given.get("name", ""), self._inside or given.get("form") == "decision"
        if tag == "input" and name == "csrf":
            self.tokens.append(given.get("value", ""))
        if tag == "button" and "formaction" in given:
            self.offers.add(given["formaction"].rpartition("/")[2])
        if tag == "option" and self._select and "selected" in given:
            self.fields[self._select] = given.get("value", "")
        if not (of_form and name):
            return
        if tag == "textarea":
            self._text, self.fields[name] = name, ""
        elif tag == "select":
            self._select = name
            self.fields.setdefault(name, "")
        elif tag == "input" and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            self.fields[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "textarea":
            self._text = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._text:
            self.fields[self._text] += data.removeprefix("\n") if not self.fields[self._text] else data


@dataclass(slots=True)
class Clerk:
    """One person with a browser. `link` makes a fresh one-time sign-in link."""

    name: str
    desk_url: str
    link: Callable[[], str]
    approved: int = 0
    closed: int = 0
    broke: list[str] = field(default_factory=list)
    _browser: httpx.Client = field(init=False)
    _done: dict[int, int] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.name)
        self._browser = httpx.Client(base_url=self.desk_url, timeout=20, trust_env=False)

    def sign_in(self) -> None:
        """Open the one-time link and come in."""
        link = self.link()
        page = self._ask("GET", link)
        said = read(page.text)
        self._ask("POST", link, {"csrf": said.tokens[0]} if said.tokens else {})

    def work(self) -> None:
        """Work until told to stop."""
        while not self._stop.is_set():
            if not self.work_once():
                self._stop.wait(0.3)

    def stop(self) -> None:
        self._stop.set()

    def work_once(self) -> int:
        """Decide about what the first page of the queue shows, in an order of this person's own; how many."""
        decided = 0
        shown = list(dict.fromkeys(map(int, MENTION.findall(self._ask("GET", "/queue").text))))
        self._dice.shuffle(shown)
        for mention_id in shown:
            if self._stop.is_set():
                break
            try:
                decided += self.decide(mention_id)
            except (httpx.HTTPError, LookupError) as error:
                self.broke.append(f"mention {mention_id}: {type(error).__name__}")
        return decided

    def decide(self, mention_id: int) -> bool:
        """Approve what is drafted; without the request, or in other words, where the desk objects; else close it."""
        at = f"/mentions/{mention_id}"
        if self._done.get(mention_id, 0) >= TRIES:
            return self._close(at)
        for own_words, with_request in ((False, True), (False, False), (True, False)):
            said = read(self._ask("GET", at).text)
            if "approve" not in said.offers:
                return False
            answer = self._ask("POST", f"{at}/approve", self._sent(said, mention_id, own_words, with_request))
            if _done(answer):
                self.approved += 1
                self._done[mention_id] = self._done.get(mention_id, 0) + 1
                return True
        return self._close(at)

    def _close(self, at: str) -> bool:
        said = read(self._ask("GET", at).text)
        if "reject" not in said.offers:
            return False
        answer = self._ask("POST", f"{at}/reject", said.fields | {"csrf": said.tokens[0], "reason": "no reply fits"})
        self.closed += _done(answer)
        return _done(answer)

    def _sent(self, said: DecisionFields, mention_id: int, own_words: bool, with_request: bool) -> dict[str, str]:
        sent = dict(said.fields)
        words = "" if own_words else SIGNED.sub("", sent.get("reply_text", "").strip())
        text = f"{words or OWN_WORDS} ({self.name[:2]} {mention_id})"
        sent |= {"csrf": said.tokens[0], "send_reply": "yes", "reply_text": text}
        if not with_request:
            sent.pop("file_request", None)
        return sent

    def settle(self, mention_id: int, reply_id: int, *, there: bool) -> None:
        """Say of an uncertain reply what the thread shows; drop it where the desk takes neither."""
        said = read(self._ask("GET", f"/mentions/{mention_id}").text)
        for what in ("is-there" if there else "not-there", "drop"):
            if _done(self._ask("POST", f"/replies/{reply_id}/{what}", {"csrf": said.tokens[0]})):
                return

    def take_up(self, mention_id: int, request_id: int) -> None:
        """Take an uncertain request up again."""
        said = read(self._ask("GET", f"/mentions/{mention_id}").text)
        self._ask("POST", f"/requests/{request_id}/take-up", {"csrf": said.tokens[0]})

    def _ask(self, method: str, path: str, sent: Mapping[str, Any] | None = None) -> httpx.Response:
        """One call, again while the desk is being started anew; what got through is shown by the next page."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = self._browser.request(method, path, data=dict(sent) if sent is not None else None)
            except httpx.TransportError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
                continue
            if answer.status_code == 500:
                self.broke.append(f"{method} {path}: 500")
            return answer


def _done(answer: httpx.Response) -> bool:
    """The desk leads on to another page when it did what was asked; what stands there the clerk reads when it wants."""
    return answer.is_redirect


def read(page: str) -> DecisionFields:
    """What a page holds for a person who decides."""
    fields = DecisionFields()
    fields.feed(page)
    return fields
