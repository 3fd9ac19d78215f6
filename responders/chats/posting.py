"""The posts of a chat: planned, worded, reviewed and approved like any reply, whoever they will be sent by.

The words of a post are a Reply (Reply.chat_post_id), so that there is one outbox and one place for doubt. Nothing
leaves that nobody approved, and what was approved leaves as it stands (invariant 3). Errors: NotFound, NotYours
(the person may not decide this), NotApproved (with all reasons).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlmodel import Session, col, select

from models import (
    Account,
    ChatPart,
    ChatPost,
    ChatPostKind,
    ChatQuestion,
    Decision,
    KeyRule,
    Power,
    Purpose,
    Reply,
    ReplyState,
    Review,
    StaffUser,
    TweetChat,
    advance,
    record,
)
from responders.chats.leaving import due_at
from responders.chats.people import locked_chat, part_of, require_approver, require_part
from responders.chats.post_objections import objections_to_post
from responders.chats.scheduling import schedule
from responders.chats.words import numbered
from responders.claims import NotYours
from responders.deciding import NotApproved, NotFound, note_decision
from responders.edits import keep_words
from responders.keys import Case, Keys, in_period, judge
from responders.review import Approved, Desk

MEANWHILE = "The words were changed in another window meanwhile. Read them again."
WORDED = (ReplyState.DRAFT, ReplyState.IN_REVIEW, ReplyState.FAILED)
"""States in which the words of a post can be changed."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A post of a chat with its words, both locked, and the chat itself."""

    chat: TweetChat
    post: ChatPost
    reply: Reply | None


def plan_post(
    session: Session,
    chat: TweetChat,
    *,
    account_id: int,
    kind: ChatPostKind,
    language: str,
    text: str,
    made_by: int | None,
    now: datetime,
    question_id: int | None = None,
    entry_id: int | None = None,
    at_seconds: int | None = None,
) -> ChatPost:
    """Plan a post; its words are a draft that nobody has approved. `at_seconds` None: it leaves once approved.

    The number of its question and the hashtag are put to the words where they are missing; not to an answer's, which
    whoever writes on the board sees as they will stand.
    """
    post = ChatPost(
        chat_id=chat.id or 0,
        account_id=account_id,
        kind=kind,
        language=language,
        question_id=question_id,
        entry_id=entry_id,
        at_seconds=at_seconds,
        made_by=made_by,
        made_at=now,
    )
    session.add(post)
    session.flush()
    if kind != ChatPostKind.ANSWER:
        question = session.get(ChatQuestion, question_id) if question_id is not None else None
        text = numbered(kind, question.number if question else None, text, chat.hashtag, language)
    _draft(session, post, text, now)
    record(session, "ChatPost", post.id or 0, _by(made_by), f"planned: {kind.replace('_', ' ')}", now)
    return post


def words_of(session: Session, chat_post_id: int) -> Reply | None:
    """The words of a post with all that became of them; None where they were dropped."""
    found = select(Reply).where(Reply.chat_post_id == chat_post_id, Reply.state != ReplyState.CANCELLED)
    return session.exec(found).first()


def change_words(
    session: Session, chat_post_id: int, staff_id: int, text: str, seen_revision: int, now: datetime
) -> Reply:
    """Let a post say this. A first key for the words before is void; words that were dropped are begun anew.

    `seen_revision`: of the words as they stood on the page; 0 where there were none. Raises as the module says.
    """
    planned = _planned(session, chat_post_id)
    _require_of_the_plan(planned)
    _require_writer(session, planned, staff_id)
    reply, by = planned.reply, f"staff:{staff_id}"
    if reply is None:
        return _draft(session, planned.post, text.strip(), now)
    if reply.state not in WORDED:
        raise NotApproved([_why_fixed(reply)])
    if reply.revision != seen_revision:
        raise NotApproved([MEANWHILE])
    if reply.text == text.strip():
        return reply
    keep_words(session, reply, text.strip(), planned.post.language, staff_id, now)
    _back_to_draft(session, reply, by, "its words were changed", now)
    return reply


def approve_post(desk: Desk, chat_post_id: int, staff_id: int, seen_revision: int) -> Approved:
    """Freeze the words of a post and put it in the outbox for its time, or give the first of two keys."""
    with desk.database.write() as session:
        planned, now = _planned(session, chat_post_id), desk.clock()
        _require_of_the_plan(planned)
        staff = require_approver(session, planned.chat.id or 0, staff_id)
        reply = planned.reply
        if reply is None:
            raise NotApproved(["It has no words yet."])
        if reply.state not in WORDED:
            raise NotApproved([_why_fixed(reply)])
        if reply.revision != seen_revision:
            raise NotApproved([MEANWHILE])
        if refused := objections_to_post(session, desk, planned.chat, planned.post, reply):
            raise NotApproved(refused)
        if reply.state != ReplyState.IN_REVIEW:
            advance(session, reply, ReplyState.IN_REVIEW, f"staff:{staff_id}", "an approver reads it", now)
        keys, given = keys_of_post(session, planned.chat, planned.post, reply, staff, now), keys_given(session, reply)
        if keys.count > 1 and staff_id in given:
            raise NotApproved(["You approved these words already. Another person has to approve them too."])
        if len(given) + 1 < keys.count:
            note_decision(session, None, staff, Decision.FIRST_KEY, now, reply=reply, words=reply.text)
            return Approved(reply.id, None, first_key=True)
        _approve(session, planned, reply, staff, now, max(desk.hold, keys.hold))
        return Approved(reply.id, None)


def keys_of_post(
    session: Session, chat: TweetChat, post: ChatPost, reply: Reply, staff: StaffUser, now: datetime
) -> Keys:
    """How many people have to approve these words if `staff` is the one who approves them now.

    The desk's rules that say so of words, accounts, languages and elections; of an answer the chat's own rule too.
    """
    active = session.exec(select(KeyRule).where(col(KeyRule.active).is_(True)).order_by(col(KeyRule.id))).all()
    case = Case(
        account=session.get_one(Account, reply.account_id).name,
        intents=frozenset(),
        service_code="",
        service="",
        language=reply.language,
        texts=[("post", reply.text)],
        who=staff.display_name,
        reads=staff.reads,
    )
    keys = judge([rule for rule in active if in_period(rule, now)], case)
    if post.kind == ChatPostKind.ANSWER and chat.answer_keys > keys.count:
        why = f"In this chat {chat.answer_keys} people approve an answer."
        return Keys(chat.answer_keys, (*keys.reasons, why), keys.hold)
    return keys


def keys_given(session: Session, reply: Reply) -> set[int]:
    """StaffUser.ids of who has approved exactly these words so far."""
    rows = session.exec(
        select(Review.staff_id).where(
            Review.reply_id == reply.id,
            Review.decision == Decision.FIRST_KEY,
            Review.revision == reply.revision,
            Review.text_sha256 == sha256(reply.text.encode()).hexdigest(),
        )
    ).all()
    return set(rows)


def take_back_post(desk: Desk, chat_post_id: int, staff_id: int) -> None:
    """Undo an approval while the post has not left: it is a draft again."""
    with desk.database.write() as session:
        planned, now = _planned(session, chat_post_id), desk.clock()
        staff, reply = require_approver(session, planned.chat.id or 0, staff_id), planned.reply
        if reply is None or reply.state not in (ReplyState.APPROVED, ReplyState.HANDED_OVER, ReplyState.IN_REVIEW):
            raise NotApproved(["It is a draft, or has left already. There is nothing to take back."])
        by = f"staff:{staff_id}"
        if reply.state == ReplyState.HANDED_OVER:
            reply.handed_to = reply.handed_over_at = None
            advance(session, reply, ReplyState.APPROVED, by, "given back unposted", now)
        reply.revision += 1
        reply.released_freeze_id, reply.held_because = None, ""
        note_decision(session, None, staff, Decision.TAKEN_BACK, now, reply=reply, words=reply.text)
        _back_to_draft(session, reply, by, "taken back", now)


def skip_post(desk: Desk, chat_post_id: int, staff_id: int) -> None:
    """Leave a post out; what was approved of it stays so, and does not leave until it is taken up again."""
    _set_skipped(desk, chat_post_id, staff_id, skipped=True)


def unskip_post(desk: Desk, chat_post_id: int, staff_id: int) -> None:
    """Take up again a post that was left out. What was approved, and whose time is past, goes back to a person."""
    _set_skipped(desk, chat_post_id, staff_id, skipped=False)


def move_post(desk: Desk, chat_post_id: int, staff_id: int, at_seconds: int | None) -> None:
    """Give a post another time (seconds after the start of the chat); None: it leaves once it is approved."""
    with desk.database.write() as session:
        move_in(session, desk, chat_post_id, staff_id, at_seconds)


def move_in(session: Session, desk: Desk, chat_post_id: int, staff_id: int, at_seconds: int | None) -> None:
    """The same in a transaction that is open."""
    planned, now = _planned(session, chat_post_id), desk.clock()
    require_part(session, planned.chat.id or 0, staff_id)
    if planned.reply is not None and planned.reply.state not in (*WORDED, ReplyState.APPROVED):
        raise NotApproved([_why_fixed(planned.reply)])
    planned.post.at_seconds = at_seconds
    session.add(planned.post)
    when = "without a time" if at_seconds is None else f"{at_seconds} seconds after the start"
    record(session, "ChatPost", chat_post_id, f"staff:{staff_id}", f"moved: {when}", now)
    if planned.reply is not None:
        schedule(session, planned.chat, planned.post, planned.reply, now, desk.hold)


def skip_question(desk: Desk, question_id: int, staff_id: int) -> None:
    """Leave a question out, on every account and in every language."""
    _set_question_skipped(desk, question_id, staff_id, skipped=True)


def unskip_question(desk: Desk, question_id: int, staff_id: int) -> None:
    """Take up again a question that was left out."""
    _set_question_skipped(desk, question_id, staff_id, skipped=False)


def _set_skipped(desk: Desk, chat_post_id: int, staff_id: int, *, skipped: bool) -> None:
    with desk.database.write() as session:
        planned, now = _planned(session, chat_post_id), desk.clock()
        require_part(session, planned.chat.id or 0, staff_id)
        reply = planned.reply
        if reply is not None and reply.state not in (*WORDED, ReplyState.APPROVED):
            raise NotApproved([_why_fixed(reply)])
        planned.post.skipped_at = now if skipped else None
        session.add(planned.post)
        said = "skipped" if skipped else "taken up again"
        record(session, "ChatPost", chat_post_id, f"staff:{staff_id}", said, now)
        if reply is not None:
            schedule(session, planned.chat, planned.post, reply, now, desk.hold)


def _set_question_skipped(desk: Desk, question_id: int, staff_id: int, *, skipped: bool) -> None:
    with desk.database.write() as session:
        question, now = session.get(ChatQuestion, question_id), desk.clock()
        if question is None:
            raise NotFound(f"There is no question {question_id} of a chat.")
        chat = locked_chat(session, question.chat_id)
        require_part(session, question.chat_id, staff_id)
        if skipped and question.asked_at is not None:
            raise NotApproved([f"Question {question.number} has been asked already."])
        question.skipped_at = now if skipped else None
        session.add(question)
        session.flush()
        said = "skipped" if skipped else "taken up again"
        record(session, "ChatQuestion", question_id, f"staff:{staff_id}", said, now)
        for post in session.exec(select(ChatPost).where(ChatPost.question_id == question_id)).all():
            if (reply := _locked_words(session, post)) is not None:
                schedule(session, chat, post, reply, now, desk.hold)


def _approve(
    session: Session, planned: Planned, reply: Reply, staff: StaffUser, now: datetime, hold: timedelta
) -> None:
    reply.approved_text = reply.approved_fallback = reply.text
    reply.approved_at, reply.approved_by, reply.in_reply_to = now, staff.id, None
    reply.standing_approval_id = reply.released_freeze_id = None
    due = due_at(planned.chat, planned.post)
    why = "approved for its time" if due is not None and due > now else "approved"
    advance(session, reply, ReplyState.APPROVED, f"staff:{staff.id}", why, now)
    note_decision(session, None, staff, Decision.APPROVED, now, reply=reply)
    schedule(session, planned.chat, planned.post, reply, now, hold)


def _planned(session: Session, chat_post_id: int) -> Planned:
    """Locked in the order in which the outbox locks them: the chat, then the words. Raises NotFound."""
    post = session.get(ChatPost, chat_post_id)
    if post is None:
        raise NotFound(f"There is no post {chat_post_id} of a chat.")
    chat = locked_chat(session, post.chat_id)
    session.refresh(post, with_for_update=True)
    return Planned(chat, post, _locked_words(session, post))


def _locked_words(session: Session, post: ChatPost) -> Reply | None:
    found = select(Reply).where(Reply.chat_post_id == post.id, Reply.state != ReplyState.CANCELLED)
    return session.exec(found.with_for_update(), execution_options={"populate_existing": True}).first()


def _draft(session: Session, post: ChatPost, text: str, now: datetime) -> Reply:
    reply = Reply(
        chat_post_id=post.id,
        account_id=post.account_id,
        purpose=Purpose.CHAT,
        language=post.language,
        text=text,
        changed_at=now,
    )
    session.add(reply)
    session.flush()
    return reply


def _back_to_draft(session: Session, reply: Reply, by: str, why: str, now: datetime) -> None:
    if reply.state in (ReplyState.APPROVED, ReplyState.FAILED):
        advance(session, reply, ReplyState.IN_REVIEW, by, why, now)
    if reply.state == ReplyState.IN_REVIEW:
        advance(session, reply, ReplyState.DRAFT, by, why, now)


def _require_of_the_plan(planned: Planned) -> None:
    """What answers somebody's post is written and approved beside that post: who decides has to have read it."""
    if planned.post.entry_id is not None:
        raise NotApproved(["It answers a post on the board. Write and approve it there."])


def _require_writer(session: Session, planned: Planned, staff_id: int) -> None:
    staff = session.get(StaffUser, staff_id)
    if staff is not None and staff.may(Power.DRAFT):
        return
    staff = require_part(session, planned.chat.id or 0, staff_id, runs_it=False)
    part = part_of(session, planned.chat.id or 0, staff)
    if part == ChatPart.GUEST and planned.post.kind != ChatPostKind.ANSWER:
        raise NotYours("You are a guest in this chat. Its host and moderators write what it says.")


def _why_fixed(reply: Reply) -> str:
    if reply.state in (ReplyState.APPROVED, ReplyState.HANDED_OVER):
        return "It is approved already. Take it back first."
    return f"It is {reply.state.replace('_', ' ')} now, so nothing of it can be changed."


def _by(staff_id: int | None) -> str:
    return f"staff:{staff_id}" if staff_id is not None else "chat"
