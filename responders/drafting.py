"""The reply we would write: a template chosen by what the resident wants and by what is still missing. Pure.

A person decides about every draft. Nothing here sends, stores or looks anything up; sign-off initials come later.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from models import CHANNELS, Channel, Intent, Need, Purpose, ReplyTemplate, Service, ServiceAttribute
from models.asking import ATTRIBUTE
from responders.counting import apart
from responders.next_question import SoFar, again, attribute_keys, choices_of_list, question_of
from responders.quoting import first_name, sayable_place
from responders.template_keys import ABOUT_KNOWN, CLOSED_NAMES, FILED, NAMES, SLOTS, Key, Missing
from responders.wording import WordingError, filled, placeholders, widest, without_date_sentence

FALLBACK_LANGUAGE = "en"
__all__ = [
    "CLOSED_NAMES",
    "FALLBACK_LANGUAGE",
    "NAMES",
    "SLOTS",
    "DraftedReply",
    "Key",
    "KnownRequest",
    "Missing",
    "ReplyContext",
    "TemplateBook",
    "draft_reply",
    "language_of_reply",
    "plain_reply",
    "problem_words",
]


_LISTED = frozenset({Key.ASK_ATTRIBUTE, Key.ASK_ATTRIBUTE_AGAIN, Key.ASK_ATTRIBUTE_PRIVATE})
_ASKING = _LISTED | {
    *(Key.ASK_SERVICE, Key.ASK_START, Key.ASK_PLACE, Key.ASK_PLACE_AGAIN, Key.ASK_BLOCK, Key.ASK_WHICH),
    *(Key.ASK_ADDRESS, Key.ASK_ADDRESS_PRIVATE, Key.ASK_CROSS_STREET),
}
"""The wordings that ask for something a request is missing."""


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
    `attributes` are those the city still requires, in its order, and `asked` is what we asked before. `not_ours`: who
    takes care of it instead of the city, and how to reach them ("" where nobody has checked that lately).
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
    attributes: Sequence[ServiceAttribute] = ()
    asked: SoFar = field(default_factory=SoFar)
    not_ours: tuple[str, str] | None = None

    @property
    def public(self) -> bool:
        """Whether anybody can read a reply here."""
        return CHANNELS[self.channel].public and not self.private


@dataclass(frozen=True, slots=True)
class DraftedReply:
    """A draft for a person to decide about, and the template version it came from. Slots are still open.

    `closed`: the same said with closed values alone (number, date, service), fit for a standing approval; "" where it
    cannot be said so. `about`: what it asks for (see `AskedQuestion.about`); "" where it asks nothing.
    """

    text: str
    language: str
    template_key: str
    template_version: int
    purpose: Purpose
    closed: str = ""
    about: str = ""


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
        about = _missing(context)[0] if key in _ASKING else ""
        closed = text if NAMES[key] <= CLOSED_NAMES and not (about and context.asked.reminds) else ""
        if about and context.asked.reminds:
            text = _joined(filled(_template(context, Key.ASK_REMINDER).body, {}), text)
        if with_name and key is not Key.EMERGENCY_911:
            text = _greeted(context, template.language, text)
        purpose = Purpose.STATUS if key in ABOUT_KNOWN else Purpose.ACKNOWLEDGE
        asked = _asked_attribute(context) if key in _LISTED else None
        listed = choices_of_list(asked, template.language) if asked else []
        for said in dict.fromkeys(("\n".join([text, *listed]), text)):
            yield DraftedReply(said, template.language, key.value, template.version, purpose, closed, about)


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
    """One question at a time: what is wrong, then where, then what the service asks, in the city's order."""
    if context.not_ours is not None and context.service is not None:
        return (Key.NOT_OURS, Key.NOT_OURS_NO_CONTACT) if context.not_ours[1] else (Key.NOT_OURS_NO_CONTACT,)
    about, keys = _missing(context)
    return again(about, keys, context.asked) if about else FILED


def _missing(context: ReplyContext) -> tuple[str, tuple[Key, ...]]:
    """What is asked for next, and the wordings for it; "" where nothing is missing that can be asked for here."""
    if context.intent is None or context.service is None or Missing.SERVICE in context.missing:
        return Missing.SERVICE, (Key.ASK_SERVICE,)
    where = next((one for one in Missing if one in context.missing and one is not Missing.SERVICE), None)
    if where is not None and (keys := _place_keys(context, context.service, where)):
        return where, keys
    for one in context.attributes:
        keys = attribute_keys(one, context.asked, public=context.public, hears_private=context.hears_private)
        if keys and not context.asked.done_with(ATTRIBUTE + one.code):
            return ATTRIBUTE + one.code, keys
    return "", FILED


def _place_keys(context: ReplyContext, service: Service, where: Missing) -> tuple[Key, ...]:
    if service.needs is Need.ADDRESS:
        return _address_keys(context, where)
    if where is Missing.PLACE:
        return (Key.ASK_PLACE,)
    if where is Missing.WHICH_PLACE:
        return (Key.ASK_WHICH, Key.ASK_CROSS_STREET, Key.ASK_PLACE)
    return (Key.ASK_CROSS_STREET, Key.ASK_PLACE) if where is Missing.CROSS_STREET else ()


def _address_keys(context: ReplyContext, where: Missing) -> tuple[Key, ...]:
    """An address may be a home: it is asked for in private, and in public the block has to do (invariant 8)."""
    if not context.public:
        return (Key.ASK_WHICH, Key.ASK_ADDRESS) if where is Missing.WHICH_PLACE else (Key.ASK_ADDRESS,)
    if context.hears_private:
        return (Key.ASK_ADDRESS_PRIVATE,)
    if where is Missing.PLACE:
        return (Key.ASK_BLOCK,)
    if where is Missing.WHICH_PLACE:
        return (Key.ASK_WHICH, Key.ASK_BLOCK)
    return (Key.ASK_CROSS_STREET, Key.ASK_BLOCK) if where is Missing.CROSS_STREET else ()


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
    known = context.known_request if key in ABOUT_KNOWN else None
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
    said["problem"] = apart(problem_words(service, language), language)
    if asked := _asked_attribute(context):
        said["question"] = apart(question_of(asked, language), language)
    if context.not_ours is not None:
        said |= {name: apart(one, language) for name, one in zip(("agency", "contact"), context.not_ours, strict=True)}
    return {name: words for name, words in said.items() if words}


def _asked_attribute(context: ReplyContext) -> ServiceAttribute | None:
    """The attribute that is asked for next, if it is one."""
    about = _missing(context)[0]
    return next((one for one in context.attributes if ATTRIBUTE + one.code == about), None)


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
    return _joined(greeting, text)


def _joined(first: str, then: str) -> str:
    """Two sentences as one text."""
    return first + ("" if first.endswith("。") else " ") + then
