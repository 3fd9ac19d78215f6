"""Answering one post from the board of a chat: the draft, who hands it in, what is returned and taken back.

An answer in the thread is a Reply of purpose CHAT under the mention, which rests set aside meanwhile; any other is a
post of the chat (ChatPost of kind ANSWER with `entry_id`). One post has one answer being written at a time.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from models import (
    ChatAnswer,
    ChatEntry,
    ChatPart,
    ChatPost,
    ChatPostKind,
    Decision,
    Mention,
    MentionState,
    Post,
    Purpose,
    Reply,
    ReplyState,
    StaffUser,
    TweetChat,
    Understanding,
    advance,
    record,
)
from models.chat_answers import ASK_TO_TAG, FROM_BANK
from responders.chats.people import part_of, require_part
from responders.chats.posting import plan_post
from responders.chats.resting import WAITING, back_on_board
from responders.chats.ways import UNDER_THEIR_POST, Way, ways_of
from responders.claims import NotYours
from responders.deciding import NotApproved, NotFound, locked_mention, note_decision, reason_given
from responders.edits import changed_since, keep_apart, keep_words
from responders.review import Desk

MEANWHILE = "The answer was changed in another window meanwhile."
GONE = "Its author deleted the post, so nothing is said about it."
FIXED = "These words are fixed: they leave as they stand in the bank, or not at all. Give them up to write your own."
BANK_CHANGED = "The bank says it differently by now, or it waits to be approved there. Take it from the bank again."
UNSENT = (*WAITING, ReplyState.APPROVED, ReplyState.HANDED_OVER, ReplyState.SENDING, ReplyState.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Kept:
    """`revision`: of the answer as it stands. `apart`: why the words were kept beside it; "": they are the answer."""

    reply_id: int
    revision: int
    apart: str = ""


@dataclass(frozen=True, slots=True)
class Answering:
    """One entry, locked, with what an answer to it needs; and who is about to do something."""

    chat: TweetChat
    entry: ChatEntry
    mention: Mention
    staff: StaffUser
    part: ChatPart
    now: datetime

    @property
    def by(self) -> str:
        return f"staff:{self.staff.id}"


def keep_answer(
    desk: Desk, entry_id: int, staff_id: int, way: Way, text: str, language: str, seen_revision: int = 0
) -> Kept:
    """Keep what stands in the form as the answer being written; another way than before begins it anew.

    Raises NotYours for a guest who was not assigned it; NotApproved where the way is not open, or the words are fixed.
    """
    with desk.database.write() as session:
        at = answering(session, desk, entry_id, staff_id)
        reply = locked_answer(session, at.entry)
        if reply is not None and reply.state not in WAITING:
            raise NotApproved(["An answer to it is on its way. Take it back first."])
        if reply is not None and seen_revision and changed_since(session, reply, seen_revision):
            apart = MEANWHILE if (reply.text, reply.language) != (text, language) else ""
            if apart:
                keep_apart(session, reply, text, language, staff_id, at.now)
            return Kept(reply.id or 0, reply.revision, apart)
        reply = _of_way(session, desk, at, reply, way, text, language)
        if is_fixed(session, reply) and text.strip() != reply.text.strip():
            raise NotApproved([FIXED])
        keep_words(session, reply, text, language, staff_id, at.now)
        return Kept(reply.id or 0, reply.revision)


def use_answer(desk: Desk, entry_id: int, staff_id: int, way: Way, answer_id: int) -> Kept:
    """Put an answer of the chat's bank into the draft. Raises NotYours, NotFound, NotApproved."""
    with desk.database.write() as session:
        at = answering(session, desk, entry_id, staff_id)
        banked = session.get(ChatAnswer, answer_id)
        if banked is None or banked.chat_id != at.chat.id:
            raise NotFound(f"There is no answer {answer_id} in the bank of this chat.")
        if banked.approved_at is None:
            raise NotApproved(["Nobody has approved this answer of the bank yet."])
        reply = locked_answer(session, at.entry)
        if reply is not None and reply.state not in WAITING:
            raise NotApproved(["An answer to it is on its way. Take it back first."])
        reply = _of_way(session, desk, at, reply, way, banked.text, banked.language)
        keep_words(session, reply, banked.text, banked.language, staff_id, at.now)
        reply.template_key, reply.template_version = FROM_BANK, answer_id
        session.add(reply)
        return Kept(reply.id or 0, reply.revision)


def drop_answer(desk: Desk, entry_id: int, staff_id: int) -> None:
    """Give up the answer being written, so that another can begin. Raises NotYours, NotApproved."""
    with desk.database.write() as session:
        at = answering(session, desk, entry_id, staff_id)
        advance(session, waiting_answer(session, at.entry), ReplyState.CANCELLED, at.by, "its maker gave it up", at.now)


def hand_in(desk: Desk, entry_id: int, staff_id: int) -> None:
    """A guest hands a finished draft to whoever runs the chat. Raises NotYours, NotApproved."""
    with desk.database.write() as session:
        at = answering(session, desk, entry_id, staff_id)
        reply = waiting_answer(session, at.entry)
        if not reply.text.strip():
            raise NotApproved(["The answer is empty."])
        if reply.state == ReplyState.FAILED:
            advance(session, reply, ReplyState.IN_REVIEW, at.by, "taken up again", at.now)
        elif reply.state == ReplyState.DRAFT:
            advance(session, reply, ReplyState.IN_REVIEW, at.by, "handed in", at.now)
        note_decision(session, at.mention, at.staff, Decision.HANDED_IN, at.now, reply=reply, words=reply.text)


def return_answer(desk: Desk, entry_id: int, staff_id: int, reason: str) -> None:
    """Give a draft back to whoever handed it in, with a reason. Raises NotYours, NotApproved."""
    reason = reason_given(reason, "Say why you return it, so that its maker can change it.")
    with desk.database.write() as session:
        at = answering(session, desk, entry_id, staff_id, runs_it=True)
        reply = waiting_answer(session, at.entry)
        if reply.state != ReplyState.IN_REVIEW:
            raise NotApproved(["Nobody has handed it in, so there is nothing to return."])
        advance(session, reply, ReplyState.DRAFT, at.by, "returned to its maker", at.now)
        note_decision(
            session, at.mention, at.staff, Decision.RETURNED, at.now, reason=reason, reply=reply, words=reply.text
        )


def take_back(desk: Desk, entry_id: int, staff_id: int) -> None:
    """Undo an approval while the answer is still held. Raises NotYours, or NotApproved once it has left."""
    with desk.database.write() as session:
        at = answering(session, desk, entry_id, staff_id, runs_it=True)
        reply = locked_answer(session, at.entry)
        if reply is None or reply.state not in (ReplyState.APPROVED, ReplyState.HANDED_OVER):
            raise NotApproved(["It has left already and cannot be taken back."])
        if reply.state == ReplyState.HANDED_OVER:
            reply.handed_to = reply.handed_over_at = None
            advance(session, reply, ReplyState.APPROVED, at.by, "given back unposted", at.now)
        reply.revision += 1
        reply.released_freeze_id, reply.held_because = None, ""
        advance(session, reply, ReplyState.IN_REVIEW, at.by, "taken back", at.now)
        if reply.mention_id is not None and at.mention.state == MentionState.APPROVED:
            advance(session, at.mention, MentionState.DRAFTED, at.by, "taken back", at.now)
            back_on_board(session, at.mention, at.by, "taken back", at.now)
        note_decision(session, at.mention, at.staff, Decision.TAKEN_BACK, at.now, reply=reply, words=reply.text)


def answering(session: Session, desk: Desk, entry_id: int, staff_id: int, *, runs_it: bool = False) -> Answering:
    """The entry, locked, and who is about to answer it. Raises NotFound, NotYours, NotApproved."""
    entry = session.get(ChatEntry, entry_id)
    if entry is None:
        raise NotFound(f"There is no post {entry_id} on a board.")
    staff = require_part(session, entry.chat_id, staff_id, runs_it=runs_it)
    part = part_of(session, entry.chat_id, staff) or ChatPart.GUEST
    if part == ChatPart.GUEST and entry.assigned_to != staff.id:
        raise NotYours("You answer what you are assigned. Ask the host for this one.")
    if entry.mention_id is None:
        raise NotApproved(["We posted this ourselves, so there is nobody to answer."])
    mention = locked_mention(session, entry.mention_id)  # before its entry, as everywhere
    session.refresh(entry, with_for_update=True)
    chat = session.get_one(TweetChat, entry.chat_id)
    return Answering(chat, entry, mention, staff, part, desk.clock())


def answer_of(session: Session, entry: ChatEntry) -> Reply | None:
    """The answer that is being written, or is on its way; None where there is none."""
    in_thread = select(Reply).where(
        Reply.mention_id == entry.mention_id, Reply.purpose == Purpose.CHAT, col(Reply.state).in_(UNSENT)
    )
    if reply := session.exec(in_thread.order_by(col(Reply.id).desc()).limit(1)).first():
        return reply
    posted = (
        select(Reply)
        .join(ChatPost, col(ChatPost.id) == Reply.chat_post_id)
        .where(ChatPost.entry_id == entry.id, ChatPost.chat_id == entry.chat_id, col(Reply.state).in_(UNSENT))
    )
    return session.exec(posted.order_by(col(Reply.id).desc()).limit(1)).first()


def locked_answer(session: Session, entry: ChatEntry) -> Reply | None:
    """The same, and nobody else's to change until the transaction ends: what the outbox has just claimed is sending."""
    reply = answer_of(session, entry)
    if reply is not None:
        session.refresh(reply, with_for_update=True)
    return reply


def waiting_answer(session: Session, entry: ChatEntry) -> Reply:
    """The answer that waits for somebody to go on with it, locked. Raises NotApproved."""
    reply = locked_answer(session, entry)
    if reply is None:
        raise NotApproved(["Nobody has written an answer yet."])
    if reply.state not in WAITING:
        raise NotApproved(["The answer is on its way. Take it back first."])
    return reply


def way_of(reply: Reply) -> Way:
    """How an answer is to reach them, as far as its row says; by hand is chosen when it is approved."""
    if reply.chat_post_id is None:
        return Way.THREAD if reply.state != ReplyState.HANDED_OVER else Way.BY_HAND
    return Way.ASK_TO_TAG if reply.template_key == ASK_TO_TAG else Way.NUMBERED


def is_fixed(session: Session, reply: Reply) -> bool:
    """Whether its words come from the bank and may not be changed."""
    banked = session.get(ChatAnswer, reply.template_version) if reply.template_key == FROM_BANK else None
    return banked is not None and banked.fixed


def is_as_banked(session: Session, reply: Reply) -> bool:
    """Whether words from the bank are still what somebody approved there."""
    banked = session.get(ChatAnswer, reply.template_version)
    return banked is not None and banked.approved_at is not None and banked.text.strip() == reply.text.strip()


def language_of(session: Session, chat: TweetChat, mention_id: int) -> str:
    """What an answer is written in first: what they wrote in where the chat is held in it too."""
    found = select(Understanding.language).where(Understanding.mention_id == mention_id)
    spoken = session.exec(found.order_by(col(Understanding.id).desc())).first() or "und"
    usual = chat.languages[0] if chat.languages else "en"
    return spoken if spoken in chat.languages else usual


def _of_way(
    session: Session, desk: Desk, at: Answering, reply: Reply | None, way: Way, text: str, language: str
) -> Reply:
    """The draft of this way: what is there, or a new one where it goes another way or has other words of the bank."""
    _require_open(session, desk, at, way)
    if reply is not None:
        under = reply.chat_post_id is None
        if under == (way in UNDER_THEIR_POST) and (under or way_of(reply) == way):
            reply.round = at.mention.round if under else reply.round
            if reply.state == ReplyState.FAILED:
                advance(session, reply, ReplyState.IN_REVIEW, at.by, "taken up again", at.now)
            return reply
        advance(session, reply, ReplyState.CANCELLED, at.by, "it goes another way", at.now)
        session.flush()
    if way in UNDER_THEIR_POST:
        reply = Reply(
            mention_id=at.mention.id,
            account_id=at.entry.account_id,
            purpose=Purpose.CHAT,
            round=_round_for(session, at.mention),
            language=language,
            changed_at=at.now,
        )
        session.add(reply)
        session.flush()
        record(session, "Reply", reply.id or 0, at.by, "an answer is written on the board of a chat", at.now)
        return reply
    post = plan_post(
        session,
        at.chat,
        account_id=at.entry.account_id,
        kind=ChatPostKind.ANSWER,
        language=language,
        text=text,
        made_by=at.staff.id or 0,
        now=at.now,
        question_id=at.entry.question_id,
        entry_id=at.entry.id,
    )
    session.flush()
    planned = session.exec(select(Reply).where(Reply.chat_post_id == post.id)).one()
    if way == Way.ASK_TO_TAG:
        planned.template_key = ASK_TO_TAG
        session.add(planned)
    return planned


def _round_for(session: Session, mention: Mention) -> int:
    """The mention's round; the next one where an answer of this one has left already."""
    taken = select(Reply.id).where(
        Reply.mention_id == mention.id,
        Reply.purpose == Purpose.CHAT,
        Reply.round == mention.round,
        Reply.state != ReplyState.CANCELLED,
    )
    if session.exec(taken).first() is not None:
        mention.round += 1
        session.add(mention)
    return mention.round


def _require_open(session: Session, desk: Desk, at: Answering, way: Way) -> None:
    if session.get_one(Post, at.entry.post_id).deleted_at is not None:
        raise NotApproved([GONE])
    ways = ways_of(session, at.entry, desk.speaking)
    chosen = next((one for one in ways if one.way == way), None)
    if chosen is None or not chosen.open:
        raise NotApproved([chosen.why if chosen else "It cannot be answered."])
