"""The channels we speak on, and our accounts there. A channel is declared here and nowhere else."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from models.database import UTCDateTime, str_enum


class Channel(StrEnum):
    X = "x"
    TELEGRAM = "telegram"
    MASTODON = "mastodon"
    BLUESKY = "bluesky"
    PARTNER = "partner"


class InPrivate(StrEnum):
    """Whom we may write to in private on a channel, without their having done so first in this conversation."""

    NOBODY = "nobody"
    WHO_WROTE = "who_wrote"
    WHO_BEGAN_WITH_BOT = "who_began_with_bot"
    WHO_NAMED_US = "who_named_us"


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """What never changes from account to account: name, reply length, who can read a reply.

    `reply_limit` is in the unit the channel counts in (`length_unit`), `private_limit` too where a private message may
    be longer; `public` says whether a reply can be read by anybody, so that private details must stay out of it
    (invariant 8), unless the conversation itself is private. `names_them`: before the words of a reply stands the name
    of whom it answers, which is not counted. `caption_limit`: how long the words may be where there are pictures, if
    that is less; `shows_alt_text`: whether people are shown what we say of a picture. `refuses_repeats`: words that
    stand there already are not posted again. `one_by_itself`: of the replies to one post one may go without a person,
    by the network's rules. `speaks` False: reports come in by our own Open311 endpoint, nothing
    listens and nothing is sent; who reported reads there how it stands. `keeps_unheard`: how long the channel keeps for
    us what nobody has fetched; None: it can be read later as well. `sweeps`: it is asked which of
    all stored posts are gone, and wants those gone here within 24 hours.
    """

    label: str
    reply_limit: int
    length_unit: str
    public: bool
    can_prove_sent: bool
    private_limit: int | None = None
    names_them: bool = False
    pictures: int = 4
    private_pictures: int = 4
    caption_limit: int | None = None
    shows_alt_text: bool = True
    in_private: InPrivate = InPrivate.NOBODY
    refuses_repeats: bool = False
    one_by_itself: bool = False
    speaks: bool = True
    keeps_unheard: timedelta | None = None
    sweeps: bool = False

    def limit(self, *, private: bool, pictures: int = 0) -> int:
        """How long a reply may be, in `length_unit`; with pictures, what may stand below them."""
        if pictures and self.caption_limit:
            return self.caption_limit
        return self.private_limit or self.reply_limit if private else self.reply_limit

    def most_pictures(self, *, private: bool) -> int:
        """How many pictures one reply may have."""
        return self.private_pictures if private else self.pictures


CHANNELS: dict[Channel, ChannelFacts] = {
    Channel.X: ChannelFacts(
        "X",
        280,
        "weighted characters",
        public=True,
        can_prove_sent=True,
        private_limit=10_000,
        private_pictures=1,
        in_private=InPrivate.WHO_WROTE,
        refuses_repeats=True,
        sweeps=True,
        one_by_itself=True,  # Source: X automation rules, automated replies
    ),
    Channel.TELEGRAM: ChannelFacts(
        "Telegram",
        4096,
        "characters",
        public=False,
        can_prove_sent=False,
        pictures=1,
        private_pictures=1,
        caption_limit=1024,
        shows_alt_text=False,
        in_private=InPrivate.WHO_BEGAN_WITH_BOT,
        keeps_unheard=timedelta(hours=24),  # Source: Bot API, "Getting updates"
    ),
    Channel.MASTODON: ChannelFacts(
        "Mastodon",
        468,
        "characters",
        public=True,
        can_prove_sent=True,
        names_them=True,
        in_private=InPrivate.WHO_NAMED_US,
    ),
    Channel.BLUESKY: ChannelFacts("Bluesky", 300, "characters", public=True, can_prove_sent=True),
    Channel.PARTNER: ChannelFacts("Open311", 4000, "characters", public=True, can_prove_sent=False, speaks=False),
}


class AccountHealth(StrEnum):
    OK = "ok"
    NEVER_CONTACTED = "never_contacted"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    NO_PERMISSION = "no_permission"
    CREDENTIALS_REJECTED = "credentials_rejected"
    SENDING_REFUSED = "sending_refused"


class Account(SQLModel, table=True):
    """Our own account on a channel: where the listener stands, and whether the channel still lets us in.

    `health` and `trouble` are what the ear finds, `refused_*` what the outbox does: a key may be good for one alone.
    """

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, description="the key of the account in the settings")
    channel: Channel = Field(sa_type=str_enum(Channel))
    handle: str = ""
    channel_account_id: str = Field(default="", description="our id on the channel, once it told us")
    cursor: str | None = None
    health: AccountHealth = Field(default=AccountHealth.NEVER_CONTACTED, sa_type=str_enum(AccountHealth))
    trouble: str = Field(default="", description="what is wrong, in a sentence staff can read; empty when all is well")
    refused_since: datetime | None = Field(
        default=None, sa_type=UTCDateTime, description="since when the channel takes no words of ours, whatever we hear"
    )
    refused_because: str = Field(default="", description="why it takes none, in a sentence staff can read")
    last_contact_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    resume_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    lease_holder: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    began_at: datetime | None = Field(
        default=None, sa_type=UTCDateTime, description="when we began to listen: what is older waits for a person"
    )
    heard_at: datetime | None = Field(default=None, sa_type=UTCDateTime, description="when the newest post came in")
    key_expires_at: datetime | None = Field(default=None, sa_type=UTCDateTime, description="where the channel tells it")
    retired_at: datetime | None = Field(default=None, sa_type=UTCDateTime, description="no more heard or answered")
    status_links: bool | None = Field(
        default=None, description="whether answers carry a link to a status page; None: only in chats on Telegram"
    )

    @property
    def stands(self) -> AccountHealth:
        """How it stands, to be shown: `health`, or where the ear is well, that what we say is refused."""
        heard_well = self.health == AccountHealth.OK
        return AccountHealth.SENDING_REFUSED if heard_well and self.refused_since else self.health

    def takes_words(self) -> None:
        """Note that the channel takes what we say, or may: the key was proved, or is another one."""
        self.refused_since, self.refused_because = None, ""


class Lane(SQLModel, table=True):
    """Where we stand in what an account hears beside its mentions (Account.cursor): a search rule, direct messages."""

    __table_args__ = (UniqueConstraint("account_id", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    name: str = Field(description="such as messages, or rule-7")
    cursor: str | None = None
    trouble: str = ""
    last_contact_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    resume_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class ListeningRule(SQLModel, table=True):
    """What is searched for besides mentions. A changed rule is a new one, which applies from then on.

    A rule without `begins_at` is not heard yet: it waits until the channel has counted what it would find, and a
    supervisor has seen the count.
    """

    __tablename__ = "listening_rule"

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    query: str
    label: str = ""
    begins_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    replaces_id: int | None = Field(default=None, description="ListeningRule.id of the one that ends when this begins")
    found_in_week: int | None = Field(default=None, description="posts of seven days it finds, as the channel counts")
    counted_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    trouble: str = Field(default="", description="why the channel could not count, in a sentence staff can read")
    made_by: int | None = Field(default=None, foreign_key="staff_user.id")
    chat_id: int | None = Field(default=None, index=True, description="TweetChat.id of the chat it is heard for")
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    ended_by: int | None = Field(default=None, foreign_key="staff_user.id")


class Gap(SQLModel, table=True):
    """A stretch of a channel we know we have not heard. Shown to staff until somebody closes it (invariant 2).

    Where the channel still shows it, it is filled again in a lane of its own, after everything that is new.
    """

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    after_post_id: str = ""
    before_post_id: str = ""
    reason: str
    noticed_at: datetime = Field(sa_type=UTCDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    closed_by: str | None = None
    refill_cursor: str | None = Field(default=None, description="where the refilling of this stretch stands")
    refilled_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    refilled: int = Field(default=0, description="posts found in it")
    trouble: str = Field(default="", description="why it cannot be filled again, in a sentence staff can read")
