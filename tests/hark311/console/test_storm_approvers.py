"""The scripted approvers of a storm, at a real desk: each gives their key once, and leaves the other to a colleague."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import select

from hark311.rehearsal.approver import Approver
from models import KeyRule, Mention, MentionState, Post, Reply, ReplyState, Review, RuleAbout, StaffUser
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import make_account, make_ready, make_services

LAWYERS = "Our lawyers look into the pothole. Your number is {number}."
ROUNDS = 12
"""More than it takes until what was tried too often is tried again."""


@pytest.fixture
def waiting(desk: Running) -> Mention:
    """A mention whose reply needs two keys."""
    with desk.rows() as session:
        make_services(session)
        session.add(KeyRule(about=RuleAbout.RISK_WORDS, label="Law", wanted=["lawyer*"], made_at=NOON))
        mention = make_ready(session, make_account(session), NOON - timedelta(minutes=30))
        reply = session.exec(select(Reply).where(Reply.mention_id == mention.id)).one()
        reply.text = LAWYERS
        return mention


@pytest.fixture
def approvers(desk: Running) -> Iterator[list[Approver]]:
    made = [
        Approver(desk.url, f"/sign-in/{desk.secret_for(desk.staff(name))}", initials=name[0])
        for name in ("Ann Approver", "Ben Approver")
    ]
    for one in made:
        one.sign_in()
    yield made
    for one in made:
        one.close()


def reply_of(desk: Running, mention: Mention) -> Reply:
    with desk.database.read() as session:
        return session.exec(select(Reply).where(Reply.mention_id == mention.id)).one()


def keys_given(desk: Running, mention: Mention) -> list[str]:
    with desk.database.read() as session:
        decided = select(Review.decision).where(Review.mention_id == mention.id).order_by(Review.id)  # type: ignore[arg-type]
        return [str(one) for one in session.exec(decided).all()]


def writes_again(desk: Running, mention: Mention, number: int) -> None:
    """The author says something more in the same conversation, as a post of its own."""
    with desk.rows() as session:
        post = session.exec(select(Post).where(Post.mention_id == mention.id)).first()
        assert post is not None
        more = post.model_dump(exclude={"id", "mention_id", "channel_post_id", "edit_chain"})
        session.add(Post(**more, channel_post_id=f"more-{number}", edit_chain=f"more-{number}"))


@pytest.mark.parametrize("danger", [False, True])
def test_who_gave_the_first_key_waits_for_the_colleague_and_closes_nothing(
    desk: Running, waiting: Mention, approvers: list[Approver], danger: bool
) -> None:
    ann, ben = approvers
    with desk.rows() as session:
        session.get_one(Mention, waiting.id).danger = danger  # a danger is decided on its own page, not with others
    for _ in range(ROUNDS):
        ann.work(5)
    assert keys_given(desk, waiting) == ["first_key"]
    assert (ann.approved, ann.closed, ann.refused) == (0, {}, [])
    ben.work(5)
    assert reply_of(desk, waiting).state == ReplyState.APPROVED
    assert reply_of(desk, waiting).text == LAWYERS
    assert (ben.approved, keys_given(desk, waiting)) == (1, ["first_key", "approved"])


def test_a_key_that_a_newer_post_voided_is_given_anew_by_whoever_comes(
    desk: Running, waiting: Mention, approvers: list[Approver]
) -> None:
    ann, ben = approvers
    ann.work(5)
    writes_again(desk, waiting, 1)
    ben.work(5)
    writes_again(desk, waiting, 2)
    for one in (ann, ben):
        one.work(5)
    assert keys_given(desk, waiting) == ["first_key", "first_key", "first_key", "approved"]
    assert reply_of(desk, waiting).state == ReplyState.APPROVED


def test_what_somebody_holds_and_could_not_decide_is_not_kept_from_the_colleague(
    desk: Running, waiting: Mention, approvers: list[Approver], monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk.database.read() as session:
        ann = session.exec(select(StaffUser.id).where(StaffUser.display_name == "Ann Approver")).one()
    desk.product.desk.claim(waiting.id or 0, ann or 0)
    monkeypatch.setattr(Approver, "_decide", lambda *_: False)
    monkeypatch.setattr(Approver, "_approve_together", lambda *_: set())
    approvers[0].work(5)
    assert desk.mention(waiting.id or 0).state == MentionState.DRAFTED
