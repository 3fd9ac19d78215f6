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
from models import Alarm, MentionState, ReplyState
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
