"""From a destination on the desk and its entry in the settings to what requests are filed with."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from sqlmodel import select

from hark311.cities import client_of
from hark311.destination_entries import entry_of
from hark311.outgoing import Reach
from hark311.settings import CityDestination, Settings
from hark311.settings.destinations import MailDestination, WebhookDestination
from models import Database, Destination, DestinationKind, utc_now
from models.job_names import SEND_REPLY
from responders.department_mail import DepartmentMail
from responders.errors import NotSetUp
from responders.following_city import CityFollower
from responders.mail_server import MailServer
from responders.open311 import Open311City
from responders.recipients import CityRecipient, Recipient
from responders.signed_webhook import SignedWebhook

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Recipients:
    """Opens recipients, and closes the clients of other cities at its end. An async context manager."""

    settings: Settings
    clock: Callable[[], datetime] = utc_now
    _cities: dict[tuple[str, str], Open311City] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for city in self._cities.values():
            await city.__aexit__(kind, error, trace)
        self._cities.clear()

    def __call__(self, destination: Destination) -> Recipient:
        """What requests for a destination are filed with. Raises NotSetUp."""
        match entry_of(self.settings, destination):
            case MailDestination() as given:
                return self._mail(destination, given)
            case WebhookDestination() as given:
                secret = given.secret.get_secret_value()
                client = Reach(private=given.private).client
                return SignedWebhook(destination.name, given.url, secret, client, given.idempotent, self.clock)
            case CityDestination() as given:
                return CityRecipient(self._city(destination, given))

    async def follow(self, database: Database) -> list[int]:
        """Ask other cities what became of what they took; returns ids of replies that waited for a number."""
        freed: list[int] = []
        for destination in await asyncio.to_thread(_cities_of, database):
            try:
                given = entry_of(self.settings, destination)
            except NotSetUp as error:
                log.info("%s", error)
                continue
            if isinstance(given, CityDestination):
                city = self._city(destination, given)
                follower = CityFollower(database, city, self.clock, destination_id=destination.id or 0)
                freed += await follower.poll_tokens()
                await follower.refresh()
        return freed

    def _city(self, destination: Destination, given: CityDestination) -> Open311City:
        """The client of another city's system, one for each entry and jurisdiction."""
        named = (destination.settings_key, destination.jurisdiction_id)
        if named not in self._cities:
            jurisdiction = destination.jurisdiction_id or given.jurisdiction_id
            where = given.model_copy(update={"jurisdiction_id": jurisdiction})
            self._cities[named] = client_of(where, self.settings, self.clock)
        return self._cities[named]

    def _mail(self, destination: Destination, given: MailDestination) -> DepartmentMail:
        server = MailServer(
            host=given.smtp_host,
            port=given.smtp_port,
            sender=given.sender,
            user=given.smtp_user,
            password=given.smtp_password.get_secret_value(),
            encryption=given.encryption,
            reply_to=given.reply_to,
        )
        desk, zone = self.settings.city_name, ZoneInfo(self.settings.city_time_zone)
        return DepartmentMail(server, destination.name, destination.address, desk, zone, clock=self.clock)


def _cities_of(database: Database) -> Sequence[Destination]:
    with database.read() as session:
        return session.exec(select(Destination).where(Destination.kind == DestinationKind.OPEN311)).all()


async def follow_other_cities(ctx: dict[str, Any]) -> None:
    """arq job: what other cities than the own say of their requests. Safe to repeat."""
    recipients: Recipients = ctx["recipients"]
    for reply_id in await recipients.follow(ctx["submission"].database):
        await ctx["nudge"](SEND_REPLY, reply_id)
