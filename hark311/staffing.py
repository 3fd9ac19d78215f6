"""Adding people to the staff, by name."""

import re
import unicodedata

from sqlmodel import Session, select

from models import Role, StaffUser, record, utc_now


def ensure_staff(session: Session, name: str, role: Role) -> StaffUser:
    """The person of this name; a new one gets `role`, and initials for the sign-off from the name."""
    username = username_of(name)
    staff = session.exec(select(StaffUser).where(StaffUser.username == username)).first()
    if staff is None:
        initials = "".join(word[0] for word in name.split())[:3].upper()
        staff = StaffUser(username=username, display_name=name.strip(), initials=initials, role=role)
        session.add(staff)
        session.flush()
        record(session, "StaffUser", staff.id or 0, "operator", f"added as {role}", utc_now())
    return staff


def username_of(name: str) -> str:
    """A user name from a person's name: lower case, words joined by dots. Raises ValueError where no letter is."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    username = re.sub(r"[^\w]+", ".", plain).strip(".")
    if not username:
        raise ValueError("a name needs at least one letter")
    return username
