"""Whether somebody has had our warning already: the same 911 text again helps nobody who only asks for news."""

from sqlmodel import Session, col, select

from models import EvidenceKind, Mention, Reply, ReplyState, Understanding
from responders.template_keys import Key

WARNINGS = (Key.EMERGENCY_911, Key.SAFETY_STAY_AWAY, Key.SAFETY_GAS)


def was_warned(session: Session, mention: Mention, understanding: Understanding | None) -> bool:
    """Whether all that makes a mention a danger was written before the warning that we sent there.

    Where that does not rest on words, as when a person said so, nobody counts as warned.
    """
    signs = [one for one in understanding.evidence_spans() if one.kind == EvidenceKind.DANGER] if understanding else []
    if not signs:
        return False
    warned = session.exec(
        select(Reply)
        .where(
            Reply.mention_id == mention.id,
            Reply.state == ReplyState.SENT,
            col(Reply.template_key).in_([one.value for one in WARNINGS]),
        )
        .order_by(col(Reply.id).desc())
        .limit(1)
    ).first()
    return warned is not None and all((one.post_id or 0) <= (warned.seen_post_id or 0) for one in signs if one.post_id)
