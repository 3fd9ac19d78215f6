"""Telegram keeps what nobody fetches for a day: after a longer silence of ours a gap is told, once."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from listeners.silences import note_silence
from models import Account, Channel, Database, Gap, IntakeDay
from tests.responders.test_dialogue import LIGHT, says
from tests.rows import MORNING, an_account
from tests.town import Town


def gaps(database: Database) -> list[Gap]:
    with database.read() as session:
        return list(session.exec(select(Gap)).all())


def test_an_outage_of_more_than_a_day_is_a_gap_that_staff_close(town: Town) -> None:
    says(town, LIGHT)
    town.clock.advance(hours=23)
    says(town, "Hello")
    assert gaps(town.database) == []
    left_at = town.clock()
    town.clock.advance(hours=30)
    says(town, "Is anybody there?")
    says(town, "Hello?")
    (gap,) = gaps(town.database)
    assert f"from {left_at:%Y-%m-%d %H:%M}" in gap.reason
    assert "Look into the groups" in gap.trouble
    assert gap.closed_at is None
    with town.database.read() as session:
        assert sum(one.gaps_opened for one in session.exec(select(IntakeDay)).all()) == 1


@pytest.mark.parametrize(
    ("channel", "silent", "told"),
    [
        (Channel.TELEGRAM, timedelta(hours=24), 0),
        (Channel.TELEGRAM, timedelta(hours=24, seconds=1), 1),
        (Channel.TELEGRAM, None, 0),
        (Channel.X, timedelta(days=3), 0),
        (Channel.MASTODON, timedelta(days=3), 0),
        (Channel.BLUESKY, timedelta(days=3), 0),
    ],
)
def test_only_a_channel_that_forgets_leaves_a_gap(
    either_database: Database, channel: Channel, silent: timedelta | None, told: int
) -> None:
    heard: datetime | None = None if silent is None else MORNING - silent
    with either_database.write() as session:
        account = an_account(session, channel)
        account.last_contact_at = heard
        note_silence(session, account, MORNING)
    assert len(gaps(either_database)) == told
    with either_database.read() as session:
        assert session.exec(select(Account)).one().last_contact_at == heard
