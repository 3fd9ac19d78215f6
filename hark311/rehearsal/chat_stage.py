"""Setting the stage for a chat: it is planned, its people are let in, its posts are approved, its clock is wound."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from hark311 import chat_people, wiring
from hark311.rehearsal.chat_case import ChatCase
from hark311.rehearsal.chat_residents import GROUP
from hark311.rehearsal.stage import Stage
from hark311.staffing import ensure_staff
from listeners.protocol import Listener, Searches
from models import Account, Channel, ChatPart, ChatPost, Reply, ReplyState, Role, StaffUser, TweetChat
from responders.chats import bank, planning, posting, questions, run_drafts
from responders.review import Desk

BEFORE = timedelta(minutes=10)
"""So long before the start the clock begins: what would be announced earlier is not drafted."""
STARTS = time(12, 0)
"""In the city, the day before: a chat at noon is over before it is played."""


def begin(now: datetime, zone: ZoneInfo) -> datetime:
    """When the clock of a rehearsal begins."""
    return datetime.combine(now.astimezone(zone).date() - timedelta(days=1), STARTS, zone) - BEFORE


@dataclass(frozen=True, slots=True)
class Laid:
    """A planned chat, and how its people come in: one-time links by name."""

    chat_id: int
    starts_at: datetime
    links: Mapping[str, str]


def lay_out(stage: Stage, case: ChatCase) -> Laid:
    """Plan the chat by the desk's own operations, and approve what it posts. `links` are for the pages alone."""
    desk, now = wiring.desk_of(stage.settings, stage.database), stage.clock()
    hello = f"@{stage.simulator.settings.telegram_username} hello, is the group open?"
    stage.simulator.say_on_telegram(hello, **{"chat": GROUP, "from": {"first_name": "Neighbor"}})
    starts_at = now + BEFORE
    with stage.database.write() as session:
        host = ensure_staff(session, case.host, Role.SUPERVISOR)
        fields = planning.PlanFields(
            title=case.title,
            about=case.about,
            hashtag=case.hashtag,
            starts_at=starts_at,
            minutes=case.minutes,
            languages=case.languages,
        )
        chat = planning.plan_chat(session, fields, host, now)
        _networks(session, chat, host, now)
        for asked in case.questions:
            questions.add_question(session, chat, asked.words, round(asked.minute * 60), host.id or 0, now)
        _bank(session, chat, case, host, now)
        moderator = _people(session, chat, case, host, now)
        ground = run_drafts.Ground(desk.length_of, ZoneInfo(stage.settings.city_time_zone))
        run_drafts.draft_run(session, chat, host.id or 0, now, ground)
        chat_id, running = chat.id or 0, [host.id or 0, moderator.id or 0]
    _approve(desk, chat_id, running)
    roles = {case.host: Role.SUPERVISOR, case.moderator: Role.CHAT_MODERATOR}
    names = roles | dict.fromkeys(case.guests, Role.CHAT_GUEST)
    links = {name: wiring.sign_in_link(stage.settings, stage.database, name, role) for name, role in names.items()}
    return Laid(chat_id, starts_at, links)


def searched(stage: Stage) -> frozenset[Channel]:
    """The networks where who only writes the hashtag is found."""
    listeners: list[Listener] = [one.listener for one in stage.context["hearings"]]
    searching = [isinstance(one, Searches) for one in listeners]
    return frozenset(one.channel for one, searches in zip(listeners, searching, strict=True) if searches)


def _networks(session: Session, chat: TweetChat, host: StaffUser, now: datetime) -> None:
    """Every account of the desk; on Telegram the group."""
    for account in session.exec(select(Account).order_by(col(Account.id))).all():
        if account.channel != Channel.PARTNER and account.retired_at is None:
            group = str(GROUP["id"]) if account.channel == Channel.TELEGRAM else ""
            planning.add_network(session, chat, account.id or 0, group, host.id or 0, now)


def _bank(session: Session, chat: TweetChat, case: ChatCase, host: StaffUser, now: datetime) -> None:
    for prepared in case.bank:
        for language, words in prepared.words.items():
            if language in case.languages:
                fields = bank.AnswerFields(f"{prepared.label} ({language})", words, language)
                answer = bank.prepare_answer(session, chat, fields, host.id or 0, now)
                bank.approve_answer(session, chat, answer.id or 0, host.id or 0, answer.text, now)


def _people(session: Session, chat: TweetChat, case: ChatCase, host: StaffUser, now: datetime) -> StaffUser:
    moderator = ensure_staff(session, case.moderator, Role.CHAT_MODERATOR)
    chat_people.add_person(session, chat, moderator.id or 0, ChatPart.MODERATOR, "", host, now)
    for name in case.guests:
        guest = ensure_staff(session, name, Role.CHAT_GUEST)
        chat_people.add_person(session, chat, guest.id or 0, ChatPart.GUEST, "", host, now)
    return moderator


def _approve(desk: Desk, chat_id: int, people: Sequence[int]) -> None:
    """Those who run the chat read and approve its posts; for a language that the first does not read, both do."""
    for staff_id in people:
        for post_id, revision in _unapproved(desk, chat_id):
            posting.approve_post(desk, post_id, staff_id, revision)


def _unapproved(desk: Desk, chat_id: int) -> list[tuple[int, int]]:
    with desk.database.read() as session:
        rows = session.exec(
            select(ChatPost.id, Reply.revision)
            .join(Reply, col(Reply.chat_post_id) == ChatPost.id)
            .where(ChatPost.chat_id == chat_id, Reply.state != ReplyState.APPROVED)
        ).all()
    return [(post_id or 0, revision) for post_id, revision in rows]
