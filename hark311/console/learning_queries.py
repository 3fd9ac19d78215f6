"""What staff's decisions say about the classifier, and how its answers change: bounded reads for one page.

Labels are counted among the newest LABELS_LOOKED_AT. Answers are a sample of at most SAMPLED, spread evenly over the
weeks shown and read by their ids; neither depends on how many are stored.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy
from sqlmodel import Session, col, func, select

from models import Channel, Label, LabelSource, LabelTask, Understanding
from models.labels import TRAINED

LABELS_LOOKED_AT = 50_000
SAMPLED = 6_000
AT_ONCE = 500
WEEKS = 12
RECENT = timedelta(days=30)
CATEGORIES_SHOWN = 6


@dataclass(slots=True)
class Tally:
    """How often staff left a suggestion as it was, and how often they changed it."""

    confirmed: int = 0
    corrected: int = 0

    @property
    def decided(self) -> int:
        return self.confirmed + self.corrected

    @property
    def rate(self) -> float:
        """The share that was changed; 0.0 where nothing was decided."""
        return self.corrected / self.decided if self.decided else 0.0

    def add(self, source: LabelSource, number: int) -> None:
        if source == LabelSource.CORRECTED:
            self.corrected += number
        else:
            self.confirmed += number


@dataclass(slots=True)
class Overridden:
    """One category, intent or language: the last 30 days beside what was before."""

    recent: Tally = field(default_factory=Tally)
    before: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class Labels:
    """What was labelled: counts per task, and how often each suggestion was changed, by what was suggested."""

    counts: dict[LabelTask, Counter[str]]
    by_value: dict[LabelTask, dict[str, Overridden]]
    by_language: dict[str, Overridden]
    unsuggested: Counter[LabelTask]
    all_counted: bool


@dataclass(frozen=True, slots=True)
class Week:
    """The answers of one week, as shares of those sampled. `sure` is None where no service was suggested."""

    begins: date
    read: int
    sure: float | None
    unsure: float | None
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Drift:
    """The weeks, oldest first; the categories with the most posts, and the largest share any of them had in a week."""

    weeks: list[Week]
    categories: list[str]
    largest: float
    sampled: int
    of: int


def labels(session: Session, now: datetime) -> Labels:
    """What staff and files have labelled, among the newest LABELS_LOOKED_AT."""
    newest = (
        sqlalchemy.select(
            col(Label.task),
            col(Label.source),
            col(Label.language),
            col(Label.suggested),
            (col(Label.at) >= now - RECENT).label("recent"),
            func.coalesce(col(Label.channel) == Channel.X, False).label("from_x"),
        )
        .where(col(Label.task).in_(TRAINED))
        .order_by(col(Label.id).desc())
        .limit(LABELS_LOOKED_AT)
        .subquery()
    )
    grouped = sqlalchemy.select(*newest.c, func.count()).group_by(*newest.c)
    found = Labels({task: Counter() for task in LabelTask}, {task: {} for task in LabelTask}, {}, Counter(), True)
    total = 0
    for task, source, language, suggested, lately, x, number in session.execute(grouped):
        total += number
        found.counts[task][source] += number
        found.counts[task]["x"] += number if x else 0
        if source == LabelSource.IMPORTED:
            continue
        if not suggested:
            found.unsuggested[task] += number
            continue
        about = [found.by_value[task].setdefault(suggested, Overridden())]
        if task == LabelTask.CATEGORY:
            about.append(found.by_language.setdefault(language, Overridden()))
        for overridden in about:
            (overridden.recent if lately else overridden.before).add(source, number)
    found.all_counted = total < LABELS_LOOKED_AT
    return found


def drift(session: Session, now: datetime, zone: ZoneInfo, category_of: Mapping[str, str]) -> Drift:
    """The classifier's answers week by week. `category_of`: service_code -> category."""
    this_week = _monday(now, zone)
    mondays = [this_week - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    since = datetime.combine(mondays[0], time.min, zone)
    first, last = _first_since(session, since), session.exec(select(func.max(Understanding.id))).one() or 0
    rows = list(_sample(session, first, last)) if first is not None else []
    by_week: dict[date, list[tuple[str | None, float, bool]]] = defaultdict(list)
    for at, code, probability, abstained in rows:
        by_week[_monday(at, zone)].append((category_of.get(code, code) if code else None, probability, abstained))
    totals = Counter(category for answers in by_week.values() for category, _, _ in answers if category)
    shown = [category for category, _ in totals.most_common(CATEGORIES_SHOWN)]
    weeks = [_week(monday, by_week.get(monday, [])) for monday in mondays]
    largest = max((week.shares.get(category, 0.0) for week in weeks for category in shown), default=0.0)
    return Drift(weeks, shown, largest, len(rows), last - first + 1 if first is not None else 0)


def _week(monday: date, answers: Sequence[tuple[str | None, float, bool]]) -> Week:
    number = len(answers)
    suggested = [probability for category, probability, _ in answers if category]
    counts = Counter(category for category, _, _ in answers if category)
    return Week(
        begins=monday,
        read=number,
        sure=sum(suggested) / len(suggested) if suggested else None,
        unsure=sum(abstained for _, _, abstained in answers) / number if number else None,
        shares={category: count / number for category, count in counts.items()},
    )


def _monday(at: datetime, zone: ZoneInfo) -> date:
    day = at.astimezone(zone).date()
    return day - timedelta(days=day.weekday())


def _first_since(session: Session, since: datetime) -> int | None:
    """The id of the first answer not older than `since`; None where there is none. Ids rise with time."""
    low, high = session.exec(select(func.min(Understanding.id), func.max(Understanding.id))).one()
    if low is None or high is None:
        return None
    found = None
    while low <= high:
        middle = (low + high) // 2
        row = session.exec(
            select(Understanding.id, Understanding.created_at)
            .where(col(Understanding.id) >= middle)
            .order_by(col(Understanding.id))
            .limit(1)
        ).one()
        if row[1] >= since:
            found, high = row[0], middle - 1
        else:
            low = (row[0] or 0) + 1
    return found


def _sample(session: Session, first: int, last: int) -> Iterator[tuple[datetime, str | None, float, bool]]:
    step = max(1, -(-(last - first + 1) // SAMPLED))
    ids = range(first, last + 1, step)
    query = select(
        Understanding.created_at, Understanding.service_code, Understanding.service_probability, Understanding.abstained
    )
    for start in range(0, len(ids), AT_ONCE):
        yield from session.exec(query.where(col(Understanding.id).in_(ids[start : start + AT_ONCE]))).all()
