"""A stage for acts of moderation."""

import pytest

from models import Database
from tests.responders.moderation.stage import Stage


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage(database)


@pytest.fixture
def on_either(either_database: Database) -> Stage:
    return Stage(either_database)
