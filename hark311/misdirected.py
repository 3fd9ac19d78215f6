"""What comes to us though it is somebody else's: mentions of a period by owner, service, area and channel."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from models import CHANNELS, Account, Channel, HandOff, Mention, MentionState, Service


@dataclass(frozen=True, slots=True)
class Misdirected:
    """So many mentions of one owner, service, area and channel. `filed_anyway`: of them, a person made it ours."""

    owner: str
    service: str
    area: str
    channel: str
    number: int
    filed_anyway: int


def misdirected(session: Session, since: datetime, until: datetime) -> list[Misdirected]:
    """The mentions received in a period that a rule gave to somebody else, most first."""
    rows = session.exec(
        select(HandOff, Account.channel)
        .join(Mention, col(Mention.id) == HandOff.mention_id)
        .join(Account, col(Account.id) == Mention.account_id)
        .where(
            Mention.received_at >= since,
            Mention.received_at <= until,
            Mention.state != MentionState.WITHDRAWN,
        )
    ).all()
    names = {one.service_code: one.service_name for one in session.exec(select(Service)).all()}
    all_of, anyway = Counter[tuple[str, str, str, str]](), Counter[tuple[str, str, str, str]]()
    for one, channel in rows:
        group = (one.owner, names.get(one.service_code, one.service_code), one.area, CHANNELS[Channel(channel)].label)
        all_of[group] += 1
        anyway[group] += one.overruled_at is not None
    ordered = sorted(all_of.items(), key=lambda pair: (-pair[1], pair[0]))
    return [Misdirected(*group, number, anyway[group]) for group, number in ordered]
