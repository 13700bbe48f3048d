"""What went wrong, told by ``rmq``: a line for people, JSON for programs."""

import json
import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Final

FAILED: Final = 1


def tell(error: Exception, options: Namespace, about: str = "") -> int:
    """Tell of *error* on standard error; gives the exit status.

    *about* is the name of a broker, where it is about that one of several.
    """
    if getattr(options, "json", False):
        said = json.dumps(_value(error, about), ensure_ascii=False)
    else:
        lead = f"broker {about} is left out: " if about else ""
        said = f"rmq: {lead}{error}"
    sys.stderr.write(f"{said}\n")
    return FAILED


def tell_silent(silent: Mapping[str, Exception], options: Namespace) -> None:
    """Tell which brokers did not answer, so that what they know is missing.

    Raises:
        SystemExit: with status 1, where there are any.
    """
    for broker, error in sorted(silent.items()):
        tell(error, options, broker)
    if silent:
        raise SystemExit(FAILED)


def _value(error: Exception, about: str) -> dict[str, object]:
    told: dict[str, object] = {"error": str(error), "status": FAILED}
    code = getattr(error, "code", None)
    if code is not None:
        told["code"] = int(code)
    return told | {"about": about} if about else told
