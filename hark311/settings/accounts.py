"""What an operator says of an account on a channel: its keys, its pace and its rules."""

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

QUIET = r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$"
_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")


class AccountRules(BaseModel):
    """What an operator can say of an account on any channel."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool = Field(default=True, description="off: neither heard nor answered; all other accounts go on")
    read_only: bool = Field(default=False, description="heard, but nothing is sent; approved replies wait")
    webhooks: bool = Field(
        default=False, description="the channel calls us at PUBLIC_URL/webhooks/NAME; polling goes on, slower"
    )
    silence_hours: float = Field(default=24, gt=0, description="so long without a post is told as unusual silence")
    answer_hours: float = Field(
        default=72, gt=0, description="a reply to anything older goes back to a person instead of leaving by itself"
    )
    backfill: Literal["ask", "take"] = Field(
        default="ask", description="what was written before the first contact: ask a person, or take it in at once"
    )
    monthly_ceiling: float = Field(default=0, ge=0, description="US dollars a month; 0: no ceiling")
    assisted_posts: Literal["off", "addressed", "anyone"] = Field(
        default="addressed", description="who may be answered by hand, with approved words, where the API may not"
    )
    key_expires: date | None = Field(
        default=None, description="the day its key runs out, where you know it; the desk tells 14 days before"
    )
    quiet_hours: str | None = Field(
        default=None, pattern=QUIET, description="the city's quiet_hours, where this account keeps others"
    )
    operator: str = Field(default="", description="who answers for the account, as its profile names them")
    privacy_url: str = Field(default="", description="named in the first private message to somebody")
    sign_off: str = Field(
        default="",
        pattern=r"^([\^/\u2013\u2014-]\{initials\})?$",
        description='put at the end of what a person approves, as "^{initials}"; empty: replies are not signed',
    )


class XAccount(AccountRules):
    """An account on X: keys of the developer app and of the account itself (domain: X API v2, OAuth 1.0a)."""

    channel: Literal["x"]
    bearer_token: SecretStr
    consumer_key: SecretStr
    consumer_secret: SecretStr
    access_token: SecretStr
    access_token_secret: SecretStr
    base_url: str = "https://api.twitter.com"
    poll_seconds: float = Field(default=15, gt=0)
    country: str = Field(
        default="US", pattern=r"^[A-Z]{2}$", description="where staff read: what X withholds there is purged"
    )
    tier: Literal["self_serve", "enterprise"] = Field(
        default="self_serve", description="self_serve: X lets us answer only who named or quoted us"
    )
    filtered_stream: bool = Field(
        default=False, description="the tier has X's filtered stream: it brings the posts of a live tweet chat at once"
    )


class TelegramAccount(AccountRules):
    """A Telegram bot: the token BotFather gave."""

    channel: Literal["telegram"]
    token: SecretStr
    base_url: str = "https://api.telegram.org"
    poll_seconds: float = Field(default=1, gt=0)
    long_poll_seconds: int = Field(default=10, ge=0, le=50)
    webhook_secret: SecretStr = Field(default=SecretStr(""), description="16 to 256 of A-Z a-z 0-9 _ -")

    @model_validator(mode="after")
    def _a_webhook_has_a_secret(self) -> Self:
        if self.webhooks and not _WEBHOOK_SECRET.fullmatch(self.webhook_secret.get_secret_value()):
            raise ValueError("webhooks needs a webhook_secret of 16 to 256 letters, digits, _ and -")
        return self


class MastodonAccount(AccountRules):
    """An account on a Mastodon server: the access token of an app made under its preferences."""

    channel: Literal["mastodon"]
    access_token: SecretStr
    base_url: str = Field(description="the server, as https://mastodon.social")
    poll_seconds: float = Field(default=20, gt=0)
    streaming: bool = Field(default=True, description="listen to the server's stream; polling goes on beside it")


class BlueskyAccount(AccountRules):
    """An account on Bluesky: its handle and an app password."""

    channel: Literal["bluesky"]
    handle: str = Field(description="without @, as philly311.bsky.social")
    app_password: SecretStr
    base_url: str = "https://bsky.social"
    poll_seconds: float = Field(default=20, gt=0)


AccountSettings = Annotated[
    XAccount | TelegramAccount | MastodonAccount | BlueskyAccount, Field(discriminator="channel")
]
