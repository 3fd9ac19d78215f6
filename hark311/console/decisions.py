"""The decision form of the mention page: what a person typed, as it stands on the page, and as the desk takes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hark311.console.added_requests import (
    AddedForm,
    added_of_page,
    added_of_submission,
    degrees_text,
    number_of,
    photo_goes_along,
)
from hark311.console.answers_form import typed_answers
from hark311.console.mention_queries import MentionPage
from hark311.console.visits import Submission
from hark311.console.words import LANGUAGES
from models import Intent, LabelTask, ReplyState, RequestState
from responders.review import Decided, RequestFields, Said

ASKED_FIRST = ("ask_attribute", "ask_same", "ask_service")
"""How the wordings begin that ask for something before a whole request is filed."""


@dataclass(frozen=True, slots=True)
class DecisionForm:
    """The form's fields as text, so that what was typed comes back unchanged whatever was wrong with it."""

    seen_version: int
    seen_post_id: int | None
    send_reply: bool
    by_hand: bool
    reply_text: str
    language: str
    file_request: bool
    service_code: str = ""
    description: str = ""
    address_string: str = ""
    lat: str = ""
    long: str = ""
    with_photo: bool = True
    reason: str = ""
    intent: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)
    added: tuple[AddedForm, ...] = ()

    @property
    def holds_request(self) -> bool:
        return any((self.service_code, self.description.strip(), self.address_string.strip(), self.lat, self.long))

    @property
    def point(self) -> tuple[float, float] | None:
        """The latitude and longitude that stand in the form; None unless both are numbers."""
        lat, long = number_of(self.lat), number_of(self.long)
        return (lat, long) if lat is not None and long is not None else None

    def problems(self) -> list[str]:
        """What is wrong with the form itself, before the desk is asked."""
        found = []
        for name, text, limit in (("Latitude", self.lat, 90.0), ("Longitude", self.long, 180.0)):
            number = number_of(text)
            if text.strip() and (number is None or abs(number) > limit):
                found.append(f"{name} must be a number between -{limit:.0f} and {limit:.0f}, like 39.95258.")
        return found + [problem for one in self.added for problem in one.problems()]

    def decided(self) -> Decided:
        """What to approve: only what is ticked."""
        return Decided(
            seen_version=self.seen_version,
            seen_post_id=self.seen_post_id,
            reply_text=self.reply_text if self.send_reply or self.by_hand else None,
            language=self.language,
            request=self._request() if self.file_request else None,
            said=self.said(),
            by_hand=self.by_hand,
            more=tuple(one.decided() for one in self.added),
        )

    def said(self) -> Said:
        """What the person makes of the post, whatever they decide to do about it."""
        return Said(Intent(self.intent) if self.intent else None, self.service_code or None)

    def kept(self, page: MentionPage) -> Decided:
        """What to save: everything that stands on the page, ticked or not."""
        drafted = page.draft_request is not None or self.file_request or self.holds_request
        return Decided(
            seen_version=self.seen_version,
            seen_post_id=self.seen_post_id,
            reply_text=self.reply_text,
            language=self.language,
            request=self._request() if drafted and page.filed is None else None,
            more=tuple(one.decided() for one in self.added),
        )

    def _request(self) -> RequestFields:
        return RequestFields(
            service_code=self.service_code or None,
            description=self.description.strip(),
            address_string=self.address_string.strip(),
            lat=number_of(self.lat),
            long=number_of(self.long),
            attribute=self.answers,
            with_photo=self.with_photo,
        )


def form_of_page(page: MentionPage, intent: str | None = None) -> DecisionForm:
    """The form as it stands when nobody has typed anything: the drafts, ticked where they are ready.

    `intent` was chosen here before and is not decided on yet; None: nothing was.
    """
    reply, request, understanding = page.draft, page.draft_request, page.understanding
    language = understanding.language if understanding and understanding.language != "und" else "en"
    ready = request is not None and bool(request.service_code) and not request.missing
    elsewhere = page.hand_off is not None and page.hand_off.overruled_at is None
    ready = ready and not elsewhere and not (reply is not None and reply.template_key.startswith(ASKED_FIRST))
    return DecisionForm(
        seen_version=page.mention.version,
        seen_post_id=page.seen_post_id,
        send_reply=bool(reply and reply.text.strip() and reply.state != ReplyState.FAILED and not page.may.refused),
        by_hand=False,
        reply_text=reply.text if reply else "",
        language=reply.language if reply else language,
        file_request=ready and request is not None and request.state != RequestState.REFUSED,
        service_code=(request.service_code or "") if request else "",
        description=request.description if request else "",
        address_string=request.address_string if request else "",
        lat=degrees_text(request.lat) if request else "",
        long=degrees_text(request.long) if request else "",
        with_photo=request.with_photo if request else True,
        answers=request.attribute if request else {},
        intent=known_intent(intent) if intent is not None else _intent_of(page),
        added=added_of_page(page),
    )


def form_of_submission(sent: Submission) -> DecisionForm:
    """The form as somebody sent it."""
    return DecisionForm(
        seen_version=_whole(sent.text("seen_version")) or 0,
        seen_post_id=_whole(sent.text("seen_post_id")),
        send_reply=bool(sent.text("send_reply")),
        by_hand=bool(sent.text("by_hand")),
        reply_text=sent.text("reply_text"),
        language=known_language(sent.text("language")),
        file_request=bool(sent.text("file_request")),
        service_code=sent.text("service_code"),
        description=sent.text("description"),
        address_string=sent.text("address_string"),
        lat=sent.text("lat").strip(),
        long=sent.text("long").strip(),
        with_photo=photo_goes_along(sent),
        reason=sent.text("reason"),
        intent=known_intent(sent.text("intent")),
        answers=typed_answers(sent.fields),
        added=added_of_submission(sent),
    )


def _intent_of(page: MentionPage) -> str:
    """What a person said they want, else what we think."""
    if said := page.said.get(LabelTask.INTENT):
        return known_intent(said.value)
    return (page.understanding.intent if page.understanding else None) or ""


def known_language(text: str) -> str:
    """A language that the desk writes in; English for anything that is none."""
    return text if text in LANGUAGES else "en"


def known_intent(text: str) -> str:
    """An intent's value; "" for "unsure" and for anything that names none."""
    return text if text in set(Intent) else ""


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 18 else None
