"""An account that rests for good: neither heard nor answered, and all that was said on it stays."""

from datetime import datetime

from sqlmodel import Session

from models import Account, record


def retire(session: Session, account: Account, by: str, now: datetime) -> bool:
    """Neither hear nor answer an account any more; all that was said stays. False where it is retired already."""
    if account.retired_at is not None:
        return False
    account.retired_at = now
    session.add(account)
    record(session, "Account", account.id or 0, by, "retired: neither heard nor answered any more", now)
    return True


def bring_back(session: Session, account: Account, by: str, now: datetime) -> bool:
    """Hear and answer a retired account again, from where it was left. False where it is not retired."""
    if account.retired_at is None:
        return False
    account.retired_at = None
    account.takes_words()
    session.add(account)
    record(session, "Account", account.id or 0, by, "brought back: heard and answered again", now)
    return True
