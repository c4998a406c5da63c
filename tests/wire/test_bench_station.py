"""The small bench on real wires: served, run, probed, read, asked for its state; and no service, with the reason."""

from typing import Any

from tests.wire.processes import Bench, bench

STATION = "bench-2"
WITHOUT = "this is a bench without lift, locks, shuttle, stacker, platform, safety, car"


async def json_of(on: Bench, *words: str) -> Any:
    ended = await on.command(*words, "--json")
    assert ended.code == 0, ended.err + ended.out
    return ended.json


def plain(part: dict[str, Any]) -> dict[str, Any]:
    return {name: told["value"] for name, told in part["values"].items()}


async def test_a_bench_is_served_and_run_and_gives_no_service() -> None:
    async with bench() as on, on.simulator(station=STATION) as simulator, on.controller(simulator):
        assert (await json_of(on, "status", STATION))["packml"] == "Stopped"
        refused = await on.command("reset", STATION, "--yes", "--why", "test")
        assert refused.code != 0
        assert WITHOUT in refused.err + refused.out
        assert (await json_of(on, "status", STATION))["packml"] == "Stopped"
        car = await on.command("sim", "car", "--order", "--station", STATION)
        assert car.code != 0
        assert "bench-2 serves no car" in car.err + car.out


async def test_its_packs_and_its_charger_are_found_and_read() -> None:
    async with bench() as on, on.simulator(station=STATION) as simulator:
        links = simulator["run"][simulator["run"].index("--links") + 1]
        probed = await json_of(on, "probe", STATION, "--links", links)
        wires = {wire["name"]: wire for wire in probed["wires"]}
        found = {each["name"]: each for wire in wires.values() for each in wire["found"]}
        assert list(found) == ["bay-1", "bay-2", "charger-1"]
        assert all(each["good"] for each in found.values())
        assert [found[name]["identity"] for name in ("bay-1", "bay-2")] == ["PYLON", "cannot tell"]
        assert found["charger-1"]["identity"] == "voltage_max_v 1000, voltage_min_v 50, current_max_a 100"
        assert "1 of 1 chargers answer" in wires["charger"]["text"]

        packs = await json_of(on, "read", STATION, "packs", "--links", links)
        said = {part["name"]: plain(part) for part in packs["parts"]}
        assert (said["bay-1"]["soc_pct"], said["bay-1"]["maker"]) == (90, "PYLON")
        assert (said["bay-2"]["soc_pct"], said["bay-2"]["serial"]) == (90, None)

        (charger,) = (await json_of(on, "read", STATION, "charger-1", "--links", links))["parts"]
        assert (plain(charger)["enabled"], plain(charger)["output_v"]) == (False, 0)
