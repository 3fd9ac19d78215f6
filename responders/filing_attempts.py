"""What is known of the attempts to file a request: which of them may have had an effect."""

from sqlmodel import Session, col, select

from models import AttemptOutcome, SendAttempt, ServiceRequest

IN_DOUBT = (AttemptOutcome.PENDING, AttemptOutcome.UNCERTAIN, AttemptOutcome.PROVED_ABSENT)


def first_in_doubt(session: Session, request: ServiceRequest) -> SendAttempt | None:
    """The first of the latest attempts at what was approved, if it is not certain that they had no effect."""
    first: SendAttempt | None = None
    for attempt in session.exec(
        select(SendAttempt)
        .where(SendAttempt.request_id == request.id, SendAttempt.outcome != AttemptOutcome.DEFERRED)
        .order_by(col(SendAttempt.id).desc())
    ).all():
        if attempt.outcome not in IN_DOUBT or (request.approved_at and attempt.started_at < request.approved_at):
            break
        first = attempt
    return first


def newest_attempt(session: Session, request: ServiceRequest) -> SendAttempt | None:
    """The latest attempt at filing a request."""
    return session.exec(
        select(SendAttempt).where(SendAttempt.request_id == request.id).order_by(col(SendAttempt.id).desc()).limit(1)
    ).first()
