"""Requests signed with an access key, as servers with access control ask for.

What is signed is the values of all header fields, in the order of their names, and then
the body. Source: AclClientRPCHook, AclSigner.
"""

from base64 import b64encode
from typing import Final

from msgspec import Struct

from twistedmq.protocol.command import Buffer
from twistedmq.protocol.errors import InvalidParameterError

ACCESS_KEY: Final = "AccessKey"
SECURITY_TOKEN: Final = "SecurityToken"
SIGNATURE: Final = "Signature"

_ALGORITHM: Final = "sha1"
"""The genuine default; a server knows no other."""


class Credentials(Struct, frozen=True):
    """By what a client is known to servers that have access control.

    Raises:
        InvalidParameterError: a key is empty.
    """

    access_key: str
    secret_key: str
    security_token: str | None = None

    def __post_init__(self) -> None:
        """Check the keys."""
        for name in ("access_key", "secret_key"):
            if not getattr(self, name):
                raise InvalidParameterError(f"{name} is empty")

    def __repr__(self) -> str:
        """Show whose they are; secrets do not belong into logs."""
        return f"<Credentials of {self.access_key!r}>"

    def sign(self, fields: dict[str, str], body: Buffer) -> dict[str, str]:
        """Give the header fields of a request with its signature."""
        # It brings OpenSSL along, which takes a while: few clients have keys.
        from hmac import digest  # noqa: PLC0415

        signed = {**fields, ACCESS_KEY: self.access_key}
        if self.security_token is not None:
            signed[SECURITY_TOKEN] = self.security_token
        content = "".join([signed[name] for name in sorted(signed)]).encode()
        data = b"".join((content, body))
        signature = digest(self.secret_key.encode(), data, _ALGORITHM)
        signed[SIGNATURE] = b64encode(signature).decode()
        return signed
