"""Who works at the desk, as the pages of an administrator show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, func, select

from hark311.console import auth
from models import (
    CHANNELS,
    Account,
    FeatureKind,
    PlaceFeature,
    PlaceLayer,
    ScopeKind,
    Service,
    SignIn,
    StaffScope,
    StaffUser,
)
from responders.review import NotFound


@dataclass(frozen=True, slots=True)
class Scoped:
    """One account, service or area that somebody looks after, with its name for people."""

    id: int
    kind: ScopeKind
    name: str


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the desk. `seen_at`: when they last used it; None: never."""

    staff: StaffUser
    seen_at: datetime | None
    scopes: Sequence[Scoped]
    sessions: Sequence[SignIn] = field(default=())
    links: Sequence[SignIn] = field(default=())


Choices = Mapping[ScopeKind, Sequence[tuple[str, str]]]
"""What can be looked after: value and name, by kind."""


def people(session: Session) -> list[Person]:
    """Everybody, who works here first, by name."""
    staff = session.exec(select(StaffUser).order_by(col(StaffUser.active).desc(), StaffUser.display_name)).all()
    seen = dict(
        session.exec(
            select(SignIn.staff_id, func.max(SignIn.seen_at))
            .where(~col(SignIn.one_time))
            .group_by(col(SignIn.staff_id))
        ).all()
    )
    scopes = _scopes(session)
    return [Person(one, seen.get(one.id or 0), scopes.get(one.id or 0, ())) for one in staff]


def person(session: Session, staff_id: int, now: datetime) -> Person:
    """One person with their open sessions and links. Raises NotFound."""
    staff = session.get(StaffUser, staff_id)
    if staff is None:
        raise NotFound(f"There is no person {staff_id}.")
    sessions = auth.sessions_of(session, staff_id, now)
    links = auth.links_of(session, staff_id, now)
    seen = max((one.seen_at for one in sessions if one.seen_at), default=None)
    return Person(staff, seen, _scopes(session, staff_id).get(staff_id, ()), sessions, links)


def choices(session: Session) -> Choices:
    """The accounts, services and areas there are."""
    accounts = session.exec(select(Account).where(col(Account.retired_at).is_(None)).order_by(Account.name)).all()
    services = session.exec(select(Service).order_by(Service.service_name)).all()
    areas = session.exec(
        select(PlaceFeature.name)
        .join(PlaceLayer, col(PlaceLayer.id) == PlaceFeature.layer_id)
        .where(PlaceFeature.kind == FeatureKind.AREA, col(PlaceLayer.retired_at).is_(None))
        .distinct()
        .order_by(PlaceFeature.name)
    ).all()
    return {
        ScopeKind.ACCOUNT: [(str(one.id), _account(one)) for one in accounts],
        ScopeKind.SERVICE: [(one.service_code, one.service_name) for one in services],
        ScopeKind.AREA: [(name, name) for name in areas if name],
    }


def _scopes(session: Session, staff_id: int | None = None) -> dict[int, list[Scoped]]:
    query = select(StaffScope).order_by(StaffScope.kind, StaffScope.value)
    rows = session.exec(query.where(StaffScope.staff_id == staff_id) if staff_id else query).all()
    if not rows:
        return {}
    accounts = {str(one.id): _account(one) for one in session.exec(select(Account)).all()}
    services = {one.service_code: one.service_name for one in session.exec(select(Service)).all()}
    names = {ScopeKind.ACCOUNT: accounts, ScopeKind.SERVICE: services, ScopeKind.AREA: {}}
    found: dict[int, list[Scoped]] = {}
    for row in rows:
        name = names[row.kind].get(row.value, row.value)
        found.setdefault(row.staff_id, []).append(Scoped(row.id or 0, row.kind, name))
    return found


def _account(account: Account) -> str:
    return f"@{account.handle or account.name} on {CHANNELS[account.channel].label}"
