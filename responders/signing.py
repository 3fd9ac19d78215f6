"""Sign-off initials: who speaks for the city stands at the end of a reply. Pure."""

import re
from collections.abc import Mapping
from dataclasses import replace

from models import Account, StaffUser
from responders.may_reply import Speaking, speaking_of
from responders.objections import Decided

INITIALS = "{initials}"
LONGEST_INITIALS = 3
"""A draft leaves room for a space, a sign and as many letters (suggesting.SIGN_OFF_ROOM)."""
_SIGNED = re.compile(r"(?:^|\s)[\^/\u2013\u2014-]\w{1,4}\s*\Z")


def initials_of(staff: StaffUser) -> str:
    """A person's initials, at most three letters; from their name where nobody has set them."""
    words = staff.initials or "".join(word[0] for word in staff.display_name.split())
    return "".join(letter for letter in words if letter.isalnum())[:LONGEST_INITIALS].upper()


def sign_off_of(speaking: Mapping[str, Speaking], account: Account, staff: StaffUser) -> str:
    """What a person's reply ends with on an account, as "^MJ"; "" where it is not signed."""
    pattern, initials = speaking_of(speaking, account.name).sign_off, initials_of(staff)
    return pattern.replace(INITIALS, initials) if pattern and initials else ""


def is_signed(text: str) -> bool:
    """Whether a text ends with anybody's initials."""
    return _SIGNED.search(text) is not None


def signed(text: str, sign_off: str) -> str:
    """The text with the sign-off at its end; unchanged where it is empty, or ends with anybody's initials already."""
    if not sign_off or not text.strip() or is_signed(text):
        return text
    return f"{text.rstrip()} {sign_off}"


def with_sign_off(decided: Decided, sign_off: str) -> Decided:
    """A decision whose reply is signed."""
    return decided if decided.reply_text is None else replace(decided, reply_text=signed(decided.reply_text, sign_off))
