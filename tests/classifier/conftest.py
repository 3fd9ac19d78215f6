"""The classifier as the product builds it: once, because it never changes."""

from collections.abc import Callable

import pytest

from classifier.protocol import Understood
from classifier.rules import RuleClassifier, build
from classifier.taxonomy import services_of_taxonomy

Understand = Callable[[str], Understood]


@pytest.fixture(scope="session")
def classifier() -> RuleClassifier:
    return build()


@pytest.fixture(scope="session")
def understand(classifier: RuleClassifier) -> Understand:
    """Classifies one text for a city that offers one service per category."""
    services = services_of_taxonomy()
    return lambda text: classifier.classify([text], services)[0]
