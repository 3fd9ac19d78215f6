"""Delivers updates to the bot's webhook: in order, with the secret header, again after a failure, then not at all."""

import asyncio
import logging

import httpx

from hark311.simulator.spoken import Json
from hark311.simulator.telegram_network import TelegramNetwork

ATTEMPTS = 6
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name

_log = logging.getLogger(__name__)


class WebhookDelivery:
    """One running task; pauses double from the settings' `webhook_pause`, after six failures an update is given up."""

    def __init__(self, network: TelegramNetwork) -> None:
        self._network = network

    async def run(self) -> None:
        """Deliver until cancelled."""
        # trust_env off: a proxy of the machine must not see loopback calls
        async with httpx.AsyncClient(timeout=10, trust_env=False, follow_redirects=False) as client:
            while True:
                bell = self._network.arrivals.bell()
                hook = self._network.store.recall("tg_webhook")
                waiting = self._network.pending(1) if hook else []
                if hook and waiting:
                    await self._deliver(client, hook, waiting[0])
                else:
                    await bell.wait()

    async def _deliver(self, client: httpx.AsyncClient, hook: Json, update: Json) -> None:
        headers = {SECRET_HEADER: hook["secret_token"]} if hook.get("secret_token") else {}
        for attempt in range(ATTEMPTS):
            why = await _post(client, hook["url"], headers, update)
            if why is None:
                break
            self._remember_failure(hook["url"], why)
            await asyncio.sleep(self._network.settings.webhook_pause * 2**attempt)
            current = self._network.store.recall("tg_webhook")
            if not current or current["url"] != hook["url"]:
                return
        else:
            _log.warning("gave up delivering update %s", update["update_id"])
        self._network.confirm(update["update_id"] + 1)

    def _remember_failure(self, url: str, why: str) -> None:
        current = self._network.store.recall("tg_webhook")
        if current and current["url"] == url:
            trouble = {"last_error_date": self._network.now(), "last_error_message": why}
            self._network.store.remember("tg_webhook", current | trouble)


async def _post(client: httpx.AsyncClient, url: str, headers: dict[str, str], update: Json) -> str | None:
    """Post one update; None when it was taken, else why not."""
    try:
        answer = await client.post(url, json=update, headers=headers)
    except httpx.HTTPError as error:
        return f"Connection failed: {type(error).__name__}"
    if answer.is_success:
        return None
    return f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}"
