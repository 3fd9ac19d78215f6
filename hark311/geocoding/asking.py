"""Asking a geocoder about the places that the city's gazetteer does not know, one question at a time.

Only the place phrase leaves the house, without people's numbers, addresses and handles. What comes back is added to
the understanding's candidates for a person to choose from; nothing is filled in. Every worker takes its turn from one
row, so that the whole product keeps the provider's limit, across processes and restarts.
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlmodel import Session, col, func, or_, select

from classifier.reading import NO_REQUEST
from classifier.redaction import REPLACEMENT, redact
from hark311.geocoding.protocol import ANSWER_SECONDS, CannotAsk, Geocoder
from models import Candidate, Database, Mention, MentionState, Understanding, utc_now
from models.geocoding import KEPT, GeocodeAnswer, GeocoderTurn
from models.places import AreaKind, FeatureKind, PlaceFeature, PlaceLayer
from models.shapes import Box
from models.understandings import Evidence, EvidenceKind

log = logging.getLogger(__name__)

SETTLED = timedelta(seconds=3)
"""An understanding is asked about only when no older one can still be on its way into the database."""
LOOKED_AT = 200
LONGEST_WORDS = 200
STILL_WITH_US = (MentionState.UNDERSTOOD, MentionState.DRAFTED, MentionState.IN_REVIEW)

_PEOPLE = re.compile(r"(?<!\w)@[\w.]+(?:@[\w.-]+)?|\bhttps?://\S+|" + "|".join(map(re.escape, REPLACEMENT.values())))


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for one understanding. `sha256` is of the words and the box."""

    understanding_id: int
    words: str
    box: Box | None

    @property
    def sha256(self) -> str:
        """Names the question in the table of answers."""
        return sha256(f"{self.words.casefold()}|{self.box}".encode()).hexdigest()


@dataclass(slots=True)
class Asking:
    """Asks one provider for one city. Sync; run it in a thread. `nearby` ends every question ("Philadelphia, PA")."""

    database: Database
    geocoder: Geocoder
    city: str
    nearby: str = ""
    keep: frozenset[str] = frozenset()
    clock: Callable[[], datetime] = utc_now
    asked: int = field(default=0, init=False)

    def ask_next(self) -> float | None:
        """Ask about the next place; returns the seconds until there may be another question, None when none waits."""
        question = self._next()
        if question is None:
            return None
        remembered = self._remembered(question)
        if remembered is not None:
            self._store(question, remembered)
            return 0.0
        wait = self._take_turn()
        if wait > 0:
            return wait
        try:
            self.asked += 1
            found = self.geocoder.find(question.words, question.box)
        except CannotAsk as error:
            self._note_trouble(question, error)
            return error.again_seconds
        self._store(question, [one.model_dump(exclude_defaults=True) for one in found], fresh=True)
        return self.geocoder.provider.seconds

    def _next(self) -> Question | None:
        """The oldest understanding that still needs asking; those that do not are passed over for good."""
        with self.database.write() as session:
            turn = self._turn(session)
            passed = turn.reached
            question = None
            found = self._to_ask(session, turn.reached)
            for understanding in found:
                words = words_to_send(understanding.location_phrase, self.nearby, self.keep)
                located = any(one.lat is not None for one in understanding.candidates())
                if words and not located:
                    question = Question(understanding.id or 0, words, city_box(session, self.city))
                    break
                passed = understanding.id or 0
            if question is None and len(found) < LOOKED_AT:
                passed = self._newest_settled(session, passed)
            if passed != turn.reached:
                turn.reached, turn.failures = passed, 0
                session.add(turn)
            return question

    def _newest_settled(self, session: Session, passed: int) -> int:
        """The newest understanding there is, so that the next round looks through none of these again."""
        newest = session.exec(
            select(func.max(Understanding.id)).where(
                col(Understanding.id) > passed, col(Understanding.created_at) <= self.clock() - SETTLED
            )
        ).one()
        return newest or passed

    def _to_ask(self, session: Session, reached: int) -> Sequence[Understanding]:
        """Understandings with a place of which a request can come: no address of a thank-you leaves the house."""
        newest = (
            select(func.max(Understanding.id))
            .where(col(Understanding.mention_id) == col(Mention.id))
            .correlate(Mention)
            .scalar_subquery()
        )
        return session.exec(
            select(Understanding)
            .join(Mention, col(Mention.id) == Understanding.mention_id)
            .where(
                col(Understanding.id) > reached,
                col(Understanding.id) == newest,
                col(Understanding.location_phrase) != "",
                or_(col(Understanding.intent).is_(None), col(Understanding.intent).not_in(NO_REQUEST)),
                col(Understanding.created_at) <= self.clock() - SETTLED,
                col(Mention.state).in_(STILL_WITH_US),
            )
            .order_by(col(Understanding.id))
            .limit(LOOKED_AT)
        ).all()

    def _turn(self, session: Session) -> GeocoderTurn:
        provider = self.geocoder.provider.name
        turn = session.get(GeocoderTurn, provider, with_for_update=True)
        if turn is None:
            turn = GeocoderTurn(provider=provider, next_at=self.clock())
            session.add(turn)
            session.flush()
        return turn

    def _take_turn(self) -> float:
        """0 when the turn is ours, else the seconds until the next one. While we ask nobody else does."""
        with self.database.write() as session:
            turn, now = self._turn(session), self.clock()
            if turn.next_at > now:
                return (turn.next_at - now).total_seconds()
            turn.next_at = now + timedelta(seconds=ANSWER_SECONDS + self.geocoder.provider.seconds)
            session.add(turn)
            return 0.0

    def _remembered(self, question: Question) -> list[dict[str, Any]] | None:
        with self.database.read() as session:
            answer = session.get(GeocodeAnswer, (self.geocoder.provider.name, question.sha256))
            return answer.answer if answer and answer.at > self.clock() - KEPT else None

    def _store(self, question: Question, found: list[dict[str, Any]], *, fresh: bool = False) -> None:
        """Remember the answer and add it to the understanding, unless the author has taken the words back."""
        with self.database.write() as session:
            turn, now = self._turn(session), self.clock()
            turn.reached, turn.failures = max(turn.reached, question.understanding_id), 0
            if fresh:
                turn.trouble, turn.next_at = "", now + timedelta(seconds=self.geocoder.provider.seconds)
                session.merge(
                    GeocodeAnswer(
                        provider=self.geocoder.provider.name, asked_sha256=question.sha256, answer=found, at=now
                    )
                )
            session.add(turn)
            understanding = session.get(Understanding, question.understanding_id, with_for_update=True)
            if understanding is not None and understanding.location_phrase:
                self._add(session, understanding, [Candidate.model_validate(one) for one in found])

    def _add(self, session: Session, understanding: Understanding, found: Sequence[Candidate]) -> None:
        if any(one.source == self.geocoder.provider.source for one in understanding.candidates()):
            return
        words = _where_the_words_are(understanding)
        added = [one.model_copy(update=words).model_dump(exclude_defaults=True) for one in found]
        understanding.places = [*understanding.places, *added]
        session.add(understanding)

    def _note_trouble(self, question: Question, error: CannotAsk) -> None:
        with self.database.write() as session:
            turn = self._turn(session)
            turn.trouble = str(error)
            turn.next_at = self.clock() + timedelta(seconds=error.again_seconds)
            if error.tries:
                turn.failures += 1
            if error.tries and turn.failures >= error.tries:
                turn.reached, turn.failures = max(turn.reached, question.understanding_id), 0
            session.add(turn)
        log.warning("geocoder: %s Again in %.0f s.", error, error.again_seconds)


def words_to_send(phrase: str, nearby: str = "", keep: frozenset[str] = frozenset()) -> str:
    """The place phrase as it may leave the house; "" where nothing of a place is left.

    Phone numbers, e-mail addresses, licence plates, handles and links are taken out. `keep`: the city's own numbers.
    """
    words = " ".join(_PEOPLE.sub(" ", redact(phrase, keep)).split())[:LONGEST_WORDS].strip(" ,.;:")
    if not any(letter.isalnum() for letter in words):
        return ""
    return words if not nearby or nearby.casefold() in words.casefold() else f"{words}, {nearby}"


def city_box(session: Session, city: str) -> Box | None:
    """The box around the city's own outline, else around all its gazetteer; None where there is none."""
    mine = (
        select(
            func.min(PlaceFeature.min_lon),
            func.min(PlaceFeature.min_lat),
            func.max(PlaceFeature.max_lon),
            func.max(PlaceFeature.max_lat),
        )
        .join(PlaceLayer, col(PlaceLayer.id) == PlaceFeature.layer_id)
        .where(PlaceLayer.city == city, col(PlaceLayer.retired_at).is_(None))
    )
    outline = mine.where(PlaceFeature.kind == FeatureKind.AREA, PlaceFeature.other == AreaKind.CITY)
    for query in (outline, mine):
        west, south, east, north = session.exec(query).one()
        if west is not None and south is not None and east is not None and north is not None:
            return Box(west, south, east, north)
    return None


def _where_the_words_are(understanding: Understanding) -> dict[str, Any]:
    """Start, end and post of the place phrase in the evidence."""
    spans = (one for one in understanding.evidence_spans() if one.kind == EvidenceKind.LOCATION and one.end > one.start)
    span: Evidence | None = next(spans, None)
    return {"start": span.start, "end": span.end, "post_id": span.post_id} if span else {}
