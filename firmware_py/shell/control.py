"""The local control of a station: what may be asked over its socket, and what it answers."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from firmware_py.core.effects import Answer
from firmware_py.core.events import Action, Operator
from firmware_py.shell.controller import Controller
from firmware_py.shell.journal import JournalError
from firmware_py.shell.line_socket import LineServer, Request, RequestError
from firmware_py.shell.plant import Links
from firmware_py.shell.status import status_of

STATUS: Final = "status"
ACTIONS: Final = (STATUS, *(action.value for action in Action))
ANSWER_S: Final = 5.0
"""An operator's act is journalled before it is decided; a disk slower than this is an error."""
LONGEST_WHY: Final = 500


class Control:
    """Answers `{"action": ..., "why": ...}`. Who asks is the peer's user name, never a word of the request."""

    def __init__(self, controller: Controller, links: Links) -> None:
        self._controller = controller
        self._links = links

    async def answer(self, request: Request, who: str) -> Mapping[str, Any]:
        """Status, or the answer to an operator's act. Raises `RequestError`."""
        action, why = _checked(request)
        if action == STATUS:
            return {"ok": True, "status": status_of(self._controller, self._links)}
        try:
            async with asyncio.timeout(ANSWER_S):
                reply = await self._controller.operate(Operator(Action(action), who, why))
        except JournalError as error:
            return {"ok": False, "error": f"the journal cannot keep it, so it is not done: {error}"}
        except TimeoutError:
            return {"ok": False, "error": f"no decision within {ANSWER_S:g} s: see the log of the station"}
        return {
            "ok": reply.answer is not Answer.REFUSED,
            "answer": reply.answer.value,
            "reason": reply.reason,
            "packml": self._controller.state.packml.value,
        }


def serve_control(controller: Controller, links: Links, path: Path) -> LineServer:
    """The server at `path`, as an async context manager. Entering raises `SocketTaken`."""
    return LineServer(path, Control(controller, links).answer)


def _checked(request: Request) -> tuple[str, str]:
    extra = sorted(set(request) - {"action", "why"})
    if extra:
        raise RequestError(f"unknown key {extra[0]!r}; allowed: action, why")
    action, why = request.get("action"), request.get("why", "")
    if action not in ACTIONS:
        raise RequestError(f"unknown action {action!r}; allowed: {', '.join(ACTIONS)}")
    if not isinstance(why, str) or len(why) > LONGEST_WHY:
        raise RequestError(f"why is a text of at most {LONGEST_WHY} characters")
    return str(action), why
