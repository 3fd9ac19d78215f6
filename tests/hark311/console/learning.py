"""Rows about what the classifier thinks and learns, for the desk's tests. Every word here is made up."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from hark311.product import ModelVersion
from models import (
    Channel,
    Contribution,
    Explanation,
    Guess,
    Intent,
    Label,
    LabelSource,
    LabelTask,
    Mention,
    Post,
    Problem,
    Referral,
    Understanding,
)
from tests.hark311.console.factories import first_post, make_mention, the_account, understand

TWO_PROBLEMS = "The pothole by the school is deep again, thanks a lot. And the street light over it is out."


def contribution(post: Post, phrase: str, weight: float) -> Contribution:
    start = post.text.index(phrase)
    return Contribution(start=start, end=start + len(phrase), weight=weight, post_id=post.id)


def problem(post: Post, service_code: str, probability: float, phrase: str) -> Problem:
    start = post.text.index(phrase)
    end = start + len(phrase)
    return Problem(service_code=service_code, probability=probability, start=start, end=end, post_id=post.id)


def make_explained(session: Session, at: datetime, *, channel: Channel = Channel.TELEGRAM) -> Mention:
    """A mention of two problems with everything a classifier can say about it. Needs make_services."""
    mention = make_mention(session, the_account(session, channel), at, TWO_PROBLEMS)
    post = first_post(session, mention)
    understanding = understand(
        session, mention, post, at, probability=0.71, runners_up=[("SR-LT03", 0.22), ("SR-DU04", 0.04)]
    )
    understanding.intents = [
        Guess(value=intent, probability=probability).model_dump()
        for intent, probability in ((Intent.SERVICE_REQUEST, 0.9), (Intent.COMPLAINT, 0.07))
    ]
    understanding.problems = [
        problem(post, "SR-ST01", 0.9, "The pothole by the school is deep again").model_dump(),
        problem(post, "SR-LT03", 0.8, "the street light over it is out").model_dump(),
    ]
    words = [("pothole", 2.4), ("deep", 0.9), ("school", 0.05), ("street light", -1.2)]
    category = Explanation(
        task=LabelTask.CATEGORY,
        value="SR-ST01",
        probability=0.71,
        score=2.5,
        rest=-0.35,
        encoder=0.7,
        words=[contribution(post, phrase, weight) for phrase, weight in words],
    )
    intent = Explanation(
        task=LabelTask.INTENT,
        value=Intent.SERVICE_REQUEST,
        probability=0.9,
        score=1.5,
        rest=0.5,
        words=[contribution(post, "is out", 1.2), contribution(post, "thanks", -0.2)],
    )
    understanding.explanations = [one.model_dump(mode="json") for one in (category, intent)]
    session.add(understanding)
    return mention


def add_label(
    session: Session,
    at: datetime,
    value: str = "POTHOLE",
    *,
    suggested: str | None = None,
    task: LabelTask = LabelTask.CATEGORY,
    channel: Channel = Channel.TELEGRAM,
    language: str = "en",
) -> Label:
    """What a person said at the desk; confirmed unless something else was suggested."""
    suggested = value if suggested is None else suggested
    source = LabelSource.CONFIRMED if suggested == value else LabelSource.CORRECTED
    label = Label(
        task=task, value=value, source=source, suggested=suggested, channel=channel, language=language, text="", at=at
    )
    session.add(label)
    return label


def make_referrals(session: Session) -> None:
    session.add(Referral(danger="gas", call="River Gas", number="555-0100", note="Leave first."))
    session.add(Referral(danger="wires", call="River Power", number="555-0199"))


class Covering:
    """An explainer of a test's own: the longest word of the first post counts; it notes how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def occlude(self, understanding: Understanding, posts: Sequence[Post]) -> list[Explanation]:
        self.asked += 1
        explained, longest = understanding.explained(), max(posts[0].text.split(), key=len)
        explained[0].occluded = [contribution(posts[0], longest, 0.8)]
        return explained


class TwoVersions:
    """A folder of models of a test's own."""

    def __init__(self, made_at: datetime) -> None:
        self.made_at = made_at

    def versions(self, task: LabelTask) -> list[ModelVersion]:
        if task == LabelTask.INTENT:
            return []
        return [
            ModelVersion("category-2", self.made_at, 1240, 0.79, 0.92, True),
            ModelVersion("category-1", None, 0, 0.74, 0.89, False),
        ]
