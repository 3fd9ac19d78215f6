"""What is wrong with an account is told once for each spell of it, by the ways in which danger is paged."""

import json
import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import select

from hark311.database_check import check_database
from hark311.notices import Notices
from hark311.paging import ConsoleNotifier, Notifier, ToTell
from hark311.settings import AccountSettings, MastodonAccount
from hark311.watching import watch
from models import Account, AccountHealth, AuditEntry, Channel, Database
from tests.town import Clock

NAME = "city_mastodon"
ACCOUNTS: dict[str, AccountSettings] = {
    NAME: MastodonAccount.model_validate(
        {"channel": "mastodon", "base_url": "https://city.example", "access_token": "secret-4711", "silence_hours": 24}
    )
}


class Kept:
    """A way that keeps what it was told, or fails."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.told: list[ToTell] = []

    async def notify(self, page: ToTell) -> None:
        self.told.append(page)
        if self.broken:
            raise OSError


@pytest.fixture
def account(database: Database, clock: Clock) -> Callable[..., None]:
    """Set what stands on the account; heard a moment ago if nothing else is said."""
    with database.write() as session:
        session.add(Account(name=NAME, channel=Channel.MASTODON))

    def stands(**fields: object) -> None:
        with database.write() as session:
            row = session.exec(select(Account)).one()
            for name, at in ({"last_contact_at": clock(), "heard_at": clock()} | fields).items():
                setattr(row, name, at)
            session.add(row)

    stands()
    return stands


def _notices(database: Database, clock: Clock, *ways: Notifier) -> Notices:
    return Notices(database, ways, "http://desk.example", ACCOUNTS, clock)


async def _looked_twice(notices: Notices) -> int:
    await notices.give()
    return await notices.give()


async def test_a_key_that_runs_out_is_told_14_and_3_and_1_days_before_and_never_twice(
    database: Database, clock: Clock, account: Callable[..., None]
) -> None:
    way, ends, told = Kept(), clock() + timedelta(days=20), []
    for days_left in (20, 14, 13, 4, 3, 2, 1, 0, -1):
        clock.offset = ends - Clock()() - timedelta(days=days_left)
        account(key_expires_at=ends)
        told += [days_left for _ in range(2) if await _looked_twice(_notices(database, clock, way))]
    assert told == [14, 3, 1]
    assert "Its key runs out on" in way.told[0].headline
    assert way.told[0].headline.endswith("Open http://desk.example/channels#account-1")
    assert check_database(database) == []  # what was told is on record, and is no step of a state machine


async def test_a_new_key_is_told_of_again(database: Database, clock: Clock, account: Callable[..., None]) -> None:
    way = Kept()
    for ends in (clock() + timedelta(days=2), clock() + timedelta(days=13)):
        account(key_expires_at=ends)
        assert await _looked_twice(_notices(database, clock, way)) == 1


async def test_nobody_listening_is_told_after_ten_minutes_and_again_when_it_comes_back(
    database: Database, clock: Clock, account: Callable[..., None]
) -> None:
    way, told = Kept(), []
    for minutes in (9, 2, 5, 60):
        clock.advance(minutes=minutes)
        told.append(await _looked_twice(_notices(database, clock, way)))
    account()
    clock.advance(minutes=11)
    told.append(await _looked_twice(_notices(database, clock, way)))
    assert told == [0, 1, 0, 0, 1]
    assert [one.facts["notice"] for one in way.told] == ["nobody_listens"] * 2


async def test_unusual_silence_is_told_once_a_spell(
    database: Database, clock: Clock, account: Callable[..., None]
) -> None:
    way, heard = Kept(), clock()
    for _ in range(3):
        clock.advance(hours=20)
        account(heard_at=heard)
        await _looked_twice(_notices(database, clock, way))
    assert [one.subject for one in way.told] == ["Mastodon: unusual silence"]


async def test_that_no_reply_leaves_is_told_once_a_spell(
    database: Database, clock: Clock, account: Callable[..., None]
) -> None:
    way, told = Kept(), []
    first = clock()
    for since in (first, first, None, first + timedelta(hours=1)):
        account(refused_since=since)
        told.append(await _looked_twice(_notices(database, clock, way)))
    assert told == [1, 0, 0, 1]
    assert "No reply leaves." in way.told[0].headline
    assert "What is approved is kept" in way.told[0].headline
    assert way.told[0].facts["notice"] == "sending_refused"


@pytest.mark.parametrize(
    ("health", "notice"),
    [
        (AccountHealth.CREDENTIALS_REJECTED, "key_rejected"),
        (AccountHealth.NO_PERMISSION, "permission_missing"),
        (AccountHealth.UNAVAILABLE, "channel_unavailable"),
    ],
)
async def test_an_ear_that_hears_nothing_is_told_of_once_a_spell(
    database: Database, clock: Clock, account: Callable[..., None], health: AccountHealth, notice: str
) -> None:
    way, told, trouble = Kept(), [], "Mastodon said what is wrong."
    for spell in range(2):
        account()
        well = clock()
        for minutes in (2, 7, 2, 60):
            clock.advance(minutes=minutes)
            resting = {"lease_until": clock() + timedelta(minutes=1), "last_contact_at": well}
            account(health=health, trouble=trouble, **resting)
            told.append(await _looked_twice(_notices(database, clock, way)))
        account(health=AccountHealth.OK, trouble="")
        assert len(way.told) == spell + 1
        clock.advance(minutes=1)
    once = [0, 0, 1, 0] if health == AccountHealth.UNAVAILABLE else [1, 0, 0, 0]
    assert told == once * 2
    assert {one.facts["notice"] for one in way.told} == {notice}
    assert all(str(one.facts["says"]).endswith(trouble) for one in way.told)


async def test_an_account_that_was_never_reached_is_told_of_once(
    database: Database, clock: Clock, account: Callable[..., None]
) -> None:
    way, told = Kept(), []
    for _ in range(3):
        clock.advance(hours=1)
        resting = {"lease_until": clock() + timedelta(minutes=1), "last_contact_at": None, "heard_at": None}
        account(health=AccountHealth.CREDENTIALS_REJECTED, trouble="Mastodon refuses the key.", **resting)
        told.append(await _looked_twice(_notices(database, clock, way)))
    assert told == [1, 0, 0]


def test_the_last_trouble_stands_beside_the_warnings_and_is_none_of_them(
    database: Database, clock: Clock, account: Callable[..., None]
) -> None:
    account(health=AccountHealth.NO_PERMISSION, trouble="Mastodon does not let us read.")
    with database.read() as session:
        watched = watch(session.get_one(Account, 1), ACCOUNTS[NAME], clock())
    assert ([spell.says for spell in watched.spells], watched.warnings) == (["Mastodon does not let us read."], ())


@pytest.mark.parametrize("webhooks", [False, True])
async def test_with_webhooks_a_worker_that_is_gone_is_told_of_whatever_the_channel_brings(
    database: Database, clock: Clock, account: Callable[..., None], webhooks: bool
) -> None:
    way, left_at = Kept(), clock()
    clock.advance(minutes=30)
    account(lease_until=left_at)  # and a moment ago the channel brought something
    notices = _notices(database, clock, way)
    notices.accounts = {NAME: ACCOUNTS[NAME].model_copy(update={"webhooks": webhooks})}
    assert await _looked_twice(notices) == webhooks


async def test_a_refused_key_is_told_of_once_a_day_where_webhooks_go_on(
    database: Database, clock: Clock, account: Callable[..., None]
) -> None:
    way, told = Kept(), []
    midnight = clock().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    clock.advance(seconds=(midnight - clock()).total_seconds() + 60)
    for _ in range(4):
        resting = {"lease_until": clock() + timedelta(minutes=1)}
        account(health=AccountHealth.CREDENTIALS_REJECTED, trouble="Mastodon refuses the key.", **resting)
        notices = _notices(database, clock, way)
        notices.accounts = {NAME: ACCOUNTS[NAME].model_copy(update={"webhooks": True})}
        told.append(await _looked_twice(notices))
        clock.advance(hours=10)
    assert told == [1, 0, 0, 1]


async def test_what_is_over_at_the_next_look_is_not_told(
    database: Database, clock: Clock, account: Callable[..., None]
) -> None:
    way = Kept()
    notices = _notices(database, clock, way)
    clock.advance(hours=9)
    assert await notices.give() == 0
    account()
    assert await notices.give() == 0
    assert way.told == []


async def test_a_notice_that_got_out_no_way_is_given_again_and_one_that_did_is_kept(
    database: Database, clock: Clock, account: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    broken, well = Kept(broken=True), Kept()
    clock.advance(minutes=11)
    notices = _notices(database, clock, ConsoleNotifier(), broken)
    assert [await notices.give() for _ in range(3)] == [0, 0, 0]
    assert len(broken.told) == 2
    notices.notifiers = [ConsoleNotifier(), broken, well]
    assert [await notices.give() for _ in range(2)] == [1, 0]
    with database.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.by == "notices")).one()
    assert (entry.about, entry.about_id, entry.why) == ("Account", 1, "Staff were told. Not by Kept: OSError.")
    assert "Kept: OSError" in caplog.text


async def test_the_log_and_the_webhook_get_the_sentence_and_no_secret(
    database: Database, clock: Clock, account: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    way = Kept()
    clock.advance(minutes=11)
    await _looked_twice(_notices(database, clock, ConsoleNotifier(), way))
    (line,) = [one for one in caplog.records if one.name == "hark311.paging"]
    assert (line.levelno, line.getMessage()) == (logging.WARNING, way.told[0].headline)
    assert line.getMessage().startswith("Mastodon (city_mastodon): Nobody is listening")
    assert json.loads(json.dumps(way.told[0].facts)) == {
        "notice": "nobody_listens",
        "account": NAME,
        "channel": "mastodon",
        "says": way.told[0].facts["says"],
        "link": "http://desk.example/channels#account-1",
    }
    assert "secret-4711" not in caplog.text


async def test_an_account_that_is_meant_to_rest_is_not_told_of(
    database: Database, clock: Clock, account: Callable[..., None]
) -> None:
    way = Kept()
    clock.advance(hours=50)
    notices = _notices(database, clock, way)
    notices.accounts = {NAME: ACCOUNTS[NAME].model_copy(update={"enabled": False})}
    assert await _looked_twice(notices) == 0
    account(last_contact_at=clock() - timedelta(hours=50), retired_at=clock())
    notices.accounts = ACCOUNTS
    assert await _looked_twice(notices) == 0
