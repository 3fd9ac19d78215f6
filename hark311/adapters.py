"""What each channel's adapters are made of: keys and addresses from the settings."""

from typing import Any

from hark311.outgoing import event_hooks, plain_session, stream_session, x_session
from hark311.sessions import KeptSession
from hark311.settings import AccountSettings, BlueskyAccount, MastodonAccount, Settings, TelegramAccount, XAccount
from hark311.tolls import Tolls
from models import Channel


def listener_arguments(
    settings: Settings, name: str, account: AccountSettings, tolls: Tolls | None = None
) -> dict[str, Any]:
    """What the listener of account `name` takes."""
    shared = _shared(settings, name, account, tolls)
    match account:
        case TelegramAccount():
            polling = shared | {"long_poll_seconds": account.long_poll_seconds, "operator": account.operator}
            if not account.webhooks:
                return polling
            secret = account.webhook_secret.get_secret_value()
            return polling | {"webhook_url": webhook_url(settings, name), "webhook_secret": secret}
        case MastodonAccount():
            return shared | {"streaming": account.streaming, "operator": account.operator}
        case BlueskyAccount():
            return shared | {"operator": account.operator}
        case XAccount():
            own = shared | {"operator": account.operator, "country": account.country}
            return own | ({"stream_session": stream_session(account.base_url)} if account.filtered_stream else {})


def webhook_url(settings: Settings, name: str) -> str:
    """Where the channel of account `name` brings what it has for us."""
    return f"{settings.desk_url}/webhooks/{name}"


def webhook_arguments(account: AccountSettings) -> dict[str, Any]:
    """What the reader of an account's webhook takes: the secret that the channel signs with."""
    match account:
        case XAccount():
            return {"consumer_secret": account.consumer_secret.get_secret_value()}
        case TelegramAccount():
            return {"secret": account.webhook_secret.get_secret_value()}
        case _:
            raise ValueError(f"{account.channel} calls nobody")


def responder_arguments(
    settings: Settings, name: str, account: AccountSettings, tolls: Tolls | None = None
) -> dict[str, Any]:
    """What the responder of account `name` takes."""
    return _shared(settings, name, account, tolls)


def _shared(settings: Settings, name: str, account: AccountSettings, tolls: Tolls | None) -> dict[str, Any]:
    toll = tolls.of(name, Channel(account.channel)) if tolls else None
    hooks = event_hooks(toll) if toll else None
    match account:
        case XAccount():
            return {
                "session": x_session(account.base_url, toll),
                "bearer_token": account.bearer_token.get_secret_value(),
                "consumer_key": account.consumer_key.get_secret_value(),
                "consumer_secret": account.consumer_secret.get_secret_value(),
                "access_token": account.access_token.get_secret_value(),
                "access_token_secret": account.access_token_secret.get_secret_value(),
            }
        case TelegramAccount():
            return {"token": account.token.get_secret_value(), "base_url": account.base_url, "hooks": hooks}
        case MastodonAccount():
            return {
                "session": plain_session(toll),
                "access_token": account.access_token.get_secret_value(),
                "base_url": account.base_url,
            }
        case BlueskyAccount():
            made_with = (account.handle, account.app_password.get_secret_value(), account.base_url)
            return {
                "handle": account.handle,
                "app_password": account.app_password.get_secret_value(),
                "base_url": account.base_url,
                "kept": KeptSession(settings.data / "sessions" / name, *made_with),
                "hooks": hooks,
            }
