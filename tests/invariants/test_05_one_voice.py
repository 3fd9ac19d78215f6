"""Invariant 5: two people cannot answer the same mention, and nobody answers what they have not read."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from models import Database, Mention, MentionState, Reply, ReplyState, Role, StaffUser, Understanding, advance
from models.deletion import forget_post
from models.mentions import Post
from models.threads import posts_of
from responders.review import Desk, NotApproved, NotYours
from tests.responders.test_dialogue import says
from tests.rows import MORNING, a_mention, a_reply
from tests.town import Town

POTHOLE = "There is a deep pothole at 5th and Market St"
LAW = "Our attorney will call you."


def _waiting(town: Town, **more: object) -> tuple[str, int]:
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215", **more)
    town.hear()
    return post_id, town.mention_of(post_id).id or 0


def test_the_second_person_is_told_who_works_on_it(town: Town) -> None:
    _, mention_id = _waiting(town)
    town.desk.claim(mention_id, town.staff_id)
    with pytest.raises(NotYours, match="Mae Jones is working on it"):
        town.desk.claim(mention_id, town.hire("Sam Lee"))


def test_of_ten_people_who_claim_at_once_one_gets_it(town: Town) -> None:
    _, mention_id = _waiting(town)
    people = [town.hire(f"Person {number}") for number in range(10)]
    got: list[int] = []

    def claim(staff_id: int) -> None:
        try:
            town.desk.claim(mention_id, staff_id)
            got.append(staff_id)
        except NotYours:
            pass

    threads = [threading.Thread(target=claim, args=(staff_id,)) for staff_id in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1


def test_a_claim_that_ran_out_can_be_taken_and_the_first_person_cannot_approve_any_more(town: Town) -> None:
    _, mention_id = _waiting(town)
    town.desk.claim(mention_id, town.staff_id)
    decided = town.seen(mention_id, "Thank you.", file_request=False)
    town.clock.advance(minutes=11)
    with pytest.raises(NotYours, match="ran out"):
        town.desk.approve(mention_id, town.staff_id, decided)
    other = town.hire("Sam Lee")
    town.desk.claim(mention_id, other)
    with pytest.raises(NotYours, match="Sam Lee"):
        town.desk.approve(mention_id, town.staff_id, decided)
    town.desk.approve(mention_id, other, decided)


def test_two_approvals_of_one_mention_are_one_reply(town: Town) -> None:
    post_id, mention_id = _waiting(town)
    town.approve(mention_id, "Thank you.", file_request=False)
    with pytest.raises(NotYours):
        town.approve(mention_id, "Thank you again.", file_request=False)
    town.deliver()
    assert len(town.our_replies_on_x(post_id)) == 1


def test_what_the_author_wrote_meanwhile_has_to_be_read_before_approval(town: Town) -> None:
    post_id, mention_id = _waiting(town)
    town.desk.claim(mention_id, town.staff_id)
    decided = town.seen(mention_id, "Thank you.", file_request=False)
    town.simulator.say_on_x("wait, it is 6th and Market, sorry", author="dee_215", in_reply_to=post_id)
    town.listen()
    with pytest.raises(NotApproved, match="not seen yet"):
        town.desk.approve(mention_id, town.staff_id, decided)
    town.desk.approve(mention_id, town.staff_id, town.seen(mention_id, "Thank you.", file_request=False))


def test_what_the_author_wrote_after_approval_stops_the_reply_and_brings_it_back(town: Town) -> None:
    post_id, mention_id = _waiting(town)
    town.approve(mention_id)
    town.simulator.say_on_x("wait, it is 6th and Market, sorry", author="dee_215", in_reply_to=post_id)
    town.listen()
    town.deliver()
    assert town.our_replies_on_x(post_id) == []
    assert town.simulator.city_requests() == []
    assert town.mention_of(post_id).state == MentionState.DRAFTED
    town.understand()
    assert town.reply_to(mention_id).state == ReplyState.DRAFT
    town.approve(mention_id)
    town.deliver()
    assert len(town.our_replies_on_x()) == 1


BY_JUNE: dict[str, Any] = {"from": {"id": 701, "first_name": "June"}}
PLACE = {"latitude": 39.9526, "longitude": -75.1652, "horizontal_accuracy": 20.0, "live_period": 900}


def _walks(town: Town) -> tuple[int, Callable[[float], None]]:
    """A gas leak told with a live place: its mention, and what moves the place so many degrees north."""
    town.simulator.say_on_telegram("I smell gas in the whole street, please help", **BY_JUNE)
    said = town.simulator.say_on_telegram(location=PLACE, **BY_JUNE)
    town.hear()
    (mention,) = town.mentions()
    assert mention.danger

    def move(north: float) -> None:
        moved = PLACE | {"latitude": PLACE["latitude"] + north}
        town.simulator.say_on_telegram(location=moved, edit_of=str(said["message_id"]), **BY_JUNE)
        town.listen()

    return mention.id or 0, move


def test_who_walks_on_with_a_live_place_is_answered_and_the_new_place_is_understood(town: Town) -> None:
    mention_id, move = _walks(town)
    town.desk.claim(mention_id, town.staff_id)
    decided = town.seen(mention_id, "Leave the street and call 911.", file_request=False)
    move(0.01)
    town.understand()
    town.desk.approve(mention_id, town.staff_id, decided)
    move(0.02)
    town.understand()
    town.deliver()
    assert town.our_messages() == ["Leave the street and call 911."]
    (mention,) = town.mentions()
    assert (mention.state, mention.needs_understanding) == (MentionState.CLOSED, False)
    with town.database.read() as session:
        points = [one.lat for one in posts_of(session, mention_id) if one.lat is not None]
        read = session.exec(select(Understanding).order_by(col(Understanding.id).desc())).first()
    assert points == [pytest.approx(PLACE["latitude"] + 0.02)]
    assert read is not None
    assert read.evidence[-1]["note"] == "pin"


def test_words_beside_a_live_place_that_moved_are_read_first(town: Town) -> None:
    mention_id, move = _walks(town)
    town.approve(mention_id, "Leave the street and call 911.", file_request=False)
    move(0.01)
    town.simulator.say_on_telegram("it was only the neighbor's stove", **BY_JUNE)
    town.listen()
    move(0.02)
    town.deliver()
    assert town.our_messages() == []


def test_where_somebody_reads_this_moment_a_moved_place_is_read_again(town: Town) -> None:
    mention_id, move = _walks(town)
    before = town.mentions()[0].version
    with town.database.write() as session:
        session.get_one(Mention, mention_id).understand_after = town.clock()
    move(0.01)
    assert town.mentions()[0].version == before + 1


def test_an_edit_after_the_page_was_opened_has_to_be_read(town: Town) -> None:
    post_id, mention_id = _waiting(town)
    town.desk.claim(mention_id, town.staff_id)
    decided = town.seen(mention_id, "Thank you.", file_request=False)
    town.simulator.say_on_x("There is a deep pothole at 7th and Market St", author="dee_215", edit_of=post_id)
    town.listen()
    with pytest.raises(NotApproved, match="not seen yet"):
        town.desk.approve(mention_id, town.staff_id, decided)
    assert town.mention_of(post_id).id == mention_id


def test_another_residents_post_in_the_thread_stops_nobody(town: Town) -> None:
    post_id, mention_id = _waiting(town)
    town.approve(mention_id, "Thank you.", file_request=False)
    town.simulator.say_on_x("same here, hit it yesterday", author="other_neighbor", in_reply_to=post_id)
    town.listen()
    town.deliver()
    assert len(town.our_replies_on_x(post_id)) == 1


def test_a_newer_post_and_other_words_void_the_first_key(town: Town) -> None:
    post_id, mention_id = _waiting(town)
    sam = town.hire("Sam Lee")
    town.approve(mention_id, LAW, file_request=False)
    town.simulator.say_on_x("wait, it is 6th and Market", author="dee_215", in_reply_to=post_id)
    town.hear()
    assert not town.mention_of(post_id).second_key
    assert town.approve(mention_id, LAW, file_request=False, staff_id=sam).first_key
    assert town.approve(mention_id, f"{LAW} Soon.", file_request=False).first_key
    assert town.approve(mention_id, LAW, file_request=False, staff_id=sam).first_key
    assert not town.approve(mention_id, LAW, file_request=False).first_key
    town.deliver()
    assert len(town.our_replies_on_x()) == 1


def test_another_message_in_the_private_chat_voids_the_first_key_too(town: Town) -> None:
    first = says(town, "There is a deep pothole at 7th and Market St")
    waits = town.mention_of(first).id or 0
    sam = town.hire("Sam Lee")
    town.approve(waits, LAW, file_request=False)
    assert town.mention_of(first).second_key
    other = says(town, "/new the street light at 9th and Vine St is out")
    assert town.mention_of(other).id != waits
    mention = town.mention_of(first)
    assert (mention.second_key, mention.handed_on_by) == (False, None)
    assert town.approve(waits, LAW, file_request=False, staff_id=sam).first_key


def _take_back(database: Database) -> None:
    desk = Desk(database, lambda _channel, text: len(text), lambda _text: [], clock=lambda: MORNING)
    with pytest.raises(NotApproved, match="left already"):
        desk.take_back(1, 1)


def _delete(database: Database) -> None:
    with database.write() as session:
        forget_post(session, session.exec(select(Post)).one(), "listener", "deleted", MORNING)


@pytest.mark.parametrize("meanwhile", [_take_back, _delete])
def test_what_leaves_in_this_very_moment_is_neither_taken_back_nor_cancelled(
    either_database: Database, meanwhile: Callable[[Database], None]
) -> None:
    """On PostgreSQL both read before either wrote; else the desk would say it is back while it stands in the thread."""
    with either_database.write() as session:
        mention = a_mention(session)
        session.add(StaffUser(username="mae", display_name="Mae Jones", initials="MJ", role=Role.APPROVER))
        _approved(session, mention, a_reply(session, mention))
    other = threading.Thread(target=meanwhile, args=(either_database,))
    with either_database.write() as session:
        reply = session.exec(select(Reply).with_for_update()).one()
        other.start()
        other.join(1)  # it has read by now, or waits for us
        advance(session, reply, ReplyState.SENDING, "outbox", "claimed for sending", MORNING)
    other.join(20)
    with either_database.read() as session:
        assert session.exec(select(Reply.state)).one() == ReplyState.SENDING


def _approved(session: Session, mention: Mention, reply: Reply) -> None:
    for state in (MentionState.UNDERSTOOD, MentionState.DRAFTED, MentionState.IN_REVIEW, MentionState.APPROVED):
        advance(session, mention, state, "test", "test", MORNING)
    for reply_state in (ReplyState.IN_REVIEW, ReplyState.APPROVED):
        advance(session, reply, reply_state, "test", "test", MORNING)
    reply.approved_at = MORNING - timedelta(seconds=9)
