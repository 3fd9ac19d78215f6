"""Is it fixed? Asked when the city closes a request; a yes settles the case, a no opens it again."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlmodel import col, select

from models import (
    FixedQuestion,
    FixedState,
    Mention,
    MentionState,
    Outcome,
    Post,
    ReplyState,
    RequestState,
    ServiceRequest,
    StaffUser,
    UpdateSource,
)
from models.deletion import forget_post
from models.fixed_words import buttons
from models.photo_links import KEPT
from models.status_changes import Change, note_change
from responders.deciding import NotApproved
from responders.fixed_desk import write_answer
from responders.fixed_rounds import FixedRounds
from responders.objections import MoreRequest, RequestFields
from responders.standing import switch_on
from responders.template_keys import Key
from tests.responders.test_status_replies import joined, news, reported
from tests.town import Town

ANN: dict[str, Any] = {"id": 7001, "first_name": "Ann", "username": "ann_r"}
POTHOLE = "There is a deep pothole at 5th and Market St, a car lost its tire"


def on_telegram(town: Town) -> int:
    """A report by Telegram that was answered and filed; the mention's id."""
    mention_id = says(town, POTHOLE)
    town.approve(mention_id)
    town.deliver()
    assert town.request_of(mention_id).state == RequestState.SUBMITTED
    return mention_id


def says(town: Town, text: str | None, **more: Any) -> int:
    """Ann writes in her chat, and we hear, understand and draft; the id of the mention it belongs to."""
    said = town.simulator.say_on_telegram(text, sender=ANN, **more)
    town.hear()
    return town.mention_of(f"{said['chat_id']}:{said['message_id']}").id or 0


def closed(town: Town, mention_id: int) -> None:
    """The city closes the request, and its author is told."""
    newest = town.request_of(mention_id)
    with town.database.write() as session:
        request = session.get_one(ServiceRequest, newest.reopens_id or newest.id, with_for_update=True)
        request.status, now = "closed", town.clock()
        change = Change(f"{now}", UpdateSource.CITY, now, status="closed", outcome=Outcome.FIXED)
        note_change(session, request, change, now)
    town.clock.advance(minutes=10, seconds=1)
    town.tell()
    town.approve(mention_id, file_request=False)
    town.deliver()
    assert town.reply_to(mention_id).state == ReplyState.SENT


def questions(town: Town) -> list[FixedQuestion]:
    with town.database.read() as session:
        return list(session.exec(select(FixedQuestion).order_by(col(FixedQuestion.id))).all())


def mention(town: Town, mention_id: int) -> Mention:
    with town.database.read() as session:
        return session.get_one(Mention, mention_id)


def rounds(town: Town, days: int = 7) -> None:
    FixedRounds(town.database, ZoneInfo("America/New_York"), days, town.clock).look()


def keyboard(town: Town) -> list[str]:
    """The answers that Telegram shows under our last message."""
    markup = town.simulator.telegram_messages(by="us")[-1].get("reply_markup") or {}
    return [button["text"] for row in markup.get("keyboard", []) for button in row]


def test_telegram_shows_two_buttons_and_a_tap_on_yes_settles_the_case(town: Town) -> None:
    mention_id = on_telegram(town)
    closed(town, mention_id)
    number = town.request_of(mention_id).service_request_id or ""
    assert keyboard(town) == list(buttons("en", number))
    assert [one.state for one in questions(town)] == [FixedState.OPEN]
    chat = f"{town.simulator.url}/telegram"
    assert all(one in httpx.get(chat, trust_env=False).text for one in keyboard(town))
    tapped = {"chat_id": str(ANN["id"]), "name": "Ann", "text": keyboard(town)[0]}
    httpx.post(chat, data=tapped, trust_env=False)
    town.hear()
    question = questions(town)[0]
    assert (question.mention_id, question.state, question.answered_by) == (mention_id, FixedState.YES, None)
    assert mention(town, mention_id).state == MentionState.CLOSED
    assert town.reply_to(mention_id).state == ReplyState.CANCELLED  # the thanks, which nobody has switched on


def test_a_tap_on_no_drafts_what_opens_it_again_and_nothing_leaves_unapproved(town: Town) -> None:
    mention_id = on_telegram(town)
    closed(town, mention_id)
    filed, before = town.request_of(mention_id), len(town.our_messages())
    assert says(town, keyboard(town)[1]) == mention_id
    again = town.request_of(mention_id)
    assert (again.state, again.reopens_id, again.part) == (RequestState.DRAFT, filed.id, 2)
    assert f"Again: {filed.service_request_id}" in again.description
    assert (again.service_code, again.lat, again.long) == (filed.service_code, filed.lat, filed.long)
    assert mention(town, mention_id).state == MentionState.DRAFTED
    assert mention(town, mention_id).promised_at == filed.requested_datetime
    assert town.reply_to(mention_id).text.startswith("Thank you for telling us that the pothole is not fixed.")
    town.deliver()
    assert len(town.our_messages()) == before


def approved(town: Town, mention_id: int) -> None:
    """A person approves the drafted reply and everything that is to be filed with it, and it goes."""
    town.desk.claim(mention_id, town.staff_id)
    seen, again = town.seen(mention_id, file_request=False), town.request_of(mention_id)
    fields = RequestFields(again.service_code, again.description, again.address_string, again.lat, again.long)
    more = (MoreRequest(again.id or 0, fields, file=True),) if again.state == RequestState.IN_REVIEW else ()
    town.desk.approve(mention_id, town.staff_id, replace(seen, more=more))
    town.deliver()
    rounds(town)


def denied(town: Town) -> tuple[int, ServiceRequest]:
    """A request that the city closed and its author says is not fixed: (mention, the closed request)."""
    mention_id = on_telegram(town)
    closed(town, mention_id)
    filed = town.request_of(mention_id)
    says(town, keyboard(town)[1])
    return mention_id, filed


def test_nobody_says_that_it_was_reported_again_while_it_is_not(town: Town) -> None:
    mention_id, _ = denied(town)
    town.desk.claim(mention_id, town.staff_id)
    seen = town.seen(mention_id, file_request=False)
    unticked = replace(seen, more=tuple(replace(one, file=False) for one in seen.more))
    assert unticked.more
    with pytest.raises(NotApproved, match="says that it was reported again"):
        town.desk.approve(mention_id, town.staff_id, unticked)
    approved(town, mention_id)
    assert town.reply_to(mention_id).state == ReplyState.SENT


def test_a_city_that_takes_updates_is_told_once_and_has_the_old_request_again(town: Town) -> None:
    mention_id, filed = denied(town)
    town.simulator.fault("open311", "drop_after", "post_update")
    approved(town, mention_id)
    assert town.request_of(mention_id).state in (RequestState.UNCERTAIN, RequestState.APPROVED)
    for _ in range(3):
        town.clock.advance(minutes=2)
        town.deliver()
    rounds(town)
    assert (town.request_of(mention_id).state, town.request_of(mention_id).service_request_id) == (
        RequestState.SUBMITTED,
        None,
    )
    updates = httpx.get(f"{town.simulator.open311_url}/servicerequestupdates.json", trust_env=False).json()
    ours = [one for one in updates if one["update_id"].startswith(filed.reference)]
    assert [(one["service_request_id"], one["status"]) for one in ours] == [(filed.service_request_id, "OPEN")]
    with town.database.read() as session:
        assert session.get_one(ServiceRequest, filed.id).status == "open"
    assert questions(town)[0].reopened_at is not None


def test_who_asks_for_the_status_after_the_closing_is_asked_one_question_and_heard(town: Town) -> None:
    mention_id, taps = on_telegram(town), keyboard
    closed(town, mention_id)
    number = town.request_of(mention_id).service_request_id
    asked = says(town, f"/status {number}")
    assert asked != mention_id
    town.approve(asked, file_request=False)
    town.deliver()
    assert town.reply_to(asked).template_key == Key.STATUS_FIXED
    rounds(town)
    assert [one.state for one in questions(town)] == [FixedState.OPEN]
    assert says(town, taps(town)[1]) == mention_id
    assert [one.state for one in questions(town)] == [FixedState.NO]
    assert town.request_of(mention_id).reopens_id is not None


def test_who_has_answered_is_not_asked_again_by_asking_for_the_status(town: Town) -> None:
    mention_id = on_telegram(town)
    closed(town, mention_id)
    says(town, keyboard(town)[0])
    asked = says(town, f"/status {town.request_of(mention_id).service_request_id}")
    town.approve(asked, file_request=False)
    town.deliver()
    rounds(town)
    assert [one.state for one in questions(town)] == [FixedState.YES]


def test_a_second_closing_is_a_second_question_and_the_first_answer_stays(town: Town) -> None:
    mention_id, filed = denied(town)
    approved(town, mention_id)
    assert f"The number is {filed.service_request_id}." in town.our_messages()[-1]
    closed(town, mention_id)
    states = [(one.request_id, one.state) for one in questions(town)]
    assert states == [(filed.id, FixedState.NO), (filed.id, FixedState.OPEN)]
    says(town, "👍")
    assert [one.state for one in questions(town)] == [FixedState.NO, FixedState.YES]


def test_silence_closes_after_whole_city_days_with_a_record(town: Town) -> None:
    mention_id = on_telegram(town)
    closed(town, mention_id)
    rounds(town)
    closes_at = questions(town)[0].closes_at
    assert closes_at is not None
    assert closes_at.astimezone(ZoneInfo("America/New_York")).time() == time(0)
    town.clock.offset = closes_at - datetime.now(UTC) - timedelta(minutes=1)
    rounds(town)
    assert questions(town)[0].state == FixedState.OPEN
    town.clock.advance(minutes=2)
    rounds(town)
    assert (questions(town)[0].state, questions(town)[0].state_reason) == (
        FixedState.SILENT,
        "nobody answered within 7 days",
    )


def test_more_than_a_word_is_read_by_a_person_and_the_question_stays_open(town: Town) -> None:
    mention_id = on_telegram(town)
    closed(town, mention_id)
    asked = town.simulator.telegram_messages(by="us")[-1]
    assert says(town, "no, it's fixed, but the paint is gone now", reply_to=asked["message_id"]) == mention_id
    assert questions(town)[0].state == FixedState.OPEN
    assert mention(town, mention_id).state == MentionState.DRAFTED


def test_an_answer_that_is_changed_or_deleted_counts_as_it_stands_now(town: Town) -> None:
    mention_id = on_telegram(town)
    closed(town, mention_id)
    said = town.simulator.say_on_telegram("no", sender=ANN)
    town.hear()
    reopening = town.request_of(mention_id)
    assert reopening.reopens_id
    town.simulator.say_on_telegram("yes", sender=ANN, edit_of=said["message_id"])
    town.hear()
    assert questions(town)[0].state == FixedState.YES
    with town.database.write() as session:
        assert session.get_one(ServiceRequest, reopening.id).state == RequestState.CANCELLED
        post = session.exec(select(Post).where(Post.text == "yes")).one()
        forget_post(session, post, "test", "its author deleted it", town.clock())
    town.clock.advance(seconds=1)
    rounds(town)
    town.understand()
    assert (questions(town)[0].state, questions(town)[0].answer_post_id) == (FixedState.OPEN, None)


def test_who_deletes_the_report_is_asked_nothing_any_more(town: Town) -> None:
    mention_id = on_telegram(town)
    closed(town, mention_id)
    with town.database.write() as session:
        for post in session.exec(select(Post).where(Post.mention_id == mention_id)).all():
            forget_post(session, post, "test", "its author deleted it", town.clock())
    rounds(town)
    assert questions(town)[0].state == FixedState.WITHDRAWN


def test_in_public_only_an_answer_to_our_post_is_heard(town: Town) -> None:
    post_id, mention_id = reported(town)
    closed(town, mention_id)
    ours = town.simulator.our_replies_on_x(post_id)[-1]["id"]
    beside = town.simulator.say_on_x("@Philly311Demo yes", author="dee_215", in_reply_to=post_id)
    town.hear()
    assert (town.mention_of(beside).id, questions(town)[0].state) == (mention_id, FixedState.OPEN)
    town.simulator.say_on_x("@Philly311Demo Still not fixed!", author="passer_by", in_reply_to=ours)
    town.hear()
    assert questions(town)[0].state == FixedState.OPEN
    town.simulator.say_on_x("@Philly311Demo Still not fixed!", author="dee_215", in_reply_to=ours)
    town.hear()
    assert questions(town)[0].state == FixedState.NO
    assert town.request_of(mention_id).reopens_id is not None


def both_asked(town: Town) -> tuple[tuple[str, int], tuple[str, int]]:
    """Two residents follow one request that the city closed, and both were asked: each post and its mention."""
    first, head = reported(town)
    second, follower = joined(town, head, "ray_19147")
    with town.database.write() as session:
        session.get_one(ServiceRequest, town.request_of(head).id).status = "closed"
    news(town, head, status="closed", outcome=Outcome.FIXED)
    town.tell()
    for mention_id in (head, follower):
        town.approve(mention_id, file_request=False)
    town.deliver()
    return (first, head), (second, follower)


def says_no_below(town: Town, post_id: str, author: str) -> None:
    """The author of a post answers no below what we said there last."""
    ours = town.simulator.our_replies_on_x(post_id)[-1]["id"]
    town.simulator.say_on_x("@Philly311Demo no", author=author, in_reply_to=ours)
    town.hear()


def test_of_many_who_say_no_the_first_stands_for_all(town: Town) -> None:
    (first, head), (second, follower) = both_asked(town)
    says_no_below(town, first, "dee_215")
    says_no_below(town, second, "ray_19147")
    again, too = town.request_of(head), town.request_of(follower)
    assert (again.state, too.state, too.joined_to_id) == (RequestState.DRAFT, RequestState.JOINED, again.id)


def test_a_later_no_is_filed_for_itself_where_the_city_has_closed_what_the_first_one_opened(town: Town) -> None:
    (first, head), (second, follower) = both_asked(town)
    says_no_below(town, first, "dee_215")
    approved(town, head)
    with town.database.write() as session:
        again = session.get_one(ServiceRequest, town.request_of(head).id)
        assert again.state == RequestState.SUBMITTED
        again.status = "closed"
    says_no_below(town, second, "ray_19147")
    own = town.request_of(follower)
    assert (own.state, own.joined_to_id, own.reopens_id) == (RequestState.DRAFT, None, again.reopens_id)


def test_a_no_by_telephone_while_another_reply_leaves_comes_to_the_desk(town: Town) -> None:
    mention_id = on_telegram(town)
    closed(town, mention_id)
    news(town, mention_id, status="open", outcome=Outcome.NEEDS_INFORMATION, status_notes="Which lane?")
    town.tell()
    town.approve(mention_id, file_request=False)
    (question,) = questions(town)
    write_answer(town.desk, mention_id, question.id or 0, town.staff_id, fixed=False, reason="by telephone")
    town.deliver()
    assert town.request_of(mention_id).waits_again
    assert mention(town, mention_id).state == MentionState.DRAFTED


def test_a_photo_alone_goes_with_the_no_before_it(town: Town) -> None:
    mention_id, _ = denied(town)
    assert says(town, None, photo={"alt": "a hole"}) == mention_id
    assert town.request_of(mention_id).media_url.startswith(KEPT)


def test_thanks_go_by_themselves_only_where_a_supervisor_said_so(town: Town) -> None:
    mention_id = on_telegram(town)
    closed(town, mention_id)
    with town.database.write() as session:
        staff = session.get_one(StaffUser, town.staff_id)
        account_id, until = mention(town, mention_id).account_id, town.clock() + timedelta(days=1)
        switch_on(session, account_id, Key.FIXED_THANKS, "en", seen=1, until=until, staff=staff, now=town.clock())
    says(town, "yes, thanks!")
    town.deliver()
    assert town.our_messages()[-1].startswith("Thank you for telling us that it is fixed.")
    assert mention(town, mention_id).state == MentionState.CLOSED
