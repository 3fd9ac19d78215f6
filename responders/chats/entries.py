"""Posts come onto the board of a tweet chat: each one once, in a lane, under its question (invariants 1 and 6).

What a participant writes is a mention like any other. Here it gets its place on the board, and unless it is a report or
a danger the mention is set aside, so that a chat never floods the queue. What a person decided about an entry stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, update
from sqlmodel import Session, col, func, or_, select

from models import (
    ChatEntry,
    ChatLane,
    ChatNetwork,
    Conversation,
    HeardBy,
    Intent,
    LinkedHow,
    Mention,
    MentionState,
    Post,
    Purpose,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    Translation,
    Understanding,
    advance,
)
from models.lifecycle import SETTLED_REPLIES
from models.posts import PostKind
from models.threads import newest_versions, posts_of
from models.translations import text_hash
from responders.chats.alike import ASKS, first_alike, part
from responders.chats.on_now import ChatOn, chats_on
from responders.chats.own_posts import put_own_posts
from responders.chats.reading import BoardReader, Line, Reading
from responders.chats.resting import PUT_AWAY, QUEUED_TOO
from responders.chats.words import holds_tag

BY = "chat"
RULE = "rule"
RESTS = "on the board of a tweet chat"
CHANGED_SINCE = "changed since it was answered"
"""ChatEntry.lane_why of a post whose author changed what it asks after it had its answer: it waits again."""
REPORTS = (Intent.SERVICE_REQUEST, Intent.STATUS_ENQUIRY)
OPEN_DRAFTS = (ReplyState.DRAFT, ReplyState.IN_REVIEW)


@dataclass(frozen=True, slots=True)
class Parent:
    """What a post hangs under on a board."""

    chat_id: int
    question_id: int | None


class Boards:
    """The boards of the chats that are on, in one transaction."""

    def __init__(self, session: Session, reader: BoardReader, now: datetime) -> None:
        self._session, self._reader, self._now = session, reader, now
        self.on = chats_on(session, now)
        self._by_id = {one.id: one for one in self.on}

    def keep_up(self) -> None:
        """Our own posts, reposts, and what was written on to a mention that is decided about elsewhere.

        One worker at a time does it: the others leave out a chat one of whose networks is locked. The chat itself is
        not, so that nobody who pauses it, and no post of it that leaves, waits for a whole batch.
        """
        if not self.on:
            return
        networks = (
            select(ChatNetwork.id).where(col(ChatNetwork.chat_id).in_([*self._by_id])).order_by(col(ChatNetwork.id))
        )
        free = {*self._session.exec(networks.with_for_update(skip_locked=True)).all()}
        ids = [one.id for one in self.on if one.networks and free >= {each.id for each in one.networks.values()}]
        put_own_posts(self._session, ids, self._now)
        fold_reposts(self._session, [self._by_id[one] for one in ids])
        self._written_on(ids)

    def take(self, mention: Mention, understanding: Understanding | None) -> bool:
        """Put what a mention says on its board. True: it rests there, and the queue does not see it."""
        if not self.on or not any(mention.account_id in one.networks for one in self.on):
            return False
        posts = posts_of(self._session, mention.id or 0)
        found = self._chat_of(mention, posts, understanding) if posts else None
        if found is None:
            return False
        chat, heard_by = found
        entries = [self._put(chat, mention, post, heard_by, understanding) for post in posts]
        if mention.danger or any(one.lane in QUEUED_TOO for one in entries) or self._is_in_work(mention):
            return False
        self._rest(mention)
        return True

    def _chat_of(
        self, mention: Mention, posts: Sequence[Post], understanding: Understanding | None
    ) -> tuple[ChatOn, HeardBy] | None:
        """The chat a mention belongs to, and by what: its group, its tag, what it answers, or the time it was said."""
        post = posts[-1]
        here = [one for one in self.on if mention.account_id in one.networks]
        room = self._session.get_one(Conversation, post.conversation_id)
        if room.private or post.command:
            return None
        for one in here:
            network = one.networks[mention.account_id]
            if network.conversation_id and network.conversation_id == room.channel_conversation_id:
                return one, HeardBy.GROUP
        parent = self._parent_of(post)
        for one in here:
            found_by_rule = post.rule_id in one.rules
            if found_by_rule or holds_tag(post.text, one.chat.hashtag):
                replies = parent is not None and parent.chat_id == one.id
                spoken_to = HeardBy.REPLY if replies else HeardBy.MENTION
                return one, spoken_to if mention.addressed and not found_by_rule else HeardBy.TAG
        if parent is not None and parent.chat_id in self._by_id:
            return self._by_id[parent.chat_id], HeardBy.REPLY
        known = self._session.exec(select(ChatEntry.chat_id).where(ChatEntry.mention_id == mention.id)).first()
        if known in self._by_id:
            return self._by_id[known], HeardBy.REPLY
        if len(posts) > 1 or mention.round > 1:
            return None  # it goes on about something else
        live = next((one for one in here if one.takes_place(self._now)), None)
        if live is None or not _may_be_about(live, mention) or self._is_in_work(mention):
            return None
        numbered = self._read(live, post, understanding).how == LinkedHow.SAID
        return (live, HeardBy.MENTION) if numbered or not _reports(understanding) else None

    def _parent_of(self, post: Post) -> Parent | None:
        """What a post answers, if that stands on a board: the very post, our answer to one, or the thread's first."""
        answered = None
        if post.in_reply_to:
            answered = self._session.exec(
                select(Post).where(
                    Post.account_id == post.account_id,
                    or_(col(Post.channel_post_id) == post.in_reply_to, col(Post.edit_chain) == post.in_reply_to),
                )
            ).first()
        if answered is not None:
            if found := self._entry_at(
                ChatEntry.account_id == answered.account_id, ChatEntry.edit_chain == answered.edit_chain
            ):
                return found
            ours = select(Reply.mention_id).where(
                Reply.account_id == answered.account_id,
                col(Reply.sent_post_id).in_((answered.channel_post_id, answered.edit_chain)),
                col(Reply.mention_id).is_not(None),
            )
            if found := self._entry_at(col(ChatEntry.mention_id).in_(ours)):
                return found
        if not post.in_reply_to:
            return None
        in_thread = select(Post.id).where(Post.conversation_id == post.conversation_id, Post.kind == PostKind.OWN)
        return self._entry_at(col(ChatEntry.mention_id).is_(None), col(ChatEntry.post_id).in_(in_thread))

    def _entry_at(self, *conditions: object) -> Parent | None:
        row = self._session.exec(
            select(ChatEntry.chat_id, ChatEntry.question_id)
            .where(col(ChatEntry.chat_id).in_([*self._by_id]), *conditions)  # type: ignore[arg-type]
            .order_by(col(ChatEntry.id))
            .limit(1)
        ).first()
        return Parent(*row) if row else None

    def _put(
        self, chat: ChatOn, mention: Mention, post: Post, heard_by: HeardBy, understanding: Understanding | None
    ) -> ChatEntry:
        """The entry of one post, read anew where its author changed it. A person's lane and question stay."""
        entry = self._session.exec(
            select(ChatEntry)
            .where(
                ChatEntry.chat_id == chat.id,
                ChatEntry.account_id == post.account_id,
                ChatEntry.edit_chain == post.edit_chain,
            )
            .with_for_update()
        ).first()
        if entry is not None and entry.post_id == post.id:
            return entry
        reading = self._read(chat, post, understanding)
        new = entry is None
        changed = entry is not None and self._session.get_one(Post, entry.post_id).text != post.text
        entry = entry or ChatEntry(
            chat_id=chat.id,
            account_id=post.account_id,
            edit_chain=post.edit_chain,
            post_id=post.id or 0,
            mention_id=mention.id,
            author_id=post.author_id,
            heard_by=heard_by,
            said_at=post.created_at,
            seen_at=self._now,
            lane=reading.lane,
            version=0,
        )
        entry.post_id, entry.version = post.id or 0, entry.version + 1
        if entry.lane_by == RULE or reading.lane == ChatLane.EMERGENCY:  # no person has seen this version of it
            entry.lane, entry.lane_why = reading.lane, reading.lane_why
        if entry.linked_how != LinkedHow.PERSON:
            entry.question_id, entry.linked_how = chat.question_id(reading.question), reading.how
        if changed:
            _wait_again(entry)
        if not new and (changed or entry.lane not in ASKS):
            part(self._session, entry)
        if (new or changed) and entry.lane in ASKS:
            entry.alike_id = first_alike(self._session, chat.id, post, self._reader.most_alike)
        self._session.add(entry)
        self._session.flush()
        self._ask_for_translation(mention, post, understanding)
        return entry

    def _read(self, chat: ChatOn, post: Post, understanding: Understanding | None) -> Reading:
        parent = self._parent_of(post)
        of_parent = chat.number(parent.question_id) if parent and parent.chat_id == chat.id else None
        line = Line(post.text, chat.minute(post.created_at), of_parent)
        return self._reader.read(line, chat.asked(), understanding)

    def _ask_for_translation(self, mention: Mention, post: Post, understanding: Understanding | None) -> None:
        """Let a post in another language than the desk's wait to be translated; the original stays beside it."""
        into, language = self._reader.translate_into, understanding.language if understanding else "und"
        if not into or language == "und" or not post.text.strip():
            return
        if language.partition("-")[0] == into.partition("-")[0]:
            return
        asked = select(Translation.id).where(
            Translation.mention_id == mention.id,
            Translation.post_id == post.id,
            Translation.text_sha256 == text_hash(post.text),
        )
        if self._session.exec(asked).first() is None:
            self._session.add(
                Translation(
                    mention_id=mention.id or 0,
                    post_id=post.id,
                    text_sha256=text_hash(post.text),
                    source=language,
                    target=into,
                    asked_at=self._now,
                )
            )

    def _is_in_work(self, mention: Mention) -> bool:
        """Whether a person, or the city, has a request of it, or its author is owed a notice of moderation."""
        if owes_notice(self._session, mention):
            return True
        worked_on = or_(
            col(ServiceRequest.state).not_in([RequestState.DRAFT, RequestState.CANCELLED]),
            and_(col(ServiceRequest.state) == RequestState.DRAFT, col(ServiceRequest.revision) > 1),
        )
        found = select(ServiceRequest.id).where(ServiceRequest.mention_id == mention.id, worked_on)
        return self._session.exec(found.limit(1)).first() is not None

    def _rest(self, mention: Mention) -> None:
        """Set a mention aside with what was drafted for it. An answer being written on the board goes on."""
        rest(self._session, mention, BY, RESTS, self._now)

    def _written_on(self, chat_ids: Sequence[int]) -> None:
        """Posts and versions of mentions on a board that came while somebody decides about the mention."""
        entries = select(ChatEntry.mention_id).where(
            col(ChatEntry.chat_id).in_(chat_ids), col(ChatEntry.mention_id).is_not(None)
        )
        known = exists().where(
            col(ChatEntry.account_id) == col(Post.account_id),
            col(ChatEntry.edit_chain) == col(Post.edit_chain),
            col(ChatEntry.post_id) >= col(Post.id),
        )
        posts = self._session.exec(
            select(Post)
            .join(Mention, col(Mention.id) == Post.mention_id)
            .where(
                col(Post.mention_id).in_(entries),
                Post.kind == PostKind.MENTION,
                col(Post.deleted_at).is_(None),
                col(Mention.needs_understanding).is_(False),
                Mention.state != MentionState.UNDERSTOOD,
                ~known,
            )
            .order_by(col(Post.id))
        ).all()
        for mention_id in dict.fromkeys(one.mention_id for one in posts):
            mention = self._session.get_one(Mention, mention_id, with_for_update=True)
            understanding = self._session.exec(
                select(Understanding)
                .where(Understanding.mention_id == mention_id)
                .order_by(col(Understanding.id).desc())
                .limit(1)
            ).first()
            first = self._session.exec(select(ChatEntry).where(ChatEntry.mention_id == mention_id)).first()
            if first is None or first.chat_id not in self._by_id:
                continue
            chat, before = self._by_id[first.chat_id], self._lanes_of(mention)
            put = [
                self._put(chat, mention, post, HeardBy.REPLY, understanding)
                for post in newest_versions([one for one in posts if one.mention_id == mention_id])
            ]
            reports = any(one.lane in QUEUED_TOO and before.get(one.edit_chain) not in QUEUED_TOO for one in put)
            asks = any(one.lane in ASKS and one.lane_why == CHANGED_SINCE for one in put)
            if (reports and mention.state in PUT_AWAY) or (asks and mention.state == MentionState.CLOSED):
                self._read_anew(mention)

    def _lanes_of(self, mention: Mention) -> dict[str, ChatLane]:
        entries = self._session.exec(select(ChatEntry).where(ChatEntry.mention_id == mention.id)).all()
        return {one.edit_chain: one.lane for one in entries}

    def _read_anew(self, mention: Mention) -> None:
        """Take up a mention that was put away for other words: read and drafted anew, it is queued, or rests again."""
        mention.round += 1
        mention.version += 1
        mention.needs_understanding = True
        advance(self._session, mention, MentionState.DRAFTED, BY, "its author changed what it says", self._now)


def _wait_again(entry: ChatEntry) -> None:
    """What was answered, or said to need no answer, were other words."""
    answered = (entry.answered_at, entry.answered_by, entry.answered_how)
    if entry.lane in ASKS | {*QUEUED_TOO} and any(one is not None for one in answered):
        entry.answered_at = entry.answered_by = entry.answered_how = None
        entry.assigned_to = entry.due_at = None
        entry.lane_why = CHANGED_SINCE


def rest(session: Session, mention: Mention, by: str, why: str, now: datetime) -> None:
    """Set a mention aside from "understood", and drop what was drafted for it by rule.

    An answer that is being written on the board stays, in the round that the mention is in now.
    """
    drafts = select(ServiceRequest).where(
        ServiceRequest.mention_id == mention.id, ServiceRequest.state == RequestState.DRAFT
    )
    for request in session.exec(drafts.with_for_update()).all():
        advance(session, request, RequestState.CANCELLED, by, why, now)
    open_replies = select(Reply).where(Reply.mention_id == mention.id, col(Reply.state).in_(OPEN_DRAFTS))
    for reply in session.exec(open_replies.with_for_update()).all():
        if reply.purpose == Purpose.CHAT:
            reply.round = mention.round
            session.add(reply)
        else:
            advance(session, reply, ReplyState.CANCELLED, by, why, now)
    advance(session, mention, MentionState.SET_ASIDE, by, why, now)


def owes_notice(session: Session, mention: Mention) -> bool:
    """Whether a notice of moderation about it waits in the main queue, which its author is to get whatever they say."""
    notice = select(Reply.id).where(
        Reply.mention_id == mention.id, Reply.purpose == Purpose.NOTICE, col(Reply.state).not_in(SETTLED_REPLIES)
    )
    return session.exec(notice.limit(1)).first() is not None


def _may_be_about(chat: ChatOn, mention: Mention) -> bool:
    """Whether what somebody says to us without the tag can be said in a chat that takes place: no danger is."""
    begins = chat.chat.opened_at or chat.chat.starts_at
    return mention.addressed and not mention.danger and mention.start_link_id is None and mention.received_at >= begins


def _reports(understanding: Understanding | None) -> bool:
    """Whether it reports something, or asks about a case: that is no matter of the chat."""
    if understanding is None:
        return False
    complains = understanding.intent == Intent.COMPLAINT and understanding.service_code is not None
    return understanding.danger or complains or understanding.intent in REPORTS


def fold_reposts(session: Session, chats: Sequence[ChatOn]) -> None:
    """Count how often each post was repeated, as the chat's searches have heard it."""
    rules = [rule for one in chats for rule in one.rules]
    if not rules:
        return
    rows = session.exec(
        select(Post.account_id, Post.in_reply_to, func.count(func.distinct(Post.author_id)))
        .where(Post.kind == PostKind.REPOST, col(Post.rule_id).in_(rules), col(Post.deleted_at).is_(None))
        .group_by(col(Post.account_id), col(Post.in_reply_to))
    ).all()
    for account_id, post_id, times in rows:
        original = select(Post.edit_chain).where(Post.account_id == account_id, Post.channel_post_id == post_id)
        session.execute(
            update(ChatEntry)
            .where(
                col(ChatEntry.chat_id).in_([one.id for one in chats]),
                col(ChatEntry.account_id) == account_id,
                col(ChatEntry.edit_chain).in_(original),
                col(ChatEntry.reposts) != times,
            )
            .values(reposts=times)
            .execution_options(synchronize_session=False)
        )
