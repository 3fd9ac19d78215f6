"""A scripted approver: somebody at the desk who works over HTTP alone, as the pages offer it.

They join what the desk says tells the same, look at all that would leave, approve it together, and decide one by one
what may not be decided together. They hold to what stands on the pages and know nothing else.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from hark311.rehearsal.page_reading import read_forms

MENTION = re.compile(r'href="/mentions/(\d+)"')
HANDED_ON = re.compile(r'href="/mentions/(\d+)"[^>]*><bdi>[^<]*</bdi></a> <span class="tone-warn">')
RECORD = re.compile(r"/mentions/\d+/case/changes$")
ACKNOWLEDGE = re.compile(r"/alarms/\d+/acknowledge$")
AT_ONCE = 25
TRIES = 3
TRIED_AGAIN_AFTER = 10
"""Rounds after which what could not be decided is looked at once more."""
OWN_WORDS = "Thank you for telling us. We look into it. ({initials} {mention})"
UNDECIDED = "Say what the newest change means"
DEPARTMENT_SAYS = "an inspector found nothing left to repair"


@dataclass(slots=True)
class Approver:
    """One person with a browser. `closed`: decided without an answer, and why it came to that."""

    desk_url: str
    link: str
    initials: str = "AA"
    approved: int = 0
    asked: int = 0
    joined: int = 0
    closed: dict[int, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    _looked_at: set[int] = field(default_factory=set)
    _handed_on: set[int] = field(default_factory=set)
    _tries: dict[int, int] = field(default_factory=dict)
    _rounds: int = 0
    _browser: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self._browser = httpx.Client(base_url=self.desk_url, timeout=60, trust_env=False)

    def sign_in(self) -> None:
        """Open the one-time link and come in."""
        page = self._browser.get(self.link)
        self._browser.post(self.link, data={"csrf": read_forms(page.text).csrf})

    def close(self) -> None:
        self._browser.close()

    def work(self, most: int) -> int:
        """Decide about up to `most` of what waits, the head of the queue first; how many were looked at."""
        self._acknowledge()
        self._rounds += 1
        if self._rounds % TRIED_AGAIN_AFTER == 0:
            self._tries.clear()
        looked = 0
        while looked < most:
            waiting = self._waiting()
            if not waiting:
                break
            for mention_id in waiting:
                self._tries[mention_id] = self._tries.get(mention_id, 0) + 1
                if mention_id not in self._looked_at:
                    self._join(mention_id)
                    self._looked_at.add(mention_id)
            done = self._approve_together(waiting)
            for mention_id in waiting:
                if mention_id in done or self._decide(mention_id):
                    self._tries[mention_id] = 0
            looked += len(waiting)
        return looked

    def _waiting(self) -> list[int]:
        """What this person has not tried too often, and has not given the first of two keys."""
        for_colleague = self._handed_on & set(_shown(self._browser.get("/queue?view=second_key").text))
        self._handed_on = for_colleague
        shown = _shown(self._browser.get("/queue").text)
        return [one for one in shown if one not in for_colleague and self._tries.get(one, 0) < TRIES][:AT_ONCE]

    def _join(self, mention_id: int) -> None:
        """Join it to what the desk calls the same problem, with all that tell the same."""
        page = self._browser.get(f"/mentions/{mention_id}").text
        forms = read_forms(page)
        if f"/mentions/{mention_id}/neighbours/alike" in page:
            alike = read_forms(self._browser.get(f"/mentions/{mention_id}/neighbours/alike").text)
            form = alike.posting_to("/neighbours/alike")
            if form:
                self._post(form.action, form.fields)
                self.joined += form.fields.get("mention_ids", "").count(",") + 1
                return
        same = next((one for one in forms.offers if re.search(rf"/neighbours/{mention_id}/\d+/same$", one)), None)
        if same:
            self._post(same, forms.decision | {"csrf": forms.csrf})
            self.joined += 1

    def _approve_together(self, mention_ids: Iterable[int]) -> set[int]:
        """Those that the desk approved, out of all that were shown."""
        csrf = read_forms(self._browser.get("/queue").text).csrf
        ticked = {f"m{one}": "on" for one in mention_ids}
        shown = read_forms(self._post("/queue/bulk", {"csrf": csrf, "do": "approve", **ticked}).text)
        form = shown.posting_to("/queue/bulk/do")
        if form is None:
            return set()
        done, _, _left = self._post(form.action, form.fields).text.partition('id="left-title"')
        self._handed_on |= {int(one) for one in HANDED_ON.findall(done)}
        found = set(_shown(done))
        self.approved += len(found - self._handed_on)
        return found

    def _ask_the_department(self, mention_id: int) -> bool:
        """Where the city closed it without a word nobody is told until somebody knows why: ask, and record it."""
        at = f"/mentions/{mention_id}"
        page = self._browser.get(at).text
        if UNDECIDED not in page:
            return False
        forms = read_forms(page)
        form = next((one for one in forms.forms if RECORD.search(one.action)), None)
        if form is None:
            return False
        told = {"csrf": forms.csrf, "source": "department", "outcome": "no_action", "said": DEPARTMENT_SAYS}
        self.asked += self._post(form.action, form.fields | told).is_redirect
        return True

    def _decide(self, mention_id: int) -> bool:
        """One by one: as drafted, then without the request, then in words of our own; else close it and say why.

        False: the desk offers nothing to decide, or took none of it.
        """
        at = f"/mentions/{mention_id}"
        if self._ask_the_department(mention_id):
            return False
        for own_words, with_request in ((False, True), (False, False), (True, False)):
            forms = read_forms(self._browser.get(at).text)
            if not any(one.endswith(f"{at}/approve") for one in forms.offers):
                return False
            sent = dict(forms.decision) | {"csrf": forms.csrf, "send_reply": "yes"}
            if own_words or not sent.get("reply_text", "").strip():
                sent["reply_text"] = OWN_WORDS.format(initials=self.initials, mention=mention_id)
            if not with_request:
                sent.pop("file_request", None)
            answer = self._post(f"{at}/approve", sent)
            if answer.is_redirect:
                self.approved += 1
                return True
            self.refused.append(f"{mention_id}: {_objection(answer.text)}")
        forms = read_forms(self._browser.get(at).text)
        why = "no reply fits; a person has seen it"
        answer = self._post(f"{at}/reject", dict(forms.decision) | {"csrf": forms.csrf, "reason": why})
        if answer.is_redirect:
            self.closed[mention_id] = self.refused[-1] if self.refused else why
        return answer.is_redirect

    def _acknowledge(self) -> None:
        """Say of every danger on the queue that somebody has seen it."""
        forms = read_forms(self._browser.get("/queue").text)
        for action in sorted({one.action for one in forms.forms if ACKNOWLEDGE.search(one.action)}):
            self._post(action, {"csrf": forms.csrf})

    def _post(self, path: str, fields: Mapping[str, Any]) -> httpx.Response:
        return self._browser.post(path, data=dict(fields))


def _shown(page: str) -> list[int]:
    return list(dict.fromkeys(map(int, MENTION.findall(page))))


def _objection(page: str) -> str:
    found = re.search(r'class="(?:trouble|objections?)[^"]*"[^>]*>(.*?)</(?:ul|p|div)>', page, re.DOTALL)
    return re.sub(r"<[^>]+>|\s+", " ", found[1]).strip()[:300] if found else "the desk did not take it"
