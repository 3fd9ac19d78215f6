"""Acts of moderation in every state, for the tests of the desk. Every post and person here is made up."""

from datetime import timedelta
from hashlib import sha256

from sqlmodel import Session, select

from hark311.starter.moderation import load_policy
from models import (
    Mention,
    MentionState,
    ModerationAct,
    ModerationClause,
    ModerationKind,
    ModerationState,
    OnNetwork,
    Role,
)
from responders.moderation.capturing import captured, seal
from responders.moderation.targets import target_of
from tests.hark311.console.conftest import NOON
from tests.hark311.console.factories import make_mention, make_staff, the_account

APPEAL_TOKEN = "an-appeal-of-nobody-7QK4"


def make_policy(session: Session) -> list[ModerationClause]:
    """The starter policy, once."""
    known = session.exec(select(ModerationClause)).all()
    if not known:
        session.add_all(load_policy(NOON - timedelta(days=400)))
        session.flush()
    return list(session.exec(select(ModerationClause)).all())


def make_spam(session: Session, words: str = "buy followers at my shop") -> Mention:
    """A mention that was set aside."""
    return make_mention(session, the_account(session), NOON - timedelta(hours=2), words, state=MentionState.SET_ASIDE)


def make_act(
    session: Session,
    mention: Mention,
    kind: ModerationKind = ModerationKind.HIDE,
    state: ModerationState = ModerationState.IN_FORCE,
    *,
    by: int | None = None,
    token: str = "",
    appealed: str = "",
) -> ModerationAct:
    """An act against the author of a mention."""
    clause = next(one for one in make_policy(session) if one.code == "spam" and one.active)
    target = target_of(session, mention_id=mention.id)
    kept = captured(session, target.post, target.author)
    maker = by or make_staff(session, "Mo Aldine", Role.CHAT_MODERATOR).id or 0
    act = ModerationAct(
        kind=kind,
        state=state,
        changed_at=NOON,
        account_id=mention.account_id,
        author_id=mention.author_id,
        post_id=target.post.id,
        mention_id=mention.id,
        clause_id=clause.id or 0,
        clause_words=clause.words["en"],
        why="it sells followers",
        captured=kept,
        captured_sha256=seal(kept),
        captured_at=NOON,
        proposed_by=maker,
        proposed_at=NOON,
        decided_by=None if state == ModerationState.PROPOSED else maker,
        decided_at=None if state == ModerationState.PROPOSED else NOON,
        expires_at=NOON + timedelta(days=30),
        on_network=OnNetwork.CANNOT,
        network_detail="X offers us no block; it holds on the desk only.",
        appeal_token_sha256=sha256(token.encode()).hexdigest() if token else "",
        appealed_at=NOON if appealed else None,
        appeal_words=appealed,
    )
    session.add(act)
    session.flush()
    return act


def make_moderated(session: Session) -> list[ModerationAct]:
    """One act of every kind the pages tell apart."""
    first, second, third = (make_spam(session, f"buy followers at my shop {number}") for number in range(3))
    return [
        make_act(session, first, token=APPEAL_TOKEN),
        make_act(session, second, ModerationKind.MUTE, appealed="It was a joke about a shop."),
        make_act(session, third, ModerationKind.BLOCK, ModerationState.PROPOSED),
        make_act(session, third, ModerationKind.MUTE, ModerationState.LIFTED),
    ]
