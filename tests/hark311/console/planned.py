"""A tweet chat that is being planned, with a post in every state, for whoever walks through all pages."""

from datetime import timedelta

from sqlmodel import Session

from models import ChatPart, ChatPostKind, ChatState, ListeningRule, ReplyState
from responders.chats.planning import networks_of
from tests.chats import MadeChat, a_bank_answer, a_chat, a_planned_post, takes_part
from tests.hark311.console.conftest import NOON
from tests.hark311.console.factories import make_staff

EVENT = "clean-and-safe-by-the-river"

STATES = (
    (ChatPostKind.ANNOUNCEMENT, -86_400, ReplyState.SENT, "Tomorrow at noon: clean and safe neighborhoods."),
    (ChatPostKind.OPENING, 0, ReplyState.APPROVED, "Welcome. We are here for the next 60 minutes."),
    (ChatPostKind.RULES, 60, ReplyState.IN_REVIEW, "Answer with A1 and the hashtag. In danger? Call 911."),
    (ChatPostKind.CLOSING, 3480, ReplyState.UNCERTAIN, "Thank you for asking and answering."),
    (ChatPostKind.FOLLOW_UP, None, ReplyState.DRAFT, "What you asked, and what we answered. " * 9),
)


def make_planned_chat(session: Session) -> MadeChat:
    """A public chat in two days, with people, a counted hashtag, a bank and posts in their states."""
    made = a_chat(session, starts_at=NOON + timedelta(days=2), state=ChatState.PLANNED, asked=0)
    made.chat.slug, made.chat.public = EVENT, True
    (network,) = networks_of(session, made.chat)
    rule = ListeningRule(account_id=network.account_id, query=f"#{made.chat.hashtag}", found_in_week=214)
    session.add(rule)
    session.flush()
    network.rule_id, rule.counted_at = rule.id, NOON
    takes_part(session, made.chat, make_staff(session, "Cora Lindgren"), ChatPart.COHOST)
    for kind, at, state, text in STATES:
        a_planned_post(session, made, text, kind=kind, at_seconds=at, state=state)
    skipped = a_planned_post(session, made, "Q1: What is missing on your block?", question=1)
    skipped.skipped_at = NOON
    a_planned_post(session, made, "Q2: Which service in your own language?", question=2)
    a_bank_answer(session, made, "Call 311 and say your language.", label="Interpreters")
    a_bank_answer(session, made, "The city does not comment on a case in court.", label="Court", fixed=True)
    session.add_all([made.chat, network, rule, skipped])
    session.flush()
    return made
