"""What a recap holds: read anew each time, nothing private, nothing deleted, nothing hidden."""

from datetime import timedelta
from functools import partial
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from classifier.redaction import redact
from models import (
    Account,
    AnsweredHow,
    AuditEntry,
    Channel,
    ChatEntry,
    ChatLane,
    ChatPart,
    ChatPerson,
    ChatPost,
    ChatPostKind,
    ChatRecap,
    ChatState,
    ChatTask,
    ChatTaskKind,
    Conversation,
    Database,
    Mention,
    ModerationAct,
    ModerationClause,
    ModerationKind,
    ModerationState,
    Post,
    Reply,
    ReplyState,
    TweetChat,
)
from models.deletion import forget_post
from responders.chats import recap_publishing, tasks
from responders.chats.recap_figures import figures_of, nearest_rank
from responders.chats.recap_posts import Line, Withheld, lines_of, quotable, rows_of
from responders.chats.recap_rounds import Recaps
from responders.chats.recapping import RecapFacts, recap_of
from responders.chats.tasks import TaskFields
from responders.claims import NotYours
from responders.deciding import NotApproved, NotFound
from responders.review import Desk
from tests.chats import an_entry
from tests.recapped import ANSWER, ASKED, SAID, Recapped, a_recapped_chat, writer
from tests.rows import MORNING

NOW = MORNING + timedelta(hours=2)
TODAY = NOW.date()
ADDRESS = "https://desk.example"


def find_private(text: str) -> list[str]:
    return ["phone"] if redact(text) != text else []


def the_desk(database: Database) -> Desk:
    return Desk(database, lambda _, text: len(text), find_private, clock=lambda: NOW)


@pytest.fixture
def ended(either_database: Database) -> tuple[Database, int]:
    """A chat that has ended and whose recap is drafted; the id of the chat."""
    with either_database.write() as session:
        chat_id = a_recapped_chat(session, MORNING).id
    Recaps(either_database, lambda: NOW).write()
    return either_database, chat_id


def of(session: Session) -> Recapped:
    """A new chat with its rows."""
    return a_recapped_chat(session, MORNING)


def facts(session: Session, made: Recapped) -> RecapFacts:
    chat = made.made.chat
    return recap_of(session, chat, "en", redact=redact, find_private=find_private, today=TODAY, now=NOW)


def line_of(session: Session, made: Recapped, entry: ChatEntry, published: bool = False) -> Line | None:
    lines = lines_of(session, rows_of(session, made.made.chat, NOW), redact, NOW if published else None)
    return next((one for one in lines if one.entry_id == entry.id), None)


def test_the_questions_stand_with_what_was_chosen_and_what_we_answered(database: Database) -> None:
    with database.write() as session:
        made = of(session)
        made.said.chosen = made.asked.chosen = True
        session.flush()
        found = facts(session, made)
        first, second = found.questions[0], found.questions[1]
        assert [one.number for one in found.questions] == [1, 2, 3, 4, 5, 6]
        assert [one.words for one in first.said] == [SAID]
        assert [one.words for one in second.exchanges[0].asked] == [ASKED]
        assert second.exchanges[0].answer.words == ANSWER


def test_a_question_that_was_skipped_or_not_asked_is_not_told_as_asked(database: Database) -> None:
    with database.write() as session:
        made = of(session)
        made.made.questions[4].skipped_at, made.made.questions[5].asked_at = NOW, None
        session.flush()
        assert [one.number for one in facts(session, made).questions] == [1, 2, 3, 4]


def test_nobody_is_named_whose_post_was_not_chosen(database: Database) -> None:
    with database.write() as session:
        made = of(session)
        before = line_of(session, made, made.said)
        made.said.chosen = True
        session.flush()
        after = line_of(session, made, made.said)
        assert before
        assert after
        assert (before.author, after.author) == ("", writer(session, made.said).handle)


@pytest.mark.parametrize("why", ["protected", "followers", "private"])
def test_what_not_everybody_may_read_stands_nowhere_in_public(database: Database, why: str) -> None:
    with database.write() as session:
        made = of(session)
        made.said.chosen = True
        post = session.get_one(Post, made.said.post_id)
        if why == "protected":
            writer(session, made.said).protected = True
        elif why == "followers":
            post.reply_with = {"visibility": "private"}
        else:
            session.get_one(Conversation, post.conversation_id).private = True
        session.add(post)
        session.flush()
        line = line_of(session, made, made.said)
        if why == "private":
            assert line is None
        else:
            assert line
            assert (line.words, line.author, line.link, line.withheld) == ("", "", "", Withheld.NOT_PUBLIC)


def test_a_post_on_x_stands_as_a_link_by_its_id_and_as_staff_tell_it(database: Database) -> None:
    with database.write() as session:
        made = of(session)
        made.on_x.chosen, made.on_x.told_as = True, {"en": "Somebody asks for more lights."}
        session.flush()
        line = line_of(session, made, made.on_x)
        assert line
        assert (line.words, line.withheld) == ("", Withheld.NETWORK)
        assert line.link.startswith("https://x.com/i/web/status/")
        assert line.told_as == {"en": "Somebody asks for more lights."}


@pytest.mark.parametrize("lane", [ChatLane.SERVICE_REQUEST, ChatLane.EMERGENCY, ChatLane.ABUSE])
def test_reports_dangers_and_abuse_are_not_said_again(database: Database, lane: ChatLane) -> None:
    with database.write() as session:
        made = of(session)
        made.said.lane = lane
        session.flush()
        line = line_of(session, made, made.said)
        assert line
        assert line.words == ""


def test_a_hidden_post_is_folded_under_the_number_of_its_clause(database: Database) -> None:
    with database.write() as session:
        made = of(session)
        made.said.chosen = True
        act = hide(session, made)
        line = line_of(session, made, made.said)
        assert line
        assert (line.words, line.author, line.link, line.told_as) == ("", "", "", {})
        assert (line.withheld, line.clause) == (Withheld.HIDDEN, 4)
        act.state = ModerationState.LIFTED
        session.add(act)
        session.flush()
        again = line_of(session, made, made.said)
        assert again
        assert again.words == SAID


def hide(session: Session, made: Recapped) -> ModerationAct:
    """Hide what was said, under clause 4."""
    clause = ModerationClause(code="spam", position=4, made_at=MORNING)
    session.add(clause)
    session.flush()
    act = ModerationAct(
        kind=ModerationKind.HIDE,
        state=ModerationState.IN_FORCE,
        changed_at=NOW,
        account_id=made.said.account_id,
        author_id=made.said.author_id or 0,
        post_id=made.said.post_id,
        clause_id=clause.id or 0,
        captured_sha256=sha256(b"{}").hexdigest(),
        captured_at=NOW,
        proposed_by=made.made.host.id or 0,
        proposed_at=NOW,
        expires_at=NOW + timedelta(days=3),
    )
    session.add(act)
    session.flush()
    return act


def test_a_deleted_post_is_gone_from_everything_at_once(database: Database) -> None:
    with database.write() as session:
        made = of(session)
        for entry in (made.said, made.asked, made.on_x):
            entry.chosen, entry.told_as = True, {"en": "about it"}
        session.flush()
        before = facts(session, made)
        for entry in (made.said, made.asked, made.on_x):
            forget_post(session, session.get_one(Post, entry.post_id), "listener", "deleted", NOW)
        session.flush()
        after = facts(session, made)
        assert all(not one.said and not one.exchanges for one in after.questions)
        assert after.figures.posts == before.figures.posts - 3
        assert after.figures.answered == 0
        assert made.said.told_as == {}


def test_an_answer_that_we_took_down_again_is_gone(database: Database) -> None:
    with database.write() as session:
        made = of(session)
        beside = session.get_one(Post, made.asked.post_id)
        ours = Post(
            account_id=made.asked.account_id,
            channel_post_id=made.answered.sent_post_id or "",
            edit_chain=made.answered.sent_post_id or "",
            conversation_id=beside.conversation_id,
            kind=beside.kind,
            created_at=NOW,
            received_at=NOW,
            deleted_at=NOW,
        )
        session.add(ours)
        session.flush()
        assert not facts(session, made).questions[1].exchanges


def test_what_is_edited_after_the_publication_stands_as_a_link_until_it_is_read(database: Database) -> None:
    with database.write() as session:
        made = of(session)
        made.said.chosen = True
        post = session.get_one(Post, made.said.post_id)
        post.received_at = NOW + timedelta(minutes=1)
        session.add(post)
        session.flush()
        line = line_of(session, made, made.said, published=True)
        assert line
        assert (line.words, line.withheld) == ("", Withheld.LATER)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("call 215-555-0142 please", "call [phone removed] please"),
        ("ask @neighbor_ann about it", "ask @… about it"),
        ("thanks @Philly311Demo", "thanks @Philly311Demo"),
        ("I live at 1234 N 5th St, Apt 2, and it stinks", "I live at 1200 block of N 5th St, and it stinks"),
        ("my mail is me@mail.example", "my mail is [email removed]"),
        ("300 people on my street agree", "300 people on my street agree"),
        ("ask @ann@social.example", "ask @…"),
    ],
)
def test_private_details_and_the_names_of_others_are_left_out(said: str, left: str) -> None:
    assert quotable(said, redact, frozenset(["Philly311Demo"])) == left


@given(st.text(max_size=300))
def test_any_words_can_be_quoted(said: str) -> None:
    assert isinstance(quotable(said, redact), str)


def test_the_requests_stand_once_with_the_block_and_what_the_city_says_now(database: Database) -> None:
    with database.write() as session:
        made = of(session)
        [before] = facts(session, made).requests
        assert (before.number, before.place, before.closed) == ("13075315", "the 1200 block of N 5th St", False)
        made.request.status = "closed"
        session.add(made.request)
        session.flush()
        [after] = facts(session, made).requests
        assert after.closed


def test_a_request_that_came_in_private_is_not_told(database: Database) -> None:
    with database.write() as session:
        made = of(session)
        mention = session.get_one(Mention, made.report.mention_id)
        session.get_one(Conversation, mention.conversation_id).private = True
        session.flush()
        assert facts(session, made).requests == []


def test_the_figures_are_counted_as_they_are_defined(database: Database) -> None:
    with database.write() as session:
        made = of(session)
        late = an_entry(session, made.made, "And who pays?", ChatLane.QUESTION, minute=40, question=4)
        late.answered_at, late.answered_how = made.made.at(50), AnsweredHow.NUMBERED
        rest = an_entry(session, made.made, "Nice chat?", ChatLane.QUESTION, minute=41)
        rest.answered_at, rest.answered_how = made.made.at(41), AnsweredHow.NOT_NEEDED
        session.flush()
        figures = figures_of(rows_of(session, made.made.chat, NOW))
        assert (figures.posts, figures.participants) == (7, 7)
        assert figures.networks == {Channel.MASTODON: 6, Channel.X: 1}
        assert (figures.asked, figures.answered, figures.unanswered, figures.no_answer_needed) == (4, 2, 1, 1)
        assert (figures.median_seconds, figures.p90_seconds) == (7 * 60, 10 * 60)


def test_an_answer_counts_only_once_it_was_sent(database: Database) -> None:
    with database.write() as session:
        made = of(session)
        made.asked.answered_at = None
        session.flush()
        figures = figures_of(rows_of(session, made.made.chat, NOW))
        assert (figures.answered, figures.unanswered, figures.median_seconds) == (0, 2, None)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
def test_nine_of_ten_took_no_longer_than_a_time_that_occurred(times: list[float]) -> None:
    p90 = nearest_rank(sorted(times), 0.9)
    assert p90 in times
    assert sum(one <= p90 for one in times) >= 0.9 * len(times)


def test_a_chat_that_ended_gets_its_drafts_and_tasks_once(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    assert Recaps(database, lambda: NOW).write() == 0
    with database.read() as session:
        recaps = session.exec(select(ChatRecap).where(ChatRecap.chat_id == chat_id)).all()
        assert {one.language for one in recaps} == {"en", "es"}
        assert all(one.intro and one.published_at is None for one in recaps)
        [task] = session.exec(select(ChatTask).where(ChatTask.chat_id == chat_id)).all()
        assert (task.kind, task.words) == (ChatTaskKind.UNANSWERED, "A question, without an answer, under Q3")
        assert "underpass" not in task.words


def test_a_chat_that_goes_on_and_ends_again_keeps_its_words_and_gets_new_tasks(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    later = NOW + timedelta(minutes=30)
    with database.write() as session:
        made = session.exec(select(ChatRecap).where(ChatRecap.chat_id == chat_id, ChatRecap.language == "en")).one()
        made.intro = "Our own words."
        chat = made_chat(session, chat_id)
        chat.ended_at = later
        session.add_all([made, chat])
    assert Recaps(database, lambda: later).write() == 1
    assert Recaps(database, lambda: later).write() == 0
    with database.read() as session:
        again = session.exec(select(ChatRecap).where(ChatRecap.chat_id == chat_id, ChatRecap.language == "en")).one()
        assert again.intro == "Our own words."
        assert len(session.exec(select(ChatTask).where(ChatTask.chat_id == chat_id)).all()) == 1


def made_chat(session: Session, chat_id: int) -> TweetChat:
    return session.get_one(TweetChat, chat_id)


def test_near_identical_questions_leave_one_task(database: Database) -> None:
    with database.write() as session:
        made = of(session)
        for minute in (25, 26):
            an_entry(session, made.made, "Who cleans it?", minute=minute, question=3, alike=made.open)
        assert tasks.write_unanswered(session, made.made.chat, NOW) == 1
        task = session.exec(select(ChatTask)).one()
        assert (task.words, task.entry_id) == ("3 people asked, without an answer, under Q3", made.open.id)


@pytest.mark.parametrize("how", ["answered", "deleted"])
def test_a_task_ends_when_its_question_is_answered_or_gone(ended: tuple[Database, int], how: str) -> None:
    database, _ = ended
    with database.write() as session:
        task = session.exec(select(ChatTask)).one()
        entry = session.get_one(ChatEntry, task.entry_id)
        if how == "answered":
            entry.answered_at, entry.answered_how = NOW, AnsweredHow.REPLY
            session.add(entry)
        else:
            forget_post(session, session.get_one(Post, entry.post_id), "listener", "deleted", NOW)
    Recaps(database, lambda: NOW).write()
    with database.read() as session:
        task = session.exec(select(ChatTask)).one()
        assert task.done_at == NOW
        assert task.outcome == (tasks.ANSWERED if how == "answered" else tasks.GONE)


def test_publishing_is_on_record_and_drafts_one_post_for_each_account(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    host = host_of(database, chat_id)
    for _ in range(2):
        recap_publishing.publish(the_desk(database), chat_id, "en", host, ADDRESS)
    with database.read() as session:
        posts = session.exec(select(ChatPost).where(ChatPost.kind == ChatPostKind.FOLLOW_UP)).all()
        assert len(posts) == 2
        replies = [session.exec(select(Reply).where(Reply.chat_post_id == one.id)).one() for one in posts]
        assert all(f"{ADDRESS}/recap/" in one.text and one.state == ReplyState.DRAFT for one in replies)
        told = session.exec(select(AuditEntry).where(AuditEntry.about == "ChatRecap", AuditEntry.by == f"staff:{host}"))
        assert len(told.all()) == 2


def test_a_guest_publishes_nothing(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    guest = host_of(database, chat_id, ChatPart.GUEST)
    with pytest.raises(NotYours):
        recap_publishing.publish(the_desk(database), chat_id, "en", guest, ADDRESS)
    with pytest.raises(NotYours):
        tasks.promise(the_desk(database), chat_id, guest, TaskFields("A third round", "Sanitation", TODAY))


def test_nothing_is_published_while_the_chat_goes_on(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    with database.write() as session:
        made_chat(session, chat_id).state = ChatState.LIVE
    with pytest.raises(NotApproved, match="has not ended"):
        recap_publishing.publish(the_desk(database), chat_id, "en", host_of(database, chat_id), ADDRESS)


@pytest.mark.parametrize("words", ["", "x" * 2000, "Call 215-555-0142"])
def test_an_introduction_nobody_should_read_is_not_kept(ended: tuple[Database, int], words: str) -> None:
    database, chat_id = ended
    with pytest.raises(NotApproved):
        recap_publishing.keep_intro(the_desk(database), chat_id, "en", host_of(database, chat_id), words)


def test_a_language_without_a_recap_is_not_found(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    with pytest.raises(NotFound):
        recap_publishing.publish(the_desk(database), chat_id, "fr", host_of(database, chat_id), ADDRESS)


def test_a_promise_needs_words_an_office_and_a_day_to_come(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    desk, host = the_desk(database), host_of(database, chat_id)
    with pytest.raises(NotApproved) as refused:
        tasks.promise(desk, chat_id, host, TaskFields("", "", None))
    assert len(refused.value.reasons) == 3
    with pytest.raises(NotApproved, match="past"):
        tasks.promise(desk, chat_id, host, TaskFields("A third round", "Sanitation", TODAY - timedelta(days=1)))
    with pytest.raises(NotApproved, match="private"):
        tasks.promise(desk, chat_id, host, TaskFields("Call 215-555-0142", "Sanitation", TODAY))
    with pytest.raises(NotApproved, match="Nobody"):
        tasks.promise(desk, chat_id, host, TaskFields("A third round", "Sanitation", TODAY, owner_id=99_999))


def test_a_promise_is_overdue_after_its_day_and_tells_what_came_of_it(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    desk, host = the_desk(database), host_of(database, chat_id)
    task_id = tasks.promise(desk, chat_id, host, TaskFields("A third round", "Sanitation", TODAY))
    with database.read() as session:
        assert tasks.overdue_promises(session, TODAY) == 0
        assert tasks.overdue_promises(session, TODAY + timedelta(days=1)) == 1
        assert tasks.tasks(session)[0].id == task_id
    tasks.finish_task(desk, task_id, host, "It began in December.")
    with database.read() as session:
        chat = made_chat(session, chat_id)
        found = recap_of(session, chat, "en", redact=redact, find_private=find_private, today=TODAY, now=NOW)
        assert [(one.words, one.outcome, one.overdue) for one in found.promises] == [
            ("A third round", "It began in December.", False)
        ]
        assert tasks.overdue_promises(session, TODAY + timedelta(days=1)) == 0
    with pytest.raises(NotApproved, match="done"):
        tasks.finish_task(desk, task_id, host, "again")
    tasks.reopen_task(desk, task_id, host)
    tasks.change_task(desk, task_id, host, TaskFields("Two rounds more", "Sanitation", TODAY + timedelta(days=9)))
    with database.read() as session:
        assert session.get_one(ChatTask, task_id).words == "Two rounds more"


def test_a_task_becomes_a_follow_up_post_for_review(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    with database.read() as session:
        task = session.exec(select(ChatTask)).one()
        account = session.exec(select(Account)).first()
        assert account
    post_id = tasks.follow_up(
        the_desk(database), task.id or 0, host_of(database, chat_id), account.id or 0, "en", "The underpass is swept."
    )
    with database.read() as session:
        reply = session.exec(select(Reply).where(Reply.chat_post_id == post_id)).one()
        assert (reply.state, session.get_one(ChatTask, task.id).chat_post_id) == (ReplyState.DRAFT, post_id)


def test_what_was_chosen_is_chosen_by_somebody_who_runs_the_chat(ended: tuple[Database, int]) -> None:
    database, chat_id = ended
    host, guest = host_of(database, chat_id), host_of(database, chat_id, ChatPart.GUEST)
    with database.read() as session:
        entry = session.exec(select(ChatEntry).where(ChatEntry.lane == ChatLane.ANSWER)).first()
        assert entry
    choose = partial(recap_publishing.choose, the_desk(database), chat_id, entry.id or 0)
    with pytest.raises(NotYours):
        choose(guest, chosen=True)
    choose(host, chosen=True, told_as={"en": "in short", "es": " "})
    with database.read() as session:
        kept = session.get_one(ChatEntry, entry.id)
        assert (kept.chosen, kept.told_as, kept.version) == (True, {"en": "in short"}, entry.version + 1)


def host_of(database: Database, chat_id: int, part: ChatPart = ChatPart.HOST) -> int:
    with database.read() as session:
        return session.exec(
            select(ChatPerson.staff_id).where(ChatPerson.chat_id == chat_id, ChatPerson.part == part)
        ).one()
