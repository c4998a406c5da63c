"""The command line by itself: help, exit codes, and mistakes that are told all at once."""

import re
import time
from pathlib import Path

from tests.wire.processes import STATION, bench

SOURCE = Path(__file__).parents[2]
COMMANDS = (
    "run",
    "status",
    "reset",
    "hold",
    "resume",
    "abort",
    "clear",
    "mode",
    "step",
    "jog",
    "watch",
    "check",
    "explain",
    "probe",
    "read",
    "wire-log",
    "diagram",
    "sim",
)
HELP_S = 0.4
OK, FAILED, USAGE, UNAVAILABLE, CONFIG = 0, 1, 64, 69, 78


async def test_help_is_quick_and_names_every_command() -> None:
    async with bench() as on:
        took = []
        for _ in range(5):
            began = time.perf_counter()
            ended = await on.command("--help")
            took.append(time.perf_counter() - began)
        assert ended.code == OK
        assert min(took) < HELP_S
        for name in COMMANDS:
            assert re.search(rf"^  {name} ", ended.out, re.MULTILINE), name
            assert (await on.command(name, "--help")).code == OK


async def test_the_version_is_told() -> None:
    async with bench() as on:
        ended = await on.command("--version")
        assert (ended.code, re.fullmatch(r"swapstation \d+\.\d+\.\d+\n", ended.out) is not None) == (OK, True)


async def test_usage_is_64() -> None:
    async with bench() as on:
        for words in (["bogus"], ["run", STATION, "--speed", "2"], ["sim", "serve", STATION, "--speed", "9"]):
            ended = await on.command(*words)
            assert (ended.code, "Error" in ended.err) == (USAGE, True), words


async def test_where_nobody_listens_it_says_how_to_start() -> None:
    async with bench() as on:
        ended = await on.command("status", STATION)
        assert (ended.code, f"`swapstation run {STATION}`" in ended.err) == (UNAVAILABLE, True)
        assert str(on.folder) in ended.err
        ended = await on.command("sim", "car", "--socket", str(on.folder / "none.sock"))
        assert (ended.code, "`swapstation sim serve" in ended.err) == (UNAVAILABLE, True)


async def test_a_station_that_is_not_there_is_78_and_names_those_that_are() -> None:
    async with bench() as on:
        for words in (["run", "choco-41"], ["sim", "serve", "choco-41"]):
            ended = await on.command(*words)
            assert (ended.code, STATION in ended.err) == (CONFIG, True), words


async def test_an_overlay_with_mistakes_is_told_with_all_of_them() -> None:
    async with bench() as on:
        overlay = on.folder / "links.toml"
        overlay.write_text('[links]\nlocks = { kind = "modbus-tpc", host = "h" }\nshutle = { kind = "can" }\n')
        ended = await on.command("run", STATION, "--links", str(overlay))
        assert ended.code == CONFIG
        assert "modbus-tcp" in ended.err
        assert "shuttle" in ended.err


async def test_check_tells_every_mistake_with_its_remedy() -> None:
    async with bench() as on:
        good = SOURCE / "config" / "stations" / f"{STATION}.toml"
        ended = await on.command("check", str(good))
        verdict, *told = ended.out.splitlines()
        stops = [line for line in told if "stop of" in line]
        assert (ended.code, verdict) == (OK, f"{good}: good")
        assert {line.split()[2] for line in stops} == {"lift", "locks", "shuttle", "stacker", "platform"}
        assert all("run-enable dropped behind it within 0." in line for line in stops)
        warned = [line for line in told if "not verified on hardware" in line]
        assert len(stops) + len(warned) == len(told)
        assert warned.count("  warning: devices/io/wago-750: not verified on hardware") == 1
        assert "  warning: vehicles/aion-ut: not verified on hardware" in warned

        alone = await on.command("check", str(SOURCE / "config" / "devices" / "io" / "wago-750.toml"))
        assert (alone.code, alone.out.count("not verified on hardware")) == (OK, 1)

        bad = on.folder / "bad.toml"
        text = good.read_text().replace("bays = 14", "bays = -1").replace("lock_points =", "lockpoints =")
        bad.write_text(text)
        ended = await on.command("check", str(bad), "--config", str(SOURCE / "config"), "--json")
        assert (ended.code, ended.json["ok"]) == (CONFIG, False)
        mistakes = {mistake["key"]: mistake for mistake in ended.json["mistakes"]}
        assert {"station.bays", "station.lockpoints"} <= set(mistakes)
        assert mistakes["station.lockpoints"]["hint"] == "lock_points"
        assert {mistake["file"] for mistake in ended.json["mistakes"]} == {str(bad)}


async def test_the_chart_is_written_where_it_is_wanted() -> None:
    async with bench() as on:
        target = on.folder / "chart.svg"
        assert (await on.command("diagram", "--format", "svg", "--output", str(target))).code == OK
        assert target.read_text().startswith("<svg")
        assert (await on.command("diagram")).out.startswith("flowchart")
        assert (await on.command("diagram", "--output", str(on.folder / "no" / "where"))).code == FAILED
