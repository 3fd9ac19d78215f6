"""Scopes: which mentions are whose to see, the same in Python and in a query, on both databases."""

from itertools import product

import pytest
from sqlmodel import Session, col, select

from models import Database, Mention, Scope, ScopeKind, StaffScope, StaffUser, scope_of
from tests.rows import a_mention


@pytest.fixture
def sorted_mentions(either_database: Database) -> Database:
    """A mention of every mix of service, area and danger, on one account."""
    with either_database.write() as session:
        session.add(StaffUser(username="mae", display_name="Mae Jones"))
        for service, area, danger in product(("", "ROADS", "TRASH"), ("", "Fishtown", "Tacony"), (False, True)):
            mention = a_mention(session)
            mention.service_code, mention.area, mention.danger = service, area, danger
    return either_database


def _found(session: Session, scope: Scope) -> set[int | None]:
    return set(session.exec(select(Mention.id).where(*scope.where())).all())


@pytest.mark.parametrize(
    "scope",
    [
        Scope(),
        Scope(services=frozenset({"ROADS"})),
        Scope(areas=frozenset({"Fishtown", "Tacony"})),
        Scope(services=frozenset({"TRASH"}), areas=frozenset({"Tacony"})),
        Scope(accounts=frozenset({1}), services=frozenset({"ROADS"})),
        Scope(accounts=frozenset({99})),
    ],
    ids=["all", "a service", "two areas", "a service in an area", "a service on an account", "another account"],
)
def test_a_query_finds_what_the_scope_covers(sorted_mentions: Database, scope: Scope) -> None:
    with sorted_mentions.read() as session:
        covered = {one.id for one in session.exec(select(Mention)).all() if scope.covers(one)}
        assert _found(session, scope) == covered


def test_no_line_of_a_kind_means_all_of_it(sorted_mentions: Database) -> None:
    with sorted_mentions.read() as session:
        assert scope_of(session, 1).everything
        assert len(_found(session, scope_of(session, 1))) == 18


def test_several_kinds_must_all_fit_and_any_value_of_one_is_enough(sorted_mentions: Database) -> None:
    with sorted_mentions.write() as session:
        for kind, value in (
            (ScopeKind.SERVICE, "ROADS"),
            (ScopeKind.SERVICE, "NOISE"),
            (ScopeKind.AREA, "Fishtown"),
            (ScopeKind.ACCOUNT, "1"),
        ):
            session.add(StaffScope(staff_id=1, kind=kind, value=value))
    with sorted_mentions.read() as session:
        scope = scope_of(session, session.get_one(StaffUser, 1))
        calm = session.exec(select(Mention).where(col(Mention.id).in_(_found(session, scope)), ~col(Mention.danger)))
        assert {(one.service_code, one.area) for one in calm} == {
            ("ROADS", "Fishtown"),
            ("ROADS", ""),
            ("", "Fishtown"),
            ("", ""),
        }


def test_a_danger_is_for_everybody_on_its_account(sorted_mentions: Database) -> None:
    narrow = Scope(services=frozenset({"ROADS"}), areas=frozenset({"Fishtown"}))
    with sorted_mentions.read() as session:
        dangers = set(session.exec(select(Mention.id).where(col(Mention.danger))).all())
        assert dangers <= _found(session, narrow)
        assert not _found(session, Scope(accounts=frozenset({99})))
