"""Child processes of a demonstration: own logs, watched while they run, always ended and reaped."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

STOP_S: Final = 8.0
"""How long a child may take for its orderly end; then it is killed."""
LAST_LINES: Final = 15
_PR_SET_PDEATHSIG: Final = 1
_ENTRY: Final = f"""
import ctypes, signal, sys
if sys.platform == "linux":  # we may be killed without a chance to end it
    ctypes.CDLL(None).prctl({_PR_SET_PDEATHSIG}, signal.SIGTERM)
from firmware_py.cli import main
main()
"""


class ChildDied(Exception):
    """A child ended before it was told to. The text has its exit code and its last words."""


@dataclass(frozen=True)
class Child:
    """A running `swapstation` command."""

    name: str
    log: Path
    process: asyncio.subprocess.Process

    async def watch(self) -> None:
        """Never returns while the child lives. Raises `ChildDied`."""
        code = await self.process.wait()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise ChildDied("\n".join([f"the {self.name} ended by itself, {how}; its last lines:", *self.last_lines()]))

    def last_lines(self) -> list[str]:
        """The end of its log."""
        return [f"  {line}" for line in self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]]


@asynccontextmanager
async def child(
    name: str, arguments: Sequence[str], log: Path, more: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[Child]:
    """Run `swapstation ARGUMENTS` with all it says in `log`. `more`: further variables of its environment.

    It leads a session of its own, so that Ctrl-C reaches us alone and we end the children in order.
    """
    given = {key: value for key, value in os.environ.items() if key not in {"NOTIFY_SOCKET", "WATCHDOG_USEC"}}
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _ENTRY, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=out,
            stderr=asyncio.subprocess.STDOUT, start_new_session=True, env={**given, "PYTHONUNBUFFERED": "1", **more},
        )  # fmt: skip
    try:
        yield Child(name, log, process)
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
    await process.wait()
