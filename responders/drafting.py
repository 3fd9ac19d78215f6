"""The reply we would write: a template chosen by what the resident wants and by what is still missing. Pure.

A person decides about every draft. Nothing here sends, stores or looks anything up; sign-off initials come later.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from models import CHANNELS, Channel, Intent, Need, Purpose, ReplyTemplate, Service
from responders.quoting import first_name, sayable_place
from responders.wording import WordingError, filled, placeholders, widest, without_date_sentence

FALLBACK_LANGUAGE = "en"


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


_ABOUT_KNOWN = frozenset({Key.STATUS_KNOWN, Key.STATUS_CLOSED})
_FILED = (Key.FILED, Key.FILED_NO_PLACE, Key.FILED_SHORT)
_ABOUT_REQUEST = frozenset({*_FILED, Key.CASE_OPEN, Key.CASE_CLOSED}) | _ABOUT_KNOWN
_WITHOUT_DATE = frozenset({Key.STATUS_CLOSED, Key.CASE_CLOSED})
SLOTS: Mapping[Key, frozenset[str]] = {
    key: frozenset(
        ({"number"} if key in _ABOUT_REQUEST else set())
        | ({"date"} if key in _ABOUT_REQUEST - _WITHOUT_DATE else set())
    )
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
    Key.STATUS_KNOWN: frozenset({"problem"}),
    Key.STATUS_CLOSED: frozenset({"problem"}),
    Key.CASE_WAITING: frozenset({"problem"}),
    Key.CASE_OPEN: frozenset({"problem"}),
    Key.CASE_CLOSED: frozenset({"problem"}),
    Key.ASK_START_ABOUT: frozenset({"problem"}),
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


@dataclass(frozen=True, slots=True)
class KnownRequest:
    """An earlier request of the same author. `date_passed`: the city's date is over, so it is not said again."""

    service: Service
    closed: bool = False
    date_passed: bool = False


class TemplateBook:
    """The newest active version of every wording, by key and language. Built once for many drafts."""

    def __init__(self, templates: Iterable[ReplyTemplate]) -> None:
        self._newest: dict[tuple[str, str], ReplyTemplate] = {}
        for one in templates:
            known = self._newest.get((one.key, one.language))
            if one.active and (known is None or one.version > known.version):
                self._newest[one.key, one.language] = one
        self.languages = frozenset(language for _, language in self._newest)

    def newest(self, key: str, language: str) -> ReplyTemplate | None:
        """The wording to use; None where there is none in this language."""
        return self._newest.get((key, language))


@dataclass(frozen=True, slots=True)
class ReplyContext:
    """All that a draft depends on.

    `length` counts as the channel does, and `limit` is in its unit, less what the sign-off will take. `find_private`
    lists the private details of a text; it is asked on public channels only. `place` is the resolved place in words, at
    most one line; `choices` are the places it may be, where that is open. `name` is what the author calls themself.
    `hears_private` says that a resident of this channel can reach us in private; `private`, that they do so here.
    """

    intent: Intent | None
    language: str
    channel: Channel
    templates: TemplateBook
    length: Callable[[str], int]
    limit: int
    find_private: Callable[[str], Sequence[object]]
    service: Service | None = None
    place: str = ""
    choices: Sequence[str] = ()
    missing: Sequence[str] = ()
    name: str = ""
    danger: bool = False
    known_request: KnownRequest | None = None
    hears_private: bool = False
    private: bool = False

    @property
    def public(self) -> bool:
        """Whether anybody can read a reply here."""
        return CHANNELS[self.channel].public and not self.private


@dataclass(frozen=True, slots=True)
class DraftedReply:
    """A draft for a person to decide about, and the template version it came from. Slots are still open.

    `closed`: the same said with closed values alone (number, date, service), fit for a standing approval; "" where it
    cannot be said so.
    """

    text: str
    language: str
    template_key: str
    template_version: int
    purpose: Purpose
    closed: str = ""


def draft_reply(context: ReplyContext) -> DraftedReply | None:
    """The reply to suggest, or None where there is nothing to say (chatter).

    The first wording that fits the limit with its slots at their widest; where none fits, the shortest, for a person to
    cut. Raises WordingError when a template is missing even in English, or asks for words that are not there.
    """
    keys = _keys(context)
    if not keys:
        return None
    shortest: tuple[int, DraftedReply] | None = None
    for draft in _drafts(context, keys):
        needed = context.length(widest(draft.text, draft.language))
        if needed <= context.limit:
            return draft
        if shortest is None or needed < shortest[0]:
            shortest = needed, draft
    if shortest is None:
        raise WordingError(f"no wording of {keys[-1].value!r} can be filled: it names something this mention has not")
    return shortest[1]


def plain_reply(context: ReplyContext, key: Key) -> DraftedReply:
    """One wording as it stands, without a greeting. Raises WordingError where there is none, or a word is missing."""
    template = _template(context, key)
    words = _words(context, key, template.language)
    if not placeholders(template.body) <= words.keys():
        raise WordingError(f"no wording of {key.value!r} can be filled: it names something this mention has not")
    text = filled(template.body, words)
    closed = text if NAMES[key] <= CLOSED_NAMES else ""
    return DraftedReply(text, template.language, key.value, template.version, Purpose.ACKNOWLEDGE, closed)


def language_of_reply(language: str, available: Collection[str]) -> str:
    """The language to answer in: the resident's where we have wordings in it, else English. Tags are BCP 47."""
    if language in available:
        return language
    base, _, rest = language.partition("-")
    if base == "zh":
        traditional = bool({"hant", "tw", "hk", "mo"} & set(rest.lower().split("-")))
        base = "zh-Hant" if traditional else "zh-Hans"
    return base if base in available else FALLBACK_LANGUAGE


def _drafts(context: ReplyContext, keys: Sequence[Key]) -> Iterator[DraftedReply]:
    """The candidate replies, best first: each key with the greeting, then the shorter ones without it."""
    greeted = [(key, True) for key in keys[:2]]
    plain = [(key, False) for key in keys[1:] or keys]
    for key, with_name in greeted + plain:
        template = _template(context, key)
        words = _words(context, key, template.language)
        if not placeholders(template.body) <= words.keys():
            continue
        text = filled(template.body, words)
        if key is Key.STATUS_KNOWN and context.known_request is not None and context.known_request.date_passed:
            text = without_date_sentence(text)
        closed = text if NAMES[key] <= CLOSED_NAMES else ""
        if with_name and key is not Key.EMERGENCY_911:
            text = _greeted(context, template.language, text)
        purpose = Purpose.STATUS if key in _ABOUT_KNOWN else Purpose.ACKNOWLEDGE
        yield DraftedReply(text, template.language, key.value, template.version, purpose, closed)


def _keys(context: ReplyContext) -> tuple[Key, ...]:
    if context.danger:
        return (Key.EMERGENCY_911,)
    match context.intent:
        case Intent.EMERGENCY:
            return (Key.EMERGENCY_911,)
        case Intent.CHATTER:
            return ()
        case Intent.PRAISE:
            return (Key.PRAISE_THANKS,)
        case Intent.QUESTION:
            return (Key.QUESTION_RECEIVED,)
        case Intent.COMPLAINT:
            return (Key.COMPLAINT_HEARD,)
        case Intent.STATUS_ENQUIRY:
            return _status_keys(context.known_request)
        case Intent.SERVICE_REQUEST | None:
            return _request_keys(context)


def _status_keys(known: KnownRequest | None) -> tuple[Key, ...]:
    if known is None:
        return (Key.STATUS_UNKNOWN,)
    return (Key.STATUS_CLOSED,) if known.closed else (Key.STATUS_KNOWN,)


def _request_keys(context: ReplyContext) -> tuple[Key, ...]:
    """One question at a time: what is wrong, then where, then at which corner."""
    if context.intent is None or context.service is None or Missing.SERVICE in context.missing:
        return (Key.ASK_SERVICE,)
    if context.service.needs is Need.ADDRESS:
        return _address_keys(context)
    if Missing.PLACE in context.missing:
        return (Key.ASK_PLACE,)
    if Missing.WHICH_PLACE in context.missing:
        return (Key.ASK_WHICH, Key.ASK_CROSS_STREET, Key.ASK_PLACE)
    return (Key.ASK_CROSS_STREET, Key.ASK_PLACE) if Missing.CROSS_STREET in context.missing else _FILED


def _address_keys(context: ReplyContext) -> tuple[Key, ...]:
    """An address may be a home: it is asked for in private, and in public the block has to do (invariant 8)."""
    if not {Missing.PLACE, Missing.WHICH_PLACE, Missing.CROSS_STREET, Missing.HOUSE_NUMBER} & set(context.missing):
        return _FILED
    if not context.public:
        return (Key.ASK_WHICH, Key.ASK_ADDRESS) if Missing.WHICH_PLACE in context.missing else (Key.ASK_ADDRESS,)
    if context.hears_private:
        return (Key.ASK_ADDRESS_PRIVATE,)
    if Missing.PLACE in context.missing:
        return (Key.ASK_BLOCK,)
    if Missing.WHICH_PLACE in context.missing:
        return (Key.ASK_WHICH, Key.ASK_BLOCK)
    return (Key.ASK_CROSS_STREET, Key.ASK_BLOCK) if Missing.CROSS_STREET in context.missing else _FILED


def _language(context: ReplyContext) -> str:
    return language_of_reply(context.language, context.templates.languages)


def _template(context: ReplyContext, key: Key) -> ReplyTemplate:
    """The newest wording of a key. 911 words in a language no speaker has checked give way to English (invariant 7)."""
    language = _language(context)
    template = context.templates.newest(key, language)
    if template is not None and (template.checked_by_speaker or key is not Key.EMERGENCY_911):
        return template
    template = context.templates.newest(key, FALLBACK_LANGUAGE) or template
    if template is None:
        raise WordingError(f"there is no active wording {key.value!r} in {language} or in English")
    return template


def _words(context: ReplyContext, key: Key, language: str) -> dict[str, str]:
    """What fills the placeholders of a template; a word that is unknown or must not be said is left out."""
    known = context.known_request if key in _ABOUT_KNOWN else None
    service = known.service if known is not None else context.service
    said = {
        name: sayable_place(
            place,
            language,
            public=context.public,
            at_home=context.service is not None and context.service.needs is Need.ADDRESS,
            find_private=context.find_private,
        )
        for name, place in (("place", context.place), *_two_choices(context))
    }
    if said.get("first") == said.get("second"):
        said.pop("first", None)  # on a public channel both are the same block
    return {name: words for name, words in (("problem", problem_words(service, language)), *said.items()) if words}


def _two_choices(context: ReplyContext) -> Sequence[tuple[str, str]]:
    """The two places to choose from; of more than two none are named, so that none is left out."""
    return tuple(zip(("first", "second"), context.choices, strict=True)) if len(context.choices) == 2 else ()


def problem_words(service: Service | None, language: str) -> str:
    """What a sentence calls the problem a service is for; "" without a service."""
    if service is None:
        return ""
    names = service.plain_names
    return names.get(language) or names.get(FALLBACK_LANGUAGE) or service.service_name


def _greeted(context: ReplyContext, language: str, text: str) -> str:
    template = context.templates.newest(Key.GREETING, language)
    name = first_name(context.name, language, public=context.public, find_private=context.find_private)
    if template is None or not name:
        return text
    greeting = filled(template.body, {"name": name})
    return greeting + ("" if greeting.endswith("。") else " ") + text
