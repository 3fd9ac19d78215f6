"""What a decision at the desk teaches the classifier: a label per task, written with the decision (invariant 11).

A label is written for posts from X, too: it is counted, and `models.labels.training_labels` leaves it out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, delete, select

from models import (
    Account,
    Intent,
    Label,
    LabelSource,
    LabelTask,
    Mention,
    Service,
    ServiceRequest,
    StaffUser,
    Understanding,
)

CategoryOf = Callable[[Service], str]
"""The category that a service of the city stands for; its own code where it stands for none."""


@dataclass(frozen=True, slots=True)
class Said:
    """What stood in the fields about the post itself when a person decided. None: "unsure", or no service chosen."""

    intent: Intent | None = None
    service_code: str | None = None


def own_code(service: Service) -> str:
    """The category of a service where nothing else is known about it."""
    return service.service_code


@dataclass(frozen=True, slots=True)
class Lesson:
    """One decision about one mention, and how to write down what it teaches."""

    session: Session
    mention: Mention
    staff: StaffUser
    said: Said | None
    category_of: CategoryOf
    now: datetime

    def approved(self, request: ServiceRequest | None) -> None:
        """The service it is filed with is the category, and the intent is what the person left or chose.

        Where nothing is filed, only a service the person chose against the suggestion says anything.
        """
        if request is not None and request.service_code:
            self._category(request.service_code)
        else:
            self._category_against_the_suggestion()
        if self.said is not None and self.said.intent is not None:
            self._intent(self.said.intent)

    def rejected(self) -> None:
        """Closing confirms nothing: only what the person changed says anything."""
        self._category_against_the_suggestion()
        newest = self._newest()
        if self.said and self.said.intent and self.said.intent != (newest.intent if newest else None):
            self._intent(self.said.intent)

    def set_aside(self) -> None:
        """It is chatter, unless the person said that it is something else, or that they are unsure."""
        newest = self._newest()
        suggested = newest.intent if newest else None
        if self.said is None or self.said.intent == suggested:
            self._intent(Intent.CHATTER)
        elif self.said.intent is not None:
            self._intent(self.said.intent)
        self._category_against_the_suggestion()

    def _category_against_the_suggestion(self) -> None:
        newest = self._newest()
        chosen = self.said.service_code if self.said else None
        if chosen and chosen != (newest.service_code if newest else None):
            self._category(chosen)

    def _category(self, service_code: str) -> None:
        newest = self._newest()
        suggested = newest.service_code if newest else None
        value = self.category(service_code)
        if value:
            self.write(
                LabelTask.CATEGORY,
                value,
                LabelSource.CONFIRMED if service_code == suggested else LabelSource.CORRECTED,
                self.category(suggested) if suggested else "",
                newest.service_probability if newest and suggested else 0.0,
            )

    def category(self, service_code: str) -> str:
        """What a service stands for, as its labels have it; "" for a service that is not known."""
        service = self.session.get(Service, service_code)
        return (service.category or self.category_of(service)) if service else ""

    def _intent(self, intent: Intent) -> None:
        newest = self._newest()
        suggested = newest.intent if newest else None
        self.write(
            LabelTask.INTENT,
            intent,
            LabelSource.CONFIRMED if intent == suggested else LabelSource.CORRECTED,
            suggested or "",
            newest.intent_probability if newest and suggested else 0.0,
        )

    def write(self, task: LabelTask, value: str, source: LabelSource, suggested: str, probability: float) -> None:
        """A later decision about the same mention replaces the label of an earlier one.

        What a person said about this very reading already stays theirs, with its time.
        """
        newest = self._newest()
        label = self.session.exec(
            select(Label).where(Label.mention_id == self.mention.id, Label.task == task)
        ).first() or Label(task=task, value="", source=source, mention_id=self.mention.id, at=self.now)
        same = (label.value, label.source) == (value, source)
        if label.id is not None and same and newest is not None and label.at >= newest.created_at:
            return
        label.value, label.source, label.at, label.staff_id = value, source, self.now, self.staff.id
        label.suggested, label.probability = suggested, probability
        label.language = newest.language if newest else "und"
        label.model_version = newest.model_version if newest else ""
        label.channel = self.session.get_one(Account, self.mention.account_id).channel
        self.session.add(label)

    def _newest(self) -> Understanding | None:
        return self.session.exec(
            select(Understanding)
            .where(Understanding.mention_id == self.mention.id)
            .order_by(col(Understanding.id).desc())
            .limit(1)
        ).first()


def unlearn(session: Session, mention: Mention, since: datetime) -> None:
    """A decision was taken back while it was held: what it taught goes with it."""
    session.exec(delete(Label).where(col(Label.mention_id) == mention.id, col(Label.at) >= since))
