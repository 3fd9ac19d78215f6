"""The city's crews in a storm: what was filed is planned, promised and closed, each problem when its time has come."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import col, func, select

from hark311.rehearsal.storm_script import Problem, Storm
from hark311.simulator import RunningSimulator
from models import (
    Database,
    Mention,
    MentionState,
    NoticeState,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    StatusNotice,
)
from models.lifecycle import SETTLED_REPLIES, SETTLED_REQUESTS
from models.requests import OPEN_AT_CITY

_ENDED = (MentionState.CLOSED, MentionState.REJECTED, MentionState.SET_ASIDE, MentionState.WITHDRAWN)


@dataclass(slots=True)
class CityAtWork:
    """Moves requests in the city's own system. `closed`: the city's numbers of those it has closed, and why.

    A request is known by the corner in its description, which no two problems share.
    """

    simulator: RunningSimulator
    database: Database
    storm: Storm
    clock: Callable[[], datetime]
    closed: dict[str, str] = field(default_factory=dict)
    _planned: set[str] = field(default_factory=set)
    _promised: set[str] = field(default_factory=set)
    _seconds: float = 0.0

    @property
    def done(self) -> bool:
        """Whether every problem's time has come."""
        return all(one.closes_at <= self._seconds for one in self.storm.problems)

    def work_until(self, seconds: float) -> None:
        """Do what is due so many seconds into the storm."""
        self._seconds = seconds
        by_place = {one.place: one for one in self.storm.problems}
        for number, description in self._open():
            problem = next((by_place[place] for place in by_place if place in description), None)
            if problem is None:
                self._close(number, "Work completed. The crew repaired it.")
                continue
            self._move(number, problem, seconds)

    def _open(self) -> Sequence[tuple[str, str]]:
        listed = self.simulator.city_requests()
        return [(str(one["service_request_id"]), str(one["description"])) for one in listed if one["status"] == "open"]

    def _move(self, number: str, problem: Problem, seconds: float) -> None:
        if problem.closes_at <= seconds:
            self._close(number, problem.reason)
            return
        if problem.promised_at is not None and number not in self._promised:
            self._promised.add(number)
            promised = self.clock() + timedelta(seconds=max(problem.promised_at - seconds, 60))
            self.simulator.change_request(number, expected_datetime=promised.isoformat())
        if problem.planned_at is not None and problem.planned_at <= seconds and number not in self._planned:
            self._planned.add(number)
            self.simulator.change_request(number, status_notes="Scheduled: a crew is planned for today.")

    def _close(self, number: str, reason: str) -> None:
        self.simulator.change_request(number, status="closed", status_notes=reason)
        self.closed[number] = reason

    def open_work(self) -> list[str]:
        """What of ours still waits, a line a kind; empty when all is settled."""
        with self.database.read() as session:
            counts = {
                "mentions": session.exec(select(func.count()).where(col(Mention.state).not_in(_ENDED))).one(),
                "replies": session.exec(
                    select(func.count()).where(col(Reply.state).not_in(SETTLED_REPLIES), Reply.text != "")
                ).one(),
                "requests": session.exec(
                    select(func.count()).where(
                        col(ServiceRequest.state).not_in((*SETTLED_REQUESTS, RequestState.DRAFT))
                    )
                ).one(),
                "notices": session.exec(
                    select(func.count()).where(col(StatusNotice.state).in_((NoticeState.PENDING, NoticeState.DRAFTED)))
                ).one(),
                "requests still open there": session.exec(
                    select(func.count()).select_from(ServiceRequest).where(OPEN_AT_CITY)
                ).one(),
            }
            failed = session.exec(select(func.count()).where(Reply.state == ReplyState.FAILED)).one()
        counts["replies"] -= failed
        return [f"{count} {what}" for what, count in counts.items() if count > 0]
