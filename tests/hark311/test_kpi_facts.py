"""The facts behind the figures, read from rows, on both databases; and `hark kpis`."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session
from typer.testing import CliRunner

from hark311.cli import app
from hark311.kpi_cases import Filed, Suggestion
from hark311.kpi_facts import LONGEST, Chosen, facts_of, period_of
from hark311.kpi_report import By, as_dict, report_of
from hark311.kpis import MEASURES, Reckoning
from models import (
    Calendar,
    CalendarOpening,
    Channel,
    Database,
    Label,
    LabelSource,
    LabelTask,
    Mention,
    MentionState,
    Need,
    Post,
    ReplyState,
    RequestState,
    Service,
    ServiceRequest,
    advance,
)
from models.business_time import open_between
from models.posts import PostKind
from tests.rows import MORNING, a_mention, a_reply, a_request

CITY = ZoneInfo("America/New_York")
TODAY = MORNING.astimezone(CITY).date()
WEEK = period_of(None, None, TODAY, CITY)


def at(**spans: float) -> datetime:
    return MORNING + timedelta(**spans)


def _answered(session: Session, minutes: float, channel: Channel = Channel.X) -> Mention:
    """A mention that was drafted after 2 s, held for 3 minutes, and answered so many minutes after it came."""
    mention = a_mention(session, channel=channel)
    advance(session, mention, MentionState.UNDERSTOOD, "classifier", "read", at(seconds=1))
    advance(session, mention, MentionState.DRAFTED, "drafting", "drafted", at(seconds=2))
    advance(session, mention, MentionState.IN_REVIEW, "staff:1", "claimed", at(minutes=minutes - 4))
    advance(session, mention, MentionState.APPROVED, "staff:1", "decided", at(minutes=minutes - 1))
    advance(session, mention, MentionState.CLOSED, "outbox", "settled", at(minutes=minutes))
    reply = a_reply(session, mention)
    reply.state, reply.sent_at, reply.approved_at = ReplyState.SENT, at(minutes=minutes), at(minutes=minutes - 1)
    session.flush()
    return mention


def test_the_life_of_a_mention_is_read_from_posts_audit_reply_request_and_label(either_database: Database) -> None:
    with either_database.write() as session:
        session.add(Service(service_code="SR-1", service_name="Potholes", needs=Need.POINT))
        mention = _answered(session, 10)
        mention.service_code, mention.language = "SR-1", "es"
        advance(session, mention, MentionState.DRAFTED, "intake", "the author wrote again", at(hours=2))
        advance(session, mention, MentionState.IN_REVIEW, "staff:1", "claimed", at(hours=3))
        advance(session, mention, MentionState.DRAFTED, "clock", "the claim ran out", at(hours=3, minutes=25))
        request = a_request(session, mention)
        request.service_code, request.state, request.status = "SR-1", RequestState.SUBMITTED, "closed"
        request.lat, request.long, request.expected_datetime = 40.0, -75.1, at(days=3)
        request.requested_datetime, request.updated_datetime = at(minutes=10), at(days=2)
        office = Calendar(name="City Hall", time_zone="America/New_York")
        session.add(office)
        session.flush()
        session.add(CalendarOpening(calendar_id=office.id or 0, weekday=4, from_minute=180, to_minute=185))
        session.add(
            Label(
                task=LabelTask.CATEGORY,
                value="SR-2",
                suggested="SR-1",
                source=LabelSource.CORRECTED,
                mention_id=mention.id,
                at=MORNING,
            )
        )
        for number, edited in (("900", MORNING), ("901", at(hours=2)), ("902", at(hours=4))):
            chain = "901" if number == "902" else number
            session.add(_post(mention, number, chain, edited))
    with either_database.read() as session:
        [case] = facts_of(session, Chosen(WEEK)).cases
    assert (case.channel, case.language, case.service_code, case.day) == ("x", "es", "SR-1", TODAY)
    assert (case.drafted_at, case.answers[0].sent_at) == (at(seconds=2), at(minutes=10))
    assert list(case.in_hand) == [(at(minutes=6), at(minutes=9)), (at(hours=3), at(hours=3, minutes=15))]
    assert (case.closed, case.reopened, case.decided, case.in_scope) == (True, True, False, True)
    assert list(case.heard) == [MORNING, MORNING, at(hours=2)]
    assert case.filed == Filed(placed=True, filed_at=at(minutes=10), promised_at=at(days=3), closed_at=at(days=2))
    assert case.hours is not None
    assert open_between(case.hours, MORNING, at(minutes=10)) == timedelta(minutes=5)
    assert list(case.suggestions) == [Suggestion(LabelTask.CATEGORY, changed=True)]


def _post(mention: Mention, number: str, chain: str, written_at: datetime) -> Post:
    return Post(
        account_id=mention.account_id,
        channel_post_id=number,
        edit_chain=chain,
        conversation_id=mention.conversation_id,
        author_id=mention.author_id,
        mention_id=mention.id,
        kind=PostKind.MENTION,
        created_at=written_at,
        received_at=written_at,
    )


def test_what_was_not_for_us_or_set_aside_is_out_of_scope(either_database: Database) -> None:
    with either_database.write() as session:
        for state in (MentionState.SET_ASIDE, MentionState.WITHDRAWN, MentionState.REJECTED, MentionState.DRAFTED):
            a_mention(session).state = state
        a_mention(session).addressed = False
        waits = a_mention(session)
        waits.needs_understanding = False
    with either_database.read() as session:
        cases = facts_of(session, Chosen(WEEK)).cases
    assert sum(case.in_scope for case in cases) == 1


def test_a_report_of_the_week_is_what_was_reckoned_by_hand(either_database: Database) -> None:
    with either_database.write() as session:
        for minutes in (10, 20, 30):
            _answered(session, minutes)
        _answered(session, 600, Channel.TELEGRAM)
        joined = _answered(session, 900)
        head, follower = a_request(session, a_mention(session)), a_request(session, joined)
        follower.state, follower.joined_to_id = RequestState.JOINED, head.id
    with either_database.read() as session:
        report = report_of(session, Chosen(WEEK), Reckoning(at(days=2)), By.CHANNEL)
    found = {one.measure.key: one for one in report.figures}
    assert (report.posts, report.read, report.incidents) == (6, 6, 5)
    assert (found["first_reply"].number, found["first_reply"].median, found["first_reply"].p90) == (
        4,
        25 * 60,
        600 * 60,
    )
    assert found["response_rate"].share == pytest.approx(5 / 6)
    assert found["handle_time"].median == 3 * 60
    assert found["time_to_draft"].median == 2
    assert found["merged"].share == 0.5
    assert {part.name: part.posts for part in report.parts} == {"X": 5, "Telegram": 1}
    written = as_dict(report)
    assert json.loads(json.dumps(written))["figures"][0]["median"] == 25 * 60
    assert [group["key"] for group in written["groups"]] == ["x", "telegram"]


def test_a_day_is_a_day_of_the_city(either_database: Database) -> None:
    with either_database.write() as session:
        for hours in (4.5, 5.5):  # half an hour before and after midnight in New York
            mention = a_mention(session)
            mention.received_at = datetime(2026, 11, 20, tzinfo=MORNING.tzinfo) + timedelta(hours=hours)
    with either_database.read() as session:
        found = facts_of(session, Chosen(period_of(date(2026, 11, 19), date(2026, 11, 20), TODAY, CITY)))
    assert found.by_day == {date(2026, 11, 19): 1, date(2026, 11, 20): 1}


def test_of_too_many_mentions_an_even_sample_is_read(either_database: Database) -> None:
    with either_database.write() as session:
        for _ in range(20):
            a_mention(session)
    with either_database.read() as session:
        found = facts_of(session, Chosen(WEEK), most=5)
    assert (found.of, len(found.cases), found.sampled) == (20, 5, True)


def test_a_period_is_kept_within_what_is_read_at_a_time() -> None:
    far = period_of(date(1900, 1, 1), None, TODAY, CITY)
    assert (len(far.days), far.last) == (LONGEST.days, TODAY)
    assert len(WEEK.days) == 7
    turned = period_of(TODAY, TODAY - timedelta(days=3), TODAY, CITY)
    assert turned.first <= turned.last


def test_hark_kpis_prints_json_and_refuses_what_is_no_day(prepared_file: Path) -> None:
    data = str(prepared_file.parent)
    done = CliRunner().invoke(app, ["kpis", "--data", data, "--json"])
    assert done.exit_code == 0, done.output
    assert [one["key"] for one in json.loads(done.output)["figures"]] == [measure.key for measure in MEASURES]
    assert CliRunner().invoke(app, ["kpis", "--data", data, "--since", "yesterday"]).exit_code == 2
    assert "First response time" in CliRunner().invoke(app, ["kpis", "--data", data]).output


def test_what_was_told_again_under_the_old_number_counts_as_that_one(either_database: Database) -> None:
    with either_database.write() as session:
        mention = _answered(session, 10)
        old = a_request(session, mention)
        again = ServiceRequest(mention_id=mention.id or 0, reference="H-2", changed_at=MORNING)
        old.state, old.status, old.service_request_id = RequestState.SUBMITTED, "closed", "13075315"
        old.requested_datetime, old.updated_datetime = at(minutes=10), at(days=2)
        again.state, again.reopens_id, again.part = RequestState.SUBMITTED, old.id, 2
        session.add(again)
    with either_database.read() as session:
        (case,) = facts_of(session, Chosen(WEEK)).cases
    assert case.filed is not None
    assert (case.filed.filed_at, case.filed.closed_at) == (at(minutes=10), at(days=2))
