"""The city's own SMTP server that takes our mail: signed in to, and never told a password in the open.

One way for departments that are told by e-mail and for staff who are paged.
"""

import smtplib
import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal

SECONDS = 20.0
Encryption = Literal["starttls", "tls", "offered", "off"]
"""starttls: not without it; tls: from the first byte; offered: STARTTLS where the server has it; off: in the open."""


class NotEncrypted(smtplib.SMTPNotSupportedError):
    """The server offers no encryption, and without it our password would be read on the way. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """The SMTP server that takes our mail, and in whose name we write."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    encryption: Encryption = "starttls"
    reply_to: str = ""

    def greeted(self) -> smtplib.SMTP:
        """A connection over which mail may be sent, to be closed by the caller.

        Raises NotEncrypted, other SMTPExceptions, and OSError; nothing was sent then.
        """
        us = self.sender.rpartition("@")[2].rstrip(">") or None  # else smtplib asks the name server who we are
        smtp: smtplib.SMTP
        if self.encryption == "tls":
            smtp = smtplib.SMTP_SSL(self.host, self.port, us, timeout=SECONDS, context=self._secure())
        else:
            smtp = smtplib.SMTP(self.host, self.port, us, timeout=SECONDS)
        try:
            self._sign_in(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _sign_in(self, smtp: smtplib.SMTP) -> None:
        smtp.ehlo_or_helo_if_needed()
        offered = smtp.has_extn("starttls")
        if self.encryption == "starttls" or (self.encryption == "offered" and offered):
            smtp.starttls(context=self._secure())
            smtp.ehlo_or_helo_if_needed()
        if not self.user:
            return
        if not isinstance(smtp.sock, ssl.SSLSocket) and not is_this_machine(self.host):
            raise NotEncrypted(f"the mail server {self.host} offers no encryption, so it is not told our password")
        smtp.login(self.user, self.password)

    def _secure(self) -> ssl.SSLContext:
        """A password goes only to a server that proves its name; where nothing is secret any encryption will do.

        Source: RFC 7435 (opportunistic security).
        """
        if self.user or self.encryption != "offered":
            return ssl.create_default_context()
        anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
        return anybody


def is_this_machine(host: str) -> bool:
    """Whether a host name is this machine's own, so that nobody listens on the way."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
