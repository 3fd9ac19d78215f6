"""What a simulator is told when it starts: where it listens, where it keeps things, which keys it knows."""

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


class NotLoopback(ValueError):
    """The simulator was asked to listen on an address that other machines can reach."""


def is_loopback(host: str) -> bool:
    """Say whether a host name or address (no port, brackets allowed) can only mean this machine."""
    bare = host.strip("[]").lower()
    if bare == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class XKeys:
    """The invented keys with which a client signs in to the simulated X.

    The access token starts with the numeric id of our own account, as on X.
    """

    bearer_token: str = "simulator-bearer"  # noqa: S105 - an invented key, worthless outside the simulator
    consumer_key: str = "simulator-consumer-key"
    consumer_secret: str = "simulator-consumer-secret"  # noqa: S105 - as above
    access_token: str = "311000311-simulator-access"  # noqa: S105 - as above
    access_token_secret: str = "simulator-access-secret"  # noqa: S105 - as above

    @property
    def account_id(self) -> int:
        """Our account's id, read from the access token."""
        prefix = self.access_token.partition("-")[0]
        if not prefix.isdigit():
            raise ValueError("an X access token starts with the account's number and a hyphen")
        return int(prefix)


@dataclass(frozen=True)
class SimulatorSettings:
    """Everything a simulator needs to know. `port` 0 takes a free port; durations are in seconds.

    Raises `NotLoopback` when `host` is reachable from other machines.
    """

    database: Path
    host: str = "127.0.0.1"
    port: int = 8311
    x_keys: XKeys = field(default_factory=XKeys)
    telegram_token: str = "311000311:SimulatorTokenNotARealOne000000000"  # noqa: S105 - an invented key
    mastodon_token: str = "simulator-mastodon-token"  # noqa: S105 - an invented key
    mastodon_id: int = 311000311
    mastodon_acct: str = "Philly311Demo"
    mastodon_name: str = "Philly 311 Demo (simulator)"
    mastodon_scopes: tuple[str, ...] = ("read", "write")
    mastodon_characters: int = 0
    mastodon_limits: bool = True
    mastodon_calls: int = 300
    mastodon_idempotent: bool = True
    open311_api_key: str = "simulator-open311-key"
    x_handle: str = "Philly311Demo"
    x_name: str = "Philly 311 Demo (simulator)"
    telegram_username: str = "Philly311DemoBot"
    telegram_name: str = "Philly 311 Demo"
    telegram_privacy: bool = True
    city_name: str = "Philadelphia (simulated)"
    city_timezone: str = "America/New_York"
    token_delay: float = 5.0
    close_after: float | None = None
    bluesky_handle: str = "philly311demo.test"
    bluesky_name: str = "Philly 311 Demo (simulator)"
    bluesky_password: str = "simu-lato-rapp-pass"  # noqa: S105 - an invented key
    bluesky_limits: bool = True
    webhook_pause: float = 0.1
    mentions_reachable: int = 800
    x_access: str = "read-write-directmessages"
    summon_rule: bool = True
    duplicate_rule: bool = True
    x_limits: bool = True
    x_stream: bool = True
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        if not is_loopback(self.host):
            raise NotLoopback(f"the simulator listens on loopback only; {self.host!r} can be reached from elsewhere")
