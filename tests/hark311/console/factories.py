"""Rows for the desk's tests. Every person, post and place here is made up."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from sqlmodel import Session, SQLModel, col, select

from models import (
    Account,
    AccountHealth,
    Alarm,
    Attachment,
    Author,
    Channel,
    Conversation,
    Datatype,
    Evidence,
    EvidenceKind,
    Intent,
    Mention,
    MentionState,
    Need,
    Post,
    Reply,
    ReplyState,
    RequestState,
    Role,
    Service,
    ServiceAttribute,
    ServiceRequest,
    StaffUser,
    Understanding,
    UnreadablePost,
)
from models.posts import AttachmentKind, PostKind
from models.requests import new_reference
from models.search import index_mentions
from models.sorting import sort_mention

_numbers = count(1000)
Row = TypeVar("Row", bound=SQLModel)


def unique(prefix: str) -> str:
    return f"{prefix}{next(_numbers)}"


def make_staff(session: Session, display_name: str = "Mara Jennings", role: Role = Role.APPROVER) -> StaffUser:
    initials = "".join(word[0] for word in display_name.split())
    staff = StaffUser(username=unique("staff"), display_name=display_name, initials=initials, role=role)
    return _add(session, staff)


def make_account(session: Session, channel: Channel = Channel.X, handle: str = "Riverton311") -> Account:
    account = Account(
        name=unique("account"), channel=channel, handle=handle, health=AccountHealth.OK, cursor=unique("18")
    )
    return _add(session, account)


def the_account(session: Session, channel: Channel = Channel.X) -> Account:
    """The desk's account on a channel, made where there is none yet."""
    return session.exec(select(Account).where(Account.channel == channel)).first() or make_account(session, channel)


def make_services(session: Session) -> list[Service]:
    rows = (
        ("SR-ST01", "Pothole repair", Need.POINT),
        ("SR-TR02", "Missed trash collection", Need.ADDRESS),
        ("SR-LT03", "Street light out", Need.POINT),
        ("SR-DU04", "Illegal dumping", Need.POINT),
        ("SR-UT05", "Wires down", Need.POINT),
        ("SR-GR06", "Graffiti removal", Need.POINT),
        ("SR-IN07", "Information", Need.NOTHING),
    )
    return [_add(session, Service(service_code=code, service_name=name, needs=needs)) for code, name, needs in rows]


def make_questions(session: Session, service_code: str = "SR-ST01") -> list[ServiceAttribute]:
    """One question of every datatype for a service, and one that is information only."""
    lamps = [{"key": "OUT", "name": "Dark"}, {"key": "DAY", "name": "On all day"}]
    rows: list[tuple[str, Datatype, str, dict[str, Any]]] = [
        ("SAFE", Datatype.TEXT, "Stay away from open holes.", {"variable": False}),
        ("SIZE", Datatype.SINGLE_VALUE_LIST, "How big is it?", {"required": True, "values": lamps}),
        ("KIND", Datatype.MULTI_VALUE_LIST, "What is in it?", {"values": lamps, "datatype_description": "All you saw"}),
        ("COUNT", Datatype.NUMBER, "How many holes?", {}),
        ("SINCE", Datatype.DATETIME, "There since", {}),
        ("PLATE", Datatype.STRING, "License plate", {"private": True, "questions": {"en": "Which plate?"}}),
        ("MORE", Datatype.TEXT, "Anything else?", {}),
    ]
    return [
        _add(
            session,
            ServiceAttribute(
                service_code=service_code, code=code, datatype=datatype, description=words, order=order, **more
            ),
        )
        for order, (code, datatype, words, more) in enumerate(rows, start=1)
    ]


def make_author(session: Session, handle: str = "", name: str = "", channel: Channel = Channel.X) -> Author:
    return _add(session, Author(channel=channel, channel_author_id=unique("9"), handle=handle, display_name=name))


def make_mention(
    session: Session,
    account: Account,
    at: datetime,
    text: str = "pothole at 5th and Cambria is swallowing cars",
    *,
    author: Author | None = None,
    state: MentionState = MentionState.DRAFTED,
    danger: bool = False,
    may_reply: bool = True,
    may_reply_reason: str = "",
) -> Mention:
    """A mention with its conversation and its first post."""
    author = author or make_author(session, handle=unique("resident"), channel=account.channel)
    conversation = _add(
        session,
        Conversation(
            account_id=account.id or 0,
            channel_conversation_id=unique("c"),
            private=account.channel == Channel.TELEGRAM,
        ),
    )
    chain = unique("17")
    mention = _add(
        session,
        Mention(
            account_id=account.id or 0,
            edit_chain=chain,
            conversation_id=conversation.id or 0,
            author_id=author.id or 0,
            state=state,
            needs_understanding=False,
            danger=danger,
            may_reply=may_reply,
            may_reply_reason=may_reply_reason,
            received_at=at,
            changed_at=at,
        ),
    )
    add_post(session, mention, text, at, chain=chain, channel_post_id=chain)
    return mention


def add_post(
    session: Session,
    mention: Mention,
    text: str,
    at: datetime,
    *,
    chain: str = "",
    channel_post_id: str = "",
    kind: PostKind = PostKind.MENTION,
    url: str = "",
) -> Post:
    """Another post in the thread of a mention, or with `chain` another version of one."""
    post_id = channel_post_id or unique("17")
    ours = kind == PostKind.OWN
    post = _add(
        session,
        Post(
            account_id=mention.account_id,
            channel_post_id=post_id,
            edit_chain=chain or post_id,
            conversation_id=mention.conversation_id,
            author_id=None if ours else mention.author_id,
            mention_id=None if ours else mention.id,
            kind=kind,
            text=text,
            url=url,
            created_at=at,
            received_at=at,
        ),
    )
    if post.mention_id:
        index_mentions(session, [post.mention_id])
    return post


def add_photo(session: Session, post: Post, alt_text: str = "", url: str = "") -> Attachment:
    return _add(
        session,
        Attachment(
            post_id=post.id or 0,
            channel_file_id=unique("f"),
            kind=AttachmentKind.PHOTO,
            url=url,
            alt_text=alt_text,
        ),
    )


def understand(
    session: Session,
    mention: Mention,
    post: Post,
    at: datetime,
    *,
    service_code: str | None = "SR-ST01",
    probability: float = 0.93,
    intent: Intent | None = Intent.SERVICE_REQUEST,
    language: str = "en",
    marked: Sequence[tuple[EvidenceKind, str]] = (),
    runners_up: Sequence[tuple[str, float]] = (),
    danger_rule: str = "",
    abstained: bool = False,
    failure: str = "",
    location_phrase: str = "",
) -> Understanding:
    """What the classifier made of a mention; `marked` names the words it rests on."""
    spans = []
    for kind, phrase in marked:
        start = post.text.index(phrase)
        spans.append(Evidence(kind=kind, start=start, end=start + len(phrase), post_id=post.id))
    understanding = _add(
        session,
        Understanding(
            mention_id=mention.id or 0,
            mention_version=mention.version,
            model_version="rules 1",
            language=language,
            language_probability=0.98,
            intent=intent,
            intent_probability=0.9,
            service_code=service_code,
            service_probability=probability,
            runners_up=[{"value": value, "probability": chance} for value, chance in runners_up],
            danger=bool(danger_rule),
            danger_rule=danger_rule,
            abstained=abstained,
            failure=failure,
            location_phrase=location_phrase,
            evidence=[span.model_dump(mode="json") for span in spans],
            created_at=at,
        ),
    )
    sort_mention(session, mention)
    return understanding


def draft_request(
    session: Session,
    mention: Mention,
    *,
    service_code: str | None = "SR-ST01",
    description: str = "Deep pothole in the driving lane.",
    address_string: str = "5th St & Cambria St",
    lat: float | None = 39.99521,
    long: float | None = -75.13912,
    missing: Sequence[str] = (),
    state: RequestState = RequestState.DRAFT,
) -> ServiceRequest:
    request = _add(
        session,
        ServiceRequest(
            mention_id=mention.id or 0,
            reference=new_reference(),
            state=state,
            changed_at=mention.changed_at,
            service_code=service_code,
            description=description,
            address_string=address_string,
            lat=lat,
            long=long,
            missing=list(missing),
        ),
    )
    sort_mention(session, mention)
    return request


def draft_reply(
    session: Session, mention: Mention, text: str, *, language: str = "en", state: ReplyState = ReplyState.DRAFT
) -> Reply:
    return _add(
        session,
        Reply(
            mention_id=mention.id or 0,
            account_id=mention.account_id,
            round=mention.round,
            changed_at=mention.changed_at,
            language=language,
            text=text,
            in_reply_to=mention.edit_chain,
            state=state,
        ),
    )


FILED = (
    "Thanks for telling us about the pothole at 5th St & Cambria St. It is filed as {number}. "
    "A crew should be there by {date}. We will answer here when it is fixed. ^MJ"
)


def make_ready(session: Session, account: Account, at: datetime, handle: str = "") -> Mention:
    """A mention with everything drafted, so that one key approves it. Needs make_services."""
    author = make_author(session, handle=handle, channel=account.channel) if handle else None
    text = "Huge pothole at 5th and Cambria, two cars with flat tires today"
    mention = make_mention(session, account, at, text, author=author)
    post = first_post(session, mention)
    understand(
        session,
        mention,
        post,
        at,
        marked=[(EvidenceKind.CATEGORY, "pothole"), (EvidenceKind.LOCATION, "5th and Cambria")],
        runners_up=[("SR-DU04", 0.03)],
        location_phrase="5th and Cambria",
    )
    draft_request(session, mention)
    draft_reply(session, mention, FILED)
    return mention


def first_post(session: Session, mention: Mention) -> Post:
    """The first post of a mention, in its first version."""
    return session.exec(select(Post).where(Post.mention_id == mention.id).order_by(col(Post.id)).limit(1)).one()


def raise_alarm(session: Session, mention: Mention, rule: str, at: datetime) -> Alarm:
    return _add(session, Alarm(mention_id=mention.id or 0, rule=rule, raised_at=at, paged_at=at + timedelta(seconds=2)))


def make_unreadable(session: Session, account: Account, at: datetime, raw: str = '{"id": 5}') -> UnreadablePost:
    return _add(
        session,
        UnreadablePost(
            account_id=account.id or 0,
            channel_post_id=unique("17"),
            reason="it has no author",
            raw=raw,
            received_at=at,
        ),
    )


def _add(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row
