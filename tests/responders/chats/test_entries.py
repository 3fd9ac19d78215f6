"""Posts come onto the board: once, where they belong, and out of the queue unless they are reports or dangers."""

from datetime import timedelta

from sqlmodel import select

from models import (
    Alarm,
    ChatEntry,
    ChatLane,
    HeardBy,
    LinkedHow,
    Mention,
    MentionState,
    Purpose,
    Reply,
    ReplyState,
    RequestState,
    Translation,
    TweetChat,
    advance,
)
from models.chats import ChatQuestion
from models.deletion import forget_post
from models.mentions import Post
from models.threads import newest_inbound
from responders.chats.answering import keep_answer
from responders.chats.approving import Answer, approve_answer
from responders.chats.hearing import keep_hearing
from responders.chats.reading import BoardReader
from responders.chats.ways import Way
from responders.may_reply import Bar, may_reply
from tests.responders.chats.chats import a_chat, board, entry, most_alike, our_question, read
from tests.town import Town

GAS = "strong gas smell at 5th and Market St, people faint"
POTHOLE = "There is a huge pothole at 5th and Market St, it broke my tire, please fix it"


def hear(town: Town) -> None:
    with town.database.write() as session:
        keep_hearing(session, town.clock())
    town.listen("x")
    town.understand()


def number(town: Town, one: ChatEntry) -> int | None:
    with town.database.read() as session:
        return session.exec(select(ChatQuestion.number).where(ChatQuestion.id == one.question_id)).first()


def states(town: Town) -> list[MentionState]:
    return [one.state for one in town.mentions()]


def test_a_post_that_names_us_without_the_tag_belongs_to_the_chat_unless_it_reports_something(town: Town) -> None:
    chat = a_chat(town)
    town.simulator.say_on_x("@Philly311Demo A1 we would love a dog park")
    report = town.simulator.say_on_x(f"@Philly311Demo {POTHOLE}", author="dee_215")
    hear(town)
    assert [(text, one.heard_by) for text, one in board(town, chat)] == [
        ("@Philly311Demo A1 we would love a dog park", HeardBy.MENTION)
    ]
    assert town.mention_of(report).state == MentionState.DRAFTED


def test_a_report_with_the_tag_is_on_the_board_and_in_the_queue_with_its_drafts(town: Town) -> None:
    chat = a_chat(town)
    with town.database.write() as session:  # nothing is asked yet: the reader leaves a report a report
        for question in session.exec(select(ChatQuestion)).all():
            question.at_seconds += 3600
    said = town.simulator.say_on_x(f"@Philly311Demo {POTHOLE} #ParkChat")
    hear(town)
    mention = town.mention_of(said)
    assert mention.state == MentionState.DRAFTED
    assert entry(town, chat, "pothole").lane == ChatLane.SERVICE_REQUEST
    assert town.request_of(mention.id).state == RequestState.DRAFT
    assert town.reply_to(mention.id).text
    town.approve(mention.id)
    town.deliver()
    assert len(town.our_replies_on_x(said)) == 1  # the resident is answered in the thread
    assert entry(town, chat, "pothole").lane == ChatLane.SERVICE_REQUEST


def test_a_danger_is_on_the_board_and_paged_and_waits_in_the_queue(town: Town) -> None:
    chat = a_chat(town)
    said = town.simulator.say_on_x("A1 there is a strong smell of gas in our house right now #ParkChat", mention=False)
    hear(town)
    assert entry(town, chat, "gas").lane == ChatLane.EMERGENCY
    mention = town.mention_of(said)
    assert (mention.danger, mention.state) == (True, MentionState.DRAFTED)
    with town.database.read() as session:
        assert session.exec(select(Alarm.mention_id)).all() == [mention.id]


def test_nobody_answers_who_only_used_the_tag_before_the_chat_and_what_is_said_in_private_is_on_no_board(
    town: Town,
) -> None:
    chat = a_chat(town)
    town.simulator.message_on_x("a question about #ParkChat, between us", author="dee_215")
    hear(town)
    assert board(town, chat) == []


def test_an_answer_under_our_question_belongs_to_it_and_so_does_what_hangs_under_our_answer(town: Town) -> None:
    chat = a_chat(town)
    asked = town.simulator.say_on_x("Q2: What?", author="Philly311Demo", mention=False)
    with town.database.write() as session:
        our_question(session, chat, town.account("x"), 2, asked, town.clock() - timedelta(hours=1))
    under = town.simulator.say_on_x("@Philly311Demo swings", in_reply_to=asked)
    hear(town)
    found = entry(town, chat, "swings")
    assert (number(town, found), found.linked_how, found.heard_by) == (2, LinkedHow.PARENT, HeardBy.REPLY)
    ours = entry(town, chat, "Q2")
    assert (ours.lane, ours.mention_id, number(town, ours)) == (ChatLane.HOST, None, 2)
    town.simulator.say_on_x("@Philly311Demo and slides", in_reply_to=under, author="bo_1")
    hear(town)
    assert number(town, entry(town, chat, "slides")) == 2
    assert len(board(town, chat)) == 3  # ours once


def test_who_writes_on_in_the_thread_has_another_entry_and_never_floods_the_queue(town: Town) -> None:
    chat = a_chat(town)
    first = town.simulator.say_on_x("@Philly311Demo A1 swings #ParkChat", author="dee_215")
    hear(town)
    with town.database.write() as session:
        mention = session.exec(select(Mention)).one()
        session.add(
            Reply(
                mention_id=mention.id,
                account_id=mention.account_id,
                round=mention.round,
                purpose=Purpose.CHAT,
                changed_at=town.clock(),
                text="Thank you.",
            )
        )
    town.simulator.say_on_x("@Philly311Demo and slides", author="dee_215", in_reply_to=first)
    hear(town)
    assert states(town) == [MentionState.SET_ASIDE]
    assert [one.mention_id for _, one in board(town, chat)] == [mention.id] * 2
    with town.database.read() as session:
        reply = session.exec(select(Reply)).one()
        assert (reply.state, reply.round) == (ReplyState.DRAFT, session.get_one(Mention, mention.id).round)


def test_an_edited_post_is_read_anew_and_a_lane_or_question_a_person_chose_stays(town: Town) -> None:
    chat = a_chat(town)
    said = town.simulator.say_on_x("@Philly311Demo A1 swings #ParkChat")
    other = town.simulator.say_on_x("@Philly311Demo A1 benches #ParkChat", author="bo_1")
    hear(town)
    with town.database.write() as session:
        kept = session.get_one(ChatEntry, entry(town, chat, "benches").id)
        kept.lane, kept.lane_by, kept.linked_how, kept.question_id = ChatLane.ABUSE, "staff:1", LinkedHow.PERSON, None
    town.simulator.say_on_x("@Philly311Demo A1 where are swings? #ParkChat", edit_of=said)
    town.simulator.say_on_x("@Philly311Demo A1 where are benches? #ParkChat", edit_of=other)
    hear(town)
    changed, kept = entry(town, chat, "where are swings"), entry(town, chat, "where are benches")
    assert (changed.lane, changed.version) == (ChatLane.QUESTION, 2)
    assert (kept.lane, kept.question_id, kept.version) == (ChatLane.ABUSE, None, 2)
    assert set(states(town)) == {MentionState.SET_ASIDE}


def test_near_identical_questions_are_counted_together(town: Town) -> None:
    chat = a_chat(town)
    for who in ("a_1", "b_2", "c_3"):
        town.simulator.say_on_x("when do the pools open? #ParkChat", author=who, mention=False)
    town.simulator.say_on_x("who mows the lawn? #ParkChat", author="d_4", mention=False)
    hear(town)
    entries = [one for _, one in board(town, chat)]
    assert [one.alike_id for one in entries] == [None, entries[0].id, entries[0].id, None]


def test_a_post_in_another_language_waits_for_its_translation_where_an_engine_translates(town: Town) -> None:
    a_chat(town)
    town.suggester.board_reader = BoardReader(read, most_alike, translate_into="en")
    said = town.simulator.say_on_x("A1 nos gustaría tener más árboles y sombra en el parque #ParkChat", mention=False)
    town.simulator.say_on_x("A1 we would love more trees and some shade in the park #ParkChat", mention=False)
    hear(town)
    with town.database.read() as session:
        (wanted,) = session.exec(select(Translation)).all()
        post = session.exec(select(Post).where(Post.channel_post_id == said)).one()
    assert (wanted.post_id, wanted.source, wanted.target) == (post.id, "es", "en")


def test_a_deleted_post_leaves_the_board_and_the_next_of_its_like_stands_for_them(town: Town) -> None:
    chat = a_chat(town)
    for who in ("a_1", "b_2", "c_3"):
        town.simulator.say_on_x("when do the pools open? #ParkChat", author=who, mention=False)
    hear(town)
    first, second, third = [one for _, one in board(town, chat)]
    with town.database.write() as session:
        row = session.get_one(ChatEntry, first.id)
        row.assigned_to, row.chosen = town.staff_id, True
        session.add(row)
        session.flush()
        forget_post(session, session.get_one(Post, first.post_id), "listener", "X says that it is gone", town.clock())
    left = [one for _, one in board(town, chat)]
    assert [(one.id, one.alike_id) for one in left] == [(second.id, None), (third.id, second.id)]
    with town.database.read() as session:
        gone = session.get_one(ChatEntry, first.id)
    assert (gone.edit_chain, gone.assigned_to, gone.chosen, gone.version) == (first.edit_chain, None, False, 2)
    town.understand()
    assert len(board(town, chat)) == 2


def test_who_used_the_tag_of_a_live_chat_has_addressed_us_and_the_channels_own_refusal_stays(town: Town) -> None:
    chat = a_chat(town, "x", "bluesky")
    town.simulator.say_on_x("A1 trees #ParkChat", mention=False)
    town.simulator.say_on_bluesky("A1 benches #ParkChat", mention=False)
    with town.database.write() as session:
        keep_hearing(session, town.clock())
    town.listen()
    town.understand()
    speaking = town.desk.speaking
    with town.database.read() as session:
        on_x, on_bluesky = [
            may_reply(session, session.get_one(Mention, entry(town, chat, words).mention_id), speaking)
            for words in ("trees", "benches")
        ]
    assert (on_x.bar, on_x.by_hand) == (Bar.CHANNEL, True)
    assert "did not name or quote us" in on_x.reason
    for way in ("numbered post", "name our account", "by hand"):
        assert way in on_x.instead
    assert on_bluesky.allowed
    with town.database.write() as session:
        session.get_one(TweetChat, chat).ended_at = town.clock() - timedelta(days=3)
    with town.database.read() as session:
        later = may_reply(session, session.get_one(Mention, entry(town, chat, "benches").mention_id), speaking)
    assert later.bar == Bar.NOT_ADDRESSED  # the tag was used again long after the chat


def test_what_is_written_on_while_the_queue_decides_is_on_the_board_as_well(town: Town) -> None:
    chat = a_chat(town)
    with town.database.write() as session:
        for question in session.exec(select(ChatQuestion)).all():
            question.at_seconds += 3600
    said = town.simulator.say_on_x(f"@Philly311Demo {POTHOLE} #ParkChat", author="dee_215")
    hear(town)
    town.desk.claim(town.mention_of(said).id or 0, town.staff_id)
    town.simulator.say_on_x("@Philly311Demo it is in front of the school", author="dee_215", in_reply_to=said)
    hear(town)
    town.understand()
    assert [one.mention_id for _, one in board(town, chat)] == [town.mention_of(said).id] * 2
    assert states(town) == [MentionState.IN_REVIEW]


def test_a_cancelled_chat_takes_nothing(town: Town) -> None:
    chat = a_chat(town)
    with town.database.write() as session:
        keep_hearing(session, town.clock())
        session.exec(select(TweetChat)).one().state = "cancelled"  # type: ignore[assignment]
    town.simulator.say_on_x("@Philly311Demo A1 trees #ParkChat")
    hear(town)
    assert board(town, chat) == []


def test_an_edit_that_brings_up_a_danger_is_an_emergency_whatever_lane_a_person_chose(town: Town) -> None:
    chat = a_chat(town)
    said = town.simulator.say_on_x("@Philly311Demo A1 swings #ParkChat")
    hear(town)
    with town.database.write() as session:
        kept = session.get_one(ChatEntry, entry(town, chat, "swings").id)
        kept.lane, kept.lane_by = ChatLane.OFF_TOPIC, "staff:1"
    town.simulator.say_on_x(
        "@Philly311Demo strong gas smell at 5th and Market St, people faint #ParkChat", edit_of=said
    )
    hear(town)
    assert entry(town, chat, "gas smell").lane == ChatLane.EMERGENCY
    assert states(town) == [MentionState.DRAFTED]
    with town.database.read() as session:
        assert len(session.exec(select(Alarm)).all()) == 1


def test_a_danger_written_while_an_answer_is_held_stops_it_and_waits_in_the_queue(town: Town) -> None:
    chat = a_chat(town)
    said = town.simulator.say_on_x("@Philly311Demo A1 swings? #ParkChat", author="dee_215")
    hear(town)
    one = entry(town, chat, "swings")
    keep_answer(town.desk, one.id or 0, town.staff_id, Way.THREAD, "This spring.", "en")
    with town.database.read() as session:
        newest = newest_inbound(session, session.get_one(Mention, one.mention_id))
    seen = Answer(Way.THREAD, "This spring.", "en", one.version, newest, 0)
    approve_answer(town.desk, one.id or 0, town.staff_id, seen)
    town.simulator.say_on_x(f"@Philly311Demo {GAS}", author="dee_215", in_reply_to=said)
    hear(town)
    town.deliver()
    hear(town)
    assert (states(town), town.mentions()[0].danger) == ([MentionState.DRAFTED], True)
    assert entry(town, chat, "gas smell").lane == ChatLane.EMERGENCY
    with town.database.read() as session:
        assert ReplyState.SENT not in session.exec(select(Reply.state)).all()


def test_a_notice_of_moderation_stays_in_the_queue_when_its_author_writes_on(town: Town) -> None:
    a_chat(town)
    said = town.simulator.say_on_x("@Philly311Demo A1 swings #ParkChat", author="dee_215")
    hear(town)
    with town.database.write() as session:
        mention = session.exec(select(Mention)).one()
        mention.round += 1
        advance(session, mention, MentionState.DRAFTED, "moderation", "its author is to be told", town.clock())
        session.add(
            Reply(
                mention_id=mention.id,
                account_id=mention.account_id,
                round=mention.round,
                purpose=Purpose.NOTICE,
                changed_at=town.clock(),
                text="Hidden under clause 1.",
            )
        )
    town.simulator.say_on_x("@Philly311Demo A1 more swings #ParkChat", author="dee_215", in_reply_to=said)
    hear(town)
    with town.database.read() as session:
        notice = session.exec(select(Reply).where(Reply.purpose == Purpose.NOTICE)).one()
    assert (notice.state, states(town)) == (ReplyState.DRAFT, [MentionState.DRAFTED])
