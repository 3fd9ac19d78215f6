"""The answers that one tap gives to what we ask, on a channel with buttons; a tap comes back as the button's words."""

from sqlmodel import Session, select

from models import AskedQuestion, Reply, ServiceAttribute, ServiceRequest
from models.attributes import Datatype
from models.fixed_words import buttons
from models.joined import head_of
from responders.dialogue import LISTS
from responders.fixed import ASKS
from responders.fixed_where import ASKS_WHERE
from responders.next_question import name_of
from responders.picking import numbered_lines
from responders.template_keys import Key

ASKS_ATTRIBUTE = frozenset({Key.ASK_ATTRIBUTE.value, Key.ASK_ATTRIBUTE_AGAIN.value})
MOST = 20
"""A keyboard of more is longer than the chat above it: the numbered list has to do."""
LONGEST = 100
"""Code points of a button; of a longer one nobody can read the end."""


def choices_of(session: Session, reply: Reply, text: str) -> tuple[str, ...]:
    """The buttons under a reply that goes out as `text`; none where it asks nothing with a few plain answers."""
    if reply.template_key in ASKS - ASKS_WHERE and reply.request_id:
        request = session.get(ServiceRequest, reply.request_id)
        return buttons(reply.language, head_of(session, request).service_request_id or "") if request else ()
    choices: list[str] = []
    if reply.template_key in LISTS:
        choices = numbered_lines(text)
    elif reply.template_key in ASKS_ATTRIBUTE:
        choices = _values(session, reply)
    fits = len(choices) <= MOST and all(0 < len(one) <= LONGEST for one in choices)
    return tuple(choices) if fits and len({*choices}) == len(choices) else ()


def _values(session: Session, reply: Reply) -> list[str]:
    """What the list of the attribute that is asked for has to choose from; of several at once no button can be one."""
    question = session.exec(select(AskedQuestion).where(AskedQuestion.reply_id == reply.id)).first()
    attribute = session.get(ServiceAttribute, (question.service_code, question.attribute)) if question else None
    if attribute is None or attribute.datatype is not Datatype.SINGLE_VALUE_LIST:
        return []
    return [name_of(one, reply.language) for one in attribute.values]
