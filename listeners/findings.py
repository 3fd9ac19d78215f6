"""What `hark doctor` looks at on every channel in the same way, once the channel has told it."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from listeners.protocol import Finding

MOST_APART = timedelta(seconds=60)


def finding(what: str, ok: bool | None, says: str, otherwise: str, advice: str) -> Finding:
    """What is as it should be, or `otherwise` with what to do; None where it cannot be told."""
    if ok is None:
        return Finding(what, None, "it cannot be told")
    return Finding(what, True, says) if ok else Finding(what, False, otherwise, advice)


def named_operator(operator: str, profile: str, advice: str) -> Finding:
    """Whether a profile says who answers for the account. `advice`: where on the channel that is written."""
    if not operator:
        said = "the settings do not say who answers for this account"
        return Finding("named operator", False, said, f"Set `operator` on the account, and name them. {advice}")
    says, otherwise = f"the profile names {operator}", f"the profile does not name {operator}"
    return finding("named operator", operator.casefold() in profile.casefold(), says, otherwise, advice)


def bot_label(labelled: bool, advice: str) -> Finding:
    """Whether the channel shows the account as automated. `advice`: where that is switched on."""
    return finding("bot label", labelled, "labelled as automated", "not labelled as automated", advice)


def clock(ours: datetime, date: str, channel: str) -> Finding:
    """This machine's clock against the Date header of a channel's last answer; "" where there was none."""
    try:
        apart = abs(ours - parsedate_to_datetime(date).astimezone(UTC))
    except (TypeError, ValueError):
        return Finding("clock", None, f"{channel} did not say what time it is")
    off = f"this machine's clock is {apart.total_seconds():.0f} s away from {channel}'s"
    advice = "Turn on time synchronisation (chrony, systemd-timesyncd) here: keys are signed with the time."
    return finding("clock", apart <= MOST_APART, f"it agrees with {channel}'s", off, advice)
