"""Channels bring us posts: verified over the bytes as they came, stored for good, and only then acknowledged.

POST /webhooks/{account} takes what a channel brings, GET answers its challenge. Neither asks for a sign-in or a form
token: who calls proves themselves with the channel's secret. Nothing here calls a channel, and nothing moves the place
where polling stands: polling goes on as the safety net, and a post that comes both ways is one post (invariant 1).

What a channel signed and we cannot read is kept raw and acknowledged all the same: asked again, the channel would bring
the same bytes again and hold back everything behind them.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from fastapi import APIRouter, Request
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response

from hark311.adapters import webhook_arguments
from hark311.metering import note_events
from hark311.prices import Prices, load_prices
from hark311.product import Nudge, Product
from hark311.settings import Settings
from hark311.simulated import accounts_of
from listeners.errors import NotFromChannel, UnreadablePost
from listeners.intake import store_page
from listeners.protocol import AnswersChallenge, Batch, OurAccount, WebhookListener
from listeners.registry import webhook_class
from listeners.silences import note_silence
from models import Account, Channel, Database, utc_now
from models.job_names import UNDERSTAND
from models.posts import UnreadableItem

log = logging.getLogger(__name__)

router = APIRouter()


class NotReady(Exception):
    """The account is not known yet: the worker has not been in contact with its channel."""


@dataclass(slots=True)
class Webhooks:
    """The accounts whose channels call us, by name."""

    database: Database
    listeners: Mapping[str, WebhookListener]
    nudge: Nudge
    prices: Prices = field(default_factory=load_prices)
    clock: Callable[[], datetime] = field(default=utc_now)

    def us(self, name: str) -> OurAccount:
        """Who we are on the account's channel, as the worker has learnt it. Raises NotReady."""
        with self.database.read() as session:
            account = _account(session, name)
            if account is None or account.retired_at is not None or not account.channel_account_id:
                raise NotReady
            return OurAccount(account.channel_account_id, account.handle)

    def take(self, name: str, body: bytes) -> bool:
        """Store what one verified call brought; whether there is something to understand. Raises NotReady."""
        batch = _batch(self.listeners[name], body, self.us(name))
        with self.database.write() as session:
            account = _account(session, name, locked=True)
            if account is None:
                raise NotReady
            now = self.clock()
            note_silence(session, account, now)
            account.last_contact_at = now
            stored = store_page(session, account, batch, now)
            note_events(session, account, batch.posts, self.prices, now)
            return bool(stored.to_understand)


def webhooks_of(product: Product) -> Webhooks:
    """The webhooks of the accounts that have them turned on."""
    return Webhooks(product.database, listeners_of(product.settings), product.nudge, product.prices)


def listeners_of(settings: Settings) -> dict[str, WebhookListener]:
    """A reader per account that has webhooks turned on."""
    return {
        name: webhook_class(Channel(account.channel))(**webhook_arguments(account))
        for name, account in accounts_of(settings).items()
        if account.enabled and account.webhooks
    }


def _batch(listener: WebhookListener, body: bytes, us: OurAccount) -> Batch:
    try:
        return listener.parse(body, us)
    except UnreadablePost as error:
        kept = f"webhook-{sha256(body).hexdigest()[:16]}"
        return Batch((), None, [UnreadableItem(kept, error.reason, body.decode("utf-8", "replace"))])


def _account(session: Session, name: str, *, locked: bool = False) -> Account | None:
    query = select(Account).where(Account.name == name)
    return session.exec(query.with_for_update() if locked else query).first()


@router.post("/webhooks/{name}")
async def receive(request: Request, name: str) -> Response:
    """Take what a channel brings. 200 once it is stored, 403 unsigned, 404 unknown, 503 when it should come again."""
    webhooks = _webhooks(request)
    listener = webhooks.listeners.get(name)
    if listener is None:
        return _nobody()
    body = await request.body()
    try:
        listener.verify(request.headers, body)
        wakes = await run_in_threadpool(webhooks.take, name, body)
    except NotFromChannel as error:
        log.warning("somebody called the webhook of %s without its signature: %s", name, error)
        return PlainTextResponse("This was not signed by the channel. Nothing was taken.\n", 403)
    except NotReady:
        return PlainTextResponse("Not ready: the worker has not reached the channel yet. Send it again.\n", 503)
    except SQLAlchemyError as error:
        log.error("what %s brought could not be stored (%s); it has to come again", name, type(error).__name__)
        return PlainTextResponse("It could not be stored. Send it again.\n", 503)
    return PlainTextResponse("Stored.\n", background=BackgroundTask(webhooks.nudge, UNDERSTAND) if wakes else None)


@router.get("/webhooks/{name}")
async def challenge(request: Request, name: str, crc_token: str = "") -> Response:
    """Answer a channel that asks whether we still hold its secret."""
    listener = _webhooks(request).listeners.get(name)
    if not isinstance(listener, AnswersChallenge):
        return _nobody()
    try:
        return JSONResponse(dict(listener.challenge(crc_token)))
    except NotFromChannel as error:
        log.warning("the webhook of %s was asked something that is no challenge: %s", name, error)
        return PlainTextResponse("This is no challenge of the channel's.\n", 400)


def _webhooks(request: Request) -> Webhooks:
    found: Webhooks = request.app.state.webhooks
    return found


def _nobody() -> Response:
    return PlainTextResponse("No channel brings anything here.\n", 404)
