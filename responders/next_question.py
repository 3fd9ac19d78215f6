"""What is asked next, and in which words: one thing at a time, once more in other words, and then a person. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from models import AskedQuestion, AskedState, ServiceAttribute
from models.asking import ATTRIBUTE
from models.attributes import Datatype
from responders.template_keys import Key, Missing

ASKED_TWICE = 2
IN_OTHER_WORDS: dict[str, tuple[Key, ...]] = {
    Missing.SERVICE: (Key.ASK_START, Key.ASK_SERVICE),
    Missing.PLACE: (Key.ASK_PLACE_AGAIN,),
}
"""What is said where an answer could not be read, by what was asked for; elsewhere the same words do."""
ASKS_IN_PRIVATE = frozenset({Key.ASK_ADDRESS_PRIVATE.value, Key.ASK_ATTRIBUTE_PRIVATE.value})
"""Wordings that ask in public for something that is told in private."""


@dataclass(frozen=True, slots=True)
class SoFar:
    """What was asked about a case before: how often in vain, what nobody knows, what nobody answered.

    `reminds`: the question that is open is asked again because there was no answer.
    """

    unread: Sequence[str] = ()
    unknown: Collection[str] = frozenset()
    no_answer: Collection[str] = frozenset()
    reminds: bool = False

    def done_with(self, about: str) -> bool:
        """Whether it is not asked for any more: they do not know, do not answer, or we cannot read what they say."""
        return about in self.unknown or about in self.no_answer or self.unread.count(about) >= ASKED_TWICE


def so_far(asked: Sequence[AskedQuestion]) -> SoFar:
    """What stands in the rows, oldest first."""
    return SoFar(
        unread=[one.about for one in asked if one.state == AskedState.UNREAD],
        unknown={one.about for one in asked if one.state == AskedState.UNKNOWN},
        no_answer={one.about for one in asked if one.state == AskedState.NO_ANSWER},
        reminds=any(one.state == AskedState.OPEN and one.reminded_at is not None for one in asked),
    )


def again(about: str, keys: tuple[Key, ...], before: SoFar) -> tuple[Key, ...]:
    """The wordings for what is missing, after what was asked before.

    Where nobody answered, a few words that end it; where we asked twice, or they do not know, a person's turn is told.
    """
    if about in before.no_answer:
        return (Key.GIVEN_UP,)
    if before.done_with(about):
        return (Key.HUMAN_COMES,)
    return IN_OTHER_WORDS.get(about, keys) if about in before.unread else keys


def attribute_keys(attribute: ServiceAttribute, before: SoFar, *, public: bool, hears_private: bool) -> tuple[Key, ...]:
    """The wordings that ask for an attribute here; () where it is private and they cannot write to us in private."""
    if public and attribute.private:
        return (Key.ASK_ATTRIBUTE_PRIVATE,) if hears_private else ()
    if ATTRIBUTE + attribute.code in before.unread:
        return (Key.ASK_ATTRIBUTE_AGAIN, Key.ASK_ATTRIBUTE)
    return (Key.ASK_ATTRIBUTE,)


def to_ask(attributes: Sequence[ServiceAttribute], answered: Collection[str]) -> list[ServiceAttribute]:
    """The attributes that the city requires and that are not answered yet, in its order."""
    wanted = (one for one in attributes if one.active and one.variable and one.required and one.code not in answered)
    return sorted(wanted, key=lambda one: (one.order, one.code))


def question_of(attribute: ServiceAttribute, language: str) -> str:
    """How a resident is asked for an attribute: in their language, else in English, else as the city describes it."""
    said = attribute.questions.get(language) or attribute.questions.get("en") or attribute.description
    plain = " ".join((said or attribute.code).split()).translate(str.maketrans("{}[]", "()()"))
    return plain if plain.endswith(("?", "？", "؟", ".", "。", ":")) else f"{plain}?"


def speaks(attribute: ServiceAttribute, language: str) -> bool:
    """Whether somebody has put the question into this language."""
    return bool(attribute.questions.get(language))


def choices_of_list(attribute: ServiceAttribute, language: str) -> list[str]:
    """The numbered lines to choose from, "1) Blue"; [] where it is no list."""
    if attribute.datatype not in (Datatype.SINGLE_VALUE_LIST, Datatype.MULTI_VALUE_LIST):
        return []
    return [f"{number}) {name_of(value, language)}" for number, value in enumerate(attribute.values, start=1)]


def name_of(value: dict[str, object], language: str) -> str:
    """What one value of a list is called."""
    names = value.get("names")
    called = names.get(language) if isinstance(names, dict) else None
    plain = " ".join(str(called or value.get("name") or value.get("key") or "").split())
    return plain.translate(str.maketrans("{}[]", "()()"))
