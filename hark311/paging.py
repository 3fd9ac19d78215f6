"""Danger never waits (invariant 7): every alarm is paged until somebody has acknowledged it.

Where to is a setting: the log always, e-mail and a signed webhook where they are configured. Only ids, the rule and a
link to the desk leave us, never the resident's words. What else staff are told goes the same ways: see
`hark311.notices`.
"""

import asyncio
import hmac
import json
import logging
import smtplib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from hashlib import sha256
from typing import Any, Protocol

import httpx
from sqlmodel import col, select

from hark311.settings import NotifySettings
from models import Account, Alarm, Channel, Database, Mention, utc_now

log = logging.getLogger(__name__)

PAGE_AGAIN = timedelta(minutes=2)
LEASE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Page:
    """What a notifier is told about one alarm."""

    alarm_id: int
    mention_id: int
    rule: str
    channel: Channel
    raised_at: datetime
    link: str

    @property
    def headline(self) -> str:
        return f"DANGER on {self.channel.upper()}: {self.rule}. Open {self.link}"

    @property
    def level(self) -> int:
        return logging.CRITICAL

    @property
    def subject(self) -> str:
        return f"Danger: {self.rule}"

    @property
    def letter(self) -> str:
        return f"{self.headline}\n\nIt is paged again every two minutes until somebody acknowledges it.\n"

    @property
    def facts(self) -> Mapping[str, object]:
        return {
            "alarm": self.alarm_id,
            "mention": self.mention_id,
            "rule": self.rule,
            "channel": self.channel,
            "raised_at": self.raised_at.isoformat(),
            "link": self.link,
        }


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
    """POSTs JSON; X-Hark-Signature is "sha256=" and the HMAC of the body, so that the receiver can check it."""

    url: str
    secret: str = field(repr=False)

    async def notify(self, page: ToTell) -> None:
        body = json.dumps(page.facts).encode()
        signature = hmac.new(self.secret.encode(), body, sha256).hexdigest()
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.post(
                self.url,
                content=body,
                headers={"content-type": "application/json", "x-hark-signature": f"sha256={signature}"},
            )
            answer.raise_for_status()


@dataclass(frozen=True, slots=True)
class EmailNotifier:
    """Sends a short e-mail through the city's own SMTP server (STARTTLS where it offers it)."""

    settings: NotifySettings

    async def notify(self, page: ToTell) -> None:
        await asyncio.to_thread(self._send, page)

    def _send(self, page: ToTell) -> None:
        mail = EmailMessage()
        mail["Subject"] = f"[hark311] {page.subject}"
        mail["From"], mail["To"] = self.settings.email_from, ", ".join(self.settings.email_to)
        mail.set_content(page.letter)
        with smtplib.SMTP(self.settings.smtp_host, self.settings.smtp_port, timeout=10) as smtp:
            if smtp.has_extn("starttls"):
                smtp.starttls()
            if self.settings.smtp_user:
                smtp.login(self.settings.smtp_user, self.settings.smtp_password.get_secret_value())
            smtp.send_message(mail)


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
        f"{type(way).__name__}: {type(result).__name__}"
        for way, result in zip(ways, results, strict=True)
        if isinstance(result, BaseException)
    ]


@dataclass(slots=True)
class Pager:
    """Pages open alarms, each again every two minutes until it is acknowledged."""

    database: Database
    notifiers: Sequence[Notifier]
    desk_url: str
    clock: Callable[[], datetime] = utc_now
    page_again: timedelta = field(default=PAGE_AGAIN)

    async def page(self) -> int:
        """Page every alarm that is due; returns how many."""
        due = await asyncio.to_thread(self._lease)
        for page in due:
            failed = await tell(self.notifiers, page)
            if failed:
                log.error("alarm %d could not be paged everywhere: %s", page.alarm_id, "; ".join(failed))
            await asyncio.to_thread(self._note, page.alarm_id, "; ".join(failed))
        return len(due)

    def _lease(self) -> list[Page]:
        """What is due now. Pagers side by side page an alarm once; one that dies leaves it due again in seconds."""
        with self.database.write() as session:
            now = self.clock()
            before = now - self.page_again
            rows = session.exec(
                select(Alarm, Account)
                .join(Mention, col(Mention.id) == Alarm.mention_id)
                .join(Account, col(Account.id) == Mention.account_id)
                .where(
                    col(Alarm.acknowledged_at).is_(None),
                    col(Alarm.paged_at).is_(None) | (col(Alarm.paged_at) <= before),
                )
                .limit(50)
                .with_for_update(skip_locked=True, of=Alarm)
            ).all()
            for alarm, _ in rows:
                alarm.paged_at = before + LEASE
                session.add(alarm)
            return [
                Page(
                    alarm.id or 0,
                    alarm.mention_id,
                    alarm.rule,
                    account.channel,
                    alarm.raised_at,
                    f"{self.desk_url}/mentions/{alarm.mention_id}",
                )
                for alarm, account in rows
            ]

    def _note(self, alarm_id: int, trouble: str) -> None:
        with self.database.write() as session:
            alarm = session.get_one(Alarm, alarm_id, with_for_update=True)
            alarm.paged_at, alarm.page_trouble = self.clock(), trouble
            alarm.page_attempts += 1
            session.add(alarm)


async def page_staff(ctx: dict[str, Any], *_mention_ids: int) -> int:
    """arq job: page what is due. Safe to repeat."""
    pager: Pager = ctx["pager"]
    return await pager.page()
