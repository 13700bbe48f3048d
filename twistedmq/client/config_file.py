"""Settings from the file in which a client is told where its cluster is."""

from collections.abc import Mapping
from pathlib import Path

from twistedmq.client.client_file import (
    ACCESS_KEY,
    ADDRESSES,
    DOMAIN,
    INSTANCE,
    SECRET_KEY,
    SECURITY_TOKEN,
    SWITCHES,
    TLS,
    TLS_CERTIFICATE,
    TLS_KEY,
    TLS_PASSWORD,
    TLS_TRUST,
    TLS_VERIFIES,
    UNIT,
    ClientConfigError,
    read_client_file,
)
from twistedmq.client.session import ClientSettings
from twistedmq.client.tls import client_security
from twistedmq.protocol.signing import Credentials
from twistedmq.remoting.interfaces import ITransportSecurity


def load_settings(path: Path | str) -> ClientSettings:
    """Give the settings that a file tells; what it does not tell stays as it is.

    The name servers are read again every half minute, so that a change of the file is
    followed while a client runs. What else it says holds for clients made afterwards.

    Raises:
        ClientConfigError: it cannot be read, or a key or value in it is not good.
        SecurityError: it names a certificate or key that cannot be used.
    """
    path = Path(path)
    told = read_client_file(path)
    names_servers = ADDRESSES in told or DOMAIN in told
    return ClientSettings(
        nameservers=f"file:{path}" if names_servers else None,
        instance_name=told.get(INSTANCE),
        unit_name=told.get(UNIT),
        credentials=_credentials(path, told),
        security=_security(told),
    )


def _credentials(path: Path, told: Mapping[str, str]) -> Credentials | None:
    keys = [told.get(name) for name in (ACCESS_KEY, SECRET_KEY)]
    if keys[0] and keys[1]:
        return Credentials(keys[0], keys[1], told.get(SECURITY_TOKEN))
    if any(keys) or SECURITY_TOKEN in told:
        problem = f"{ACCESS_KEY} and {SECRET_KEY} belong together, one is missing"
        raise ClientConfigError(path, None, problem)
    return None


def _security(told: Mapping[str, str]) -> ITransportSecurity | None:
    if not SWITCHES[told.get(TLS, "false")]:
        return None
    return client_security(
        verify=SWITCHES[told.get(TLS_VERIFIES, "false")],
        trust_path=told.get(TLS_TRUST, ""),
        certificate_path=told.get(TLS_CERTIFICATE, ""),
        key_path=told.get(TLS_KEY, ""),
        key_password=told.get(TLS_PASSWORD, ""),
    )
