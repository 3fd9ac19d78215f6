"""What is wrong with an account, each in a sentence.

Its last trouble, where it keeps us from hearing; no reply leaves, nobody listens, its channel was not asked what is
deleted, silence, a key runs out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from hark311.settings import AccountSettings
from listeners.compliance import LONGEST, Unasked
from models import CHANNELS, Account, AccountHealth

NOBODY_AFTER = timedelta(minutes=3)
UNAVAILABLE_AFTER = timedelta(minutes=10)
KEY_NOTICE = timedelta(days=14)


class Worry(StrEnum):
    NOBODY = "nobody_listens"
    SILENCE = "unusual_silence"
    KEY = "key_runs_out"
    REFUSED = "sending_refused"
    UNASKED = "deletions_not_asked"
    REJECTED = "key_rejected"
    NOT_ALLOWED = "permission_missing"
    UNAVAILABLE = "channel_unavailable"


TROUBLES = {
    AccountHealth.CREDENTIALS_REJECTED: Worry.REJECTED,
    AccountHealth.NO_PERMISSION: Worry.NOT_ALLOWED,
    AccountHealth.UNAVAILABLE: Worry.UNAVAILABLE,
}
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Spell:
    """One worry about an account. `mark` tells a spell from the next: when it began, was last well, or the key ends."""

    worry: Worry
    mark: datetime
    says: str


@dataclass(frozen=True, slots=True)
class Watched:
    """One account: `rests` says why nobody is meant to listen, `spells` what is wrong though somebody is."""

    spells: tuple[Spell, ...] = ()
    rests: str = ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What staff should know of it besides its last trouble, in sentences."""
        if self.rests:
            return (self.rests,)
        return tuple(spell.says for spell in self.spells if spell.worry not in TROUBLES.values())

    @property
    def unheard(self) -> bool:
        """Whether nobody listens though somebody should."""
        return any(spell.worry == Worry.NOBODY for spell in self.spells)


def watch(account: Account, settings: AccountSettings | None, now: datetime, unasked: Unasked | None = None) -> Watched:
    """`settings` None: the settings do not name the account any more. `unasked`: see listeners.compliance."""
    if account.retired_at:
        since = f"{account.retired_at:%B} {account.retired_at.day}, {account.retired_at.year}"
        return Watched(rests=f"Retired on {since}: neither heard nor answered. What was said stays readable.")
    if not CHANNELS[account.channel].speaks:
        return Watched()  # partners bring their reports themselves
    if settings is None:
        return Watched(
            rests="It is not in the settings any more, so nobody listens. Put it back, or let a supervisor retire it."
        )
    if not settings.enabled:
        return Watched(rests="It is switched off in the settings: neither heard nor answered.")
    spells = (
        _refused(account),
        _nobody(account, settings, now) or _trouble(account, settings, now),
        _unasked(account, unasked, now),
        _silence(account, settings, now),
        _key(account, now),
    )
    return Watched(tuple(spell for spell in spells if spell))


def unheard_accounts(accounts: list[Account], settings: Mapping[str, AccountSettings], now: datetime) -> list[Account]:
    """Those that nobody listens to though somebody should."""
    return [one for one in accounts if watch(one, settings.get(one.name), now).unheard]


def _refused(account: Account) -> Spell | None:
    """Where the outbox found that the key may not write; the ear may be well all the same."""
    if account.refused_since is None:
        return None
    says = (
        f"No reply leaves. {account.refused_because.removesuffix('.')}. What is approved is kept: one reply tries "
        "again every minute, and all go once it is taken. Let the key write, or put one that may into the settings "
        "and restart hark311."
    )
    return Spell(Worry.REFUSED, account.refused_since, says)


def _nobody(account: Account, settings: AccountSettings, now: datetime) -> Spell | None:
    """Where no process has listened for longer than it should be. An ear that rests keeps its lease.

    With webhooks the last contact is no sign: the desk takes in what the channel brings while no worker runs.
    """
    contact = None if settings.webhooks else account.last_contact_at
    signs = [at for at in (account.lease_until, contact, account.resume_at) if at]
    if not signs or now - max(signs) <= NOBODY_AFTER:
        return None
    says = (
        f"Nobody is listening: no process has heard this account for {_long(now - max(signs))}. Start hark311, or its "
        "worker; it goes on where it stopped."
    )
    return Spell(Worry.NOBODY, max(signs), says)


def _trouble(account: Account, settings: AccountSettings, now: datetime) -> Spell | None:
    """Where somebody listens and hears nothing: a refused key, a missing permission, no answer for some time.

    With webhooks the last contact moves on while the trouble lasts: then a spell is told anew each day.
    """
    worry, contact = TROUBLES.get(account.health), account.last_contact_at or NEVER
    if worry is None or (worry == Worry.UNAVAILABLE and now - contact <= UNAVAILABLE_AFTER):
        return None
    mark = contact.replace(hour=0, minute=0, second=0, microsecond=0) if settings.webhooks else contact
    since = "" if worry != Worry.UNAVAILABLE or contact == NEVER else f"Not heard for {_long(now - contact)}. "
    return Spell(worry, mark, f"{since}{account.trouble}")


def _unasked(account: Account, unasked: Unasked | None, now: datetime) -> Spell | None:
    """Where posts deleted on the channel may still be read here."""
    if unasked is None:
        return None
    label = CHANNELS[account.channel].label
    stopped = f" {unasked.trouble}" if unasked.trouble else ""
    says = (
        f"{label} was not asked for {_long(now - unasked.since)} which of the stored posts are deleted there, and "
        f"wants them gone here within {_long(LONGEST)}: some may still be readable.{stopped} It is tried again every "
        "ten minutes; run hark doctor, which says what the key may do."
    )
    return Spell(Worry.UNASKED, unasked.since, says)


def _silence(account: Account, settings: AccountSettings, now: datetime) -> Spell | None:
    heard = account.heard_at or account.began_at
    if heard is None or now - heard <= timedelta(hours=settings.silence_hours):
        return None
    says = (
        f"Unusually silent: no post to us for {_long(now - heard)}. Look at the account on its own network; if posts "
        "stand there that are not here, run hark doctor."
    )
    return Spell(Worry.SILENCE, heard, says)


def _key(account: Account, now: datetime) -> Spell | None:
    ends = account.key_expires_at
    if ends is None or ends - now > KEY_NOTICE:
        return None
    day, do = f"{ends:%B} {ends.day}", "Make a new one on the channel and put it into the settings"
    if ends <= now:
        return Spell(Worry.KEY, ends, f"Its key ran out on {day}. {do}.")
    return Spell(Worry.KEY, ends, f"Its key runs out on {day}, in {_long(ends - now)}. {do} before.")


def _long(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 72 * 60 else f"{minutes // 1440} days"
