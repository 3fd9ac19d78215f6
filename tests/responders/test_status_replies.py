"""A change at the city becomes a reply in the thread: who is told, when, in which words, and who is not."""

from datetime import timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from models import (
    Author,
    MentionState,
    NoticeState,
    Outcome,
    ReplyState,
    ServiceRequest,
    StatusNotice,
    StatusUpdate,
    UpdateSource,
)
from models.status_changes import Change, note_change
from models.statuses import DATE, LATER
from responders.joining import Joiner
from responders.status import StatusReplies
from responders.status_turns import ANOTHER_DATE
from responders.template_keys import Key
from tests.town import Town

POTHOLE = "There is a deep pothole at 5th and Market St, a car lost its tire"
_keys = count(1)


def reported(town: Town, author: str = "dee_215", words: str = POTHOLE) -> tuple[str, int]:
    """A post on X that was answered and filed: (post id, mention id)."""
    post_id = town.simulator.say_on_x(words, author=author)
    town.hear()
    mention_id = town.mention_of(post_id).id or 0
    town.approve(mention_id, "Thank you. Your request is {number}.")
    town.deliver()
    assert town.mention_of(post_id).state == MentionState.CLOSED
    return post_id, mention_id


def joined(town: Town, head: int, author: str) -> tuple[str, int]:
    """Another post about the same problem, answered with the number of the head."""
    post_id = town.simulator.say_on_x("Huge pothole, 5th & Market, please fix it", author=author)
    town.hear()
    mention_id = town.mention_of(post_id).id or 0
    Joiner(town.database, town.clock).join(mention_id, town.request_of(head).id or 0, town.staff_id)
    town.approve(mention_id, "Thank you. It counts with {number}.", file_request=False)
    town.deliver()
    return post_id, mention_id


def news(town: Town, mention_id: int, *, soon: bool = True, **more: Any) -> StatusUpdate | None:
    """What the city says of a request from now on; `soon`: the time of a digest is over."""
    with town.database.write() as session:
        request = session.get_one(ServiceRequest, town.request_of(mention_id).id, with_for_update=True)
        now = town.clock()
        given: dict[str, Any] = {"key": f"change-{next(_keys)}", "source": UpdateSource.CITY, "happened_at": now}
        noted = note_change(session, request, Change(**(given | more)), now)
    if soon:
        town.clock.advance(minutes=10, seconds=1)
    return noted


def notices(town: Town, mention_id: int) -> list[StatusNotice]:
    with town.database.read() as session:
        found = select(StatusNotice).where(StatusNotice.mention_id == mention_id).order_by(col(StatusNotice.id))
        return list(session.exec(found).all())


def test_a_change_whose_words_cannot_be_made_waits_with_the_reason_and_holds_up_nobody_else(town: Town) -> None:
    def redact(text: str) -> str:
        if "unreadable" in text:
            raise ValueError("a broken note")
        return text

    _, broken = reported(town)
    _, whole = reported(town, "ana_215", "The street light at 9th and Arch St is out")
    news(town, broken, status="closed", outcome=Outcome.NO_ACTION, status_notes="unreadable", soon=False)
    news(town, whole, status="closed", outcome=Outcome.FIXED)
    telling = StatusReplies(town.database, town.desk.length_of, redact, clock=town.clock)
    assert telling.tell_all() == 2
    assert [one.state for one in notices(town, whole)] == [NoticeState.DRAFTED]
    (waiting,) = notices(town, broken)
    assert (waiting.state, waiting.reply_id) == (NoticeState.PENDING, None)
    assert "could not be made (a broken note)" in waiting.because
    town.clock.advance(minutes=2)
    assert town.tell() == 1
    assert [one.state for one in notices(town, broken)] == [NoticeState.DRAFTED]


def test_what_the_city_did_is_told_in_the_thread_once_a_person_approved_it(town: Town) -> None:
    post_id, mention_id = reported(town)
    news(town, mention_id, status="closed", outcome=Outcome.FIXED)
    assert town.tell() == 1
    assert town.mention_of(post_id).state == MentionState.DRAFTED
    assert "news: fixed" in town.mention_of(post_id).state_reason
    draft = town.reply_to(mention_id)
    assert draft.text.startswith("The city says that the work on the pothole is done.")
    assert "{number}" in draft.text
    town.approve(mention_id, file_request=False)
    town.deliver()
    said = town.our_replies_on_x(post_id)
    assert len(said) == 2
    assert str(town.request_of(mention_id).service_request_id) in said[-1]
    assert [one.state for one in notices(town, mention_id)] == [NoticeState.TOLD]
    assert town.mention_of(post_id).state == MentionState.CLOSED
    assert town.tell() == 0


def test_a_closing_heard_after_the_apology_is_told_though_it_happened_before(town: Town) -> None:
    post_id, mention_id = reported(town)
    on_the_day = town.clock()
    town.clock.advance(hours=10)
    news(town, mention_id, source=UpdateSource.CALENDAR, status="open", outcome=Outcome.LATE)
    town.tell()
    town.approve(mention_id, "We are sorry: {number} is late.", file_request=False)
    town.deliver()
    news(town, mention_id, status="closed", outcome=Outcome.FIXED, happened_at=on_the_day)
    assert town.tell() == 1
    assert [one.state for one in notices(town, mention_id)] == [NoticeState.TOLD, NoticeState.DRAFTED]
    assert town.mention_of(post_id).state == MentionState.DRAFTED


def test_a_finer_state_that_ends_it_takes_the_place_of_the_apology(town: Town) -> None:
    _, mention_id = reported(town)
    news(town, mention_id, soon=False, source=UpdateSource.CALENDAR, status="open", outcome=Outcome.LATE)
    before = town.clock() - timedelta(hours=1)
    news(town, mention_id, status="no_further_action", status_notes="It is private ground.", happened_at=before)
    town.tell()
    assert [one.state for one in notices(town, mention_id)] == [NoticeState.SKIPPED, NoticeState.DRAFTED]


@pytest.mark.parametrize("approved", [False, True])
def test_what_the_city_said_before_its_day_was_over_leaves_before_the_apology(town: Town, approved: bool) -> None:
    post_id, mention_id = reported(town)
    news(town, mention_id, status="open", outcome=Outcome.REFERRED, agency="PennDOT")
    town.tell()
    if approved:
        town.approve(mention_id, file_request=False)
    news(town, mention_id, source=UpdateSource.CALENDAR, status="open", outcome=Outcome.LATE)
    town.tell()
    assert "PennDOT" in town.reply_to(mention_id).text
    assert [one.state for one in notices(town, mention_id)] == [NoticeState.DRAFTED, NoticeState.PENDING]
    if not approved:
        town.approve(mention_id, file_request=False)
    town.deliver()
    assert "PennDOT" in town.our_replies_on_x(post_id)[-1]
    town.clock.advance(minutes=2)
    town.tell()
    assert town.reply_to(mention_id).template_key == Key.STATUS_LATE
    assert [one.state for one in notices(town, mention_id)] == [NoticeState.TOLD, NoticeState.DRAFTED]


def test_no_apology_is_made_for_a_date_that_the_city_has_put_off_since(town: Town) -> None:
    _, mention_id = reported(town)
    with town.database.write() as session:
        request = session.get_one(ServiceRequest, town.request_of(mention_id).id)
        request.expected_datetime = town.clock() + timedelta(days=5)
    missed = town.clock().date() - timedelta(days=1)
    news(town, mention_id, key=f"late:{missed}", source=UpdateSource.CALENDAR, status="open", outcome=Outcome.LATE)
    town.tell()
    (notice,) = notices(town, mention_id)
    assert (notice.state, notice.because) == (NoticeState.SKIPPED, ANOTHER_DATE)


def test_a_drafted_new_date_is_told_after_other_news_that_comes_meanwhile(town: Town) -> None:
    _, mention_id = reported(town)
    with town.database.write() as session:
        request = session.get_one(ServiceRequest, town.request_of(mention_id).id)
        request.expected_datetime = town.clock() + timedelta(days=5)
    news(town, mention_id, key=f"{DATE}{LATER}1", status="open", outcome=Outcome.ACCEPTED)
    town.tell()
    assert [one.state for one in notices(town, mention_id)] == [NoticeState.DRAFTED]
    news(town, mention_id, status="open", outcome=Outcome.REFERRED, agency="PennDOT")
    town.tell()
    assert "PennDOT" in town.reply_to(mention_id).text
    assert [one.state for one in notices(town, mention_id)] == [NoticeState.PENDING, NoticeState.DRAFTED]
    town.approve(mention_id, file_request=False)
    town.deliver()
    town.clock.advance(minutes=2)
    town.tell()
    assert town.reply_to(mention_id).template_key == Key.STATUS_ACCEPTED


def test_news_still_waiting_to_be_told_together_leaves_before_the_apology(town: Town) -> None:
    _, mention_id = reported(town)
    news(town, mention_id, soon=False, status="open", outcome=Outcome.REFERRED, agency="PennDOT")
    news(town, mention_id, source=UpdateSource.CALENDAR, status="open", outcome=Outcome.LATE)
    town.tell()
    assert "PennDOT" in town.reply_to(mention_id).text
    assert [one.state for one in notices(town, mention_id)] == [NoticeState.DRAFTED, NoticeState.PENDING]


def test_what_was_closed_again_with_the_same_words_is_told_again(town: Town) -> None:
    _, mention_id = reported(town)
    for status in ("closed", "open", "closed"):
        news(town, mention_id, status=status, status_notes="Repair completed." if status == "closed" else "")
        if town.tell() and town.reply_to(mention_id).state == ReplyState.DRAFT:
            town.approve(mention_id, file_request=False)
            town.deliver()
    assert [one.state for one in notices(town, mention_id)] == [NoticeState.TOLD, NoticeState.SKIPPED, NoticeState.TOLD]


def test_a_change_that_nobody_has_judged_yet_waits_until_somebody_has(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, mention_id = reported(town)
    news(town, mention_id, status="closed", status_notes="Repair completed.")
    with monkeypatch.context() as patched:  # as where another worker has the change in hand
        patched.setattr(StatusReplies, "judge_new", lambda *_: None)
        assert town.tell() == 0
    assert town.tell() == 1
    assert "is done" in town.reply_to(mention_id).text


def test_the_same_change_heard_twice_is_told_once(town: Town) -> None:
    _, mention_id = reported(town)
    assert news(town, mention_id, key="1", status="closed", outcome=Outcome.FIXED) is not None
    assert news(town, mention_id, key="1", status="closed", outcome=Outcome.FIXED) is None
    assert town.tell() == 1
    assert len(notices(town, mention_id)) == 1


def test_closed_without_a_word_is_never_called_fixed(town: Town) -> None:
    post_id, mention_id = reported(town)
    news(town, mention_id, status="closed")
    town.tell()
    mention, draft = town.mention_of(post_id), town.reply_to(mention_id)
    assert (mention.state, draft.text) == (MentionState.DRAFTED, "")
    town.desk.claim(mention_id, town.staff_id)
    refused = town.desk.objections(mention_id, town.seen(mention_id, "It is done.", file_request=False))
    assert any("what the city's news means" in one for one in refused)


def test_everybody_who_follows_hears_it_in_their_own_thread(town: Town) -> None:
    first, head = reported(town)
    second, follower = joined(town, head, "ann_215")
    news(town, head, status="closed", outcome=Outcome.NO_ACTION, status_notes="The street belongs to PennDOT.")
    town.tell()
    for post_id, mention_id in ((first, head), (second, follower)):
        assert "The reason: The street belongs to PennDOT. If" in town.reply_to(mention_id).text
        town.approve(mention_id, file_request=False)
        town.deliver()
        assert "The street belongs to PennDOT" in town.our_replies_on_x(post_id)[-1]  # X takes no words twice
        assert str(town.request_of(head).service_request_id) in town.our_replies_on_x(post_id)[-1]


def test_a_later_change_takes_the_place_of_one_that_nobody_has_touched(town: Town) -> None:
    _, mention_id = reported(town)
    news(town, mention_id, status="open", outcome=Outcome.SCHEDULED)
    town.tell()
    seen = town.seen(mention_id, file_request=False)
    news(town, mention_id, status="closed", outcome=Outcome.FIXED)
    town.tell()
    assert "is done" in town.reply_to(mention_id).text
    assert [one.state for one in notices(town, mention_id)] == [NoticeState.SKIPPED, NoticeState.DRAFTED]
    town.desk.claim(mention_id, town.staff_id)
    assert town.desk.objections(mention_id, seen)  # who saw the page before must look again


def test_an_approved_reply_that_has_not_left_gives_way_to_newer_news(town: Town) -> None:
    post_id, mention_id = reported(town)
    news(town, mention_id, status="open", outcome=Outcome.SCHEDULED)
    town.tell()
    town.approve(mention_id, file_request=False)
    news(town, mention_id, status="closed", outcome=Outcome.FIXED)
    town.tell()
    town.deliver()
    assert len(town.our_replies_on_x(post_id)) == 1
    assert town.reply_to(mention_id).state == ReplyState.DRAFT
    town.approve(mention_id, file_request=False)
    town.deliver()
    assert "is done" in town.our_replies_on_x(post_id)[-1]


def test_words_that_a_person_wrote_stay_and_the_newer_change_is_told_next(town: Town) -> None:
    _, mention_id = reported(town)
    news(town, mention_id, status="open", outcome=Outcome.ACCEPTED)
    town.tell()
    town.desk.claim(mention_id, town.staff_id)
    town.desk.save(mention_id, town.staff_id, town.seen(mention_id, "Our own words: {number}.", file_request=False))
    news(town, mention_id, status="closed", outcome=Outcome.FIXED)
    town.tell()
    assert town.reply_to(mention_id).text == "Our own words: {number}."
    assert "is told next" in notices(town, mention_id)[1].because
    town.approve(mention_id, file_request=False)
    town.deliver()
    town.tell()
    assert "is done" in town.reply_to(mention_id).text


def test_news_wait_for_the_answer_to_what_the_author_wrote(town: Town) -> None:
    post_id, mention_id = reported(town)
    town.simulator.say_on_x("Hello? Any news about it?", author="dee_215", in_reply_to=post_id)
    town.hear()
    news(town, mention_id, status="closed", outcome=Outcome.FIXED)
    town.tell()
    (notice,) = notices(town, mention_id)
    assert (notice.state, notice.because[:14]) == (NoticeState.PENDING, "Another answer")
    town.approve(mention_id, "We look into it.", file_request=False)
    town.deliver()
    assert town.tell() == 1
    assert "is done" in town.reply_to(mention_id).text


def test_who_writes_again_before_the_draft_was_read_is_answered_first(town: Town) -> None:
    post_id, mention_id = reported(town)
    news(town, mention_id, status="closed", outcome=Outcome.FIXED)
    town.tell()
    town.simulator.say_on_x("Any news about it?", author="dee_215", in_reply_to=post_id)
    town.hear()
    assert "is done" not in town.reply_to(mention_id).text
    assert notices(town, mention_id)[0].state == NoticeState.PENDING
    town.approve(mention_id, "We look into it.", file_request=False)
    town.deliver()
    town.tell()
    assert "is done" in town.reply_to(mention_id).text


def test_what_a_person_decides_not_to_tell_stays_untold_with_the_reason(town: Town) -> None:
    _, mention_id = reported(town)
    news(town, mention_id, status="closed", outcome=Outcome.FIXED)
    town.tell()
    town.desk.claim(mention_id, town.staff_id)
    town.desk.reject(mention_id, town.staff_id, "told on the phone")
    town.tell()
    (notice,) = notices(town, mention_id)
    assert (notice.state, notice.because) == (NoticeState.SKIPPED, "Not told: rejected on the desk.")


def test_who_asked_us_to_stop_is_not_written_to(town: Town) -> None:
    post_id, mention_id = reported(town)
    with town.database.write() as session:
        mention = town.mention_of(post_id)
        session.get_one(Author, mention.author_id).stopped_at = town.clock()
    news(town, mention_id, status="closed", outcome=Outcome.FIXED)
    town.tell()
    (notice,) = notices(town, mention_id)
    assert (notice.state, notice.because) == (NoticeState.SKIPPED, "They asked us to stop writing to them.")
    assert town.mention_of(post_id).state == MentionState.CLOSED


def test_changes_within_a_few_minutes_are_told_together(town: Town) -> None:
    _, mention_id = reported(town)
    news(town, mention_id, soon=False, status="open", outcome=Outcome.ACCEPTED)
    assert town.tell() == 0
    town.clock.advance(minutes=5)
    news(town, mention_id, soon=False, status="closed", outcome=Outcome.FIXED)
    town.clock.advance(minutes=5, seconds=1)
    assert town.tell() == 1
    states = [(one.state, one.because) for one in notices(town, mention_id)]
    assert states == [(NoticeState.SKIPPED, "Superseded by a later change."), (NoticeState.DRAFTED, "")]


def test_the_day_of_the_work_is_the_planned_one(town: Town) -> None:
    _, mention_id = reported(town)
    planned = town.clock() + timedelta(days=3)
    news(town, mention_id, status="open", outcome=Outcome.SCHEDULED, planned_for=planned)
    town.tell()
    text = town.reply_to(mention_id).text
    assert text.startswith("The city has planned the work on the pothole.")
    assert f"{planned.astimezone(ZoneInfo(town.settings.city_time_zone)).day}." in text


def test_news_approved_at_night_leaves_in_the_morning_though_the_post_is_too_old_by_then(town: Town) -> None:
    post_id, mention_id = reported(town)
    town.clock.advance(hours=62)
    news(town, mention_id, status="closed", outcome=Outcome.FIXED)
    town.tell()
    town.approve(mention_id, file_request=False)
    town.clock.advance(hours=11)
    town.deliver()
    assert "is done" in town.our_replies_on_x(post_id)[-1]
    assert [one.state for one in notices(town, mention_id)] == [NoticeState.TOLD]


def test_news_that_could_not_leave_for_days_go_back_to_a_person(town: Town) -> None:
    post_id, mention_id = reported(town)
    news(town, mention_id, status="closed", outcome=Outcome.FIXED)
    town.tell()
    town.approve(mention_id, file_request=False)
    town.clock.advance(hours=73)
    town.deliver()
    assert len(town.our_replies_on_x(post_id)) == 1
    assert town.reply_to(mention_id).state == ReplyState.DRAFT
