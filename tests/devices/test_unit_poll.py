"""A poll of several requests: the first time-out ends it, and nothing of it is taken."""

from dataclasses import dataclass, field

import pytest

from hal.codecs.registers import UnitCodec
from hal.devices.bus_nodes import NEVER
from hal.devices.unit import ModbusUnit
from hal.errors import LinkTimeout
from hal.ports import LinkState, Table
from tests.golden.framing import device_file, unit_of


@dataclass
class Line:
    """Answers the first requests with zeros, then nobody answers any more."""

    answers: int
    state: LinkState = LinkState.READY
    clock: float = 0.0
    asked: list[int] = field(default_factory=list)

    async def read(self, unit: int, table: Table, address: int, count: int, *, timeout_s: float) -> tuple[int, ...]:
        self.asked.append(address)
        if len(self.asked) > self.answers:
            self.clock += timeout_s
            raise LinkTimeout(f"unit {unit}: no answer within {timeout_s} s")
        return (0,) * count


@pytest.mark.parametrize("answers", [0, 1])
async def test_the_first_time_out_ends_the_poll_and_costs_the_line_one(answers: int) -> None:
    codec = UnitCodec(unit_of(device_file("axis/leadshine-cs2rs")))
    assert len(codec.blocks) > 2
    line = Line(answers)
    unit = ModbusUnit(codec, line, lambda: line.clock)  # type: ignore[arg-type]  # reads alone are asked for
    with pytest.raises(LinkTimeout):
        await unit.poll()
    assert len(line.asked) == answers + 1
    assert line.clock == codec.info.timeout_s
    assert (unit.values, unit.at_s) == ({}, NEVER), "values of one sample belong together"
