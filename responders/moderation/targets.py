"""What an act is about: one post of one author, with the mention and the chat it stands in."""

from dataclasses import dataclass

from sqlmodel import Session

from models import Author, ChatEntry, Conversation, Mention, ModerationKind, Post
from models.posts import PostKind
from models.threads import posts_of
from responders.deciding import NotApproved, NotFound


@dataclass(frozen=True, slots=True)
class Target:
    """The post, who wrote it, and where. `posts`: what else of the same mention could be meant."""

    post: Post
    author: Author
    mention_id: int | None = None
    chat_id: int | None = None
    private: bool = False
    posts: tuple[Post, ...] = ()

    def refuses(self, kind: ModerationKind) -> str:
        """Why an act of this kind makes no sense here; "" where it does."""
        if kind == ModerationKind.HIDE and self.private:
            return "A private chat is read by nobody else, so there is nothing to hide."
        return ""


def target_of(
    session: Session, *, mention_id: int | None = None, entry_id: int | None = None, post_id: int | None = None
) -> Target:
    """The post of a mention, or of an entry on the board of a chat. `post_id`: which, where a mention has several.

    Raises NotFound, and NotApproved where its author deleted it or it is ours.
    """
    entry = session.get(ChatEntry, entry_id) if entry_id else None
    if entry_id and entry is None:
        raise NotFound("There is no such post on the board.")
    wanted = entry.mention_id if entry else mention_id
    mention = session.get(Mention, wanted) if wanted else None
    if mention is None and entry is None:
        raise NotFound(f"There is no mention {mention_id}.")
    posts = _posts(session, mention, entry)
    chosen = next((one for one in posts if one.id == post_id), None) if post_id else next(iter(reversed(posts)), None)
    if chosen is None:
        raise NotApproved(["Its author deleted the post. Nothing of it is left to decide about."])
    author = session.get(Author, chosen.author_id) if chosen.author_id else None
    if chosen.kind == PostKind.OWN or author is None:
        raise NotApproved(["This post is ours. Moderation is for what residents write."])
    conversation = session.get_one(Conversation, chosen.conversation_id)
    return Target(
        post=chosen,
        author=author,
        mention_id=mention.id if mention else None,
        chat_id=entry.chat_id if entry else None,
        private=conversation.private,
        posts=tuple(posts),
    )


def _posts(session: Session, mention: Mention | None, entry: ChatEntry | None) -> list[Post]:
    """What the mention says now; of an entry, the post that stands on the board."""
    if entry is not None:
        post = session.get(Post, entry.post_id)
        return [post] if post is not None and post.deleted_at is None else []
    return posts_of(session, mention.id or 0) if mention is not None else []
