"""Invariant 9: every suggestion carries its evidence, its probability and who made it; too unsure is a value."""

from collections.abc import Sequence

import pytest
from sqlmodel import select

from classifier.protocol import Understood
from classifier.reading import Reader
from models import EvidenceKind, MentionState, Post, Service, Understanding
from tests.town import Town


def _understanding(town: Town, mention_id: int | None) -> Understanding:
    with town.database.read() as session:
        return session.exec(select(Understanding).where(Understanding.mention_id == mention_id)).one()


def test_a_suggestion_names_the_words_it_rests_on(town: Town) -> None:
    post_id = town.simulator.say_on_x("hey there, a huge pothole at 5th and Market St ate my tire", author="dee_215")
    town.hear()
    mention = town.mention_of(post_id)
    understanding = _understanding(town, mention.id)
    assert understanding.service_code == "POTHOLE"
    assert 0 < understanding.service_probability <= 1
    assert understanding.model_version
    with town.database.read() as session:
        texts = {post.id: post.text for post in session.exec(select(Post)).all()}
    words = {
        kind: [
            texts[span.post_id or 0][span.start : span.end]
            for span in understanding.evidence_spans()
            if span.kind == kind
        ]
        for kind in EvidenceKind
    }
    assert any("pothole" in one.lower() for one in words[EvidenceKind.CATEGORY])
    assert any("5th" in one and "Market" in one for one in words[EvidenceKind.LOCATION])


def test_evidence_of_a_second_post_points_into_that_post(town: Town) -> None:
    first = town.simulator.say_on_x("something is badly wrong here", author="dee_215")
    town.listen()
    second = town.simulator.say_on_x("a huge pothole at 5th and Market St", author="dee_215", in_reply_to=first)
    town.hear()
    mention = town.mention_of(second)
    assert mention.id == town.mention_of(first).id
    understanding = _understanding(town, mention.id)
    with town.database.read() as session:
        post = session.exec(select(Post).where(Post.channel_post_id == second)).one()
    spans = [span for span in understanding.evidence_spans() if span.kind == EvidenceKind.CATEGORY]
    assert spans
    assert all(span.post_id == post.id for span in spans)
    assert any("pothole" in post.text[span.start : span.end].lower() for span in spans)


def test_a_shared_pin_is_evidence_too(town: Town) -> None:
    said = town.simulator.say_on_telegram("pothole here")
    sender = {"id": said["chat_id"], "first_name": "Resident"}
    pin = {"latitude": 39.95, "longitude": -75.16}
    town.simulator.say_many_on_telegram([{"location": pin, "reply_to": said["message_id"], "from": sender}])
    town.hear()
    (mention,) = town.mentions()
    assert any(span.note == "pin" for span in _understanding(town, mention.id).evidence_spans())
    request = town.request_of(mention.id)
    assert (request.lat, request.long) == (39.95, -75.16)


def test_too_unsure_is_said_and_a_person_gets_it(town: Town) -> None:
    post_id = town.simulator.say_on_x("it happened again and nobody does anything about it")
    town.hear()
    mention = town.mention_of(post_id)
    understanding = _understanding(town, mention.id)
    assert understanding.service_code is None
    assert mention.state in (MentionState.DRAFTED, MentionState.SET_ASIDE)


class _Broken:
    """A classifier that fails on one text."""

    version = "broken-1"

    def classify(
        self, texts: Sequence[str], services: Sequence[Service], hints: Sequence[str | None] = ()
    ) -> Sequence[Understood]:
        if any("breaks me" in text for text in texts):
            raise RuntimeError("no answer")
        return [Understood(abstained=True) for _ in texts]


@pytest.mark.filterwarnings("ignore")
def test_a_classifier_that_fails_says_so_and_holds_up_nobody_else(town: Town) -> None:
    bad = town.simulator.say_on_x("this text breaks me")
    good = town.simulator.say_on_x("this one does not")
    town.listen()
    Reader(town.database, _Broken(), town.clock).read()
    assert "failed (RuntimeError)" in _understanding(town, town.mention_of(bad).id).failure
    assert _understanding(town, town.mention_of(good).id).failure == ""
    while town.suggester.suggest():
        pass
    assert town.mention_of(bad).state == MentionState.DRAFTED
    assert town.mention_of(good).state == MentionState.DRAFTED


def test_a_classifier_that_was_killed_leaves_a_lease_that_runs_out(town: Town) -> None:
    town.simulator.say_on_x("pothole at 5th and Market St")
    town.listen()
    reader = Reader(town.database, _Broken(), town.clock)
    said, _ = reader._lease()
    assert len(said) == 1
    assert reader.read().understood == []
    town.clock.advance(seconds=61)
    assert len(reader.read().understood) == 1
