"""What the forms of a chat's plan hold, read and written."""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hark311.console import words
from hark311.console.visits import Submission
from models import TweetChat
from responders.chats.bank import AnswerFields
from responders.chats.planning import PlanFields
from responders.review import NotApproved

LARGEST = 10**9
FIELDS = ("title", "about", "hashtag", "starts_at", "minutes", "grace_seconds", "answer_keys", "answer_within")


def plan_fields(sent: Submission, zone: ZoneInfo) -> PlanFields:
    """The form of a plan; `zone`: of the city, in which its time is typed. Raises NotApproved."""
    return PlanFields(
        title=sent.text("title"),
        about=sent.text("about"),
        hashtag=sent.text("hashtag"),
        starts_at=city_moment(sent.text("starts_at"), zone),
        minutes=number_of(sent.text("minutes")),
        languages=[tag for tag in words.LANGUAGES if sent.text(f"in-{tag}")],
        grace_seconds=number_of(sent.text("grace_seconds"), -1),
        answer_keys=number_of(sent.text("answer_keys")),
        guests_approve=bool(sent.text("guests_approve")),
        answer_within=number_of(sent.text("answer_within")),
    )


def city_moment(written: str, zone: ZoneInfo) -> datetime | None:
    """A day and time of the city as its form field writes it; None where it is none. Raises NotApproved."""
    try:
        wall = datetime.fromisoformat(written.strip())
    except ValueError:
        return None
    if wall.tzinfo is not None or not 2000 <= wall.year <= 2200:
        return None
    at = wall.replace(tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) != wall:
        raise NotApproved(["That hour does not exist on that day: the clocks go forward. Choose another time."])
    return at


def typed_plan(sent: Submission) -> dict[str, str]:
    """What was typed, for a page that could not keep it."""
    named = (*FIELDS, "guests_approve", *(f"in-{tag}" for tag in words.LANGUAGES))
    return {name: sent.text(name) for name in named}


def form_of(chat: TweetChat | None, zone: ZoneInfo, typed: Mapping[str, str]) -> dict[str, str]:
    """What stands in the form: as typed, else as planned, else as a new chat begins."""
    if typed:
        return dict(typed)
    if chat is None:
        shown, starts_at = PlanFields(title="", hashtag="", starts_at=None), ""
    else:
        shown = PlanFields(**{name: getattr(chat, name) for name in PlanFields.__slots__})
        starts_at = f"{chat.starts_at.astimezone(zone):%Y-%m-%dT%H:%M}"
    return {
        "title": shown.title,
        "about": shown.about,
        "hashtag": shown.hashtag,
        "starts_at": starts_at,
        "minutes": str(shown.minutes),
        "grace_seconds": str(shown.grace_seconds),
        "answer_keys": str(shown.answer_keys),
        "answer_within": str(shown.answer_within),
        "guests_approve": "yes" if shown.guests_approve else "",
        **{f"in-{tag}": "yes" if tag in shown.languages else "" for tag in words.LANGUAGES},
    }


def question_words(sent: Submission, chat: TweetChat) -> dict[str, str]:
    """The words of a question, by the chat's languages."""
    return {language: sent.text(f"words-{language}") for language in chat.languages}


def answer_fields(sent: Submission) -> AnswerFields:
    """The form of a prepared answer."""
    return AnswerFields(
        label=sent.text("label"),
        text=sent.text("answer"),
        language=sent.text("language"),
        question_id=number_of(sent.text("question")) or None,
        fixed=bool(sent.text("fixed")),
    )


def minute_of(written: str) -> int:
    """Seconds after the beginning, from a minute as typed; before it negative. Raises NotApproved."""
    try:
        minutes = float(written.strip())
    except ValueError:
        raise NotApproved(["Say at which minute of the chat: 5, or 7.5."]) from None
    if not abs(minutes) < 100_000:  # not a number is not smaller either
        raise NotApproved(["Say at which minute of the chat: 5, or 7.5."])
    return round(minutes * 60)


def number_of(written: str, otherwise: int = 0) -> int:
    """A whole number as typed; `otherwise` where it is none."""
    text = written.strip()
    return int(text) if text.isascii() and text.isdigit() and int(text[:10]) < LARGEST and len(text) < 10 else otherwise
