"""Invariant 13: no act of moderation without a person, a clause and a capture; no block without two; none for ever."""

import ast
import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from hark311.database_check import check_database
from hark311.paging import Page, Pager, ToTell
from models import (
    Alarm,
    Mention,
    MentionState,
    ModerationAct,
    ModerationClause,
    ModerationKind,
    ModerationState,
    Post,
    Role,
    StaffUser,
)
from responders.claims import NotYours
from responders.deciding import NotApproved
from responders.moderation import hidden_acts, muted
from responders.moderation.acts import Proposal, decide, propose
from responders.moderation.capturing import seal
from tests.town import Town

ROOT = Path(__file__).parents[2]
OURS = ("models", "listeners", "classifier", "responders", "hark311")
MAKES_ACTS = Path("responders/moderation/acts.py")


def _someone(town: Town, role: Role = Role.CHAT_MODERATOR) -> int:
    with town.database.write() as session:
        one = StaffUser(username=f"{role}-{len(session.exec(select(StaffUser)).all())}", display_name="M", role=role)
        session.add(one)
        session.flush()
        return one.id or 0


def _heard(town: Town, words: str, author: str = "a_neighbor") -> Mention:
    post_id = town.simulator.say_on_x(words, author=author)
    town.hear()
    return town.mention_of(post_id)


def _wanted(town: Town, mention_id: int, kind: ModerationKind) -> Proposal:
    with town.database.read() as session:
        clause = session.exec(select(ModerationClause).where(ModerationClause.code == "spam")).one()
    return Proposal(kind, clause.id or 0, "it sells followers", mention_id=mention_id)


def _acts(town: Town) -> list[ModerationAct]:
    with town.database.read() as session:
        return list(session.exec(select(ModerationAct)).all())


def test_one_place_makes_acts_and_puts_them_in_force() -> None:
    made: set[Path] = set()
    for package in OURS:
        for file in (ROOT / package).rglob("*.py"):
            if "node_modules" in file.parts:
                continue
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ModerationAct":
                    made.add(file.relative_to(ROOT))
                named = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "advance"
                if named and "ModerationState.IN_FORCE" in ast.unparse(node):
                    made.add(file.relative_to(ROOT))
    assert made == {MAKES_ACTS}


def test_nothing_that_understands_or_drafts_knows_of_moderation() -> None:
    for package in ("classifier", "listeners"):
        for file in (ROOT / package).rglob("*.py"):
            said = file.read_text(encoding="utf-8")
            assert "ModerationAct" not in said, file
            assert "responders.moderation" not in said, file


@pytest.mark.parametrize(
    "words",
    [
        "you people are useless idiots and the mayor is a liar",
        "this goddamn city can't fix a single f***ing light",
        "BUY FOLLOWERS CHEAP at my shop",
        "I will burn your office down",
    ],
)
def test_whatever_is_said_the_product_by_itself_moderates_nobody(town: Town, words: str) -> None:
    town.simulator.say_on_x(words)
    town.hear()
    town.deliver()
    assert _acts(town) == []


def test_every_act_has_a_person_a_clause_a_capture_and_an_end_and_a_block_has_two_people(town: Town) -> None:
    one, two = _someone(town), _someone(town, Role.SUPERVISOR)
    for words in ("BUY FOLLOWERS at my shop", "BUY LIKES at my shop"):
        mention = _heard(town, words, author=words.split()[1])
        for kind in ModerationKind:
            act_id = propose(town.desk, _wanted(town, mention.id or 0, kind), one)
            if kind == ModerationKind.BLOCK:
                with pytest.raises(NotYours):
                    decide(town.desk, act_id, one, agreed=True)
                decide(town.desk, act_id, two, agreed=True)
    acts = _acts(town)
    assert len(acts) == 6
    for act in acts:
        assert act.state == ModerationState.IN_FORCE
        assert act.proposed_by == one
        assert act.clause_id
        assert act.why
        assert act.captured_sha256 == seal(act.captured)
        assert act.captured["post"]["text"].endswith("at my shop")
        assert town.clock() < act.expires_at <= town.clock() + timedelta(days=365)
        assert act.decided_by == (two if act.kind == ModerationKind.BLOCK else one)


def test_without_a_clause_or_a_right_to_nothing_is_done(town: Town) -> None:
    mention = _heard(town, "you are all useless")
    approver = _someone(town, Role.APPROVER)
    with pytest.raises(NotYours):
        propose(town.desk, _wanted(town, mention.id or 0, ModerationKind.HIDE), approver)
    with pytest.raises(NotApproved):
        propose(town.desk, Proposal(ModerationKind.HIDE, 0, "rude", mention_id=mention.id), _someone(town))
    assert _acts(town) == []


def test_an_act_that_has_expired_has_no_effect(town: Town) -> None:
    mention, staff = _heard(town, "BUY FOLLOWERS at my shop"), _someone(town)
    for kind in (ModerationKind.HIDE, ModerationKind.MUTE):
        propose(town.desk, _wanted(town, mention.id or 0, kind), staff)
    with town.database.read() as session:
        post = session.exec(select(Post.id).where(Post.mention_id == mention.id)).one() or 0
        for later, folds in ((timedelta(days=6), True), (timedelta(days=91), False)):
            at = town.clock() + later
            assert bool(muted(session, [mention.author_id], at)) is bool(hidden_acts(session, [post], at)) is folds


class _Beeper:
    def __init__(self) -> None:
        self.pages: list[Page] = []

    async def notify(self, page: ToTell) -> None:
        assert isinstance(page, Page)
        self.pages.append(page)


def test_the_danger_a_muted_or_blocked_author_tells_of_is_stored_alarmed_and_paged(town: Town) -> None:
    mention = _heard(town, "BUY FOLLOWERS at my shop", author="shop_of_nothing")
    staff, other = _someone(town), _someone(town)
    propose(town.desk, _wanted(town, mention.id or 0, ModerationKind.MUTE), staff)
    block = propose(town.desk, _wanted(town, mention.id or 0, ModerationKind.BLOCK), staff)
    decide(town.desk, block, other, agreed=True)
    post_id = town.simulator.say_on_x("live wire down and sparking at 5th and Cambria", author="shop_of_nothing")
    town.hear()
    told, beeper = town.mention_of(post_id), _Beeper()
    assert told.danger
    assert told.state == MentionState.DRAFTED
    asyncio.run(Pager(town.database, [beeper], "http://127.0.0.1:8311", town.clock).page())
    assert [page.link.rpartition("/")[2] for page in beeper.pages] == [str(told.id)]
    with town.database.read() as session:
        assert session.exec(select(Alarm).where(Alarm.mention_id == told.id)).one()
        assert session.get_one(Mention, told.id).author_id == mention.author_id


def test_the_check_of_the_database_finds_a_block_by_one_person_and_a_changed_capture(town: Town) -> None:
    mention = _heard(town, "BUY FOLLOWERS at my shop", author="shop_of_nothing")
    staff, other = _someone(town), _someone(town)
    block = propose(town.desk, _wanted(town, mention.id or 0, ModerationKind.BLOCK), staff)
    decide(town.desk, block, other, agreed=True)
    assert check_database(town.database) == []
    with town.database.write() as session:
        act = session.get_one(ModerationAct, block)
        act.decided_by, act.captured = staff, act.captured | {"channel": "elsewhere"}
    assert check_database(town.database) == [
        "1 blocks were put in force by one person alone (invariant 13).",
        "1 captures of moderated posts are not what their hash says (invariant 13).",
    ]
