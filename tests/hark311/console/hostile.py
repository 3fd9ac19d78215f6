"""Texts that mean harm, and a mention with one in every field that somebody outside can fill."""

from datetime import datetime

from sqlmodel import Session

from models import Account, Gap, Mention
from tests.hark311.console.factories import (
    add_photo,
    add_post,
    draft_reply,
    draft_request,
    first_post,
    make_author,
    make_mention,
    make_unreadable,
    raise_alarm,
    understand,
)

MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 31337 ** 3 }}</textarea><svg onload=alert(3)>'
FORMATS = "%s %n %(x)s {0} {0.__class__} {number.__class__} ${31337**3} #{31337**3} {% raw %} {{ self.__class__ }}"
TURNED = "\N{RIGHT-TO-LEFT OVERRIDE}drow a\N{POP DIRECTIONAL FORMATTING}\N{RIGHT-TO-LEFT OVERRIDE}"
FORMULA = '=HYPERLINK("https://evil.example","pay here")'
HARM = {
    "markup": MARKUP,
    "formats": FORMATS,
    "turned": TURNED,
    "nul": "a\0b",
    "long": "x" * 10_000,
    "formula": FORMULA,
    "surrogates and controls": "\x1b[31m\r\n\t\x7f\ufffe",
}


def make_hostile(session: Session, account: Account, at: datetime, harm: str = MARKUP + FORMATS + TURNED) -> Mention:
    """A mention with harm in every field of it."""
    session.add(Gap(account_id=account.id or 0, reason=harm, after_post_id=harm, noticed_at=at))
    make_unreadable(session, account, at, raw=harm).reason = harm
    author = make_author(session, handle=harm, name=harm)
    mention = make_mention(
        session, account, at, harm, author=author, danger=True, may_reply=False, may_reply_reason=harm
    )
    post = first_post(session, mention)
    post.url, post.pin_title, post.lat, post.lon, post.language_hint = harm, harm, 1.0, 2.0, harm
    add_post(session, mention, harm + " again", at, chain=post.edit_chain)
    add_photo(session, post, harm, "https://pics.example/" + harm)
    understand(
        session,
        mention,
        post,
        at,
        service_code=harm,
        language=harm[:20],
        failure=harm,
        location_phrase=harm,
        runners_up=[(harm, 0.2)],
    )
    request = draft_request(session, mention, description=harm, address_string=harm, missing=[harm])
    request.service_request_id = harm
    draft_reply(session, mention, harm, language="en")
    raise_alarm(session, mention, harm, at).page_trouble = harm
    return mention
