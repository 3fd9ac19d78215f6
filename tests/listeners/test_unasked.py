"""X wants what is deleted gone within a day: where it cannot be asked for so long, staff are told what stops it."""

import asyncio

import pytest
from sqlmodel import col, select

from hark311 import doctor
from hark311.notices import Notices
from hark311.paging import ToTell
from hark311.simulated import accounts_of
from hark311.status import status_of
from listeners.compliance import check_compliance, unasked
from models import ComplianceJob, ComplianceState
from tests.town import Town

REFUSED = {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}


class Kept:
    """A way that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[ToTell] = []

    async def notify(self, page: ToTell) -> None:
        self.told.append(page)


def _sweep(town: Town) -> int:
    async def run() -> int:
        (hearing,) = (one for one in town.hearings() if one.account_name == "x")
        async with hearing.listener:
            return await check_compliance({"hearings": [hearing]})

    return asyncio.run(run())


def _jobs(town: Town) -> list[ComplianceJob]:
    with town.database.read() as session:
        return list(session.exec(select(ComplianceJob).order_by(col(ComplianceJob.id))).all())


def _warnings(town: Town) -> str:
    """What `hark status` says of X, without that it is silent."""
    listeners = status_of(town.database, town.data, accounts_of(town.settings), town.clock()).listeners
    said = next(one for one in listeners if one["account"] == "x")["warnings"]
    return " ".join(one for one in said if "silent" not in one)


def _notices_given(town: Town) -> list[ToTell]:
    way = Kept()
    notices = Notices(town.database, [way], "http://desk.example", accounts_of(town.settings), town.clock)
    for _ in range(2):
        asyncio.run(notices.give())
    return [one for one in way.told if one.facts["notice"] == "deletions_not_asked"]


def test_a_token_that_may_not_ask_what_is_deleted_is_told_after_a_day(town: Town) -> None:
    town.simulator.say_on_x("my home is at 5 Elm St")
    town.listen("x")
    town.simulator.fault("x", "status", "create_job", times=100, status=401, body=REFUSED)
    for _ in range(5):
        assert "not asked" not in _warnings(town)
        _sweep(town)
        town.clock.advance(hours=5)
    town.listen("x")
    said = _warnings(town)
    assert "X was not asked for 25 hours which of the stored posts are deleted there" in said
    assert "X does not accept our key" in said
    assert [(one.state, one.channel_job_id) for one in _jobs(town)] == [(ComplianceState.FAILED, "")]  # not one a try
    (notice,) = _notices_given(town)
    assert "X was not asked for 25 hours" in str(notice.facts["says"])
    rows, rules = doctor._rows(town.database, town.clock()), accounts_of(town.settings)["x"]
    account, not_asked = rows["x"]
    findings = doctor._standing(account, rules, town.clock(), not_asked)
    assert [(one.ok, one.says) for one in findings if "not asked" in one.says] == [(False, said)]


def test_a_sweep_that_is_done_ends_the_worry(town: Town) -> None:
    town.simulator.say_on_x("a tree")
    town.listen("x")
    town.simulator.fault("x", "status", "create_job", status=401, body=REFUSED)
    _sweep(town)
    town.clock.advance(hours=25)
    town.listen("x")
    assert "X does not accept our key" in _warnings(town)
    _sweep(town)
    assert _warnings(town) == ""
    assert _notices_given(town) == []


def test_what_stops_an_open_job_is_told_too_and_a_new_spell_is_told_anew(town: Town) -> None:
    town.simulator.say_on_x("a tree")
    town.listen("x")
    for spell in range(2):
        _sweep(town)
        assert _jobs(town)[-1].state == ComplianceState.DONE
        town.clock.advance(hours=13)
        town.simulator.fault("x", "html_error", "download", times=1)
        _sweep(town)
        town.clock.advance(hours=12)
        town.listen("x")
        job = _jobs(town)[-1]
        assert (job.state, job.trouble != "") == (ComplianceState.UPLOADED, True)
        assert job.trouble in _warnings(town)
        assert len(_notices_given(town)) == 1, spell


@pytest.mark.parametrize("channel", ["x", "telegram"])
def test_where_nothing_is_kept_or_the_channel_has_no_sweeps_nobody_is_told(town: Town, channel: str) -> None:
    if channel == "telegram":
        town.simulator.say_on_telegram("a tree")
    town.listen(channel)
    town.clock.advance(days=3)
    with town.database.read() as session:
        assert unasked(session, town.account(channel), town.clock()) is None
