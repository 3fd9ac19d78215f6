"""What each channel's adapters are made of: keys and addresses from the settings."""

from typing import Any

from hark311.outgoing import x_session
from hark311.settings import AccountSettings, BlueskyAccount, MastodonAccount, Settings, TelegramAccount, XAccount


def listener_arguments(settings: Settings, name: str, account: AccountSettings) -> dict[str, Any]:
    """What the listener of account `name` takes."""
    shared = _shared(settings, name, account)
    match account:
        case TelegramAccount():
            return shared | {"long_poll_seconds": account.long_poll_seconds}
        case MastodonAccount():
            return shared | {"streaming": account.streaming}
        case _:
            return shared


def responder_arguments(settings: Settings, name: str, account: AccountSettings) -> dict[str, Any]:
    """What the responder of account `name` takes."""
    return _shared(settings, name, account)


def _shared(_settings: Settings, _name: str, account: AccountSettings) -> dict[str, Any]:
    match account:
        case XAccount():
            return {
                "session": x_session(account.base_url),
                "bearer_token": account.bearer_token.get_secret_value(),
                "consumer_key": account.consumer_key.get_secret_value(),
                "consumer_secret": account.consumer_secret.get_secret_value(),
                "access_token": account.access_token.get_secret_value(),
                "access_token_secret": account.access_token_secret.get_secret_value(),
            }
        case TelegramAccount():
            return {"token": account.token.get_secret_value(), "base_url": account.base_url}
        case MastodonAccount():
            return {"access_token": account.access_token.get_secret_value(), "base_url": account.base_url}
        case BlueskyAccount():
            return {
                "handle": account.handle,
                "app_password": account.app_password.get_secret_value(),
                "base_url": account.base_url,
            }
