"""The accounts and the city of a product that runs against its own simulator: same adapters, another address."""

from pydantic import SecretStr

from hark311.settings import (
    AccountSettings,
    BlueskyAccount,
    MastodonAccount,
    Open311Settings,
    Settings,
    SettingsError,
    TelegramAccount,
    XAccount,
    is_loopback,
)
from hark311.simulator.settings import SimulatorSettings

OPERATOR = "the simulator"
"""Who answers for the simulated accounts, as their profiles say."""

PORT_OFFSET = 1000
"""The simulator listens this far above the desk, so that instances side by side do not meet."""


def simulator_port(settings: Settings) -> int:
    """The simulator's port."""
    return settings.simulator_port or (settings.port + PORT_OFFSET) % 65536 or PORT_OFFSET


def simulator_settings(settings: Settings) -> SimulatorSettings:
    """What the simulator of this data directory is started with. Raises SettingsError beside a live key."""
    for name, account in settings.accounts.items():
        if not is_loopback(account.base_url):
            raise SettingsError(
                f"The simulator does not start beside a live account ({name}). Take the account out of the settings, "
                "or run the simulator with a data directory of its own."
            )
    return SimulatorSettings(
        database=settings.data / "simulator.db",
        port=simulator_port(settings),
        city_timezone=settings.city_time_zone,
    )


def accounts_of(settings: Settings) -> dict[str, AccountSettings]:
    """The accounts to listen and reply on: the operator's, or the simulator's."""
    if not settings.simulated:
        return settings.accounts
    box, root = simulator_settings(settings), simulator_root(settings)
    keys = box.x_keys
    return {
        "x": XAccount(
            channel="x",
            backfill="take",
            operator=OPERATOR,
            bearer_token=SecretStr(keys.bearer_token),
            consumer_key=SecretStr(keys.consumer_key),
            consumer_secret=SecretStr(keys.consumer_secret),
            access_token=SecretStr(keys.access_token),
            access_token_secret=SecretStr(keys.access_token_secret),
            base_url=f"{root}/x",
            poll_seconds=2,
        ),
        "telegram": TelegramAccount(
            channel="telegram",
            backfill="take",
            operator=OPERATOR,
            token=SecretStr(box.telegram_token),
            base_url=f"{root}/telegram",
            poll_seconds=0.2,
            long_poll_seconds=5,
        ),
        "mastodon": MastodonAccount(
            channel="mastodon",
            backfill="take",
            operator=OPERATOR,
            access_token=SecretStr(box.mastodon_token),
            base_url=f"{root}/mastodon",
            poll_seconds=2,
        ),
        "bluesky": BlueskyAccount(
            channel="bluesky",
            backfill="take",
            operator=OPERATOR,
            handle=box.bluesky_handle,
            app_password=SecretStr(box.bluesky_password),
            base_url=f"{root}/bluesky",
            poll_seconds=2,
        ),
    }


def has_city(settings: Settings) -> bool:
    """Whether there is an Open311 system of the city's own; without one every service goes to a destination."""
    return settings.simulated or settings.open311 is not None


def city_of(settings: Settings) -> Open311Settings:
    """Where requests are filed: the operator's city, or the simulator's. Raises SettingsError when there is none."""
    if settings.open311:
        return settings.open311
    if not settings.simulated:
        raise SettingsError(
            "open311 is not set: there is no system of the city to ask; requests go to destinations only"
        )
    return Open311Settings(
        base_url=f"{simulator_root(settings)}/open311/v2",
        api_key=SecretStr(simulator_settings(settings).open311_api_key),
        format="json",
        updates="on",
        lists_by_update=True,
        lists_every_request=True,
    )


def simulator_root(settings: Settings) -> str:
    """The simulator's address."""
    return f"http://127.0.0.1:{simulator_port(settings)}"
