"""The local control of a station: what may be asked over its socket, and what it answers."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from firmware_py.core.effects import Answer
from firmware_py.core.events import Action, Operator
from firmware_py.shell.acts import act_of, longest_s, preview
from firmware_py.shell.controller import Controller
from firmware_py.shell.journal import JournalError
from firmware_py.shell.line_socket import LineServer, Request, RequestError
from firmware_py.shell.logbook import log_event
from firmware_py.shell.plant import Links
from firmware_py.shell.status import status_of
from firmware_py.shell.wirelog.files import LogTaken
from firmware_py.shell.wirelog.kinds import CanFormat
from firmware_py.shell.wirelog.session import LONGEST_S, LogBusy, WireLogDesk, folder_name

STATUS: Final = "status"
WIRE_LOG: Final = "wire-log"
ACTIONS: Final = (STATUS, WIRE_LOG, *(action.value for action in Action))
ANSWER_S: Final = 5.0
"""An operator's act is journalled before it is decided; a disk slower than this is an error."""


class Control:
    """Answers `{"action": ..., "why": ...}`, for some acts with more keys; `preview` tells what would move.

    Who asks is the peer's user name, never a word of the request.

    `wire-log` has keys of its own: `seconds` (its answer comes when they have passed), `dir`, `can` (how frames are
    kept), and `stop` instead.
    """

    def __init__(self, controller: Controller, links: Links, desk: WireLogDesk, logs: Path) -> None:
        self._controller = controller
        self._links = links
        self._desk = desk
        self._logs = logs

    async def answer(self, request: Request, who: str) -> Mapping[str, Any]:
        """Status, what a wire log has become, or the answer to an operator's act. Raises `RequestError`."""
        if request.get("action") == WIRE_LOG:
            return await self._wire_log(request, who)
        if request.get("action") == STATUS and set(request) <= {"action", "why"}:
            return {"ok": True, "status": status_of(self._controller, self._links)}
        act = _checked(request, who)
        if request.get("preview"):
            return preview(self._controller, act)
        limit_s = ANSWER_S + longest_s(self._controller, act)
        try:
            async with asyncio.timeout(limit_s):
                reply = await self._controller.operate(act)
        except JournalError as error:
            return {"ok": False, "error": f"the journal cannot keep it, so it is not done: {error}"}
        except TimeoutError:
            return {"ok": False, "error": f"no decision within {limit_s:g} s: see the log of the station"}
        return {
            "ok": reply.answer not in {Answer.REFUSED, Answer.FAILED},
            "answer": reply.answer.value,
            "reason": reply.reason,
            "packml": self._controller.state.packml.value,
            "mode": self._controller.state.mode.value,
        }

    async def _wire_log(self, request: Request, who: str) -> Mapping[str, Any]:
        if set(request) == {"action", "stop"}:
            return {"ok": True} if self._desk.stop() else {"ok": False, "error": "no wire log is being written"}
        seconds, folder, can = _log_wishes(request, self._logs)
        log_event("wire-log", {"dir": folder, "seconds": seconds, "can": can.value, "who": who})
        try:
            return {"ok": True, **await self._desk.write_for(folder, seconds, can)}
        except (LogBusy, LogTaken) as error:
            return {"ok": False, "error": str(error)}


def serve_control(controller: Controller, links: Links, path: Path, desk: WireLogDesk, logs: Path) -> LineServer:
    """The server at `path`, as an async context manager. `logs`: where wire logs go. Entering raises `SocketTaken`."""
    return LineServer(path, Control(controller, links, desk, logs).answer)


def _log_wishes(request: Request, logs: Path) -> tuple[float, Path, CanFormat]:
    extra = sorted(set(request) - {"action", "seconds", "dir", "can"})
    if extra:
        raise RequestError(f"unknown key {extra[0]!r}; allowed: action, seconds, dir, can, or stop alone")
    can = request.get("can", CanFormat.CANDUMP.value)
    if can not in set(CanFormat):
        raise RequestError(f"can is {can!r}; allowed: {', '.join(CanFormat)}")
    seconds, folder = request.get("seconds"), request.get("dir")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds <= LONGEST_S:
        raise RequestError(f"seconds is a number above 0 and at most {LONGEST_S:g}")
    if folder is not None and (not isinstance(folder, str) or not Path(folder).is_absolute()):
        raise RequestError("dir is an absolute path")
    return seconds, Path(folder) if folder else logs / folder_name(), CanFormat(can)


def _checked(request: Request, who: str) -> Operator:
    action = request.get("action")
    if action not in ACTIONS:
        raise RequestError(f"unknown action {action!r}; allowed: {', '.join(ACTIONS)}")
    if action == STATUS:
        raise RequestError("status takes no other key; allowed: action, why")
    return act_of(request, who)
