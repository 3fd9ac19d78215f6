"""Questions without a card, counted on both databases; and two people who write the same version of a text."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from hark311.cards import unanswered
from models import (
    AnswerLength,
    Database,
    Intent,
    KnowledgeAnswer,
    KnowledgeCard,
    Mention,
    Post,
    ReplyTemplate,
    Understanding,
)
from models.deletion import forget_post
from responders.drafting import Key
from responders.registry import length_of
from responders.rewording import NotKept, Rewording, Written
from tests.rows import MORNING, a_mention

NOW = MORNING + timedelta(hours=1)


def question(session: Session, text: str, service: str = "") -> Mention:
    mention = a_mention(session, text)
    mention.service_code = service
    session.add(
        Understanding(
            mention_id=mention.id or 0,
            mention_version=mention.version,
            model_version="test",
            language="en",
            intent=Intent.QUESTION,
            created_at=MORNING,
        )
    )
    session.flush()
    return mention


def test_questions_without_a_card_are_counted_by_service_and_word(either_database: Database) -> None:
    with either_database.write() as session:
        for text in ("where do I vote", "can I vote by mail", "recycling bin please"):
            question(session, text)
        question(session, "when do you sweep my street", "SWEEPING")
        gone = question(session, "vote vote vote zanzibar")
        old = question(session, "vote in spring")
        old.received_at = NOW - timedelta(days=91)
        card = KnowledgeCard(question="How do I get a recycling bin?", owner="o", source="s", changed_at=NOW)
        session.add(card)
        session.flush()
        short = AnswerLength.SHORT
        session.add(KnowledgeAnswer(card_id=card.id or 0, language="en", length=short, text="At the centre."))
    with either_database.write() as session:
        post = session.exec(select(Post).where(Post.mention_id == gone.id)).one()
        forget_post(session, post, "test", "deleted by its author", NOW)
    with either_database.read() as session:
        groups = unanswered(session, NOW.date(), NOW)
    assert [(one.service_code, one.count) for one in groups] == [("", 2), ("SWEEPING", 1)]
    assert groups[0].words[0] == "vote"


def test_of_two_new_versions_made_in_the_same_moment_one_is_kept(either_database: Database) -> None:
    def kept(session: Session, body: str) -> ReplyTemplate | None:
        written = Written(Key.ASK_SERVICE, "en", body, "What is it?", seen=1)
        return Rewording(session, length_of, None, datetime(2026, 11, 20, tzinfo=UTC)).keep(written)

    with either_database.write() as session:
        session.add(ReplyTemplate(key="ask_service", language="en", body="What is it?"))
    with either_database.write() as session:
        kept(session, "What happened?")
    with pytest.raises(NotKept, match="changed this wording meanwhile"), either_database.write() as session:
        kept(session, "What is wrong?")
    with either_database.read() as session:
        assert session.exec(select(ReplyTemplate.body).where(ReplyTemplate.version == 2)).all() == ["What happened?"]
