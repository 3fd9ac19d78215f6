"""One post, several requests: added, approved together, told in one reply, and put back until they are filed."""

from dataclasses import replace

import pytest
from sqlmodel import col, select

from models import Mention, Problem, ReplyState, RequestState, ServiceRequest, Understanding
from models.threads import posts_of
from responders.objections import MoreRequest, RequestFields
from responders.review import NotApproved
from responders.several import told_by
from responders.splitting import MOST_ADDED, add_request, take_away
from tests.town import Town

TWO = "Deep pothole at 5th and Market St, and the street light on the same corner is out"
BOTH = "Thank you. We have filed both: {number}. They should be done by {date}."


def heard(town: Town) -> int:
    """A post about two problems, drafted and held: its mention's id."""
    post = town.simulator.say_on_x(TWO, author="dee_215")
    town.hear()
    mention_id = town.mention_of(post).id or 0
    town.desk.claim(mention_id, town.staff_id)
    return mention_id


def requests(town: Town, mention_id: int) -> list[ServiceRequest]:
    with town.database.read() as session:
        return list(
            session.exec(
                select(ServiceRequest)
                .where(ServiceRequest.mention_id == mention_id)
                .order_by(col(ServiceRequest.part), col(ServiceRequest.id))
            ).all()
        )


def added(one: ServiceRequest, *, file: bool = True, service_code: str | None = None) -> MoreRequest:
    """An added request as the page would hand it in, filled in where the person had to."""
    code = service_code or one.service_code or "LIGHT"
    fields = RequestFields(code, one.description or "the light is out", one.address_string, one.lat, one.long)
    return MoreRequest(one.id or 0, fields, file)


def approve(town: Town, mention_id: int, text: str = BOTH, *, file_first: bool = True, file: bool = True) -> None:
    rows = [one for one in requests(town, mention_id) if one.state in (RequestState.IN_REVIEW, RequestState.REFUSED)]
    first = next((one for one in rows if one.part == 1), None)
    fields = (
        RequestFields(first.service_code, first.description, first.address_string, first.lat, first.long)
        if first and file_first
        else None
    )
    more = tuple(added(one, file=file, service_code=some_service(town)) for one in rows if one.part > 1)
    decided = replace(town.seen(mention_id, text, file_request=False), request=fields, more=more)
    town.desk.approve(mention_id, town.staff_id, decided)


def some_service(town: Town) -> str:
    return town.simulator_services()[0]["service_code"]


def test_two_problems_are_filed_apart_and_told_in_one_reply(town: Town) -> None:
    mention_id = heard(town)
    add_request(town.desk, mention_id, town.staff_id)
    approve(town, mention_id)
    town.deliver()
    first, second = requests(town, mention_id)
    assert len(town.simulator.city_requests()) == 2
    assert {first.state, second.state} == {RequestState.SUBMITTED}
    [said] = town.our_replies_on_x()
    assert f"{first.service_request_id}, {second.service_request_id}" in said
    reply = town.reply_to(mention_id)
    assert (reply.request_id, reply.also_about) == (first.id, [second.id])


def test_the_reply_waits_for_all_numbers_and_then_goes_with_ours(town: Town) -> None:
    mention_id = heard(town)
    add_request(town.desk, mention_id, town.staff_id)
    approve(town, mention_id)
    first, second = requests(town, mention_id)
    with town.database.write() as session:  # the second one hangs somewhere between us and the city
        session.get_one(ServiceRequest, second.id).state = RequestState.UNCERTAIN
    town.deliver()
    assert town.our_replies_on_x() == []
    town.clock.advance(seconds=90)
    town.deliver()
    [said] = town.our_replies_on_x()
    assert first.reference in said
    assert second.reference in said
    assert "done by" not in said


def test_a_refused_one_brings_the_reply_back_and_the_filed_one_is_told_with_it_later(town: Town) -> None:
    mention_id = heard(town)
    add_request(town.desk, mention_id, town.staff_id)
    approve(town, mention_id)
    first, second = requests(town, mention_id)
    with town.database.write() as session:
        session.get_one(ServiceRequest, second.id).service_code = None  # no such service: the city refuses it
    town.deliver()
    assert [one.state for one in requests(town, mention_id)] == [RequestState.SUBMITTED, RequestState.REFUSED]
    assert town.reply_to(mention_id).state == ReplyState.DRAFT
    town.understand()
    town.desk.claim(mention_id, town.staff_id)
    approve(town, mention_id)
    town.deliver()
    with town.database.read() as session:
        told = told_by(session, town.reply_to(mention_id))
    assert {one.id for one in told} == {first.id, second.id}
    assert len(town.our_replies_on_x()) == 1


def test_an_added_one_that_is_not_ticked_is_cancelled(town: Town) -> None:
    mention_id = heard(town)
    add_request(town.desk, mention_id, town.staff_id)
    approve(town, mention_id, "Thank you. It is filed as {number}.", file=False)
    assert [one.state for one in requests(town, mention_id)] == [RequestState.APPROVED, RequestState.CANCELLED]
    assert town.reply_to(mention_id).also_about == []


def test_what_was_added_can_be_put_back_until_it_is_approved(town: Town) -> None:
    mention_id = heard(town)
    request_id = add_request(town.desk, mention_id, town.staff_id)
    take_away(town.desk, mention_id, town.staff_id, request_id)
    first, second = requests(town, mention_id)
    assert (first.state, second.state) == (RequestState.IN_REVIEW, RequestState.CANCELLED)
    with pytest.raises(NotApproved, match="no request that was added"):
        take_away(town.desk, mention_id, town.staff_id, first.id or 0)


def test_a_page_that_does_not_show_an_added_request_approves_nothing(town: Town) -> None:
    mention_id = heard(town)
    seen = town.seen(mention_id, "Thank you. It is filed as {number}.")
    add_request(town.desk, mention_id, town.staff_id)
    with pytest.raises(NotApproved, match="split or put together meanwhile"):
        town.desk.approve(mention_id, town.staff_id, seen)


def test_a_problem_the_post_tells_of_begins_the_request_with_its_words(town: Town) -> None:
    mention_id = heard(town)
    code = some_service(town)
    with town.database.write() as session:
        mention = session.get_one(Mention, mention_id)
        read = session.exec(select(Understanding).where(Understanding.mention_id == mention_id)).one()
        [post] = posts_of(session, mention_id)
        start, post_id = post.text.index("the street light"), post.id
        told = [
            Problem(service_code="POTHOLE", probability=0.8, start=0, end=12, post_id=post_id),
            Problem(service_code=code, probability=0.7, start=start, end=len(post.text), post_id=post_id),
        ]
        read.problems = [one.model_dump() for one in told]
        read.mention_version = mention.version
        session.add(read)
    add_request(town.desk, mention_id, town.staff_id, 1)
    second = requests(town, mention_id)[1]
    assert (second.description, second.service_code) == ("the street light on the same corner is out", code)
    assert second.address_string == requests(town, mention_id)[0].address_string


def test_a_post_makes_only_so_many_requests(town: Town) -> None:
    mention_id = heard(town)
    for _ in range(MOST_ADDED):
        add_request(town.desk, mention_id, town.staff_id)
    with pytest.raises(NotApproved, match="at most"):
        add_request(town.desk, mention_id, town.staff_id)


def test_the_length_is_judged_with_every_number(town: Town) -> None:
    mention_id = heard(town)
    add_request(town.desk, mention_id, town.staff_id)
    room = 280 - len("{number}")
    text = "x" * (room - 26) + " {number}"  # one number of 16 fits, two do not
    with pytest.raises(NotApproved, match="can grow to"):
        approve(town, mention_id, text)
