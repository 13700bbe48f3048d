import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from twistedmq.app.rmq_tls_making import make_certificates

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_an_authority_vouches_for_the_server() -> None:
    made = make_certificates(["mq.example", "192.0.2.1", "::1"], 30, NOW)
    authority = x509.load_pem_x509_certificate(made.authority)
    server = x509.load_pem_x509_certificate(made.server)
    server.verify_directly_issued_by(authority)
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == ["mq.example"]
    assert names.value.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("192.0.2.1"),
        ipaddress.ip_address("::1"),
    ]
    assert server.not_valid_after_utc == NOW + timedelta(days=30)
    assert server.not_valid_before_utc < NOW
    for certificate, pem, is_authority in (
        (authority, made.authority_key, True),
        (server, made.server_key, False),
    ):
        key = load_pem_private_key(pem, None)
        assert key.public_key() == certificate.public_key()
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert basic.value.ca is is_authority


@pytest.mark.parametrize("host", ["", "a b", "http://x", "mq:9876", "bücher"])
def test_what_is_no_host(host: str) -> None:
    with pytest.raises(ValueError, match="is no name and no address"):
        make_certificates([host], 30, NOW)
