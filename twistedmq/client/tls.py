"""TLS on the connections of a client."""

from twistedmq.remoting.interfaces import ITransportSecurity
from twistedmq.remoting.security import security_factory


def client_security(
    *,
    verify: bool = True,
    trust_path: str = "",
    certificate_path: str = "",
    key_path: str = "",
    key_password: str = "",
) -> ITransportSecurity:
    """Give what ``ClientSettings.security`` takes; needs the extra ``twistedmq[tls]``.

    Args:
        verify: whether a server must have a certificate that is vouched for, and that
            is for the host or address that it was reached by. (Genuine clients do not
            verify by default.)
        trust_path: a PEM file of certificates that vouch for others; "": those that
            this system trusts.
        certificate_path: a PEM file with this client's certificate, for servers that
            ask for one, and what stands between it and a root.
        key_path: a PEM file with the key of that.
        key_password: of that file.

    Raises:
        SecurityError: a library is missing, or a file cannot be used.
    """
    return security_factory().open_client_security(
        verify, trust_path, certificate_path, key_path, key_password
    )
