"""A department that is told by e-mail: one message with our reference in its subject, handed to one SMTP server.

A mail server answers for nothing but having taken the message (RFC 5321 section 6.1), and keeps no list we could read:
what broke after DATA stays in doubt until a person asks the department.
"""

import asyncio
import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from models import utc_now
from models.open311 import RequestShape
from responders.city_facts import taken_by
from responders.errors import SendDeferred, SendRefused, SendUncertain
from responders.mail_server import MailServer
from responders.open311 import Filed
from responders.protocol import CannotTell
from responders.recipients import Filing, Proof

CONNECT_AGAIN, BUSY_AGAIN = timedelta(minutes=1), timedelta(minutes=5)
"""Greylisting servers want the second try some minutes later."""


@dataclass(frozen=True, slots=True)
class DepartmentMail:
    """One department's address. `desk` is what the city's 311 is called; times in the message are in `zone`."""

    server: MailServer
    department: str
    address: str
    desk: str
    zone: ZoneInfo
    clock: Callable[[], datetime] = utc_now

    async def file(self, filing: Filing) -> Filed:
        """Send the message, once. It gets no number: ours is the one the resident is told."""
        await asyncio.to_thread(self._send, filing)
        return Filed("", "", "")

    async def find_filed(self, filing: Filing) -> Proof:
        """Nobody but the department can say."""
        return CannotTell(f"only {self.department} can say whether the e-mail arrived")

    async def facts(self, filing: Filing, filed: Filed) -> RequestShape | None:
        return taken_by(self.department)

    def message(self, filing: Filing) -> EmailMessage:
        """The message, the same whenever it is made for the same filing. Raises SendRefused for what cannot be mail."""
        mail = EmailMessage()
        try:
            mail["Subject"] = f"[{filing.request.reference}] {_one_line(filing.service_name) or 'Request'}"
            mail["From"], mail["To"] = self.server.sender, self.address
            if self.server.reply_to:
                mail["Reply-To"] = self.server.reply_to
            mail["Message-ID"] = f"<{filing.key}@{self.server.sender.rpartition('@')[2].rstrip('>')}>"
            mail["Date"] = format_datetime(filing.first.started_at.astimezone(self.zone))
            mail["Auto-Submitted"] = "auto-generated"
            mail.set_content(letter(filing, self.department, self.desk, self.zone), cte="quoted-printable")
        except (ValueError, MessageError) as error:
            raise SendRefused(
                f"The e-mail for {self.department} could not be written: its address is wrong."
            ) from error
        return mail

    def _send(self, filing: Filing) -> None:
        mail = self.message(filing)
        with self._connected() as smtp, _broken_before_data(self.department, self.clock):
            code, said = smtp.mail(self.server.sender.rpartition("<")[2].rstrip(">"))
            self._require(code, said)
            code, said = smtp.rcpt(self.address)
            self._require(code, said)
            self._hand_over(smtp, mail)

    def _hand_over(self, smtp: smtplib.SMTP, mail: EmailMessage) -> None:
        """From here on a break, or an answer nobody can read, leaves us in doubt; a clear answer never does."""
        try:
            code, said = smtp.data(mail.as_bytes(policy=SMTP))
        except smtplib.SMTPDataError as error:
            code, said = error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b""
        except (OSError, smtplib.SMTPException) as error:
            raise SendUncertain(
                f"The connection broke while the e-mail to {self.department} was handed over; it may have arrived."
            ) from error
        if not 200 <= code < 300 and not 400 <= code < 600:
            raise SendUncertain(f"The mail server answered {code} to the e-mail to {self.department}.")
        self._require(code, said)

    def _require(self, code: int, said: bytes | str) -> None:
        """Raises SendDeferred for a 4xx answer, SendRefused for a 5xx one. Source: RFC 5321 section 4.2.1."""
        if 200 <= code < 400:
            return
        words = _one_line(said.decode("utf-8", "replace") if isinstance(said, bytes) else said)[:200]
        if 400 <= code < 500:
            raise SendDeferred(self.clock() + BUSY_AGAIN, f"The mail server asks us to wait ({code} {words}).")
        raise SendRefused(f"The mail server refused the e-mail to {self.department} ({code} {words}).")

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        with _broken_before_data(self.department, self.clock):
            smtp = self.server.greeted()
        try:
            yield smtp
        finally:
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()  # what it said to the message counts, not how we part
            smtp.close()


@contextmanager
def _broken_before_data(department: str, clock: Callable[[], datetime]) -> Iterator[None]:
    """Until the message itself is handed over, whatever breaks has had no effect."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise SendRefused("The mail server does not take our user name and password.", credentials=True) from error
    except smtplib.SMTPNotSupportedError as error:
        raise SendDeferred(
            clock() + BUSY_AGAIN, "The mail server offers no encryption, or no sign-in, as the settings ask for."
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise SendDeferred(
            clock() + CONNECT_AGAIN, f"The mail server could not be reached for {department}."
        ) from error


def letter(filing: Filing, department: str, desk: str, zone: ZoneInfo) -> str:
    """The message in plain text. A resident's words stand behind ">", so that they never look like ours."""
    request = filing.request
    number = filing.known_number or request.reference
    reported = (request.approved_at or filing.first.started_at).astimezone(zone)
    lines = [
        f"To {_one_line(department)}: {_one_line(desk)} passes on a report. A person there read and approved it.",
        "",
        f"Reference: {request.reference}",
        *([f"About: {_one_line(number)}"] if filing.reopens else []),
        f"Service: {_one_line(filing.service_name)} ({_one_line(request.service_code or '')})",
        f"Approved: {reported:%Y-%m-%d %H:%M %Z}",
    ]
    if request.address_string:
        lines.append(f"Place: {_one_line(request.address_string)}")
    if request.lat is not None and request.long is not None:
        lines.append(f"Coordinates: {request.lat:.6f}, {request.long:.6f}")
        lines.append(f"Map: https://www.openstreetmap.org/?mlat={request.lat:.6f}&mlon={request.long:.6f}&zoom=18")
    lines += [f"{_one_line(question)}: {_one_line(answer)}" for question, answer in filing.answers]
    if filing.media_url:
        lines.append(f"Photo: {_one_line(filing.media_url)}")
    lines += ["", "What was reported:", "", *(f"> {line}" for line in request.description.splitlines() or [""])]
    lines += [
        "",
        f"The resident was given the reference {_one_line(number)}. When you know what becomes of it, tell "
        f"{_one_line(desk)} under that reference, and the resident is told.",
    ]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
