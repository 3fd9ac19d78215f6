"""Whether we may answer: every bar has its reason and what else can be done; what is ours to mend only holds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from models import AccountHealth, Author, Channel, Database, Mention, Post
from models.x_fields import NOT_SUMMONED
from responders.may_reply import HOLDS, NOT_SET_UP, Bar, ByHand, Ground, Speaking, judge, may_reply, speaking_of
from tests.rows import MORNING, a_mention

NOON = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
BEFORE, AFTER = NOON - timedelta(minutes=1), NOON + timedelta(minutes=1)
FINE = Ground(channel=Channel.X, speaking=Speaking(), wrote_at=NOON)

AGAINST: dict[Bar, dict[str, Any]] = {
    Bar.DELETED: {"deleted": True},
    Bar.RETIRED: {"retired": True},
    Bar.READS_HERE: {"channel": Channel.PARTNER},
    Bar.STOPPED: {"stopped_at": NOON},
    Bar.BLOCKED: {"blocked_us_at": AFTER},
    Bar.NOT_ADDRESSED: {"addressed": False},
    Bar.PROTECTED: {"protected": True},
    Bar.CHANNEL: {"channel_allows": False, "channel_reason": "only verified accounts may reply"},
    Bar.OFF: {"speaking": Speaking(enabled=False)},
    Bar.READ_ONLY: {"speaking": Speaking(read_only=True)},
    Bar.NO_PERMISSION: {"health": AccountHealth.NO_PERMISSION, "trouble": "Give the app write access."},
    Bar.KEY_REFUSED: {"health": AccountHealth.CREDENTIALS_REJECTED},
}


def test_a_key_that_may_not_write_holds_replies_however_well_we_hear() -> None:
    may = judge(replace(FINE, health=AccountHealth.OK, refused_because="X takes nothing from us: it is locked."))
    assert (may.bar, may.waits, may.reason) == (Bar.KEY_REFUSED, True, "X takes nothing from us: it is locked.")


def test_every_bar_is_tried_here() -> None:
    assert set(AGAINST) == set(Bar)


def test_with_nothing_against_it_a_reply_may_go() -> None:
    may = judge(FINE)
    assert (may.allowed, may.waits, may.refused, may.reason) == (True, False, False, "")


@pytest.mark.parametrize("bar", Bar)
def test_every_bar_says_why_and_what_else_can_be_done(bar: Bar) -> None:
    may = judge(replace(FINE, **AGAINST[bar]))
    assert may.bar == bar
    assert not may.allowed
    assert may.waits == (bar in HOLDS)
    assert may.reason[0].isupper()
    assert may.reason.endswith(".")
    assert may.instead.endswith(".")


@given(st.sets(st.sampled_from(sorted(Bar)), min_size=1))
def test_of_several_bars_the_weightiest_is_told_and_what_only_holds_comes_last(bars: set[Bar]) -> None:
    ground = FINE
    for bar in bars:
        change = dict(AGAINST[bar])
        if speaking := change.pop("speaking", None):
            enabled = ground.speaking.enabled and speaking.enabled
            read_only = ground.speaking.read_only or speaking.read_only
            change["speaking"] = replace(ground.speaking, enabled=enabled, read_only=read_only)
        if "health" in change and {Bar.NO_PERMISSION, Bar.KEY_REFUSED} <= bars:
            change["health"] = AccountHealth.NO_PERMISSION
        ground = replace(ground, **change)
    may = judge(ground)
    assert may.bar == min(bars, key=list(Bar).index)
    assert may.refused == bool(bars - HOLDS)


@pytest.mark.parametrize("what", ["stopped_at", "blocked_us_at"])
def test_who_writes_to_us_again_may_be_answered_again(what: str) -> None:
    def since(at: datetime, **more: Any) -> Ground:
        return replace(FINE, **({what: at} | more))

    assert judge(since(BEFORE)).allowed
    assert judge(since(NOON)).refused
    assert judge(since(NOON, wrote_at=None)).refused


def test_posts_of_a_protected_author_are_answered_in_private_only() -> None:
    assert judge(replace(FINE, protected=True)).refused
    assert judge(replace(FINE, protected=True, private=True)).allowed


@pytest.mark.parametrize(
    ("by_hand", "addressed", "may_by_hand"),
    [
        (ByHand.OFF, True, False),
        (ByHand.ADDRESSED, True, True),
        (ByHand.ADDRESSED, False, False),
        (ByHand.ANYONE, True, True),
        (ByHand.ANYONE, False, True),
    ],
)
def test_who_may_be_answered_by_hand_is_the_operators_to_say(
    by_hand: ByHand, addressed: bool, may_by_hand: bool
) -> None:
    ground = replace(FINE, addressed=addressed, channel_allows=False, speaking=Speaking(by_hand=by_hand))
    assert judge(ground).by_hand == may_by_hand


@pytest.mark.parametrize("bar", [Bar.DELETED, Bar.RETIRED, Bar.READS_HERE, Bar.STOPPED, Bar.BLOCKED])
def test_some_are_not_written_to_by_hand_either(bar: Bar) -> None:
    assert not judge(replace(FINE, speaking=Speaking(by_hand=ByHand.ANYONE), **AGAINST[bar])).by_hand


def test_a_tier_that_need_not_be_summoned_still_asks_who_limited_replies() -> None:
    enterprise = Speaking(unsummoned=True)
    unsummoned = replace(FINE, channel_allows=False, channel_reason=NOT_SUMMONED)
    assert judge(unsummoned).refused
    assert judge(replace(unsummoned, speaking=enterprise)).allowed
    assert judge(replace(unsummoned, speaking=enterprise, addressed=False)).bar == Bar.NOT_ADDRESSED
    assert judge(replace(FINE, speaking=enterprise, **AGAINST[Bar.CHANNEL])).bar == Bar.CHANNEL


def test_an_account_nobody_set_up_beside_others_may_not_speak() -> None:
    assert speaking_of({}, "x") == Speaking()
    assert speaking_of({"telegram": Speaking()}, "x") is NOT_SET_UP
    assert not judge(replace(FINE, speaking=NOT_SET_UP)).by_hand


@pytest.mark.parametrize(
    ("found_by_rule", "joins", "bar"),
    [(False, True, None), (True, True, Bar.STOPPED), (True, False, Bar.STOPPED)],
)
def test_stop_is_lifted_by_who_speaks_to_us_and_not_by_what_a_search_found(
    database: Database, found_by_rule: bool, joins: bool, bar: Bar | None
) -> None:
    later = MORNING + timedelta(hours=2)
    with database.write() as session:
        mention = a_mention(session)
        author = session.get_one(Author, mention.author_id)
        author.stopped_at = MORNING + timedelta(hours=1)
        other = mention
        if not joins:
            other = Mention(**(mention.model_dump() | {"id": None, "edit_chain": "again", "addressed": False}))
            session.add_all([author, other])
            session.flush()
        said = session.exec(select(Post)).one().model_dump() | {"id": None}
        said |= {
            "channel_post_id": "again",
            "edit_chain": "again",
            "mention_id": other.id,
            "received_at": later,
            "rule_id": 1 if found_by_rule else None,
        }
        session.add(Post(**said))
        session.flush()
        assert may_reply(session, mention, {}).bar == bar
