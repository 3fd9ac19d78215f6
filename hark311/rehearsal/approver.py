"""A scripted approver: somebody at the desk who works over HTTP alone, as the pages offer it.

They join what the desk says tells the same, look at all that would leave, approve it together, and decide one by one
what may not be decided together. They hold to what stands on the pages and know nothing else.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import httpx

from hark311.rehearsal.page_reading import Forms, read_forms

MENTION = re.compile(r'href="/mentions/(\d+)"')
HANDED_ON = re.compile(r'href="/mentions/(\d+)"[^>]*><bdi>[^<]*</bdi></a> <span class="tone-warn">')
RECORD = re.compile(r"/mentions/\d+/case/changes$")
ACKNOWLEDGE = re.compile(r"/alarms/\d+/acknowledge$")
AT_ONCE = 25
TRIES = 3
TRIED_AGAIN_AFTER = 10
"""Rounds after which what could not be decided is looked at once more."""
PAGES_LOOKED_AT = 10
"""Of the queue, in one round: what cannot be decided yet stands at its head, and must not hide what comes after."""
MORE = re.compile(r'id="page-more" href="([^"]+)"')
OWN_WORDS = "Thank you for telling us. We look into it. ({initials} {mention})"
FOR_A_COLLEAGUE = ("It waits for another person to approve exactly these words", "You gave the first key yourself")
"""How the desk says that this person gave the first of two keys, and that it still holds."""
TICKS = re.compile(r"(send_reply|by_hand|file_request|added-\d+-file)")
UNDECIDED = "Say what the newest change means"
DEPARTMENT_SAYS = "an inspector found nothing left to repair"


@dataclass(slots=True)
class Approver:
    """One person with a browser. `closed`: decided without an answer, and why it came to that.

    What waits for a colleague's key is left to the colleague for as long as its page says so, and no longer: a newer
    post voids a key, and then it is anybody's again.
    """

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
                else:
                    self._give_back(mention_id)
            looked += len(waiting)
        return looked

    def _waiting(self) -> list[int]:
        """What this person has not tried too often, and what does not wait for a colleague's key."""
        found = list[int]()
        for one in self._queue():
            if self._tries.get(one, 0) < TRIES and not self._is_for_a_colleague(one):
                found.append(one)
            if len(found) == AT_ONCE:
                break
        return found

    def _queue(self) -> Iterator[int]:
        """The queue in its order, read on only as far as somebody asks."""
        seen, at = set[int](), "/queue"
        for _ in range(PAGES_LOOKED_AT):
            page = self._browser.get(at).text
            yield from (one for one in _shown(page) if one not in seen)
            seen.update(_shown(page))
            more = MORE.search(page)
            if more is None:
                return
            at = unescape(more[1])

    def _is_for_a_colleague(self, mention_id: int) -> bool:
        """Whether the first key they gave still holds; its page is asked, for the author may have written since."""
        if mention_id not in self._handed_on:
            return False
        if _waits_for_a_colleague(self._browser.get(f"/mentions/{mention_id}").text):
            return True
        self._handed_on.discard(mention_id)
        return False

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
        """One by one: as it stands, then without the request, then in words of our own; else close it and say why.

        False: the desk offers nothing to decide, took none of it, or it is a colleague's turn.
        """
        at = f"/mentions/{mention_id}"
        if self._ask_the_department(mention_id):
            return False
        for own_words, with_request in ((False, True), (False, False), (True, False)):
            page = self._browser.get(at).text
            forms = read_forms(page)
            if self._left_to_a_colleague(mention_id, page) or not forms.offers_to(f"{at}/approve"):
                return False
            answer = self._post(f"{at}/approve", self._sent(forms, mention_id, own_words, with_request))
            if answer.is_redirect:
                handed_on = self._left_to_a_colleague(mention_id, self._browser.get(at).text)
                self.approved += not handed_on
                return True
            if self._left_to_a_colleague(mention_id, answer.text):
                return False
            self.refused.append(f"{mention_id}: {_objection(answer.text)}")
        return self._close(mention_id)

    def _sent(self, forms: Forms, mention_id: int, own_words: bool, with_request: bool) -> dict[str, str]:
        """The page's own fields, word for word: a second key is for exactly what the first one was given for."""
        sent = dict(forms.decision) | {"csrf": forms.csrf}
        if own_words or not sent.get("reply_text", "").strip():
            sent["reply_text"] = OWN_WORDS.format(initials=self.initials, mention=mention_id)
            sent["send_reply"] = "yes"
        if not with_request:
            sent.pop("file_request", None)
        if not any(TICKS.fullmatch(name) for name in sent):
            sent["send_reply"] = "yes"
        return sent

    def _left_to_a_colleague(self, mention_id: int, page: str) -> bool:
        """Whether a page says that their own first key waits for another one; then it is remembered as handed on."""
        waits = _waits_for_a_colleague(page)
        if waits:
            self._handed_on.add(mention_id)
        return waits

    def _close(self, mention_id: int) -> bool:
        """Close it without an answer, and say why."""
        at, why = f"/mentions/{mention_id}", "no reply fits; a person has seen it"
        forms = read_forms(self._browser.get(at).text)
        answer = self._post(f"{at}/reject", dict(forms.decision) | {"csrf": forms.csrf, "reason": why})
        if answer.is_redirect:
            self.closed[mention_id] = self.refused[-1] if self.refused else why
        return answer.is_redirect

    def _give_back(self, mention_id: int) -> None:
        """What they hold and could not decide is anybody's again, and not theirs until the claim runs out."""
        at = f"/mentions/{mention_id}"
        forms = read_forms(self._browser.get(at).text)
        if forms.offers_to(f"{at}/release"):
            self._post(f"{at}/release", {"csrf": forms.csrf})

    def _acknowledge(self) -> None:
        """Say of every danger on the queue that somebody has seen it."""
        forms = read_forms(self._browser.get("/queue").text)
        for action in sorted({one.action for one in forms.forms if ACKNOWLEDGE.search(one.action)}):
            self._post(action, {"csrf": forms.csrf})

    def _post(self, path: str, fields: Mapping[str, Any]) -> httpx.Response:
        return self._browser.post(path, data=dict(fields))


def is_in_own_words(text: str) -> bool:
    """Whether an approver wrote this reply, in place of what was drafted."""
    return OWN_WORDS.partition("(")[0] in text


def _waits_for_a_colleague(page: str) -> bool:
    return any(words in page for words in FOR_A_COLLEAGUE)


def _shown(page: str) -> list[int]:
    return list(dict.fromkeys(map(int, MENTION.findall(page))))


def _objection(page: str) -> str:
    found = re.search(r'class="(?:trouble|refused|objections?)[^"]*"[^>]*>(.*?)</(?:ul|p|div)>', page, re.DOTALL)
    return re.sub(r"<[^>]+>|\s+", " ", found[1]).strip()[:300] if found else "the desk did not take it"
