"""The decision form of the mention page: what a person typed, as it stands on the page, and as the desk takes it."""

from dataclasses import dataclass

from hark311.console.mention_queries import MentionPage
from hark311.console.visits import Submission
from models import Intent, ReplyState, RequestState
from responders.review import Decided, RequestFields, Said


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
    reason: str = ""
    intent: str = ""

    @property
    def holds_request(self) -> bool:
        return any((self.service_code, self.description.strip(), self.address_string.strip(), self.lat, self.long))

    @property
    def point(self) -> tuple[float, float] | None:
        """The latitude and longitude that stand in the form; None unless both are numbers."""
        lat, long = _number(self.lat), _number(self.long)
        return (lat, long) if lat is not None and long is not None else None

    def problems(self) -> list[str]:
        """What is wrong with the form itself, before the desk is asked."""
        found = []
        for name, text, limit in (("Latitude", self.lat, 90.0), ("Longitude", self.long, 180.0)):
            number = _number(text)
            if text.strip() and (number is None or abs(number) > limit):
                found.append(f"{name} must be a number between -{limit:.0f} and {limit:.0f}, like 39.95258.")
        return found

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
        )

    def _request(self) -> RequestFields:
        return RequestFields(
            service_code=self.service_code or None,
            description=self.description.strip(),
            address_string=self.address_string.strip(),
            lat=_number(self.lat),
            long=_number(self.long),
        )


def form_of_page(page: MentionPage, intent: str | None = None) -> DecisionForm:
    """The form as it stands when nobody has typed anything: the drafts, ticked where they are ready.

    `intent` was chosen here before and is not decided on yet; None: nothing was.
    """
    reply, request, understanding = page.draft, page.draft_request, page.understanding
    language = understanding.language if understanding and understanding.language != "und" else "en"
    ready = request is not None and bool(request.service_code) and not request.missing
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
        lat=_text(request.lat) if request else "",
        long=_text(request.long) if request else "",
        intent=known_intent(intent) if intent is not None else (understanding and understanding.intent) or "",
    )


def form_of_submission(sent: Submission) -> DecisionForm:
    """The form as somebody sent it."""
    return DecisionForm(
        seen_version=_whole(sent.text("seen_version")) or 0,
        seen_post_id=_whole(sent.text("seen_post_id")),
        send_reply=bool(sent.text("send_reply")),
        by_hand=bool(sent.text("by_hand")),
        reply_text=sent.text("reply_text"),
        language=sent.text("language") or "en",
        file_request=bool(sent.text("file_request")),
        service_code=sent.text("service_code"),
        description=sent.text("description"),
        address_string=sent.text("address_string"),
        lat=sent.text("lat").strip(),
        long=sent.text("long").strip(),
        reason=sent.text("reason"),
        intent=known_intent(sent.text("intent")),
    )


def known_intent(text: str) -> str:
    """An intent's value; "" for "unsure" and for anything that names none."""
    return text if text in set(Intent) else ""


def _number(text: str) -> float | None:
    try:
        number = float(text.strip())
    except ValueError:
        return None
    return number if number == number and abs(number) <= 360 else None


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 18 else None


def _text(number: float | None) -> str:
    return "" if number is None else f"{number:.6f}".rstrip("0").rstrip(".")
