"""What the desk knows of a reply on its way: in whose hands it is, what was looked for, where to look oneself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from hark311.console.mention_queries import MentionPage
from hark311.console.queries import names_of_staff
from hark311.settings import Settings
from models import Conversation, Post, Reply, ReplyState
from models.posts import PostKind
from responders.final_words import words_now
from responders.registry import composer_of
from responders.repeating import next_look
from responders.settling import overtaken
from responders.several import told_by


@dataclass(frozen=True, slots=True)
class Delivery:
    """What stands beside one reply. `words`: what a person is to post; "" while the city's number is waited for.

    `composer`: the network's own window with these words. `thread`: the post it answers, on the network.
    """

    holder: str = ""
    words: str = ""
    composer: str = ""
    thread: str = ""
    overtaken: bool = False
    looks: int = 0
    looked_at: datetime | None = None
    next_look: datetime | None = None


def deliveries(session: Session, page: MentionPage, settings: Settings, now: datetime) -> dict[int | None, Delivery]:
    """By reply id, for every reply that was decided about."""
    people = names_of_staff(session, [reply.handed_to for reply in page.answers])
    found: dict[int | None, Delivery] = {}
    for reply in page.answers:
        thread = _thread_url(session, reply)
        found[reply.id] = Delivery(thread=thread)
        if reply.state == ReplyState.HANDED_OVER:
            words = _words(session, reply, settings, now)
            found[reply.id] = Delivery(
                holder=people.get(reply.handed_to or 0, ""),
                words=words,
                composer=_composer(session, page, reply, words),
                thread=thread,
                overtaken=overtaken(session, page.mention, reply.seen_post_id),
            )
        elif reply.state == ReplyState.UNCERTAIN:
            tries = page.attempts.get(f"reply:{reply.id}") or []
            last = tries[-1] if tries else None
            found[reply.id] = Delivery(
                thread=thread,
                looks=last.looks if last else 0,
                looked_at=last.looked_at if last else None,
                next_look=next_look(last, can_prove=page.facts.can_prove_sent) if last else None,
            )
    return found


def _words(session: Session, reply: Reply, settings: Settings, now: datetime) -> str:
    patience = timedelta(seconds=settings.city_answer_seconds)
    return words_now(reply, told_by(session, reply), ZoneInfo(settings.city_time_zone), patience, now) or ""


def _composer(session: Session, page: MentionPage, reply: Reply, words: str) -> str:
    if not words:
        return ""
    person, room = page.author.channel_author_id, session.get(Conversation, reply.conversation_id or 0)
    private = room.one_to_one if room else page.one_to_one
    return composer_of(page.account.channel, words, reply.in_reply_to, person, private=private)


def _thread_url(session: Session, reply: Reply) -> str:
    """Where the post that it answers stands on the network; "" where we do not know."""
    there = select(Post.url).where(
        Post.account_id == reply.account_id, Post.kind == PostKind.MENTION, col(Post.deleted_at).is_(None)
    )
    return session.exec(there.where(Post.channel_post_id == reply.in_reply_to)).first() or ""
