"""Changes of attributes as they are written on the command line."""

from twistedmq.protocol.errors import InvalidParameterError


def attribute_changes(text: str | None) -> dict[str, str]:
    """Read ``+a=b,-c``: the value by name with its sign, empty where it is taken away.

    Raises:
        InvalidParameterError: a change is neither, or a name is there twice.
    """
    found: dict[str, str] = {}
    for change in (text or "").split(",") if text else ():
        key, equals, value = change.partition("=")
        is_good = key.startswith("+") and value if equals else key.startswith("-")
        if not is_good or len(key) < 2 or key in found:
            raise InvalidParameterError(
                f"attributes: {change!r} in {text!r} is none of +NAME=VALUE and -NAME, "
                "or there twice"
            )
        found[key] = value
    return found
