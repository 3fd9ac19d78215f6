"""A tweet chat that is on, with a card in every lane and an answer in every state, for whoever walks all pages."""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from models import AnsweredHow, ChatEntry, ChatLane, HeardBy, MentionState, Purpose, Reply, ReplyState, record
from models.mentions import Mention
from tests.chats import MadeChat, a_bank_answer, a_chat, a_host_entry, a_planned_post, an_entry
from tests.hark311.console.conftest import NOON


@dataclass(frozen=True, slots=True)
class LiveChat:
    """The chat, and the posts whose pages differ."""

    made: MadeChat
    entries: tuple[ChatEntry, ...]

    def addresses(self) -> list[str]:
        """Where it is looked at."""
        base = f"/chats/{self.made.id}"
        entries = [f"{base}/entries/{one.id}" for one in self.entries]
        return [f"{base}/board", f"{base}/stage", f"{base}/events", *entries]


def make_live_chat(session: Session) -> LiveChat:
    """Sixteen minutes into a chat."""
    made = a_chat(session, starts_at=NOON - timedelta(minutes=16))
    asked = an_entry(session, made, "How often are baskets emptied?", question=1, minute=11)
    an_entry(session, made, "how often are the baskets emptied??", question=1, alike=asked)
    waits = an_entry(session, made, "Nothing ever happens.", ChatLane.NEEDS_ANSWER, minute=6, assigned_to=made.guest)
    _answer(session, waits, "We publish what was done each week.", ReplyState.IN_REVIEW)
    tagged = an_entry(session, made, "when is bulk pickup?", heard_by=HeardBy.TAG, question=2, minute=13)
    held = an_entry(session, made, "who empties them on Sundays?", minute=12)
    reply = _answer(session, held, "The same crew.", ReplyState.APPROVED)
    held.answered_by, held.answered_how = reply.id, AnsweredHow.REPLY
    mention = session.get_one(Mention, held.mention_id)
    mention.state = MentionState.APPROVED
    handed = an_entry(session, made, "is it free?", heard_by=HeardBy.TAG, minute=9)
    by_hand = _answer(session, handed, "It is free once a month.", ReplyState.HANDED_OVER)
    handed.answered_by, handed.answered_how = by_hand.id, AnsweredHow.BY_HAND
    chosen = an_entry(session, made, "A2 luces que funcionen", ChatLane.ANSWER, question=2, language="es")
    chosen.chosen = True
    record(session, "ChatEntry", chosen.id or 0, f"staff:{made.host.id}", "chosen for the recap", NOON)
    danger = an_entry(session, made, "wire down, sparking at 5th", ChatLane.EMERGENCY, minute=15)
    an_entry(session, made, "the hydrant at 3rd leaks", ChatLane.SERVICE_REQUEST)
    an_entry(session, made, "buy my course", ChatLane.OFF_TOPIC)
    an_entry(session, made, "a threat", ChatLane.ABUSE)
    ours = a_host_entry(session, made, "Q1: What makes your block feel clean?")
    a_planned_post(session, made, "Q3: What should be there for young people?", question=3, state=ReplyState.APPROVED)
    a_bank_answer(session, made, "Bulk pickup is by appointment.", label="Bulk")
    a_bank_answer(session, made, "The ordinance is 10-702.", label="Ordinance", fixed=True)
    session.add_all([held, mention, handed, chosen])
    session.flush()
    return LiveChat(made, (asked, waits, tagged, held, handed, danger, ours))


def _answer(session: Session, entry: ChatEntry, text: str, state: ReplyState) -> Reply:
    reply = Reply(
        mention_id=entry.mention_id,
        account_id=entry.account_id,
        purpose=Purpose.CHAT,
        state=state,
        text=text,
        approved_text=text if state != ReplyState.IN_REVIEW else "",
        not_before=NOON + timedelta(seconds=8) if state == ReplyState.APPROVED else None,
        changed_at=NOON,
    )
    session.add(reply)
    session.flush()
    return reply
