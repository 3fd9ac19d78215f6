"""Plays a chat: residents write, the desk hears and answers, on a clock that runs so many times as fast as the wall's.

Other than a storm, nothing here waits for anything else: the residents, the worker and every person at the desk go on
side by side, as they do on the day.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from sqlmodel import col, func, select

from hark311.rehearsal.chat_counting import Ran, score_of
from hark311.rehearsal.chat_report import ChatScore
from hark311.rehearsal.chat_residents import Participants
from hark311.rehearsal.chat_script import HARD_FROM, HARD_UNTIL
from hark311.rehearsal.chat_stage import BEFORE, Laid
from hark311.rehearsal.clock import PacedClock
from hark311.rehearsal.stage import Stage
from models import ChatPost, ChatPostKind, ChatRecap, ChatState, Mention, Reply, TweetChat
from models.lifecycle import SETTLED_REPLIES, MentionState

LEAD = timedelta(seconds=30)
"""The chat's time before its start, in which the desk begins to listen."""
FAST = 60.0
SLOW = 4.0
"""At a lower speed the hour takes longer than a quarter of one: then only the difficult part keeps that speed."""
SPOKEN_EVERY, WORKED_EVERY, TOLD_EVERY, GLANCE = 0.05, 0.02, 0.25, 0.4
"""Seconds on the wall between two steps of the residents, of the worker, of what is told, and of a person's looks."""
AFTERWARDS = 25 * 60.0
"""Seconds of the chat's time after the script until what waits has to be done: the recap is due within the hour."""

Note = Callable[[str, float], None]
"""Told what happens, and how far the play is, 0 to 1."""


class Person(Protocol):
    """Somebody at the desk, with a browser of their own."""

    def step(self, minute: float) -> None:
        """Do the next thing there is to do, by what the pages show."""

    def finish(self) -> None:
        """Do what is done after the chat."""

    def close(self) -> None:
        """Go home."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """How fast each part is played. `parts`: until so many seconds into the chat, at that pace."""

    parts: Sequence[tuple[float, float]]

    @classmethod
    def of(cls, speed: float, *, whole: bool = False) -> "Pacing":
        """All of it at one speed; or, where that takes long, the difficult quarter of an hour alone."""
        if whole or speed >= SLOW:
            return cls([(float("inf"), speed)])
        return cls([(HARD_FROM, FAST), (HARD_UNTIL, speed), (float("inf"), FAST)])

    def at(self, seconds: float) -> float:
        """The pace so many seconds into the chat."""
        return next(pace for until, pace in self.parts if seconds < until)


@dataclass(slots=True)
class Play:
    """One chat being played. `people` see pages alone; `late` is what a watcher at the board measured."""

    stage: Stage
    clock: PacedClock
    laid: Laid
    participants: Participants
    pacing: Pacing
    people: Sequence[Person]
    note: Note
    over: bool = False
    broke: list[BaseException] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Seconds into the chat."""
        return self.clock.seconds() - self.laid.starts_at.timestamp()

    async def run(self) -> None:
        """Play it from shortly before the start until nothing waits any more. Raises what broke in it."""
        self.clock.forward(BEFORE - LEAD)
        await self._warmed_up()
        self.clock.run(self.pacing.at(0))
        at_work = [self._at_work(one) for one in self.people]
        steps = (self._worked, self._spoken, self._looked, self._told, *at_work)
        try:
            await asyncio.gather(*(self._until_over(step) for step in steps), self._ended())
        finally:
            self.over = True
            self.clock.run(0)
            for one in self.people:
                one.close()
        await self.stage.work()

    async def _warmed_up(self) -> None:
        """What is slow the first time is done before the clock runs: models are read, pages are opened."""
        for _ in range(2):
            await self.stage.work()
        for one in self.people:
            await asyncio.to_thread(one.step, -1.0)

    async def _until_over(self, step: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while not self.over:
            await step()

    async def _worked(self) -> None:
        await self.stage.work()
        await asyncio.sleep(WORKED_EVERY)

    async def _spoken(self) -> None:
        await asyncio.to_thread(self._speak)
        await asyncio.sleep(SPOKEN_EVERY)

    async def _looked(self) -> None:
        await asyncio.to_thread(self.participants.look)
        await asyncio.sleep(GLANCE)

    def _speak(self) -> None:
        pace = self.pacing.at(self.seconds)
        if pace != self.clock.pace:
            self.clock.run(pace)
        self.participants.speak_until(self.seconds, pace)

    async def _told(self) -> None:
        minutes = self.participants.script.case.minutes
        said, whole = len(self.participants.said), len(self.participants.script.lines)
        minute = max(0.0, self.seconds / 60)
        self.note(f"minute {int(minute)} · {said} of {whole} · x{self.clock.pace:g}", min(minute / minutes, 1))
        await asyncio.sleep(TOLD_EVERY)

    def _at_work(self, person: Person) -> Callable[[], Coroutine[Any, Any, None]]:
        async def step() -> None:
            await asyncio.to_thread(person.step, self.seconds / 60)
            await asyncio.sleep(GLANCE)

        return step

    async def _ended(self) -> None:
        """Wait until the script is over, the chat has ended and all is done, or its time is."""
        length = self.participants.script.case.minutes * 60.0
        while not self.over:
            await asyncio.sleep(TOLD_EVERY)
            waiting = await asyncio.to_thread(self.waiting) if self.participants.done else ["residents"]
            patience_over = self.seconds > length + AFTERWARDS
            if self.participants.done and self.seconds > length and not waiting:
                break
            if patience_over and (self.participants.done or self.seconds > length + 3 * AFTERWARDS):
                break
        for one in self.people:
            await asyncio.to_thread(one.finish)
        self.over = True

    def waiting(self) -> list[str]:
        """What is not done yet, a few words a kind; empty when all is."""
        with self.stage.database.read() as session:
            chat = session.get_one(TweetChat, self.laid.chat_id)
            posts = select(ChatPost.id).where(ChatPost.chat_id == chat.id, ChatPost.kind != ChatPostKind.FOLLOW_UP)
            leaving = session.exec(
                select(func.count())
                .select_from(Reply)
                .where(col(Reply.chat_post_id).in_(posts), col(Reply.state).not_in(SETTLED_REPLIES))
            ).one()
            unread = session.exec(
                select(func.count()).select_from(Mention).where(Mention.state == MentionState.RECEIVED)
            ).one()
            recaps = session.exec(
                select(ChatRecap.language).where(ChatRecap.chat_id == chat.id, col(ChatRecap.published_at).is_not(None))
            ).all()
            counts = {
                "the chat has not ended": chat.state == ChatState.LIVE,
                f"{leaving} posts of ours": leaving,
                f"{unread} posts not read": unread,
                "the recap": len(recaps) < len(chat.languages),
            }
        return [what for what, count in counts.items() if count]

    def score(self, speed: float, seconds: float, on_board: dict[str, float]) -> ChatScore:
        """Count. `seconds`: what the play took on the wall."""
        ran = Ran(
            speed=speed,
            seconds=seconds,
            behind=self.participants.behind,
            on_board=on_board,
            waiting=self.waiting(),
        )
        with self.stage.database.read() as session:
            said = list(self.participants.said.values())
            return score_of(session, self.laid.chat_id, said, self.stage.simulator, ran)
