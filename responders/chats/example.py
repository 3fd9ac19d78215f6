"""A plan to begin from: the model case of one hour and six questions, with an answer bank."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from models import CHANNELS, Account, Channel, StaffUser, TweetChat
from responders.chats.bank import AnswerFields, prepare_answer
from responders.chats.planning import PlanFields, add_network, plan_chat
from responders.chats.questions import add_question

DAYS_AHEAD = 14
BEGINS = time(18, 0)
"""Of the city's day."""
CITY = "River"


def plan_example(
    session: Session, staff: StaffUser, now: datetime, zone: ZoneInfo, starts_at: datetime | None = None
) -> TweetChat:
    """A planned chat in two weeks at six, on every account of ours that has a search. Raises NotApproved.

    `starts_at`: another time, aware. Guests and posts are still to come.
    """
    said = example()
    chat = plan_chat(
        session,
        PlanFields(
            title=said["title"],
            hashtag=said["hashtag"].replace("[city]", CITY),
            starts_at=starts_at or _in_two_weeks(now, zone),
            about=said["about"],
            minutes=said["minutes"],
            languages=said["languages"],
        ),
        staff,
        now,
    )
    who = staff.id or 0
    accounts = session.exec(select(Account).where(col(Account.retired_at).is_(None)).order_by(col(Account.id))).all()
    for account in accounts:
        if CHANNELS[account.channel].speaks and account.channel != Channel.TELEGRAM:
            add_network(session, chat, account.id or 0, "", who, now)
    questions = [
        add_question(session, chat, {tag: one[tag] for tag in said["languages"]}, one["minute"] * 60, who, now)
        for one in said["questions"]
    ]
    for one in said["answers"]:
        question = questions[one["question"] - 1].id if "question" in one else None
        fields = AnswerFields(one["label"], one["text"], one["language"], question, one.get("fixed", False))
        prepare_answer(session, chat, fields, who, now)
    return chat


@cache
def example() -> Mapping[str, Any]:
    """The plan as the file tells it."""
    return tomllib.loads((Path(__file__).parent / "example.toml").read_text(encoding="utf-8"))


def _in_two_weeks(now: datetime, zone: ZoneInfo) -> datetime:
    day = now.astimezone(zone).date() + timedelta(days=DAYS_AHEAD)
    return datetime.combine(day, BEGINS, zone).astimezone(UTC)
