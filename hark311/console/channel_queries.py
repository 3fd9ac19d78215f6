"""The state of our accounts, as the strip beside the queue and the channels page show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from hark311.console import words
from hark311.console.pages import Console
from hark311.simulated import accounts_of
from hark311.watching import Watched, unheard_accounts, watch
from listeners import backfill
from listeners.compliance import unasked
from listeners.lanes import lane_of
from models import CHANNELS, Account, AccountHealth, Channel, Gap, Lane, ListeningRule

LANES = {"messages": "Private messages", "quotes": "Quotes of our posts"}


@dataclass(frozen=True, slots=True)
class Unheard:
    """Something an account hears beside its mentions, and cannot hear now."""

    what: str
    trouble: str
    resume_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChannelState:
    """One of our accounts. `waiting` is what was written before we began and waits for a person.

    `unheard` is for the account's own page: it makes no account unwell, since its mentions are heard all the same.
    """

    account_id: int
    name: str
    label: str
    handle: str
    sign: words.Sign
    sentence: str
    trouble: str
    warnings: tuple[str, ...]
    last_contact_at: datetime | None
    heard_at: datetime | None
    began_at: datetime | None
    resume_at: datetime | None
    retired: bool
    gaps: tuple[Gap, ...]
    waiting: backfill.Waiting | None = None
    unheard: Sequence[Unheard] = ()

    @property
    def well(self) -> bool:
        return self.sign.tone == "ok" and not self.gaps and not self.trouble and not self.warnings


def channel_states(session: Session, console: Console, *, whole: bool = False) -> list[ChannelState]:
    """All our accounts, in the order they were set up. whole: with what waits from before, and what is not heard."""
    settings, now = accounts_of(console.product.settings), console.now()
    listening = select(Account).where(Account.channel != Channel.PARTNER)  # partners have a page of their own
    accounts = session.exec(listening.order_by(col(Account.id))).all()
    gaps = session.exec(select(Gap).where(col(Gap.closed_at).is_(None)).order_by(col(Gap.id)).limit(200)).all()
    return [
        _state(
            account,
            watch(account, settings.get(account.name), now, unasked(session, account, now)),
            tuple(gap for gap in gaps if gap.account_id == account.id),
            backfill.waiting(session, account.id or 0) if whole else None,
            _unheard(session, account) if whole and not account.retired_at else (),
        )
        for account in accounts
    ]


def _unheard(session: Session, account: Account) -> list[Unheard]:
    """What is heard beside the mentions and in trouble now; searches that ended are none of it."""
    rules = select(ListeningRule).where(ListeningRule.account_id == account.id, col(ListeningRule.ended_at).is_(None))
    named = {lane_of(rule.id or 0): f"The search for {rule.label or rule.query}" for rule in session.exec(rules).all()}
    lanes = select(Lane).where(Lane.account_id == account.id, Lane.trouble != "").order_by(col(Lane.id))
    return [
        Unheard(what, lane.trouble, lane.resume_at)
        for lane in session.exec(lanes).all()
        if (what := (LANES | named).get(lane.name))
    ]


def _state(
    account: Account,
    watched: Watched,
    gaps: tuple[Gap, ...],
    waiting: backfill.Waiting | None,
    unheard: Sequence[Unheard],
) -> ChannelState:
    retired = account.retired_at is not None
    return ChannelState(
        account_id=account.id or 0,
        name=account.name,
        label=CHANNELS[account.channel].label,
        handle=f"@{account.handle}" if account.handle else account.name,
        sign=words.RETIRED if retired else words.NOBODY_LISTENS if watched.unheard else words.HEALTH[account.stands],
        sentence="" if retired or watched.unheard else words.HEALTH_SENTENCE[account.stands],
        trouble="" if retired else account.trouble,
        warnings=watched.warnings,
        last_contact_at=account.last_contact_at,
        heard_at=account.heard_at,
        began_at=account.began_at,
        resume_at=account.resume_at if account.health != AccountHealth.OK and not retired else None,
        retired=retired,
        gaps=gaps,
        waiting=waiting,
        unheard=unheard,
    )


def count_unheard(session: Session, console: Console) -> int:
    """How many accounts nobody listens to though somebody should."""
    accounts = session.exec(select(Account)).all()
    return len(unheard_accounts(list(accounts), accounts_of(console.product.settings), console.now()))
