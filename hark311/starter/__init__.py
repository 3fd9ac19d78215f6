"""What a new city starts with: its services, whom a danger is for, who keeps its roads, and the words of its replies.

All are files that ship with the packages. They are read once, into an empty database; after that they are changed on
the desk, with a name on every change.
"""

import tomllib
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from models import (
    AnswerLength,
    BannedPhrase,
    KeyRule,
    KnowledgeAnswer,
    KnowledgeCard,
    Need,
    Outcome,
    Referral,
    ReplyTemplate,
    RoadOwner,
    RuleAbout,
    Service,
    StatusRule,
    utc_now,
)
from responders import wording
from responders.drafting import SLOTS, Key
from responders.wordings import problems_of

Line = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$")]
"""One line of text without space around it."""


class StarterError(ValueError):
    """A starter file that cannot be used; the text names the file and the entry."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _ServiceEntry(_Entry):
    service_code: str = Field(pattern=r"^[A-Z][A-Z_]*$")
    service_name: Line
    group: Line
    needs: Need
    description: Line
    keywords: Line
    plain_names: dict[str, Line]

    @field_validator("plain_names")
    @classmethod
    def _can_stand_in_a_sentence(cls, names: dict[str, str]) -> dict[str, str]:
        if "en" not in names:
            raise ValueError("there is no English name; it stands in where another language has none")
        for language, name in names.items():
            if any(sign in "{}[]" for sign in name):
                raise ValueError(f"{language}: brackets would be read as a slot: {name!r}")
        return names


class _ReferralEntry(_Entry):
    danger: str = Field(pattern=r"^[a-z][a-z_]*$")
    call: Line
    number: Line
    note: str = ""


class _RoadOwnerEntry(_Entry):
    code: Line
    name: Line
    ours: bool
    call: str
    number: str
    note: str


class _KeyRuleEntry(_Entry):
    starter: str = Field(pattern=r"^[a-z][a-z_]*$")
    about: RuleAbout
    label: Line
    active: bool
    wanted: list[Line] = []


class _PhraseEntry(_Entry):
    phrase: Line
    say_instead: str
    language: str = "en"
    blocks: bool = False


class _StatusRuleEntry(_Entry):
    phrase: Line
    outcome: Outcome | Literal[""]


class _CardEntry(_Entry):
    question: Line
    keywords: Line
    owner: Line
    source: Line
    days: int = Field(gt=0)
    short: dict[str, Line] = {}
    long: dict[str, Line] = {}


class _TemplateFile(_Entry):
    language: str
    checked_by_speaker: bool
    texts: dict[Key, Line]


EntryT = TypeVar("EntryT", bound=_Entry)


def load_services() -> list[Service]:
    """The 31 services and OTHER, in the order of the file. Raises StarterError."""
    file = files("hark311.starter") / "services.toml"
    return parse_services(file.read_text(encoding="utf-8"), file.name)


def load_referrals() -> list[Referral]:
    """Whom each kind of danger is for; checked by nobody. Raises StarterError."""
    file = files("hark311.starter") / "referrals.toml"
    return parse_referrals(file.read_text(encoding="utf-8"), file.name)


def load_road_owners() -> list[RoadOwner]:
    """Who keeps a road, by the codes of the city's street data; checked by nobody. Raises StarterError."""
    file = files("hark311.starter") / "road_owners.toml"
    return parse_road_owners(file.read_text(encoding="utf-8"), file.name)


def load_key_rules() -> list[KeyRule]:
    """When a second person has to approve, to begin with. Raises StarterError."""
    file = files("hark311.starter") / "key_rules.toml"
    return parse_key_rules(file.read_text(encoding="utf-8"), file.name)


def load_phrases() -> list[BannedPhrase]:
    """What the desk advises against, to begin with. Raises StarterError."""
    file = files("hark311.starter") / "phrases.toml"
    return parse_phrases(file.read_text(encoding="utf-8"), file.name)


def load_status_rules() -> list[StatusRule]:
    """What the words of closing notes mean, to begin with. Raises StarterError."""
    file = files("hark311.starter") / "status_rules.toml"
    return parse_status_rules(file.read_text(encoding="utf-8"), file.name)


def load_cards(now: datetime) -> list[tuple[KnowledgeCard, list[KnowledgeAnswer]]]:
    """The answer cards of the simulated city, with what they say. For no real city. Raises StarterError."""
    file = files("hark311.starter") / "cards.toml"
    found = []
    for one in _entries(file.read_text(encoding="utf-8"), file.name, "card", _CardEntry, "question"):
        last_day = (now + timedelta(days=one.days)).date()
        named = one.model_dump(include={"question", "keywords", "owner", "source"})
        card = KnowledgeCard(**named, expires_on=last_day, changed_at=now)
        answers = [
            KnowledgeAnswer(card_id=0, language=language, length=length, text=text, checked=language == "en")
            for length, texts in ((AnswerLength.SHORT, one.short), (AnswerLength.LONG, one.long))
            for language, text in texts.items()
        ]
        found.append((card, answers))
    return found


def load_templates() -> list[ReplyTemplate]:
    """Version 1 of every wording in every language, by language and key. Raises StarterError."""
    folder = files("responders") / "templates"
    templates: list[ReplyTemplate] = []
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            templates += parse_templates(file.read_text(encoding="utf-8"), file.name)
    return templates


def parse_referrals(text: str, file_name: str) -> list[Referral]:
    """The referrals a TOML text lists under [[referral]]. Raises StarterError naming `file_name` and the entry."""
    return [Referral(**one.model_dump()) for one in _entries(text, file_name, "referral", _ReferralEntry, "danger")]


def parse_road_owners(text: str, file_name: str) -> list[RoadOwner]:
    """The owners a TOML text lists under [[road_owner]]. Raises StarterError naming `file_name` and the entry."""
    return [RoadOwner(**one.model_dump()) for one in _entries(text, file_name, "road_owner", _RoadOwnerEntry, "code")]


def parse_key_rules(text: str, file_name: str) -> list[KeyRule]:
    """The rules a TOML text lists under [[key_rule]]. Raises StarterError naming `file_name` and the entry."""
    entries = _entries(text, file_name, "key_rule", _KeyRuleEntry, "starter")
    return [KeyRule(made_at=utc_now(), **one.model_dump()) for one in entries]


def parse_phrases(text: str, file_name: str) -> list[BannedPhrase]:
    """The phrases a TOML text lists under [[phrase]]. Raises StarterError naming `file_name` and the entry."""
    entries = _entries(text, file_name, "phrase", _PhraseEntry, "phrase")
    return [BannedPhrase(at=utc_now(), **one.model_dump()) for one in entries]


def parse_status_rules(text: str, file_name: str) -> list[StatusRule]:
    """The rules a TOML text lists under [[rule]]. Raises StarterError naming `file_name` and the entry."""
    entries = _entries(text, file_name, "rule", _StatusRuleEntry, "phrase")
    return [StatusRule(at=utc_now(), phrase=one.phrase, outcome=one.outcome or None) for one in entries]


def parse_services(text: str, file_name: str) -> list[Service]:
    """The services a TOML text lists under [[service]]. Raises StarterError naming `file_name` and the entry."""
    return [Service(**one.model_dump()) for one in _entries(text, file_name, "service", _ServiceEntry, "service_code")]


def _entries(text: str, file_name: str, listed: str, shape: type[EntryT], key: str) -> list[EntryT]:
    """The entries under [[listed]], each of its own key."""
    found: dict[str, EntryT] = {}
    name, word = listed.replace("_", " "), key.rpartition("_")[2]
    for number, raw in enumerate(_listed(text, file_name, listed), start=1):
        entry = _validated(shape, raw, file_name, f"{name} {number} ({raw.get(key, f'no {word}')})")
        own = getattr(entry, key)
        if own in found:
            raise StarterError(f"{file_name}: {name} {number} ({own}): the {word} is listed twice")
        found[own] = entry
    return list(found.values())


def parse_templates(text: str, file_name: str) -> list[ReplyTemplate]:
    """The wordings of one language. Raises StarterError naming `file_name` and the entry.

    A wording must hold exactly the placeholders and slots its key has in every language, and survive losing its date.
    """
    entry = _validated(_TemplateFile, _toml(text, file_name), file_name, "the file")
    if file_name != f"{entry.language}.toml":
        raise StarterError(f"{file_name}: language is {entry.language!r}; the file is named after its language")
    missing = [key.value for key in Key if key not in entry.texts]
    if missing:
        raise StarterError(f"{file_name}: no wording for {', '.join(missing)}")
    for key, body in entry.texts.items():
        _check_wording(body, key, file_name)
    return [
        ReplyTemplate(
            key=key.value,
            language=entry.language,
            body=entry.texts[key],
            checked_by_speaker=entry.checked_by_speaker,
            ours=entry.texts[key],
        )
        for key in Key
    ]


def _check_wording(body: str, key: Key, file_name: str) -> None:
    if problems := problems_of(key, body):
        raise StarterError(f"{file_name}: {key.value}: {' '.join(problems)}")
    if left_out := SLOTS[key] - wording.slots(body):
        raise StarterError(f"{file_name}: {key.value}: has no {{{min(left_out)}}}")


def _listed(text: str, file_name: str, kind: str) -> list[dict[str, Any]]:
    listed = _toml(text, file_name).get(kind)
    if not isinstance(listed, list) or not all(isinstance(raw, dict) for raw in listed):
        raise StarterError(f"{file_name}: there is no [[{kind}]] in it")
    return listed


def _toml(text: str, file_name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StarterError(f"{file_name}: this is not TOML: {error}") from error


def _validated(kind: type[EntryT], raw: object, file_name: str, entry: str) -> EntryT:
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'entry'}: {one['msg']}" for one in error.errors())
        raise StarterError(f"{file_name}: {entry}: {wrong}") from error
