"""Updates asked for by long polling, confirmed only once stored; or a watch over the webhook that brings them.

The SDK's own updater confirms an update before anybody has handled it; we ask getUpdates ourselves, and the offset that
confirms a page travels with the next call, after the page is in the database. Telegram allows one way at a time: with a
webhook set, getUpdates is a conflict. Source: Bot API, getUpdates, setWebhook and WebhookInfo.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import telegram
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from listeners.errors import ChannelUnavailable, CredentialsRejected, RateLimited
from listeners.protocol import Batch, Finding, OurAccount
from listeners.telegram.checking import findings_of
from listeners.telegram.reading import HEARD, read_updates
from models import Channel, utc_now
from models.held_back import HeldBack
from models.opened import Opened

PAGE = 100
NETWORK_SLACK_SECONDS = 5
CONNECTIONS_TO_US = 10
"""How many updates Telegram may bring at a time; each is one short transaction."""
STILL_FAILING = timedelta(minutes=5)
PHOTO_NAMES = (".jpg", ".jpeg", ".webp")
"""Files that may say where they were taken and that we can read. Telegram keeps the ending of a file's name."""
NO_ANSWER = (TelegramError, LookupError, TypeError, AttributeError)
"""The last three are what the SDK makes of an answer that is JSON, but not Telegram's."""


class TelegramListener(Opened):
    """Hears one bot. One poller a token: Telegram refuses a second, and the account's lease keeps us from trying.

    `webhook_url`: where Telegram brings the updates to; empty for polling. `operator`: who answers for the bot.
    """

    channel = Channel.TELEGRAM

    def __init__(
        self,
        *,
        token: str,
        base_url: str,
        long_poll_seconds: int,
        webhook_url: str = "",
        webhook_secret: str = "",
        operator: str = "",
        hooks: Mapping[str, list[Any]] | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._their_date, seen_by = "", hooks or {}
        self._request = HTTPXRequest(
            connection_pool_size=4,
            read_timeout=20,
            connect_timeout=5,
            httpx_kwargs={"event_hooks": {**seen_by, "response": [self._note_date, *seen_by.get("response", ())]}},
        )
        self._bot = telegram.Bot(
            token,
            base_url=f"{base_url.rstrip('/')}/bot",
            base_file_url=f"{base_url.rstrip('/')}/file/bot",
            request=self._request,
        )
        self._long_poll = long_poll_seconds
        self._webhook_url, self._webhook_secret = webhook_url, webhook_secret
        self._operator, self._clock = operator, clock
        self._us: OurAccount | None = None
        self._told_telegram = False

    async def _close(self) -> None:
        await self._request.shutdown()

    async def whoami(self) -> OurAccount:
        """Our id and @username. Raises ListenerError."""
        if self._us is None:
            me = await self._ask(self._bot.get_me())
            try:
                self._us = OurAccount(str(me.id), me.username or "")
            except NO_ANSWER as error:
                raise _as_listener_error(error) from error
        return self._us

    async def fetch(self, cursor: str | None) -> Batch:
        """The updates after `cursor`, which confirms all before it; a broken one confirms none. Raises ListenerError.

        Telegram keeps what nobody confirmed, so that beginning without a cursor loses nothing. With a webhook there is
        nothing to fetch: then this sees to it that the webhook is set and that Telegram gets through to us.
        """
        us = await self.whoami()
        if self._webhook_url:
            await self._watch_webhook()
            return Batch((), cursor)
        updates = await self._updates(cursor)
        known = [
            one["update_id"] for one in updates if isinstance(one, Mapping) and isinstance(one.get("update_id"), int)
        ]
        after = str(max(known) + 1) if known else cursor
        return replace(read_updates(updates, us), cursor=after, more=len(updates) >= PAGE)

    async def _updates(self, cursor: str | None) -> list[Any]:
        try:
            updates = await self._bot.do_api_request(
                "getupdates",  # method names are case-insensitive; the SDK reserves its own spelling for parsed updates
                api_kwargs={
                    "offset": int(cursor) if cursor and cursor.isdecimal() else None,
                    "limit": PAGE,
                    "timeout": self._long_poll,
                    "allowed_updates": list(HEARD),
                },
                read_timeout=self._long_poll + NETWORK_SLACK_SECONDS,
            )
        except Conflict as error:
            if "webhook" in error.message.lower() and not self._told_telegram:
                self._told_telegram = True
                await self._ask(self._bot.delete_webhook(drop_pending_updates=False))
                raise ChannelUnavailable("a webhook was set for this bot; it is taken away and we poll") from error
            raise _as_listener_error(error) from error
        except NO_ANSWER as error:
            raise _as_listener_error(error) from error
        if not isinstance(updates, list):
            raise ChannelUnavailable("Telegram answered something that is no list of updates")
        return updates

    async def _watch_webhook(self) -> None:
        """Set the webhook at the start and whenever it is another one. Raises ChannelUnavailable where it fails."""
        info = await self._ask(self._bot.get_webhook_info())
        if not self._told_telegram or info.url != self._webhook_url:
            await self._ask(
                self._bot.set_webhook(
                    self._webhook_url,
                    secret_token=self._webhook_secret,
                    allowed_updates=list(HEARD),
                    max_connections=CONNECTIONS_TO_US,
                    drop_pending_updates=False,
                )
            )
            self._told_telegram = True
            return
        failed_at = info.last_error_date
        if info.pending_update_count and failed_at and self._clock() - failed_at < STILL_FAILING:
            raise ChannelUnavailable(
                f"Telegram does not get through to our webhook ({info.last_error_message or 'no reason given'}); "
                f"{info.pending_update_count} waiting there, for a day at most"
            )

    async def check(self) -> Sequence[Finding]:
        """The token, how the bot appears, what it may read, the webhook, the clock. Never raises."""
        return await findings_of(
            self._bot,
            webhook_url=self._webhook_url,
            operator=self._operator,
            clock=self._clock,
            their_date=lambda: self._their_date,
            explain=lambda error: str(_as_listener_error(error)),
        )

    async def photo_file(self, file_id: str, most_bytes: int) -> bytes | None:
        """The bytes of a photo that was sent as a file; None where it is gone, too large or none. Raises ListenerError.

        The address it is fetched from holds the bot's token: it is built and used by the SDK and goes nowhere else.
        """
        try:
            file = await self._bot.get_file(file_id)
            name = str(file.file_path or "").lower()
            if not name.endswith(PHOTO_NAMES) or (file.file_size or 0) > most_bytes:
                return None
            body = bytes(await file.download_as_bytearray())
        except BadRequest:
            return None
        except NO_ANSWER as error:
            raise _as_listener_error(error) from error
        return body if len(body) <= most_bytes else None

    async def _ask(self, call: Any) -> Any:
        try:
            return await call
        except NO_ANSWER as error:
            raise _as_listener_error(error) from error

    async def _note_date(self, response: httpx.Response) -> None:
        self._their_date = response.headers.get("date", self._their_date)


def _as_listener_error(error: Exception) -> Exception:
    if isinstance(error.__cause__, HeldBack):
        return RateLimited(error.__cause__.until)
    match error:
        case InvalidToken() | Forbidden():
            return CredentialsRejected("Telegram does not accept the bot's token")
        case RetryAfter():
            wait = error.retry_after
            return RateLimited(utc_now() + (wait if isinstance(wait, timedelta) else timedelta(seconds=wait)))
        case Conflict():
            return ChannelUnavailable("somebody else reads this bot's messages (another program, or a webhook)")
    if "not found" in str(error).lower():  # what the SDK makes of the 404 for a token of the wrong form
        return CredentialsRejected("Telegram does not know the bot's token")
    return ChannelUnavailable(f"Telegram could not be reached: {type(error).__name__}")
