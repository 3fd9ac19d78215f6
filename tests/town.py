"""A small town for tests: the real adapters, database and rules against a running simulator, one step at a time.

What the worker does in rounds, a test does by calling listen(), understand() and deliver(). Only the clock is ours.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from sqlmodel import Session, col, select

from classifier.protocol import Classifier
from classifier.reading import Reader
from hark311 import wiring
from hark311.console.words import LANGUAGES
from hark311.gazetteers import LoadedGazetteer
from hark311.settings import Settings, load
from hark311.simulated import accounts_of, city_of
from hark311.simulator import RunningSimulator
from hark311.telling import telling_of
from listeners.hearing import Hearing
from listeners.x import XListener
from models import (
    Account,
    Database,
    Mention,
    MentionState,
    Post,
    Reply,
    RequestState,
    Role,
    ServiceRequest,
    StaffUser,
)
from models.threads import newest_inbound
from responders.following_city import CityFollower
from responders.objections import MoreRequest, RequestFields
from responders.open311 import Open311City
from responders.outbox import Outbox
from responders.review import Approved, Decided, Desk
from responders.status import StatusReplies
from responders.submission import Submission

_READERS: list[tuple[Classifier, LoadedGazetteer]] = []


def _reading(settings: Settings, database: Database) -> tuple[Classifier, LoadedGazetteer]:
    """The real classifier and the starter's gazetteer, made once for all tests: they keep nothing between calls."""
    if not _READERS:
        places = wiring.places_of(settings, database)
        _READERS.append((wiring.classifier_of(settings, places.now), places.now))
    return _READERS[0]


class Clock:
    """The real time plus an offset."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def advance(self, **units: float) -> None:
        """Move on by timedelta's units."""
        self.offset += timedelta(**units)


class Town:
    """The product of one prepared data directory, its simulator, and a person at the desk."""

    def __init__(self, data: Path, clock: Clock, hold: timedelta) -> None:
        self.data, self.clock, self.hold = data, clock, hold
        self.simulator = RunningSimulator(data / "simulator.db")

    def __enter__(self) -> Self:
        self.simulator.start()
        self.settings: Settings = load(
            self.data,
            simulator_port=self.simulator.settings.port,
            quiet_hours="",  # whatever the hour a test runs
        )
        self.database: Database = wiring.database_of(self.settings)
        self.desk: Desk = replace(wiring.desk_of(self.settings, self.database), hold=self.hold, clock=self.clock)
        self.suggester = wiring.suggester_of(self.settings, self.database)
        self.suggester.clock = self.clock
        self.staff_id = self.hire("Mae Jones")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.simulator.stop()
        self.database.dispose()

    def hire(self, name: str) -> int:
        """A person at the desk; the id."""
        with self.database.write() as session:
            staff = StaffUser(username=name.lower().replace(" ", "."), display_name=name, role=Role.SUPERVISOR)
            staff.reads = list(LANGUAGES)
            session.add(staff)
            session.flush()
            return staff.id or 0

    def set_up(self, account: str, **rules: object) -> None:
        """Change the settings of an account, as its operator would; what is opened from now on follows them."""
        accounts = accounts_of(self.settings)
        accounts[account] = accounts[account].model_copy(update=rules)
        self.settings = self.settings.model_copy(update={"accounts": accounts, "open311": city_of(self.settings)})
        speaking = wiring.speaking_of(self.settings)
        self.desk, self.suggester.speaking = replace(self.desk, speaking=speaking), speaking

    def listen(self, account: str | None = None) -> None:
        """Hear every account until nothing more waits."""
        asyncio.run(self._listen(account))

    async def _listen(self, account: str | None) -> None:
        async with AsyncExitStack() as stack:
            for hearing in self.hearings():
                if account in (None, hearing.account_name):
                    await stack.enter_async_context(hearing.listener)
                    while await hearing.listen_once() == 0:
                        pass

    def hearings(self, holder: str = "town") -> list[Hearing]:
        """An ear per account that does not wait for posts to come."""

        async def nobody(*_: object) -> None:
            return None

        quick = {
            name: account.model_copy(update={"poll_seconds": 0.01, "long_poll_seconds": 0})
            for name, account in accounts_of(self.settings).items()
        }
        settings = self.settings.model_copy(update={"accounts": quick})
        hearings = wiring.hearings_of(settings, self.database, nobody, holder)
        for hearing in hearings:
            hearing.clock = self.clock
            if isinstance(hearing.listener, XListener):
                hearing.listener._clock = self.clock
        return hearings

    def read(self) -> None:
        """Understand everything that waits, and draft its requests."""
        classifier, places = _reading(self.settings, self.database)
        reader = Reader(self.database, classifier, self.clock, places=places)
        while reader.read().understood:
            pass

    def understand(self) -> None:
        """read(), then draft the replies."""
        self.read()
        while self.suggester.suggest():
            pass

    def hear(self) -> None:
        """listen(), then understand()."""
        self.listen()
        self.understand()

    def mentions(self, *states: MentionState) -> list[Mention]:
        """Mentions in some states (all, if none is named), in the order they came."""
        with self.database.read() as session:
            query = select(Mention).order_by(col(Mention.id))
            return list(session.exec(query.where(col(Mention.state).in_(states)) if states else query).all())

    def mention_of(self, post_id: str) -> Mention:
        """The mention a post of the channel belongs to."""
        with self.database.read() as session:
            return session.exec(
                select(Mention).join(Post, col(Post.mention_id) == Mention.id).where(Post.channel_post_id == post_id)
            ).one()

    def reply_to(self, mention_id: int | None) -> Reply:
        """The newest reply of a mention."""
        with self.database.read() as session:
            return session.exec(
                select(Reply).where(Reply.mention_id == mention_id).order_by(col(Reply.id).desc()).limit(1)
            ).one()

    def request_of(self, mention_id: int | None) -> ServiceRequest:
        """The newest request of a mention."""
        with self.database.read() as session:
            return session.exec(
                select(ServiceRequest)
                .where(ServiceRequest.mention_id == mention_id)
                .order_by(col(ServiceRequest.id).desc())
                .limit(1)
            ).one()

    def account(self, name: str) -> Account:
        with self.database.read() as session:
            return session.exec(select(Account).where(Account.name == name)).one()

    def seen(
        self,
        mention_id: int | None,
        text: str | None = None,
        *,
        send_reply: bool = True,
        file_request: bool = True,
    ) -> Decided:
        """A decision as the page would hand it in now, with what is drafted or with other words."""
        with self.database.read() as session:
            mention = session.get_one(Mention, mention_id)
            reply = session.exec(
                select(Reply).where(Reply.mention_id == mention_id).order_by(col(Reply.id).desc())
            ).first()
            return Decided(
                seen_version=mention.version,
                seen_post_id=newest_inbound(session, mention),
                reply_text=(text if text is not None else reply.text if reply else "") if send_reply else None,
                language=reply.language if reply else "en",
                request=_fields(session, mention_id) if file_request else None,
                more=_ticked(session, mention_id),
            )

    def approve(
        self,
        mention_id: int | None,
        text: str | None = None,
        *,
        send_reply: bool = True,
        file_request: bool = True,
        staff_id: int | None = None,
        by_hand: bool = False,
    ) -> Approved:
        """Claim and approve, as one person would."""
        staff = staff_id or self.staff_id
        self.desk.claim(mention_id or 0, staff)
        decided = self.seen(mention_id, text, send_reply=send_reply, file_request=file_request)
        decided = replace(decided, by_hand=by_hand)
        return self.desk.approve(mention_id or 0, staff, decided)

    def deliver(self, rounds: int = 3) -> None:
        """File and send everything that is due, and look for proof of what is doubtful."""
        asyncio.run(self._deliver(rounds))

    async def _deliver(self, rounds: int) -> None:
        async with AsyncExitStack() as stack:
            submission, outbox = await self.delivery(stack)
            for _ in range(rounds):
                for request_id in submission.due():
                    await submission.file(request_id)
                for reply_id in outbox.due():
                    await outbox.send(reply_id)
                outbox.expire_leases()
                submission.expire_leases()
                await outbox.prove()
                await submission.prove()
                assert submission.city is not None
                await self.following(submission.city).poll_tokens()

    async def delivery(self, stack: AsyncExitStack) -> tuple[Submission, Outbox]:
        """The two halves of delivery, opened in `stack`."""
        responders = wiring.responders_of(self.settings)
        for responder in responders.values():
            await stack.enter_async_context(responder)
        city = await stack.enter_async_context(wiring.city(self.settings))
        outbox = wiring.outbox_of(self.settings, self.database, responders)
        submission = wiring.submission_of(self.settings, self.database, city)
        outbox.clock = submission.clock = self.clock
        return submission, outbox

    def refresh(self) -> None:
        """Copy what the city says about its open requests."""
        asyncio.run(self._refresh())

    async def _refresh(self) -> None:
        async with AsyncExitStack() as stack:
            city = await stack.enter_async_context(wiring.city(self.settings))
            await self.following(city).refresh()

    def tell(self) -> int:
        """Draft what residents are to be told of the city's news; returns for how many mentions it was decided."""
        return self.telling.tell_all()

    @property
    def telling(self) -> StatusReplies:
        """What drafts status replies, on this town's clock."""
        return telling_of(self.settings, self.database, self.desk, wiring.redact_for(self.settings))

    def following(self, city: Open311City) -> CityFollower:
        """What follows the city's system, on this town's clock."""
        return CityFollower(self.database, city, clock=self.clock)

    def simulator_services(self) -> list[dict[str, str]]:
        """The services of the simulated city."""
        found: list[dict[str, str]] = httpx.get(f"{self.simulator.open311_url}/services.json", trust_env=False).json()
        return found

    def our_replies_on_x(self, post_id: str | None = None) -> Sequence[str]:
        """What stands under a post on X (under all of them, if none is named) in our name."""
        return [str(one["text"]) for one in self.simulator.our_replies_on_x(post_id)]

    def our_messages(self) -> Sequence[str]:
        """What the bot said on Telegram."""
        return [str(one["text"]) for one in self.simulator.telegram_messages(by="us")]


def _ticked(session: Session, mention_id: int | None) -> tuple[MoreRequest, ...]:
    """What stands beside the first request and nobody has decided about, ticked as the page has it."""
    undecided = col(ServiceRequest.state).in_([RequestState.DRAFT, RequestState.IN_REVIEW])
    more = select(ServiceRequest).where(ServiceRequest.mention_id == mention_id, ServiceRequest.part > 1, undecided)
    return tuple(
        MoreRequest(
            one.id or 0,
            RequestFields(one.service_code, one.description, one.address_string, one.lat, one.long, one.attribute),
            file=True,
        )
        for one in session.exec(more.order_by(col(ServiceRequest.id))).all()
    )


def _fields(session: Session, mention_id: int | None) -> RequestFields | None:
    request = session.exec(
        select(ServiceRequest).where(ServiceRequest.mention_id == mention_id).order_by(col(ServiceRequest.id).desc())
    ).first()
    if request is None:
        return None
    return RequestFields(request.service_code, request.description, request.address_string, request.lat, request.long)
