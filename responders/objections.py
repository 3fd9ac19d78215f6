"""Why a decision cannot be carried out, each reason a sentence for the person at the desk. Empty means: it can."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from models import CHANNELS, Account, Mention, MentionState, Need, RequestState, Service, ServiceRequest
from models.phrases import blocking_phrases
from models.threads import posts_of, wrote_since
from responders.claims import OPEN_REQUESTS, open_reply, open_request, open_requests
from responders.labelling import Said
from responders.may_reply import MayReply
from responders.phrases import find_phrases
from responders.said_before import said_before
from responders.service_answers import answers_lacking, kept_answers
from responders.status_notices import about_the_news
from responders.template_keys import Key
from responders.wording import WordingError, freeze, numbers_in, slots, widest

DESCRIPTION_LIMIT = 3900
"""GeoReport v2, POST service request: 4,000 characters, less the room for our reference."""

_CLAIMED: Mapping[str, tuple[bool, str]] = {
    Key.ANSWER_PASSED_ON: (
        True,
        "The reply says that their answer was passed on. Tick “Pass it on”, or change the words.",
    ),
    Key.REOPENED: (
        False,
        "The reply says that it was reported again. Tick “File it with the others”, or change the words.",
    ),
}
"""Wordings that claim something of another request: whether that passes an answer on, and why not without it."""

FindPrivate = Callable[[str], Sequence[str]]
"""What in a text is private: the kinds found ("phone", "email", "plate"). Given by the composition root."""


@dataclass(frozen=True, slots=True)
class RequestFields:
    """The fields of a service request that staff can change, with their GeoReport v2 names."""

    service_code: str | None
    description: str
    address_string: str = ""
    lat: float | None = None
    long: float | None = None
    attribute: Mapping[str, Any] | None = None
    """What was typed to the service's own questions, by code; None: nobody was asked, and what is there stays."""
    with_photo: bool = True


@dataclass(frozen=True, slots=True)
class MoreRequest:
    """What stands on the page about a request that a person added beside the first. `file`: it is to be filed."""

    request_id: int
    fields: RequestFields
    file: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """What the person at the desk wants: the reply text as it stands on the page, the request as it stands there.

    None means: no reply, no request. `seen_version` and `seen_post_id` say what was on the page (invariant 5).
    `said` is what the person makes of the post itself; None: they were not asked. `by_hand`: they will post the reply
    themselves, where the API may not.
    """

    seen_version: int
    seen_post_id: int | None
    reply_text: str | None
    language: str
    request: RequestFields | None
    said: Said | None = None
    by_hand: bool = False
    more: tuple[MoreRequest, ...] = ()

    @property
    def files(self) -> bool:
        """Whether any request is to be filed."""
        return self.request is not None or any(one.file for one in self.more)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the reasons are judged on, besides the decision itself."""

    account: Account
    length: Callable[[str], int]
    find_private: FindPrivate
    number_known: bool
    reference: str | tuple[str, ...]
    """Our own number for what the reply tells of; several where it tells of several requests."""
    may: MayReply
    private: bool = False
    alt_texts: tuple[str, ...] = ()
    """What is said of each picture of the reply; it is posted with them."""
    privacy_url: str = ""
    """What the reply has to name, being the first that we write in a private chat; "" where it need not."""
    follows: str = ""
    """The number of the request it is joined to; "" where it stands for itself."""
    head_undecided: bool = False


def objections(session: Session, mention: Mention, decided: Decided, ground: Ground) -> list[str]:
    """Every reason against carrying out `decided` now."""
    return [
        *_about_the_thread(session, mention, decided),
        *_about_phrases(session, decided, ground),
        *(_about_the_reply(decided, ground) if decided.reply_text is not None else []),
        *(about_the_news(session, mention) if decided.reply_text is not None else []),
        *(said_before(session, mention, decided.reply_text or "", private=ground.private)),
        *(
            _about_the_request(session, decided.request, open_request(session, mention), ground)
            if decided.request is not None
            else []
        ),
        *_about_added_requests(session, mention, decided, ground),
        *(
            [f"It is joined to {ground.follows} and not filed itself. Leave the request out, or un-join it first."]
            if decided.request is not None and ground.follows
            else []
        ),
        *(
            ["Nothing to approve: choose the reply, the request or both, or close it with a reason."]
            if decided.reply_text is None and not decided.files
            else []
        ),
    ]


def _about_the_thread(session: Session, mention: Mention, decided: Decided) -> list[str]:
    if mention.state == MentionState.WITHDRAWN or not posts_of(session, mention.id or 0):
        return ["The author deleted the post, so nothing can be sent about it."]
    if decided.seen_version != mention.version or wrote_since(session, mention, decided.seen_post_id):
        return ["The author wrote or changed something you have not seen yet. Read the thread again, then approve."]
    return []


def _about_phrases(session: Session, decided: Decided, ground: Ground) -> list[str]:
    return about_phrases(session, "\n".join([decided.reply_text or "", *ground.alt_texts]), decided.language)


def about_phrases(session: Session, text: str, language: str) -> list[str]:
    """The phrases of a text that a supervisor's list lets nobody send."""
    found = find_phrases(text, language, blocking_phrases(session))
    return [
        f"“{one.said}” may not be said. "
        + (f"Say “{one.say_instead}” instead." if one.say_instead else "Leave it out.")
        for one in found
    ]


def _about_the_reply(decided: Decided, ground: Ground) -> list[str]:
    text, facts = decided.reply_text or "", CHANNELS[ground.account.channel]
    if not text.strip():
        return ["The reply is empty."]
    limit, reasons = facts.limit(private=ground.private, pictures=len(ground.alt_texts)), []
    if ground.may.refused and not (decided.by_hand and ground.may.by_hand):
        reasons.append(" ".join(filter(None, (ground.may.reason, ground.may.instead))))
    if ground.privacy_url and ground.privacy_url not in text:
        reasons.append(
            f"It is the first private message to them, so it has to name our privacy page: {ground.privacy_url}"
        )
    try:
        used = slots(text)
        frozen = freeze(text, decided.language, ground.reference)
        longest = max(
            ground.length(widest(one, decided.language, numbers_in(ground.reference)))
            for one in (frozen.with_answer, frozen.without_answer)
        )
    except WordingError as error:
        return [*reasons, str(error)]
    if longest > limit:
        reasons.append(f"The reply can grow to {longest} {facts.length_unit}; {facts.label} takes {limit}. Shorten it.")
    if used and ground.follows and ground.head_undecided:
        reasons.append(
            f"It is joined to {ground.follows}, which nobody has approved yet. Approve that one first, or un-join this."
        )
    elif used and not decided.files and not ground.number_known:
        named = " and ".join(sorted(f"{{{slot}}}" for slot in used))
        reasons.append(f"The reply promises {named}, but no request is filed with it.")
    if (
        facts.public
        and not ground.private
        and (found := sorted(set(ground.find_private("\n".join([text, *ground.alt_texts])))))
    ):
        reasons.append(
            f"The reply is public and holds a private detail ({', '.join(found)}). Take it out, or ask in private."
        )
    return reasons


def _about_added_requests(session: Session, mention: Mention, decided: Decided, ground: Ground) -> list[str]:
    """Each begins with which one it is, as the page counts them."""
    shown = {one.request_id: one for one in decided.more}
    added = [one for one in open_requests(session, mention) if one.part > 1]
    if {one.id for one in added} != {*shown}:
        return ["The requests of this post were split or put together meanwhile. Look at them again, then approve."]
    ticked = [one for one in added if shown[one.id or 0].file]
    about = {
        one.id: _about_the_words(shown[one.id or 0].fields, ground)
        if one.answers_city  # place and service are those that whoever asked has already
        else _about_the_request(session, shown[one.id or 0].fields, one, ground)
        for one in ticked
    }
    told = [f"Request {number}: {why}" for number, one in enumerate(added, start=2) for why in about.get(one.id, [])]
    return [*_claims_more(session, mention, decided, ticked), *told]


def _claims_more(session: Session, mention: Mention, decided: Decided, ticked: Sequence[ServiceRequest]) -> list[str]:
    """The reply says, in the words that were drafted, that the city has what is not even to go there."""
    reply = open_reply(session, mention)
    if reply is None or decided.reply_text is None or reply.revision > 1 or reply.template_key not in _CLAIMED:
        return []  # the words are a person's own, or claim nothing
    answers_city, why = _CLAIMED[reply.template_key]
    if any(one.reopens_id is not None and one.answers_city == answers_city for one in ticked):
        return []
    left = select(ServiceRequest.id).where(
        ServiceRequest.mention_id == mention.id,
        col(ServiceRequest.reopens_id).is_not(None),
        col(ServiceRequest.answers_city).is_(answers_city),
        col(ServiceRequest.state).not_in([*OPEN_REQUESTS, RequestState.CANCELLED]),
    )
    return [why] if session.exec(left.limit(1)).first() is None else []


def _about_the_request(
    session: Session, request: RequestFields, stored: ServiceRequest | None, ground: Ground
) -> list[str]:
    service = session.get(Service, request.service_code) if request.service_code else None
    if service is None or not service.active:
        return ["Choose a service before filing the request."]
    reasons = []
    has_point = request.lat is not None and request.long is not None
    if (request.lat is None) != (request.long is None):
        reasons.append("A point needs both latitude and longitude.")
    if service.needs != Need.NOTHING and not has_point and not request.address_string.strip():
        reasons.append(f"A crew cannot find it: {service.service_name} needs a place. Ask the resident, or fill it in.")
    reasons += _about_the_words(request, ground)
    before = stored.attribute if stored else {}
    answers = kept_answers(session, request.service_code, request.attribute, before)
    return reasons + answers_lacking(session, request.service_code, answers, ground.find_private)


def _about_the_words(request: RequestFields, ground: Ground) -> list[str]:
    reasons = []
    if len(request.description) > DESCRIPTION_LIMIT:
        reasons.append(
            f"The description has {len(request.description)} characters; the city takes {DESCRIPTION_LIMIT}."
        )
    if not request.description.strip():
        reasons.append("The request needs a description.")
    if ground.find_private(request.description) or ground.find_private(request.address_string):
        reasons.append("The request may be shown in public and holds a private detail. Take it out.")
    return reasons
