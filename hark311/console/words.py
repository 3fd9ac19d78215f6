"""What the desk calls things: states, kinds and reasons as staff read them."""

import re
from dataclasses import dataclass

from models import (
    CHANNELS,
    AccountHealth,
    AttemptOutcome,
    Channel,
    Decision,
    EvidenceKind,
    FeatureKind,
    FixedState,
    Intent,
    LayerKind,
    MentionState,
    ReplyState,
    RequestState,
    Role,
    ScopeKind,
)
from models.posts import AttachmentKind
from responders.tray import Trouble


@dataclass(frozen=True, slots=True)
class Sign:
    """A state as shape, word and colour: an icon's name, the word beside it, and a colour role."""

    icon: str
    word: str
    tone: str = "quiet"


MENTION = {
    MentionState.RECEIVED: Sign("circle-dashed", "arriving"),
    MentionState.UNDERSTOOD: Sign("circle-dot-dashed", "being drafted"),
    MentionState.DRAFTED: Sign("circle", "waiting"),
    MentionState.IN_REVIEW: Sign("contrast", "in review", "act"),
    MentionState.APPROVED: Sign("clock-3", "on its way", "act"),
    MentionState.CLOSED: Sign("circle-check", "closed", "ok"),
    MentionState.REJECTED: Sign("circle-x", "no answer"),
    MentionState.SET_ASIDE: Sign("archive", "set aside"),
    MentionState.WITHDRAWN: Sign("ban", "deleted"),
}
ROLES = {
    Role.VIEWER: "viewer",
    Role.DRAFTER: "drafter",
    Role.APPROVER: "approver",
    Role.CHAT_MODERATOR: "chat moderator",
    Role.CHAT_GUEST: "guest of a tweet chat",
    Role.SUPERVISOR: "supervisor",
    Role.ADMIN: "administrator",
}
ROLES_DO = {
    Role.VIEWER: "reads everything, changes nothing",
    Role.DRAFTER: "writes drafts, for others to approve",
    Role.APPROVER: "writes and approves what leaves",
    Role.CHAT_MODERATOR: "approves, and runs chats",
    Role.CHAT_GUEST: "only the tweet chats they are in, until a day after",
    Role.SUPERVISOR: "answers for the work: wordings, rules, standing approvals",
    Role.ADMIN: "a supervisor who looks after people and accounts as well",
}
SCOPES = {ScopeKind.ACCOUNT: "account", ScopeKind.SERVICE: "service", ScopeKind.AREA: "area"}
DANGER = Sign("triangle-alert", "danger", "danger")

REPLY = {
    ReplyState.DRAFT: Sign("circle", "draft"),
    ReplyState.IN_REVIEW: Sign("contrast", "in review", "act"),
    ReplyState.APPROVED: Sign("clock-3", "approved", "act"),
    ReplyState.SENDING: Sign("refresh-cw", "sending", "act"),
    ReplyState.SENT: Sign("check", "sent", "ok"),
    ReplyState.HANDED_OVER: Sign("user-round", "to be posted by hand", "warn"),
    ReplyState.UNCERTAIN: Sign("circle-question-mark", "uncertain", "warn"),
    ReplyState.FAILED: Sign("x", "not sent", "warn"),
    ReplyState.CANCELLED: Sign("ban", "dropped"),
}

REQUEST = {
    RequestState.DRAFT: Sign("circle", "draft"),
    RequestState.IN_REVIEW: Sign("contrast", "in review", "act"),
    RequestState.APPROVED: Sign("clock-3", "approved", "act"),
    RequestState.SUBMITTING: Sign("refresh-cw", "being filed", "act"),
    RequestState.SUBMITTED: Sign("check", "filed", "ok"),
    RequestState.TOKEN_PENDING: Sign("clock-3", "filed, number to come", "act"),
    RequestState.UNCERTAIN: Sign("circle-question-mark", "uncertain", "warn"),
    RequestState.REFUSED: Sign("x", "refused", "warn"),
    RequestState.JOINED: Sign("check", "joined to another"),
    RequestState.CANCELLED: Sign("ban", "dropped"),
}

TROUBLE = {
    Trouble.REFUSED: Sign("x", "refused", "warn"),
    Trouble.UNCERTAIN: Sign("circle-question-mark", "may be there", "warn"),
    Trouble.DEFERRED: Sign("clock-3", "waits", "act"),
    Trouble.TOKEN: Sign("clock-3", "number overdue", "act"),
}

HEALTH = {
    AccountHealth.OK: Sign("check", "listening", "ok"),
    AccountHealth.NEVER_CONTACTED: Sign("circle-dashed", "not heard yet", "warn"),
    AccountHealth.RATE_LIMITED: Sign("clock-3", "asked to wait", "warn"),
    AccountHealth.UNAVAILABLE: Sign("x", "not reachable", "warn"),
    AccountHealth.NO_PERMISSION: Sign("key-round", "not allowed", "warn"),
    AccountHealth.CREDENTIALS_REJECTED: Sign("key-round", "key refused", "warn"),
    AccountHealth.SENDING_REFUSED: Sign("key-round", "cannot send", "warn"),
}

RETIRED = Sign("archive", "retired")
NOBODY_LISTENS = Sign("x", "nobody listens", "warn")

HEALTH_SENTENCE = {
    AccountHealth.OK: "We are listening.",
    AccountHealth.NEVER_CONTACTED: "We have not reached this channel yet.",
    AccountHealth.RATE_LIMITED: "The channel asked us to wait. Nothing is lost: we go on where we stopped.",
    AccountHealth.UNAVAILABLE: "The channel does not answer. We keep trying, and go on where we stopped.",
    AccountHealth.NO_PERMISSION: "The channel knows our key but does not let it do this; the operator switches it on.",
    AccountHealth.CREDENTIALS_REJECTED: (
        "The channel refuses our key. Nothing comes in and nothing goes out until the operator gives it a new one."
    ),
    AccountHealth.SENDING_REFUSED: (
        "We hear what is posted, but the channel takes no reply from us. What is approved waits; Channels says why."
    ),
}

INTENT = {
    Intent.SERVICE_REQUEST: "asks for a service",
    Intent.STATUS_ENQUIRY: "asks how a request stands",
    Intent.QUESTION: "asks a question",
    Intent.COMPLAINT: "complains",
    Intent.PRAISE: "thanks or praises",
    Intent.EMERGENCY: "reports an emergency",
    Intent.CHATTER: "is chatting",
}

EVIDENCE = {
    EvidenceKind.INTENT: "intent",
    EvidenceKind.CATEGORY: "problem",
    EvidenceKind.DANGER: "danger",
    EvidenceKind.LOCATION: "place",
    EvidenceKind.LANGUAGE: "language",
    EvidenceKind.PRIVATE: "private",
}

MISSING = {
    "service": "what the problem is",
    "place": "where it is",
    "which_place": "which of several places it is",
    "house_number": "the house number",
    "cross_street": "the nearest cross street",
}

PLACE_KIND = {
    "address": "a house number",
    "block": "a block",
    "intersection": "a crossing",
    "landmark": "a landmark",
    "stop": "a stop",
    "street": "a whole street",
    "waterway": "a waterway",
    "area": "a whole area",
    "pin": "their pin on the map",
    "photo": "where their photo was taken",
}

FEATURE_KIND = {
    FeatureKind.STREET: ("street known by name", "streets known by name"),
    FeatureKind.SEGMENT: ("stretch of a street", "stretches of streets"),
    FeatureKind.CROSSING: ("crossing", "crossings"),
    FeatureKind.HOUSE: ("address", "addresses"),
    FeatureKind.LANDMARK: ("landmark", "landmarks"),
    FeatureKind.STOP: ("stop", "stops"),
    FeatureKind.WATERWAY: ("waterway", "waterways"),
    FeatureKind.AREA: ("area", "areas"),
    FeatureKind.NICKNAME: ("nickname", "nicknames"),
}
"""One of it, and several."""

FOUND_IN = {
    LayerKind.STREETS: "the city's streets",
    LayerKind.ADDRESSES: "the city's addresses",
    LayerKind.OSM: "OpenStreetMap",
    LayerKind.STOPS: "the list of stops",
    LayerKind.LANDMARKS: "the list of landmarks",
    LayerKind.AREAS: "the city's areas",
    LayerKind.PAST_REQUESTS: "the city's past requests",
    LayerKind.NICKNAMES: "a nickname kept on the desk",
    LayerKind.STARTER: "the gazetteer that came with hark311",
    LayerKind.FEATURES: "a gazetteer read from a file",
}

FOUND_BY = {"gazetteer": "the city's gazetteer", "text": "in no list: their words alone"}

ATTACHMENT = {
    AttachmentKind.PHOTO: Sign("image", "photo"),
    AttachmentKind.VIDEO: Sign("video", "video"),
    AttachmentKind.VOICE: Sign("mic", "voice message"),
    AttachmentKind.DOCUMENT: Sign("file-text", "document"),
}

FIXED = {
    FixedState.OPEN: Sign("clock-3", "asked, no answer yet"),
    FixedState.YES: Sign("check", "fixed, they say", "ok"),
    FixedState.NO: Sign("x", "not fixed, they say", "warn"),
    FixedState.SILENT: Sign("circle-x", "no answer"),
    FixedState.WITHDRAWN: Sign("ban", "not asked any more"),
}

OUTCOME = {
    AttemptOutcome.PENDING: "under way",
    AttemptOutcome.DONE: "went through",
    AttemptOutcome.DEFERRED: "asked to wait",
    AttemptOutcome.REFUSED: "refused",
    AttemptOutcome.UNCERTAIN: "no certain answer",
    AttemptOutcome.PROVED_ABSENT: "did not arrive",
}

DECISION = {
    Decision.FIRST_KEY: "gave the first key",
    Decision.APPROVED: "approved it",
    Decision.HANDED_IN: "handed it in",
    Decision.REJECTED: "closed it without an answer",
    Decision.SET_ASIDE: "set it aside",
    Decision.RETURNED: "returned it",
    Decision.TAKEN_BACK: "took it back",
    Decision.SAYS_SENT: "saw the reply in the thread",
    Decision.SAYS_NOT_SENT: "saw that the reply is not there, and sent it again",
    Decision.DROPPED: "dropped the reply",
    Decision.REOPENED: "opened it again",
    Decision.NO_DANGER: "said that it is no danger",
    Decision.FILED_AGAIN: "had the request filed again",
    Decision.SAYS_FILED: "learned that the request arrived",
    Decision.GIVEN_UP: "gave the request up",
    Decision.SAYS_FIXED: "wrote down that it is fixed, as they heard elsewhere",
    Decision.SAYS_NOT_FIXED: "wrote down that it is not fixed, as they heard elsewhere",
    Decision.HANDED_OVER: "took the reply to post it by hand",
    Decision.SAYS_POSTED: "posted the reply by hand",
    Decision.HANDED_BACK: "gave the reply back unposted",
}

THING = {"Mention": "mention", "Reply": "reply", "ServiceRequest": "request", "Post": "post", "Alarm": "alarm"}

LANGUAGES = {
    "en": "English",
    "es": "Spanish",
    "zh-Hans": "Chinese, simplified",
    "zh-Hant": "Chinese, traditional",
    "vi": "Vietnamese",
    "ru": "Russian",
    "uk": "Ukrainian",
    "ar": "Arabic",
    "ht": "Haitian Creole",
    "fr": "French",
    "pt": "Portuguese",
    "ko": "Korean",
    "km": "Khmer",
    "ps": "Pashto",
    "fa": "Persian",
    "bn": "Bengali",
}


PRIVATE_KIND = {"phone": "a phone number", "email": "an e-mail address", "plate": "a licence plate"}
SLOT_WORDS = {"{number}": "the city's number", "{date}": "the promised date"}
_SLOT = re.compile(r"(\{number\}|\{date\})")


def in_words(text: str) -> list[tuple[str, bool]]:
    """A reply cut at its slots: (words, whether the outbox fills them in)."""
    return [(SLOT_WORDS.get(part, part), part in SLOT_WORDS) for part in _SLOT.split(text) if part]


def language_name(tag: str) -> str:
    """A language tag in words; "und" is a language we could not tell."""
    return "language unclear" if tag in ("", "und") else LANGUAGES.get(tag, tag)


def channel_label(channel: str) -> str:
    """What a channel is called."""
    return CHANNELS[Channel(channel)].label


def html_language(tag: str | None) -> str:
    """A language tag fit for an HTML lang attribute; "" where we cannot tell the language."""
    return tag if tag and tag != "und" and tag.replace("-", "").isalnum() and tag.isascii() else ""


def missing_words(missing: list[str]) -> list[str]:
    """What a request still lacks, in words; a word we do not know stands as it is."""
    return [MISSING.get(one, one.replace("_", " ")) for one in missing]


def state_word(about: str, state: str) -> str:
    """An audit entry's state as the desk calls it."""
    signs: dict[str, dict[str, Sign]] = {
        "Mention": {key.value: sign for key, sign in MENTION.items()},
        "Reply": {key.value: sign for key, sign in REPLY.items()},
        "ServiceRequest": {key.value: sign for key, sign in REQUEST.items()},
    }
    sign = signs.get(about, {}).get(state)
    return sign.word if sign else state.replace("_", " ")
