"""Wire logs of real processes: of a run from its first byte, of a running controller, and of CAN and MQTT alone."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from firmware_py.shell.wirelog.reading import WireLog
from tests.wire.processes import STATION, Running, bench

READ_S = 10.0


def _wires(log: WireLog) -> set[str]:
    return {entry.said["wire"] for entry in log if "wire" in entry.said}


def _said(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "wires.jsonl").read_text().splitlines()]


async def _kill(run: Running) -> None:
    run.process.kill()
    await run.process.wait()


async def test_a_killed_run_leaves_all_three_wires_whole() -> None:
    async with bench() as on, on.simulator() as simulator:
        folder = on.folder / "log"
        async with on.running(*simulator["run"][1:], "--wire-log", str(folder)) as run:
            await run.until(lambda line: "event=ready" in line, READ_S)
            assert (await on.command("reset", STATION, "--yes")).code == 0
            await run.until(lambda line: "to=Idle" in line, READ_S)
            refused = await on.command("wire-log", STATION, "--seconds", "1")
            assert (refused.code, f"being written to {folder}" in refused.err) == (1, True)
            await _kill(run)
        assert (folder / "wires.jsonl").read_bytes().endswith(b"\n")
        log = WireLog(folder)
        assert (log.header["station"], log.header["from_start"]) == (STATION, True)
        entries = list(log)
        assert _wires(log) == {"modbus", "mqtt", "can", "line", "core"}
        heard = {entry.said["link"] for entry in entries if entry.frames}
        assert "packs" in heard
        resets = [e.said for e in entries if e.said.get("event", {}).get("is") == "Operator"]
        assert [each["event"]["action"] for each in resets] == ["reset"]
        times = [entry.said["t"] for entry in entries]
        assert times == sorted(times)
        again = await on.command("sim", "replay", str(folder), "--brief")
        assert (again.code, "all as they were" in again.out) == (0, True), again.err


@pytest.mark.parametrize("kind", ["candump", "blf"])
async def test_sigterm_closes_a_log_with_its_last_commands(kind: str) -> None:
    async with bench() as on, on.simulator() as simulator:
        folder = on.folder / "log"
        async with on.running(*simulator["run"][1:], "--wire-log", str(folder), "--can", kind) as run:
            await run.until(lambda line: "event=ready" in line, READ_S)
            assert await run.terminate() == 0
        assert sum(len(entry.frames) for entry in WireLog(folder)) > 10
        again = await on.command("sim", "replay", str(folder), "--brief")
        assert (again.code, "all as they were" in again.out) == (0, True), again.err
        said = _said(folder)
        assert said[-1] == {"end": "closed"}
        offline = [each for each in said if each.get("do") == "publish" and '"offline"' in each["text"]]
        assert offline, "the goodbye is in the log"


async def test_a_running_controller_logs_on_demand_and_goes_on() -> None:
    async with bench() as on, on.simulator() as simulator, on.controller(simulator) as run:
        ended = await on.command("wire-log", STATION, "--seconds", "1", "--json")
        assert ended.code == 0, ended.err
        folder = Path(ended.json["dir"])
        assert folder.is_relative_to(on.folder / "state")
        said = _said(folder)
        assert (said[0]["from_start"], said[-1]) == (False, {"end": "closed"})
        assert len(said) == ended.json["lines"] + 2
        assert {"modbus", "can"} <= {each["wire"] for each in said[1:-1]}
        span_s = said[-2]["t"] - said[1]["t"]
        assert 0.7 < span_s < 1.3

        chosen = on.folder / "mine"
        async with on.running("wire-log", STATION, "--seconds", "600", "--dir", str(chosen)) as command:
            async with asyncio.timeout(READ_S):
                while not chosen.exists():
                    await asyncio.sleep(0.02)
            assert await command.terminate() == 1
        async with asyncio.timeout(READ_S):
            while _said(chosen)[-1] != {"end": "closed"}:
                await asyncio.sleep(0.02)
        again = await on.command("wire-log", STATION, "--seconds", "1", "--dir", str(chosen))
        assert (again.code, "File exists" in again.err) == (1, True)
        assert (await on.command("status", STATION)).code == 0
        assert await run.terminate() == 0


async def test_without_a_controller_can_is_heard() -> None:
    async with bench() as on, on.simulator() as simulator:
        overlay, folder = simulator["overlay"], on.folder / "heard"
        ended = await on.command("wire-log", STATION, "--links", overlay, "--seconds", "2", "--dir", str(folder))
        assert ended.code == 0, ended.err
        assert "listening to CAN and MQTT" in ended.err
        log = WireLog(folder)
        assert _wires(log) >= {"can", "mqtt"}
        assert any(entry.frames for entry in log if entry.said.get("link") == "packs")
