"""The state machines, as pure tables.

A conversation with a resident, a reply and a service request each have their own life; one column for all
three is what makes "sent but rejected" possible elsewhere. `models.transitions.advance` is the only code that
changes a state, and it looks here whether it may. The diagrams in docs/explanation/lifecycles.md are made from
these tables. Source: design, section 3.
"""

from enum import StrEnum
from typing import Final


class MentionState(StrEnum):
    RECEIVED = "received"
    UNDERSTOOD = "understood"
    DRAFTED = "drafted"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    CLOSED = "closed"
    REJECTED = "rejected"
    SET_ASIDE = "set_aside"
    WITHDRAWN = "withdrawn"


class ReplyState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SENDING = "sending"
    SENT = "sent"
    HANDED_OVER = "handed_over"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RequestState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    TOKEN_PENDING = "token_pending"  # noqa: S105 - a state of GeoReport v2, not a secret
    UNCERTAIN = "uncertain"
    REFUSED = "refused"
    JOINED = "joined"
    CANCELLED = "cancelled"


class FixedState(StrEnum):
    """What came of our question whether it is fixed."""

    OPEN = "open"
    YES = "yes"
    NO = "no"
    SILENT = "silent"
    WITHDRAWN = "withdrawn"


class ChatState(StrEnum):
    """Where a tweet chat is. Whether it is paused stands beside it: a paused chat is live."""

    PLANNED = "planned"
    LIVE = "live"
    ENDED = "ended"
    CANCELLED = "cancelled"


class ModerationState(StrEnum):
    """Where an act of moderation is."""

    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    LIFTED = "lifted"
    EXPIRED = "expired"


Moves = dict[str, dict[str, str]]
"""from-state -> {to-state: why it happens}"""

_M, _R, _Q, _F = MentionState, ReplyState, RequestState, FixedState
_C, _A = ChatState, ModerationState

MENTION: Final[Moves] = {
    _M.RECEIVED: {_M.UNDERSTOOD: "the classifier answered, abstained or failed"},
    _M.UNDERSTOOD: {
        _M.DRAFTED: "request and reply are drafted",
        _M.SET_ASIDE: "a rule set chatter aside, reversibly",
    },
    _M.DRAFTED: {
        _M.IN_REVIEW: "a person claims it",
        _M.UNDERSTOOD: "the post was edited and is understood anew",
        _M.CLOSED: "its author says that it is fixed, and nothing is left to decide",
    },
    _M.IN_REVIEW: {
        _M.DRAFTED: "released, or the claim ran out",
        _M.APPROVED: "a person decided: reply, request or both",
        _M.REJECTED: "a person decided: nothing to do, with a reason",
        _M.SET_ASIDE: "a person set it aside",
    },
    _M.APPROVED: {
        _M.CLOSED: "its replies and requests are settled",
        _M.DRAFTED: "its reply or request came back: taken back, refused, or overtaken by a newer post",
    },
    _M.CLOSED: {_M.DRAFTED: "the author wrote again, the city has news, or a person reopened it"},
    _M.REJECTED: {_M.DRAFTED: "the author wrote again, the city has news, or a person reopened it"},
    _M.SET_ASIDE: {_M.DRAFTED: "the author wrote again, the city has news, or a person reopened it"},
    _M.WITHDRAWN: {},
}
for _state, _moves in MENTION.items():
    if _state != _M.WITHDRAWN:
        _moves[_M.WITHDRAWN] = "its author deleted it"

REPLY: Final[Moves] = {
    _R.DRAFT: {_R.IN_REVIEW: "its maker hands it in", _R.CANCELLED: "superseded or withdrawn"},
    _R.IN_REVIEW: {
        _R.APPROVED: "as many people as its risk demands approved it",
        _R.DRAFT: "returned to its maker",
        _R.CANCELLED: "superseded or withdrawn",
    },
    _R.APPROVED: {
        _R.SENDING: "the outbox claimed it",
        _R.IN_REVIEW: "newer post, recall or edit: a new revision",
        _R.HANDED_OVER: "a person posts it by hand",
        _R.CANCELLED: "withdrawn",
    },
    _R.SENDING: {
        _R.SENT: "the channel confirmed it",
        _R.APPROVED: "the channel asked us to wait",
        _R.FAILED: "the channel refused it",
        _R.UNCERTAIN: "it may have been posted",
    },
    _R.HANDED_OVER: {_R.SENT: "our own post was seen", _R.APPROVED: "given back"},
    _R.UNCERTAIN: {
        _R.SENT: "proof that it landed, or a person says so",
        _R.APPROVED: "proof that it did not land",
        _R.CANCELLED: "a person drops it",
    },
    _R.FAILED: {_R.IN_REVIEW: "a person takes it up again", _R.CANCELLED: "a person drops it"},
    _R.SENT: {},
    _R.CANCELLED: {},
}

REQUEST: Final[Moves] = {
    _Q.DRAFT: {
        _Q.IN_REVIEW: "a person opens it",
        _Q.JOINED: "a person joins it to another",
        _Q.CANCELLED: "not needed, or withdrawn",
    },
    _Q.IN_REVIEW: {
        _Q.APPROVED: "a person approved it",
        _Q.DRAFT: "released",
        _Q.JOINED: "a person joins it to another",
        _Q.CANCELLED: "not needed, or withdrawn",
    },
    _Q.APPROVED: {
        _Q.SUBMITTING: "the job claimed it",
        _Q.CANCELLED: "withdrawn before submission",
        _Q.IN_REVIEW: "taken back before submission",
    },
    _Q.SUBMITTING: {
        _Q.SUBMITTED: "the city took it",
        _Q.TOKEN_PENDING: "the city answered with a token",
        _Q.APPROVED: "the city asked us to wait",
        _Q.REFUSED: "the city refused it",
        _Q.UNCERTAIN: "it may have been filed",
    },
    _Q.TOKEN_PENDING: {_Q.SUBMITTED: "the token became a number", _Q.REFUSED: "the city dropped the token"},
    _Q.UNCERTAIN: {
        _Q.SUBMITTED: "proof that it was filed",
        _Q.APPROVED: "proof that it was not filed",
        _Q.IN_REVIEW: "a person takes it up again",
    },
    _Q.REFUSED: {_Q.IN_REVIEW: "a person takes it up again"},
    _Q.JOINED: {_Q.DRAFT: "un-joined"},
    _Q.SUBMITTED: {},
    _Q.CANCELLED: {},
}

FIXED: Final[Moves] = {
    _F.OPEN: {
        _F.YES: "the resident says that it is fixed",
        _F.NO: "the resident says that it is not fixed",
        _F.SILENT: "nobody answered in time",
        _F.WITHDRAWN: "there is nobody to answer any more, or a later closing is asked about",
    },
    _F.SILENT: {
        _F.OPEN: "asked once more",
        _F.YES: "the resident says so late, or a person heard it elsewhere",
        _F.NO: "the resident says so late, or a person heard it elsewhere",
        _F.WITHDRAWN: "there is nobody to answer any more, or a later closing is asked about",
    },
    _F.YES: {_F.NO: "the answer was changed", _F.OPEN: "the answer was deleted"},
    _F.NO: {_F.YES: "the answer was changed", _F.OPEN: "the answer was deleted"},
    _F.WITHDRAWN: {},
}

CHAT: Final[Moves] = {
    _C.PLANNED: {_C.LIVE: "its time has come, or the host opens it", _C.CANCELLED: "it does not take place"},
    _C.LIVE: {_C.ENDED: "its time is over, or the host ends it"},
    _C.ENDED: {_C.LIVE: "the host goes on"},
    _C.CANCELLED: {_C.PLANNED: "it takes place after all"},
}

MODERATION: Final[Moves] = {
    _A.PROPOSED: {
        _A.IN_FORCE: "as many people as it needs said so",
        _A.REFUSED: "the second person said no, or its maker took it back",
    },
    _A.IN_FORCE: {_A.LIFTED: "a person lifted it, or the appeal was granted", _A.EXPIRED: "its time is over"},
    _A.REFUSED: {},
    _A.LIFTED: {},
    _A.EXPIRED: {},
}

MACHINES: Final[dict[str, Moves]] = {
    "Mention": MENTION,
    "Reply": REPLY,
    "ServiceRequest": REQUEST,
    "FixedQuestion": FIXED,
    "TweetChat": CHAT,
    "ModerationAct": MODERATION,
}

OPEN_MENTIONS: Final = (_M.RECEIVED, _M.UNDERSTOOD, _M.DRAFTED, _M.IN_REVIEW, _M.APPROVED)
WAITING_FOR_A_PERSON: Final = (_M.DRAFTED, _M.IN_REVIEW)
SETTLED_REPLIES: Final = (_R.SENT, _R.CANCELLED)
SETTLED_REQUESTS: Final = (_Q.SUBMITTED, _Q.JOINED, _Q.CANCELLED)


class IllegalTransition(Exception):
    """A state change that no table allows. The row is left as it was."""

    def __init__(self, machine: str, from_state: str, to_state: str) -> None:
        super().__init__(f"{machine}: {from_state} -> {to_state} is not a legal transition")
        self.machine, self.from_state, self.to_state = machine, from_state, to_state


def may(machine: str, from_state: str, to_state: str) -> bool:
    """Whether the machine's table allows this step."""
    return to_state in MACHINES[machine].get(from_state, {})
