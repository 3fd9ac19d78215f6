"""The pages of the desk, grouped by task: the menu, the palette and the page "Go to" are made from this table."""

from collections.abc import Sequence
from dataclasses import dataclass

from models import Power, Role, StaffUser


@dataclass(frozen=True, slots=True)
class Place:
    """One page somebody can go to; with a power, only those who have it are led there. `guests`: of a chat too."""

    word: str
    path: str
    power: Power | None = None
    guests: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """The pages of one task."""

    word: str
    places: tuple[Place, ...]


SECTIONS = (
    Section(
        "Work",
        (
            Place("Queue", "/queue"),
            Place("Saved views", "/queue/views"),
            Place("Two keys", "/keys"),
            Place("Notes for you", "/notes/mine"),
            Place("Hand over", "/handover"),
            Place("Assignments", "/assignments"),
            Place("Supervise", "/supervise", Power.SUPERVISE),
            Place("Figures", "/supervise/figures", Power.SUPERVISE),
            Place("Learning", "/learning"),
            Place("Closed, and fixed?", "/closings"),
            Place("Failed deliveries", "/deliveries"),
            Place("Moderation", "/moderation"),
            Place("Freeze everything", "/freeze"),
        ),
    ),
    Section("Tweet chats", (Place("Chats", "/chats", guests=True), Place("What chats left to do", "/chats/tasks"))),
    Section(
        "What we say",
        (
            Place("Templates", "/templates"),
            Place("Answer cards", "/cards"),
            Place("Phrases", "/phrases"),
            Place("The city's words", "/status-rules"),
            Place("Questions without a card", "/cards/missing"),
            Place("By themselves", "/standing"),
            Place("Rules for two keys", "/keys/rules"),
            Place("Links and codes", "/links"),
        ),
    ),
    Section(
        "The city",
        (
            Place("Services", "/services"),
            Place("Where requests go", "/destinations", Power.SUPERVISE),
            Place("Calendars", "/calendars"),
            Place("Places", "/places"),
            Place("Roads", "/roads"),
            Place("Referrals", "/referrals"),
            Place("Not ours", "/jurisdictions"),
            Place("Paging", "/escalation"),
        ),
    ),
    Section(
        "Channels",
        (
            Place("Channels", "/channels"),
            Place("Partners", "/partners", Power.ADMINISTER),
            Place("Rules", "/rules"),
            Place("Ledger", "/ledger"),
            Place("Spend", "/spend"),
        ),
    ),
    Section("The desk", (Place("People", "/staff", Power.ADMINISTER),)),
    Section(
        "You",
        (Place("Your page", "/account", guests=True), Place("Keys and colours", "/account/keys", guests=True)),
    ),
)
FOREMOST = ("/queue", "/supervise", "/channels")
"""Paths of the pages that stand in the header itself, for those who may see them."""
FOREMOST_OF_GUESTS = ("/chats",)


def sections(staff: StaffUser) -> Sequence[Section]:
    """The sections with the pages this person is led to; a section without any is left out."""
    shown = [Section(one.word, tuple(place for place in one.places if _open(place, staff))) for one in SECTIONS]
    return [one for one in shown if one.places]


def foremost(staff: StaffUser) -> Sequence[Place]:
    """The few pages of the header, in its order."""
    by_path = {place.path: place for section in sections(staff) for place in section.places}
    return [by_path[path] for path in (FOREMOST_OF_GUESTS if _guest(staff) else FOREMOST) if path in by_path]


def landing(staff: StaffUser) -> str:
    """Where somebody comes in."""
    return "/chats" if _guest(staff) else "/queue"


def _open(place: Place, staff: StaffUser) -> bool:
    if _guest(staff):
        return place.guests
    return place.power is None or staff.may(place.power)


def _guest(staff: StaffUser) -> bool:
    return staff.role == Role.CHAT_GUEST
