"""A whole station on other CAN carriers: one word of its file puts its buses on serial adapters or on multicast."""

import json
import shutil
from pathlib import Path

import pytest

from tests.wire.processes import STATION, bench

CONFIG = Path(__file__).resolve().parents[2] / "config"
ENTRIES = {
    "slcan": 'interface = "slcan", channel = "/dev/serial/by-id/{name}", bitrate = 250000',
    "udp_multicast": 'interface = "udp_multicast", channel = "239.74.163.{number}", port = 43113',
}


def config_on(interface: str, folder: Path) -> Path:
    """A configuration in which both buses of the station are on `interface`."""
    root = folder / "config"
    shutil.copytree(CONFIG, root)
    path = root / "stations" / f"{STATION}.toml"
    text = path.read_text(encoding="utf-8")
    for number, name in enumerate(("packs", "car"), start=2):
        old = f'{name} = {{ kind = "can", interface = "socketcan", channel = "can{number - 2}", bitrate = 250000 }}'
        assert old in text
        text = text.replace(old, f'{name} = {{ kind = "can", {ENTRIES[interface].format(name=name, number=number)} }}')
    path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize("interface", ["slcan", "udp_multicast"])
async def test_a_pack_and_the_controller_are_reached(interface: str, tmp_path: Path) -> None:
    root = ["--config", str(config_on(interface, tmp_path))]
    async with bench() as on, on.simulator(*root) as simulator:
        links = simulator["links"]
        assert [links[name]["interface"] for name in ("packs", "car")] == [interface, interface]
        read = await on.command("read", STATION, "bay-1", *root, "--links", simulator["overlay"], "--json")
        assert read.code == 0, read.err
        (part,) = read.json["parts"]
        assert part["values"]["soc_pct"]["value"] > 0
        async with on.controller(simulator):
            status = await on.command("status", STATION, "--json")
        assert status.code == 0, status.err


async def test_two_runs_on_the_same_multicast_group_do_not_hear_each_other(tmp_path: Path) -> None:
    root = ["--config", str(config_on("udp_multicast", tmp_path))]
    async with bench() as one, one.simulator(*root) as first, bench() as two, two.simulator(*root) as second:
        assert first["links"]["packs"]["channel"] == second["links"]["packs"]["channel"]
        assert (await one.command("sim", "fault", "pack-silent", "place=bay-1")).code == 0
        heard = []
        for on, simulator in ((one, first), (two, second)):
            words = ["read", STATION, "bay-1", *root, "--links", simulator["overlay"], "--json"]
            read = await on.command(*words)
            heard.append(["soc_pct" in part["values"] for part in read.json["parts"]])
        assert heard == [[False], [True]]


@pytest.mark.parametrize("interface", ["slcan", "socketcand"])
async def test_an_adapter_pulled_out_is_seen_by_the_controller_and_found_again(interface: str, tmp_path: Path) -> None:
    root = ["--config", str(config_on(interface, tmp_path))] if interface == "slcan" else []
    async with bench() as on, on.simulator(*root) as simulator, on.controller(simulator) as controller:
        await controller.until(lambda line: "link=packs" in line and "ready" in line, 10.0)
        seen = len(controller.lines)
        assert (await on.command("sim", "fault", "adapter-unplugged", "link=packs")).code == 0
        await controller.until(lambda line: line in controller.lines[seen:] and "link=packs" in line, 10.0)
        assert "state=disconnected" in next(line for line in controller.lines[seen:] if "link=packs" in line)
        seen = len(controller.lines)
        assert (await on.command("sim", "fault", "adapter-unplugged", "link=packs", "--clear")).code == 0
        await controller.until(lambda line: line in controller.lines[seen:] and "link=packs" in line, 15.0)
        assert "state=ready" in next(line for line in controller.lines[seen:] if "link=packs" in line)
    assert json.dumps(simulator["links"]["packs"]).count(interface) == 1
