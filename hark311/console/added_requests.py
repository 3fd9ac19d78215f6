"""The requests that a person added beside the first, as the decision form holds them: "added-7-lat" and so on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hark311.console.answers_form import typed_answers
from hark311.console.mention_queries import MentionPage
from hark311.console.visits import Submission
from models import RequestState
from responders.objections import MoreRequest, RequestFields

OPEN = (RequestState.DRAFT, RequestState.IN_REVIEW, RequestState.REFUSED)
_NAMED = re.compile(r"added-(\d{1,18})-description", re.ASCII)


@dataclass(frozen=True, slots=True)
class AddedForm:
    """One added request as it stands on the page. `file`: its tick."""

    request_id: int
    file: bool
    service_code: str
    description: str
    address_string: str
    lat: str
    long: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    with_photo: bool = True

    @property
    def prefix(self) -> str:
        """What the names of its fields begin with."""
        return f"added-{self.request_id}-"

    def problems(self) -> list[str]:
        """What is wrong with its fields, before the desk is asked."""
        return [
            f"{name} of an added request must be a number between -{limit:.0f} and {limit:.0f}, like 39.95258."
            for name, text, limit in (("Latitude", self.lat, 90.0), ("Longitude", self.long, 180.0))
            if text.strip() and ((number := number_of(text)) is None or abs(number) > limit)
        ]

    def decided(self) -> MoreRequest:
        """As the desk takes it."""
        fields = RequestFields(
            service_code=self.service_code or None,
            description=self.description.strip(),
            address_string=self.address_string.strip(),
            lat=number_of(self.lat),
            long=number_of(self.long),
            attribute=self.answers,
            with_photo=self.with_photo,
        )
        return MoreRequest(self.request_id, fields, self.file)


def added_of_page(page: MentionPage) -> tuple[AddedForm, ...]:
    """As the drafts stand: ticked where there is a service to file them with."""
    return tuple(
        AddedForm(
            request_id=one.id or 0,
            file=bool(one.service_code) and one.state != RequestState.REFUSED,
            service_code=one.service_code or "",
            description=one.description,
            address_string=one.address_string,
            lat=degrees_text(one.lat),
            long=degrees_text(one.long),
            answers=one.attribute,
            with_photo=one.with_photo,
        )
        for one in page.more_requests
        if one.state in OPEN
    )


def added_of_submission(sent: Submission) -> tuple[AddedForm, ...]:
    """As somebody sent them."""
    ids = sorted(int(found[1]) for name in sent.fields if (found := _NAMED.fullmatch(name)))
    return tuple(
        AddedForm(
            request_id=one,
            file=bool(sent.text(f"added-{one}-file")),
            service_code=sent.text(f"added-{one}-service_code"),
            description=sent.text(f"added-{one}-description"),
            address_string=sent.text(f"added-{one}-address_string"),
            lat=sent.text(f"added-{one}-lat").strip(),
            long=sent.text(f"added-{one}-long").strip(),
            answers=typed_answers(sent.fields, f"added-{one}-"),
            with_photo=photo_goes_along(sent, f"added-{one}-"),
        )
        for one in ids
    )


def photo_goes_along(sent: Submission, prefix: str = "") -> bool:
    """Whether the tick for the photo was left; where the page showed none, nobody took it away."""
    return bool(sent.text(f"{prefix}with_photo")) or not sent.text(f"{prefix}photo_shown")


def number_of(text: str) -> float | None:
    """Degrees that somebody typed; None for anything else."""
    try:
        number = float(text.strip())
    except ValueError:
        return None
    return number if number == number and abs(number) <= 360 else None


def degrees_text(number: float | None) -> str:
    """Degrees as the form writes them; "" for none."""
    return "" if number is None else f"{number:.6f}".rstrip("0").rstrip(".")
