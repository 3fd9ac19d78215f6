"""Joining: many reports, one request; each reply says the number of the request it was joined to."""

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from models import (
    Account,
    AuditEntry,
    Channel,
    Database,
    Mention,
    MentionState,
    NeighbourRelation,
    NeighbourVerdict,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    StaffUser,
    advance,
)
from models.joined import followers, followers_of, head_of
from models.neighbours import training_verdicts
from responders import joining
from responders.joining import Joiner, NotJoined, NotYours, let_go_of_dead_heads
from responders.review import NotApproved
from responders.suggesting import Drafter
from tests.rows import MORNING, a_mention, a_request
from tests.town import Town

FIRST = "There is a deep pothole at 5th and Market St"
AGAIN = "Huge pothole at Market St and 5th, my tire is gone"
PROMISE = "Thank you. It is filed as {number}."
TO_THE_SECOND = "Thank you, Sam. It is filed as {number}."  # X takes no text twice


def joiner_of(town: Town) -> Joiner:
    return Joiner(town.database, town.clock)


def two_reports(town: Town) -> tuple[int, int]:
    """Two mentions about one pothole, drafted: their ids."""
    first = town.simulator.say_on_x(FIRST, author="dee_215")
    again = town.simulator.say_on_x(AGAIN, author="sam_kens")
    town.hear()
    return town.mention_of(first).id or 0, town.mention_of(again).id or 0


def joined(town: Town) -> tuple[int, int, int]:
    """The same two, the second joined to the first: (first, again, the head's id)."""
    first, again = two_reports(town)
    head = joiner_of(town).join(again, town.request_of(first).id or 0, town.staff_id)
    return first, again, head


def some_staff(session: Session) -> int:
    staff = StaffUser(username="mae", display_name="Mae Jones")
    session.add(staff)
    session.flush()
    return staff.id or 0


def drafted(session: Session, channel: Channel = Channel.TELEGRAM) -> tuple[int, int]:
    """A drafted mention with its request: their ids."""
    mention = a_mention(session, channel=channel)
    request = a_request(session, mention)
    mention.state = MentionState.DRAFTED
    session.add(mention)
    session.flush()
    return mention.id or 0, request.id or 0


def test_the_reply_of_a_joined_mention_carries_the_number_of_the_head(town: Town) -> None:
    first, again, head_id = joined(town)
    town.approve(first, PROMISE)
    town.approve(again, TO_THE_SECOND, file_request=False)
    town.deliver()
    head = town.request_of(first)
    assert head.id == head_id
    assert head.service_request_id
    assert [reply.count(head.service_request_id) for reply in town.our_replies_on_x()] == [1, 1]
    assert len(town.simulator.city_requests()) == 1
    assert town.reply_to(again).request_id == head_id
    with town.database.read() as session:
        assert session.get_one(Mention, again).state == MentionState.CLOSED


def test_without_an_answer_of_the_city_it_carries_our_reference_of_the_head(town: Town) -> None:
    first, again, _ = joined(town)
    town.approve(first, PROMISE)
    town.approve(again, TO_THE_SECOND, file_request=False)
    assert town.request_of(first).reference in town.reply_to(again).approved_fallback
    assert town.request_of(again).reference not in town.reply_to(again).approved_fallback


def test_no_number_is_promised_before_somebody_approved_the_head(town: Town) -> None:
    _, again, _ = joined(town)
    with pytest.raises(NotApproved, match="nobody has approved yet"):
        town.approve(again, TO_THE_SECOND, file_request=False)
    town.approve(again, "Thank you, we are looking into it.", file_request=False)
    town.deliver()
    assert town.reply_to(again).state == ReplyState.SENT


def test_a_joined_request_is_not_filed_itself(town: Town) -> None:
    first, again, _ = joined(town)
    town.approve(first, PROMISE)
    with pytest.raises(NotApproved, match="not filed itself"):
        town.approve(again, TO_THE_SECOND)


def test_an_approved_reply_comes_back_when_its_head_is_taken_back(town: Town) -> None:
    first, again, _ = joined(town)
    town.approve(first, PROMISE)
    town.approve(again, TO_THE_SECOND, file_request=False)
    town.desk.take_back(first, town.staff_id)
    town.deliver()
    assert town.our_replies_on_x() == []
    assert town.reply_to(again).state == ReplyState.DRAFT


def refused(session: Session, head_id: int) -> ServiceRequest:
    head = session.get_one(ServiceRequest, head_id)
    head.state = RequestState.SUBMITTING
    advance(session, head, RequestState.REFUSED, "test", "no such street", MORNING)
    session.flush()
    return head


def test_a_refused_head_keeps_its_followers_while_somebody_can_mend_it(database: Database) -> None:
    with database.write() as session:
        staff = some_staff(session)
        _, head_id = drafted(session)
        follower, request_id = drafted(session)
    Joiner(database).join(follower, head_id, staff)
    with database.write() as session:
        head = refused(session, head_id)
        assert let_go_of_dead_heads(session, MORNING) == []
        assert session.get_one(ServiceRequest, request_id).joined_to_id == head_id
        session.get_one(Mention, head.mention_id).state = MentionState.WITHDRAWN
        session.flush()
        assert let_go_of_dead_heads(session, MORNING) == [follower]


def test_a_reply_on_its_way_holds_up_no_other_follower(database: Database) -> None:
    with database.write() as session:
        staff = some_staff(session)
        (_, head_id), (leaving, _), (waiting, _) = (drafted(session) for _ in range(3))
    for one in (leaving, waiting):
        Joiner(database).join(one, head_id, staff)
    with database.write() as session:
        account_id = session.get_one(Mention, leaving).account_id
        reply = Reply(mention_id=leaving, account_id=account_id, state=ReplyState.SENDING, changed_at=MORNING)
        session.add(reply)
        session.get_one(ServiceRequest, head_id).state = RequestState.CANCELLED
        session.flush()
        assert let_go_of_dead_heads(session, MORNING, limit=1) == [waiting]
        reply.state = ReplyState.SENT
        session.flush()
        assert let_go_of_dead_heads(session, MORNING, limit=1) == [leaving]


def test_a_request_that_was_joined_while_we_waited_for_it_is_no_head(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        staff = some_staff(session)
        (_, head), (_, second), (third, _) = (drafted(session) for _ in range(3))
    locked = joining._locked

    def joined_meanwhile(session: Session, request: ServiceRequest) -> ServiceRequest:
        if request.id == second:
            joined = {"state": RequestState.JOINED, "joined_to_id": head}
            session.execute(
                update(ServiceRequest)
                .where(col(ServiceRequest.id) == second)
                .values(joined)
                .execution_options(synchronize_session=False)
            )
        return locked(session, request)

    monkeypatch.setattr(joining, "_locked", joined_meanwhile)
    assert Joiner(database).join(third, second, staff) == head


def test_followers_of_a_head_that_came_to_nothing_need_a_new_decision(database: Database) -> None:
    with database.write() as session:
        staff = some_staff(session)
        _, head_id = drafted(session)
        follower, request_id = drafted(session)
    Joiner(database).join(follower, head_id, staff)
    with database.write() as session:
        mention, head = session.get_one(Mention, follower), session.get_one(ServiceRequest, head_id)
        mention.state = MentionState.CLOSED
        advance(session, head, RequestState.CANCELLED, "test", "it came to nothing", MORNING)
        session.flush()
        assert let_go_of_dead_heads(session, MORNING) == [follower]
        assert let_go_of_dead_heads(session, MORNING) == []
    with database.read() as session:
        request = session.get_one(ServiceRequest, request_id)
        assert (request.state, request.joined_to_id) == (RequestState.DRAFT, None)
        assert session.get_one(Mention, follower).state == MentionState.DRAFTED
        assert "came to nothing" in session.get_one(Mention, follower).state_reason


def test_joining_onto_a_joined_one_follows_its_head(database: Database) -> None:
    with database.write() as session:
        staff = some_staff(session)
        (_, head), (second, second_request), (third, _) = (drafted(session) for _ in range(3))
    joiner = Joiner(database)
    joiner.join(second, head, staff)
    assert joiner.join(third, second_request, staff) == head
    with database.read() as session:
        assert followers(session, [head, second_request]) == {head: 2}


def test_who_followed_a_head_that_is_joined_follows_the_new_one(database: Database) -> None:
    with database.write() as session:
        staff = some_staff(session)
        (first, first_request), (second, second_request), (_, third_request) = (drafted(session) for _ in range(3))
    joiner = Joiner(database)
    joiner.join(second, first_request, staff)
    joiner.join(first, third_request, staff)
    with database.read() as session:
        assert head_of(session, session.get_one(ServiceRequest, second_request)).id == third_request
        assert followers(session, [third_request]) == {third_request: 2}


def test_there_are_no_cycles(database: Database) -> None:
    with database.write() as session:
        staff = some_staff(session)
        (first, first_request), (second, second_request) = drafted(session), drafted(session)
    joiner = Joiner(database)
    joiner.join(second, first_request, staff)
    with pytest.raises(NotJoined, match="cannot be joined to itself"):
        joiner.join(first, second_request, staff)
    with pytest.raises(NotJoined, match="cannot be joined to itself"):
        joiner.join(first, first_request, staff)


def test_nothing_is_joined_to_what_the_city_has_closed(database: Database) -> None:
    with database.write() as session:
        staff = some_staff(session)
        (_, head), (again, _) = drafted(session), drafted(session)
        closed = session.get_one(ServiceRequest, head)
        closed.status, closed.service_request_id = "closed", "26-1"
    with pytest.raises(NotJoined, match="closed 26-1"):
        Joiner(database).join(again, head, staff)


def test_what_somebody_else_works_on_is_left_to_them(town: Town) -> None:
    first, again = two_reports(town)
    town.desk.claim(again, town.hire("Lou Okafor"))
    head = town.request_of(first).id or 0
    with pytest.raises(NotYours, match="Lou Okafor"):
        joiner_of(town).join(again, head, town.staff_id)
    done = joiner_of(town).join_all([again], head, town.staff_id)
    assert done.mention_ids == []
    assert "Lou Okafor" in done.left[again]


def test_un_joining_gives_the_request_back_and_it_can_be_filed(town: Town) -> None:
    first, again, _ = joined(town)
    town.desk.claim(again, town.staff_id)
    joiner_of(town).part(again, town.staff_id)
    assert town.request_of(again).state == RequestState.IN_REVIEW
    town.approve(first, PROMISE)
    town.approve(again, TO_THE_SECOND)
    town.deliver()
    assert len(town.simulator.city_requests()) == 2


def test_un_joining_after_the_reply_left_opens_the_mention_for_another_answer(town: Town) -> None:
    first, again, _ = joined(town)
    town.approve(first, PROMISE)
    town.approve(again, TO_THE_SECOND, file_request=False)
    town.deliver()
    joiner_of(town).part(again, town.staff_id)
    town.understand()
    with town.database.read() as session:
        mention = session.get_one(Mention, again)
        assert (mention.state, mention.round) == (MentionState.DRAFTED, 2)
    assert town.request_of(again).state == RequestState.DRAFT


def test_an_author_who_writes_again_hears_how_the_head_stands(town: Town) -> None:
    post = town.simulator.say_on_x(FIRST, author="dee_215")
    asked = town.simulator.say_on_x(AGAIN, author="sam_kens")
    town.hear()
    first, again = town.mention_of(post).id or 0, town.mention_of(asked).id or 0
    joiner_of(town).join(again, town.request_of(first).id or 0, town.staff_id)
    town.approve(first, PROMISE)
    town.approve(again, TO_THE_SECOND, file_request=False)
    town.deliver()
    town.simulator.say_on_x("any news about my pothole report?", author="sam_kens", in_reply_to=asked)
    town.hear()
    reply = town.reply_to(again)
    assert reply.request_id == town.request_of(first).id
    assert reply.template_key.startswith("status_")


def test_every_step_is_on_record(database: Database) -> None:
    with database.write() as session:
        staff = some_staff(session)
        (_, head), (again, request) = drafted(session), drafted(session)
    joiner = Joiner(database)
    joiner.join(again, head, staff)
    joiner.part(again, staff)
    with database.read() as session:
        steps = session.exec(
            select(AuditEntry.by, AuditEntry.to_state).where(
                AuditEntry.about == "ServiceRequest", AuditEntry.about_id == request
            )
        ).all()
    assert steps == [(f"staff:{staff}", "joined"), (f"staff:{staff}", "draft")]


def test_what_people_say_is_kept_and_posts_from_x_teach_nothing(database: Database) -> None:
    with database.write() as session:
        staff = some_staff(session)
        (_, telegram), (other, _), (on_x, on_x_request) = (
            drafted(session),
            drafted(session),
            drafted(session, Channel.X),
        )
    joiner = Joiner(database)
    joiner.join(other, telegram, staff)
    joiner.say(on_x, telegram, NeighbourRelation.RELATED, staff)
    joiner.say(other, on_x_request, NeighbourRelation.DIFFERENT, staff)
    with database.read() as session:
        said = session.exec(select(NeighbourVerdict.relation)).all()
        assert sorted(said) == ["different", "related", "same"]
        assert [(one.mention_id, one.relation) for one in training_verdicts(session)] == [(other, "same")]


def test_the_newest_word_about_a_pair_counts(database: Database) -> None:
    with database.write() as session:
        staff = some_staff(session)
        (_, one), (other, _) = drafted(session), drafted(session)
    joiner = Joiner(database)
    joiner.say(other, one, NeighbourRelation.DIFFERENT, staff)
    joiner.say(other, one, NeighbourRelation.RELATED, staff)
    with database.read() as session:
        assert session.exec(select(NeighbourVerdict.relation)).all() == ["related"]


def test_five_hundred_posts_become_one_request_with_followers(database: Database) -> None:
    with database.write() as session:
        staff = some_staff(session)
        reports = [drafted(session) for _ in range(500)]
        assert session.exec(select(Account)).one()
    head = reports[0][1]
    done = Joiner(database).join_all([mention for mention, _ in reports], head, staff)
    assert len(done.mention_ids) == 499
    assert done.left == {}
    with database.read() as session:
        assert followers(session, [head]) == {head: 499}
        states = set(session.exec(select(Mention.state)).all())
    assert states == {MentionState.DRAFTED}  # each reply still waits for a person


def test_an_approved_reply_waits_while_the_head_the_city_refused_is_mended(town: Town) -> None:
    first, again, head_id = joined(town)
    town.approve(first, PROMISE)
    town.approve(again, TO_THE_SECOND, file_request=False)
    with town.database.write() as session:
        head = session.get_one(ServiceRequest, head_id)
        service, head.service_code = head.service_code, None  # the city knows no such service
    town.deliver()
    waiting = town.reply_to(again)
    assert town.request_of(first).state == RequestState.REFUSED
    assert (waiting.state, "that one is mended" in waiting.held_because) == (ReplyState.APPROVED, True)
    town.understand()
    with town.database.write() as session:
        session.get_one(ServiceRequest, head_id).service_code = service
    town.approve(first, PROMISE)
    town.clock.advance(minutes=2)
    town.deliver()
    number = town.request_of(first).service_request_id
    assert number
    assert [number in said for said in town.our_replies_on_x()] == [True, True]


def test_each_follower_gets_a_draft_of_its_own_with_the_number_of_the_head(town: Town) -> None:
    first, again = two_reports(town)
    with town.database.write() as session:  # what it asked back about does not matter any more
        request = session.get_one(ServiceRequest, town.request_of(again).id)
        request.service_code, request.missing = None, ["service", "place"]
        reply = session.get_one(Reply, town.reply_to(again).id)
        reply.text = "What is it, and where?"
    drafter = Drafter(town.desk.length_of, town.desk.find_private, speaking=town.desk.speaking)
    Joiner(town.database, town.clock, drafter).join(again, town.request_of(first).id or 0, town.staff_id)
    assert "{number}" in town.reply_to(again).text
    with town.database.read() as session:
        assert [one.mention_id for one in followers_of(session, town.request_of(first).id or 0)] == [again]
