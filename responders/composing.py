"""What somebody types into a reply, kept as they type: it survives a crash, signing out and another browser."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from models import Mention, MentionState, Power, Reply
from responders.claims import NotYours, active_staff, claim, open_reply, require_scope
from responders.deciding import locked_mention
from responders.edits import changed_since, keep_apart, keep_words
from responders.review import Desk

MEANWHILE = "The reply was changed in another window meanwhile."
HANDED_ON = "You handed it on to another person. Claim it to change it."


@dataclass(frozen=True, slots=True)
class Kept:
    """`revision`: of the reply as it stands now. `apart`: why the words were kept beside it; "": they are the reply."""

    revision: int
    apart: str = ""


def keep_draft(desk: Desk, mention_id: int, staff_id: int, text: str, language: str, seen_revision: int) -> Kept:
    """Keep what stands in the form. Who types in a mention that nobody holds takes it.

    Where somebody else holds it by now, or the reply was changed since the form was loaded, the words are kept among
    the reply's versions and what stands there stays. Raises NotYours where nothing can be kept.
    """
    with desk.database.write() as session:
        mention, now, apart = locked_mention(session, mention_id), desk.clock(), ""
        staff = active_staff(session, staff_id, Power.DRAFT)
        require_scope(session, mention, staff)
        try:
            if mention.handed_on_by == staff_id and mention.claimed_by is None:  # typed before, arrived after
                raise NotYours(HANDED_ON)
            claim(session, mention, staff, now, desk.lease)
        except NotYours as error:
            apart = str(error)
        reply = open_reply(session, mention) if not apart else _last_reply(session, mention)
        if reply is None or mention.state == MentionState.WITHDRAWN:
            raise NotYours(apart or "There is no reply to keep this in.")
        if not apart and seen_revision and changed_since(session, reply, seen_revision):
            apart = MEANWHILE if (reply.text, reply.language) != (text, language) else ""
        if apart:
            keep_apart(session, reply, text, language, staff_id, now)
        else:
            keep_words(session, reply, text, language, staff_id, now)
        return Kept(reply.revision, apart)


def _last_reply(session: Session, mention: Mention) -> Reply | None:
    found = select(Reply).where(Reply.mention_id == mention.id).order_by(col(Reply.id).desc()).limit(1)
    return session.exec(found).first()
