"""What the desk reads and writes, on SQLite and on PostgreSQL alike."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from hark311.console import auth, history, learning_queries, mention_queries, queries, queue_queries, queue_rows
from hark311.console.queue_filters import Filters
from hark311.console.queue_queries import Found
from hark311.console.views import BY_KEY, VIEWS, View
from hark311.staffing import ensure_staff
from models import Channel, Database, Label, LabelSource, LabelTask, Mention, MentionState, Role
from tests.hark311.console.conftest import NOON
from tests.hark311.console.factories import make_account, make_mention, make_ready, make_services, make_staff
from tests.hark311.console.learning import add_label


@pytest.fixture
def filled(either_database: Database) -> Database:
    """A hundred mentions in all states, every tenth of them dangerous, and one with everything drafted."""
    states = list(MentionState)
    with either_database.write() as session:
        make_services(session)
        make_staff(session)
        account = make_account(session)
        make_ready(session, account, NOON)
        for number in range(100):
            at = NOON - timedelta(minutes=number // 2)
            one = make_mention(session, account, at, state=states[number % len(states)], danger=number % 10 == 0)
            one.certainty = number % 7 / 10
    return either_database


def every_page(database: Database, view: View, filters: Filters) -> list[int]:
    ids: list[int] = []
    with database.read() as session:
        found = Found([], None)
        while not ids or found.after:
            found = queue_queries.find(session, view, filters, 1, found.after)
            ids += found.ids
            if not found.after:
                break
    return ids


def test_every_view_holds_what_it_counts_in_its_order(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_queries, "PAGE", 7)
    for view in VIEWS:
        ids = every_page(filled, view, Filters())
        with filled.read() as session:
            counted = queue_queries.count(session, view, 1)
            rows = queue_rows.rows(session, ids, NOON)
        assert len(ids) == len(set(ids)) == counted.number, view.key
        assert [row.id for row in rows] == ids, view.key
        dangers = [row.danger for row in rows]
        assert view.newest_first or view.least_certain_first or dangers == sorted(dangers, reverse=True), view.key


def test_the_least_certain_come_first_over_all_pages(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_queries, "PAGE", 3)
    ids = every_page(filled, BY_KEY["least-certain"], Filters())
    with filled.read() as session:
        sure = [session.get_one(Mention, mention_id).certainty for mention_id in ids]
    assert sure == sorted(sure)
    assert len(set(sure)) > 3


def test_labels_and_drift_are_counted(filled: Database) -> None:
    with filled.write() as session:
        add_label(session, NOON - timedelta(days=2), "NOISE", suggested="POTHOLE")
        add_label(session, NOON - timedelta(days=40), channel=Channel.X)
        session.add(
            Label(task=LabelTask.INTENT, value="praise", source=LabelSource.IMPORTED, text="thank you", at=NOON)
        )
    with filled.read() as session:
        labels = learning_queries.labels(session, NOON)
        drift = learning_queries.drift(session, NOON, ZoneInfo("America/New_York"), {"SR-ST01": "POTHOLE"})
    overridden = labels.by_value[LabelTask.CATEGORY]["POTHOLE"]
    assert (overridden.recent.corrected, overridden.before.confirmed) == (1, 1)
    assert labels.counts[LabelTask.CATEGORY] == {"confirmed": 1, "corrected": 1, "x": 1}
    assert labels.counts[LabelTask.INTENT]["imported"] == 1
    assert (drift.categories, drift.weeks[-1].shares) == (["POTHOLE"], {"POTHOLE": 1.0})


def test_filters_find_the_same(filled: Database) -> None:
    view = VIEWS[0]
    assert len(every_page(filled, view, Filters(channel=Channel.X))) == len(every_page(filled, view, Filters()))
    assert len(every_page(filled, view, Filters(service_code="SR-ST01", language="en"))) == 1


def test_a_mention_is_read_with_all_that_stands_around_it(filled: Database) -> None:
    with filled.read() as session:
        page = mention_queries.mention_page(session, 1, NOON)
        assert page.draft is not None
        assert page.draft_request is not None
        assert len(page.thread) == 1
        assert history.history(session, page) == []
        assert queries.open_alarms(session) == []
        assert queue_queries.next_waiting(session, 1, NOON, besides=0) != 1


def test_a_link_is_used_up_by_one_of_two(filled: Database) -> None:
    with filled.write() as session:
        secret = auth.issue_link(session, ensure_staff(session, "First Supervisor", Role.SUPERVISOR), NOON)
    with filled.write() as session:
        auth.use_link(session, secret, NOON)
    with filled.write() as session, pytest.raises(auth.LinkRefused):
        auth.use_link(session, secret, NOON)
