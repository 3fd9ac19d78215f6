"""Danger never waits (invariant 7): every alarm is paged until somebody has acknowledged it.

Where to is a setting: the log always, e-mail and a signed webhook where they are configured. Only ids, the rule and a
link to the desk leave us, never the resident's words. What else staff are told goes the same ways: see
`hark311.notices`.
"""

import asyncio
import hmac
import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from hashlib import sha256
from typing import Any, Protocol

import httpx
from sqlalchemy import false
from sqlmodel import Session, col, select

from hark311.outgoing import Reach
from hark311.settings import NotifySettings
from models import Account, Alarm, AlarmPage, Channel, Database, Mention, MentionState, StaffUser, utc_now
from responders.mail_server import MailServer, NotEncrypted

log = logging.getLogger(__name__)

PAGE_AGAIN = timedelta(minutes=2)
LEASE = timedelta(seconds=30)
AT_ONCE = 10
"""So many are leased together; those behind them follow once these are paged."""
UNDECIDED = (MentionState.UNDERSTOOD, MentionState.DRAFTED, MentionState.IN_REVIEW)


@dataclass(frozen=True, slots=True)
class Page:
    """What a notifier is told about one alarm."""

    alarm_id: int
    mention_id: int
    rule: str
    channel: Channel
    raised_at: datetime
    link: str
    seen_by: str = ""
    """Who acknowledged it, where nobody has decided anything since; "" while nobody has acknowledged it."""
    steps: tuple["Step", ...] = ()

    @property
    def headline(self) -> str:
        if self.seen_by:
            return f"DANGER seen by {self.seen_by} and not decided yet: {self.rule}. Open {self.link}"
        return f"DANGER on {self.channel.upper()}: {self.rule}. Open {self.link}"

    @property
    def level(self) -> int:
        return logging.CRITICAL

    @property
    def subject(self) -> str:
        return f"Danger: {self.rule}"

    @property
    def letter(self) -> str:
        if self.seen_by:
            return f"{self.headline}\n\nIt is paged again until somebody decides about it.\n"
        return f"{self.headline}\n\nIt is paged every two minutes until somebody signs in there and acknowledges it.\n"

    @property
    def facts(self) -> Mapping[str, object]:
        return {
            "alarm": self.alarm_id,
            "mention": self.mention_id,
            "rule": self.rule,
            "channel": self.channel,
            "raised_at": self.raised_at.isoformat(),
            "link": self.link,
        } | ({"seen_by": self.seen_by} if self.seen_by else {})


class ToTell(Protocol):
    """What staff are told: a line for the log with its level, an e-mail, and the facts for a webhook."""

    @property
    def headline(self) -> str: ...
    @property
    def level(self) -> int: ...
    @property
    def subject(self) -> str: ...
    @property
    def letter(self) -> str: ...
    @property
    def facts(self) -> Mapping[str, object]: ...


class Notifier(Protocol):
    """Tells staff, one way. Raises anything when it could not."""

    async def notify(self, page: ToTell) -> None: ...


class ConsoleNotifier:
    """Writes it to the log, where an operator's own alerting can see it."""

    async def notify(self, page: ToTell) -> None:
        log.log(page.level, "%s", page.headline)


@dataclass(frozen=True, slots=True)
class WebhookNotifier:
    """POSTs JSON; X-Hark-Signature is "sha256=" and the HMAC of the body, so that the receiver can check it.

    `private`: it may stand in our own network, as the operator says; an address given on the desk may not.
    """

    url: str
    secret: str = field(repr=False)
    private: bool = True

    async def notify(self, page: ToTell) -> None:
        body = json.dumps(page.facts).encode()
        signature = hmac.new(self.secret.encode(), body, sha256).hexdigest()
        async with httpx.AsyncClient(timeout=10) if self.private else Reach().client(timeout=10) as client:
            answer = await client.post(
                self.url,
                content=body,
                headers={"content-type": "application/json", "x-hark-signature": f"sha256={signature}"},
            )
            answer.raise_for_status()


@dataclass(frozen=True, slots=True)
class EmailNotifier:
    """Sends a short e-mail through the city's own SMTP server."""

    settings: NotifySettings
    to: tuple[str, ...] = ()
    """Whom it goes to instead of those in the settings."""

    async def notify(self, page: ToTell) -> None:
        await asyncio.to_thread(self._send, page)

    def _send(self, page: ToTell) -> None:
        mail = EmailMessage()
        mail["Subject"] = f"[hark311] {page.subject}"
        mail["From"], mail["To"] = self.settings.email_from, ", ".join(self.to or self.settings.email_to)
        mail.set_content(page.letter)
        with self._server().greeted() as smtp:
            smtp.send_message(mail)

    def _server(self) -> MailServer:
        given = self.settings
        return MailServer(
            host=given.smtp_host,
            port=given.smtp_port,
            sender=given.email_from,
            user=given.smtp_user,
            password=given.smtp_password.get_secret_value(),
            encryption=given.smtp_encryption,
        )


def notifiers(settings: NotifySettings) -> list[Notifier]:
    """Those the settings ask for; the log always."""
    chosen: list[Notifier] = [ConsoleNotifier()]
    if settings.webhook_url:
        chosen.append(WebhookNotifier(settings.webhook_url, settings.webhook_secret.get_secret_value()))
    if settings.email_to and settings.smtp_host:
        chosen.append(EmailNotifier(settings))
    return chosen


async def tell(ways: Sequence[Notifier], page: ToTell) -> list[str]:
    """Tell it every way; what went wrong, "way: error" for each that failed."""
    results = await asyncio.gather(*(one.notify(page) for one in ways), return_exceptions=True)
    return [
        f"{type(way).__name__}: {type(result).__name__}" + (f" ({result})" if isinstance(result, NotEncrypted) else "")
        for way, result in zip(ways, results, strict=True)
        if isinstance(result, BaseException)
    ]


@dataclass(frozen=True, slots=True)
class Step:
    """Who is paged beside the desk, and how they are reached now."""

    name: str
    ways: Sequence[Notifier]


StepsAt = Callable[[Session, float], Sequence[Step]]
"""The steps to page so many minutes after a danger was raised."""


def no_steps(_session: Session, _minutes: float) -> Sequence[Step]:
    """Only the desk is paged."""
    return ()


@dataclass(slots=True)
class Pager:
    """Pages open alarms, each again every two minutes until it is acknowledged, and further people as time goes by.

    One that was acknowledged and not decided about is paged again every `decide_within`; zero: it is not.
    """

    database: Database
    notifiers: Sequence[Notifier]
    desk_url: str
    clock: Callable[[], datetime] = utc_now
    page_again: timedelta = field(default=PAGE_AGAIN)
    steps_at: StepsAt = no_steps
    decide_within: timedelta = timedelta(0)

    async def page(self) -> int:
        """Page every alarm that is due; returns how many."""
        paged = 0
        while due := await asyncio.to_thread(self._lease):
            for page in due:
                await self._page(page)
            paged += len(due)
        return paged

    async def _page(self, page: Page) -> None:
        told = [("", await tell(self.notifiers, page))]
        told += [(step.name, await tell(step.ways, page)) for step in page.steps]
        failed = [f"{name}: {one}" if name else one for name, troubles in told for one in troubles]
        if failed:
            log.error("alarm %d could not be paged everywhere: %s", page.alarm_id, "; ".join(failed))
        await asyncio.to_thread(self._note, page.alarm_id, told, "; ".join(failed))

    def _lease(self) -> list[Page]:
        """What is due now, what was never paged first; AT_ONCE at most.

        Pagers side by side page an alarm once; one that dies leaves it due again in seconds.
        """
        with self.database.write() as session:
            now = self.clock()
            before = now - self.page_again
            due: list[Page] = []
            for alarm, mention, account in self._may_be_due(session, now):
                if len(due) == AT_ONCE:
                    break
                minutes = (now - alarm.raised_at).total_seconds() / 60
                steps = tuple(self.steps_at(session, minutes))
                waits = alarm.acknowledged_at is None and alarm.paged_at is not None and alarm.paged_at > before
                if waits and len(steps) <= alarm.escalated:
                    continue
                alarm.paged_at = before + LEASE if alarm.acknowledged_at is None else now - self.decide_within + LEASE
                alarm.escalated = max(alarm.escalated, len(steps))
                session.add(alarm)
                due.append(
                    Page(
                        alarm.id or 0,
                        mention.id or 0,
                        alarm.rule,
                        account.channel,
                        alarm.raised_at,
                        f"{self.desk_url}/mentions/{alarm.mention_id}",
                        seen_by=_name(session, alarm.acknowledged_by) if alarm.acknowledged_at else "",
                        steps=steps,
                    )
                )
            return due

    def _may_be_due(self, session: Session, now: datetime) -> Sequence[tuple[Alarm, Mention, Account]]:
        """All open alarms but those that surely wait: whether a further step is reached, only their minutes tell."""
        decides = col(Alarm.acknowledged_at) <= now - self.decide_within if self.decide_within else false()
        again = col(Alarm.paged_at).is_(None) | (col(Alarm.paged_at) <= now - self.page_again)
        further = col(Alarm.escalated) < len(self.steps_at(session, math.inf))
        return session.exec(
            select(Alarm, Mention, Account)
            .join(Mention, col(Mention.id) == Alarm.mention_id)
            .join(Account, col(Account.id) == Mention.account_id)
            .where(
                (col(Alarm.acknowledged_at).is_(None) & (again | further))
                | (decides & col(Mention.state).in_(UNDECIDED) & (col(Alarm.paged_at) <= now - self.decide_within))
            )
            .order_by(col(Alarm.paged_at).asc().nulls_first(), col(Alarm.raised_at), col(Alarm.id))
            .with_for_update(skip_locked=True, of=Alarm)
        ).all()

    def _note(self, alarm_id: int, told: Sequence[tuple[str, Sequence[str]]], trouble: str) -> None:
        with self.database.write() as session:
            alarm = session.get_one(Alarm, alarm_id, with_for_update=True)
            alarm.paged_at, alarm.page_trouble = self.clock(), trouble
            alarm.page_attempts += 1
            session.add(alarm)
            for name, troubles in told:
                session.add(AlarmPage(alarm_id=alarm_id, step=name, at=alarm.paged_at, trouble="; ".join(troubles)))


def _name(session: Session, staff_id: int | None) -> str:
    staff = session.get(StaffUser, staff_id) if staff_id else None
    return staff.display_name if staff else "somebody"


async def page_staff(ctx: dict[str, Any], *_mention_ids: int) -> int:
    """arq job: page what is due. Safe to repeat."""
    pager: Pager = ctx["pager"]
    return await pager.page()
