"""After a longer silence of ours: what a channel does not keep for us that long is a gap, and is told as one."""

from datetime import UTC, datetime

from sqlmodel import Session

from models import CHANNELS, Account, Gap
from models.ledger import count_intake


def note_silence(session: Session, account: Account, now: datetime) -> None:
    """Open a gap where an account was not heard for longer than its channel keeps what nobody fetches.

    To be called before the new contact is written down. Nothing can fill it: staff look into the chats and close it.
    """
    channel, since = CHANNELS[account.channel], account.last_contact_at
    if channel.keeps_unheard is None or since is None or now - since <= channel.keeps_unheard:
        return
    kept = f"{channel.keeps_unheard.total_seconds() / 3600:.0f} hours"
    gap = Gap(
        account_id=account.id or 0,
        reason=f"Nobody listened from {since:%Y-%m-%d %H:%M} to {now:%Y-%m-%d %H:%M} UTC, and {channel.label} keeps "
        f"what nobody fetches for {kept}: what was written before "
        f"{now - channel.keeps_unheard:%Y-%m-%d %H:%M} is not heard",
        noticed_at=now,
        trouble=f"{channel.label} does not give it again. Look into the groups, and close this when you have",
    )
    session.add(gap)
    count_intake(session, account.id or 0, now.astimezone(UTC).date(), gaps_opened=1)
