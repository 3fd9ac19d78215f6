"""How quickly dangers were seen, in a period: acknowledged after how long, and how many had to be escalated."""

from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlmodel import Session, col, select

from models import Alarm


@dataclass(frozen=True, slots=True)
class DangerFigures:
    """Of the alarms raised in a period. `seconds`: median from raised to acknowledged; None: none was acknowledged."""

    raised: int
    acknowledged: int
    escalated: int
    seconds: float | None

    def as_dict(self) -> dict[str, int | float | None]:
        """What `hark kpis --json` prints."""
        return {
            "raised": self.raised,
            "acknowledged": self.acknowledged,
            "escalated": self.escalated,
            "median_seconds_to_acknowledge": self.seconds,
        }


def danger_figures(session: Session, since: datetime, until: datetime) -> DangerFigures:
    """An alarm that was raised anew counts from then."""
    raised = session.exec(select(Alarm).where(col(Alarm.raised_at) >= since, col(Alarm.raised_at) <= until)).all()
    waited = [(one.acknowledged_at - one.raised_at).total_seconds() for one in raised if one.acknowledged_at]
    return DangerFigures(
        raised=len(raised),
        acknowledged=len(waited),
        escalated=sum(one.escalated > 0 for one in raised),
        seconds=median(waited) if waited else None,
    )
