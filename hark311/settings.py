"""Settings: environment (HARK_*) over DATA/hark.toml over defaults. Unknown keys are refused, secrets never printed.

With no account configured the product runs against its own simulator. Accounts are keyed by a name of your choice:
HARK_ACCOUNTS__PHILLY311__CHANNEL=telegram, HARK_ACCOUNTS__PHILLY311__TOKEN=...
"""

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as SourceError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "HARK_"
DATA_DIRECTORY = "hark311-data"
SECRET_KEY_LENGTH = 32
DATABASES = ("postgresql", "sqlite")
QUEUES = ("redis", "rediss", "unix")
_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")
_TILES = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?/[^\s'\";,{}]*(\{[zxyr]\}[^\s'\";,{}]*)+")


class SettingsError(Exception):
    """The settings cannot be used; the text says which key and why, never its value."""


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
    operator: str = Field(default="", description="who answers for the account, as its profile names them")
    privacy_url: str = Field(default="", description="named in the first private message to somebody")


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


class Open311Settings(BaseModel):
    """The city's own system (GeoReport v2)."""

    model_config = ConfigDict(extra="forbid")

    base_url: str
    api_key: SecretStr = SecretStr("")
    jurisdiction_id: str = ""
    lists_every_request: bool = Field(
        default=False, description="GET requests shows a request as soon as it is filed, so that absence is proof"
    )


class NotifySettings(BaseModel):
    """Where a danger is paged to, besides the desk and the log."""

    model_config = ConfigDict(extra="forbid")

    webhook_url: str = ""
    webhook_secret: SecretStr = SecretStr("")
    email_to: list[str] = []
    email_from: str = ""
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")


class Settings(BaseSettings):
    """Everything an operator can set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", toml_file=None, env_ignore_empty=True
    )

    data: Path = Path(DATA_DIRECTORY)
    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    secret_key: SecretStr | None = Field(default=None, description="signs form tokens; made and kept in DATA if absent")
    host: str = "127.0.0.1"
    port: int = Field(default=8311, ge=1, le=65535)
    public_url: str = Field(default="", description="where staff reach the desk, for the links in pages and sign-ins")
    public_hosts: list[str] = Field(default=[], description="further host names the desk answers to")
    simulator_port: int | None = None
    accounts: dict[str, AccountSettings] = {}
    open311: Open311Settings | None = None
    notify: NotifySettings = NotifySettings()
    prices: Path | None = Field(default=None, description="a price table of your own (TOML), over the built-in one")
    city_name: str = "Philly311"
    city: str = Field(
        default="philadelphia", pattern=r"^[a-z0-9-]{1,40}$", description="whose gazetteer places are looked up in"
    )
    map_tile_url: str = Field(
        default="",
        description="background tiles for maps that staff move, https://HOST/.../{z}/{x}/{y}.png; "
        "their host then learns where staff look. Empty: maps draw the imported streets alone",
    )
    map_attribution: str = Field(default="", description="whom the tiles' owner wants named in the map's corner")
    read_photo_location: bool = Field(
        default=False, description="read where a photo was taken, if it was sent to us privately as a file"
    )
    geocoder: Literal["none", "ais", "census", "nominatim", "photon", "pelias"] = Field(
        default="none", description="asked about place phrases that the gazetteer does not know"
    )
    geocoder_url: str = Field(default="", description="where it is asked, if not at its public address")
    geocoder_key: SecretStr = SecretStr("")
    geocoder_contact: str = Field(default="", description="e-mail address or web page that tells the geocoder who asks")
    geocoder_nearby: str = Field(default="", description='ends every question, as "Philadelphia, PA"')
    city_time_zone: str = "America/New_York"
    city_phone_numbers: list[str] = ["311", "215-686-8686"]
    hold_seconds: float = Field(default=10, ge=0)
    claim_minutes: float = Field(default=10, gt=0)
    city_answer_seconds: float = Field(default=60, ge=0)
    chromium: str = Field(default="", description="path of a Chromium for the browser tests")

    @property
    def desk_url(self) -> str:
        """Where staff reach the desk, without a slash at the end."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def simulated(self) -> bool:
        """Whether the product talks to its own simulator: no account and no city is configured."""
        return not self.accounts and self.open311 is None

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key and len(key.get_secret_value()) < SECRET_KEY_LENGTH:
            raise ValueError(f"must be at least {SECRET_KEY_LENGTH} characters")
        return key

    @field_validator("database_url")
    @classmethod
    def _a_database(cls, url: SecretStr | None) -> SecretStr | None:
        try:
            known = url is None or make_url(url.get_secret_value()).get_backend_name() in DATABASES
        except ArgumentError:
            known = False
        if not known:
            raise ValueError("must be postgresql://USER:PASSWORD@HOST/NAME, or be left out for the embedded database")
        return url

    @field_validator("redis_url")
    @classmethod
    def _a_queue(cls, url: SecretStr | None) -> SecretStr | None:
        if url and url.get_secret_value().partition("://")[0] not in QUEUES:
            raise ValueError("must be redis://HOST:PORT/NUMBER, or be left out for the embedded Redis")
        return url

    @field_validator("map_tile_url")
    @classmethod
    def _tiles(cls, url: str) -> str:
        if url and (not _TILES.fullmatch(url) or any(part not in url for part in ("{z}", "{x}", "{y}"))):
            raise ValueError("must be https://HOST/PATH with {z}, {x} and {y} in its path, or be left out")
        return url

    @model_validator(mode="after")
    def _outside_the_simulator_nothing_is_half_set(self) -> Self:
        if self.accounts and self.open311 is None:
            raise ValueError("accounts are set but open311 is not: say where requests are filed")
        return self

    @model_validator(mode="after")
    def _channels_that_call_us_know_where(self) -> Self:
        for name, account in self.accounts.items():
            if not account.webhooks:
                continue
            if account.channel not in ("x", "telegram"):
                raise ValueError(f"{name}: {account.channel} calls nobody; leave webhooks out")
            if not (self.public_url.startswith("https://") or is_loopback(self.public_url)):
                raise ValueError(f"{name} has webhooks, which need public_url: an https address the channel can reach")
        return self

    @model_validator(mode="after")
    def _a_geocoder_has_what_it_asks_for(self) -> Self:
        if self.geocoder == "ais" and not self.geocoder_key.get_secret_value():
            raise ValueError("geocoder is ais, which needs geocoder_key")
        if self.geocoder in ("nominatim", "photon") and not self.geocoder_contact:
            raise ValueError(f"geocoder is {self.geocoder}, which needs geocoder_contact: say who asks")
        if self.geocoder == "pelias" and not self.geocoder_url:
            raise ValueError("geocoder is pelias, which has no public address: say geocoder_url")
        if self.geocoder_url and urlsplit(self.geocoder_url).scheme not in ("http", "https"):
            raise ValueError("geocoder_url must begin with https:// (or http:// in your own network)")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = settings_cls.model_config.get("toml_file")
        return (init_settings, env_settings, *([TomlConfigSettingsSource(settings_cls)] if file else []))


def load(data: Path | None = None, **overrides: Any) -> Settings:
    """Settings for one data directory, `overrides` (from the command line) over everything else.

    Raises SettingsError naming the key, never the value.
    """
    directory = data or Path(os.environ.get(PREFIX + "DATA", DATA_DIRECTORY))
    _refuse_unknown_keys(os.environ)
    file = directory / "hark.toml"

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=file if file.exists() else None)

    given = {key: value for key, value in overrides.items() if value is not None}
    try:
        return FromFile(data=directory.absolute(), **given)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'settings'}: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors()
        )
        raise SettingsError(f"These settings cannot be used: {problems}") from None
    except SourceError as error:
        raise SettingsError(f"These settings cannot be used: {error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{file} cannot be read: {error}") from None


def _refuse_unknown_keys(environment: Mapping[str, str]) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for key in environment:
        if key.startswith(PREFIX) and key.split("__", 1)[0] not in known:
            raise SettingsError(f"{key} is not a setting of hark311. See docs/reference/settings.md.")


def is_loopback(url: str) -> bool:
    """Whether a URL points at this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
