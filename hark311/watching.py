"""What to tell about an account besides its last trouble: nobody listens, unusual silence, a key that runs out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hark311.settings import AccountSettings
from models import Account

NOBODY_AFTER = timedelta(minutes=3)
KEY_NOTICE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Watched:
    """One account: what staff should know of it, in sentences; `unheard` says that nobody listens though it should."""

    warnings: tuple[str, ...] = ()
    unheard: bool = False


def watch(account: Account, settings: AccountSettings | None, now: datetime) -> Watched:
    """`settings` None: the settings do not name the account any more."""
    if account.retired_at:
        return Watched(
            (f"Retired on {account.retired_at:%B %d, %Y}: neither heard nor answered. What was said stays readable.",)
        )
    if settings is None:
        return Watched(
            ("It is not in the settings any more, so nobody listens. Put it back, or let a supervisor retire it.",)
        )
    if not settings.enabled:
        return Watched(("It is switched off in the settings: neither heard nor answered.",))
    unheard = _nobody_since(account, now)
    return Watched(
        tuple(filter(None, (_nobody(unheard), _silence(account, settings, now), _key(account, now)))),
        unheard is not None,
    )


def unheard_accounts(accounts: list[Account], settings: Mapping[str, AccountSettings], now: datetime) -> list[Account]:
    """Those that nobody listens to though somebody should."""
    return [one for one in accounts if watch(one, settings.get(one.name), now).unheard]


def _nobody_since(account: Account, now: datetime) -> timedelta | None:
    """How long no process has listened, where that is longer than it should be. An ear that rests keeps its lease."""
    signs = [at for at in (account.lease_until, account.last_contact_at, account.resume_at) if at]
    if not signs or now - max(signs) <= NOBODY_AFTER:
        return None
    return now - max(signs)


def _nobody(since: timedelta | None) -> str:
    if since is None:
        return ""
    return (
        f"Nobody is listening: no process has heard this account for {_long(since)}. Start hark311, or its worker; "
        "it goes on where it stopped."
    )


def _silence(account: Account, settings: AccountSettings, now: datetime) -> str:
    heard = account.heard_at or account.began_at
    if heard is None or now - heard <= timedelta(hours=settings.silence_hours):
        return ""
    return (
        f"Unusually silent: no post to us for {_long(now - heard)}. Look at the account on its own network; if posts "
        "stand there that are not here, run hark doctor."
    )


def _key(account: Account, now: datetime) -> str:
    if account.key_expires_at is None or account.key_expires_at - now > KEY_NOTICE:
        return ""
    day = f"{account.key_expires_at:%B} {account.key_expires_at.day}"
    if account.key_expires_at <= now:
        return f"Its key ran out on {day}. Make a new one on the channel and put it into the settings."
    left = _long(account.key_expires_at - now)
    return f"Its key runs out on {day}, in {left}. Make a new one on the channel and put it into the settings before."


def _long(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 72 * 60 else f"{minutes // 1440} days"
