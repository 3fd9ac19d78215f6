"""The city asks about a report in public: the answer is asked for in private, and reaches the case from there."""

from datetime import timedelta

import pytest

from models import (
    FixedState,
    Need,
    NoticeState,
    Outcome,
    ReplyState,
    RequestState,
    Service,
    ServiceRequest,
    StaffUser,
    StatusUpdate,
)
from models.private_moves import move_from, move_to
from models.status_changes import answered_since
from responders.deciding import NotApproved
from responders.standing import switch_on, templates_of, version_of
from responders.template_keys import Key
from tests.responders.test_fixed import questions
from tests.responders.test_passing_on import answers, passes_on, told_to_city
from tests.responders.test_status_replies import news, notices, reported
from tests.town import Town

PLATE = "What is the license plate?"
ANSWER = "It is the white van, plate from New Jersey"


def at_a_home(town: Town, mention_id: int) -> None:
    """The service of the request is one whose place may be somebody's home."""
    with town.database.write() as session:
        service = session.get_one(Service, town.request_of(mention_id).service_code)
        service.needs = Need.ADDRESS
        session.add(service)


def asks(town: Town, mention_id: int, outcome: Outcome = Outcome.NEEDS_INFORMATION, words: str = PLATE) -> None:
    closed = outcome is Outcome.COULD_NOT_FIND
    with town.database.write() as session:
        request = session.get_one(ServiceRequest, town.request_of(mention_id).id)
        request.status = "closed" if closed else "open"
        session.add(request)
    news(town, mention_id, status="closed" if closed else "open", outcome=outcome, status_notes=words)
    town.tell()


def written_to_before(town: Town) -> None:
    """The resident has written to us in private on X, and we have answered."""
    town.simulator.message_on_x("Hello, is this 311?", author="dee_215")
    town.hear()
    town.approve(town.mentions()[-1].id, "Yes, it is.", file_request=False)
    town.deliver()


def test_where_we_may_write_in_private_the_question_goes_there_and_the_answer_reaches_the_city(town: Town) -> None:
    written_to_before(town)
    post_id, mention_id = reported(town)
    asks(town, mention_id)
    draft = town.reply_to(mention_id)
    assert (draft.template_key, draft.state) == (Key.STATUS_NEEDS_INFORMATION, ReplyState.DRAFT)
    assert draft.conversation_id is not None
    town.approve(mention_id, file_request=False)
    town.deliver()
    assert not any(PLATE in one for one in town.our_replies_on_x(post_id))
    assert PLATE in str(town.simulator.messages_on_x(by="us")[-1]["text"])
    assert [one.state for one in notices(town, mention_id)] == [NoticeState.TOLD]
    town.clock.advance(minutes=10)
    reaches_the_city(town, mention_id)


def test_where_we_may_not_they_are_asked_to_answer_in_private_and_that_answer_reaches_the_city(town: Town) -> None:
    post_id, mention_id = reported(town)
    asks(town, mention_id)
    assert town.reply_to(mention_id).template_key == Key.STATUS_NEEDS_INFORMATION_PRIVATE
    town.approve(mention_id, file_request=False)
    town.deliver()
    said = town.our_replies_on_x(post_id)[-1]
    assert PLATE in said
    assert "answer in a private message" in said
    assert [one.state for one in notices(town, mention_id)] == [NoticeState.TOLD]
    reaches_the_city(town, mention_id)


def test_what_they_say_in_public_meanwhile_leaves_the_asking_of_the_city_open(town: Town) -> None:
    post_id, mention_id = reported(town)
    asks(town, mention_id)
    town.approve(mention_id, file_request=False)
    town.deliver()
    town.clock.advance(minutes=5)
    town.simulator.say_on_x("@Philly311Demo when will this be done?", author="dee_215", in_reply_to=post_id)
    town.hear()
    town.approve(mention_id, "We ask the crew and tell you.", file_request=False)
    town.deliver()
    town.clock.advance(minutes=5)
    town.simulator.message_on_x(ANSWER, author="dee_215")
    town.hear()
    private = town.mentions()[-1].id or 0
    (answer,) = answers(town, private)
    assert ANSWER in answer.description
    passes_on(town, private)
    assert [one.state for one in answers(town, private)] == [RequestState.SUBMITTED]


def test_the_days_for_a_private_answer_count_from_when_the_question_left(town: Town) -> None:
    _, mention_id = reported(town)
    asks(town, mention_id)
    town.clock.advance(days=6)
    town.approve(mention_id, file_request=False)
    town.deliver()
    town.clock.advance(days=5)
    reaches_the_city(town, mention_id)


def reaches_the_city(town: Town, public: int) -> None:
    town.simulator.message_on_x(ANSWER, author="dee_215")
    town.hear()
    private = town.mentions()[-1].id or 0
    with town.database.read() as session:
        move = move_to(session, private)
        assert move is not None
        assert move.mention_id == public
        update = session.get_one(StatusUpdate, notices(town, public)[-1].update_id)
        assert answered_since(session, update, town.mentions()[-1].author_id)
    (answer,) = answers(town, private)
    assert ANSWER in answer.description
    passes_on(town, private)
    town.deliver()
    number = town.request_of(public).service_request_id
    (told,) = told_to_city(town, number)
    assert ANSWER in told["description"]


def test_an_answer_in_public_is_an_answer_all_the_same(town: Town) -> None:
    post_id, mention_id = reported(town)
    asks(town, mention_id)
    town.approve(mention_id, file_request=False)
    town.deliver()
    ours = town.simulator.our_replies_on_x(post_id)[-1]["id"]
    town.simulator.say_on_x(f"@Philly311Demo {ANSWER}", author="dee_215", in_reply_to=ours)
    town.hear()
    (answer,) = answers(town, mention_id)
    assert ANSWER in answer.description


def test_on_mastodon_the_question_is_a_post_that_only_they_can_read(town: Town) -> None:
    status_id = town.simulator.say_on_mastodon("@Philly311Demo deep pothole at 5th and Market St", author="dee_215")
    town.hear()
    mention_id = town.mention_of(status_id).id or 0
    town.approve(mention_id)
    town.deliver()
    asks(town, mention_id)
    assert town.reply_to(mention_id).template_key in (
        Key.STATUS_NEEDS_INFORMATION,
        Key.STATUS_NEEDS_INFORMATION_SHORT,
    )
    town.approve(mention_id, file_request=False)
    town.deliver()
    ours = town.simulator.our_replies_on_mastodon(status_id)[-1]
    assert ours["visibility"] == "direct"
    town.simulator.say_on_mastodon(
        f"@Philly311Demo {ANSWER}", author="dee_215", in_reply_to=ours["id"], visibility="direct"
    )
    town.hear()
    private = town.mentions()[-1].id or 0
    assert private != mention_id
    (answer,) = answers(town, private)
    assert ANSWER in answer.description


def on_bluesky(town: Town) -> int:
    """A report that the city has; the mention's id."""
    town.simulator.say_on_bluesky("@philly311.example.org deep pothole at 5th and Market St")
    town.hear()
    mention_id = town.mentions()[-1].id or 0
    town.approve(mention_id)
    town.deliver()
    return mention_id


def test_where_nobody_can_answer_in_private_a_person_puts_the_citys_question_if_it_may_be_asked(town: Town) -> None:
    mention_id = on_bluesky(town)
    asks(town, mention_id)
    draft = town.reply_to(mention_id)
    assert "[question]" in draft.text
    assert PLATE not in draft.text
    with pytest.raises(NotApproved):
        town.approve(mention_id, file_request=False)


def test_where_nobody_can_answer_in_private_the_block_is_enough(town: Town) -> None:
    mention_id = on_bluesky(town)
    at_a_home(town, mention_id)
    asks(town, mention_id, Outcome.COULD_NOT_FIND, "")
    draft = town.reply_to(mention_id)
    assert draft.template_key == Key.STATUS_COULD_NOT_FIND_BLOCK
    assert "leave out the house number" in draft.text
    town.approve(mention_id, file_request=False)
    town.deliver()
    assert [one.asked_reply_id for one in questions(town)] == [draft.id]


def test_where_a_home_is_is_told_in_private_and_opens_the_case_again(town: Town) -> None:
    post_id, mention_id = reported(town)
    at_a_home(town, mention_id)
    asks(town, mention_id, Outcome.COULD_NOT_FIND, "")
    assert town.reply_to(mention_id).template_key == Key.STATUS_COULD_NOT_FIND_PRIVATE
    town.approve(mention_id, file_request=False)
    town.deliver()
    assert "in a private message" in town.our_replies_on_x(post_id)[-1]
    town.clock.advance(hours=1)
    town.simulator.message_on_x("It is at 1301 Locust St", author="dee_215")
    town.hear()
    private, filed = town.mentions()[-1].id or 0, town.request_of(mention_id)
    (question,) = questions(town)
    assert (question.mention_id, question.state) == (private, FixedState.NO)
    again = town.request_of(private)
    assert (again.state, again.reopens_id) == (RequestState.DRAFT, filed.id)
    assert "Locust" in again.address_string
    assert town.reply_to(private).template_key == Key.REOPENED


def test_a_question_about_a_home_goes_nowhere_by_itself(town: Town) -> None:
    written_to_before(town)
    _, mention_id = reported(town)
    at_a_home(town, mention_id)
    account_id, now = town.mentions()[0].account_id, town.clock()
    with town.database.write() as session:
        staff = session.get_one(StaffUser, town.staff_id)
        seen = version_of(templates_of(session), Key.STATUS_COULD_NOT_FIND, "en") or 0
        until = now + timedelta(days=9)
        switch_on(session, account_id, Key.STATUS_COULD_NOT_FIND, "en", seen=seen, until=until, staff=staff, now=now)
    asks(town, mention_id, Outcome.COULD_NOT_FIND, "")
    draft = town.reply_to(mention_id)
    assert (draft.template_key, draft.state) == (Key.STATUS_COULD_NOT_FIND, ReplyState.DRAFT)
    assert draft.conversation_id is not None


def test_an_asking_that_gave_way_to_newer_news_has_asked_nobody(town: Town) -> None:
    _, mention_id = reported(town)
    asks(town, mention_id)
    news(town, mention_id, status="open", outcome=Outcome.ACCEPTED)
    town.tell()
    assert town.reply_to(mention_id).template_key == Key.STATUS_ACCEPTED
    with town.database.read() as session:
        assert move_from(session, mention_id) is None


def test_what_is_no_home_is_asked_for_in_the_thread(town: Town) -> None:
    _, mention_id = reported(town)
    asks(town, mention_id, Outcome.COULD_NOT_FIND, "")
    draft = town.reply_to(mention_id)
    assert (draft.template_key, draft.conversation_id) == (Key.STATUS_COULD_NOT_FIND, None)
