"""Why a post of a chat cannot be approved, each reason a sentence for the person at the desk. Empty means: it can."""

from sqlmodel import Session, col, func, select

from models import CHANNELS, Account, ChatNetwork, ChatPost, ChatQuestion, Reply, ReplyState, TweetChat
from models.replies import COMPARED
from responders.chats.leaving import judge
from responders.chats.words import holds_tag
from responders.may_reply import may_speak
from responders.objections import about_phrases
from responders.review import Desk
from responders.wording import WordingError, freeze, slots

_MAY_STAND = (
    ReplyState.APPROVED,
    ReplyState.SENDING,
    ReplyState.HANDED_OVER,
    ReplyState.UNCERTAIN,
    ReplyState.SENT,
)
_PLANNED = (ReplyState.DRAFT, ReplyState.IN_REVIEW)


def objections_to_post(session: Session, desk: Desk, chat: TweetChat, post: ChatPost, reply: Reply) -> list[str]:
    """Every reason against approving the words of a post as they stand now."""
    if not reply.text.strip():
        return ["The post is empty."]
    account = session.get_one(Account, reply.account_id)
    return [
        *_about_the_plan(session, desk, chat, post, account),
        *_about_the_words(desk, chat, account, reply),
        *about_phrases(session, reply.text, reply.language),
        *_said_before(session, account, reply),
    ]


def _about_the_plan(session: Session, desk: Desk, chat: TweetChat, post: ChatPost, account: Account) -> list[str]:
    now, reasons = desk.clock(), []
    found = select(ChatNetwork.id).where(ChatNetwork.chat_id == chat.id, ChatNetwork.account_id == account.id)
    if session.exec(found).first() is None:
        reasons.append("The chat does not take place with this account.")
    question = session.get(ChatQuestion, post.question_id) if post.question_id is not None else None
    stand, verdict = judge(chat, post, question, now, now), may_speak(account, desk.speaking)
    if stand.back:
        reasons.append(f"It could not leave: {stand.back}.")
    elif post.at_seconds is not None and judge(chat, post, question, chat.made_at, now).back:
        reasons.append("Its time is past. Give it another time, or none, so that it leaves once it is approved.")
    if verdict.refused:
        reasons.append(verdict.reason)
    return reasons


def _about_the_words(desk: Desk, chat: TweetChat, account: Account, reply: Reply) -> list[str]:
    text, facts, reasons = reply.text, CHANNELS[account.channel], []
    try:
        if slots(text):
            reasons.append("A post of a chat answers no request, so it has no number and no date to fill in.")
        else:
            freeze(text, reply.language, "")
    except WordingError as error:
        reasons.append(str(error))
    limit, length = facts.limit(private=False), desk.length_of(account.channel, text)
    if length > limit:
        reasons.append(f"The post has {length} {facts.length_unit}; {facts.label} takes {limit}. Shorten it.")
    if not holds_tag(text, chat.hashtag):
        reasons.append(f"The hashtag #{chat.hashtag} is missing, so nobody who follows the chat would see it.")
    if found := sorted(set(desk.find_private(text))):
        reasons.append(f"The post is public and holds a private detail ({', '.join(found)}). Take it out.")
    return reasons


def _said_before(session: Session, account: Account, reply: Reply) -> list[str]:
    """Where a channel posts no words twice: what stands there, may stand there, or is planned in the same words."""
    facts = CHANNELS[account.channel]
    if not facts.refuses_repeats:
        return []
    same = session.exec(
        select(Reply.state)
        .where(
            Reply.account_id == account.id,
            func.substr(col(Reply.text), 1, COMPARED) == reply.text[:COMPARED],
            Reply.text == reply.text,
            Reply.id != reply.id,
            col(Reply.state).in_(_MAY_STAND) | (col(Reply.chat_post_id).is_not(None) & col(Reply.state).in_(_PLANNED)),
        )
        .limit(1)
    ).first()
    if same is None:
        return []
    where = "another post that is planned says" if same in _PLANNED else "this account has said"
    return [f"{facts.label} refuses words it has seen, and {where} exactly these. Change or add a word."]
