"""The wordings every language has: their keys, their slots and the words that fill them. Pure."""

from collections.abc import Mapping
from enum import StrEnum


class Key(StrEnum):
    """The wordings every language has. The value is ReplyTemplate.key."""

    GREETING = "greeting"
    FILED = "filed"
    FILED_NO_PLACE = "filed_no_place"
    FILED_SHORT = "filed_short"
    ASK_PLACE = "ask_place"
    ASK_BLOCK = "ask_block"
    ASK_ADDRESS = "ask_address"
    ASK_ADDRESS_PRIVATE = "ask_address_private"
    ASK_CROSS_STREET = "ask_cross_street"
    ASK_WHICH = "ask_which"
    ASK_SERVICE = "ask_service"
    ASK_ATTRIBUTE = "ask_attribute"
    ASK_ATTRIBUTE_AGAIN = "ask_attribute_again"
    ASK_ATTRIBUTE_PRIVATE = "ask_attribute_private"
    ASK_PLACE_AGAIN = "ask_place_again"
    ASK_REMINDER = "ask_reminder"
    GIVEN_UP = "given_up"
    NOT_OURS = "not_ours"
    NOT_OURS_NO_CONTACT = "not_ours_no_contact"
    STATUS_KNOWN = "status_known"
    STATUS_CLOSED = "status_closed"
    STATUS_UNKNOWN = "status_unknown"
    QUESTION_RECEIVED = "question_received"
    PRAISE_THANKS = "praise_thanks"
    COMPLAINT_HEARD = "complaint_heard"
    EMERGENCY_911 = "emergency_911"
    FORGET_DONE = "forget_done"
    STOP_DONE = "stop_done"
    ASK_CASE = "ask_case"
    CASE_NEW = "case_new"
    ASK_SAME = "ask_same"
    CASE_NEAR = "case_near"
    CASES_LIST = "cases_list"
    CASES_NONE = "cases_none"
    CASE_WAITING = "case_waiting"
    CASE_OPEN = "case_open"
    CASE_CLOSED = "case_closed"
    PRIVATE_PLEASE = "private_please"
    STATUS_NOT_FOUND = "status_not_found"
    HELP = "help"
    HUMAN_COMES = "human_comes"
    ASK_NEW = "ask_new"
    ASK_START = "ask_start"
    ASK_START_ABOUT = "ask_start_about"
    STATUS_ACCEPTED = "status_accepted"
    STATUS_SCHEDULED = "status_scheduled"
    STATUS_FIXED = "status_fixed"
    STATUS_LATE = "status_late"
    STATUS_NO_ACTION = "status_no_action"
    STATUS_NO_ACTION_SHORT = "status_no_action_short"
    STATUS_DUPLICATE = "status_duplicate"
    STATUS_DUPLICATE_ELSEWHERE = "status_duplicate_elsewhere"
    STATUS_REFERRED = "status_referred"
    STATUS_REFERRED_SHORT = "status_referred_short"
    STATUS_COULD_NOT_FIND = "status_could_not_find"
    STATUS_COULD_NOT_FIND_PRIVATE = "status_could_not_find_private"
    STATUS_COULD_NOT_FIND_BLOCK = "status_could_not_find_block"
    STATUS_NEEDS_INFORMATION = "status_needs_information"
    STATUS_NEEDS_INFORMATION_SHORT = "status_needs_information_short"
    STATUS_NEEDS_INFORMATION_PRIVATE = "status_needs_information_private"
    STATUS_PRIVATE = "status_private"
    STATUS_LINK = "status_link"
    FIXED_THANKS = "fixed_thanks"
    REOPENED = "reopened"
    ANSWER_PASSED_ON = "answer_passed_on"
    SAFETY_STAY_AWAY = "safety_stay_away"
    SAFETY_GAS = "safety_gas"


ABOUT_KNOWN = frozenset({Key.STATUS_KNOWN, Key.STATUS_CLOSED})
FILED = (Key.FILED, Key.FILED_NO_PLACE, Key.FILED_SHORT)
_OUTCOMES = frozenset(
    {
        *(Key.STATUS_ACCEPTED, Key.STATUS_SCHEDULED, Key.STATUS_FIXED, Key.STATUS_LATE),
        *(Key.STATUS_DUPLICATE, Key.STATUS_DUPLICATE_ELSEWHERE),
        *(Key.STATUS_NO_ACTION, Key.STATUS_NO_ACTION_SHORT, Key.STATUS_REFERRED, Key.STATUS_REFERRED_SHORT),
        *(Key.STATUS_COULD_NOT_FIND, Key.STATUS_COULD_NOT_FIND_PRIVATE, Key.STATUS_COULD_NOT_FIND_BLOCK),
        *(Key.STATUS_NEEDS_INFORMATION, Key.STATUS_NEEDS_INFORMATION_SHORT, Key.STATUS_NEEDS_INFORMATION_PRIVATE),
    }
)
_DATED = frozenset({*FILED, Key.CASE_OPEN, Key.STATUS_KNOWN, Key.STATUS_ACCEPTED, Key.STATUS_SCHEDULED})
_ABOUT_REQUEST = _DATED | ABOUT_KNOWN | _OUTCOMES | {Key.CASE_CLOSED, Key.REOPENED, Key.ANSWER_PASSED_ON}
SLOTS: Mapping[Key, frozenset[str]] = {
    key: frozenset(({"number"} if key in _ABOUT_REQUEST else set()) | ({"date"} if key in _DATED else set()))
    for key in Key
}
"""Which slots a wording has, in every language."""

NAMES: Mapping[Key, frozenset[str]] = {key: frozenset() for key in Key} | {
    Key.GREETING: frozenset({"name"}),
    Key.FILED: frozenset({"problem", "place"}),
    Key.FILED_NO_PLACE: frozenset({"problem"}),
    Key.ASK_PLACE: frozenset({"problem"}),
    Key.ASK_BLOCK: frozenset({"problem"}),
    Key.ASK_ADDRESS: frozenset({"problem"}),
    Key.ASK_ADDRESS_PRIVATE: frozenset({"problem"}),
    Key.ASK_CROSS_STREET: frozenset({"place"}),
    Key.ASK_WHICH: frozenset({"problem", "first", "second"}),
    Key.ASK_ATTRIBUTE: frozenset({"question"}),
    Key.ASK_ATTRIBUTE_AGAIN: frozenset({"question"}),
    Key.ASK_ATTRIBUTE_PRIVATE: frozenset({"question"}),
    Key.NOT_OURS: frozenset({"problem", "agency", "contact"}),
    Key.NOT_OURS_NO_CONTACT: frozenset({"problem", "agency"}),
    Key.STATUS_KNOWN: frozenset({"problem"}),
    Key.STATUS_CLOSED: frozenset({"problem"}),
    Key.CASE_WAITING: frozenset({"problem"}),
    Key.CASE_OPEN: frozenset({"problem"}),
    Key.CASE_CLOSED: frozenset({"problem"}),
    Key.ASK_START_ABOUT: frozenset({"problem"}),
    Key.CASE_NEAR: frozenset({"problem", "days"}),
    Key.STATUS_ACCEPTED: frozenset({"problem"}),
    Key.STATUS_SCHEDULED: frozenset({"problem"}),
    Key.STATUS_FIXED: frozenset({"problem"}),
    Key.STATUS_LATE: frozenset({"problem", "days"}),
    Key.STATUS_NO_ACTION: frozenset({"problem", "reason"}),
    Key.STATUS_NO_ACTION_SHORT: frozenset({"reason"}),
    Key.STATUS_DUPLICATE: frozenset({"problem"}),
    Key.STATUS_DUPLICATE_ELSEWHERE: frozenset({"problem"}),
    Key.REOPENED: frozenset({"problem"}),
    Key.STATUS_REFERRED: frozenset({"problem", "agency"}),
    Key.STATUS_REFERRED_SHORT: frozenset({"agency"}),
    Key.STATUS_COULD_NOT_FIND: frozenset({"problem"}),
    Key.STATUS_COULD_NOT_FIND_PRIVATE: frozenset({"problem"}),
    Key.STATUS_COULD_NOT_FIND_BLOCK: frozenset({"problem"}),
    Key.STATUS_NEEDS_INFORMATION: frozenset({"problem", "question"}),
    Key.STATUS_NEEDS_INFORMATION_SHORT: frozenset({"question"}),
    Key.STATUS_NEEDS_INFORMATION_PRIVATE: frozenset({"question"}),
}
"""Which square-bracket placeholders a wording has, in every language."""

CLOSED_NAMES = frozenset({"problem"})
"""The placeholders filled from a list of ours (the names of the services) and never with a resident's words."""


class Missing(StrEnum):
    """What ServiceRequest.missing may name. Of several, the reply asks for the first one here."""

    SERVICE = "service"
    PLACE = "place"
    WHICH_PLACE = "which_place"
    CROSS_STREET = "cross_street"
    HOUSE_NUMBER = "house_number"
