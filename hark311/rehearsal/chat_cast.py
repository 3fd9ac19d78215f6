"""The people who run a rehearsed chat: each with a browser and a sign-in of their own, over HTTP alone.

They hold to what stands on the pages, and to the briefing that staff get before a chat: how the hour is planned, which
answers are prepared, what a threat looks like, and which rumour went round last week.
"""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from hark311.rehearsal.chat_board_reading import SeenBoard, SeenCard, read_board
from hark311.rehearsal.chat_case import ChatCase
from hark311.rehearsal.chat_residents import Participants
from hark311.rehearsal.chat_script import Act, Mark
from hark311.rehearsal.chat_stage import Laid
from hark311.rehearsal.page_reading import Form, Forms, read_forms
from hark311.rehearsal.stage import Stage
from models import ChatLane

WAITED_FOR = (ChatLane.QUESTION, ChatLane.NEEDS_ANSWER)
ACKNOWLEDGE = re.compile(r"/alarms/\d+/acknowledge$")
THREATS = ("hurt you", "beat up")
RUMOURS = ("charges forty dollars",)
ABSENT = (24.0, 36.0)
"""From minute to minute the first guest is gone."""
NOTICED = 25.0
"""The minute in which the host says so on the page of the chat's people."""
PAUSE, RESUME, SHIFT = 27.0, 28.5, 30.0
SHIFTED_BY = 60
OWN_WORDS = {
    "en": (
        "Thank you for asking.",
        "Good question.",
        "Glad you ask.",
        "You are not the only one who asks.",
        "This comes up a lot.",
        "Thanks for being here.",
        "We hear this often.",
    ),
    "es": (
        "Gracias por preguntar.",
        "Buena pregunta.",
        "Nos alegra que pregunte.",
        "Muchos lo preguntan.",
        "Gracias por participar.",
    ),
}
"""Nobody says the very same words twice: X refuses them, and so would a reader."""
OTHERS_TOO = "settled"
"""Near-identical questions are answered with the one."""
AT_ONCE = 4
"""Cards somebody deals with before they look at the board anew."""


@dataclass(slots=True)
class Browser:
    """Somebody's browser. `refused`: what the desk did not take, in its own words."""

    desk_url: str
    link: str
    refused: list[str] = field(default_factory=list)
    _client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self._client = httpx.Client(base_url=self.desk_url, timeout=60, trust_env=False)

    def sign_in(self) -> None:
        """Open the one-time link and come in."""
        self._client.post(self.link, data={"csrf": read_forms(self._client.get(self.link).text).csrf})

    def get(self, path: str) -> str:
        return self._client.get(path).text

    def post(self, path: str, fields: Mapping[str, Any]) -> bool:
        """Send a form; whether the desk took it."""
        answer = self._client.post(path, data=dict(fields))
        if not answer.is_redirect:
            self.refused.append(f"{path}: {objection(answer.text)}")
        return answer.is_redirect

    def another_window(self) -> "Browser":
        """A second window of the same person."""
        opened = Browser(self.desk_url, self.link)
        opened._client.cookies = self._client.cookies
        return opened

    def close(self) -> None:
        self._client.close()


def objection(page: str) -> str:
    """What a page says against what was sent."""
    found = re.search(
        r'(?:id="refused"|class="(?:trouble|objections?|wrong)[^"]*")[^>]*>(.*?)</(?:ul|div)>', page, re.S
    )
    return re.sub(r"<[^>]+>|\s+", " ", found[1]).strip()[:200] if found else "the desk did not take it"


@dataclass(slots=True)
class AtBoard:
    """What all of them do: come in, and look at the board."""

    browser: Browser
    chat_id: int
    case: ChatCase
    csrf: str = ""

    @property
    def base(self) -> str:
        return f"/chats/{self.chat_id}"

    def look(self, query: str = "") -> SeenBoard:
        """The board as this person sees it now."""
        page = self.browser.get(f"{self.base}/board{query}")
        self.csrf = read_forms(page).csrf or self.csrf
        return read_board(page)

    def act(self, card: SeenCard, what: str, **more: str) -> bool:
        """One act on a card, as its button says."""
        fields = {"csrf": self.csrf, "seen_version": str(card.version), "do": what, **more}
        return self.browser.post(f"{self.base}/entries/{card.id}/do", fields)

    def finish(self) -> None:
        """Nothing is left to do for most."""

    def close(self) -> None:
        self.browser.close()


@dataclass(slots=True)
class Moderator(AtBoard):
    """Sorts, assigns, makes service requests, hides a threat under the policy, and sees to it that a danger is seen."""

    _reported: set[int] = field(default_factory=set)
    _hidden: set[int] = field(default_factory=set)

    def step(self, _minute: float) -> None:
        """Danger first, then what must not stand, then what waits."""
        board = self.look()
        if board.in_lanes(ChatLane.EMERGENCY):
            self._acknowledge()
        for card in [one for one in board.cards if _says(one, THREATS) and one.id not in self._hidden]:
            self._hidden.add(card.id)
            self._hide(card)
        for card in [one for one in board.cards if _says(one, RUMOURS) and not one.sign]:
            if card.lane not in WAITED_FOR:
                self.act(card, f"lane:{ChatLane.NEEDS_ANSWER}")
        reports = [one for one in board.in_lanes(ChatLane.SERVICE_REQUEST) if one.id not in self._reported]
        for card in reports[:AT_ONCE]:
            self._reported.add(card.id)
            if not card.sign:
                self.act(card, "report")
        waiting = [one for one in board.in_lanes(*WAITED_FOR) if one.waits and not one.sign]
        for card in sorted(waiting, key=lambda one: not _says(one, RUMOURS))[:AT_ONCE]:
            if not card.assigned or card.late:
                self.act(card, "assign-next")

    def _acknowledge(self) -> None:
        """Say of every danger in the main queue that somebody has seen it."""
        forms = read_forms(self.browser.get("/queue"))
        for action in sorted({one.action for one in forms.forms if ACKNOWLEDGE.search(one.action)}):
            self.browser.post(action, {"csrf": forms.csrf})

    def _hide(self, card: SeenCard) -> None:
        """Under the clause on threats; where the policy has none, nothing is hidden."""
        page = self.browser.get(f"/moderation/new?entry={card.id}")
        form, clause = read_forms(page).posting_to("/moderation"), clause_about("hreat", page)
        if form and clause:
            why = "They say that they will hurt somebody."
            self.browser.post(form.action, {**form.fields, "kind": "hide", "clause": clause, "why": why})


def clause_about(word: str, page: str) -> str:
    """The value of the choice of a clause whose title holds a word; "" where there is none."""
    for value, words in re.findall(r'<option value="(\d+)"[^>]*>([^<]*)<', page):
        if word in words:
            return str(value)
    for value, words in re.findall(r'name="clause"[^>]*value="(\d+)"[^>]*>(.*?)</label>', page, re.S):
        if word in words:
            return str(value)
    return ""


@dataclass(slots=True)
class Host(AtBoard):
    """Opens nothing by hand (the clock does), notices that a guest is gone, pauses, goes on, shifts, and approves."""

    _absent: bool = False
    _paused: bool = False
    _shifted: bool = False
    _published: bool = False
    _approved: set[int] = field(default_factory=set)

    def step(self, minute: float) -> None:
        """What the minute asks for, then the answers that wait for a key."""
        board = self.look()
        if ABSENT[0] < NOTICED <= minute and minute < ABSENT[1] and not self._absent:
            self._absent = self._say_absent(self.case.guests[0], absent=True)
        elif minute >= ABSENT[1] and self._absent:
            self._absent = not self._say_absent(self.case.guests[0], absent=False)
        self._run(board, minute)
        handed_in = [one for one in board.cards if "handed in" in one.sign]
        for card in handed_in[: 2 * AT_ONCE]:
            self._approve(card)
        if not board.live and minute > self.case.minutes and not self._published:
            self._published = self._publish()

    def _run(self, board: SeenBoard, minute: float) -> None:
        """The flood: stop for a while, go on, and give the next question a minute more."""
        if not board.live:
            return
        if PAUSE <= minute < RESUME and not board.paused and not self._paused:
            self._paused = self._schedule("pause")
        elif board.paused and minute >= RESUME:
            self._schedule("resume")
        elif SHIFT <= minute < ABSENT[1] and not board.paused and not self._shifted:
            self._shifted = self._schedule("shift", seconds=str(SHIFTED_BY))

    def _schedule(self, what: str, **more: str) -> bool:
        return self.browser.post(f"{self.base}/board/schedule", {"csrf": self.csrf, "do": what, **more})

    def _say_absent(self, name: str, *, absent: bool) -> bool:
        page = self.browser.get(f"{self.base}/people")
        found = re.search(rf'id="person-(\d+)"(?:(?!<li).)*?<bdi>{re.escape(name)}</bdi>', page, re.S)
        form = read_forms(page).posting_to(f"{self.base}/people/{found[1]}") if found else None
        if form is None:
            return False
        fields = {name: value for name, value in form.fields.items() if name != "absent"}
        return self.browser.post(form.action, fields | ({"absent": "yes"} if absent else {}))

    def _approve(self, card: SeenCard) -> None:
        """Read the answer on the post's own page, and give the key; what the desk refuses goes back to its maker."""
        form = answer_form(read_forms(self.browser.get(f"{self.base}/entries/{card.id}")))
        if form is None or self.browser.post(f"{form.action}/approve", {**form.fields, "others": OTHERS_TOO}):
            return
        why = self.browser.refused[-1].rpartition(": ")[2]
        self.browser.post(f"{form.action}/return", {"csrf": form.fields.get("csrf", ""), "reason": why})

    def _publish(self) -> bool:
        """Let anybody read the recap, in every language."""
        forms = read_forms(self.browser.get(f"{self.base}/recap"))
        sent = [self.browser.post(one.action, one.fields) for one in forms.forms if one.action.endswith("/publish")]
        return bool(sent) and all(sent)


@dataclass(slots=True)
class Guest(AtBoard):
    """Writes answers to what they are given, from what is prepared; gone from minute to minute where told so."""

    gone: tuple[float, float] | None = None
    _written: int = 0

    def step(self, minute: float) -> None:
        """Answer what waits for this guest."""
        if self.gone and self.gone[0] <= minute < self.gone[1]:
            return
        mine = [one for one in self.look().mine if not one.sign or "being written" in one.sign]
        for card in mine[:AT_ONCE]:
            form = answer_form(read_forms(self.browser.get(f"{self.base}/entries/{card.id}?write=1")))
            if form is not None:
                words = self.answer_to(card.words, form.fields.get("language", "en"))
                ready = form.fields.get("reply_text", "")
                text = ready.replace(":  ", f": {words} ") if ":  " in ready else words
                self.browser.post(f"{form.action}/hand-in", {**form.fields, "reply_text": text})

    def answer_to(self, words: str, language: str) -> str:
        """The prepared answer that fits, in their language where it is prepared in that; and a word of one's own."""
        said = words.casefold()
        fits = [one for one in self.case.bank if not one.about or any(word in said for word in one.about)]
        found = fits[0].words if fits else {"en": "We find out and tell you on the chat's page."}
        own = OWN_WORDS.get(language if language in found else "en", OWN_WORDS["en"])
        self._written += 1
        first, last = own[self._written % len(own)], own[self._written // len(own) % len(own)]
        return f"{first} {found.get(language) or found['en']} {last}" if first != last else f"{first} {found['en']}"


def answer_form(forms: Forms) -> Form | None:
    """The form in which an answer is written."""
    return forms.posting_to("/answer")


@dataclass(slots=True)
class Watcher:
    """A second window of the moderator's, for the clock alone: when an emergency came on their board.

    `said`: when it was taken, on the wall, by what it says; `seen`: seconds until the board showed it.
    """

    browser: Browser
    chat_id: int
    participants: Participants
    on_board: dict[str, float] = field(default_factory=dict)

    def step(self, _minute: float) -> None:
        """Look while an emergency is out that the board has not shown."""
        said = list(self.participants.said.values())
        out = [one for one in said if one.line.mark == Mark.EMERGENCY and one.line.act == Act.POST]
        for one in [each for each in out if each.line.key not in self.on_board]:
            board = read_board(self.browser.get(f"/chats/{self.chat_id}/board/live"))
            if any(one.line.text[:60] in card.words for card in board.in_lanes(ChatLane.EMERGENCY)):
                self.on_board[one.line.key] = time.monotonic() - one.wall

    def finish(self) -> None:
        """Nothing is left to do."""

    def close(self) -> None:
        self.browser.close()


@dataclass(frozen=True, slots=True)
class Cast:
    """All of them, and what the watcher measured."""

    people: Sequence[Any]
    on_board: dict[str, float]

    @property
    def refused(self) -> list[str]:
        """What the desk did not take."""
        return [why for one in self.people for why in one.browser.refused]


def cast_of(stage: Stage, laid: Laid, case: ChatCase, participants: Participants) -> Cast:
    """Host, moderator and guests, signed in; the first guest goes missing in the difficult quarter of an hour."""
    browsers = {name: Browser(stage.settings.desk_url, link) for name, link in laid.links.items()}
    for one in browsers.values():
        one.sign_in()
    host = Host(browsers[case.host], laid.chat_id, case)
    moderator = Moderator(browsers[case.moderator], laid.chat_id, case)
    guests = [
        Guest(browsers[name], laid.chat_id, case, gone=ABSENT if not at else None)
        for at, name in enumerate(case.guests)
    ]
    watcher = Watcher(moderator.browser.another_window(), laid.chat_id, participants)
    return Cast([watcher, moderator, host, *guests], watcher.on_board)


def _says(card: SeenCard, words: Sequence[str]) -> bool:
    said = card.words.casefold()
    return any(one in said for one in words)
