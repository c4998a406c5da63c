"""`watch`: a guest at the broker or at the station's socket, which says when it hears no more and leaves nothing."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware_py.cli.watch import NotHeard, watch_station
from firmware_py.screen import View
from firmware_py.screen.shows import Silent
from hal.config.loader import load_station
from hal.contract import Status
from hal.contract.messages import StatusValues
from hal.ports import Message
from sim.campaigns.serve import Served, serve_station
from tests.wire.processes import STATION, bench

LIMIT_S = 10.0


class Noted(Silent):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._view: View | None = None
        self._news = asyncio.Event()

    def say(self, text: str) -> None:
        self.said.append(text)

    def frame(self, view: View) -> None:
        self._view = view
        self._news.set()

    async def until(self, so: Callable[[View], bool]) -> View:
        async with asyncio.timeout(LIMIT_S):
            while self._view is None or not so(self._view):
                self._news.clear()
                await self._news.wait()
        return self._view


def overlaid(served: Served, folder: Path) -> Path:
    path = folder / "links.toml"
    path.write_text(served.overlay)
    return path


async def test_it_hears_the_station_and_says_when_the_broker_is_gone(tmp_path: Path) -> None:
    show = Noted()
    async with serve_station(load_station(STATION), seed=1) as served:
        station = load_station(STATION, overlay=overlaid(served, tmp_path))
        status = Status(ts=1, id="b-1", seq=0, values=StatusValues(state="online", boot_id="b"))
        served.publish(Message(served.topics.status, status.model_dump_json().encode(), retain=True))
        watching = asyncio.create_task(watch_station(station, show))
        await show.until(lambda view: view.online is True and view.connected and view.simulated_speed == 1.0)
        served.broker.set_down(True)
        await show.until(lambda view: not view.connected)
        assert any("no connection to the broker" in line for line in show.said)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_no_session_is_left_at_the_broker(tmp_path: Path) -> None:
    show = Noted()
    async with serve_station(load_station(STATION), seed=1) as served:
        station = load_station(STATION, overlay=overlaid(served, tmp_path))
        watching = asyncio.create_task(watch_station(station, show))
        await show.until(lambda view: view.simulated_speed is not None)
        assert [name for name in served.broker.core.sessions if "watch" in name]
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        assert not any("no connection" in line for line in show.said)
        async with asyncio.timeout(LIMIT_S):
            while served.broker.core.sessions:
                await asyncio.sleep(0.02)


async def test_without_a_broker_it_says_why(tmp_path: Path, unused_tcp_port: int) -> None:
    overlay = tmp_path / "links.toml"
    overlay.write_text(
        f'[links]\ncloud = {{ kind = "mqtt", host = "127.0.0.1", port = {unused_tcp_port}, client_id = "x", '
        "connect_timeout_s = 0.5 }\n"
    )
    with pytest.raises(NotHeard, match="refused"):
        await watch_station(load_station(STATION, overlay=overlay), Noted())


async def test_beside_the_station_it_needs_no_broker_and_hears_a_station_that_comes_back(tmp_path: Path) -> None:
    """The broker is dead from before the controller's start on."""
    async with bench() as on, on.simulator() as simulator:
        assert (await on.command("sim", "fault", "broker-down")).code == 0
        async with on.running("watch", STATION) as watching:
            line = await watching.until(lambda line: "no connection" in line or "nobody" in line, 2 * LIMIT_S)
            assert line, "no controller runs yet: it says so"
        show = Noted()
        async with on.controller(simulator) as run:
            path = on.folder / "swapstation" / STATION / "control.sock"
            task = asyncio.create_task(watch_station(load_station(STATION), show, path))
            await show.until(lambda view: view.connected and view.packml == "Stopped" and view.place != "")
            async with on.running("watch", STATION) as watching:
                await watching.until(lambda line: "listening to" in line and "control.sock" in line, LIMIT_S)
                assert (await on.command("reset", STATION, "--yes")).code == 0
                await watching.until(lambda line: "Idle" in line, LIMIT_S)
                await show.until(lambda view: view.packml == "Idle")
                assert await watching.terminate() == 0
            run.process.kill()
            await show.until(lambda view: not view.connected)
        async with on.controller(simulator):
            await show.until(lambda view: view.connected and view.packml == "Stopped")
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_into_a_pipe_it_is_plain_lines(tmp_path: Path) -> None:
    async with bench() as on, serve_station(load_station(STATION), seed=1) as served:
        overlay = overlaid(served, tmp_path)
        async with on.running("watch", STATION, "--links", str(overlay)) as watching:
            line = await watching.until(lambda line: "simulated" in line, LIMIT_S)
            assert "\x1b" not in line
            assert await watching.terminate() == 0
