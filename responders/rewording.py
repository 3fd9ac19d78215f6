"""A city's own words: a changed wording is a new version, ours is offered and never forced, a speaker says it is right.

What went by itself under the old version stops by itself, because a standing approval names its version (invariant 3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models import CHANNELS, Power, ReplyTemplate, Service, StaffUser, record
from responders.drafting import Key
from responders.wording import WordingError
from responders.wordings import SHORTER, LengthOf, fits_of, problems_of

LONGEST_NAME = 100
OVERTAKEN = ("Somebody changed this wording meanwhile. Read it again; what you typed is kept here.",)


class NotKept(Exception):
    """Why a wording was not kept as it was typed; `reasons` are sentences for whoever typed it."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


@dataclass(frozen=True, slots=True)
class Written:
    """A wording as somebody wants it. `ours`: what hark311 itself says today; `seen`: the version they had before them.

    `checked_by`: the speaker who read it; "" where none has. `ours_checked`: a speaker has checked ours.
    """

    key: Key
    language: str
    body: str
    ours: str
    seen: int
    checked_by: str = ""
    ours_checked: bool = False


@dataclass(frozen=True, slots=True)
class Rewording:
    """Keeps the city's words. One for each page or command, in its own transaction."""

    session: Session
    length_of: LengthOf
    staff: StaffUser | None
    now: datetime

    @property
    def by(self) -> str:
        return f"staff:{self.staff.id}" if self.staff else "command line"

    def newest(self, key: str, language: str) -> ReplyTemplate | None:
        """The wording in use."""
        return self.session.exec(
            select(ReplyTemplate)
            .where(ReplyTemplate.key == key, ReplyTemplate.language == language, col(ReplyTemplate.active).is_(True))
            .order_by(col(ReplyTemplate.version).desc())
            .limit(1)
        ).first()

    def problems(self, key: Key, language: str, body: str) -> list[str]:
        """What speaks against a wording; empty when it can be kept."""
        if found := problems_of(key, body):
            return found
        services = self.session.exec(select(Service)).all()
        try:
            fits = fits_of(body, language, services, self.length_of)
        except WordingError as error:
            return [f"{error}."]
        if key in SHORTER:
            return []
        return [
            f"It is too long for {CHANNELS[one.channel].label} at its widest: {one.length} of {one.limit}. Shorten it."
            for one in fits
            if not one.fits
        ]

    def keep(self, written: Written) -> ReplyTemplate | None:
        """The new version; None where nothing changed. Raises NotKept."""
        self._require_power()
        newest = self.newest(written.key, written.language)
        if newest and newest.version != written.seen:
            raise NotKept(OVERTAKEN)
        body = written.body.strip()
        if newest and newest.body == body:
            return None
        if problems := self.problems(written.key, written.language, body):
            raise NotKept(problems)
        made = ReplyTemplate(
            key=written.key.value,
            language=written.language,
            version=(newest.version if newest else 0) + 1,
            body=body,
            ours=written.ours,
            checked_by_speaker=written.ours_checked and body == written.ours,
            made_by=self.staff.id if self.staff else None,
            made_at=self.now,
        )
        self.session.add(made)
        try:
            self.session.flush()
        except IntegrityError:  # the same version by somebody else, in this very moment
            raise NotKept(OVERTAKEN) from None
        record(self.session, "ReplyTemplate", made.id or 0, self.by, f"version {made.version} was written", self.now)
        if written.checked_by.strip():
            self.say_checked(made, written.checked_by, self.now)
        return made

    def say_checked(self, template: ReplyTemplate, name: str, on: datetime) -> None:
        """A speaker of the language read this version and says it is right. Raises NotKept."""
        self._require_power()
        name = " ".join(name.split())
        if not name:
            raise NotKept(["Say who checked it: the name of a person who speaks the language."])
        if len(name) > LONGEST_NAME:
            raise NotKept([f"The name has {len(name)} characters; {LONGEST_NAME} are enough."])
        if on > self.now:
            raise NotKept(["The day of the check is still to come. Choose today or an earlier day."])
        template.checked_by_speaker, template.checked_by, template.checked_at = True, name, on
        self.session.add(template)
        record(self.session, "ReplyTemplate", template.id or 0, self.by, "a speaker checked it", self.now)

    def take_check_back(self, template: ReplyTemplate) -> None:
        """It counts as unchecked again, and nothing of it goes by itself any more."""
        self._require_power()
        template.checked_by_speaker, template.checked_by, template.checked_at = False, "", None
        self.session.add(template)
        record(self.session, "ReplyTemplate", template.id or 0, self.by, "the speaker's check was taken back", self.now)

    def keep_many(self, language: str, bodies: Mapping[Key, str], ours: Mapping[str, str], checked_by: str) -> int:
        """New versions of what differs, all or none; returns how many. Raises NotKept naming each wording."""
        wrong = [
            f"{key.value}: {problem}"
            for key, body in bodies.items()
            for problem in self.problems(key, language, body.strip())
        ]
        if wrong:
            raise NotKept(wrong)
        kept = 0
        for key, body in bodies.items():
            newest = self.newest(key, language)
            seen = newest.version if newest else 0
            made = self.keep(Written(key, language, body, ours.get(key, ""), seen, checked_by))
            if made is None and newest and checked_by and not newest.checked_by_speaker:
                self.say_checked(newest, checked_by, self.now)
            kept += made is not None
        return kept

    def _require_power(self) -> None:
        if self.staff and not self.staff.may(Power.SUPERVISE):
            raise NotKept(["Only a supervisor changes our wordings."])


def is_citys_own(template: ReplyTemplate) -> bool:
    """Whether somebody here changed it: what it says is not what hark311 came with then."""
    return template.body != template.ours


def ours_is_newer(template: ReplyTemplate, ours_now: str) -> bool:
    """Whether hark311 has other words for it now than when this version was made; they are offered, never forced."""
    return bool(ours_now) and ours_now not in (template.body, template.ours)
