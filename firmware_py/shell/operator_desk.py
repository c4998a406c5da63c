"""The operator's desk: acts are journalled with who and why, decided, and answered to who asked."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from firmware_py.core.effects import Told
from firmware_py.core.events import Action, Operator
from firmware_py.shell.journal import Row
from firmware_py.shell.logbook import log_event, log_warning
from firmware_py.shell.recorder import Recorder


class OperatorDesk:
    """Numbers each act, so that its answer finds who asked, whenever it comes."""

    def __init__(self, recorder: Recorder, decide: Callable[[Operator], None]) -> None:
        self._recorder = recorder
        self._decide = decide
        self._waiting: dict[int, asyncio.Future[Told]] = {}
        self._asked = 0
        self.last: Told | None = None
        """The last answer, for who comes to look."""

    async def operate(self, operator: Operator) -> Told:
        """Returns with the answer. Raises `JournalError` where the act cannot be kept: then it is not done.

        A hold is done first and kept after: it waits for no disk.
        """
        body = _body(operator)
        if operator.action is Action.HOLD:
            self._recorder.note(Row("operator", body))
        else:
            await self._recorder.intend(Row("operator", body))
        log_event("operator-asks", body)
        self._asked += 1
        ask = self._asked
        waiter: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        self._waiting[ask] = waiter
        try:
            self._decide(replace(operator, ask=ask))
            return await waiter
        finally:
            self._waiting.pop(ask, None)

    def refused(self, action: str, who: str, uid: int, role: str) -> None:
        """Somebody asked for what the role is not enough for: kept, and in the log."""
        body = {"action": action, "who": who, "uid": uid, "role": role}
        self._recorder.note(Row("operator-refused", body))
        log_warning("operator-refused", body)

    def tell(self, told: Told) -> None:
        """An act is answered: kept, in the log, and told to who waits for it."""
        body = {"action": told.action, "answer": told.answer.value, "reason": told.reason}
        self._recorder.note(Row("operator-answer", body))
        log_event("operator", body)
        self.last = told
        waiter = self._waiting.get(told.ask)
        if waiter is not None and not waiter.done():
            waiter.set_result(told)


def _body(operator: Operator) -> dict[str, Any]:
    body: dict[str, Any] = {"action": operator.action.value, "who": operator.who, "why": operator.why}
    if operator.uid is not None:
        body |= {"uid": operator.uid, "role": operator.role}
    if operator.mode is not None:
        body["mode"] = operator.mode.value
    if operator.jog is not None:
        body["jog"] = {**asdict(operator.jog), "points": list(operator.jog.points)}
    if operator.row:
        body["row"] = operator.row
    return body
