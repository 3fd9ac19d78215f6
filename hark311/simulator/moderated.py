"""What our accounts have hidden, muted and blocked on the simulated networks, and the calls that do it.

Source: X API v2, PUT /2/tweets/:id/hidden and /2/users/:id/muting; Mastodon API, accounts; Bluesky lexicons,
app.bsky.graph.muteActor. A Bluesky block is a record like any other.
"""

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request

from hark311.simulator.bluesky_views import BlueskyViews
from hark311.simulator.limits import SignIn
from hark311.simulator.mastodon_network import MastodonNetwork
from hark311.simulator.spoken import Json
from hark311.simulator.store import Store
from hark311.simulator.x_network import XNetwork
from hark311.simulator.x_refusals import Refused, forbidden, id_of, invalid, user_only


class Moderated:
    """The rows: channel, what was done ("hidden", "muted", "blocked"), and the id it was done to."""

    def __init__(self, store: Store, channel: str) -> None:
        self._store, self._channel = store, channel

    def holds(self, what: str, target: str) -> bool:
        """Whether it is done."""
        named = (self._channel, what, target)
        found = "SELECT 1 FROM moderated WHERE channel = ? AND what = ? AND target = ?"
        return self._store.row(found, named) is not None

    def set(self, what: str, target: str, *, on: bool) -> None:
        """Do or undo it; either is safe to repeat."""
        sql = "INSERT OR IGNORE INTO moderated VALUES (?, ?, ?)"
        gone = "DELETE FROM moderated WHERE channel = ? AND what = ? AND target = ?"
        with self._store.writing() as write:
            write.execute(sql if on else gone, (self._channel, what, target))


class XModeration:
    """Hiding replies in threads of ours, and muting."""

    def __init__(self, network: XNetwork) -> None:
        self._network, self._kept = network, Moderated(network.store, "x")

    async def hide(self, request: Request, sign_in: SignIn) -> Json:
        """PUT tweets/:id/hidden: only where the thread began with a post of ours."""
        user_only(sign_in)
        post = self._network.post(id_of(request.path_params["id"], "id"))
        if post is None or post["deleted_ms"] is not None:
            raise Refused(404, "Not Found Error", f"Could not find tweet with id: [{request.path_params['id']}].")
        root = self._network.post(post["conversation_id"])
        if root is None or root["author_id"] != self._network.us or root["id"] == post["id"]:
            raise forbidden("You are not permitted to perform this action.")
        hidden = (await _said(request)).get("hidden")
        if not isinstance(hidden, bool):
            raise invalid("`hidden` is true or false", hidden=[])
        self._kept.set("hidden", str(post["id"]), on=hidden)
        return {"data": {"hidden": hidden}}

    async def mute(self, request: Request, sign_in: SignIn) -> Json:
        """POST users/:id/muting, for our own id."""
        return self._mute(request, sign_in, (await _said(request)).get("target_user_id"), on=True)

    async def unmute(self, request: Request, sign_in: SignIn) -> Json:
        """DELETE users/:id/muting/:target."""
        return self._mute(request, sign_in, request.path_params["target"], on=False)

    def _mute(self, request: Request, sign_in: SignIn, target: object, *, on: bool) -> Json:
        user_only(sign_in)
        if request.path_params["id"] != self._network.us:
            raise forbidden("You are not permitted to perform this action.")
        number = id_of(target, "target_user_id")
        if self._network.author(number) is None:
            raise Refused(404, "Not Found Error", f"Could not find user: [{number}].")
        self._kept.set("muted", str(number), on=on)
        return {"data": {"muting": on}}


class MastodonModeration:
    """Muting and blocking an account."""

    def __init__(self, network: MastodonNetwork) -> None:
        self._network, self._kept = network, Moderated(network.store, "mastodon")

    def silences(self, number: int) -> bool:
        """Whether a mute keeps the notifications of an account away too, as it does unless it is told not to."""
        return self._kept.holds("silenced", str(number))

    def acting(self, what: str, *, on: bool) -> Callable[[Request], Awaitable[Json]]:
        """The call that does or undoes one of them; it answers with the relationship."""

        async def act(request: Request) -> Json:
            number = request.path_params["id"]
            self._network.author(number)
            self._kept.set(what, str(number), on=on)
            if what == "muted":
                told = str((await request.form()).get("notifications", "true")).lower()
                self._kept.set("silenced", str(number), on=on and told not in ("0", "f", "false"))
            return {
                "id": str(number),
                "muting": self._kept.holds("muted", str(number)),
                "blocking": self._kept.holds("blocked", str(number)),
            }

        return act


class BlueskyModeration:
    """Muting an account."""

    def __init__(self, views: BlueskyViews) -> None:
        self._views, self._kept = views, Moderated(views.network.store, "bluesky")

    async def mute(self, _: Request, said: Json) -> Json:
        """app.bsky.graph.muteActor."""
        self._kept.set("muted", self._views.did(str(said["actor"])), on=True)
        return {}

    async def unmute(self, _: Request, said: Json) -> Json:
        """app.bsky.graph.unmuteActor."""
        self._kept.set("muted", self._views.did(str(said["actor"])), on=False)
        return {}


async def _said(request: Request) -> Json:
    try:
        said = json.loads(await request.body())
    except ValueError as error:
        raise invalid("the body is not JSON") from error
    return said if isinstance(said, dict) else {}
