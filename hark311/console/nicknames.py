"""What people call places ("the Oval"): kept on the desk as a layer of the city's gazetteer, anew with every change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlmodel import Session, col, select

from models import Feature, FeatureKind, LayerKind, PlaceFeature, PlaceLayer
from models.place_layers import DESK_NICKNAMES, active_layers, add_layer, features_in_layer, retire_layer

LONGEST = 80
NAMES = {"name": "What people say", "meant": "What it stands for"}


class NicknameTrouble(Exception):
    """A nickname cannot be kept; `reasons` are sentences for the person at the desk."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


@dataclass(frozen=True, slots=True)
class Nickname:
    """What people say, and the address, crossing or name it stands for."""

    name: str
    meant: str

    @classmethod
    def of(cls, name: str, meant: str) -> Self:
        """As somebody typed it, on one line each."""
        return cls(" ".join(name.split()), " ".join(meant.split()))

    def problems(self) -> list[str]:
        typed = {"name": self.name, "meant": self.meant}
        found = [f"{NAMES[name]} is missing." for name, text in typed.items() if not text]
        return found + [
            f"{NAMES[name]} has {len(text)} characters; {LONGEST} are the most."
            for name, text in typed.items()
            if len(text) > LONGEST
        ]


def nicknames(session: Session, city: str) -> list[Nickname]:
    """The nicknames kept on the desk, by name."""
    layer = _layer(session, city)
    kept = [Nickname(one.name, one.other) for one in features_in_layer(session, layer.id or 0)] if layer else []
    return sorted(kept, key=lambda one: one.name.casefold())


def nicknames_of_layers(session: Session, city: str) -> list[Nickname]:
    """The nicknames that came with the other layers, by name; without those of which the desk says otherwise."""
    layers = [one.id for one in active_layers(session, city) if one.name != DESK_NICKNAMES]
    own = {one.name.casefold() for one in nicknames(session, city)}
    came = session.exec(
        select(PlaceFeature.name, PlaceFeature.other)
        .where(col(PlaceFeature.layer_id).in_(layers), PlaceFeature.kind == FeatureKind.NICKNAME)
        .order_by(col(PlaceFeature.id))
    ).all()
    newest = {name: meant for name, meant in came if name.casefold() not in own}
    return sorted((Nickname(*one) for one in newest.items()), key=lambda one: one.name.casefold())


def change_nickname(session: Session, city: str, was: str, wanted: Nickname | None, *, by: str, now: datetime) -> None:
    """Put `wanted` in the place of the nickname called `was` ("": add it; None: remove it). Raises NicknameTrouble."""
    layer = _layer(session, city)
    if layer is not None:  # whoever changes it at the same time waits here
        session.get_one(PlaceLayer, layer.id, with_for_update=True)
    known = nicknames(session, city)
    rest = [one for one in known if one.name != was]
    problems = wanted.problems() if wanted else []
    if was and len(rest) == len(known):
        problems.append(f"“{was}” is not in the list any more. Somebody changed it meanwhile.")
    if wanted and any(one.name.casefold() == wanted.name.casefold() for one in rest):
        problems.append(f"“{wanted.name}” is in the list already. Change it there.")
    if problems:
        raise NicknameTrouble(problems)
    kept = [*rest, wanted] if wanted else rest
    if kept:
        features = [Feature(FeatureKind.NICKNAME, one.name, other=one.meant) for one in kept]
        add_layer(session, city, LayerKind.NICKNAMES, DESK_NICKNAMES, features, by=by, now=now)
    elif layer is not None:
        retire_layer(session, layer.id or 0, by, now)


def _layer(session: Session, city: str) -> PlaceLayer | None:
    return next((one for one in active_layers(session, city) if one.name == DESK_NICKNAMES), None)
