"""Operator's acts that come over the uplink: only those that the station file lets in, and never one made by hand."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from firmware_py.core.effects import Told
from firmware_py.core.events import Action, Operator
from firmware_py.shell.answers import Answers, Said
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import JournalError, Row
from firmware_py.shell.recorder import Recorder
from hal.contract import ActCommand, Command

TAKEN: Final = "command-taken"
MAY_BE_REMOTE: Final = (Action.RESET, Action.HOLD, Action.RESUME, Action.ABORT)
"""Acts that a person far away can judge by what the station tells. All others need eyes beside it."""
VIA: Final = "mqtt:"
"""Stands before the name of who asks: the broker has let them in, this machine does not know them."""


class ActDesk:
    """One act. `closed`: why it is never taken here."""

    model: type[Command] = ActCommand

    def __init__(
        self,
        action: Action,
        answers: Answers,
        recorder: Recorder,
        operate: Callable[[Operator], Awaitable[Told]],
        source: Callable[[], ClockSource],
        *,
        allowed: Iterable[str],
    ) -> None:
        self._action = action
        self._answers = answers
        self._recorder = recorder
        self._operate = operate
        self._source = source
        self.closed = ""
        if action not in MAY_BE_REMOTE:
            self.closed = f"{action.value} is only for a person beside the station"
        elif action.value not in allowed:
            self.closed = f"{action.value} is not let in over MQTT here (cloud.remote in the station file)"

    async def take(self, command: Command) -> bool:
        """Keep it with who and why, let the core decide, answer. `False` where it could not be kept: it is not done."""
        assert isinstance(command, ActCommand)
        name = self._action.value
        try:
            taken = self._recorder.promise(Row(TAKEN, self._body(command)))
            told = await self._operate(Operator(self._action, f"{VIA}{command.who}", command.why))
            await taken
        except JournalError as error:
            await self._answers.refuse(name, command.id, f"not journalled, not done: {error}")
            return False
        await self._answers.settle(Said(name, command.id, told.answer, told.reason))
        return True

    def _body(self, command: ActCommand) -> dict[str, Any]:
        return {
            "command": self._action.value,
            "id": command.id,
            "who": command.who,
            "why": command.why,
            "challenge": command.challenge,
            "issued_at": command.issued_at,
            "expires_at": command.expires_at,
            "clock_source": self._source().value,
        }
