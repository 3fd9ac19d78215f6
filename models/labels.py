"""What people teach the classifier: every correction and confirmation on the desk, and labels from a file.

The tables, what of them may train a model, and labels as lines of JSON in and out.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError, field_validator
from pydantic import Field as RowField
from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, and_, col, func, or_, select

from models.channels import Account, Channel
from models.database import UTCDateTime, str_enum
from models.mentions import Post
from models.posts import PostKind
from models.requests import Service
from models.threads import newest_versions
from models.understandings import Intent, LabelTask

LONGEST_TEXT = 20_000
"""Code points. The longest thing a channel lets people write is a fifth of it; a thread of posts may be longer."""
CHUNK = 500


TRAINED = (LabelTask.CATEGORY, LabelTask.INTENT)
"""What there are models of; labels of the other tasks are kept, counted, and obeyed for their own mention."""
DANGER, NO_DANGER = "danger", "no_danger"
"""The values of an urgency."""


class LabelSource(StrEnum):
    """`rejected`: a person said that it is not what we suggested, and not what it is; the value is empty."""

    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    REJECTED = "rejected"
    IMPORTED = "imported"


class Label(SQLModel, table=True):
    """One text and what it is, as a person said.

    `value` is an intent, or a category code; for a service of the city that stands for no category, its service_code.
    For an urgency it is DANGER or NO_DANGER, for a language its tag, for a place "LAT,LON NAME" (`placed`).
    The text of a label from the desk stays in its posts, so that deleting them deletes it here too (invariant 6);
    only an imported one holds its own. Labels of posts on X are counted and train nothing (invariant 11).
    `suggested` and `probability` are what the running model had said.
    """

    __table_args__ = (
        UniqueConstraint("mention_id", "task"),
        Index("ix_label_task_at", "task", "at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    task: LabelTask = Field(sa_type=str_enum(LabelTask))
    value: str
    source: LabelSource = Field(sa_type=str_enum(LabelSource))
    mention_id: int | None = Field(default=None, foreign_key="mention.id")
    channel: Channel | None = Field(default=None, sa_type=str_enum(Channel))
    text: str = Field(default="", description="of an imported label; empty for one from the desk")
    language: str = "und"
    suggested: str = Field(default="", description="empty: the model abstained")
    probability: float = 0.0
    model_version: str = ""
    staff_id: int | None = Field(default=None, foreign_key="staff_user.id")
    at: datetime = Field(sa_type=UTCDateTime)


class LabelRow(BaseModel):
    """One label as a line of JSON. Unknown keys are refused; so is a text from X, which may train nothing."""

    model_config = ConfigDict(extra="forbid")

    task: LabelTask
    text: str = RowField(max_length=LONGEST_TEXT)
    value: str = RowField(min_length=1, max_length=100)
    language: str = RowField(default="und", pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{2,8})*$")
    channel: Channel | None = None
    at: AwareDatetime | None = None
    source: LabelSource = LabelSource.IMPORTED

    @field_validator("text")
    @classmethod
    def _can_be_kept(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("there are no words in it")
        if "\x00" in text:
            raise ValueError("it holds a NUL sign, which no database keeps")
        return text

    @field_validator("channel")
    @classmethod
    def _not_from_x(cls, channel: Channel | None) -> Channel | None:
        if channel == Channel.X:
            raise ValueError("posts from X train nothing, so their labels are not taken")
        return channel


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that is no label we can take, by its number from 1, and why."""

    line: int
    why: str


@dataclass(slots=True)
class ImportedLabels:
    """What came of a file of labels."""

    added: int = 0
    replaced: int = 0
    duplicates: int = 0
    refused: list[RefusedLine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text that may train a model, and what it is."""

    text: str
    language: str
    value: str
    channel: Channel | None
    at: datetime


def said_of(session: Session, mention_ids: Collection[int]) -> dict[int, dict[LabelTask, Label]]:
    """What people said about mentions, by mention and by what it is about."""
    found: dict[int, dict[LabelTask, Label]] = {}
    for label in session.exec(select(Label).where(col(Label.mention_id).in_(mention_ids))).all():
        found.setdefault(label.mention_id or 0, {})[label.task] = label
    return found


def dangers_said(session: Session, mention_ids: Collection[int]) -> dict[int, bool]:
    """Whether a person said it is a danger, for the mentions of which one said anything since the newest post came."""
    newest = select(func.max(Post.received_at)).where(Post.mention_id == Label.mention_id).scalar_subquery()
    rows = session.exec(
        select(Label.mention_id, Label.value).where(
            col(Label.mention_id).in_(mention_ids), Label.task == LabelTask.URGENCY, Label.at >= newest
        )
    ).all()
    return {mention_id: value == DANGER for mention_id, value in rows if mention_id}


def placed(name: str, lat: float | None, lon: float | None) -> str:
    """A place as the value of a label."""
    return f"{lat:.6f},{lon:.6f} {name}" if lat is not None and lon is not None else f"- {name}"


def training_labels(session: Session, task: LabelTask) -> Iterator[LabelledText]:
    """What a model of this task may learn from, oldest first. The only door from the labels to training.

    The text of a label from the desk is what its posts say now: those the person had before them, in their newest
    version, joined as the classifier reads them. Left out are posts from X (invariant 11), deleted ones (invariant 6),
    and labels that no words are left of.
    """
    return (labelled for _, labelled in _labelled(session, task))


def export_labels(session: Session, task: LabelTask) -> Iterator[str]:
    """The same labels as lines of JSON, for `import_labels` elsewhere. Nothing from X is among them."""
    for label, one in _labelled(session, task):
        row = LabelRow(
            task=task,
            text=one.text,
            value=one.value,
            language=one.language,
            channel=one.channel,
            at=one.at,
            source=label.source,
        )
        yield row.model_dump_json()


def import_labels(
    session: Session, rows: Iterable[str], now: datetime, *, categories: Collection[str] = ()
) -> ImportedLabels:
    """Take over labels from lines of JSON: task, text, value; language, channel, at, source where they are known.

    Good lines are taken and bad ones are named, so that the mended file can be given again: what is there already is
    skipped and counted. `categories` are the codes the classifier knows; the city's services and their categories are
    good values, too. A label with another value than one imported before for the same text replaces it.
    """
    done = ImportedLabels()
    values = {LabelTask.INTENT: {*Intent}, LabelTask.CATEGORY: {*categories, *_of_the_city(session)}}
    known = {task: _known(session, task) for task in TRAINED}
    for number, line in enumerate(rows, start=1):
        if not line.strip():
            continue
        row = _row(line, values)
        if isinstance(row, str):
            done.refused.append(RefusedLine(number, row))
            continue
        value, label = known[row.task].get(row.text, ("", None))
        if value == row.value or (value and label is None):
            done.duplicates += 1
        elif label is not None:
            label.value, label.at, label.language = row.value, row.at or now, row.language
            session.add(label)
            known[row.task][row.text] = (row.value, label)
            done.replaced += 1
        else:
            label = _imported(row, now)
            session.add(label)
            known[row.task][row.text] = (row.value, label)
            done.added += 1
    return done


def _row(line: str, values: dict[LabelTask, set[str]]) -> LabelRow | str:
    """The label a line holds, or why it cannot be taken; never the line's own words."""
    try:
        row = LabelRow.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"]))
        return f"{field}: {first['msg']}" if field else str(first["msg"])
    if row.task not in values:
        return f"task: no model learns the {row.task}"
    if row.value not in values[row.task]:
        return f"value: there is no {row.task} of this name"
    return row


def _imported(row: LabelRow, now: datetime) -> Label:
    return Label(
        task=row.task,
        value=row.value,
        source=LabelSource.IMPORTED,
        channel=row.channel,
        text=row.text,
        language=row.language,
        at=row.at or now,
    )


def _of_the_city(session: Session) -> set[str]:
    rows = session.exec(select(Service.service_code, Service.category)).all()
    return {code for code, _ in rows} | {category for _, category in rows if category}


def _known(session: Session, task: LabelTask) -> dict[str, tuple[str, Label | None]]:
    """Text -> (value, the imported label it stands in; None: said at the desk, which an import does not change)."""
    found = _labelled(session, task)
    return {one.text: (one.value, label if label.source == LabelSource.IMPORTED else None) for label, one in found}


def _labelled(session: Session, task: LabelTask) -> Iterator[tuple[Label, LabelledText]]:
    """Every label of a task that is not from X and has words left, by rising id, CHUNK at a time."""
    after = 0
    while True:
        labels = session.exec(
            select(Label)
            .where(
                Label.task == task,
                Label.source != LabelSource.REJECTED,
                col(Label.id) > after,
                or_(
                    col(Label.channel) != Channel.X,
                    and_(col(Label.channel).is_(None), col(Label.mention_id).is_(None)),
                ),
            )
            .order_by(col(Label.id))
            .limit(CHUNK)
        ).all()
        if not labels:
            return
        after = labels[-1].id or 0
        said = _said(session, [label for label in labels if label.mention_id])
        for label in labels:
            text = said.get(label.id or 0, "") if label.mention_id else label.text
            if text.strip():
                yield label, LabelledText(text, label.language, label.value, label.channel, label.at)


def _said(session: Session, labels: Sequence[Label]) -> dict[int, str]:
    """Label.id -> what the posts say now that the person had before them."""
    posts: dict[int, list[Post]] = defaultdict(list)
    for post in session.exec(
        select(Post)
        .join(Account, col(Account.id) == Post.account_id)
        .where(
            col(Post.mention_id).in_([label.mention_id for label in labels]),
            Post.kind == PostKind.MENTION,
            col(Post.deleted_at).is_(None),
            Account.channel != Channel.X,
        )
        .order_by(col(Post.id))
    ).all():
        posts[post.mention_id or 0].append(post)
    return {label.id or 0: _before(posts[label.mention_id or 0], label.at) for label in labels}


def _before(posts: Sequence[Post], at: datetime) -> str:
    """Posts heard up to a time, in the newest version of each, joined as the classifier joins them."""
    heard = {post.edit_chain for post in posts if post.received_at <= at}
    return "\n".join(post.text for post in newest_versions([post for post in posts if post.edit_chain in heard]))
