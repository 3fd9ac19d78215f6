"""What every classifier promises, whatever it is made of. A new one adds a line to CLASSIFIERS."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.cascade import FollowingClassifier
from classifier.protocol import Classifier, Understood
from classifier.rules import build
from classifier.taxonomy import services_of_taxonomy
from hark311.trained import made_at_set_up
from models import Service

CLASSIFIERS: dict[str, Callable[[], Classifier]] = {
    "rules": build,
    "cascade": lambda: FollowingClassifier(made_at_set_up()),
}

POSTS = [
    "There is a huge pothole at 5th & Market, please fix",
    "",
    "smell gas near 9th and Christian",
    "thank you so much",
    "hay basura en la calle",
    "路灯坏了",
    "any update on case 12345678?",
    "car parked on sidewalk, plate KVX 4821",
    "🔥",
    "graffiti and rats and noise and potholes",
]
ANY_TEXT = st.text(max_size=200) | st.lists(st.sampled_from(POSTS), max_size=3).map(" ".join)
SERVICES = services_of_taxonomy()


@pytest.fixture(scope="module", params=CLASSIFIERS)
def any_classifier(request: pytest.FixtureRequest, models_folder: Path) -> Classifier:
    """`models_folder` makes sure that set-up's models are of this code."""
    return CLASSIFIERS[request.param]()


def codes(understood: Understood) -> set[str]:
    return {guess.value for guess in understood.runners_up} | (
        {understood.service_code} if understood.service_code else set()
    )


def test_there_is_one_answer_per_text_in_order(any_classifier: Classifier) -> None:
    answers = any_classifier.classify(POSTS, SERVICES)
    assert len(answers) == len(POSTS)
    assert list(answers) == [any_classifier.classify([post], SERVICES)[0] for post in POSTS]
    assert list(any_classifier.classify(POSTS[::-1], SERVICES)) == list(answers)[::-1]


def test_no_texts_get_no_answers(any_classifier: Classifier) -> None:
    assert list(any_classifier.classify([], SERVICES)) == []


def test_the_same_text_always_gets_the_same_answer(any_classifier: Classifier) -> None:
    assert any_classifier.classify(POSTS, SERVICES) == any_classifier.classify(POSTS, SERVICES)


def test_the_version_is_named_and_stays(any_classifier: Classifier) -> None:
    version = any_classifier.version
    any_classifier.classify(POSTS, SERVICES)
    assert version
    assert any_classifier.version == version


@pytest.mark.parametrize(
    "services",
    [[], SERVICES[:1], [Service(service_code="X-1", service_name="Graffiti removal")]],
    ids=["none", "one", "the city's own"],
)
def test_only_offered_services_are_suggested(any_classifier: Classifier, services: Sequence[Service]) -> None:
    offered = {one.service_code for one in services}
    for understood in any_classifier.classify(POSTS, services):
        assert codes(understood) <= offered


def test_a_service_that_is_not_active_is_not_suggested(any_classifier: Classifier) -> None:
    services = [Service(service_code=one.service_code, service_name=one.service_name, active=False) for one in SERVICES]
    assert not any(codes(one) for one in any_classifier.classify(POSTS, services))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANY_TEXT)
def test_any_text_gets_a_sound_answer(any_classifier: Classifier, text: str) -> None:
    (understood,) = any_classifier.classify([text], SERVICES)
    for one in understood.evidence:
        assert 0 <= one.start < one.end <= len(text)
        assert one.rule
    for share in (understood.language_probability, understood.intent_probability, understood.service_probability):
        assert 0 <= share <= 1
    ranked = [guess.probability for guess in understood.runners_up]
    assert ranked == sorted(ranked, reverse=True)
    assert understood.service_code not in {guess.value for guess in understood.runners_up}
    assert understood.location_phrase in text
    assert bool(understood.danger_rule) == understood.danger
    if understood.abstained:
        assert understood.service_code is None or understood.intent is None
        assert understood.abstained_because
    if understood.service_code is None:
        assert understood.service_probability == 0


def test_what_it_abstains_from_stays_as_guesses(any_classifier: Classifier) -> None:
    texts = ["graffiti and rats and noise and potholes", "it happened again last night"]
    unsure = [one for one in any_classifier.classify(texts, SERVICES) if one.abstained]
    assert unsure
    assert all(one.runners_up for one in unsure if one.service_code is None)
