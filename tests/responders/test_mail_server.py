"""What a mail server is told, over what: a real one on loopback that can STARTTLS, with a certificate of its own."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from hark311.page_drill_cli import Drill
from hark311.paging import EmailNotifier, tell
from hark311.settings import NotifySettings
from responders.mail_server import MailServer, NotEncrypted
from tests.responders.elsewhere import MailBox, mail_server

FAR = "mail.riverton.example"
"""No host of this machine's name; the tests' name server says it stands here."""
PASSWORD = "a-password-4711"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for FAR that nobody signed but its own key, with the key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, FAR)]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(FAR)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path_factory.mktemp("tls") / "mail.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailBox]:
    """The mail server, under the name FAR as well."""
    real = socket.getaddrinfo

    def named(host: Any, *rest: Any, **more: Any) -> Any:
        return real("127.0.0.1" if host == FAR else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", named)
    with mail_server() as box:
        yield box


@pytest.fixture
def tls(box: MailBox, certificate: Path) -> MailBox:
    """The same, and it offers STARTTLS."""
    box.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    box.tls.load_cert_chain(certificate)
    return box


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine trusts the server's certificate."""
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ours.load_verify_locations(certificate)
    monkeypatch.setattr(ssl, "create_default_context", lambda: ours)


def send(box: MailBox, **given: Any) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "311@riverton.example", "parks@riverton.example"
    settings: dict[str, Any] = {"host": FAR, "port": box.port, "sender": "311@riverton.example"}
    with MailServer(**settings | given).greeted() as smtp:
        smtp.send_message(mail)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("encryption", ["starttls", "offered"])
def test_a_password_is_told_after_starttls(tls: MailBox, encryption: str) -> None:
    send(tls, user="desk", password=PASSWORD, encryption=encryption)
    assert (tls.signed_in, tls.encrypted) == ([f"\0desk\0{PASSWORD}"], [True])


@pytest.mark.parametrize("encryption", ["starttls", "offered"])
def test_a_password_is_told_to_no_server_that_cannot_prove_its_name(tls: MailBox, encryption: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        send(tls, user="desk", password=PASSWORD, encryption=encryption)
    assert (tls.signed_in, tls.taken) == ([], [])


def test_where_nothing_is_secret_any_encryption_is_better_than_none(tls: MailBox) -> None:
    send(tls, encryption="offered")
    assert tls.encrypted == [True]


@pytest.mark.parametrize("encryption", ["offered", "off"])
def test_a_password_never_crosses_the_network_in_the_open(box: MailBox, encryption: str) -> None:
    with pytest.raises(NotEncrypted, match=FAR):
        send(box, user="desk", password=PASSWORD, encryption=encryption)
    assert (box.signed_in, box.taken) == ([], [])
    send(box, host="127.0.0.1", user="desk", password=PASSWORD, encryption=encryption)
    assert (box.signed_in, box.encrypted) == ([f"\0desk\0{PASSWORD}"], [False])


def test_starttls_that_is_demanded_is_not_gone_without(box: MailBox) -> None:
    with pytest.raises(smtplib.SMTPNotSupportedError):
        send(box, encryption="starttls")
    assert box.taken == []


@pytest.mark.usefixtures("trusted")
async def test_a_page_goes_over_starttls_and_says_why_where_it_cannot(tls: MailBox) -> None:
    settings = NotifySettings.model_validate(
        {
            "email_to": ["duty@riverton.example"],
            "email_from": "311@riverton.example",
            "smtp_host": FAR,
            "smtp_port": tls.port,
            "smtp_user": "desk",
            "smtp_password": PASSWORD,
        }
    )
    page = Drill("the desk", "http://desk")
    assert await tell([EmailNotifier(settings)], page) == []
    assert (len(tls.signed_in), tls.encrypted) == (1, [True])
    tls.tls = None
    (trouble,) = await tell([EmailNotifier(settings)], page)
    assert f"the mail server {FAR} offers no encryption" in trouble
    assert PASSWORD not in trouble
    assert (len(tls.signed_in), len(tls.taken)) == (1, 1)


def test_settings_that_would_tell_a_password_in_the_open_are_refused() -> None:
    given = {"smtp_host": FAR, "smtp_user": "desk", "smtp_password": PASSWORD, "smtp_encryption": "off"}
    with pytest.raises(ValidationError, match="smtp_user needs encryption") as refused:
        NotifySettings.model_validate(given)
    assert PASSWORD not in "; ".join(one["msg"] for one in refused.value.errors())
    assert NotifySettings.model_validate(given | {"smtp_host": "127.0.0.1"}).smtp_user == "desk"
