"""What the classifier made of a mention, with the evidence for it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.database import UTCDateTime, json_column, str_enum
from models.places import Candidate


class Intent(StrEnum):
    SERVICE_REQUEST = "service_request"
    STATUS_ENQUIRY = "status_enquiry"
    QUESTION = "question"
    COMPLAINT = "complaint"
    PRAISE = "praise"
    EMERGENCY = "emergency"
    CHATTER = "chatter"


class LabelTask(StrEnum):
    """What a person can say about a suggestion. Models are trained on the first two (`models.labels.TRAINED`)."""

    CATEGORY = "category"
    INTENT = "intent"
    URGENCY = "urgency"
    LANGUAGE = "language"
    PLACE = "place"


class EvidenceKind(StrEnum):
    """What in the post a suggestion rests on (invariant 9)."""

    INTENT = "intent"
    CATEGORY = "category"
    DANGER = "danger"
    LOCATION = "location"
    LANGUAGE = "language"
    PRIVATE = "private"


class Evidence(BaseModel):
    """The words (start, end: code points of the post's text), pin or photo a suggestion came from.

    `post_id` names the post the span is in; a classifier leaves it out, and who stores the evidence fills it in.
    `start == end` with a `note` stands for something that is no text: a shared pin, a photo.
    """

    kind: EvidenceKind
    start: int
    end: int
    post_id: int | None = None
    rule: str = ""
    note: str = ""


class Guess(BaseModel):
    """One possible answer with its probability, 0 to 1."""

    value: str
    probability: float


class Contribution(BaseModel):
    """How much some words of a post speak for a guess: `weight` is a part of the guess's score, negative if against.

    start, end: code points of the post's text.
    """

    start: int
    end: int
    weight: float
    post_id: int | None = None


class Explanation(BaseModel):
    """Why a guess has the score it has, exactly: score = rest + encoder + the weights of `words` (invariant 9).

    `score` is the logit before the softmax. `rest` holds what no shown words carry: how often people write about it
    at all, and words too faint to show. `encoder` is what the sentence as a whole added; 0.0 where it was not asked.
    `occluded`: how much the score falls when these words are covered; made when a person opens the mention.
    """

    task: LabelTask
    value: str
    probability: float
    score: float
    rest: float
    encoder: float = 0.0
    words: list[Contribution] = []
    occluded: list[Contribution] | None = None


class Problem(BaseModel):
    """One of several problems that one post tells of, and the words (code points) that tell of it."""

    service_code: str
    probability: float
    start: int
    end: int
    post_id: int | None = None


class Understanding(SQLModel, table=True):
    """What the classifier made of one version of a mention. `abstained` means: too unsure, a person decides."""

    __table_args__ = (Index("ix_understanding_mention", "mention_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id")
    mention_version: int = 1
    model_version: str
    language: str = "und"
    language_probability: float = 0.0
    intent: Intent | None = Field(default=None, sa_type=str_enum(Intent))
    intent_probability: float = 0.0
    service_code: str | None = None
    service_probability: float = 0.0
    runners_up: list[dict[str, Any]] = Field(default_factory=list, sa_type=json_column())
    danger: bool = False
    danger_rule: str = ""
    location_phrase: str = ""
    abstained: bool = False
    abstained_because: str = Field(default="", description="why it suggests nothing, for a person to read")
    failure: str = Field(default="", description="why the classifier gave no answer, for a person to read")
    evidence: list[dict[str, Any]] = Field(default_factory=list, sa_type=json_column())
    intents: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=json_column(), description="intents with their probability, best first"
    )
    problems: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=json_column(), description="two or more problems, each with its words"
    )
    explanations: list[dict[str, Any]] = Field(default_factory=list, sa_type=json_column())
    danger_score: float = Field(default=0.0, description="second opinion on the danger, 0 to 1; orders, never hides")
    places: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=json_column(), description="candidates for where it is, best first"
    )
    place_question: str = Field(default="", description="what to ask the resident before a crew can go")
    place_note: str = Field(default="", description="what a person should know: a disagreement, outside the city")
    gazetteer_version: str = ""
    created_at: datetime = Field(sa_type=UTCDateTime)

    def certainty(self) -> float:
        """How sure it is of its least sure suggestion, 0 to 1 with four places; 0 where the classifier failed.

        Orders the queue by what a person's decision teaches most. Where there is nothing to file (praise, chatter)
        only the intent counts.
        """
        if self.failure:
            return 0.0
        intent = (
            self.intent_probability if self.intent else max((one["probability"] for one in self.intents), default=0)
        )
        if self.service_code:
            service = self.service_probability
        else:
            service = max((one["probability"] for one in self.runners_up), default=0) if self.abstained else 1.0
        return round(min(intent, service, 1.0), 4)

    def evidence_spans(self) -> list[Evidence]:
        """The stored evidence as values."""
        return [Evidence.model_validate(one) for one in self.evidence]

    def explained(self) -> list[Explanation]:
        """Why each guess has its score."""
        return [Explanation.model_validate(one) for one in self.explanations]

    def problems_told(self) -> list[Problem]:
        """The problems the post tells of, where there are several."""
        return [Problem.model_validate(one) for one in self.problems]

    def candidates(self) -> list[Candidate]:
        """Where it may be, best first."""
        return [Candidate.model_validate(one) for one in self.places]

    def guesses(self) -> list[Guess]:
        """The runner-up services, best first."""
        return [Guess.model_validate(one) for one in self.runners_up]
