"""A person at the desk who works over HTTP alone: signs in, opens what waits, approves drafts, settles doubts."""

import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from hark311.rehearsal.page_reading import Forms, read_forms

PATIENCE_SECONDS = 60
MENTION = re.compile(r'href="/mentions/(\d+)"')
OWN_WORDS = "Thank you for telling us. We look into it."
SIGNED = re.compile(r"( \([A-Z][a-z] \d+\))+$")
TRIES = 2
"""How often one person answers the same mention; what comes back then is closed: its post is gone, or the like."""


@dataclass(slots=True)
class Clerk:
    """One person with a browser. `link` makes a fresh one-time sign-in link.

    `seat`: two who sit at one queue begin at different ends of it, as colleagues do, and meet over what is left.
    """

    name: str
    desk_url: str
    link: Callable[[], str]
    seat: int = 0
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
        said = read_forms(page.text)
        self._ask("POST", link, {"csrf": said.csrf} if said.csrf else {})

    def work(self) -> None:
        """Work until told to stop."""
        while not self._stop.is_set():
            if not self.work_once():
                self._stop.wait(0.3)

    def stop(self) -> None:
        self._stop.set()

    def go_on(self) -> None:
        """Work again after a stop, as far as `work_once` is called."""
        self._stop.clear()

    def work_once(self) -> int:
        """Decide about what the first page of the queue shows, in an order of this person's own; how many."""
        decided = 0
        shown = list(dict.fromkeys(map(int, MENTION.findall(self._ask("GET", "/queue").text))))
        self._dice.shuffle(shown)
        shown.sort(key=lambda mention_id: (mention_id + self.seat) % 2)
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
            said = read_forms(self._ask("GET", at).text)
            if f"{at}/approve" not in said.offers:
                return False
            answer = self._ask("POST", f"{at}/approve", self._sent(said, mention_id, own_words, with_request))
            if _done(answer):
                self.approved += 1
                self._done[mention_id] = self._done.get(mention_id, 0) + 1
                return True
        return self._close(at)

    def _close(self, at: str) -> bool:
        said = read_forms(self._ask("GET", at).text)
        if f"{at}/reject" not in said.offers:
            return False
        answer = self._ask("POST", f"{at}/reject", said.decision | {"csrf": said.csrf, "reason": "no reply fits"})
        self.closed += _done(answer)
        return _done(answer)

    def _sent(self, said: Forms, mention_id: int, own_words: bool, with_request: bool) -> dict[str, str]:
        sent = said.decision
        words = "" if own_words else SIGNED.sub("", sent.get("reply_text", "").strip())
        text = f"{words or OWN_WORDS} ({self.name[:2]} {mention_id})"
        sent |= {"csrf": said.csrf, "send_reply": "yes", "reply_text": text}
        if not with_request:
            sent.pop("file_request", None)
        return sent

    def settle(self, mention_id: int, reply_id: int, *, there: bool) -> None:
        """Say of an uncertain reply what the thread shows; drop it where the desk takes neither."""
        said = read_forms(self._ask("GET", f"/mentions/{mention_id}").text)
        for what in ("is-there" if there else "not-there", "drop"):
            if _done(self._ask("POST", f"/replies/{reply_id}/{what}", {"csrf": said.csrf})):
                return

    def take_up(self, mention_id: int, request_id: int) -> None:
        """Take an uncertain request up again."""
        said = read_forms(self._ask("GET", f"/mentions/{mention_id}").text)
        self._ask("POST", f"/requests/{request_id}/take-up", {"csrf": said.csrf})

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
