"""Approving an answer on the board of a chat, by the chat's own short key rules.

One voice (invariant 5): what the approver saw is compared here, and the outbox compares it again before it leaves. The
mention goes from resting to approved in the one transaction, so that the main queue never shows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from sqlmodel import Session, select

from models import (
    CHANNELS,
    Account,
    AnsweredHow,
    Author,
    ChatAnswer,
    ChatEntry,
    ChatPart,
    ChatPost,
    ChatState,
    Conversation,
    Decision,
    Mention,
    MentionState,
    Post,
    Purpose,
    Reply,
    ReplyState,
    RequestState,
    StaffUser,
    advance,
)
from models.chat_answers import FROM_BANK
from models.closing import close_if_settled
from models.threads import newest_inbound, posts_of, wrote_since
from responders.chats.alike import Seen, group_of, seen_of
from responders.chats.answering import (
    BANK_CHANGED,
    FIXED,
    GONE,
    MEANWHILE,
    Answering,
    answer_of,
    answering,
    is_as_banked,
    is_fixed,
    locked_answer,
    way_of,
)
from responders.chats.people import part_of
from responders.chats.post_objections import objections_to_post
from responders.chats.posting import keys_given, keys_of_post
from responders.chats.resting import WAITING, back_on_board
from responders.chats.scheduling import schedule
from responders.chats.ways import UNDER_THEIR_POST, Way
from responders.claims import NotYours, open_reply, open_requests
from responders.deciding import NotApproved, hand_over, locked_mention, note_decision
from responders.edits import changed_since, keep_words
from responders.freezing import why_not_by_hand
from responders.keys import Keys, keys_needed
from responders.may_reply import may_reply, must_name
from responders.objections import Decided, Ground, MoreRequest, RequestFields, objections
from responders.review import Desk
from responders.signing import signed
from responders.wording import freeze

CHANGED = "Somebody changed where this post stands or who answers it. Look at it again, then approve."


class Others(StrEnum):
    """What an answer means for the near-identical questions it is counted with."""

    STAY = "stay"
    SETTLED = "settled"
    EACH = "each"


class Copied(StrEnum):
    """What came of the same words under another one's post."""

    LEAVES = "leaves"
    CANNOT = "cannot"
    WANTS_KEYS = "wants_keys"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the approver saw and wants. `others`: what becomes of the near-identical questions.

    `others_seen`: how each of them stood on the page, by ChatEntry.id; whoever stands otherwise by now is told nothing.
    """

    way: Way
    text: str
    language: str
    seen_version: int
    seen_post_id: int | None
    seen_revision: int
    others: Others = Others.STAY
    others_seen: Mapping[int, Seen] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Given:
    """`approved` False: it waits for another key. `keys`: how many people have approved these words.

    `left`: how many who ask the same were to be told too and wait on, because nobody saw them so, or for another key.
    """

    reply_id: int
    approved: bool
    keys: int
    left: int = 0


def approve_answer(desk: Desk, entry_id: int, staff_id: int, answer: Answer) -> Given:
    """Freeze the answer and put it in the outbox, or give the first of two keys. Raises NotYours, NotApproved.

    What was typed is kept even where the answer is refused.
    """
    refused: list[str] = []
    given = Given(0, False, 0)
    with desk.database.write() as session:
        at = answering(session, desk, entry_id, staff_id)
        if at.part == ChatPart.GUEST and not at.chat.guests_approve:
            raise NotYours("In this chat the host and the moderators approve. Hand it in instead.")
        reply = locked_answer(session, at.entry)
        if reply is None or reply.state not in WAITING:
            raise NotApproved(["Nobody has written an answer yet." if reply is None else "It is on its way already."])
        if (reply.chat_post_id is None) != (answer.way in UNDER_THEIR_POST):
            raise NotApproved([MEANWHILE])
        if answer.seen_revision and changed_since(session, reply, answer.seen_revision):
            raise NotApproved([MEANWHILE])
        if is_fixed(session, reply):
            if answer.text.strip() != reply.text.strip():
                raise NotApproved([FIXED])
            if not is_as_banked(session, reply):
                raise NotApproved([BANK_CHANGED])
        else:
            keep_words(session, reply, answer.text, answer.language, staff_id, at.now)
            answer = replace(answer, text=signed(answer.text, desk.sign_off(session, at.mention, at.staff)))
        refused = objections_to(session, desk, at, reply, answer)
        if not refused:
            keep_words(session, reply, answer.text, answer.language, staff_id, at.now)
            given, refused = _give_key(session, desk, at, reply, answer)
    if refused:
        raise NotApproved(refused)
    return given


def objections_to(session: Session, desk: Desk, at: Answering, reply: Reply, answer: Answer) -> list[str]:
    """Every reason against letting this answer go now."""
    if session.get_one(Post, at.entry.post_id).deleted_at is not None:
        return [GONE]
    changed = [CHANGED] if answer.seen_version != at.entry.version else []
    if reply.chat_post_id is not None:
        post = session.get_one(ChatPost, reply.chat_post_id)
        return [*changed, *_unseen(session, at, answer), *objections_to_post(session, desk, at.chat, post, reply)]
    account = session.get_one(Account, at.entry.account_id)
    ground = Ground(
        account=account,
        length=lambda text: desk.length_of(account.channel, text),
        find_private=desk.find_private,
        number_known=False,
        reference="0",
        may=may_reply(session, at.mention, desk.speaking),
        private=session.get_one(Conversation, at.mention.conversation_id).private,
        privacy_url=must_name(session, at.mention, desk.speaking),
    )
    resting = at.mention.state == MentionState.SET_ASIDE
    return [
        *changed,
        *(["This chat was called off."] if at.chat.state == ChatState.CANCELLED else []),
        *(
            []
            if resting
            else [f"The post is {at.mention.state.replace('_', ' ')} now, and not answered from the board."]
        ),
        *objections(session, at.mention, _decided(session, at, answer), ground),
        *(why_not_by_hand(session, account.id or 0) if answer.way == Way.BY_HAND else []),
    ]


def on_their_way(session: Session, entry_id: int) -> list[Reply]:
    """The approved answers to an entry, and to those it is counted with, that have not left yet."""
    entry = session.get_one(ChatEntry, entry_id)
    found = [answer_of(session, one) for one in (entry, *group_of(session, entry))]
    return [one for one in found if one is not None and one.state == ReplyState.APPROVED]


def says_posted(desk: Desk, entry_id: int, staff_id: int) -> None:
    """Whoever posts by hand says that it is done. Raises NotYours, NotApproved."""
    with desk.database.write() as session:
        at = answering(session, desk, entry_id, staff_id, runs_it=True)
        reply = _in_hand(session, at)
        reply.sent_at, reply.sent_text = at.now, reply.approved_text
        advance(session, reply, ReplyState.SENT, at.by, "a person says that they posted it", at.now)
        note_decision(session, at.mention, at.staff, Decision.SAYS_POSTED, at.now, reply=reply)
        close_if_settled(session, at.mention.id or 0, at.now, at.by)


def not_posted(desk: Desk, entry_id: int, staff_id: int) -> None:
    """It was not posted by hand: the words wait on the board again. Raises NotYours, NotApproved."""
    with desk.database.write() as session:
        at = answering(session, desk, entry_id, staff_id, runs_it=True)
        reply = _in_hand(session, at)
        reply.handed_to = reply.handed_over_at = None
        reply.revision += 1
        advance(session, reply, ReplyState.APPROVED, at.by, "given back unposted", at.now)
        advance(session, reply, ReplyState.IN_REVIEW, at.by, "given back unposted", at.now)
        note_decision(session, at.mention, at.staff, Decision.HANDED_BACK, at.now, reply=reply)
        if at.mention.state == MentionState.APPROVED:
            advance(session, at.mention, MentionState.DRAFTED, at.by, "its answer was given back unposted", at.now)
            back_on_board(session, at.mention, at.by, "its answer was given back unposted", at.now)


def _give_key(session: Session, desk: Desk, at: Answering, reply: Reply, answer: Answer) -> tuple[Given, list[str]]:
    given = {one for one in keys_given(session, reply) if _takes_part(session, at.chat.id or 0, one)}
    if at.staff.id in given:
        return Given(reply.id or 0, False, len(given)), [
            "You approved these words already. Another person has to approve them too."
        ]
    if reply.state != ReplyState.IN_REVIEW:
        advance(session, reply, ReplyState.IN_REVIEW, at.by, "an approver reads it", at.now)
    keys = _keys_for(session, at, reply, answer)
    if len(given) + 1 < keys.count:
        note_decision(session, at.mention, at.staff, Decision.FIRST_KEY, at.now, reply=reply, words=reply.text)
        return Given(reply.id or 0, False, len(given) + 1), []
    _let_go(session, desk, at, reply, answer, max(desk.hold, keys.hold))
    left = _tell_others(session, desk, at, reply, answer, len(given) + 1) if way_of(reply) != Way.ASK_TO_TAG else 0
    return Given(reply.id or 0, True, len(given) + 1, left), []


def _let_go(session: Session, desk: Desk, at: Answering, reply: Reply, answer: Answer, hold: timedelta) -> None:
    frozen = freeze(reply.text, reply.language, "")
    reply.approved_text, reply.approved_fallback = frozen.with_answer, frozen.without_answer
    reply.approved_at, reply.approved_by, reply.not_before = at.now, at.staff.id, at.now + hold
    reply.standing_approval_id = reply.released_freeze_id = None
    reply.seen_post_id = newest_inbound(session, at.mention)
    if reply.chat_post_id is None:
        reply.in_reply_to = posts_of(session, at.mention.id or 0)[-1].channel_post_id
        _lift_mention(session, at)
        at.entry.answered_by, at.entry.version = reply.id, at.entry.version + 1  # of several in the thread this one
        session.add(at.entry)
    advance(session, reply, ReplyState.APPROVED, at.by, "approved on the board of its chat", at.now)
    note_decision(session, at.mention, at.staff, Decision.APPROVED, at.now, reply=reply)
    if reply.chat_post_id is not None:
        schedule(session, at.chat, session.get_one(ChatPost, reply.chat_post_id), reply, at.now, hold)
    if answer.way == Way.BY_HAND:
        hand_over(session, reply, at.staff, at.now)
    if reply.template_key == FROM_BANK and (banked := session.get(ChatAnswer, reply.template_version)):
        banked.used += 1
        session.add(banked)


def _lift_mention(session: Session, at: Answering) -> None:
    """From resting to approved, leaving nothing of the main queue's drafts to be sent beside it."""
    if other := open_reply(session, at.mention):
        advance(session, other, ReplyState.CANCELLED, at.by, "it is answered from the board of its chat", at.now)
    for request in open_requests(session, at.mention):
        advance(session, request, RequestState.CANCELLED, at.by, "answered on the board without a request", at.now)
    at.mention.claimed_by = at.mention.claimed_until = None
    advance(session, at.mention, MentionState.DRAFTED, at.by, "answered from the board of its chat", at.now)
    advance(session, at.mention, MentionState.IN_REVIEW, at.by, "answered from the board of its chat", at.now)
    advance(session, at.mention, MentionState.APPROVED, at.by, "decided on the board of its chat", at.now)


def _tell_others(session: Session, desk: Desk, at: Answering, reply: Reply, answer: Answer, keys: int) -> int:
    """Do with the near-identical questions as the approver says, who saw them so; returns how many are left waiting."""
    left = 0
    for other in group_of(session, at.entry) if answer.others != Others.STAY else ():
        if not _is_left_to_us(session, other):
            continue
        seen = answer.others_seen.get(other.id or 0)
        if seen is None or seen != seen_of(session, [other]).get(other.id or 0):
            left += 1
            continue
        copied = _also_under(session, desk, at, other, reply, keys) if answer.others == Others.EACH else Copied.CANNOT
        left += copied == Copied.WANTS_KEYS
        if copied == Copied.CANNOT:
            other.answered_by, other.answered_how = reply.id, AnsweredHow.WITH_ANOTHER
            other.version += 1
            session.add(other)
    return left


def _is_left_to_us(session: Session, other: ChatEntry) -> bool:
    """Whether nobody answers it, locked as everywhere: its mention first. Whose mention is locked is being decided."""
    mention = select(Mention.id).where(Mention.id == other.mention_id).with_for_update(skip_locked=True)
    if session.exec(mention).first() is None:
        return False
    session.refresh(other, with_for_update=True)
    return other.answered_by is None and other.answered_at is None and answer_of(session, other) is None


def _also_under(session: Session, desk: Desk, at: Answering, other: ChatEntry, reply: Reply, given: int) -> Copied:
    """The same words under another one's post, where nothing speaks against it. `given`: keys that the words have."""
    there = replace(at, entry=other, mention=locked_mention(session, other.mention_id or 0))
    if there.mention.state != MentionState.SET_ASIDE:
        return Copied.CANNOT
    text = reply.text
    if CHANNELS[session.get_one(Account, other.account_id).channel].refuses_repeats:
        text = f"@{session.get_one(Author, there.mention.author_id).handle} {text}"
    copy = Reply(
        mention_id=other.mention_id,
        account_id=other.account_id,
        purpose=Purpose.CHAT,
        round=there.mention.round,
        language=reply.language,
        text=text,
        changed_at=at.now,
        template_key=reply.template_key,
        template_version=reply.template_version,
    )
    said = Answer(
        Way.THREAD, text, reply.language, other.version, newest_inbound(session, there.mention), 0, Others.STAY
    )
    session.add(copy)
    session.flush()
    keys = _keys_for(session, there, copy, said)
    refused = objections_to(session, desk, there, copy, said)
    if refused or keys.count > given:
        session.delete(copy)
        return Copied.CANNOT if refused else Copied.WANTS_KEYS
    advance(session, copy, ReplyState.IN_REVIEW, at.by, "the same answer as to another", at.now)
    _let_go(session, desk, there, copy, said, max(desk.hold, keys.hold))
    return Copied.LEAVES


def _keys_for(session: Session, at: Answering, reply: Reply, answer: Answer) -> Keys:
    """The chat's own rule, and those of the desk's rules that touch the words, the account or the time."""
    if reply.chat_post_id is not None:
        post = session.get_one(ChatPost, reply.chat_post_id)
        return keys_of_post(session, at.chat, post, reply, at.staff, at.now)
    keys = keys_needed(session, at.mention, reply, _decided(session, at, answer), at.staff, at.now)
    return replace(keys, count=max(keys.count, at.chat.answer_keys))


def _decided(session: Session, at: Answering, answer: Answer) -> Decided:
    return Decided(
        seen_version=at.mention.version,
        seen_post_id=answer.seen_post_id,
        reply_text=answer.text,
        language=answer.language,
        request=None,
        by_hand=answer.way == Way.BY_HAND,
        more=tuple(
            MoreRequest(one.id or 0, RequestFields(None, ""), file=False)
            for one in open_requests(session, at.mention)
            if one.part > 1
        ),
    )


def _unseen(session: Session, at: Answering, answer: Answer) -> list[str]:
    if at.mention.state == MentionState.WITHDRAWN:
        return [GONE]
    if wrote_since(session, at.mention, answer.seen_post_id):
        return ["The author wrote or changed something you have not seen yet. Read the thread again, then approve."]
    return []


def _takes_part(session: Session, chat_id: int, staff_id: int) -> bool:
    staff = session.get(StaffUser, staff_id)
    return staff is not None and staff.active and part_of(session, chat_id, staff) is not None


def _in_hand(session: Session, at: Answering) -> Reply:
    reply = locked_answer(session, at.entry)
    if reply is None or reply.state != ReplyState.HANDED_OVER:
        raise NotApproved(["Nobody has it in hand; there is nothing to say about it."])
    return reply
