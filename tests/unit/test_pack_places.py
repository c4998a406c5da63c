"""Packs on shared buses and on buses of their own: what the loader lets pass and names, who is then heard where."""

import shutil
from pathlib import Path
from typing import Any, cast

import pytest

from firmware_py.shell.plant import Links, build_plant
from hal.config.bundle import Station
from hal.config.loader import load_station
from hal.errors import ConfigError, Mistake
from tests.unit.shell.fakes import Broker, Dead

CONFIG = Path(__file__).resolve().parents[2] / "config"
PLACES = ("bay-1", "bay-2", "bay-3")
LINK = 'packs = { kind = "can", interface = "socketcan", channel = "can0", bitrate = 250000 }'


@pytest.fixture(name="root")
def copied(tmp_path: Path) -> Path:
    root = tmp_path / "config"
    shutil.copytree(CONFIG, root)
    return root


def edit(path: Path, *pairs: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def second_bus(root: Path, *pairs: tuple[str, str]) -> None:
    """choco-14 with its last seven bays on a bus of their own."""
    more = [(f'bay-{k} = {{ link = "packs"', f'bay-{k} = {{ link = "packs_b"') for k in range(8, 15)]
    both = LINK + "\n" + LINK.replace("packs", "packs_b").replace("can0", "can2")
    edit(root / "stations/choco-14.toml", (LINK, both), *more, *pairs)


def offset(root: Path, nodes: dict[str, str], ids: str = "11-bit") -> None:
    """All packs of choco-14 with node_in = "offset"; the nodes of some places are replaced."""
    for name in ("choco-20", "choco-25"):
        edit(root / f"packs/{name}.toml", ('node_in = "low-byte"', 'node_in = "offset"'))
    if ids == "11-bit":
        for number, old in enumerate(("2560688128", "2560753664", "2560819200", "2560884736"), start=1):
            edit(root / "packs/choco-generic.dbc", (old, str(0x100 * number)))
    edit(
        root / "stations/choco-14.toml",
        *((f'{place} = {{ link = "packs", node = {place[4:]} }}', f'{place} = {{ link = "packs", node = {node} }}')
          for place, node in nodes.items()),
    )  # fmt: skip


def mistakes(root: Path) -> tuple[Mistake, ...]:
    with pytest.raises(ConfigError) as caught:
        load_station("choco-14", roots=(root,))
    return caught.value.mistakes


def speakers(station: Station) -> dict[str, dict[int, str]]:
    """Link -> first id -> place, as the controller listens."""
    dead = cast(Any, Dead())
    plant = build_plant(
        station, Links(*[dict.fromkeys(station.config.links, dead)] * 2, cast(Any, Broker())), lambda: 0
    )
    nodes = {id(node): f"bay-{k}" for k, node in enumerate(plant.bays, start=1)}
    return {
        link: {min(node.codec.ids): nodes[id(node)] for node in heard if id(node) in nodes}
        for link, heard in plant.speakers.items()
    }


def test_the_same_node_on_two_buses_is_two_packs(root: Path) -> None:
    second_bus(root, ('bay-8 = { link = "packs_b", node = 8 }', 'bay-8 = { link = "packs_b", node = 1 }'))
    heard = speakers(load_station("choco-14", roots=(root,)))
    assert heard["packs"][0x18A10001] == "bay-1"
    assert heard["packs_b"][0x18A10001] == "bay-8"
    assert 0x18A10008 not in heard["packs"] | heard["packs_b"]


def test_an_offset_moves_every_id_of_a_pack(root: Path) -> None:
    offset(root, {"bay-1": "0x10", "bay-2": "0x20"})
    heard = speakers(load_station("choco-14", roots=(root,)))
    assert (heard["packs"][0x110], heard["packs"][0x120], heard["packs"][0x103]) == ("bay-1", "bay-2", "bay-3")


@pytest.mark.parametrize(
    ("nodes", "ids", "key", "value", "allowed"),
    [
        # bay 2's first message 0x100 + 0x101 is bay 1's second one, 0x200 + 1
        ({"bay-2": "0x101"}, "11-bit", "bay-2", "0x201 on packs", "ids of its own: bay-1 speaks with this one"),
        ({"bay-3": "2"}, "11-bit", "bay-3", "0x102 on packs", "ids of its own: bay-2 speaks with this one"),
        ({"bay-2": "0x400"}, "11-bit", "bay-2.node", "1024: PACK_IDENTITY would be 0x800", "ids up to 0x7FF"),
        ({"bay-2": "0x7600000"}, "29-bit", "bay-2.node", "0x20020000", "ids up to 0x1FFFFFFF"),
    ],
)  # fmt: skip
def test_an_offset_that_collides_or_leaves_the_id_is_named(
    root: Path, nodes: dict[str, str], ids: str, key: str, value: str, allowed: str
) -> None:
    offset(root, nodes, ids)
    found = [m for m in mistakes(root) if m.key == f"packs.at.{key}"]
    assert any(value in m.value and m.allowed == allowed for m in found), [str(m) for m in mistakes(root)]


def test_fixed_ids_need_a_channel_of_their_own(root: Path) -> None:
    for name in ("choco-20", "choco-25"):
        edit(root / f"packs/{name}.toml", ('node_in = "low-byte"', 'node_in = "none"'))
    edit(root / "stations/choco-14.toml", ('bay-1 = { link = "packs", node = 1 }', 'bay-1 = { link = "packs" }'))
    found = {m.key: m.allowed for m in mistakes(root)}
    assert "fixed" in found["packs.at.bay-2.node"]
    assert "bay-1 speaks with this one" in found["packs.at.bay-2"]


def test_a_pack_that_speaks_with_the_ids_of_the_car_is_named(root: Path) -> None:
    """CAR_STATUS is 0x18C10000: a pack on the car's bus whose offset brings PACK_STATUS there."""
    offset(root, {}, "29-bit")
    edit(
        root / "stations/choco-14.toml", ('car = { link = "car", node = 1 }', 'car = { link = "car", node = 0x200000 }')
    )
    (found,) = [m for m in mistakes(root) if m.key == "packs.at.car"]
    assert (found.value, found.allowed) == ("0x18C10000 on car", "ids of its own: the car speaks with this one")


def test_one_place_can_be_kept_for_one_class(root: Path) -> None:
    edit(root / "stations/choco-14.toml", ("node = 3 }", 'node = 3, type = "choco-25" }'))
    station = load_station("choco-14", roots=(root,))
    assert list(station.packs_at("bay-3")) == ["choco-25"]
    assert list(station.packs_at("bay-4")) == ["choco-20", "choco-25"]
