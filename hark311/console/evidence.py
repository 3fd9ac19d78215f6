"""What we think of a mention and why, as the card on its page says it (invariant 9).

The words and weights are those the classifier stored with its answer; nothing is worked out anew here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hark311.console import words
from hark311.console.marks import strength_of
from models import Contribution, Explanation, Guess, Intent, LabelTask, Mention, Post, Understanding

FOR_SHOWN, AGAINST_SHOWN, SUMMED = 6, 3, 12
BARS = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """A possible answer with its probability; `chosen` is the one suggested."""

    name: str
    probability: float
    chosen: bool


@dataclass(frozen=True, slots=True)
class Weighed:
    """Words of the post and how much they speak for an answer; `strength` 1 to 3 beside the heaviest."""

    text: str
    weight: float
    strength: int


@dataclass(frozen=True, slots=True)
class Why:
    """Why one answer has its score: score = rest + whole + words + faint words."""

    name: str
    probability: float
    speak_for: list[Weighed]
    speak_against: list[Weighed]
    sums: list[tuple[str, float]]
    score: float


@dataclass(frozen=True, slots=True)
class Told:
    """One of several problems in one post, with the words that tell of it."""

    name: str
    probability: float
    text: str
    code: str
    index: int


@dataclass(frozen=True, slots=True)
class Card:
    """Everything the card shows. `whole`: the words the sentence as a whole rests on; None: nobody has asked yet."""

    services: list[Bar]
    intents: list[Bar]
    why_service: Why | None
    why_intent: Why | None
    adding_up: list[Why]
    told: list[Told]
    whole: list[Weighed] | None
    can_ask_whole: bool


def card_of(
    mention: Mention, understanding: Understanding, posts: Sequence[Post], service_names: Mapping[str, str]
) -> Card:
    """The card of an understanding. `posts`: what the mention says, whose words the spans point into."""
    texts = {post.id: post.text for post in posts}
    explained = understanding.explained()
    service, intent = leading(understanding, LabelTask.CATEGORY), leading(understanding, LabelTask.INTENT)
    asked = [one for one in (service, intent, *explained) if one and one.occluded is not None]
    fresh = understanding.mention_version == mention.version and not mention.needs_understanding
    return Card(
        services=_bars(
            understanding.service_code, understanding.service_probability, _others(understanding), service_names
        ),
        intents=_intents(understanding),
        why_service=_why(service, texts, service_names) if service else None,
        why_intent=_why(intent, texts, service_names) if intent else None,
        adding_up=[_why(one, texts, service_names) for one in explained],
        told=[
            Told(service_names.get(one.service_code, one.service_code), one.probability, text, one.service_code, index)
            for index, one in enumerate(understanding.problems_told())
            if (text := _text(one.post_id, one.start, one.end, texts))
        ],
        whole=_whole(asked[0], texts) if asked else None,
        can_ask_whole=bool(explained) and fresh and not asked,
    )


def leading(understanding: Understanding, task: LabelTask) -> Explanation | None:
    """The explanation of what is suggested; where nothing is, of the best guess."""
    found = [one for one in understanding.explained() if one.task == task]
    suggested = understanding.service_code if task == LabelTask.CATEGORY else understanding.intent
    return next((one for one in found if one.value == suggested), found[0] if found else None)


def weighed_in(understanding: Understanding | None, post_id: int | None) -> list[Contribution]:
    """How much the words of one post speak for the service we suggest, or else for the intent."""
    if understanding is None:
        return []
    explained = leading(understanding, LabelTask.CATEGORY) or leading(understanding, LabelTask.INTENT)
    return [one for one in explained.words if one.post_id == post_id] if explained else []


def _others(understanding: Understanding) -> list[Guess]:
    return [one for one in understanding.guesses() if one.value != understanding.service_code]


def _bars(chosen: str | None, probability: float, others: Sequence[Guess], names: Mapping[str, str]) -> list[Bar]:
    bars = [Bar(names.get(chosen, chosen), probability, True)] if chosen else []
    bars += [Bar(names.get(one.value, one.value), one.probability, False) for one in others]
    return bars[:BARS]


def _intents(understanding: Understanding) -> list[Bar]:
    guesses = [Guess.model_validate(one) for one in understanding.intents]
    others = [one for one in guesses if one.value != understanding.intent]
    names = {intent.value: word for intent, word in words.INTENT.items()}
    return _bars(understanding.intent, understanding.intent_probability, others, names)[: BARS - 1]


def _why(explained: Explanation, texts: Mapping[int | None, str], service_names: Mapping[str, str]) -> Why:
    found = _weighed(explained.words, texts)
    shown = found[:SUMMED]
    sums = [(f"“{one.text}”", one.weight) for one in shown]
    if explained.encoder:
        sums.append(("the sentence as a whole", explained.encoder))
    sums.append(("how often people write about it, and fainter words", explained.score - sum(one for _, one in sums)))
    return Why(
        name=service_names.get(explained.value, "") or _intent_word(explained.value),
        probability=explained.probability,
        speak_for=[one for one in found if one.weight > 0 and one.strength][:FOR_SHOWN],
        speak_against=[one for one in found if one.weight < 0 and one.strength][:AGAINST_SHOWN],
        sums=sums,
        score=explained.score,
    )


def _whole(explained: Explanation, texts: Mapping[int | None, str]) -> list[Weighed]:
    found = _weighed(explained.occluded or (), texts)
    return [one for one in found if one.weight > 0 and one.strength][:FOR_SHOWN]


def _intent_word(value: str) -> str:
    return words.INTENT[Intent(value)] if value in set(Intent) else value


def _weighed(contributions: Sequence[Contribution], texts: Mapping[int | None, str]) -> list[Weighed]:
    """The words by their weight, heaviest first; words said twice are counted together."""
    weights: dict[str, tuple[str, float]] = {}
    for one in contributions:
        if text := _text(one.post_id, one.start, one.end, texts):
            shown, weight = weights.get(text.casefold(), (text, 0.0))
            weights[text.casefold()] = shown, weight + one.weight
    most = max((abs(weight) for _, weight in weights.values()), default=0.0)
    found = [Weighed(text, weight, strength_of(weight, most)) for text, weight in weights.values()]
    return sorted(found, key=lambda one: -abs(one.weight))


def _text(post_id: int | None, start: int, end: int, texts: Mapping[int | None, str]) -> str:
    """The words of a span on one line; "" where the post is gone or the span lies outside it."""
    text = texts.get(post_id, "")
    return " ".join(text[start:end].split()) if 0 <= start < end <= len(text) else ""
