"""Standing approvals: what may go without a person, because a supervisor said so for a while (invariant 3).

Off everywhere until somebody switches one on: one template version, in one language a speaker has checked, on one
account, until a day. Only words that are that template and closed values go; whatever is unusual waits for a person.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from sqlmodel import Session, col, select

from models import (
    CHANNELS,
    Account,
    Author,
    Conversation,
    Decision,
    Mention,
    MentionState,
    Post,
    Power,
    Reply,
    ReplyState,
    ReplyTemplate,
    RequestState,
    Review,
    ServiceRequest,
    StaffUser,
    StandingApproval,
    Understanding,
    advance,
    record,
)
from models.freezes import freeze_over
from models.lifecycle import OPEN_MENTIONS
from models.posts import too_old
from models.threads import newest_inbound, posts_of
from responders.chats.resting import drop_board_drafts
from responders.claims import open_request, open_requests
from responders.drafting import DraftedReply, Key, TemplateBook
from responders.may_reply import Speaking, may_answer, speaking_of
from responders.review import LengthOf
from responders.wording import WordingError, freeze, slots, widest

BY = "standing"
ONCE = "waits for a person: the network allows one automatic reply to a post, and this post has had one"
ON_ITS_WAY = (ReplyState.APPROVED, ReplyState.SENDING, ReplyState.UNCERTAIN, ReplyState.SENT)
LONGEST = timedelta(days=365)
_LINES = (Key.CASE_WAITING, Key.CASE_OPEN, Key.CASE_CLOSED)
PARTS: Mapping[Key, tuple[Key, ...]] = {Key.CASES_LIST: _LINES, Key.ASK_CASE: (*_LINES, Key.CASE_NEW)}
"""Wordings that others are put together from. A change of a part is a change of the whole."""

CAN_GO_ALONE = (
    *(Key.ASK_START, Key.ASK_START_ABOUT, Key.HELP, Key.CASES_LIST, Key.CASES_NONE, Key.STATUS_NOT_FOUND),
    *(Key.PRIVATE_PLEASE, Key.ASK_NEW, Key.ASK_CASE, Key.STOP_DONE, Key.FORGET_DONE),
    *(Key.STATUS_KNOWN, Key.STATUS_CLOSED, Key.STATUS_UNKNOWN, Key.STATUS_PRIVATE, Key.CASE_OPEN, Key.CASE_CLOSED),
    *(Key.ASK_SERVICE, Key.ASK_PLACE, Key.ASK_BLOCK, Key.ASK_ADDRESS, Key.ASK_ADDRESS_PRIVATE),
    *(Key.QUESTION_RECEIVED, Key.PRAISE_THANKS, Key.FIXED_THANKS),
    *(Key.STATUS_ACCEPTED, Key.STATUS_SCHEDULED, Key.STATUS_FIXED, Key.STATUS_COULD_NOT_FIND),
    *(Key.STATUS_DUPLICATE, Key.STATUS_DUPLICATE_ELSEWHERE),
)
"""What a supervisor may let go by itself: nothing with free words, nothing that goes with a request, no 911 text, and
nothing that says a person is there. Of the city's news only what says it in a number, a date and a service."""


class NotSwitchedOn(Exception):
    """Why a standing approval was not given; `reasons` are sentences for the supervisor."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


def version_of(templates: TemplateBook, key: str, language: str) -> int | None:
    """The version of a wording with all its parts: it rises with every edit of any. None where one is missing.

    None too where no speaker of the language has checked one of them.
    """
    parts = [templates.newest(one, language) for one in (key, *PARTS.get(Key(key), ()))]
    return sum(one.version for one in parts if one) if all(one and one.checked_by_speaker for one in parts) else None


def templates_of(session: Session, language: str | None = None) -> TemplateBook:
    """The wordings as they stand now."""
    wanted = select(ReplyTemplate).where(col(ReplyTemplate.active).is_(True))
    return TemplateBook(session.exec(wanted.where(ReplyTemplate.language == language) if language else wanted).all())


def switch_on(
    session: Session,
    account_id: int,
    key: str,
    language: str,
    *,
    seen: int,
    until: datetime,
    staff: StaffUser,
    now: datetime,
) -> StandingApproval:
    """Let a wording go by itself until a day. `seen`: the version the supervisor read. Raises NotSwitchedOn."""
    account = session.get(Account, account_id)
    version = version_of(templates_of(session, language), key, language) if key in CAN_GO_ALONE else None
    reasons = [
        reason
        for wrong, reason in (
            (not staff.may(Power.SUPERVISE), "Only a supervisor can switch this on."),
            (account is None or account.retired_at is not None, "There is no such account any more."),
            (version is None, "This wording cannot go by itself: no speaker of the language has checked it."),
            (version is not None and version != seen, "The wording was changed meanwhile. Read it again."),
            (until <= now, "Choose a day after today."),
            (until - now > LONGEST, "A standing approval lasts a year at most. Choose an earlier day."),
        )
        if wrong
    ]
    if reasons:
        raise NotSwitchedOn(reasons)
    for earlier in in_force(session, [account_id]):
        if (earlier.template_key, earlier.language) == (key, language):
            _off(session, earlier, staff, now)
    approval = StandingApproval(
        account_id=account_id,
        template_key=key,
        template_version=version or 0,
        language=language,
        switched_on_by=staff.id or 0,
        switched_on_at=now,
        expires_at=until,
    )
    session.add(approval)
    session.flush()
    why = f"{key} version {version} in {language} may go by itself until {until:%Y-%m-%d}"
    record(session, "StandingApproval", approval.id or 0, f"staff:{staff.id}", why, now)
    return approval


def in_force(session: Session, account_ids: Iterable[int] | None = None) -> list[StandingApproval]:
    """The approvals nobody has switched off, the newest first; an expired or outdated one may be among them."""
    wanted = select(StandingApproval).where(col(StandingApproval.switched_off_at).is_(None))
    if account_ids is not None:
        wanted = wanted.where(col(StandingApproval.account_id).in_(list(account_ids)))
    return list(session.exec(wanted.order_by(col(StandingApproval.id).desc())).all())


def switch_off(session: Session, approval_id: int, staff: StaffUser, now: datetime) -> bool:
    """End one approval. What it approved and has not left goes back to a person. False: there is none to end."""
    approval = session.get(StandingApproval, approval_id, with_for_update=True)
    if approval is None or approval.switched_off_at is not None:
        return False
    _off(session, approval, staff, now)
    return True


def switch_all_off(session: Session, staff: StaffUser, now: datetime) -> int:
    """End every approval on every account at once; returns how many."""
    found = in_force(session)
    for approval in found:
        _off(session, approval, staff, now)
    return len(found)


def _off(session: Session, approval: StandingApproval, staff: StaffUser, now: datetime) -> None:
    approval.switched_off_by, approval.switched_off_at = staff.id, now
    session.add(approval)
    record(session, "StandingApproval", approval.id or 0, f"staff:{staff.id}", "switched off", now)


def why_ended(session: Session, approval: StandingApproval, templates: TemplateBook, now: datetime) -> str:
    """Why an approval lets nothing go any more; "" while it does."""
    giver = session.get(StaffUser, approval.switched_on_by)
    if approval.switched_off_at is not None:
        return "switched off"
    if approval.expires_at <= now:
        return "expired"
    if version_of(templates, approval.template_key, approval.language) != approval.template_version:
        return "the wording was changed"
    if giver is None or not giver.may(Power.SUPERVISE):
        return "who gave it is no supervisor any more"
    return ""


def why_not_by_itself(session: Session, mention: Mention) -> str:
    """What in a chat stops everything that would go by itself; "" where nothing does."""
    if session.get_one(Conversation, mention.conversation_id).person_asked_at is not None:
        return "they asked for a person"
    danger = select(Mention.id).where(
        Mention.conversation_id == mention.conversation_id,
        col(Mention.danger).is_(True),
        col(Mention.state).in_(OPEN_MENTIONS),
    )
    return "there is a danger in this chat" if mention.danger or session.exec(danger).first() else ""


def _has_gone_once(session: Session, mention: Mention) -> bool:
    """Whether the network allows no other automatic reply to what the author wrote last."""
    posts = posts_of(session, mention.id or 0)
    if not posts or not CHANNELS[session.get_one(Account, mention.account_id).channel].one_by_itself:
        return False
    versions = select(Post.channel_post_id).where(
        Post.mention_id == mention.id, Post.edit_chain == posts[-1].edit_chain
    )
    gone = select(Reply.id).where(
        Reply.mention_id == mention.id,
        col(Reply.standing_approval_id).is_not(None),
        col(Reply.in_reply_to).in_(versions),
        col(Reply.state).in_(ON_ITS_WAY),
    )
    return session.exec(gone.limit(1)).first() is not None


def why_no_longer(session: Session, reply: Reply, mention: Mention, now: datetime) -> str:
    """Asked in the moment of sending: why a standing approval does not hold for a reply any more; "" where it does.

    "" too for a reply that a person read and approved.
    """
    approval = session.get(StandingApproval, reply.standing_approval_id) if reply.standing_approval_id else None
    if approval is None:
        return ""
    ended = why_ended(session, approval, templates_of(session, approval.language), now)
    why = ended or why_not_by_itself(session, mention)
    return f"the standing approval does not hold any more: {why}" if why else ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Approves drafts in the name of the supervisor who said they may go. `speaking`: what each account may say."""

    length_of: LengthOf
    speaking: Mapping[str, Speaking] = field(default_factory=dict)

    def let_go(
        self,
        session: Session,
        mention: Mention,
        reply: Reply,
        drafted: DraftedReply,
        *,
        asked: bool,
        now: datetime,
        happened_at: datetime | None = None,
    ) -> StandingApproval | None:
        """Approve a reply that was drafted just now, if one of the approvals covers it and nothing speaks against it.

        `asked`: it answers a command, or tells of a change at the city that came at `happened_at`. The mention is in
        drafted; on success it is approved, with its reply.
        """
        if not drafted.closed or drafted.template_key not in CAN_GO_ALONE or reply.state != ReplyState.DRAFT:
            return None
        approval = self._covering(session, mention.account_id, drafted, now)
        if approval is None or freeze_over(session, mention.account_id, None):
            return None
        if not self._may_go(session, mention, reply, drafted, asked=asked, now=now, happened_at=happened_at):
            return None
        if happened_at is not None and open_request(session, mention) is not None:
            return None  # a person is to decide about that one
        if _has_gone_once(session, mention):
            record(session, "Reply", reply.id or 0, BY, ONCE, now)
            return None
        _approve(session, mention, reply, drafted, approval, now)
        return approval

    def _covering(
        self, session: Session, account_id: int, drafted: DraftedReply, now: datetime
    ) -> StandingApproval | None:
        of_this = [
            one
            for one in in_force(session, [account_id])
            if (one.template_key, one.language) == (drafted.template_key, drafted.language)
        ]
        if not of_this:
            return None
        templates = templates_of(session, drafted.language)
        return next((one for one in of_this if not why_ended(session, one, templates, now)), None)

    def _may_go(
        self,
        session: Session,
        mention: Mention,
        reply: Reply,
        drafted: DraftedReply,
        *,
        asked: bool,
        now: datetime,
        happened_at: datetime | None,
    ) -> bool:
        account = session.get_one(Account, mention.account_id)
        posts = posts_of(session, mention.id or 0)
        if not posts or posts[-1].id != newest_inbound(session, mention) or mention.needs_understanding:
            return False  # something newer is still to be read
        wrote_at = happened_at or posts[-1].created_at
        rules = speaking_of(self.speaking, account.name)
        if too_old(wrote_at, rules.answer_hours, now) or (account.began_at and wrote_at < account.began_at):
            return False
        conversation = session.get_one(Conversation, reply.conversation_id or mention.conversation_id)
        if rules.privacy_url and conversation.private and conversation.first_contact_at is None:
            return False  # the first private message names the privacy page, which a person puts in
        if why_not_by_itself(session, mention) or not may_answer(session, mention, reply, self.speaking).allowed:
            return False
        if not asked and not self._is_sure(session, mention):
            return False
        return self._fits(session, account, reply, drafted, private=conversation.private)

    def _is_sure(self, session: Session, mention: Mention) -> bool:
        """Whether an answer that nobody asked for by a command may go: understood, and no report would be put away."""
        author, waiting = session.get_one(Author, mention.author_id), open_requests(session, mention)
        request = next(iter(waiting), None)
        understanding = session.exec(
            select(Understanding).where(Understanding.mention_id == mention.id).order_by(col(Understanding.id).desc())
        ).first()
        if author.stopped_at is not None or understanding is None or understanding.failure or understanding.abstained:
            return False
        return request is None or (
            len(waiting) == 1
            and request.state == RequestState.DRAFT
            and request.revision == 1
            and bool(request.missing)
        )

    def _fits(self, session: Session, account: Account, reply: Reply, drafted: DraftedReply, *, private: bool) -> bool:
        request = session.get(ServiceRequest, reply.request_id) if reply.request_id else None
        try:
            promised = slots(drafted.closed)
            freeze(drafted.closed, drafted.language, request.reference if request else "")
            longest = self.length_of(account.channel, widest(drafted.closed, drafted.language))
        except WordingError:
            return False
        numbered = request is not None and bool(request.service_request_id)
        return longest <= CHANNELS[account.channel].limit(private=private) and (not promised or numbered)


def _approve(
    session: Session,
    mention: Mention,
    reply: Reply,
    drafted: DraftedReply,
    approval: StandingApproval,
    now: datetime,
) -> None:
    giver = session.get_one(StaffUser, approval.switched_on_by)
    by, why = f"{BY}:{approval.id}", f"by standing approval {approval.id} of {giver.display_name}"
    request = session.get(ServiceRequest, reply.request_id) if reply.request_id else None
    if (open_one := open_request(session, mention)) is not None:
        advance(session, open_one, RequestState.CANCELLED, by, "asked back: it is drafted anew from the answer", now)
    advance(session, mention, MentionState.IN_REVIEW, by, why, now)
    advance(session, reply, ReplyState.IN_REVIEW, by, why, now)
    frozen = freeze(drafted.closed, drafted.language, request.reference if request else "")
    reply.text = drafted.closed
    reply.approved_text, reply.approved_fallback = frozen.with_answer, frozen.without_answer
    reply.approved_at, reply.approved_by, reply.standing_approval_id = now, giver.id, approval.id
    reply.not_before, reply.seen_post_id = now, newest_inbound(session, mention)
    advance(session, reply, ReplyState.APPROVED, by, why, now)
    drop_board_drafts(session, mention, by, now)
    advance(session, mention, MentionState.APPROVED, by, why, now)
    session.add(
        Review(
            mention_id=mention.id or 0,
            reply_id=reply.id,
            staff_id=giver.id or 0,
            decision=Decision.APPROVED,
            reason=f"by standing approval {approval.id}, read by nobody",
            revision=reply.revision,
            text_sha256=sha256(reply.approved_text.encode()).hexdigest(),
            at=now,
        )
    )
