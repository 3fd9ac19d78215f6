"""The whole simulated city as one object: its store, its three outside systems, faults, limits and the call log."""

from hark311.simulator.bluesky_network import BlueskyNetwork
from hark311.simulator.calls import CallLog
from hark311.simulator.faults import FaultBook
from hark311.simulator.limits import RateLimits
from hark311.simulator.mastodon_network import MastodonNetwork
from hark311.simulator.open311_requests import City
from hark311.simulator.settings import SimulatorSettings
from hark311.simulator.spoken import Json
from hark311.simulator.store import Store
from hark311.simulator.telegram_network import TelegramNetwork
from hark311.simulator.x_activity import XActivity
from hark311.simulator.x_network import XNetwork


class Box:
    """Opens the store under the settings' path and builds everything on it; close it when done."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self.settings = settings
        self.store = Store(settings.database, settings.clock)
        self.x = XNetwork(self.store, settings)
        self.x_activity = XActivity(self.x)
        self.telegram = TelegramNetwork(self.store, settings)
        self.mastodon = MastodonNetwork(self.store, settings)
        self.bluesky = BlueskyNetwork(self.store, settings)
        self.city = City(self.store, settings)
        self.faults = FaultBook()
        self.limits = RateLimits(settings.clock, on=settings.x_limits)
        self.calls = CallLog()

    def close_waits(self) -> None:
        """Let waiting polls and open streams end, so that the server can stop at once. Any thread may call it."""
        self.x.close_streams()
        self.telegram.close_polls()
        self.mastodon.close_streams()

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def counts(self) -> Json:
        """How much there is: posts by network (residents' and ours), waiting updates, requests by status."""
        count = self.store.number
        return {
            "x": {
                "posts": count("SELECT count(*) FROM x_posts WHERE author_id <> ?", (self.x.us,)),
                "ours": count("SELECT count(*) FROM x_posts WHERE author_id = ? AND deleted_ms IS NULL", (self.x.us,)),
            },
            "telegram": {
                "messages": count("SELECT count(*) FROM tg_messages WHERE ours = 0"),
                "ours": count("SELECT count(*) FROM tg_messages WHERE ours = 1"),
                "updates_waiting": count("SELECT count(*) FROM tg_updates"),
            },
            "mastodon": self.mastodon.counts(),
            "bluesky": self.bluesky.counts(),
            "open311": {
                "requests": count("SELECT count(*) FROM city_requests"),
                "open": count("SELECT count(*) FROM city_requests WHERE status = 'open'"),
            },
            "calls": self.calls.total,
        }
