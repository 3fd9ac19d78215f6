"""Whoever looks after a case hears once that it is not fixed, and never the resident's words."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from sqlmodel import select

from hark311.fixed_notices import FixedNotices
from hark311.paging import ToTell
from models import AuditEntry, Database, FixedQuestion, FixedState, RequestState, StaffUser
from models.requests import ServiceRequest
from tests.rows import MORNING, a_mention, a_reply, a_request


@dataclass
class Ear:
    heard: list[ToTell] = field(default_factory=list)
    fails: bool = False

    async def notify(self, page: ToTell) -> None:
        if self.fails:
            raise OSError("no line")
        self.heard.append(page)


def a_denied_question(database: Database, number: str = "13075315") -> int:
    with database.write() as session:
        mention = a_mention(session, "a secret of mine")
        staff = StaffUser(username="mae", display_name="Mae Jones")
        session.add(staff)
        session.flush()
        mention.assigned_to = staff.id
        request: ServiceRequest = a_request(session, mention)
        request.service_request_id, request.state = number, RequestState.SUBMITTED
        question = FixedQuestion(
            mention_id=mention.id or 0,
            request_id=request.id or 0,
            asked_reply_id=a_reply(session, mention).id or 0,
            asked_at=MORNING,
            followed_at=MORNING,
            changed_at=MORNING,
            state=FixedState.NO,
        )
        session.add(question)
        session.flush()
        return question.id or 0


def test_the_owner_is_told_once_and_without_a_word_of_the_resident(either_database: Database) -> None:
    question_id, ear = a_denied_question(either_database), Ear()
    notices = FixedNotices(either_database, [ear], "https://desk.example", lambda: MORNING + timedelta(minutes=1))
    assert [asyncio.run(notices.give()) for _ in range(2)] == [1, 0]
    told = ear.heard[0]
    assert "13075315" in told.headline
    assert "Mae Jones" in told.headline
    assert "secret" not in f"{told.letter}{told.facts}{told.subject}"
    with either_database.read() as session:
        kept = session.exec(select(AuditEntry).where(AuditEntry.about == "FixedQuestion")).one()
        assert (kept.about_id, kept.why) == (question_id, "Mae Jones was told that it is not fixed.")


def test_what_could_not_be_told_is_told_later_and_not_after_two_days(database: Database) -> None:
    a_denied_question(database)
    ear, now = Ear(fails=True), MORNING
    notices = FixedNotices(database, [ear], "https://desk.example", lambda: now)
    assert asyncio.run(notices.give()) == 0
    now, ear.fails = MORNING + timedelta(days=3), False
    assert asyncio.run(notices.give()) == 0
    now = MORNING + timedelta(hours=1)
    assert asyncio.run(notices.give()) == 1
