"""Staff are told what is wrong with an account, by the ways in which danger is paged, and once for each spell of it.

A key that runs out: 14, 3 and 1 days before. No reply leaves: at once. Nobody listens: after ten minutes. Unusual
silence: as the settings have it. Its channel was not asked what is deleted there: after a day. A refused key, a
missing permission: at once; no answer: after ten minutes. What was told stands in the audit trail, so that a restart
does not tell it again.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from hark311.paging import ConsoleNotifier, Notifier, tell
from hark311.settings import AccountSettings
from hark311.watching import Spell, Worry, watch
from listeners.compliance import unasked
from models import CHANNELS, Account, AuditEntry, Channel, Database, utc_now
from models.transitions import record

log = logging.getLogger(__name__)

NOBODY_AFTER = timedelta(minutes=10)
KEY_DAYS = (1, 3, 14)
BY = "notices"


@dataclass(frozen=True, slots=True)
class Notice:
    """What staff are told about one account. `about` names the spell: the same is told once."""

    about: str
    account_id: int
    account: str
    channel: Channel
    worry: Worry
    says: str
    link: str

    @property
    def headline(self) -> str:
        return f"{CHANNELS[self.channel].label} ({self.account}): {self.says} Open {self.link}"

    @property
    def level(self) -> int:
        return logging.WARNING

    @property
    def subject(self) -> str:
        return f"{CHANNELS[self.channel].label}: {self.worry.replace('_', ' ')}"

    @property
    def letter(self) -> str:
        return f"{self.headline}\n"

    @property
    def facts(self) -> Mapping[str, object]:
        return {
            "notice": self.worry,
            "account": self.account,
            "channel": self.channel,
            "says": self.says,
            "link": self.link,
        }


@dataclass(slots=True)
class Notices:
    """Looks after all accounts; to be asked every minute or so."""

    database: Database
    notifiers: Sequence[Notifier]
    desk_url: str
    accounts: Mapping[str, AccountSettings]
    clock: Callable[[], datetime] = utc_now
    _seen: set[str] = field(default_factory=set, init=False)

    async def give(self) -> int:
        """Tell what is due and was due at the last look too; returns how many.

        Seen twice: a product that starts after a night first gets to hear what it missed.
        """
        due = await asyncio.to_thread(self._due)
        seen, self._seen = self._seen, {notice.about for notice in due}
        return sum([await self._tell(notice) for notice in due if notice.about in seen])

    async def _tell(self, notice: Notice) -> bool:
        """Whether it was told; what went no way but into the log is tried again at the next look."""
        failed = await tell(self.notifiers, notice)
        if failed:
            log.error("a notice could not be given everywhere: %s", "; ".join(failed))
        outside = [way for way in self.notifiers if not isinstance(way, ConsoleNotifier)]
        if outside and len(failed) == len(outside):
            return False
        await asyncio.to_thread(self._keep, notice, "; ".join(failed))
        return True

    def _due(self) -> list[Notice]:
        now = self.clock()
        with self.database.read() as session:
            return [
                notice
                for account in session.exec(select(Account).order_by(col(Account.id))).all()
                for spell in watch(account, self.accounts.get(account.name), now, unasked(session, account, now)).spells
                if (notice := self._notice(account, spell, now)) and not _told(session, notice)
            ]

    def _notice(self, account: Account, spell: Spell, now: datetime) -> Notice | None:
        about = f"{spell.worry} {spell.mark.isoformat()}"
        if spell.worry == Worry.NOBODY and now - spell.mark < NOBODY_AFTER:
            return None
        if spell.worry == Worry.KEY:
            about += f" {next(days for days in KEY_DAYS if spell.mark - now <= timedelta(days=days))}"
        link = f"{self.desk_url}/channels#account-{account.id}"
        return Notice(about, account.id or 0, account.name, account.channel, spell.worry, spell.says, link)

    def _keep(self, notice: Notice, failed: str) -> None:
        why = f"Staff were told. {f'Not by {failed}.' if failed else ''}".rstrip()
        with self.database.write() as session:
            record(session, "Account", notice.account_id, BY, why, self.clock(), to_state=notice.about)


def _told(session: Session, notice: Notice) -> bool:
    told = select(AuditEntry.id).where(
        AuditEntry.about == "Account",
        AuditEntry.about_id == notice.account_id,
        AuditEntry.by == BY,
        AuditEntry.to_state == notice.about,
    )
    return session.exec(told.limit(1)).first() is not None


async def give_notice(ctx: dict[str, Any]) -> int:
    """Tell staff what is wrong with an account; returns how many notices were given."""
    notices: Notices = ctx["notices"]
    return await notices.give()
