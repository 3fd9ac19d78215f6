"""Where staff are paged."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from responders.mail_server import Encryption, is_this_machine


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
    smtp_encryption: Encryption = Field(
        default="offered",
        description="offered: STARTTLS where the server has it; starttls, tls: not without; off: in the open. A "
        "password is never sent in the open, but to this machine",
    )
    decide_minutes: float = Field(
        default=15, ge=0, description="when an acknowledged danger without a decision is paged again; 0: never"
    )

    @model_validator(mode="after")
    def _a_password_is_not_sent_in_the_open(self) -> Self:
        if self.smtp_encryption == "off" and self.smtp_user and not is_this_machine(self.smtp_host):
            raise ValueError("smtp_user needs encryption: set smtp_encryption to starttls or tls")
        return self
