"""Render the page of all settings from the tables: docs/reference/settings.md."""

import sys
from pathlib import Path

from twistedmq.config.keys import Effect, Key, KeyTable
from twistedmq.config.tables import broker_keys, namesrv_keys

_INTRODUCTION = """\
# Settings

Every key can stand in the file given with `-c` (Java's properties syntax) and in
`--set KEY=VALUE`. An option goes before the file, the file before the environment, the
environment before the default. `NAMESRV_ADDR` sets `namesrvAddr`, `ROCKETMQ_HOME` sets
`rocketmqHome`.

Each genuine key of Apache RocketMQ 5.4 is in one of three classes: it has an effect;
it is accepted and has none (a line at start lists those that were set); or anything but
its default is refused, because ignoring it would break a promise. A key that is in
none of the tables is an error.

This page is made by `python -m twistedmq.config.docs`.
"""


def render_page() -> str:
    """Write the whole page."""
    return "\n".join(
        [_INTRODUCTION, *_section(broker_keys()), *_section(namesrv_keys())]
    )


def _section(table: KeyTable) -> list[str]:
    title = table.server[0].upper() + table.server[1:]
    return [
        f"## {title}\n",
        f"### {title}: settings with an effect\n",
        "A change while running takes effect at once, or at the next start (*).\n",
        "| Key | Value | Default | Meaning |",
        "| --- | --- | --- | --- |",
        *(_effective_row(key) for key in table.with_effect(Effect.EFFECTIVE)),
        "",
        f"### {title}: refused unless default\n",
        "| Key | Allowed | Reason |",
        "| --- | --- | --- |",
        *(_refused_row(key) for key in table.with_effect(Effect.REFUSED)),
        "",
        f"### {title}: accepted, without effect\n",
        "| Key | Value | Default | Why |",
        "| --- | --- | --- | --- |",
        *(_accepted_row(key) for key in table.with_effect(Effect.ACCEPTED)),
        "",
    ]


def _default(key: Key) -> str:
    if key.shown_default is not None:
        return _cell(key.shown_default)
    text = key.text_of(key.default_value())
    return f"`{_cell(text)}`" if text else "empty"


def _effective_row(key: Key) -> str:
    names = ", ".join(f"`{name}`" for name in (key.name, *key.aliases))
    mark = " (*)" if key.at_restart else ""
    own = "" if key.genuine else " Not a genuine key."
    meaning = _cell(key.meaning + own)
    return (
        f"| {names}{mark} | {_cell(key.kind.allowed)} | {_default(key)} | {meaning} |"
    )


def _refused_row(key: Key) -> str:
    return f"| `{key.name}` | {_default(key)} | {_cell(key.reason)} |"


def _accepted_row(key: Key) -> str:
    why = _cell(key.reason or "not built yet")
    return f"| `{key.name}` | {_cell(key.kind.allowed)} | {_default(key)} | {why} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference/settings.md").write_text(
        render_page(), encoding="utf-8"
    )
