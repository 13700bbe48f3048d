"""TLS end to end in memory: our client pool's side against our server's side."""

import datetime
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from remoting_kit import CountingTransport, frame
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.plugin import getPlugins
from twisted.python.failure import Failure
from twistedmq_tls.certificates import (
    load_certificates,
    load_identity,
    make_identity,
)
from twistedmq_tls.contexts import ServerContext, trust
from zope.interface.verify import verifyObject

from twistedmq.client.tls import client_security
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.remoting.errors import SecurityError
from twistedmq.remoting.interfaces import (
    ITransportSecurity,
    ITransportSecurityFactory,
)
from twistedmq.remoting.limits import Limits
from twistedmq.remoting.protocol import RemotingProtocol
from twistedmq.remoting.security import client_tls
from twistedmq.remoting.sniffer import Sniffer
from twistedmq.remoting.timer_wheel import TimerWheel

HEARTBEAT = RequestCode.HEART_BEAT


@pytest.fixture(scope="module")
def factory():
    (found,) = (f for f in getPlugins(ITransportSecurityFactory) if f.scheme == "tls")
    return found


def pem(identity, password: bytes = b"") -> tuple[bytes, bytes]:
    encryption = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    key = identity.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )
    return identity.certificate.public_bytes(serialization.Encoding.PEM), key


@pytest.fixture
def files(tmp_path):
    certificate, key = pem(make_identity(), b"secret")
    (tmp_path / "cert.pem").write_bytes(certificate)
    (tmp_path / "key.pem").write_bytes(key)
    return str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")


class Pair:
    """A client and a server, each behind a string."""

    def __init__(self, security, near=None) -> None:
        self.clock = Clock()
        self.wheel = TimerWheel(self.clock)
        self.client = RemotingProtocol(Dispatcher({}), Limits(), self.wheel)
        dispatcher = Dispatcher({HEARTBEAT: lambda r: Reply(body=r.command.body)})
        self.server = Sniffer(
            lambda peer: RemotingProtocol(dispatcher, Limits(), self.wheel, peer=peer),
            security,
            self.clock,
        )
        near = near or security
        self.near = client_tls(near, "broker.example", self.client, self.clock)
        self.transports = CountingTransport(), CountingTransport()
        self.near.makeConnection(self.transports[0])
        self.server.makeConnection(self.transports[1])

    def exchange(self, step: int = 100_000) -> None:
        """Carry bytes to and fro until neither side has more to say."""
        to_server, to_client = self.transports
        while True:
            self.clock.advance(0)
            there, back = to_server.value(), to_client.value()
            if not there and not back:
                return
            to_server.clear()
            to_client.clear()
            for start in range(0, len(there), step):
                self.server.dataReceived(there[start : start + step])
            for start in range(0, len(back), step):
                self.near.dataReceived(back[start : start + step])


def ask(pair: Pair, body: bytes, step: int = 100_000) -> bytes:
    answers = []
    answer = pair.client.request(HEARTBEAT, None, body, 3.0)
    answer.addCallback(lambda c: answers.append(bytes(c.body)))
    pair.exchange(step)
    return answers[0]


@pytest.mark.parametrize("step", [100_000, 1])
def test_a_request_and_its_reply_cross_however_the_bytes_are_cut(factory, step):
    pair = Pair(factory.open_security("enforcing", "", "", ""))
    assert ask(pair, b"hello", step) == b"hello"
    assert ask(pair, bytes(70_000)) == bytes(70_000)
    assert b"hello" not in pair.transports[0].value()


def test_a_self_signed_certificate_is_named_in_the_log_as_such(factory):
    lines = []
    globalLogPublisher.addObserver(lines.append)
    security = factory.open_security("permissive", "", "", "")
    assert not [e for e in lines if "fingerprint" in e], "made before it is needed"
    assert ask(Pair(security), b"x") == b"x"
    assert ask(Pair(security), b"y") == b"y"
    globalLogPublisher.removeObserver(lines.append)
    assert len([e for e in lines if "self-signed" in e.get("log_format", "")]) == 1


def test_the_certificate_of_the_settings_is_used(factory, files):
    security = factory.open_security("permissive", *files, "secret")
    assert verifyObject(ITransportSecurity, security)
    assert ask(Pair(security), b"x") == b"x"


def test_plain_frames_are_served_on_the_same_port(factory):
    pair = Pair(factory.open_security("permissive", "", "", ""))
    pair.server.dataReceived(frame(HEARTBEAT, body=b"plain"))
    assert b"plain" in pair.transports[1].value()


def test_junk_after_the_first_byte_ends_the_connection(factory):
    pair = Pair(factory.open_security("permissive", "", "", ""))
    pair.server.dataReceived(b"\x16" + bytes(100))
    pair.clock.advance(0)
    assert pair.transports[1].disconnecting


@pytest.mark.parametrize(
    ("paths", "password", "words"),
    [
        (("cert.pem", ""), "", "belong together"),
        (("", "key.pem"), "", "belong together"),
        (("none.pem", "key.pem"), "secret", "cannot read"),
        (("key.pem", "cert.pem"), "secret", "no certificate in"),
        (("cert.pem", "cert.pem"), "secret", "no usable key in"),
        (("cert.pem", "key.pem"), "wrong", "no usable key in"),
        (("cert.pem", "key.pem"), "", "no usable key in"),
        (("cert.pem", "other.pem"), "", "cannot be used"),
    ],
)
def test_what_cannot_be_used_is_refused_at_once(
    factory, files, tmp_path, paths, password, words
):
    other = rsa.generate_private_key(65537, 2048)
    (tmp_path / "other.pem").write_bytes(
        other.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    full = [str(tmp_path / path) if path else "" for path in paths]
    with pytest.raises(SecurityError, match=words):
        factory.open_security("permissive", *full, password)


def test_the_made_up_certificate_is_valid_now_and_for_a_while():
    certificate = make_identity().certificate
    now = datetime.datetime.now(datetime.UTC)
    assert certificate.not_valid_before_utc < now
    assert certificate.not_valid_after_utc > now + datetime.timedelta(days=300)


def authority(tmp_path, *names: str) -> tuple[str, str, str]:
    """Give the paths of a root, and of a certificate that it vouches for, with key."""
    made: list[tuple] = []
    now = datetime.datetime.now(datetime.UTC)
    for name, subjects in (("root", ()), ("leaf", names)):
        key = ec.generate_private_key(ec.SECP256R1())
        own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer, signing = made[0] if made else (own, key)
        builder = (
            x509.CertificateBuilder()
            .subject_name(own)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(not made, None), critical=True)
        )
        if subjects:
            dns = [x509.DNSName(each) for each in subjects]
            builder = builder.add_extension(x509.SubjectAlternativeName(dns), False)
        certificate = builder.sign(signing, hashes.SHA256())
        made.append((own, key))
        written = pem(SimpleNamespace(certificate=certificate, key=key))
        for kind, data in zip(("pem", "key"), written, strict=True):
            (tmp_path / f"{name}.{kind}").write_bytes(data)
    return tuple(str(tmp_path / each) for each in ("root.pem", "leaf.pem", "leaf.key"))


def refusal(pair: Pair) -> str:
    failures: list = []
    pair.client.request(HEARTBEAT, None, b"x", 3.0).addErrback(failures.append)
    pair.exchange()
    for near, far in ((pair.near, 0), (pair.server, 1)):
        if pair.transports[far].disconnecting or pair.transports[far].disconnected:
            near.connectionLost(Failure(ConnectionDone()))
    return failures[0].getErrorMessage()


def test_a_client_that_verifies_talks_to_who_it_trusts(factory, tmp_path):
    root, certificate, key = authority(tmp_path, "broker.example")
    server = factory.open_security("enforcing", certificate, key, "")
    assert ask(Pair(server, client_security(trust_path=root)), b"x") == b"x"
    assert ask(Pair(server, client_security(verify=False)), b"x") == b"x"


def test_a_client_that_verifies_talks_to_nobody_else(factory, tmp_path):
    root, certificate, key = authority(tmp_path, "other.example")
    server = factory.open_security("enforcing", certificate, key, "")
    wrong_host = Pair(server, client_security(trust_path=root))
    assert "verif" in refusal(wrong_host).lower()
    unknown = Pair(server, client_security())
    assert refusal(unknown).endswith(" lost: certificate verify failed")


class Asking:
    """The security of a server that wants to see certificates."""

    mode = "enforcing"

    def __init__(self, root: str, certificate: str, key: str) -> None:
        self._server = ServerContext(load_identity(certificate, key, ""))
        context = self._server._context
        trust(context, load_certificates(root))
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)

    def server_context(self):
        return self._server


@pytest.mark.parametrize("verify", [True, False])
def test_a_client_shows_its_certificate(tmp_path, verify):
    root, certificate, key = authority(tmp_path, "broker.example")
    asking = Asking(root, certificate, key)
    told = {"verify": verify, "trust_path": root}
    own = client_security(**told, certificate_path=certificate, key_path=key)
    assert ask(Pair(asking, own), b"x") == b"x"
    assert refusal(Pair(asking, client_security(**told)))
