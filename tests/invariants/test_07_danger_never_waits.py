"""Invariant 7, as far as it is built: danger is alarmed and paged at once, and stays loud until acknowledged."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select

from classifier.places import Place
from classifier.places.resolver import Resolved
from classifier.reading import Reader
from classifier.rules import build
from hark311.paging import Page, Pager, ToTell
from models import Alarm, Database, Mention, MentionState, Post, ReplyState, StaffUser
from tests.rows import MORNING, a_mention
from tests.town import Town


class _Beeper:
    """A notifier that keeps what it was told."""

    def __init__(self) -> None:
        self.pages: list[Page] = []

    async def notify(self, page: ToTell) -> None:
        assert isinstance(page, Page)
        self.pages.append(page)


@pytest.mark.parametrize(
    "words",
    [
        "live wire down and sparking at 5th and Cambria",
        "huele a gas en toda la casa, calle 9",
        "strong smell of gas on my block, 1200 S 9th St",
        "a man was shot on the corner of Broad and Erie",
    ],
)
def test_danger_is_alarmed_and_paged_and_nothing_is_sent_by_itself(town: Town, words: str) -> None:
    post_id = town.simulator.say_on_x(words)
    town.hear()
    mention, beeper = town.mention_of(post_id), _Beeper()
    assert mention.danger
    assert mention.state == MentionState.DRAFTED
    pager = Pager(town.database, [beeper], "http://127.0.0.1:8311", town.clock)

    async def two_at_once() -> list[int]:
        return list(await asyncio.gather(pager.page(), pager.page()))

    assert sorted(asyncio.run(two_at_once())) == [0, 1]
    assert len(beeper.pages) == 1
    assert beeper.pages[0].link.endswith(f"/mentions/{mention.id}")
    assert asyncio.run(pager.page()) == 0
    reply = town.reply_to(mention.id)
    assert reply.state == ReplyState.DRAFT
    assert "911" in reply.text
    town.deliver()
    assert town.our_replies_on_x() == []


def test_an_alarm_is_paged_again_until_somebody_acknowledges_it(town: Town) -> None:
    town.simulator.say_on_x("live wire down and sparking at 5th and Cambria")
    town.hear()
    beeper = _Beeper()
    pager = Pager(town.database, [beeper], "http://127.0.0.1:8311", town.clock, page_again=timedelta(minutes=2))
    for _ in range(3):
        asyncio.run(pager.page())
        town.clock.advance(minutes=2, seconds=1)
    assert len(beeper.pages) == 3
    with town.database.read() as session:
        alarm = session.exec(select(Alarm)).one()
    town.desk.acknowledge(alarm.id or 0, town.staff_id)
    asyncio.run(pager.page())
    assert len(beeper.pages) == 3
    with town.database.read() as session:
        assert session.exec(select(Alarm.acknowledged_by)).one() == town.staff_id


def test_danger_stands_before_everything_that_waits_longer(town: Town) -> None:
    for number in range(5):
        town.simulator.say_on_x(f"graffiti on the wall of {number}00 Market St")
    town.simulator.say_on_x("live wire down and sparking at 5th and Cambria")
    town.listen()
    town.read()
    town.suggester.batch = 1
    (first,) = town.suggester.suggest()
    assert [mention.danger for mention in town.mentions() if mention.id == first] == [True]


class _BrokenGazetteer:
    """A gazetteer that finds nothing and fails at every look-up."""

    version = "broken"

    def find(self, text: str) -> list[Place]:
        return []

    def resolve(self, *_: object, **__: object) -> Resolved:
        raise ZeroDivisionError


def test_a_gazetteer_that_fails_takes_neither_the_alarm_nor_the_draft_away(town: Town) -> None:
    post_id = town.simulator.say_on_x("live wire down and sparking at 5th and Cambria")
    town.listen()
    reader = Reader(town.database, build(), town.clock, places=_BrokenGazetteer())
    assert reader.read().alarms == [town.mention_of(post_id).id]
    assert town.request_of(town.mention_of(post_id).id).description


def test_what_fails_after_the_danger_was_seen_leaves_the_danger(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("classifier.reading.draft_request", fails)
    post_id = town.simulator.say_on_x("live wire down and sparking at 5th and Cambria")
    town.listen()
    town.read()
    assert town.mention_of(post_id).danger
    with town.database.read() as session:
        assert len(session.exec(select(Alarm)).all()) == 1


def test_a_new_danger_is_alarmed_after_a_person_said_that_there_was_none(either_database: Database) -> None:
    noon = MORNING + timedelta(hours=4)
    reader = Reader(either_database, build(), lambda: noon)
    with either_database.write() as session:
        mention_id = a_mention(session, "live wire down and sparking at 5th and Cambria").id
    assert reader.read().alarms == [mention_id]
    with either_database.write() as session:
        staff = StaffUser(username="mae", display_name="Mae")
        session.add(staff)
        session.flush()
        alarm, mention = session.exec(select(Alarm)).one(), session.get_one(Mention, mention_id)
        alarm.acknowledged_at, alarm.acknowledged_by = MORNING, staff.id
        alarm.raised_at = alarm.paged_at = MORNING
        alarm.page_attempts, alarm.page_trouble = 3, "no answer"
        mention.danger, mention.version, mention.needs_understanding = False, 2, True
        session.exec(select(Post)).one().text = "strong smell of gas on my block, 1200 S 9th St"
    assert reader.read().alarms == [mention_id]
    with either_database.read() as session:
        alarm = session.exec(select(Alarm)).one()
        assert (alarm.acknowledged_at, alarm.acknowledged_by, alarm.raised_at) == (None, None, noon)
        assert (alarm.paged_at, alarm.page_attempts, alarm.page_trouble) == (None, 0, "")
        assert "gas" in alarm.rule


def test_a_danger_that_somebody_acknowledged_is_not_alarmed_again_when_it_is_read_again(
    either_database: Database,
) -> None:
    reader = Reader(either_database, build(), lambda: MORNING)
    with either_database.write() as session:
        mention_id = a_mention(session, "live wire down and sparking at 5th and Cambria").id
    reader.read()
    with either_database.write() as session:
        session.exec(select(Alarm)).one().acknowledged_at = MORNING
        mention = session.get_one(Mention, mention_id)
        mention.version, mention.needs_understanding = 2, True
    assert reader.read().alarms == []
    with either_database.read() as session:
        assert session.exec(select(Alarm.acknowledged_at)).one() == MORNING
