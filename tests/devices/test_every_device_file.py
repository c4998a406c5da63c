"""Every device file of the tree, found by its presence: emulated, polled and driven as the kind of device that it fits.

A new file needs no edit here: its kind is the one whose roles and verbs it has.
"""

import pytest

from hal.codecs.registers import Value
from hal.commands import Actuator
from hal.config.bundle import Channel, Wired
from hal.config.device import DeviceFile
from hal.config.role_types import role_types
from hal.config.verbs import OPTIONAL_VERBS, VERBS, known_verbs
from hal.ports import Table
from hal.readings import READING_OF_KIND, roles
from sim.world import Plant
from tests.devices.product_bench import Bench, Wiring, play
from tests.devices.test_config_files import device_file, names

KINDS = tuple(VERBS)
WORDS: dict[str, Value] = {
    "position_mm": 20.0, "speed_mm_s": 10.0, "level_mm": 600.0, "mask": 1, "side": 1, "on": True, "count": 7,
    "program": 2, "bay": 1, "connector": "power", "lamp": "green", "text": "stay", "time": 600,
}  # fmt: skip
"""An argument that no move or switch can mistake for nothing."""


def kind_of(device: DeviceFile) -> str:
    """The kind whose verbs it has, and most of whose roles; a unit with channels only serves the platform."""
    able = [k for k in KINDS if set(device.commands) <= known_verbs(k)]
    scores = {k: len(set(roles(k)) & set(device.registers)) / len(roles(k)) for k in able}
    if device.channels and not any(scores.values()):
        return "platform"
    return max(able, key=lambda k: (scores[k], len(set(VERBS[k]) & set(device.commands))))


def plant_for(device: DeviceFile, kind: str) -> Plant:
    """A plant with as many bays, points and zones as the rows of the file have."""
    rows = {name: r.repeat for name, r in device.registers.items() if r.repeat and name in role_types(kind)}
    points = next((n for name, n in rows.items() if kind == "lock-set"), 10)
    bays = next((n for name, n in rows.items() if kind == "rack"), 14)
    zones = next((n for name, n in rows.items() if kind == "fire-panel"), 2)
    return Plant(lock_points=points, bays=bays, fire_zones=zones)


def wiring_for(device: DeviceFile) -> Wiring:
    """Every input channel shows some switch of the platform, every pair of outputs drives an actuator."""
    switches = [name for name, kind in role_types("platform").items() if not kind.many]
    inputs: dict[str, Wired] = {}
    outputs: dict[str, Channel] = {}
    for name, group in device.channels.items():
        if group.table is Table.COIL:
            ways = [f"{actuator}_{way}" for actuator in Actuator for way in ("out", "home")]
            outputs |= {way: Channel(name, k) for k, way in enumerate(ways) if k < group.count}
        else:
            inputs |= {role: Channel(name, k) for k, role in enumerate(switches) if k < group.count}
    return Wiring(inputs=inputs, outputs=outputs)


@pytest.mark.parametrize("name", names("devices"))
def test_every_file_lives(name: str) -> None:
    """Its roles are read from the plant, its verbs are carried out by its emulator, and it still answers."""
    device = device_file(name)
    kind = kind_of(device)
    wiring = wiring_for(device) if device.channels else Wiring()

    async def story(b: Bench) -> None:
        await b.look()
        offered = [role for role in roles(kind) if role in b.unit.codec.unit.offers]
        assert offered or wiring.outputs or wiring.inputs, f"nothing of {name} is a role of a {kind}"
        seen = b.device.reading(lambda _: True)
        assert type(seen) is READING_OF_KIND[kind]
        unknown = [role for role in offered if getattr(seen, role) is None]
        assert not unknown or kind == "vision", "no car stands before a position unit"
        for verb in sorted(b.unit.codec.verbs - {"drive"}):  # a stop last: it ends what the others began
            arguments = {**VERBS[kind], **OPTIONAL_VERBS.get(kind, {}), "stop": ()}[verb]
            await b.do(verb, **{argument: WORDS[argument] for argument in arguments})
            await b.pass_time(0.1)
        for actuator in b.unit.codec.actuators:
            await b.do("drive", actuator=actuator, out=True)
        await b.pass_time(1.0)
        await b.look()

    play(story, name, kind, wiring=wiring, plant=plant_for(device, kind))


MOVERS = [name for name in names("devices") if {"move", "stop"} <= set(device_file(name).commands)]
AXES = [name for name in MOVERS if kind_of(device_file(name)) == "lift"]


@pytest.mark.parametrize("name", AXES)
def test_every_axis_goes_where_it_is_sent_and_stops(name: str) -> None:
    async def story(b: Bench) -> None:
        await b.do("move", position_mm=20.0, speed_mm_s=10.0)
        await b.pass_time(5.0)
        assert b.world.lift.mm == pytest.approx(20.0)
        assert (await b.look())["position_mm"] == pytest.approx(20.0)
        await b.do("move", position_mm=200.0, speed_mm_s=10.0)
        await b.pass_time(2.0)
        assert b.world.lift.moving
        await b.do("stop")
        await b.pass_time(0.5)
        assert not b.world.lift.moving
        assert 30.0 < b.world.lift.mm < 60.0

    play(story, name, "lift")


ACTIVE = [n for n in names("devices") if wiring_for(device_file(n)).outputs]


@pytest.mark.parametrize("name", ACTIVE)
def test_every_unit_with_outputs_drives_the_plant(name: str) -> None:
    wiring = wiring_for(device_file(name))

    async def story(b: Bench) -> None:
        for actuator in b.unit.codec.actuators:
            await b.do("drive", actuator=actuator, out=True)
        await b.pass_time(6.0)
        assert all(b.world.platform.is_out(Actuator(actuator)) for actuator in b.unit.codec.actuators)
        await b.do("stop")
        assert not any(cylinder.out or cylinder.home for cylinder in b.world.platform.cylinders.values())

    play(story, name, "platform", wiring=wiring)


def test_every_model_with_an_emulator_of_its_own_has_a_file() -> None:
    from sim.emulators.build import MODELS

    assert set(MODELS) <= {device_file(name).device.model for name in names("devices")}
