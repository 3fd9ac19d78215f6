"""The steps after the desk: who is paged as well when nobody acknowledges a danger, and how each is reached."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from hark311.paging import EmailNotifier, Notifier, Step, ToTell, WebhookNotifier
from hark311.settings import NotifySettings
from models import EscalationStep, utc_now
from models.answering_desks import desks_of, watch_now
from models.calendars import calendars
from models.escalation import steps_of

MAIL_ADDRESS = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")


class NotReachable(Exception):
    """A way of paging that cannot work as it is set up. The text says why."""


@dataclass(frozen=True, slots=True)
class NoWay:
    """Stands for a step that reaches nobody, so that paging says so instead of keeping silent."""

    why: str

    async def notify(self, page: ToTell) -> None:
        """Raises NotReachable, always."""
        raise NotReachable(self.why)


@dataclass(frozen=True, slots=True)
class Escalation:
    """Callable: the steps that are reached so many minutes after a danger was raised, with who answers there now."""

    settings: NotifySettings
    simulated: bool = False
    clock: Callable[[], datetime] = utc_now

    def __call__(self, session: Session, minutes: float) -> list[Step]:
        reached = (one for one in steps_of(session) if one.after_minutes <= minutes)
        now = self.clock()
        return [Step(one.name, ways_of(session, one, self.settings, now, private=self.simulated)) for one in reached]


def ways_of(
    session: Session, step: EscalationStep, settings: NotifySettings, now: datetime, *, private: bool = False
) -> Sequence[Notifier]:
    """How a step is reached at this moment. `private`: webhooks in our own network are allowed (rehearsal)."""
    emails = [*step.emails, *(_on_call(session, now) if step.on_call else [])]
    ways: list[Notifier] = []
    if emails and settings.smtp_host:
        ways.append(EmailNotifier(settings, tuple(dict.fromkeys(emails))))
    elif emails:
        ways.append(NoWay("no mail server is set up"))
    if step.webhook_url:
        ways.append(WebhookNotifier(step.webhook_url, settings.webhook_secret.get_secret_value(), private))
    return ways or [NoWay("nobody is on call now" if step.on_call else "it names no address")]


def _on_call(session: Session, now: datetime) -> list[str]:
    """The mail addresses of whoever answers now by the city's own calendar."""
    city = next(iter(calendars(session)), None)
    desk = watch_now(desks_of(session, city), now).desk if city else None
    return MAIL_ADDRESS.findall(desk.contact) if desk else []
