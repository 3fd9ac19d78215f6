"""Settings: environment (HARK_*) over DATA/hark.toml over defaults. Unknown keys are refused, secrets never printed.

With no account configured the product runs against its own simulator. Accounts are keyed by a name of your choice:
HARK_ACCOUNTS__PHILLY311__CHANNEL=telegram, HARK_ACCOUNTS__PHILLY311__TOKEN=...
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as SourceError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from hark311.settings.accounts import (
    QUIET,
    AccountSettings,
    BlueskyAccount,
    MastodonAccount,
    TelegramAccount,
    XAccount,
)
from hark311.settings.destinations import (
    CityDestination,
    DestinationSettings,
    MailDestination,
    Open311Settings,
    WebhookDestination,
)
from hark311.settings.notify import NotifySettings
from models.case_numbers import CITY_FORMS, trouble_with
from responders.mail_server import is_this_machine

__all__ = [
    "AccountSettings",
    "BlueskyAccount",
    "CityDestination",
    "DestinationSettings",
    "MailDestination",
    "MastodonAccount",
    "NotifySettings",
    "Open311Settings",
    "Settings",
    "SettingsError",
    "TelegramAccount",
    "WebhookDestination",
    "XAccount",
    "is_loopback",
    "load",
]

PREFIX = "HARK_"
DATA_DIRECTORY = "hark311-data"
SECRET_KEY_LENGTH = 32
DATABASES = ("postgresql", "sqlite")
QUEUES = ("redis", "rediss", "unix")
_TILES = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?/[^\s'\";,{}]*(\{[zxyr]\}[^\s'\";,{}]*)+")


class SettingsError(Exception):
    """The settings cannot be used; the text says which key and why, never its value."""


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
    destinations: dict[str, DestinationSettings] = Field(
        default={}, description="how requests get elsewhere than to open311, by a name of your choice"
    )
    notify: NotifySettings = NotifySettings()
    open311_server: Literal["off", "partners", "public"] = Field(
        default="partners",
        description="our own GeoReport v2 endpoint, at PUBLIC_URL/open311: off; partners: requests are told to who has "
        "a key; public: to anybody",
    )
    open311_contact: str = Field(default="", description="whom developers ask for a key, as its discovery page says")
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
    translation_url: str = Field(
        default="", description="a LibreTranslate-compatible server that translates posts for staff; empty: none"
    )
    translation_key: SecretStr = Field(default=SecretStr(""), description="its API key, if it wants one")
    translation_private: bool = Field(
        default=False, description="on: the server may stand at a private address of your own network"
    )
    translation_model: Path | None = Field(
        default=None, description="folder of a Marian (OPUS-MT) or NLLB model on this machine instead; needs torch"
    )
    translation_into: str = Field(
        default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z]{4})?$", description="the language that staff read"
    )
    city_time_zone: str = "America/New_York"
    second_step_roles: list[
        Literal["viewer", "drafter", "approver", "supervisor", "chat_moderator", "chat_guest", "admin"]
    ] = Field(
        default=[], description="who signs in with a code from their phone as well, as [admin, supervisor]; others may"
    )
    promise_warning_days: int = Field(
        default=1, ge=0, le=30, description="business days before a promised date on which staff are warned of it"
    )
    city_phone_numbers: list[str] = ["311", "215-686-8686"]
    city_number_formats: list[str] = Field(
        default=list(CITY_FORMS),
        description='what the city\'s request numbers look like, # for a digit, as "########" or "SR-##-######"',
    )
    status_page_url: str = Field(
        default="", description="where residents reach the page of their case (https://...); empty: no links are given"
    )
    status_link_days: int = Field(
        default=30, ge=0, le=365, description="how long after closing a link to the page of a case still shows it"
    )
    fixed_answer_days: int = Field(
        default=7, ge=1, le=90, description="how many whole days a resident has to say whether it is fixed"
    )
    quiet_hours: str = Field(
        default="21:00-08:00",
        pattern=QUIET,
        description="when no news of a case leaves, in the city's time zone, but to who wrote within the last hour. "
        "Empty: it leaves at any time",
    )
    status_digest_minutes: float = Field(
        default=10, ge=0, description="what the city does to a case within this time is told in one reply"
    )
    hold_seconds: float = Field(default=10, ge=0)
    claim_minutes: float = Field(default=10, gt=0)
    city_answer_seconds: float = Field(default=60, ge=0)
    ask_remind_hours: float = Field(
        default=24, ge=0, description="when a question nobody answers is asked once more, as a draft; 0: never"
    )
    ask_give_up_hours: float = Field(
        default=72, gt=0, description="when a question nobody answers counts as abandoned and a person decides"
    )
    chromium: str = Field(default="", description="path of a Chromium for the browser tests")

    @property
    def desk_url(self) -> str:
        """Where staff reach the desk, without a slash at the end."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def status_page(self) -> str:
        """Where residents reach their status pages, without a slash at the end; "" where no links are given."""
        return self.status_page_url.rstrip("/") or (self.desk_url if self.simulated else "")

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

    @field_validator("city_number_formats")
    @classmethod
    def _number_formats(cls, formats: list[str]) -> list[str]:
        if trouble := trouble_with(formats):
            raise ValueError(trouble)
        return formats

    @field_validator("status_page_url")
    @classmethod
    def _status_page(cls, url: str) -> str:
        if url and not (url.startswith("https://") or is_loopback(url)):
            raise ValueError("must be an https:// address that residents reach, or be left out")
        return url

    @field_validator("map_tile_url")
    @classmethod
    def _tiles(cls, url: str) -> str:
        if url and (not _TILES.fullmatch(url) or any(part not in url for part in ("{z}", "{x}", "{y}"))):
            raise ValueError("must be https://HOST/PATH with {z}, {x} and {y} in its path, or be left out")
        return url

    @model_validator(mode="after")
    def _outside_the_simulator_nothing_is_half_set(self) -> Self:
        if self.accounts and self.open311 is None and not self.destinations:
            raise ValueError("accounts are set but neither open311 nor destinations: say where requests are filed")
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
    def _one_engine_translates(self) -> Self:
        if self.translation_url and self.translation_model:
            raise ValueError("translation_url and translation_model are both set: choose one of them")
        if self.translation_url and urlsplit(self.translation_url).scheme not in ("http", "https"):
            raise ValueError("translation_url must begin with https:// (or http:// in your own network)")
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
    return is_this_machine(urlsplit(url).hostname or "")
