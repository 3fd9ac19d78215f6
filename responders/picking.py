"""An answer that picks one of several cases: what was said is put to that case, and the talk goes on there."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, select

from models import Mention, MentionState, Post, ReplyState, RequestState, Service, advance
from models.commands import NEW, bare, picked
from models.search import index_mentions
from responders.cases import cases_of
from responders.claims import open_reply, open_request
from responders.dialogue import BY, Talk, open_list
from responders.drafting import Key, problem_words

PICKED = "picked"
"""Post.command of an answer that only says which case is meant."""


def follow_pick(session: Session, talk: Talk, now: datetime) -> bool:
    """Where the newest post picks one of the cases we offered, put what was said to that case. True: it was moved.

    The answer itself stays with this mention, which is set aside; "something new" leaves it a case of its own.
    """
    offered, mention = talk.conversation.offered, talk.mention
    question = open_list(session, talk, Key.ASK_CASE)
    if not offered or question is None:
        return False
    choice = choice_of(question.sent_text, _problems(session, offered, talk, question.language), talk.newest.text)
    if choice is None:
        return False
    talk.conversation.offered, talk.newest.command = None, PICKED
    session.add_all([talk.conversation, talk.newest])
    case = session.get(Mention, offered[choice - 1], with_for_update=True) if choice != NEW else None
    if case is None or case.author_id != mention.author_id or case.state == MentionState.WITHDRAWN:
        mention.version += 1
        mention.needs_understanding = True  # the number is no word of the report
        session.add(mention)
        return False
    for post in session.exec(
        select(Post).where(Post.mention_id == mention.id, Post.edit_chain != talk.newest.edit_chain)
    ).all():
        post.mention_id = case.id
        session.add(post)
    index_mentions(session, [mention.id or 0, case.id or 0])
    _goes_on(session, case, now)
    why = f"it goes on about mention {case.id}, as its author says"
    if reply := open_reply(session, mention):
        advance(session, reply, ReplyState.CANCELLED, BY, why, now)
    if request := open_request(session, mention):
        advance(session, request, RequestState.CANCELLED, BY, why, now)
    advance(session, mention, MentionState.SET_ASIDE, BY, why, now)
    return True


def _goes_on(session: Session, case: Mention, now: datetime) -> None:
    """The author has written about this case again: it is understood anew, and answered in another round."""
    case.version += 1
    case.needs_understanding = True
    if case.state in (MentionState.CLOSED, MentionState.REJECTED, MentionState.SET_ASIDE):
        case.round += 1
        advance(session, case, MentionState.DRAFTED, BY, "the author wrote about it again", now)
    session.add(case)


def _problems(session: Session, mention_ids: Sequence[int], talk: Talk, language: str) -> list[str]:
    """What the offered cases are called in the language of the question, in its order."""
    services: dict[int, Service] = {
        one.mention_id: one.service
        for one in reversed(cases_of(session, talk.author.id or 0, talk.newest.received_at))  # of several the first
    }
    return [problem_words(services.get(one), language) for one in mention_ids]


def choice_of(sent: str, problems: Sequence[str], said: str) -> int | None:
    """Which line of the list that was sent an answer picks, as `models.commands.picked` says it.

    `problems` are those we offered, in their order. None too where the list that left is another one: a person may have
    changed it. A tap on a button says a line whole.
    """
    lines = numbered_lines(sent)
    if len(lines) != len(problems) + 1 or not all(one in line for one, line in zip(problems, lines, strict=False)):
        return None
    tapped = next((place for place, line in enumerate(lines, start=1) if bare(line) == bare(said)), None)
    if tapped is not None:
        return tapped if tapped <= len(problems) else NEW
    return picked(said, problems)


def numbered_lines(text: str) -> list[str]:
    """The lines of a text that begin with "1)", "2)" and so on."""
    return [line for line in text.splitlines() if line.partition(")")[0].isdecimal()]
