"""The gazetteer at work: loaded once from the database, and anew after somebody changed it."""

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from classifier.places import Place
from classifier.places.finder import Finder
from classifier.places.gazetteer import Gazetteer
from classifier.places.passyunk import normal_by_passyunk
from classifier.places.resolver import Resolved, Resolver
from hark311.product import Located
from models import Database, Feature, Need
from models.place_layers import features_of, gazetteer_version
from models.posts import Pin

CHECK_SECONDS = 5.0
"""How soon a change of the gazetteer is noticed."""

OWN_PARSERS = {"philadelphia": normal_by_passyunk}
"""Cities whose own address parser can be asked; where it is not installed it knows nothing."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedGazetteer:
    """One version of a city's gazetteer; implements `classifier.protocol.Places`. Never changes."""

    finder: Finder
    gazetteer: Gazetteer
    resolver: Resolver

    @property
    def version(self) -> str:
        """The version of the gazetteer; empty where the city has none."""
        return self.gazetteer.version

    def find(self, text: str) -> list[Place]:
        """Every place phrase of a text."""
        return self.finder.find(text)

    def resolve(
        self, text: str, places: Sequence[Place], *, need: Need, pin: Pin | None = None, photo: Pin | None = None
    ) -> Resolved:
        """Where a text says it is."""
        return self.resolver.resolve(text, places, need=need, pin=pin, photo=photo)

    def locate(self, text: str) -> Located:
        """What a text names and where that is, for a person to look at."""
        found = self.find(text)
        resolved = self.resolver.resolve(text, found)
        phrases = [(one.start, one.end) for one in found]
        return Located(phrases, resolved.candidates, resolved.question, resolved.note)


class GazetteerAtWork:
    """Follows the gazetteer of one city; implements `classifier.protocol.Places`. Safe to use from several threads."""

    def __init__(self, database: Database, city: str, check_seconds: float = CHECK_SECONDS) -> None:
        self._database = database
        self.city = city
        self._check_seconds = check_seconds
        self._looking = threading.Lock()
        self._now: LoadedGazetteer | None = None
        self._look_again = 0.0

    @property
    def now(self) -> LoadedGazetteer:
        """The newest version, looked for at most every few seconds. The first call loads it, which takes seconds.

        While one thread loads a newer version, the others go on with the one before.
        """
        if self._now is not None and time.monotonic() < self._look_again:
            return self._now
        if not self._looking.acquire(blocking=self._now is None) and self._now is not None:
            return self._now
        try:
            if self._now is None or time.monotonic() >= self._look_again:
                self._now = self._newest(self._now)
                self._look_again = time.monotonic() + self._check_seconds
            return self._now
        finally:
            self._looking.release()

    @property
    def version(self) -> str:
        """The version that answers now; empty where the city has none."""
        return self.now.version

    def find(self, text: str) -> list[Place]:
        """Every place phrase of a text, by the newest version."""
        return self.now.find(text)

    def resolve(
        self, text: str, places: Sequence[Place], *, need: Need, pin: Pin | None = None, photo: Pin | None = None
    ) -> Resolved:
        """Where a text says it is, by the newest version."""
        return self.now.resolve(text, places, need=need, pin=pin, photo=photo)

    def _newest(self, before: LoadedGazetteer | None) -> LoadedGazetteer:
        try:
            with self._database.read() as session:
                version = gazetteer_version(session, self.city)
                if before is not None and before.version == version:
                    return before
                loaded = _built(self.city, features_of(session, self.city), version)
        except SQLAlchemyError:
            if before is None:
                raise
            log.warning("The gazetteer of %s cannot be looked up; version %s stays.", self.city, before.version)
            return before
        except Exception:  # whatever is wrong with a city's data, posts go on being read (invariant 7)
            log.exception("The gazetteer of %s cannot be loaded; what was known before it stays.", self.city)
            return before or _built(self.city, [], "")
        log.info("The gazetteer of %s is loaded: version %s.", self.city, version or "none")
        return loaded


def _built(city: str, features: Iterable[Feature], version: str) -> LoadedGazetteer:
    names: dict[tuple[str, str, str], Feature] = {}
    gazetteer = Gazetteer.build(_noting(names, features), version)
    return LoadedGazetteer(Finder(names.values()), gazetteer, Resolver(gazetteer, OWN_PARSERS.get(city)))


def _noting(names: dict[tuple[str, str, str], Feature], features: Iterable[Feature]) -> Iterator[Feature]:
    """The features, the first of each name noted: a finder needs no more, and all at once would need much memory."""
    for feature in features:
        names.setdefault((feature.kind, feature.name, feature.other), feature)
        yield feature
