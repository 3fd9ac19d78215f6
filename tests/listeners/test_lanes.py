"""What is heard beside mentions, in lanes of their own: rules, quotes, direct messages; threads; and what is gone."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlmodel import col, select

from listeners import compliance
from listeners.compliance import check_compliance_of
from listeners.hearing import Hearing
from listeners.lanes import PAUSE, RESTS, lane_of
from listeners.threads import fetch_threads_of
from models import (
    Account,
    AccountHealth,
    Conversation,
    Gap,
    Lane,
    ListeningRule,
    Mention,
    MentionState,
    Post,
    UnreadablePost,
)
from models.ledger import ComplianceJob, ComplianceState
from models.posts import PostKind
from tests.town import Town


def _rule(town: Town, query: str = "pothole", **more: object) -> int:
    with town.database.write() as session:
        account = session.exec(select(Account).where(Account.name == "x")).one()
        given = {"begins_at": town.clock() - timedelta(hours=1), "counted_at": town.clock()} | more
        rule = ListeningRule(account_id=account.id or 0, query=query, **given)  # type: ignore[arg-type]
        session.add(rule)
        session.flush()
        return rule.id or 0


def _lane(town: Town, name: str) -> Lane:
    with town.database.read() as session:
        return session.exec(select(Lane).where(Lane.name == name)).one()


def _mentions(town: Town) -> list[Mention]:
    with town.database.read() as session:
        return list(session.exec(select(Mention).order_by(col(Mention.id))).all())


def _with_x(town: Town, act: Callable[[Hearing], Awaitable[int]]) -> int:
    async def run() -> int:
        (hearing,) = (one for one in town.hearings() if one.account_name == "x")
        async with hearing.listener:
            return await act(hearing)

    return asyncio.run(run())


def test_what_a_rule_finds_is_work_that_did_not_speak_to_us(town: Town) -> None:
    rule = _rule(town)
    town.simulator.say_on_x("a pothole on Locust Street", mention=False)
    town.simulator.say_on_x("a tree on Locust Street", mention=False)
    town.listen("x")
    (mention,) = _mentions(town)
    assert (mention.addressed, mention.may_reply) == (False, False)
    assert "did not name or quote us" in mention.may_reply_reason
    with town.database.read() as session:
        assert session.exec(select(Post.rule_id).where(Post.kind == PostKind.MENTION)).one() == rule
    lane = _lane(town, lane_of(rule))
    assert lane.cursor
    assert lane.resume_at is not None
    assert PAUSE - timedelta(seconds=5) < lane.resume_at - town.clock() <= PAUSE


@pytest.mark.parametrize("first", ["rule", "mention"])
def test_what_is_found_both_ways_is_one_post_that_spoke_to_us(town: Town, first: str) -> None:
    rule = _rule(town) if first == "rule" else 0
    said = town.simulator.say_on_x("@Philly311Demo a pothole", late_by=0)
    if first == "rule":
        body = {"data": [], "meta": {"result_count": 0}}
        town.simulator.fault("x", "status", "mentions", status=200, body=body)
        found = [{"id": said, "text": "a pothole", "author_id": "8"}]
        town.simulator.fault(
            "x", "status", "search", status=200, body={"data": found, "meta": {"result_count": 1}}, times=3
        )
        town.listen("x")
        assert [one.addressed for one in _mentions(town)] == [False]
        town.simulator.clear_faults()
    else:
        town.listen("x")
        rule = _rule(town)
    town.clock.advance(minutes=2)
    town.listen("x")
    (mention,) = _mentions(town)
    assert (mention.addressed, mention.may_reply) == (True, True)
    assert _lane(town, lane_of(rule)).cursor


def test_a_rule_that_has_not_begun_or_has_ended_is_not_heard(town: Town) -> None:
    _rule(town, begins_at=None)
    _rule(town, begins_at=town.clock() + timedelta(hours=1))
    _rule(town, ended_at=town.clock())
    town.simulator.say_on_x("a pothole", mention=False)
    town.listen("x")
    assert _mentions(town) == []


def test_x_is_asked_what_a_new_rule_would_find(town: Town) -> None:
    rule = _rule(town, begins_at=None, counted_at=None)
    town.simulator.say_many_on_x([{"text": "pothole", "mention": False}] * 5)
    town.listen("x")
    with town.database.read() as session:
        counted = session.get_one(ListeningRule, rule)
        assert (counted.found_in_week, counted.trouble) == (5, "")
        assert counted.counted_at is not None


def test_a_rule_x_cannot_read_says_so_and_the_mentions_are_heard_all_the_same(town: Town) -> None:
    rule = _rule(town, "(pothole", counted_at=None)
    town.simulator.say_on_x("a tree fell")
    town.listen("x")
    assert len(_mentions(town)) == 1
    assert "did not understand" in _lane(town, lane_of(rule)).trouble
    assert town.account("x").health == AccountHealth.OK
    with town.database.read() as session:
        assert "did not understand" in session.get_one(ListeningRule, rule).trouble


def test_a_direct_message_is_work_in_a_private_chat_and_ours_proves_itself(town: Town) -> None:
    town.simulator.message_on_x("no heat in our flat", author="dee_215")
    town.listen("x")
    (mention,) = _mentions(town)
    with town.database.read() as session:
        conversation = session.get_one(Conversation, mention.conversation_id)
    assert conversation.private
    assert conversation.channel_conversation_id.startswith("dm:")
    assert (mention.addressed, mention.may_reply) == (True, True)


def test_messages_that_the_key_may_not_read_are_told_on_their_lane_alone(town: Town) -> None:
    town.simulator.fault("x", "status", "messages", status=403, body={"title": "Forbidden", "detail": "not allowed"})
    town.simulator.say_on_x("a tree fell")
    town.listen("x")
    lane = _lane(town, "messages")
    assert "not allowed" in lane.trouble
    assert lane.cursor is None
    assert town.account("x").health == AccountHealth.OK
    town.clock.advance(minutes=16)
    town.listen("x")
    assert _lane(town, "messages").trouble == ""


def test_a_lane_that_must_wait_is_not_asked_before_its_time(town: Town) -> None:
    town.simulator.fault("x", "rate_limit", "messages", reset_in=600)
    town.listen("x")
    town.clock.advance(minutes=5)
    town.listen("x")
    asked = town.simulator.calls(operation="messages")
    assert [one["status"] for one in asked] == [429]
    town.clock.advance(minutes=6)
    town.listen("x")
    assert [one["status"] for one in town.simulator.calls(operation="messages")] == [429, 200]


def test_a_lane_that_breaks_says_so_and_no_other_lane_waits_for_it(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(*_: object) -> None:
        raise KeyError("a field we have never seen")

    monkeypatch.setattr("listeners.x.search.quotes", breaks)
    town.simulator.message_on_x("no heat")
    town.listen("x")
    assert len(_mentions(town)) == 1
    broken = _lane(town, "quotes")
    assert "KeyError" in broken.trouble
    assert broken.resume_at is not None
    assert broken.resume_at > town.clock()


def test_a_crash_while_a_lane_is_stored_leaves_its_cursor_where_it_was(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.simulator.message_on_x("no heat")

    def dies(*_: object) -> None:
        raise SystemExit("killed in the middle of a page")

    with monkeypatch.context() as patched:
        patched.setattr("listeners.intake._attach", dies)
        with pytest.raises(SystemExit):
            town.listen("x")
    assert _mentions(town) == []
    town.clock.advance(minutes=2)
    town.listen("x")
    assert len(_mentions(town)) == 1


def test_a_long_outage_is_refilled_after_the_new_mentions(town: Town) -> None:
    town.simulator.say_on_x("the first one")
    town.listen("x")
    for start in range(0, 950, 190):
        town.simulator.say_many_on_x([{"text": f"leaf pile {number}"} for number in range(start, start + 190)])

    async def until_no_mention_waits(hearing: Hearing) -> int:
        while await hearing.listen_once() == 0:
            pass
        return 0

    _with_x(town, until_no_mention_waits)
    with town.database.read() as session:
        newest = session.exec(select(Post.text).order_by(col(Post.id)).limit(300)).all()
        assert any("leaf pile 949" in text for text in newest)
        assert session.exec(select(Gap)).one().refilled > 0
    town.listen("x")
    town.listen("x")
    with town.database.read() as session:
        assert len(session.exec(select(Post.id)).all()) == 951
        gap = session.exec(select(Gap)).one()
    assert gap.closed_at is not None
    assert gap.refilled >= 150


def test_a_thread_that_hangs_under_what_we_lack_is_fetched_once(town: Town) -> None:
    root = town.simulator.say_on_x("our street looks bad", author="root_19104", mention=False)
    middle = town.simulator.say_on_x("there are holes", author="sam_19147", in_reply_to=root, mention=False)
    town.simulator.say_on_x("@Philly311Demo look", author="dee_215", in_reply_to=middle)
    town.simulator.say_on_x("@Philly311Demo another thing", author="kim_19104")
    town.listen("x")
    assert _with_x(town, fetch_threads_of) == 1
    with town.database.read() as session:
        stored = {one.channel_post_id: one for one in session.exec(select(Post)).all()}
    assert stored[root].kind == PostKind.CONTEXT
    assert stored[root].conversation_id == stored[middle].conversation_id
    assert _with_x(town, fetch_threads_of) == 0
    assert len(_mentions(town)) == 2


def test_what_others_answered_to_the_same_post_is_on_the_desk_though_its_parent_is(town: Town) -> None:
    root = town.simulator.say_on_x("a hole on our street", author="root_19104", mention=False)
    town.simulator.say_on_x("fixed already", author="sam_19147", in_reply_to=root, mention=False)
    town.simulator.say_on_x("@Philly311Demo look", author="dee_215", in_reply_to=root)
    town.simulator.say_on_x("@Philly311Demo another thing", author="kim_19104")
    town.listen("x")
    assert _with_x(town, fetch_threads_of) == 1
    with town.database.read() as session:
        stored = {one.text: one for one in session.exec(select(Post)).all()}
    assert stored["fixed already"].kind == PostKind.CONTEXT
    assert stored["fixed already"].conversation_id == stored["@Philly311Demo look"].conversation_id
    town.simulator.say_on_x("@Philly311Demo here too", author="bo_19104", in_reply_to=root)
    town.listen("x")
    assert _with_x(town, fetch_threads_of) == 0  # once: each look at it costs


def test_a_thread_that_only_our_own_answer_hangs_in_is_not_fetched(town: Town) -> None:
    asked = town.simulator.say_on_x("@Philly311Demo a deep pothole at 5th and Market St", author="dee_215")
    town.hear()
    town.approve(town.mention_of(asked).id, "Thank you. We look into it.")
    town.simulator.fault("open311", "html_error", "*", times=99)
    town.clock.advance(minutes=2)  # the reply does not wait for the city any longer
    town.deliver()
    town.listen("x")
    with town.database.read() as session:
        assert session.exec(select(Post).where(Post.kind == PostKind.OWN)).one().in_reply_to == asked
    assert town.mention_of(asked).state == MentionState.APPROVED
    assert _with_x(town, fetch_threads_of) == 0


def test_a_thread_of_what_waits_for_a_person_costs_nothing_yet(town: Town) -> None:
    root = town.simulator.say_on_x("our street looks bad", author="root_19104", mention=False)
    town.simulator.say_on_x("@Philly311Demo look", author="dee_215", in_reply_to=root)
    town.listen("x")
    with town.database.write() as session:
        session.exec(select(Post).where(Post.kind == PostKind.CONTEXT)).one().channel_post_id = "1"
        session.exec(select(Mention)).one().needs_understanding = False  # from before we began
    assert _with_x(town, fetch_threads_of) == 0


def test_no_thread_is_fetched_once_the_money_of_the_month_is_spent(town: Town) -> None:
    root = town.simulator.say_on_x("our street looks bad", author="root_19104", mention=False)
    town.simulator.say_on_x("@Philly311Demo look", author="dee_215", in_reply_to=root)
    town.listen("x")

    async def with_no_money(hearing: Hearing) -> int:
        hearing.affords = lambda: False
        return await fetch_threads_of(hearing)

    assert _with_x(town, with_no_money) == 0
    assert _with_x(town, fetch_threads_of) == 1


def test_rules_rest_once_the_money_of_the_month_is_spent_and_what_speaks_to_us_is_heard(town: Town) -> None:
    rules = [_rule(town, query) for query in ("pothole", "sinkhole", "graffiti", "trash")]
    town.listen("x")

    async def listen(affords: bool) -> None:
        (hearing,) = (one for one in town.hearings() if one.account_name == "x")
        hearing.affords = lambda: affords
        async with hearing.listener:
            await hearing.listen_once()

    town.simulator.say_on_x("a pothole on Locust Street", mention=False)
    town.simulator.say_on_x("@Philly311Demo a tree", late_by=0)
    left_at = town.clock()
    town.clock.advance(minutes=15)
    calls = len(town.simulator.calls(operation="search", limit=1000))
    asyncio.run(listen(False))
    lanes = [_lane(town, lane_of(rule)) for rule in rules]
    assert [lane.trouble for lane in lanes] == [RESTS] * 4
    assert len(_mentions(town)) == 1, "who speaks to us is heard"
    assert len(town.simulator.calls(operation="search", limit=1000)) == calls + 1, "for quotes alone"
    assert all(_lane(town, name).last_contact_at > left_at for name in ("messages", "quotes"))  # type: ignore[operator]
    town.clock.advance(minutes=15)
    for _ in range(3):
        asyncio.run(listen(True))
    assert len(_mentions(town)) == 2, "a rule goes on where it stopped"
    assert [_lane(town, lane_of(rule)).trouble for rule in rules] == [""] * 4


def test_a_thread_that_x_does_not_give_now_is_asked_for_again(town: Town) -> None:
    root = town.simulator.say_on_x("our street looks bad", author="root_19104", mention=False)
    middle = town.simulator.say_on_x("there are holes", author="sam_19147", in_reply_to=root, mention=False)
    town.simulator.say_on_x("@Philly311Demo look", author="dee_215", in_reply_to=middle)
    town.listen("x")
    town.simulator.fault("x", "html_error", "search")
    assert _with_x(town, fetch_threads_of) == 0
    assert _with_x(town, fetch_threads_of) == 1


def _job(town: Town) -> ComplianceJob:
    with town.database.read() as session:
        return session.exec(select(ComplianceJob).order_by(col(ComplianceJob.id).desc())).all()[0]


def test_what_is_gone_on_x_is_purged_by_the_sweep_closed_or_not(town: Town) -> None:
    goes, stays = town.simulator.say_on_x("my home is at 5 Elm St"), town.simulator.say_on_x("a tree")
    town.listen("x")
    town.simulator.delete_on_x(goes)
    assert _with_x(town, check_compliance_of) == 1
    with town.database.read() as session:
        posts = {one.channel_post_id: one for one in session.exec(select(Post)).all()}
    assert (posts[goes].text, posts[goes].raw) == ("", None)
    assert posts[goes].deleted_at is not None
    assert posts[stays].text
    assert town.mention_of(goes).state == MentionState.WITHDRAWN
    job = _job(town)
    assert (job.state, job.asked, job.gone) == (ComplianceState.DONE, 2, 1)


def test_the_next_sweep_begins_after_twelve_hours(town: Town) -> None:
    said = town.simulator.say_on_x("a tree")
    town.listen("x")
    _with_x(town, check_compliance_of)
    town.simulator.delete_on_x(said)
    town.clock.advance(hours=11)
    assert _with_x(town, check_compliance_of) == 0
    town.clock.advance(hours=2)
    assert _with_x(town, check_compliance_of) == 1


def test_a_large_store_is_swept_slice_by_slice(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [str(one["id"]) for one in town.simulator.say_many_on_x([{"text": f"tree {n}"} for n in range(7)])]
    town.listen("x")
    for post_id in said:
        town.simulator.delete_on_x(post_id)
    monkeypatch.setattr(compliance, "SLICE", 3)
    assert _with_x(town, check_compliance_of) == 7
    with town.database.read() as session:
        assert session.exec(select(ComplianceJob.asked).order_by(col(ComplianceJob.id))).all() == [3, 3, 1]


@pytest.mark.parametrize("call", ["create_job", "upload", "job", "download"])
def test_a_sweep_goes_on_where_trouble_stopped_it(town: Town, call: str) -> None:
    said = town.simulator.say_on_x("a tree")
    town.listen("x")
    town.simulator.delete_on_x(said)
    town.simulator.fault("x", "drop_after", call)
    rounds = [_with_x(town, check_compliance_of) for _ in range(2)]
    assert sum(rounds) == 1
    assert rounds[0] == (1 if call == "create_job" else 0)  # X lists the job that it opened before the line broke
    assert _job(town).state == ComplianceState.DONE


def test_a_job_x_has_forgotten_is_begun_again(town: Town) -> None:
    said = town.simulator.say_on_x("a tree")
    town.listen("x")
    town.simulator.delete_on_x(said)
    town.simulator.fault("x", "status", "job", status=400, body={"title": "Invalid Request"})
    assert _with_x(town, check_compliance_of) == 0
    assert _job(town).state == ComplianceState.FAILED
    assert _with_x(town, check_compliance_of) == 1


def test_a_post_that_could_not_be_read_is_purged_with_the_rest(town: Town) -> None:
    gone = town.simulator.say_on_x("a tree")
    body = {"data": [{"id": gone, "text": 5, "author_id": "8"}], "meta": {"result_count": 1}}
    town.simulator.fault("x", "status", "mentions", status=200, body=body)
    town.listen("x")
    town.simulator.say_on_x("another tree")
    town.listen("x")
    town.simulator.delete_on_x(gone)
    _with_x(town, check_compliance_of)
    with town.database.read() as session:
        kept = session.exec(select(UnreadablePost)).one()
    assert kept.raw == ""
    assert kept.reason
    assert kept.closed_at is not None
