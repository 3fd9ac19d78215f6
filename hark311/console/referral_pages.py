"""Whom a danger is for, and who keeps the roads that are not the city's."""

from fastapi import APIRouter
from sqlmodel import Session, col, select

from hark311.console.contact_pages import Book, Line, pages_of
from hark311.console.pages import Console
from models import FeatureKind, PlaceFeature, PlaceLayer, Referral, RoadOwner

REFERRALS = Book(
    path="/referrals",
    model=Referral,
    key="danger",
    title="Referrals",
    intro="Whom a danger is for. The desk shows it beside every alarm of that kind.",
    link=("/roads", "Who keeps which road"),
    lines=(
        Line("call", "Who answers", 100, "Who answers", required=True),
        Line("number", "Number", 60, "The number", required=True),
        Line("note", "Note", 300, "The note"),
    ),
)


def codes_in_street_data(session: Session, console: Console) -> list[str]:
    """The codes by which the city's imported streets name who keeps them."""
    query = (
        select(PlaceFeature.owner)
        .join(PlaceLayer, col(PlaceLayer.id) == PlaceFeature.layer_id)
        .where(
            PlaceLayer.city == console.product.settings.city,
            col(PlaceLayer.retired_at).is_(None),
            PlaceFeature.kind == FeatureKind.SEGMENT,
            PlaceFeature.owner != "",
        )
    )
    return list(session.exec(query.distinct()).all())


ROADS = Book(
    path="/roads",
    model=RoadOwner,
    key="code",
    title="Roads",
    intro="Who keeps a road, by the code in the city's street data. Where it is not the city, the desk says so beside "
    "a problem of the road itself, and whom to call.",
    link=("/referrals", "Whom a danger is for"),
    lines=(
        Line("name", "Who keeps it", 100, "Who keeps it", required=True),
        Line("call", "Who answers", 100, "Who answers"),
        Line("number", "Number", 60, "The number"),
        Line("note", "Note", 300, "The note"),
    ),
    yes_no=("ours", "Does the city mend it?"),
    unexplained=codes_in_street_data,
)

router = APIRouter()
router.include_router(pages_of(REFERRALS))
router.include_router(pages_of(ROADS))
