"""Notices and appeals: the author is told by a reviewed reply, and somebody else decides what they say against it."""

import re
from hashlib import sha256

import pytest
from sqlmodel import col, select

from models import (
    Channel,
    Mention,
    MentionState,
    ModerationAct,
    ModerationClause,
    ModerationKind,
    ModerationState,
    Purpose,
    Reply,
    ReplyState,
    Role,
    StaffUser,
)
from models.people import Author
from responders.claims import NotYours
from responders.deciding import NotApproved
from responders.moderation.acts import Proposal, decide, propose
from responders.moderation.appeals import act_of_token, appeal_by_link, appeal_by_staff, decide_appeal
from responders.moderation.notices import WAITS, notice_words, tell_who_waits
from tests.responders.moderation.stage import PAGE, Stage
from tests.town import Town

LINK = re.compile(re.escape(PAGE) + r"/appeal/([\w-]+)")


def _notice(stage: Stage, act_id: int) -> Reply:
    with stage.database.read() as session:
        return session.get_one(Reply, stage.act(act_id).notice_reply_id)


def _token(stage: Stage, act_id: int) -> str:
    found = LINK.search(_notice(stage, act_id).text)
    assert found
    return found[1]


def test_the_notice_is_a_draft_in_the_main_queue_with_the_clause_and_the_end(on_either: Stage) -> None:
    stage = on_either
    mention_id = stage.mention(channel=Channel.TELEGRAM)
    act_id = propose(stage.desk, stage.proposal(mention_id), stage.staff())
    notice = _notice(stage, act_id)
    assert (notice.purpose, notice.state, notice.approved_at) == (Purpose.NOTICE, ReplyState.DRAFT, None)
    assert stage.row(mention_id).state == MentionState.DRAFTED
    assert "under clause 1 of our rules (Threats of violence)" in notice.text
    assert stage.act(act_id).clause_words in notice.text
    assert _token(stage, act_id)


def test_where_the_channel_is_short_the_clause_stands_on_the_page_behind_the_link(stage: Stage) -> None:
    act_id = propose(stage.desk, stage.proposal(stage.mention(channel=Channel.X)), stage.staff())
    notice = _notice(stage, act_id)
    assert len(notice.text) <= 280
    assert stage.act(act_id).clause_words not in notice.text
    assert "clause 1" in notice.text


def test_only_the_hash_of_the_secret_is_kept_by_the_act(stage: Stage) -> None:
    act_id = propose(stage.desk, stage.proposal(stage.mention()), stage.staff())
    token = _token(stage, act_id)
    act = stage.act(act_id)
    assert act.appeal_token_sha256 == sha256(token.encode()).hexdigest()
    assert token not in str(act.model_dump())


def test_without_a_page_for_residents_the_notice_asks_them_to_answer(stage: Stage) -> None:
    stage.without_a_page()
    act_id = propose(stage.desk, stage.proposal(stage.mention()), stage.staff())
    assert "answer us here" in _notice(stage, act_id).text
    assert not stage.act(act_id).appeal_token_sha256


def test_a_block_is_told_only_once_a_second_person_agreed(stage: Stage) -> None:
    act_id = propose(stage.desk, stage.proposal(stage.mention(), ModerationKind.BLOCK), stage.staff())
    assert stage.act(act_id).notice_reply_id is None
    decide(stage.desk, act_id, stage.staff(), agreed=True)
    assert "blocked your account" in _notice(stage, act_id).text


def test_a_notice_waits_until_what_is_open_about_the_post_is_settled(stage: Stage) -> None:
    mention_id = stage.mention(state=MentionState.DRAFTED)
    act_id = propose(stage.desk, stage.proposal(mention_id), stage.staff())
    assert (stage.act(act_id).notice_reply_id, stage.act(act_id).notice_note) == (None, WAITS)
    with stage.database.write() as session:
        assert tell_who_waits(session, stage.desk, stage.clock()) == 0
        session.get_one(Mention, mention_id).state = MentionState.CLOSED
    with stage.database.write() as session:
        assert tell_who_waits(session, stage.desk, stage.clock()) == 1
    assert _notice(stage, act_id).round == 2
    with stage.database.write() as session:
        assert tell_who_waits(session, stage.desk, stage.clock()) == 0


def test_whoever_may_not_be_written_to_gets_no_notice_and_the_act_says_why(stage: Stage) -> None:
    mention_id = stage.mention(channel=Channel.X)
    with stage.database.write() as session:
        session.get_one(Mention, mention_id).addressed = False
    act_id = propose(stage.desk, stage.proposal(mention_id), stage.staff())
    assert stage.act(act_id).notice_reply_id is None
    assert "did not speak to us" in stage.act(act_id).notice_note


def test_the_notice_speaks_spanish_where_the_author_does(stage: Stage) -> None:
    mention_id = stage.mention("te vamos a buscar")
    with stage.database.write() as session:
        session.get_one(Mention, mention_id).language = "es"
    act_id = propose(stage.desk, stage.proposal(mention_id), stage.staff())
    assert stage.act(act_id).language == "es"
    assert "Amenazas de violencia" in _notice(stage, act_id).text


def test_every_language_has_every_sentence_of_a_notice() -> None:
    assert {frozenset(said) for said in notice_words().values()} == {frozenset(notice_words()["en"])}


def test_an_appeal_by_the_link_is_decided_by_somebody_who_did_not_make_the_act(on_either: Stage) -> None:
    stage = on_either
    first, second, third = stage.staff(), stage.staff(), stage.staff(Role.SUPERVISOR)
    act_id = propose(stage.desk, stage.proposal(stage.mention(), ModerationKind.BLOCK), first)
    decide(stage.desk, act_id, second, agreed=True)
    assert appeal_by_link(stage.desk, _token(stage, act_id), "It was a line from a song.")
    for one in (first, second):
        with pytest.raises(NotYours, match="took part in the act"):
            decide_appeal(stage.desk, act_id, one, granted=False, answer="no")
    with pytest.raises(NotApproved, match="Say why"):
        decide_appeal(stage.desk, act_id, third, granted=True, answer=" ")
    decide_appeal(stage.desk, act_id, third, granted=True, answer="It is a line from a song.")
    act = stage.act(act_id)
    assert (act.state, act.appeal_granted, act.appeal_decided_by) == (ModerationState.LIFTED, True, third)
    with pytest.raises(NotApproved, match="No appeal"):
        decide_appeal(stage.desk, act_id, third, granted=False, answer="no")


def test_a_refused_appeal_changes_nothing_and_is_told_by_a_draft(stage: Stage) -> None:
    mention_id = stage.mention(channel=Channel.TELEGRAM)
    act_id = propose(stage.desk, stage.proposal(mention_id), stage.staff())
    with stage.database.write() as session:  # the notice was sent and the mention is settled
        session.get_one(Reply, stage.act(act_id).notice_reply_id).state = ReplyState.SENT
        session.get_one(Mention, mention_id).state = MentionState.CLOSED
    appeal_by_staff(stage.desk, act_id, stage.staff(Role.APPROVER), "They rang: it was a joke.")
    decide_appeal(stage.desk, act_id, stage.staff(), granted=False, answer="It names a neighbour's house.")
    act = stage.act(act_id)
    assert (act.state, act.appeal_granted) == (ModerationState.IN_FORCE, False)
    with stage.database.read() as session:
        told = session.get_one(Reply, act.outcome_reply_id)
    assert (told.purpose, told.state) == (Purpose.NOTICE, ReplyState.DRAFT)
    assert "It names a neighbour's house." in told.text


def test_an_appeal_is_taken_once_with_words_and_not_too_long(stage: Stage) -> None:
    act_id = propose(stage.desk, stage.proposal(stage.mention()), stage.staff())
    token = _token(stage, act_id)
    for words, why in (("  ", "missing"), ("a" * 2001, "Shorten it")):
        with pytest.raises(NotApproved, match=why):
            appeal_by_link(stage.desk, token, words)
    appeal_by_link(stage.desk, token, "No.")
    with pytest.raises(NotApproved, match="appealed already"):
        appeal_by_link(stage.desk, token, "No again.")


def test_an_invented_or_old_link_is_none(stage: Stage) -> None:
    act_id = propose(stage.desk, stage.proposal(stage.mention(), ModerationKind.MUTE), stage.staff())
    token = _token(stage, act_id)
    assert appeal_by_link(stage.desk, "invented", "No.") is None
    with stage.database.read() as session:
        assert act_of_token(session, "", stage.clock()) is None
        stage.clock.forward(days=96)
        assert act_of_token(session, token, stage.clock()) is not None
        stage.clock.forward(days=2)
        assert act_of_token(session, token, stage.clock()) is None


def test_nobody_is_told_of_a_block_of_us_or_a_stop(stage: Stage) -> None:
    mention_id = stage.mention()
    with stage.database.write() as session:
        author = session.exec(select(Author).where(col(Author.id) == stage.row(mention_id).author_id)).one()
        author.stopped_at = stage.clock()
    act_id = propose(stage.desk, stage.proposal(mention_id), stage.staff())
    assert "asked us to stop" in stage.act(act_id).notice_note


def test_what_the_author_writes_meanwhile_does_not_take_the_place_of_the_notice(town: Town) -> None:
    post_id = town.simulator.say_on_telegram("BUY FOLLOWERS at my shop")["message_id"]
    town.hear()
    with town.database.write() as session:
        mention = session.exec(select(Mention)).one()
        for reply in session.exec(select(Reply)).all():
            reply.state = ReplyState.CANCELLED
        mention.state = MentionState.SET_ASIDE
        clause = session.exec(select(ModerationClause).where(ModerationClause.code == "spam")).one()
        staff = StaffUser(username="mo", display_name="Mo", role=Role.CHAT_MODERATOR)
        session.add(staff)
        session.flush()
    wanted = Proposal(ModerationKind.MUTE, clause.id or 0, "it sells followers", mention_id=mention.id)
    act_id = propose(town.desk, wanted, staff.id or 0)
    with town.database.read() as session:
        notice = session.get_one(Reply, session.get_one(ModerationAct, act_id).notice_reply_id)
    town.simulator.say_on_telegram("There is a deep pothole at 5th and Market St", reply_to=post_id)
    town.hear()
    with town.database.read() as session:
        still = session.get_one(Reply, notice.id)
    assert (still.text, still.purpose) == (notice.text, Purpose.NOTICE)
    assert "clause 4" in still.text
