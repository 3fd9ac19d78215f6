"""What tells residents of the city's news, made from the settings."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from hark311.product import Redact
from hark311.settings import Settings
from models import Database
from responders.registry import length_of
from responders.review import Desk
from responders.status import StatusReplies


def telling_of(settings: Settings, database: Database, desk: Desk, redact: Redact) -> StatusReplies:
    """What drafts status replies, with the rules and the clock of a desk."""
    return StatusReplies(
        database,
        length_of,
        redact=redact,
        clock=desk.clock,
        zone=ZoneInfo(settings.city_time_zone),
        speaking=desk.speaking,
        digest=timedelta(minutes=settings.status_digest_minutes),
    )
