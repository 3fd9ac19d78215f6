"""`hark status`: how things stand, from the database alone; works while everything else is down."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from sqlmodel import col, func, select

from hark311.settings import AccountSettings
from hark311.supervisor import running_pids
from hark311.watching import Watched, watch
from listeners.compliance import unasked
from models import (
    Account,
    Alarm,
    Database,
    Gap,
    GeocoderTurn,
    Mention,
    Post,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    UnreadablePost,
    utc_now,
)
from models.lifecycle import WAITING_FOR_A_PERSON


@dataclass(slots=True)
class Status:
    """Everything `hark status --json` prints. Times are ISO 8601 in UTC, ages in seconds."""

    pids: dict[str, int]
    posts: int
    mentions: dict[str, int]
    replies: dict[str, int]
    requests: dict[str, int]
    oldest_waiting: str | None
    oldest_waiting_seconds: float | None
    listeners: list[dict[str, Any]]
    open_gaps: list[dict[str, Any]]
    open_alarms: int
    unreadable: int
    outbox: dict[str, int] = field(default_factory=dict)
    geocoder: dict[str, Any] | None = None
    """The one that is on, with its trouble ("" for none) and how often in a row it failed."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def status_of(
    database: Database,
    data: Path,
    accounts: Mapping[str, AccountSettings],
    now: datetime | None = None,
    geocoder: str = "none",
) -> Status:
    """Count what is where. geocoder: the setting of this name; accounts: those of the settings."""
    moment = now or utc_now()
    with database.read() as session:

        def counted(column: Any) -> dict[str, int]:
            rows = session.exec(select(column, func.count()).group_by(column)).all()
            return {str(state): count for state, count in sorted(rows)}

        oldest = session.exec(
            select(func.min(Mention.received_at)).where(col(Mention.state).in_(WAITING_FOR_A_PERSON))
        ).one()
        oldest = oldest.replace(tzinfo=UTC) if oldest and oldest.tzinfo is None else oldest
        gaps = session.exec(
            select(Gap, Account.name)
            .join(Account, col(Account.id) == Gap.account_id)
            .where(col(Gap.closed_at).is_(None))
        ).all()
        replies, requests = counted(Reply.state), counted(ServiceRequest.state)
        return Status(
            pids=running_pids(data),
            posts=session.exec(select(func.count()).select_from(Post)).one(),
            mentions=counted(Mention.state),
            replies=replies,
            requests=requests,
            oldest_waiting=oldest.isoformat() if oldest else None,
            oldest_waiting_seconds=(moment - oldest).total_seconds() if oldest else None,
            listeners=[
                _listener(one, watch(one, accounts.get(one.name), moment, unasked(session, one, moment)))
                for one in session.exec(select(Account).order_by(Account.name)).all()
            ],
            open_gaps=[
                {"account": name, "reason": gap.reason, "noticed_at": gap.noticed_at.isoformat()} for gap, name in gaps
            ],
            open_alarms=session.exec(select(func.count()).where(col(Alarm.acknowledged_at).is_(None))).one(),
            unreadable=session.exec(select(func.count()).where(col(UnreadablePost.closed_at).is_(None))).one(),
            outbox={
                "replies waiting": replies.get(ReplyState.APPROVED, 0) + replies.get(ReplyState.SENDING, 0),
                "replies uncertain": replies.get(ReplyState.UNCERTAIN, 0),
                "replies failed": replies.get(ReplyState.FAILED, 0),
                "requests waiting": requests.get(RequestState.APPROVED, 0) + requests.get(RequestState.SUBMITTING, 0),
                "requests uncertain": requests.get(RequestState.UNCERTAIN, 0),
                "requests refused": requests.get(RequestState.REFUSED, 0),
            },
            geocoder=_geocoder(session.get(GeocoderTurn, geocoder), geocoder) if geocoder != "none" else None,
        )


def _geocoder(turn: GeocoderTurn | None, provider: str) -> dict[str, Any]:
    """`turn` is None where it was never asked."""
    return {
        "provider": provider,
        "trouble": turn.trouble if turn else "",
        "failures": turn.failures if turn else 0,
    }


def _listener(account: Account, watched: Watched) -> dict[str, Any]:
    return {
        "account": account.name,
        "channel": str(account.channel),
        "handle": account.handle,
        "health": str(account.stands),
        "trouble": account.trouble,
        "last_contact": account.last_contact_at.isoformat() if account.last_contact_at else None,
        "newest_post": account.heard_at.isoformat() if account.heard_at else None,
        "retired": account.retired_at is not None,
        "warnings": list(watched.warnings),
    }


def rendered(status: Status) -> RenderableType:
    """The status as tables for a person."""
    listeners = Table("account", "channel", "health", "last contact", "trouble", title="Listeners")
    for one in status.listeners:
        listeners.add_row(
            one["account"],
            one["channel"],
            "retired" if one["retired"] else one["health"],
            one["last_contact"] or "never",
            " ".join(filter(None, (one["trouble"], *one["warnings"]))) or "none",
        )
    counts = Table("what", "state", "count", title="Counts")
    for what, states in (("mention", status.mentions), ("reply", status.replies), ("request", status.requests)):
        for state, count in states.items():
            counts.add_row(what, state.replace("_", " "), str(count))
    for what, count in status.outbox.items():
        counts.add_row("outbox", what, str(count))
    facts = Table(show_header=False, title="hark311")
    running = ", ".join(f"{name} {pid}" for name, pid in status.pids.items())
    facts.add_row("running", running or "nothing (start it with: hark up)")
    facts.add_row("posts stored", str(status.posts))
    facts.add_row("oldest waiting since", status.oldest_waiting or "nothing waits")
    facts.add_row("open danger alarms", str(status.open_alarms))
    facts.add_row("unreadable posts", str(status.unreadable))
    if status.geocoder:
        facts.add_row("geocoder", f"{status.geocoder['provider']}: {status.geocoder['trouble'] or 'no trouble'}")
    for gap in status.open_gaps:
        facts.add_row("gap", f"{gap['account']}: {gap['reason']}")
    return Group(facts, listeners, counts)
