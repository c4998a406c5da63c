"""Products as devices: each offers the roles of its kind by itself, in the types of the reading."""

import pytest

from hal.codecs.blocks import Block
from hal.codecs.identity import marks_of
from hal.codecs.registers import UnitCodec, Value
from hal.config.bundle import Unit
from hal.config.role_types import role_types
from hal.config.verbs import VERBS, known_verbs
from hal.devices.composed import Device
from hal.devices.unit import ModbusUnit
from hal.ports import LinkState, Table
from hal.readings import InsulationBound, InsulationReading, InsulationState, roles
from tests.devices.test_config_files import POLL, device_file, samples

LIFT_SWITCHES = {"load_kg", "at_home", "at_transfer", "at_seat", "dock_pins", "pack_seated"}
"""Come from other units of a station."""


class Link:
    """Answers with the generic device side."""

    def __init__(self, codec: UnitCodec, values: dict[str, Value]) -> None:
        self.codec, self.values = codec, values
        self.state = LinkState.READY

    async def read(self, unit: int, table: Table, address: int, count: int, *, timeout_s: float) -> tuple[int, ...]:
        for mark in marks_of(self.codec.unit.device):
            if mark.block == Block(table, address, count) and mark.expect:
                return mark.encode(mark.expect[0])
        return self.codec.encode_read(table, address, count, self.values)

    async def write(
        self,
        unit: int,
        table: Table,
        address: int,
        values: tuple[int, ...],
        *,
        multiple: bool,
        timeout_s: float,
        urgent: bool = False,
    ) -> None:
        self.codec.decode_write(table, address, values)


def device_of(name: str, kind: str, values: dict[str, Value] | None = None) -> Device:
    file = device_file(name)
    codec = UnitCodec(Unit("unit", "link", 1, file, POLL, {}, {}, {}))
    link = Link(codec, samples(file) | (values or {}))
    return Device("device", kind, [ModbusUnit(codec, link, lambda: 1.0)])


@pytest.mark.parametrize(
    ("name", "kind", "elsewhere"),
    [
        ("axis/iai-robo-cylinder", "lift", LIFT_SWITCHES),
        ("axis/altivar-320", "roller", set()),
        ("tightening/kolver-kducer", "nutrunner", set()),
        ("safety/pilz-pnozmulti", "safety-plc", set()),
        ("sensor/bender-isocha425", "insulation", set()),
        ("meter/eastron-sdm630", "meter", set()),
    ],
)
async def test_a_product_offers_the_roles_and_verbs_of_its_kind(name: str, kind: str, elsewhere: set[str]) -> None:
    device = device_of(name, kind)
    (unit,) = device.units
    await unit.poll()
    reading = device.reading(lambda _: True)
    unknown = {role for role in roles(kind) if getattr(reading, role) is None}
    assert unknown == elsewhere
    types = {"flag": bool, "whole": int, "number": (int, float), "word": str, "text": str}
    for role, wanted in role_types(kind).items():
        value = getattr(reading, role)
        for one in value if wanted.many and value is not None else (value,):
            assert role in unknown or isinstance(one, types[wanted.shape])
    assert set(VERBS[kind]) <= unit.codec.verbs <= known_verbs(kind)
    assert reading.at_s == 1.0


async def test_an_insulation_value_out_of_a_device_error_is_unknown() -> None:
    device = device_of("sensor/bender-isocha425", "insulation", {"insulation_state": "device_error"})
    await device.units[0].poll()
    reading = device.reading(lambda _: True)
    assert isinstance(reading, InsulationReading)
    assert reading.insulation_ohm is None
    assert reading.insulation_state is InsulationState.DEVICE_ERROR
    assert reading.insulation_bound is InsulationBound.HIGHER


async def test_a_device_that_is_not_fresh_is_unknown() -> None:
    device = device_of("meter/eastron-sdm630", "meter")
    await device.units[0].poll()
    assert all(getattr(device.reading(lambda _: False), role) is None for role in roles("meter"))
