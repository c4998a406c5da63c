"""The controller as a service: what it tells the service manager, on a real datagram socket, and its credentials."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.wire.processes import STATION, bench

READ_S = 10.0
WATCHDOG_US = 600_000


class Manager:
    """A service manager's end of the socket."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._news = asyncio.Condition()
        self.said: list[str] = []
        self.at: list[float] = []
        """Times of the watchdog's messages."""

    async def listen(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            message = (await loop.sock_recv(self._end, 4096)).decode()
            async with self._news:
                if message == "WATCHDOG=1":
                    self.at.append(loop.time())
                else:
                    self.said.append(message)
                self._news.notify_all()

    async def until(self, wanted: str) -> None:
        """Until a message begins so."""
        async with asyncio.timeout(READ_S), self._news:
            await self._news.wait_for(lambda: any(message.startswith(wanted) for message in self.said))


@asynccontextmanager
async def manager(folder: Path, *, abstract: bool) -> AsyncIterator[tuple[Manager, str]]:
    """Listening, and its address as NOTIFY_SOCKET has it."""
    address = f"@swapstation-test-{os.getpid()}" if abstract else str(folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind("\0" + address[1:] if abstract else address)
        end.setblocking(False)
        told = Manager(end)
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(told.listen())
            yield told, address
            listening.cancel()


@pytest.mark.parametrize("abstract", [False, True])
async def test_the_service_manager_is_told_of_everything(abstract: bool) -> None:
    async with bench() as on, on.simulator() as simulator, manager(on.folder, abstract=abstract) as (told, address):
        on.more = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": str(WATCHDOG_US)}
        async with on.running(*simulator["run"][1:]) as run:
            await told.until("READY=1")
            ready = next(message for message in told.said if message.startswith("READY=1"))
            assert ready == "READY=1\nSTATUS=Stopped"

            assert (await on.command("reset", STATION, "--yes")).code == 0
            await told.until("STATUS=Resetting")
            await told.until("STATUS=Idle")
            assert (await on.command("sim", "fault", "unit-silent", "unit=shuttle_rail")).code == 0
            await told.until("STATUS=Idle: LINK_LOST shuttle")

            assert await run.terminate() == 0
            await told.until("STOPPING=1")
        gaps = [later - sooner for sooner, later in zip(told.at, told.at[1:], strict=False)]
        assert len(gaps) > 3
        assert max(gaps) < WATCHDOG_US / 1e6, "it is fed in time"
        assert all("\n" not in message.removeprefix("READY=1\n") for message in told.said), "one line for each state"


async def test_no_watchdog_is_fed_where_nobody_asked_for_it() -> None:
    async with bench() as on, on.simulator() as simulator, manager(on.folder, abstract=False) as (told, address):
        on.more = {"NOTIFY_SOCKET": address}
        async with on.running(*simulator["run"][1:]) as run:
            await told.until("READY=1")
            await run.terminate()
            await told.until("STOPPING=1")
        assert told.at == []


def _overlay(simulator: dict[str, Any]) -> str:
    return Path(simulator["overlay"]).read_text()


async def test_a_credential_that_is_missing_is_a_mistake_of_the_configuration() -> None:
    async with bench() as on, on.simulator() as simulator:
        secret = on.folder / "secret.toml"
        asked = 'kind = "mqtt", username = "me", credential = "mqtt-password"'
        text = _overlay(simulator).replace('kind = "mqtt"', asked)
        secret.write_text(text)
        for words in (["run", STATION], ["watch", STATION], ["probe", STATION]):
            ended = await on.command(*words, "--links", str(secret))
            assert (ended.code, "$CREDENTIALS_DIRECTORY is not set" in ended.err) == (78, True), (words, ended.err)
            assert "Traceback" not in ended.err

        (on.folder / "mqtt-password").write_text("swordfish\n")
        on.more = {"CREDENTIALS_DIRECTORY": str(on.folder)}
        ended = await on.command("probe", STATION, "--links", str(secret))
        assert (ended.code, "swordfish" in ended.out + ended.err) == (0, False), ended.out
