"""A chat as a calendar file. Source: RFC 5545 (UTC times, a UID that stays, SEQUENCE that rises with each change)."""

from datetime import UTC, datetime

from icalendar import Calendar, Event
from starlette.responses import Response

from hark311.console.pages import Console
from models import ChatState, TweetChat
from responders.chats.people import begins_at, ends_at

UID_HOST = "tweet-chats.hark311"


def calendar_file(chat: TweetChat, console: Console, now: datetime) -> bytes:
    """One VEVENT; a cancelled chat says so. Holds what the public page tells, and no name of anybody."""
    settings = console.product.settings
    calendar = Calendar()
    calendar.add("prodid", "-//hark311//tweet chats//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    event = Event()
    event.add("uid", f"{chat.slug}@{UID_HOST}")
    event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    event.add("last-modified", chat.changed_at.astimezone(UTC).replace(microsecond=0))
    event.add("sequence", chat.revision)
    event.add("dtstart", begins_at(chat).astimezone(UTC))
    event.add("dtend", ends_at(chat).astimezone(UTC))
    event.add("summary", f"{chat.title} (#{chat.hashtag})")
    event.add("description", f"{chat.about}\n\n{settings.city_name}: #{chat.hashtag}".strip())
    event.add("status", "CANCELLED" if chat.state == ChatState.CANCELLED else "CONFIRMED")
    if settings.status_page and chat.public:
        event.add("url", f"{settings.status_page}/event/{chat.slug}")
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


def as_download(written: bytes, chat: TweetChat) -> Response:
    """The file, named after the chat."""
    return Response(
        written,
        media_type="text/calendar; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{chat.slug}.ics"'},
    )
