"""The local control of a station: what may be asked over its socket, by whom, and what it answers."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from firmware_py.core.effects import Answer
from firmware_py.core.events import Operator
from firmware_py.shell.acts import act_of
from firmware_py.shell.controller import Controller
from firmware_py.shell.journal import JournalError
from firmware_py.shell.line_socket import LineServer, Request, RequestError, Stream
from firmware_py.shell.logbook import log_event, log_warning
from firmware_py.shell.peer import Peer
from firmware_py.shell.plant import Links
from firmware_py.shell.previews import longest_s, preview
from firmware_py.shell.roles import NEEDS, STATUS, WATCH, WIRE_LOG, Role, Roster, roster_of
from firmware_py.shell.status import status_of
from firmware_py.shell.watching import watching
from firmware_py.shell.wirelog.files import LogTaken
from firmware_py.shell.wirelog.kinds import CanFormat
from firmware_py.shell.wirelog.session import LONGEST_S, LogBusy, WireLogDesk, folder_name

ANSWER_S: Final = 5.0
"""An operator's act is journalled before it is decided; a disk slower than this is an error."""
REFUSED_EVERY_S: Final = 10.0
"""A user who goes on asking for what the role is not enough for is journalled this often."""


class Control:
    """Answers `{"action": ..., "why": ...}`, for some acts with more keys.

    Who asks is what the kernel says of the peer, never a word of the request. `preview` tells what would move; the
    text of it as `confirmed` has the act refused where something else would move by now.

    `wire-log` has keys of its own: `seconds` (its answer comes when they have passed), `dir`, `can` (how frames are
    kept), and `stop` instead.
    """

    def __init__(self, controller: Controller, links: Links, desk: WireLogDesk, logs: Path, roster: Roster) -> None:
        self._controller = controller
        self._links = links
        self._desk = desk
        self._logs = logs
        self._roster = roster
        self._refused: dict[int, float] = {}

    async def answer(self, request: Request, peer: Peer) -> Mapping[str, Any] | Stream:
        """Status, what the station says from now on, what a wire log has become, or the answer to an operator's act.

        Raises `RequestError`.
        """
        action = request.get("action")
        if not isinstance(action, str) or action not in NEEDS:
            raise RequestError(f"unknown action {action!r}; allowed: {', '.join(NEEDS)}")
        refusal = self._roster.refusal(action, peer)
        if refusal:
            self._keep_refusal(action, peer)
            return {"ok": False, "error": refusal, "needs": NEEDS[action].word, "has": self._roster.role_of(peer).word}
        if action == WIRE_LOG:
            return await self._wire_log(request, peer)
        if action not in {STATUS, WATCH}:
            role = self._roster.role_of(peer).word
            return await self._act(request, replace(act_of(request, peer.name), uid=peer.uid, role=role))
        if not set(request) <= {"action", "why"}:
            raise RequestError(f"{action} takes no other key; allowed: action, why")
        if action == WATCH:
            return watching(self._controller.uplink)
        return {"ok": True, "status": status_of(self._controller, self._links)}

    async def _act(self, request: Request, act: Operator) -> Mapping[str, Any]:
        if request.get("preview"):
            return preview(self._controller, act)
        action = act.action.value
        if not act.why and action in self._controller.station.config.control.why:
            raise RequestError(f"{action} needs a reason, which is kept in the journal: --why TEXT")
        if (confirmed := request.get("confirmed")) is not None:
            now = preview(self._controller, act)
            if now["ok"] and now["text"] != confirmed:
                return {"ok": False, "error": f"not done, something else would happen by now: {now['text']}"}
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

    def _keep_refusal(self, action: str, peer: Peer) -> None:
        now = self._controller.host.clock()
        if now - self._refused.get(peer.uid, -REFUSED_EVERY_S) >= REFUSED_EVERY_S:
            self._refused[peer.uid] = now
            self._controller.operators.refused(action, peer.name, peer.uid, self._roster.role_of(peer).word)

    async def _wire_log(self, request: Request, peer: Peer) -> Mapping[str, Any]:
        if set(request) == {"action", "stop"}:
            return {"ok": True} if self._desk.stop() else {"ok": False, "error": "no wire log is being written"}
        seconds, folder, can = _log_wishes(request, self._logs)
        log_event("wire-log", {"dir": folder, "seconds": seconds, "can": can.value, "who": peer})
        try:
            return {"ok": True, **await self._desk.write_for(folder, seconds, can)}
        except (LogBusy, LogTaken) as error:
            return {"ok": False, "error": str(error)}


def serve_control(controller: Controller, links: Links, path: Path, desk: WireLogDesk, logs: Path) -> LineServer:
    """The server at `path`, as an async context manager. `logs`: where wire logs go. Entering raises `SocketTaken`.

    Whoever may see the station may connect; where there is no group for that, only root and our own user.
    """
    roster = roster_of(controller.station.config.control)
    if roster.missing:
        log_warning("control-groups", {"missing": ",".join(roster.missing), "then": "root and our own user alone"})
    return LineServer(path, Control(controller, links, desk, logs, roster).answer, roster.gids.get(Role.VIEW))


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
    if folder is not None and not (isinstance(folder, str) and folder.isprintable() and Path(folder).is_absolute()):
        raise RequestError("dir is an absolute path, of printable characters")
    return seconds, Path(folder) if folder else logs / folder_name(), CanFormat(can)
