"""The plan of a tweet chat on both databases: questions keep their order, drafts are made once, words fit."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select

from models import (
    AuditEntry,
    Channel,
    ChatNetwork,
    ChatPost,
    ChatPostKind,
    ChatState,
    Database,
    Reply,
    ReplyState,
    TweetChat,
)
from models.channels import CHANNELS
from responders.chats import bank, planning, questions, run_drafts, tags
from responders.chats.example import example, plan_example
from responders.deciding import NotApproved, NotFound
from tests.chats import MadeChat, a_chat
from tests.rows import MORNING, an_account

CITY = ZoneInfo("America/New_York")
GROUND = run_drafts.Ground(lambda _, text: len(text), CITY)


def planned(session: Session) -> MadeChat:
    return a_chat(session, starts_at=MORNING + timedelta(days=9), state=ChatState.PLANNED, asked=0)


def test_the_example_is_planned_with_its_run_on_every_network_that_can_be_searched(either_database: Database) -> None:
    with either_database.write() as session:
        for channel in (Channel.X, Channel.MASTODON, Channel.BLUESKY, Channel.TELEGRAM):
            an_account(session, channel)
        host = planned(session).host
        chat = plan_example(session, host, MORNING, CITY)
        assert chat.starts_at == datetime(2026, 12, 4, 23, 0, tzinfo=UTC)
        assert len(questions.questions_of(session, chat)) == len(example()["questions"]) == 6
        assert len(planning.networks_of(session, chat)) == 3
        made = run_drafts.draft_run(session, chat, host.id or 0, MORNING, GROUND)
        assert made == run_drafts.Drafted(3 * 2 * (6 + 7), ())
        assert run_drafts.draft_run(session, chat, host.id or 0, MORNING, GROUND).posts == 0


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_done_to_them_questions_are_one_to_n_by_their_times(either_database: Database, seed: int) -> None:
    chance, said = random.Random(seed), set[str]()
    with either_database.write() as session:
        made = planned(session)
        for _ in range(25):
            there = questions.questions_of(session, made.chat)
            who = made.host.id or 0
            one = chance.choice(there).id if there else None
            try:
                match chance.choice(("add", "swap", "change", "remove")):
                    case "add":
                        at = chance.randrange(60) * 60
                        questions.add_question(session, made.chat, {"en": f"At {at}?"}, at, who, MORNING)
                    case "swap" if one:
                        questions.swap_question(session, made.chat, one, chance.choice((-1, 1)), who, MORNING)
                    case "change" if one:
                        at = chance.randrange(60) * 60
                        questions.change_question(session, made.chat, one, {"en": "Other?"}, at, who, MORNING)
                    case "remove" if one:
                        questions.remove_question(session, made.chat, one, who, MORNING)
            except NotApproved as refused:
                said.update(refused.reasons)
            left = questions.questions_of(session, made.chat)
            assert [each.number for each in left] == list(range(1, len(left) + 1))
            times = [each.at_seconds for each in left]
            assert times == sorted(set(times))
    assert said <= {"Another question is asked at that minute."}


def test_a_question_taken_out_takes_its_drafts_and_leaves_its_answers(either_database: Database) -> None:
    with either_database.write() as session:
        made = planned(session)
        who, first = made.host.id or 0, made.questions[0]
        fields = bank.AnswerFields("Baskets", "Twice a week.", "en", first.id)
        answer = bank.prepare_answer(session, made.chat, fields, who, MORNING)
        run_drafts.draft_run(session, made.chat, who, MORNING, GROUND)
        questions.remove_question(session, made.chat, first.id or 0, who, MORNING)
        assert answer.question_id is None
        found = select(Reply.state, ChatPost.kind).join(ChatPost, col(ChatPost.id) == Reply.chat_post_id)
        drafts = session.exec(found).all()
        states = [state for state, kind in drafts if kind == ChatPostKind.QUESTION]
        assert sorted(states) == sorted([ReplyState.CANCELLED, *[ReplyState.DRAFT] * 5])
        with pytest.raises(NotFound):
            questions.remove_question(session, made.chat, 999, who, MORNING)


def test_what_is_past_is_not_drafted_and_an_unknown_language_gets_its_questions_alone(database: Database) -> None:
    with database.write() as session:
        made = planned(session)
        made.chat.languages = ["en", "vi"]
        made.questions[0].words = {"en": "What is missing?", "vi": "Còn thiếu gì?"}
        late = made.chat.starts_at - timedelta(hours=2)
        drafted = run_drafts.draft_run(session, made.chat, made.host.id or 0, late, GROUND)
        assert drafted.without_words == ("vi",)
        posts = session.exec(select(ChatPost)).all()
        assert [one.kind for one in posts if one.language == "vi"] == [ChatPostKind.QUESTION]
        assert [one.at_seconds for one in posts if one.kind == ChatPostKind.ANNOUNCEMENT] == [-3600]


@pytest.mark.parametrize("channel", [Channel.X, Channel.MASTODON, Channel.BLUESKY, Channel.TELEGRAM])
def test_sentences_are_left_out_until_the_post_fits(channel: Channel) -> None:
    sentences = ("It begins.", *("Another sentence that says something." for _ in range(200)))
    wanted = run_drafts.Wanted(ChatPostKind.OPENING, 0, sentences)
    said = run_drafts.fitted(wanted, channel, "RiverTalks", "en", GROUND.length_of)
    limit = CHANNELS[channel].limit(private=False)
    assert limit - 60 < len(said) <= limit
    assert said.startswith("It begins.")
    assert said.endswith("#RiverTalks")


def test_every_wording_of_the_run_is_there_in_each_of_its_languages() -> None:
    wordings = run_drafts.run_words()
    assert {language: set(said) for language, said in wordings.items()} == {
        language: set(wordings["en"]) for language in ("en", "es")
    }


def test_a_network_is_not_taken_out_while_a_post_of_it_is_approved(database: Database) -> None:
    with database.write() as session:
        made = planned(session)
        who = made.host.id or 0
        run_drafts.draft_run(session, made.chat, who, MORNING, GROUND)
        reply = session.exec(select(Reply)).all()[0]
        reply.state = ReplyState.APPROVED
        session.add(reply)
        network = session.exec(select(ChatNetwork)).one()
        with pytest.raises(NotApproved, match="Take it back first"):
            planning.remove_network(session, made.chat, network.id or 0, who, MORNING)


def test_the_search_for_a_tag_is_kept_once_and_named_after_its_chat(either_database: Database) -> None:
    with either_database.write() as session:
        made = planned(session)
        (network,) = planning.networks_of(session, made.chat)
        tags.search_for_tag(session, made.chat, network, made.host.id or 0, MORNING)
        first = network.rule_id
        tags.search_for_tag(session, made.chat, network, made.host.id or 0, MORNING)
        assert first != network.rule_id
        assert [one.tone for one in tags.clashes(session, made.chat, [network])] == ["quiet"]


def test_the_audit_holds_none_of_the_words(database: Database) -> None:
    with database.write() as session:
        made = planned(session)
        fields = bank.AnswerFields("Secret label", "Secret answer", "en")
        bank.prepare_answer(session, made.chat, fields, made.host.id or 0, MORNING)
        planning.set_public(session, session.get_one(TweetChat, made.id), True, made.host.id or 0, MORNING)
        whys = " ".join(session.exec(select(AuditEntry.why)).all())
    assert "Secret" not in whys
    assert "can be read by anybody" in whys


def test_a_group_is_named_by_its_number_alone(database: Database) -> None:
    with database.write() as session:
        made = planned(session)
        group, who = an_account(session, Channel.TELEGRAM), made.host.id or 0
        for name in ("@rivertalks", "RiverTalks", "", "-１００"):
            with pytest.raises(NotApproved, match="give the number of the group"):
                planning.add_network(session, made.chat, group.id or 0, name, who, MORNING)
        network = planning.add_network(session, made.chat, group.id or 0, "-1001234567890", who, MORNING)
        assert network.conversation_id == "-1001234567890"


def test_no_question_gets_another_number_than_its_approved_post_says(database: Database) -> None:
    with database.write() as session:
        made = planned(session)
        who = made.host.id or 0
        run_drafts.draft_run(session, made.chat, who, MORNING, GROUND)
        third = (
            select(Reply)
            .join(ChatPost, col(ChatPost.id) == Reply.chat_post_id)
            .where(ChatPost.question_id == made.questions[2].id)
        )
        reply = session.exec(third).all()[0]
        reply.state = ReplyState.APPROVED
        session.add(reply)
    for at, allowed in ((60, False), (3500, True)):
        with database.write() as session:
            chat = session.get_one(TweetChat, made.id)
            if allowed:
                questions.add_question(session, chat, {"en": "And last?"}, at, who, MORNING)
                continue
            with pytest.raises(NotApproved, match="question 3 is approved"):
                questions.add_question(session, chat, {"en": "And first?"}, at, who, MORNING)
            session.rollback()


def _fields(chat: TweetChat, **other: object) -> planning.PlanFields:
    same = {name: getattr(chat, name) for name in planning.PlanFields.__slots__}
    return planning.PlanFields(**(same | other))


def test_a_chat_of_another_length_takes_its_closing_and_follow_up_along(database: Database) -> None:
    with database.write() as session:
        made = planned(session)
        who = made.host.id or 0
        run_drafts.draft_run(session, made.chat, who, MORNING, GROUND)
        planning.change_plan(session, made.chat, _fields(made.chat, minutes=90), who, MORNING)
        posts = session.exec(select(ChatPost)).all()
        assert {one.at_seconds for one in posts if one.kind == ChatPostKind.CLOSING} == {88 * 60}
        assert {one.at_seconds for one in posts if one.kind == ChatPostKind.FOLLOW_UP} == {150 * 60}
        assert run_drafts.draft_run(session, made.chat, who, MORNING, GROUND).posts == 0


def test_a_chat_is_made_no_shorter_than_its_questions_and_changes_no_length_that_was_approved(
    database: Database,
) -> None:
    with database.write() as session:
        made = planned(session)
        who = made.host.id or 0
        with pytest.raises(NotApproved, match="Question 4 would be asked after the end"):
            planning.change_plan(session, made.chat, _fields(made.chat, minutes=30), who, MORNING)
        run_drafts.draft_run(session, made.chat, who, MORNING, GROUND)
        reply = session.exec(select(Reply)).all()[0]
        reply.state = ReplyState.APPROVED
        session.add(reply)
        with pytest.raises(NotApproved, match="length as they were are approved"):
            planning.change_plan(session, made.chat, _fields(made.chat, minutes=90), who, MORNING)


def test_an_account_taken_out_and_put_back_gets_its_posts_again(either_database: Database) -> None:
    with either_database.write() as session:
        made = planned(session)
        who = made.host.id or 0
        drafted = run_drafts.draft_run(session, made.chat, who, MORNING, GROUND).posts
        (network,) = planning.networks_of(session, made.chat)
        planning.remove_network(session, made.chat, network.id or 0, who, MORNING)
        planning.add_network(session, made.chat, made.account.id or 0, "", who, MORNING)
        assert run_drafts.draft_run(session, made.chat, who, MORNING, GROUND).posts == drafted
