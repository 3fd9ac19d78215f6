"""A danger that nobody acknowledges reaches further people, step by step; one that nobody decides about comes back."""

import json
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from hark311.danger_figures import danger_figures
from hark311.escalating import Escalation, ways_of
from hark311.outgoing import PrivateAddress
from hark311.page_drill_cli import Drill
from hark311.paging import Pager, Step, ToTell
from hark311.settings import NotifySettings
from models import (
    Alarm,
    AlarmPage,
    Database,
    EscalationStep,
    Mention,
    MentionState,
    Role,
    StaffUser,
    advance,
    utc_now,
)
from responders.review import Desk
from tests import rows
from tests.town import Clock


@dataclass
class Beeper:
    told: list[str] = field(default_factory=list)

    async def notify(self, page: ToTell) -> None:
        self.told.append(page.headline)


@pytest.fixture
def alarm_id(database: Database, clock: Clock) -> int:
    with database.write() as session:
        mention = rows.a_mention(session)
        advance(session, mention, MentionState.UNDERSTOOD, "test", "read")
        alarm = Alarm(mention_id=mention.id or 0, rule="wires", raised_at=clock())
        session.add(alarm)
        session.flush()
        return alarm.id or 0


@dataclass
class Shift:
    """A pager with two steps, after 5 and 10 minutes."""

    pager: Pager
    desk: Beeper
    supervisor: Beeper
    on_call: Beeper

    @property
    def heard(self) -> tuple[int, int, int]:
        return len(self.desk.told), len(self.supervisor.told), len(self.on_call.told)


@pytest.fixture
def shift(database: Database, clock: Clock) -> Shift:
    desk, supervisor, on_call = Beeper(), Beeper(), Beeper()
    steps = ((5, Step("supervisor", [supervisor])), (10, Step("on call", [on_call])))

    def steps_at(_session: Session, minutes: float) -> list[Step]:
        return [step for after, step in steps if after <= minutes]

    pager = Pager(database, [desk], "http://desk", clock, steps_at=steps_at, decide_within=timedelta(minutes=15))
    return Shift(pager, desk, supervisor, on_call)


async def test_each_step_is_reached_at_its_minute_until_somebody_acknowledges(
    database: Database, clock: Clock, alarm_id: int, shift: Shift
) -> None:
    heard = []
    for minutes in (0, 1, 4, 4, 2):
        clock.advance(minutes=minutes, seconds=1)
        await shift.pager.page()
        heard.append(shift.heard)
    assert heard == [(1, 0, 0), (1, 0, 0), (2, 1, 0), (3, 2, 0), (4, 3, 1)]
    with database.write() as session:
        session.add(StaffUser(username="ann", display_name="Ann Reyes", role=Role.APPROVER))
    Desk(database, lambda _channel, text: len(text), lambda _text: [], clock=clock).acknowledge(alarm_id, 1)
    clock.advance(minutes=14)
    assert await shift.pager.page() == 0
    with database.read() as session:
        figures = danger_figures(session, clock() - timedelta(days=1), clock())
        pages = session.exec(select(AlarmPage.step)).all()
    assert (figures.raised, figures.acknowledged, figures.escalated) == (1, 1, 1)
    assert figures.seconds == pytest.approx(665, abs=30)
    assert sorted(pages) == ["", "", "", "", "on call", "supervisor", "supervisor", "supervisor"]


async def test_a_step_that_is_newly_reached_is_paged_behind_many_alarms_that_wait(
    database: Database, clock: Clock, shift: Shift
) -> None:
    lately = clock() - timedelta(seconds=30)
    with database.write() as session:
        for raised_at in (*[lately] * 60, clock() - timedelta(minutes=5)):
            mention = rows.a_mention(session)
            session.add(Alarm(mention_id=mention.id or 0, rule="gas", raised_at=raised_at, paged_at=lately))
    assert await shift.pager.page() == 1
    assert shift.heard == (1, 1, 0)


async def test_what_was_acknowledged_and_not_decided_is_paged_again(
    database: Database, clock: Clock, alarm_id: int, shift: Shift
) -> None:
    await shift.pager.page()
    with database.write() as session:
        session.add(StaffUser(username="ann", display_name="Ann Reyes", role=Role.APPROVER))
    Desk(database, lambda _channel, text: len(text), lambda _text: [], clock=clock).acknowledge(alarm_id, 1)
    clock.advance(minutes=16)
    assert await shift.pager.page() == 1
    assert "seen by Ann Reyes and not decided yet" in shift.desk.told[-1]
    assert await shift.pager.page() == 0
    with database.write() as session:
        alarm = session.get_one(Alarm, alarm_id)
        advance(session, session.get_one(Mention, alarm.mention_id), MentionState.SET_ASIDE, "test", "decided")
    clock.advance(minutes=16)
    assert await shift.pager.page() == 0


async def test_a_step_that_reaches_nobody_says_so(database: Database, clock: Clock, alarm_id: int) -> None:
    with database.write() as session:
        session.add(EscalationStep(after_minutes=1, name="night desk", on_call=True))
    clock.advance(minutes=2)
    beeper = Beeper()
    pager = Pager(database, [beeper], "http://desk", clock, steps_at=Escalation(NotifySettings(), clock=clock))
    await pager.page()
    with database.read() as session:
        assert session.get_one(Alarm, alarm_id).page_trouble == "night desk: NoWay: NotReachable"


async def test_a_webhook_from_the_desk_never_reaches_into_our_own_network(database: Database) -> None:
    step = EscalationStep(after_minutes=1, name="pagers", webhook_url="https://127.0.0.1:9/danger")
    with database.write() as session:
        (way,) = ways_of(session, step, NotifySettings(), utc_now())
    with pytest.raises(PrivateAddress):
        await way.notify(Drill("x", "http://desk"))


def test_a_drill_cannot_be_taken_for_a_danger() -> None:
    drill = Drill("the supervisor", "http://desk")
    assert "no danger" in drill.headline
    assert "no danger" in drill.subject
    assert json.dumps(drill.facts)
