"""Connectors of the bays: retracted before a pack is taken, mated after one was put there."""

from typing import Final

from firmware_py.core import checks as c
from firmware_py.core.chart import conditions as when
from firmware_py.core.chart import moves as m
from firmware_py.core.chart import watches as w
from firmware_py.core.chart.rows import Link, Row
from firmware_py.core.faults import FaultCode as F
from hal.commands import Connector


def _row(name: str, title: str, connector: Connector, *, out: bool, then: tuple[Link, ...] = ()) -> Row:
    return Row(
        name=name,
        step=0 if name.startswith("0") else 11,
        title=title,
        limit="connector",
        limit_fault=F.CONNECTOR_NOT_REACHED,
        limit_device="rack",
        moves=("rack",),
        watches=(w.RACK_SEEN, w.PLATFORM_SEEN),
        command=m.connector(connector, out=out),
        done=c.connector_is(connector, out=out),
        then=then,
        exit=(name,),
        beside=True,
    )


CONNECTORS: Final = (
    _row("0.coolant", "Retract the bay's coolant connector", Connector.COOLANT, out=False, then=(Link("0.power"),)),
    _row("0.power", "Retract the bay's power connector", Connector.POWER, out=False),
    _row("mate.power", "Mate the bay's power connector", Connector.POWER, out=True, then=(Link("mate.coolant"),)),
    _row("mate.coolant", "Mate the bay's coolant connector", Connector.COOLANT, out=True),
)
MATE: Final = Link("mate.power", when.to_a_bay)
