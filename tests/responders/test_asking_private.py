"""Two conversations, one case: asked in private on X and Mastodon, against the simulator."""

from sqlmodel import select

from models import Conversation, Mention, Post, Reply, ReplyState, RequestState
from models.private_moves import PrivateMove
from responders import asking_private
from responders.asking_private import Way, way_of
from tests.town import Town

POTHOLE = "There is a deep pothole at 5th and Market St"
TRASH = "@Philly311Demo the trash on our block was not picked up"


def asked_on_x(town: Town, *, file_request: bool) -> int:
    """A public mention whose author was asked on X to write in private, and the asking has left."""
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215")
    town.hear()
    mention_id = town.mention_of(post_id).id or 0
    asking_private.ask(town.desk, mention_id, town.staff_id)
    assert "private message" in town.reply_to(mention_id).text
    town.approve(mention_id, file_request=file_request)
    town.deliver()
    assert town.reply_to(mention_id).state == ReplyState.SENT
    return mention_id


def newest_mention(town: Town) -> Mention:
    return town.mentions()[-1]


def moves(town: Town) -> list[PrivateMove]:
    with town.database.read() as session:
        return list(session.exec(select(PrivateMove)).all())


def test_the_private_message_follows_the_request_of_the_public_post(town: Town) -> None:
    public = asked_on_x(town, file_request=True)
    town.clock.advance(hours=20)
    town.simulator.message_on_x("It is a pothole in front of 512 Market St", author="dee_215")
    town.hear()
    private = newest_mention(town)
    (move,) = moves(town)
    assert (move.mention_id, move.arrived_mention_id) == (public, private.id)
    request = town.request_of(private.id)
    assert (request.state, request.joined_to_id) == (RequestState.JOINED, town.request_of(public).id)
    town.approve(private.id, "We have it: {number}.", file_request=False)
    town.deliver()
    number = town.request_of(public).service_request_id
    assert [one["text"] for one in town.simulator.messages_on_x(by="us")] == [f"We have it: {number}."]


def test_where_the_public_post_filed_nothing_the_private_one_carries_the_case(town: Town) -> None:
    public = asked_on_x(town, file_request=False)
    town.clock.advance(hours=1)
    town.simulator.message_on_x("512 Market St", author="dee_215")
    town.hear()
    private = newest_mention(town)
    request, dropped = town.request_of(private.id), town.request_of(public)
    assert dropped.state == RequestState.CANCELLED
    assert request.state == RequestState.DRAFT
    assert request.service_code == dropped.service_code
    assert "pothole" in request.description


def test_another_person_and_a_message_after_a_week_are_cases_of_their_own(town: Town) -> None:
    asked_on_x(town, file_request=True)
    town.simulator.message_on_x("a tree fell on 12th and Pine St", author="rosa_m")
    town.hear()
    town.clock.advance(days=8)
    town.simulator.message_on_x("graffiti at 9th and Pine St", author="dee_215")
    town.hear()
    (move,) = moves(town)
    assert move.arrived_mention_id is None
    assert all(one.joined_to_id is None for one in (town.request_of(mention.id) for mention in town.mentions()))


def test_who_wrote_in_private_before_is_written_to_there(town: Town) -> None:
    town.simulator.message_on_x("Hello, is anybody there about potholes?", author="dee_215")
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215")
    town.hear()
    mention = town.mention_of(post_id)
    asking_private.ask(town.desk, mention.id or 0, town.staff_id)
    town.approve(mention.id, "Which house is it, please?", file_request=False)
    town.deliver()
    assert town.our_replies_on_x() == []
    assert [one["text"] for one in town.simulator.messages_on_x(by="us")] == ["Which house is it, please?"]


def test_who_wrote_in_a_group_chat_alone_has_no_private_chat_with_us(town: Town) -> None:
    town.simulator.message_on_x("Hello, is anybody there about potholes?", author="dee_215", group="17000000001")
    post_id = town.simulator.say_on_x(POTHOLE, author="dee_215")
    town.hear()
    with town.database.read() as session:
        for mention in (town.mentions()[0], town.mention_of(post_id)):
            assert way_of(session, mention).way is Way.POINTER


def test_on_mastodon_the_first_private_word_is_ours_and_the_answer_is_the_same_case(town: Town) -> None:
    status_id = town.simulator.say_on_mastodon(TRASH, author="dee_215")
    town.hear()
    mention = town.mention_of(status_id)
    with town.database.read() as session:
        assert way_of(session, session.get_one(Mention, mention.id)).way is Way.DIRECT
    asking_private.ask(town.desk, mention.id or 0, town.staff_id)
    town.approve(mention.id, "What is the address?", file_request=False)
    town.deliver()
    (ours,) = town.simulator.our_replies_on_mastodon(status_id)
    assert ours["visibility"] == "direct"
    town.simulator.say_on_mastodon(
        "@Philly311Demo 1234 Pine St", author="dee_215", in_reply_to=ours["id"], visibility="direct"
    )
    town.hear()
    with town.database.read() as session:
        (move,) = session.exec(select(PrivateMove)).all()
        private = session.get_one(Mention, move.arrived_mention_id)
        assert session.get_one(Conversation, private.conversation_id).private
        assert private.id != mention.id
        spoken = session.exec(select(Post).where(Post.mention_id == private.id)).one()
        assert "1234 Pine St" in spoken.text
        assert session.exec(select(Reply).where(Reply.mention_id == mention.id)).one().state == ReplyState.SENT
