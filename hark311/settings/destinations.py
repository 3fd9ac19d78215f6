"""Where requests go: the city's own system, and departments by e-mail, by webhook or by another city's system."""

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

SHORTEST_SECRET = 16
_SENDER = re.compile(r"[^\s<>@]+@[A-Za-z0-9.-]+", re.ASCII)


class MailDestination(BaseModel):
    """A mail server, for every department that is told by e-mail."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["email"]
    smtp_host: str
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    encryption: Literal["starttls", "tls", "off"] = Field(
        default="starttls", description="starttls: nothing is sent where the server does not offer it"
    )
    sender: str = Field(description="the address we write from, as 311@city.example")
    reply_to: str = Field(default="", description="where departments answer to, if not to the sender")

    @field_validator("sender", "reply_to")
    @classmethod
    def _an_address(cls, address: str) -> str:
        if address and not _SENDER.fullmatch(address):
            raise ValueError("must be a plain e-mail address, as 311@city.example")
        return address

    @model_validator(mode="after")
    def _a_password_is_not_sent_in_the_open(self) -> Self:
        if self.encryption == "off" and self.smtp_user:
            raise ValueError("smtp_user needs encryption: set it to starttls or tls")
        return self


class WebhookDestination(BaseModel):
    """A system of the city's own that takes requests by POST."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["webhook"]
    url: str
    secret: SecretStr = Field(description=f"signs every POST; at least {SHORTEST_SECRET} characters")
    idempotent: bool = Field(
        default=False, description="it takes an Idempotency-Key only once, so that what is in doubt is sent again"
    )
    private: bool = Field(default=False, description="it may stand at a private address of your own network")

    @field_validator("secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(f"must be at least {SHORTEST_SECRET} characters")
        return secret

    @model_validator(mode="after")
    def _over_tls_or_in_our_own_network(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc:
            raise ValueError("url must be https://HOST/PATH, without a user name")
        if parts.scheme == "http" and not self.private:
            raise ValueError("url must begin with https:// (http:// only in your own network, with private)")
        return self


class Open311Settings(BaseModel):
    """The city's own system (GeoReport v2)."""

    model_config = ConfigDict(extra="forbid")

    base_url: str = Field(description="where it answers, as `hark services discover URL` finds it")
    api_key: SecretStr = SecretStr("")
    jurisdiction_id: str = ""
    more_jurisdictions: list[str] = Field(
        default=[], description="further jurisdictions of the same endpoint whose services we take reports for"
    )
    format: Literal["auto", "json", "xml"] = Field(
        default="auto", description="what it answers in; auto: JSON, or XML where it has no JSON"
    )
    media: Literal["url", "file"] = Field(
        default="url", description="how photos go: by their address, or as a file in a multipart form"
    )
    updates: Literal["auto", "on", "off"] = Field(
        default="auto", description="whether it has mySociety's extension servicerequestupdates; auto asks it once"
    )
    lists_by_update: bool = Field(
        default=False, description="GET requests takes updated_after and updated_before, so that changes come at once"
    )
    lists_every_request: bool = Field(
        default=False, description="GET requests shows a request as soon as it is filed, so that absence is proof"
    )


class CityDestination(Open311Settings):
    """Another Open311 system that requests of some services are filed with."""

    kind: Literal["open311"]


DestinationSettings = Annotated[CityDestination | MailDestination | WebhookDestination, Field(discriminator="kind")]
