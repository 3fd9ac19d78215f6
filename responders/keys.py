"""How many people have to approve what goes out: pure judging of rules, and what they are judged on.

One key is enough unless a rule that is switched on asks for two. The ready 911 text never waits for a second person,
unless a rule about emergencies itself says so (invariant 7).
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from unicodedata import category, normalize

from babel import Locale, UnknownLocaleError
from sqlmodel import Session, col, select

from models import (
    POWERS,
    Account,
    Intent,
    KeyRule,
    Mention,
    Power,
    Reply,
    ReplyTemplate,
    RuleAbout,
    Service,
    StaffUser,
    Understanding,
)
from models.keys import MOST_KEYS
from models.pictures import pictures_of
from models.threads import posts_of
from responders.drafting import Key
from responders.objections import Decided

WANTS = {
    Intent.SERVICE_REQUEST: "they ask for a service",
    Intent.STATUS_ENQUIRY: "they ask how a request stands",
    Intent.QUESTION: "they ask a question",
    Intent.COMPLAINT: "they complain",
    Intent.PRAISE: "they thank us",
    Intent.EMERGENCY: "it is an emergency",
    Intent.CHATTER: "they are chatting",
}
ALONE = (
    "Nobody else here may approve yet: invite a colleague on the page Staff, say under your name which languages you "
    "read, or let a supervisor change the rules for two keys."
)
ALWAYS = (RuleAbout.UNREAD_LANGUAGE, RuleAbout.ELECTION)
"""Kinds of rules that need no list of what they want."""


@dataclass(frozen=True, slots=True)
class Keys:
    """How many people have to approve, why, and how long the words are held afterwards at least."""

    count: int = 1
    reasons: tuple[str, ...] = ()
    hold: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules look at. `texts`: (where it stands, the text). `reads`: languages `who` can judge a reply in.

    `service_code` and `service`: of the first request. `added`: name by code, of the requests filed beside it.
    """

    account: str
    intents: frozenset[str]
    service_code: str
    service: str
    language: str
    texts: Sequence[tuple[str, str]]
    who: str
    reads: Collection[str]
    ready_911: bool = False
    added: Mapping[str, str] = field(default_factory=dict)

    @property
    def codes(self) -> frozenset[str]:
        """The services of every request."""
        return frozenset({self.service_code, *self.added})

    def name_of(self, code: str) -> str:
        """What one of its services is called."""
        return self.service if code == self.service_code else self.added[code]


def keys_needed(
    session: Session, mention: Mention, reply: Reply | None, decided: Decided, staff: StaffUser, now: datetime
) -> Keys:
    """How many people have to approve this decision when `staff` is the one who approves it now."""
    active = session.exec(select(KeyRule).where(col(KeyRule.active).is_(True)).order_by(col(KeyRule.id))).all()
    rules = [rule for rule in active if in_period(rule, now)]
    keys = judge(rules, case_of(session, mention, reply, decided, staff)) if rules else Keys()
    return replace(keys, reasons=(*keys.reasons, ALONE)) if keys.count > 1 and _is_alone(session, staff) else keys


def _is_alone(session: Session, staff: StaffUser) -> bool:
    """Whether nobody else at this desk may approve."""
    approvers = [role for role, powers in POWERS.items() if Power.APPROVE in powers]
    others = select(StaffUser.id).where(
        StaffUser.id != staff.id, col(StaffUser.active).is_(True), col(StaffUser.role).in_(approvers)
    )
    return session.exec(others.limit(1)).first() is None


def judge(rules: Iterable[KeyRule], case: Case) -> Keys:
    """What these rules make of a case. Pure."""
    count, reasons, hold = 1, [], timedelta(0)
    for rule in rules:
        if not (why := why_touched(rule, case)):
            continue
        count = max(count, min(rule.keys, MOST_KEYS))
        hold = max(hold, timedelta(seconds=rule.hold_seconds or 0))
        if rule.keys > 1:
            reasons.append(f"Two keys: {why}.")
        elif rule.hold_seconds:
            reasons.append(f"Held for {rule.hold_seconds} seconds: {why}.")
    return Keys(count, tuple(reasons), hold)


def in_period(rule: KeyRule, now: datetime) -> bool:
    """Whether a rule holds at this time; one without a period always does."""
    return (rule.begins_at is None or rule.begins_at <= now) and (rule.ends_at is None or now < rule.ends_at)


def why_touched(rule: KeyRule, case: Case) -> str:
    """What of a case a rule is about, as the end of a sentence; "" where it does not touch it."""
    if case.ready_911 and not (rule.about == RuleAbout.INTENT and Intent.EMERGENCY in rule.wanted):
        return ""
    wanted = frozenset(rule.wanted)
    match rule.about:
        case RuleAbout.INTENT if found := sorted(case.intents & wanted):
            return WANTS[Intent(found[0])]
        case RuleAbout.SERVICE if codes := sorted(case.codes & wanted):
            return f"it is about {case.name_of(codes[0])}"
        case RuleAbout.ACCOUNT if case.account in wanted:
            return f"it goes out on the account {case.account}"
        case RuleAbout.RISK_WORDS:
            return next((f"the {where} holds {word!r}" for where, word in _risky(rule.wanted, case.texts)), "")
        case RuleAbout.UNREAD_LANGUAGE if case.language not in case.reads:
            return f"{case.who} does not read {name_of_language(case.language)}"
        case RuleAbout.ELECTION:
            return rule.label or "it is the time before an election"
    return ""


def _risky(words: Sequence[str], texts: Sequence[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    for where, text in texts:
        for word in words:
            if found := _pattern(normalize("NFC", word)).search(normalize("NFC", text)):
                yield where, found[0]


@lru_cache(maxsize=4096)
def _pattern(word: str) -> re.Pattern[str]:
    """A risk word as whole words, with `*` for any ending; scripts that put no space between words match anywhere."""
    stem = word.strip().removesuffix("*").strip()
    if not stem:
        return re.compile(r"(?!)")
    escaped = r"\s+".join(re.escape(part) for part in stem.split())
    if any(category(letter) == "Lo" for letter in stem):  # scripts without capitals join words to others
        return re.compile(escaped, re.IGNORECASE)
    ending = r"\w*" if word.strip().endswith("*") else ""
    return re.compile(rf"(?<!\w){escaped}{ending}(?!\w)", re.IGNORECASE)


@lru_cache
def name_of_language(tag: str) -> str:
    """A language tag in English words."""
    try:
        return Locale.parse(tag, sep="-").get_display_name("en") or tag
    except (UnknownLocaleError, ValueError):
        return tag


def case_of(session: Session, mention: Mention, reply: Reply | None, decided: Decided, staff: StaffUser) -> Case:
    """What the rules look at in a decision that stands on the page."""
    understanding = session.exec(
        select(Understanding).where(Understanding.mention_id == mention.id).order_by(col(Understanding.id).desc())
    ).first()
    intent = (decided.said.intent if decided.said else None) or (understanding.intent if understanding else None)
    request = decided.request
    code = (request.service_code if request else None) or mention.service_code or _guessed(understanding)
    added = [one.fields.service_code for one in decided.more if one.file and one.fields.service_code]
    texts = [("reply", decided.reply_text or ""), *([("request", request.description)] if request else [])]
    texts += [("request", one.fields.description) for one in decided.more if one.file]
    texts += [("picture", one.alt_text) for one in pictures_of(session, reply.id or 0)] if reply else []
    texts += [("post", post.text) for post in posts_of(session, mention.id or 0)]
    return Case(
        account=session.get_one(Account, mention.account_id).name,
        intents=intents_of(intent, danger=mention.danger),
        service_code=code,
        service=_name(session, code),
        language=decided.language if decided.reply_text is not None else "en",
        texts=texts,
        who=staff.display_name,
        reads=[*staff.reads, "en"] if decided.reply_text is None else staff.reads,
        ready_911=mention.danger and is_ready_911(session, reply, decided.reply_text),
        added={one: _name(session, one) for one in added},
    )


def intents_of(intent: Intent | None, *, danger: bool) -> frozenset[str]:
    """What they want, and an emergency whatever else it is where there is a danger."""
    return frozenset({*([intent] if intent else []), *([Intent.EMERGENCY] if danger else [])})


def is_ready_911(session: Session, reply: Reply | None, text: str | None) -> bool:
    """Whether a reply is our 911 text as it stands among the wordings, but for a sign-off."""
    if reply is None or text is None or reply.template_key != Key.EMERGENCY_911:
        return False
    bodies = session.exec(
        select(ReplyTemplate.body).where(ReplyTemplate.key == Key.EMERGENCY_911, col(ReplyTemplate.active).is_(True))
    ).all()
    said = text.strip()
    return any(said == body.strip() or re.fullmatch(re.escape(body.strip()) + r"\s\S{1,5}", said) for body in bodies)


def _name(session: Session, code: str) -> str:
    service = session.get(Service, code) if code else None
    return service.service_name if service else code


def _guessed(understanding: Understanding | None) -> str:
    return (understanding.service_code if understanding else None) or ""
