"""The command desk: what the cloud asks is told from noise, repetition and the past, and answered."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, Protocol

from pydantic import TypeAdapter, ValidationError

from firmware_py.shell.admission import Moment, why_not
from firmware_py.shell.answers import UNKNOWN, Answers
from hal.contract import Command
from hal.contract.messages import Name
from hal.ports import Message

MISTAKES: Final = 5
"""So many mistakes of a message are named in its answer."""
LONGEST_COMMAND: Final = 16 * 1024
"""Bytes of a message; the longest command that is one has about a fifth of it."""
LONGEST_KEY: Final = 64
"""Characters of a key that is named as wrong."""
_NAME: Final = TypeAdapter[str](Name)


class Desk(Protocol):
    """Where commands of one name are handled."""

    @property
    def model(self) -> type[Command]:
        """The words of such a command."""
        ...

    @property
    def closed(self) -> str:
        """Why no such command is taken at all; empty where it may be."""
        ...

    async def take(self, command: Command) -> bool:
        """Act on a command that is fresh and was never here. `False`: it could not be kept, it may come again."""
        ...


class CommandDesk:
    """Takes each command at most once, over restarts too. `spend` uses up the challenge of `moment`."""

    def __init__(
        self,
        root: str,
        target: str,
        desks: Mapping[str, Desk],
        answers: Answers,
        moment: Callable[[], Moment],
        spend: Callable[[], None],
    ) -> None:
        self._prefix = f"{root}/cmd/"
        self._target = target
        self._desks = desks
        self._answers = answers
        self._moment = moment
        self._spend = spend

    async def run(self, messages: AsyncIterator[Message]) -> None:
        """Take commands for ever. A message is acknowledged once it is kept, or known to be none."""
        async for message in messages:
            if await self._take(message) and message.ack is not None:
                message.ack()

    async def _take(self, message: Message) -> bool:
        name = message.topic.removeprefix(self._prefix)
        desk = self._desks.get(name)
        if desk is None:
            return True  # nothing of ours
        found = parsed(desk.model, message.payload)
        command_id = id_in(message.payload) if isinstance(found, str) else found.id
        if command_id != UNKNOWN and self._answers.again(name, command_id):
            return True
        why = desk.closed or self._why_not(found, message)
        if why:
            return await self._answers.refuse(name, command_id, why)
        assert not isinstance(found, str)
        self._spend()
        return await desk.take(found)

    def _why_not(self, found: Command | str, message: Message) -> str:
        if isinstance(found, str):
            return found
        if message.retain:
            return "a retained command is never acted on"
        return why_not(found, self._target, self._moment())


def parsed(model: type[Command], payload: bytes) -> Command | str:
    """The command in a message, or why it is none."""
    if len(payload) > LONGEST_COMMAND:
        return f"a command has at most {LONGEST_COMMAND} bytes, this has {len(payload)}"
    try:
        return model.model_validate_json(payload)
    except ValidationError as error:
        return "; ".join(f"{_place(e['loc'])}: {e['msg']}" for e in error.errors()[:MISTAKES])


def _place(keys: tuple[int | str, ...]) -> str:
    """Where in a message; a key that somebody made up is quoted, so that no text of ours holds what it holds."""
    found = ".".join(str(key) for key in keys)
    return (found if found.isprintable() else ascii(found))[:LONGEST_KEY] or "message"


def id_in(payload: bytes) -> str:
    """The id in a message that is no command: who sent it may want to know what became of it."""
    try:
        body = json.loads(payload) if len(payload) <= LONGEST_COMMAND else {}
        return _NAME.validate_python(body.get("id"), strict=True)
    except (ValueError, AttributeError, RecursionError):
        return UNKNOWN
