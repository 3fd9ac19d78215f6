"""A desk with one of everything, for whoever walks through all pages."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel import Session, select

from models import (
    AccountHealth,
    AnswerLength,
    Channel,
    Freeze,
    Gap,
    KnowledgeAnswer,
    KnowledgeCard,
    Mention,
    MentionState,
    Outcome,
    Partner,
    ReplyState,
    RoadOwner,
    ServiceRequest,
    StartLink,
    StatusLink,
    StatusRule,
)
from models.ledger import Spend
from models.status_links import digest
from tests.hark311.console.asked import make_asked
from tests.hark311.console.conftest import NOON
from tests.hark311.console.denied import make_asked_if_fixed
from tests.hark311.console.factories import (
    add_photo,
    add_post,
    draft_reply,
    draft_request,
    first_post,
    make_account,
    make_mention,
    make_questions,
    make_ready,
    make_services,
    make_staff,
    make_unreadable,
    raise_alarm,
    understand,
)
from tests.hark311.console.learning import add_label, make_explained, make_referrals
from tests.hark311.console.live_chat import LiveChat, make_live_chat
from tests.hark311.console.moderated import APPEAL_TOKEN, make_moderated
from tests.hark311.console.news import heard, make_case
from tests.hark311.console.office import make_office
from tests.hark311.console.planned import EVENT, make_planned_chat
from tests.hark311.console.stuck import make_stuck
from tests.recapped import PUBLISHED, a_published_recap

LINK_TOKEN = "a-link-to-a-case-7QK4"


@dataclass(frozen=True, slots=True)
class Everything:
    """The mentions that show what others do not."""

    danger: Mention
    unsure: Mention
    sent: Mention
    explained: Mention
    closed: Mention
    case: Mention
    arabic: Mention

    card: KnowledgeCard
    request: ServiceRequest
    chat: LiveChat
    recapped: int

    def addresses(self) -> list[str]:
        """Where these are looked at."""
        mentions = (self.danger, self.unsure, self.sent, self.explained, self.closed, self.case, self.arabic)
        compared = f"/mentions/{self.danger.id}/compare/{self.request.id}"
        public = (f"/s/{LINK_TOKEN}", f"/appeal/{APPEAL_TOKEN}", "/policy", f"/event/{EVENT}", f"/recap/{PUBLISHED}/es")
        own = [*(f"/mentions/{one.id}" for one in mentions), compared, f"/cards/{self.card.id}"]
        return [*own, *public, *self.chat.addresses(), f"/chats/{self.recapped}/recap"]


def make_everything(session: Session) -> Everything:
    """Rows of every kind that a page can show."""
    make_referrals(session)
    make_office(session)
    session.add(RoadOwner(code="STATE", name="the state", ours=False, call="State roads", number="555-0190"))
    make_services(session)
    make_questions(session)
    account = make_account(session)
    account.health, account.trouble = AccountHealth.UNAVAILABLE, "X does not answer."
    session.add(Gap(account_id=account.id or 0, reason="X keeps 7 days of mentions.", noticed_at=NOON))
    make_unreadable(session, account, NOON)
    danger = make_ready(session, account, NOON - timedelta(minutes=14), "dee_fromthe215")
    danger.danger = True
    raise_alarm(session, danger, "wires, past or unsure", NOON)
    post = first_post(session, danger)
    add_post(session, danger, "edited " + post.text, NOON, chain=post.edit_chain, url="https://x.com/d/1")
    add_photo(session, post, "A hole", "https://pics.example/1.jpg")
    unsure = make_mention(session, account, NOON, may_reply=False, may_reply_reason="not mentioned")
    understand(session, unsure, first_post(session, unsure), NOON, service_code=None, abstained=True)
    draft_request(session, unsure, missing=["place"], address_string="", lat=None, long=None)
    sent = make_mention(session, account, NOON, state=MentionState.APPROVED)
    reply = draft_reply(session, sent, "We are on it.", state=ReplyState.UNCERTAIN)
    reply.approved_text, reply.approved_at = "We are on it.", NOON
    closed = make_asked_if_fixed(session, NOON)
    case = make_case(session, NOON)
    filed = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == case.id)).one()
    heard(session, filed, NOON - timedelta(days=1), status="open", words="Inspector assigned", outcome=Outcome.ACCEPTED)
    heard(session, filed, NOON, key="2")
    session.add(StatusRule(phrase="abated", outcome=Outcome.FIXED, at=NOON))
    explained = make_explained(session, NOON)
    arabic = make_mention(session, account, NOON, "حفرة كبيرة عند تقاطع الشارع الخامس وكامبريا")
    understand(session, arabic, first_post(session, arabic), NOON, language="ar")
    request = draft_request(session, arabic)
    draft_reply(session, arabic, "شكرا على إبلاغنا عن الحفرة. تم تسجيلها برقم {number}.", language="ar")
    add_label(session, NOON - timedelta(days=1), "NOISE", suggested="POTHOLE")
    add_label(session, NOON - timedelta(days=50))
    for day, cost in ((NOON.date(), 410_000), (NOON.date() - timedelta(days=1), 1_250_000)):
        spent = {"calls": 40, "refused": 1, "units": 41, "microdollars": cost}
        session.add(Spend(account_id=account.id or 0, day=day, endpoint="people_in_answers", **spent))
    chat = make_account(session, Channel.TELEGRAM, "RivertonChatBot")
    session.add(StartLink(account_id=chat.id or 0, token="library7QK4", label="Poster at the library", made_at=NOON))
    for name, revoked_at in (("Police liaison", None), ("Old street app", NOON)):
        kept: dict[str, Any] = {
            "contact": "desk@partner.example",
            "key_ends": "7QK4",
            "made_at": NOON,
            "revoked_at": revoked_at,
        }
        session.add(Partner(name=name, key_sha256=name, **kept))
    session.add(
        StatusLink(
            token_sha256=digest(LINK_TOKEN), mention_id=arabic.id or 0, asked_mention_id=arabic.id or 0, made_at=NOON
        )
    )
    card = KnowledgeCard(question="When is the recycling center open?", owner="Sanitation", changed_at=NOON)
    session.add(card)
    session.flush()
    session.add(KnowledgeAnswer(card_id=card.id or 0, language="en", length=AnswerLength.SHORT, text="Daily, 8 to 6."))
    session.add(
        Freeze(frozen_by=make_staff(session, "Jon Reyes").id, why="Wrong phone number in a reply", frozen_at=NOON)
    )
    make_stuck(session, NOON)
    make_moderated(session)
    make_planned_chat(session)
    on_now = make_live_chat(session)
    recapped = a_published_recap(session, NOON - timedelta(hours=3))
    make_asked(session, explained, closed, NOON)
    session.flush()
    return Everything(danger, unsure, sent, explained, closed, case, arabic, card, request, on_now, recapped.made.id)
