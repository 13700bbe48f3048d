"""A certificate and its key: read from files, or made up."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from twistedmq.remoting.errors import SecurityError

_DAYS = 365


@dataclass(frozen=True)
class Identity:
    """A certificate, those that vouch for it, and its private key."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: Any
    """A private key of the cryptography library."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as OpenSSL prints it."""
        return self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def load_identity(certificate_path: str, key_path: str, key_password: str) -> Identity:
    """Read PEM files; the certificate file may hold the chain behind it.

    Raises: SecurityError, naming the file.
    """
    if not certificate_path or not key_path:
        raise SecurityError("a certificate and its key belong together, one is missing")
    certificates = load_certificates(certificate_path)
    password = key_password.encode() if key_password else None
    try:
        key = serialization.load_pem_private_key(_read(key_path), password)
    except (ValueError, TypeError) as error:
        raise SecurityError(f"no usable key in {key_path}: {error}") from None
    first, *chain = certificates
    return Identity(first, tuple(chain), key)


def load_certificates(path: str) -> list[x509.Certificate]:
    """Read a PEM file that holds at least one.

    Raises: SecurityError, naming the file.
    """
    try:
        return x509.load_pem_x509_certificates(_read(path))
    except ValueError as error:
        raise SecurityError(f"no certificate in {path}: {error}") from None


def make_identity() -> Identity:
    """Make a certificate that vouches for itself, for a year."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TwistedMQ self-signed")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    return Identity(certificate, (), key)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise SecurityError(f"cannot read {path}: {error.strerror}") from None
