"""``rmq tls``: certificates for the servers, and a look at what a port shows."""

import ipaddress
import json
import os
import socket
import ssl
import sys
from argparse import Namespace
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from msgspec import Struct, to_builtins

from twistedmq.app.rmq_tls_making import make_certificates
from twistedmq.protocol.addresses import format_address, parse_address
from twistedmq.protocol.errors import TwistedMQError

PATIENCE_S: Final = 10
SECRET, PUBLIC = 0o600, 0o644

SETTINGS: Final = """
settings of the servers (broker.conf, namesrv.conf):

tls.server.mode = enforcing
tls.server.certPath = {folder}/server.pem
tls.server.keyPath = {folder}/server.key

clients trust {folder}/ca.pem
no server needs {folder}/ca.key: keep it elsewhere
"""


class Shown(Struct, frozen=True):
    """What a port shows to whoever begins TLS with it."""

    protocol: str
    cipher: str
    subject: str
    issuer: str
    names: list[str]
    """Hosts and addresses that the certificate is for."""
    expires: str
    days_left: int
    problem: str | None
    """Why a client that verifies would not go on; None: it would."""


def run(options: Namespace) -> int:
    """Do it; gives the exit status."""
    try:
        if options.deed == "init":
            return _init(options)
        return _check(options)
    except (TwistedMQError, OSError, ValueError, OverflowError) as error:
        sys.stderr.write(f"rmq: {error}\n")
        return 1


def _init(options: Namespace) -> int:
    hosts = options.host or [socket.gethostname(), "localhost", "127.0.0.1"]
    folder: Path = options.folder.absolute()
    made = make_certificates(hosts, options.days, datetime.now(UTC))
    files = {
        folder / "ca.key": (made.authority_key, SECRET),
        folder / "server.key": (made.server_key, SECRET),
        folder / "ca.pem": (made.authority, PUBLIC),
        folder / "server.pem": (made.server, PUBLIC),
    }
    there = [str(path) for path in files if path.exists()]
    if there:
        raise FileExistsError(f"is there already: {', '.join(there)}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as undo:
        for path, (content, mode) in files.items():
            # the mode is there from the first byte on, and no link is followed
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(path, flags, mode), "wb") as file:
                undo.callback(path.unlink)
                file.write(content)
        undo.pop_all()  # all of them, or none
    sys.stdout.write(
        f"wrote ca.pem, ca.key, server.pem and server.key to {folder}, "
        f"for {', '.join(hosts)}, good for {options.days} days\n"
    )
    sys.stdout.write(SETTINGS.format(folder=folder))
    return 0


def _check(options: Namespace) -> int:
    host, port = parse_address(options.address)
    name = options.name or host
    trust = None if options.trust is None else str(options.trust)
    shown = look(host, port, name, trust, datetime.now(UTC))
    if options.json:
        sys.stdout.write(json.dumps(to_builtins(shown), indent=2) + "\n")
    else:
        sys.stdout.writelines(_lines(shown, name))
    return 0 if shown.problem is None else 1


def look(host: str, port: int, name: str, trust: str | None, now: datetime) -> Shown:
    """Connect twice: to see what is there, and to see whether it holds for *name*.

    Raises: OSError, also where the port does not speak TLS.
    """
    careful = _trusting(trust)
    careless = ssl.create_default_context()
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    with _connected(host, port, name, careless) as seen:
        data, cipher, protocol = seen.getpeercert(True), seen.cipher(), seen.version()
    problem = None
    try:
        _connected(host, port, name, careful).close()
    except ssl.SSLCertVerificationError as error:
        problem = error.verify_message
    certificate = x509.load_der_x509_certificate(data or b"")
    expires = certificate.not_valid_after_utc
    return Shown(
        protocol=protocol or "",
        cipher=cipher[0] if cipher else "",
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        names=_names(certificate),
        expires=expires.isoformat(),
        days_left=(expires - now).days,
        problem=problem,
    )


def _trusting(path: str | None) -> ssl.SSLContext:
    """Give a context that trusts the PEM file at *path*; None: what the system does."""
    try:
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        # the library names no file
        reason = error.strerror or str(error)
        raise OSError(f"{path} cannot be trusted: {reason}") from None


def _connected(
    host: str, port: int, name: str, context: ssl.SSLContext
) -> ssl.SSLSocket:
    where = format_address(host, port)
    try:
        plain = socket.create_connection((host, port), PATIENCE_S)
    except OSError as error:
        raise OSError(f"cannot connect to {where}: {error}") from None
    try:
        return context.wrap_socket(plain, server_hostname=name)
    except ssl.SSLCertVerificationError:
        plain.close()
        raise
    except OSError as error:
        plain.close()
        raise OSError(f"no TLS with {where}: {error}") from None
    except BaseException:
        plain.close()
        raise


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found: Any = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
    except x509.ExtensionNotFound:
        return []
    names: list[str] = found.get_values_for_type(x509.DNSName)
    addresses: list[ipaddress.IPv4Address] = found.get_values_for_type(x509.IPAddress)
    return [*names, *map(str, addresses)]


def _lines(shown: Shown, name: str) -> Iterable[str]:
    yield f"protocol     {shown.protocol}, {shown.cipher}\n"
    yield f"certificate  {shown.subject}, by {shown.issuer}\n"
    yield f"is for       {', '.join(shown.names) or '(no name)'}\n"
    yield f"expires      {shown.expires}, {shown.days_left} days left\n"
    good = f"good for {name}"
    yield f"verified     {good if shown.problem is None else f'NO: {shown.problem}'}\n"
