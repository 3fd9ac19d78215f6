"""Where requests go besides the city: a mail server and a webhook's receiver that can be told to fail, on loopback."""

import asyncio
import json
import socketserver
import ssl
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sqlmodel import Session

from hark311.recipients import Recipients
from hark311.settings import Settings
from models import (
    Database,
    Destination,
    DestinationKind,
    MentionState,
    RequestState,
    Service,
    ServiceDestination,
    ServiceRequest,
)
from models.threads import newest_inbound
from responders.open311 import Open311City
from responders.submission import Submission
from tests.rows import MORNING, a_mention, a_request

SECRET = "a-secret-of-enough-letters"
NOWHERE = "http://127.0.0.1:9"


@dataclass
class MailBox:
    """A mail server. `answers`: what it says to a command instead of yes; "" breaks the connection there.

    `tls`: it offers STARTTLS. `signed_in` and `taken` tell of what came, `encrypted` whether each of `taken` was.
    """

    port: int = 0
    tls: ssl.SSLContext | None = None
    signed_in: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    taken: list[EmailMessage] = field(default_factory=list)

    def arrived(self, raw: bytes) -> None:
        self.taken.append(message_from_bytes(raw, policy=default))


class _SmtpSession(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.secure = False
        with suppress(ssl.SSLError):  # a client that does not trust us says so
            self.talk(self.server.box)  # type: ignore[attr-defined]
        self.request.close()

    def talk(self, box: MailBox) -> None:
        self.say("220 mail.example ready")
        while line := self.rfile.readline():
            verb = line.split(b":")[0].strip().split(b" ")[0].decode().upper()
            if verb in box.answers:
                if not box.answers[verb]:
                    return
                self.say(box.answers[verb])
            elif verb == "EHLO":
                self.say("250-mail.example")
                if box.tls and not self.secure:
                    self.say("250-STARTTLS")
                self.say("250 AUTH PLAIN")
            elif verb == "STARTTLS" and box.tls:
                self.say("220 begin")
                self.request = box.tls.wrap_socket(self.request, server_side=True)
                self.rfile.close()
                self.rfile, self.secure = self.request.makefile("rb"), True
            elif verb == "AUTH":
                box.signed_in.append(b64decode(line.split()[-1]).decode())
                self.say("235 yes")
            elif verb == "DATA":
                self.say("354 go on")
                box.encrypted.append(self.secure)
                box.arrived(b"".join(iter(self.rfile.readline, b".\r\n")))
                if "after" in box.answers:
                    if box.answers["after"]:
                        self.say(box.answers["after"])
                    return
                self.say("250 taken")
            else:
                self.say("221 bye" if verb == "QUIT" else "250 yes")

    def say(self, line: str) -> None:
        self.request.sendall(line.encode() + b"\r\n")


class _Smtp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def mail_server() -> Iterator[MailBox]:
    """A mail server on loopback; a message it breaks off after DATA has arrived all the same."""
    box = MailBox()
    with _Smtp(("127.0.0.1", 0), _SmtpSession) as server:
        server.box = box  # type: ignore[attr-defined]
        box.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield box
        server.shutdown()


@dataclass
class Received:
    """One POST as the receiver got it."""

    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Receiver:
    """A webhook's receiver. `answers`: (status, JSON) in turn; the last one stays. Status 0 breaks the connection."""

    port: int = 0
    answers: list[tuple[int, Any]] = field(default_factory=lambda: [(200, {})])
    taken: list[Received] = field(default_factory=list)


class _Post(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver: Receiver = self.server.receiver  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["content-length"]))
        receiver.taken.append(Received({name.lower(): told for name, told in self.headers.items()}, body))
        status, answer = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
        if not status:
            self.close_connection = True
            return
        said = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


@contextmanager
def receiver_of_webhooks() -> Iterator[Receiver]:
    """A receiver on loopback."""
    receiver = Receiver()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Post) as server:
        server.receiver = receiver  # type: ignore[attr-defined]
        receiver.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield receiver
        server.shutdown()


@dataclass
class Elsewhere:
    """A database, settings with two destinations, and the filing of requests, one step at a time."""

    database: Database
    now: datetime = MORNING
    mail_port: int = 9
    hook_port: int = 9
    idempotent: bool = False
    encryption: str = "off"
    has_city: bool = True

    def settings(self) -> Settings:
        mail = {
            "kind": "email",
            "smtp_host": "127.0.0.1",
            "smtp_port": self.mail_port,
            "sender": "311@riverton.example",
        }
        hook = {"kind": "webhook", "url": f"http://127.0.0.1:{self.hook_port}/requests", "secret": SECRET}
        given = {
            "mail": mail | {"encryption": self.encryption},
            "hook": hook | {"idempotent": self.idempotent, "private": True},
        }
        return Settings.model_validate({"city_name": "Riverton311", "destinations": given})

    def clock(self) -> datetime:
        return self.now

    def approved(self, kind: DestinationKind, **more: Any) -> int:
        """An approved request whose service goes to a destination of this kind; its id."""
        with self.database.write() as session:
            return approved_request(session, kind, self.now, **more)

    def round(self) -> None:
        """File what is due, then look for proof of what is in doubt."""
        asyncio.run(self._round())

    async def _round(self) -> None:
        city = Open311City(base_url=NOWHERE, api_key="")
        async with city, Recipients(self.settings(), self.clock) as recipients:
            own = city if self.has_city else None
            submission = Submission(self.database, own, self.clock, open_recipient=recipients)
            for request_id in submission.due():
                await submission.file(request_id)
            submission.expire_leases()
            await submission.prove()

    def kill_after_claim(self) -> None:
        """A filer claims what is due and dies before it has called anybody."""
        submission = Submission(self.database, Open311City(base_url=NOWHERE, api_key=""), self.clock)
        for request_id in submission.due():
            assert submission._claim(request_id) is not None

    def request(self, request_id: int) -> ServiceRequest:
        with self.database.read() as session:
            return session.get_one(ServiceRequest, request_id)


def destination(session: Session, kind: DestinationKind) -> Destination:
    """The destination of a kind, made when first asked for."""
    name = {DestinationKind.EMAIL: "Parks Department", DestinationKind.WEBHOOK: "Street Works"}[kind]
    key = {DestinationKind.EMAIL: "mail", DestinationKind.WEBHOOK: "hook"}[kind]
    row = Destination(name=name, kind=kind, settings_key=key, changed_at=MORNING)
    row.address = "parks@riverton.example" if kind == DestinationKind.EMAIL else ""
    session.add(row)
    session.flush()
    return row


def approved_request(session: Session, kind: DestinationKind, now: datetime, **more: Any) -> int:
    code = f"TREE-{kind}"
    if session.get(Service, code) is None:
        session.add(Service(service_code=code, service_name="Fallen tree"))
        session.flush()
        row = destination(session, kind)
        session.add(ServiceDestination(service_code=code, destination_id=row.id or 0, changed_at=MORNING))
    mention = a_mention(session)
    mention.state = MentionState.APPROVED
    request = a_request(session, mention)
    given: dict[str, Any] = {"service_code": code, "address_string": "1200 Market St", "lat": 39.95, "long": -75.16}
    for name, value in (given | {"media_url": "https://pics.example/1.jpg"} | more).items():
        setattr(request, name, value)
    request.state, request.approved_at, request.not_before = RequestState.APPROVED, now, now
    request.seen_post_id = newest_inbound(session, mention)
    session.add_all([mention, request])
    session.flush()
    return request.id or 0
