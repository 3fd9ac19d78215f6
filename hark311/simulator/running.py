"""A simulator that runs in a thread, for tests, demos and load: typed methods over its control API."""

import asyncio
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import uvicorn
from fastapi import FastAPI

from hark311.simulator.bluesky_control import OnBluesky
from hark311.simulator.server import configured, create_app, listening_socket
from hark311.simulator.settings import SimulatorSettings
from hark311.simulator.spoken import Json

START_SECONDS = 10.0
GLANCE = 0.01


class PromptServer(uvicorn.Server):
    """uvicorn's server without its fixed pauses of a tenth of a second: a test starts and stops many."""

    async def main_loop(self) -> None:
        """Serve until told to exit, looking every ten milliseconds."""
        tick = 0
        while not self.should_exit:
            if tick % 10 == 0:
                await self.on_tick(tick // 10)
            tick += 1
            await asyncio.sleep(GLANCE)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything; what still runs after a second is cancelled."""
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for _ in range(int(1 / GLANCE)):
            if not self.server_state.tasks:
                break
            await asyncio.sleep(GLANCE)
        for task in list(self.server_state.tasks):
            task.cancel()
        await asyncio.sleep(0)
        await self.lifespan.shutdown()


class RunningSimulator(OnBluesky):
    """A simulator on a free loopback port (or `settings.port`), running inside `with`.

    `database` is its SQLite file; give `settings` for anything else. `port` and `url` hold while it runs; a
    `stop()` and `start()` keep both. Raises NotLoopback for a host that other machines can reach.
    """

    def __init__(self, database: Path, settings: SimulatorSettings | None = None) -> None:
        base = settings if settings is not None else SimulatorSettings(database, port=0)
        self.settings = replace(base, database=database)
        self._server: PromptServer | None = None
        self._app: FastAPI | None = None
        self._thread: threading.Thread | None = None
        self._client: httpx.Client | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The root address, such as http://127.0.0.1:40123."""
        return f"http://{self.settings.host}:{self.settings.port}"

    @property
    def telegram_base_url(self) -> str:
        """What telegram.Bot takes as base_url."""
        return f"{self.url}/telegram/bot"

    @property
    def telegram_file_url(self) -> str:
        """What telegram.Bot takes as base_file_url."""
        return f"{self.url}/telegram/file/bot"

    @property
    def open311_url(self) -> str:
        """The GeoReport v2 endpoint."""
        return f"{self.url}/open311/v2"

    @property
    def x_url(self) -> str:
        """What takes the place of https://api.twitter.com."""
        return f"{self.url}/x"

    @property
    def mastodon_url(self) -> str:
        """What takes the place of https://mastodon.social."""
        return f"{self.url}/mastodon"

    @property
    def bluesky_url(self) -> str:
        """What takes the place of https://bsky.social."""
        return f"{self.url}/bluesky"

    def start(self) -> None:
        """Start serving and wait until it answers. Raises TimeoutError after ten seconds."""
        bound = listening_socket(self.settings)
        self.settings = replace(self.settings, port=bound.getsockname()[1])
        self._app = create_app(self.settings)
        server = self._server = PromptServer(configured(self.settings, self._app))
        self._thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        self._thread.start()
        self._client = httpx.Client(base_url=f"{self.url}/control", trust_env=False, timeout=60)
        until = time.monotonic() + START_SECONDS
        while not server.started:
            if time.monotonic() > until or not self._thread.is_alive():
                raise TimeoutError("the simulator did not start")
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop serving; the file stays."""
        if self._client is not None:
            self._client.close()
        if self._thread is not None and self._server is not None and self._app is not None:
            self._app.state.box.close_waits()
            self._server.should_exit = True
            self._thread.join(START_SECONDS)
        self._thread = self._client = self._server = self._app = None

    def restart(self) -> None:
        """Stop and start again with the same file and port."""
        self.stop()
        self.start()

    def _ask(self, method: str, path: str, body: object = None, **query: object) -> Any:
        if self._client is None:
            raise RuntimeError("the simulator is not running")
        wanted = {name: str(value) for name, value in query.items() if value is not None}
        answer = self._client.request(method, path, json=body, params=wanted)
        if answer.is_error:
            raise ValueError(f"the simulator refused {method} {path}: {answer.text}")
        return answer.json()

    def say_on_x(self, text: str = "", *, author: str | Mapping[str, Any] = "a_neighbor", **more: Any) -> str:
        """One post by a resident; `more` are the fields of SaidOnX. Returns its id."""
        done = self.say_many_on_x([{"text": text, "author": author, **more}])
        return str(done[0]["id"])

    def say_many_on_x(self, posts: Sequence[Mapping[str, Any]]) -> list[Json]:
        """Posts by residents in one transaction; each answer has id, key and new."""
        done: list[Json] = self._ask("POST", "/x/posts", [dict(post) for post in posts])["posts"]
        return done

    def x_posts(self, **filters: object) -> list[Json]:
        """Stored posts. Filters: keys (comma list), since, by ('us' or 'residents'), in_reply_to, limit."""
        found: list[Json] = self._ask("GET", "/x/posts", None, **filters)["posts"]
        return found

    def our_replies_on_x(self, to: str | None = None) -> list[Json]:
        """What our account posted and did not delete; with `to`, only replies to that post."""
        return [post for post in self.x_posts(by="us", in_reply_to=to) if not post["deleted"]]

    def delete_on_x(self, post_id: str) -> None:
        """A resident deletes a post."""
        self._ask("DELETE", f"/x/posts/{post_id}")

    def withhold_on_x(self, post_id: str, *countries: str) -> None:
        """X shows a post to nobody in these countries."""
        self._ask("POST", f"/x/posts/{post_id}/withhold", {"countries": list(countries)})

    def message_on_x(self, text: str = "", *, author: str = "a_neighbor", **more: Any) -> str:
        """One direct message by a resident; `more` are the fields of MessageOnX. Returns its id."""
        done = self._ask("POST", "/x/messages", {"text": text, "author": author, **more})["messages"]
        return str(done[0]["id"])

    def messages_on_x(self, **filters: object) -> list[Json]:
        """Direct messages in order. Filters: by ('us' or 'residents'), keys."""
        found: list[Json] = self._ask("GET", "/x/messages", None, **filters)["messages"]
        return found

    def change_author(self, handle: str, **change: object) -> None:
        """Change an account: name, protected, blocks_us."""
        self._ask("POST", f"/x/authors/{handle}", change)

    def set_x_webhook(self, url: str) -> Json:
        """Bring events of our account on X to a loopback url; an empty one ends it."""
        state: Json = self._ask("POST", "/x/webhook", {"url": url})
        return state

    def x_webhook(self) -> Json:
        """Where events of our account on X go, and whether the challenge was answered."""
        state: Json = self._ask("GET", "/x/webhook")
        return state

    def x_events(self, post_id: str) -> list[Json]:
        """The events one post makes, as the webhook brings them."""
        found: list[Json] = self._ask("GET", f"/x/events/{post_id}")["events"]
        return found

    def say_on_telegram(self, text: str | None = None, **more: Any) -> Json:
        """One message by a resident; `more` are the fields of SaidOnTelegram (`sender` for from).

        Returns chat_id, message_id, message_ids, key and new.
        """
        said = {name: value for name, value in {"text": text, **more}.items() if value is not None}
        return self.say_many_on_telegram([said])[0]

    def say_many_on_telegram(self, messages: Sequence[Mapping[str, Any]]) -> list[Json]:
        """Messages by residents in one transaction."""
        done: list[Json] = self._ask("POST", "/telegram/messages", [dict(one) for one in messages])["messages"]
        return done

    def telegram_messages(self, **filters: object) -> list[Json]:
        """Stored messages. Filters: keys, chat_id, by ('us' or 'residents'), since, limit."""
        found: list[Json] = self._ask("GET", "/telegram/messages", None, **filters)["messages"]
        return found

    def press_button(self, chat_id: int, message_id: int, data: str) -> str:
        """A person presses an inline button; the callback query's id."""
        pressed = {"chat_id": chat_id, "message_id": message_id, "data": data}
        return str(self._ask("POST", "/telegram/press", pressed)["callback_query_id"])

    def block_bot(self, chat_id: int, *, blocked: bool = True) -> None:
        """A person blocks or unblocks the bot."""
        self._ask("POST", f"/telegram/chats/{chat_id}", {"blocked": blocked})

    def delete_on_telegram(self, chat_id: int, message_id: int) -> None:
        """A resident deletes a message; the bot is not told."""
        self._ask("DELETE", f"/telegram/messages/{chat_id}/{message_id}")

    def migrate_group(self, chat_id: int) -> int:
        """A group becomes a supergroup; its new id."""
        return int(self._ask("POST", f"/telegram/chats/{chat_id}/migrate")["chat_id"])

    def say_on_mastodon(self, text: str = "", *, author: str | Mapping[str, Any] = "a_neighbor", **more: Any) -> str:
        """One status by a resident; `more` are the fields of SaidOnMastodon. Returns its id."""
        return str(self.say_many_on_mastodon([{"text": text, "author": author, **more}])[0]["id"])

    def say_many_on_mastodon(self, statuses: Sequence[Mapping[str, Any]]) -> list[Json]:
        """Statuses by residents in one transaction; each answer has id, key and new."""
        done: list[Json] = self._ask("POST", "/mastodon/statuses", [dict(one) for one in statuses])["statuses"]
        return done

    def mastodon_statuses(self, **filters: object) -> list[Json]:
        """Stored statuses. Filters: keys, by ('us' or 'residents'), in_reply_to."""
        found: list[Json] = self._ask("GET", "/mastodon/statuses", None, **filters)["statuses"]
        return found

    def our_replies_on_mastodon(self, to: str | None = None) -> list[Json]:
        """What our account posted and did not delete; with `to`, only replies to that status."""
        return [one for one in self.mastodon_statuses(by="us", in_reply_to=to) if not one["deleted"]]

    def delete_on_mastodon(self, status_id: str) -> None:
        """Its author deletes a status."""
        self._ask("DELETE", f"/mastodon/statuses/{status_id}")

    def change_mastodon_account(self, acct: str, **change: object) -> None:
        """Change an account: name, bot, blocks_us, note, locked."""
        self._ask("POST", f"/mastodon/accounts/{acct}", change)

    def city_requests(self, *, since: int = 0, limit: int = 10_000) -> list[Json]:
        """The city's service requests after number `since`, oldest first, with contact, answers and token."""
        found: list[Json] = self._ask("GET", "/open311/requests", None, since=since, limit=limit)["requests"]
        return found

    def close_request(self, request_id: str, notes: str) -> Json:
        """The city closes a request."""
        return self.change_request(request_id, status="closed", status_notes=notes)

    def change_request(self, request_id: str, **change: object) -> Json:
        """The city moves a request: status ('open' or 'closed'), status_notes."""
        moved: Json = self._ask("POST", f"/open311/requests/{request_id}", change)
        return moved

    def city_does(self, request_id: str, move: str, **said: object) -> Json:
        """The city does one of `open311_updates.MOVES` about a request; said: reason, agency, of, date."""
        done: Json = self._ask("POST", f"/open311/requests/{request_id}/{move}", said)
        return done

    def be_wild(self, *quirks: str) -> None:
        """The city's endpoint has these quirks of `open311_wild.Quirk` from now on; none: it is strict."""
        self._ask("POST", "/open311/wild", {"quirks": list(quirks)})

    def city_updates(self) -> list[Json]:
        """Everything said of the city's requests after filing, oldest first."""
        said: list[Json] = self._ask("GET", "/open311/updates")["updates"]
        return said

    def settle_tokens(self) -> None:
        """Every token gets its number now."""
        self._ask("POST", "/open311/tokens/settle")

    def fault(self, channel: str, kind: str, operation: str = "*", **more: object) -> int:
        """Arm a fault (see `faults.Fault`) and return its number."""
        return int(
            self._ask("POST", "/faults", {"channel": channel, "kind": kind, "operation": operation, **more})["id"]
        )

    def faults(self) -> list[Json]:
        """The faults now armed."""
        found: list[Json] = self._ask("GET", "/faults")["faults"]
        return found

    def clear_faults(self) -> None:
        """Disarm all faults."""
        self._ask("DELETE", "/faults")

    def limits(self, **change: object) -> None:
        """Change rate limits: `on` for all channels; of X also restore, or operation with limit, window, sign_in."""
        self._ask("POST", "/limits", change)

    def load_samples(self) -> int:
        """Load the sample posts; how many were new."""
        return int(self._ask("POST", "/samples")["new"])

    def counts(self) -> Json:
        """How much there is."""
        found: Json = self._ask("GET", "/counts")
        return found

    def calls(self, **filters: object) -> list[Json]:
        """The API calls answered. Filters: limit, channel, operation."""
        found: list[Json] = self._ask("GET", "/calls", None, **filters)["calls"]
        return found
