"""Log lines in logfmt on stdout: one per change of state and per fault, and what the links have to say."""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

from firmware_py.core.chart import CHART
from firmware_py.core.state import State

_log = logging.getLogger(__name__)
_OURS = ("firmware_py", "hal")


class Logfmt(logging.Formatter):
    """`t=... level=... event=... key=value ...`. A record whose only argument is a mapping is an event with fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the record holds; a traceback follows it."""
        fields: dict[str, object] = {
            "t": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        if isinstance(record.args, Mapping):
            fields |= {"event": record.msg, **record.args}
        else:
            fields |= {"event": "log", "source": record.name, "text": record.getMessage()}
        line = " ".join(f"{key}={_value(value)}" for key, value in fields.items() if value is not None)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def start_logging(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send our records of `level` and the warnings of libraries to `stream` (default: stdout)."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(Logfmt())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in _OURS:
        logging.getLogger(name).setLevel(level)


def state_line(state: State) -> str:
    """One line for the service manager: the state, and the first of the faults, or why it is held where none stands."""
    if not state.faults:
        return state.packml.value + (f" for {state.held_for}" if state.held_for else "")
    first, more = state.faults[0], len(state.faults) - 1
    return f"{state.packml.value}: {first.code.value} {first.device}{f' and {more} more' if more else ''}"


def log_change(before: State, after: State) -> None:
    """Log what differs: state, place, swap, rows begun."""
    if after.packml is not before.packml:
        why = after.held_for if after.held_for != before.held_for else None
        _log.info("state", {"from": before.packml.value, "to": after.packml.value, "why": why or None})
    if before.swap is None and after.swap is not None:
        _log.info("swap-begun", {"swap": after.swap.id, "order": after.swap.order.id, "bay": after.swap.bay})
    known = {active.row for active in before.active}
    for active in after.active:
        if active.row not in known:
            row = CHART[active.row]
            _log.info("row", {"row": row.name, "step": row.step, "title": row.title})
    if after.place is not before.place:
        _log.info("place", {"from": before.place.value, "to": after.place.value})
    if before.swap is not None and after.swap is None:
        failure = before.swap.failure
        _log.info("swap-ended", {"swap": before.swap.id, "failure": failure.value if failure else None})


def log_link(name: str, state: str) -> None:
    """Log that a carrier came up or went down."""
    _log.info("link", {"link": name, "state": state})


def log_event(event: str, fields: Mapping[str, object]) -> None:
    """Log something that happens once, such as the start."""
    _log.info(event, dict(fields))


def log_warning(event: str, fields: Mapping[str, object]) -> None:
    """Log something that a person should know before it matters."""
    _log.warning(event, dict(fields))


def _value(value: object) -> str:
    text = str(value)
    plain = text and not any(c in ' "=' or not c.isprintable() for c in text)
    return text if plain else json.dumps(text, ensure_ascii=False)
