"""What a recap holds: read anew each time, nothing private, nothing deleted, nothing hidden."""

from datetime import timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from classifier.redaction import redact
from models import (
    Account,
    AnsweredHow,
    Channel,
    ChatEntry,
    ChatLane,
    Conversation,
    Database,
    Mention,
    ModerationAct,
    ModerationClause,
    ModerationKind,
    ModerationState,
    Post,
)
from models.deletion import forget_post
from responders.chats.recap_figures import figures_of, nearest_rank
from responders.chats.recap_posts import Line, Withheld, lines_of, quotable, rows_of
from responders.chats.recapping import RecapFacts, recap_of
from tests.chats import an_entry
from tests.recapped import ANSWER, ASKED, NOW, SAID, Recapped, a_recapped_chat, find_private, writer
from tests.rows import MORNING

TODAY = NOW.date()


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


@pytest.mark.parametrize(
    "why", ["followers", "protected", "followers, settled with another", "written on to followers"]
)
def test_what_we_answered_to_a_post_that_not_everybody_may_read_stands_in_no_recap(
    database: Database, why: str
) -> None:
    with database.write() as session:
        made = of(session)
        post = session.get_one(Post, made.asked.post_id)
        if why == "protected":
            writer(session, made.asked).protected = True
        elif why.startswith("written on"):
            more = an_entry(session, made.made, "And one for you alone.", ChatLane.ANSWER, minute=16)
            more.mention_id = made.asked.mention_id
            post = session.get_one(Post, more.post_id)
        if "followers" in why:
            post.reply_with = {"visibility": "private"}
        if "settled" in why:
            beside = an_entry(session, made.made, "How often, please?", minute=16, question=2, alike=made.asked)
            beside.answered_by, beside.answered_at = made.answered.id, NOW
            beside.answered_how, beside.chosen = AnsweredHow.WITH_ANOTHER, True
        session.flush()
        second = facts(session, made).questions[1]
        assert second.exchanges == []
        assert [one.words for one in second.said] == (["How often, please?"] if "settled" in why else [])


def test_what_we_answered_in_the_group_of_the_chat_stands_in_its_recap(database: Database) -> None:
    with database.write() as session:
        made = of(session)
        account = session.get_one(Account, made.asked.account_id)
        account.channel = Channel.TELEGRAM
        session.add(account)
        session.flush()
        [exchange] = facts(session, made).questions[1].exchanges
        assert exchange.answer.words == ANSWER
        assert line_of(session, made, made.asked).withheld == Withheld.NOT_PUBLIC  # type: ignore[union-attr]


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


@pytest.mark.parametrize("why", ["private", "followers", "protected"])
def test_a_request_of_what_not_everybody_may_read_is_not_told(database: Database, why: str) -> None:
    with database.write() as session:
        made = of(session)
        mention = session.get_one(Mention, made.report.mention_id)
        if why == "private":
            session.get_one(Conversation, mention.conversation_id).private = True
        elif why == "followers":
            session.get_one(Post, made.report.post_id).reply_with = {"visibility": "private"}
        else:
            writer(session, made.report).protected = True
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
