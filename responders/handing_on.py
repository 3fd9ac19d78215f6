"""From one person to the next: the first of two keys, a draft handed in, and a return to who made it.

A key holds for exactly the words and the thread it was given for. Nothing is ever sent because time went by.
"""

import json
from datetime import datetime
from hashlib import sha256

from sqlmodel import Session, col, select

from models import Decision, HandedOn, Mention, Power, Reply, StaffUser, handed_on
from models.pictures import pictures_of
from models.threads import newest_said
from responders.claims import open_reply, open_requests, release
from responders.deciding import NotApproved, note_decision
from responders.objections import Decided


def covered(session: Session, mention: Mention) -> str:
    """The SHA-256 of all words and pictures that wait now, of where they go, and of the version they answer."""
    reply = open_reply(session, mention)
    words = [
        [mention.version, mention.round, newest_said(session, mention)],
        [_plain(reply.text), reply.language, reply.conversation_id, *_pictures(session, reply)] if reply else [],
        [
            [one.part, one.service_code, _plain(one.description), _plain(one.address_string), one.lat, one.long]
            + ([one.attribute] if one.attribute else [])
            + (["without their photo"] if one.media_url and not one.with_photo else [])
            for one in open_requests(session, mention)
        ],
    ]
    return sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()


def first_key(session: Session, mention: Mention, decided: Decided) -> HandedOn | None:
    """The first key that covers exactly this decision, from anybody who may still approve; None where there is none."""
    waiting = handed_on(session, mention)
    if waiting is None or not waiting.key or not mention.second_key:
        return None
    if not session.get_one(StaffUser, waiting.staff_id).may(Power.APPROVE):
        return None
    same_parts = (waiting.text is None, waiting.files) == (decided.reply_text is None, _files(decided))
    return waiting if same_parts and waiting.covers == covered(session, mention) else None


def hand_on(
    session: Session, mention: Mention, staff: StaffUser, decided: Decided, now: datetime, *, key: bool
) -> None:
    """Put what somebody decided back into the queue, for another person: with the first key, or as a draft."""
    _end(session, mention, "changed", now)
    reply, request = open_reply(session, mention), decided.request
    session.add(
        HandedOn(
            mention_id=mention.id or 0,
            reply_id=reply.id if reply else None,
            staff_id=staff.id or 0,
            at=now,
            key=key,
            covers=covered(session, mention),
            text=decided.reply_text,
            language=decided.language,
            files=_files(decided),
            request=_fields(decided) if request else None,
        )
    )
    mention.second_key, mention.handed_on_by, mention.handed_on_at = key, staff.id, now
    decision, why = (Decision.FIRST_KEY, "the first key is given") if key else (Decision.HANDED_IN, "handed in")
    note_decision(session, mention, staff, decision, now, reply=reply, words=decided.reply_text or "")
    release(session, mention, f"staff:{staff.id}", why, now)


def void_if_changed(session: Session, mention: Mention, now: datetime) -> None:
    """Other words than those handed on are nobody's key."""
    waiting = handed_on(session, mention)
    if waiting is not None and mention.second_key and waiting.covers != covered(session, mention):
        end_handing_on(session, mention, "changed", now)


def end_handing_on(session: Session, mention: Mention, why: str, now: datetime) -> None:
    """Nothing waits for another person any more."""
    _end(session, mention, why, now)
    mention.second_key, mention.handed_on_by, mention.handed_on_at = False, None, None
    session.add(mention)


def give_back_to_maker(session: Session, mention: Mention, staff: StaffUser, reason: str, now: datetime) -> None:
    """Return what was handed on, with a reason; it is the maker's again. Raises NotApproved."""
    waiting = last_handed_on(session, mention)
    if waiting is None or waiting.ended_because not in ("", "changed"):
        raise NotApproved(["Nobody handed it on, so there is nobody to return it to. Give it back instead."])
    if waiting.staff_id == staff.id:
        raise NotApproved(["You handed it on yourself. Change the words and approve them anew instead."])
    reply = open_reply(session, mention)
    note_decision(session, mention, staff, Decision.RETURNED, now, reason=reason, reply=reply, words=_text(reply))
    end_handing_on(session, mention, "returned", now)
    waiting.ended_at, waiting.ended_because = now, "returned"
    mention.assigned_to = waiting.staff_id
    release(session, mention, f"staff:{staff.id}", "returned to its maker", now)


def last_handed_on(session: Session, mention: Mention) -> HandedOn | None:
    """What somebody handed on last, whether or not it still waits."""
    newest = select(HandedOn).where(HandedOn.mention_id == mention.id).order_by(col(HandedOn.id).desc())
    return session.exec(newest.limit(1)).first()


def _end(session: Session, mention: Mention, why: str, now: datetime) -> None:
    open_ones = select(HandedOn).where(HandedOn.mention_id == mention.id, col(HandedOn.ended_at).is_(None))
    current = handed_on(session, mention)
    for one in session.exec(open_ones).all():  # one that a newer post voided was never ended
        one.ended_at, one.ended_because = now, why if one is current else "overtaken"
        session.add(one)


def _files(decided: Decided) -> str:
    first = ["first"] if decided.request is not None else []
    return ",".join([*first, *(str(one.request_id) for one in decided.more if one.file)])


def _fields(decided: Decided) -> dict[str, str | float | None]:
    request = decided.request
    if request is None:
        return {}
    return {
        "service_code": request.service_code,
        "description": request.description,
        "address_string": request.address_string,
        "lat": request.lat,
        "long": request.long,
    }


def _text(reply: Reply | None) -> str:
    return reply.text if reply else ""


def _pictures(session: Session, reply: Reply) -> list[tuple[str, str]]:
    return [(sha256(one.content).hexdigest(), one.alt_text) for one in pictures_of(session, reply.id or 0)]


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
