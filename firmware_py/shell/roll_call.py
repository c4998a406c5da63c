"""Who of the station's devices answers: lost, strange and found ones become events; all told of once = ready."""

import asyncio
from collections.abc import Callable
from typing import Final

from firmware_py.core.events import Event, Recovered, Trouble
from firmware_py.core.faults import FaultCode
from firmware_py.core.state import State
from firmware_py.shell.observer import Observer
from firmware_py.shell.plant import Plant
from hal.devices.bus_nodes import NEVER
from hal.devices.charger import ChargerNode
from hal.devices.code_reader import CodeReader
from hal.devices.unit import ModbusUnit

_CODES: Final = (FaultCode.LINK_LOST, FaultCode.DEVICE_IDENTITY_WRONG)


class RollCall:
    """What pollers and watches tell of units, chargers, the code reader and CAN channels.

    `round_done` is told of each completed round of a link, `told_of` of each unit that answers, or is lost.
    """

    def __init__(
        self,
        plant: Plant,
        observer: Observer,
        state: Callable[[], State],
        decide: Callable[[Event], None],
        round_done: Callable[[str], None],
        became_ready: Callable[[], None],
        told_of: Callable[[str, bool], None],
    ) -> None:
        self._plant = plant
        self._observer = observer
        self._state = state
        self._decide = decide
        self._became_ready = became_ready
        self._told_of = told_of
        self._missed: dict[FaultCode, set[str]] = {code: set() for code in _CODES}
        self._makers = tuple((place, node) for place, node in plant.packs.items() if node.codec.maker is not None)
        self._wrong: dict[str, str] = {}
        self.round_done = round_done
        self.ready = asyncio.Event()
        """Every device has a reading or a raised fault."""

    def polled(self, unit: ModbusUnit) -> None:
        """A unit brought values."""
        self._observer.polled(unit)
        self._told_of(unit.name, True)
        self.check_ready()

    def lost(self, unit: ModbusUnit, why: str) -> None:
        """A unit does not answer any more."""
        self._gone(FaultCode.LINK_LOST, unit, why)

    def strange(self, unit: ModbusUnit, why: str) -> None:
        """Another product answers in place of a unit."""
        self._back(FaultCode.LINK_LOST, unit)
        self._gone(FaultCode.DEVICE_IDENTITY_WRONG, unit, why)

    def found(self, unit: ModbusUnit) -> None:
        """A unit that was lost or strange answers again."""
        for code in _CODES:
            self._back(code, unit)

    def charger_polled(self, charger: ChargerNode) -> None:
        """A charger brought values."""
        self._observer.charger_polled()
        self.check_ready()

    def charger_lost(self, charger: ChargerNode, why: str) -> None:
        """A charger does not answer any more."""
        self._decide(Trouble(FaultCode.LINK_LOST, charger.name, why))
        self.check_ready()

    def charger_found(self, charger: ChargerNode) -> None:
        """A lost charger answers again."""
        self._decide(Recovered(charger.name))

    def reader_lost(self, reader: CodeReader, why: str) -> None:
        """A code reader is silent."""
        self._decide(Trouble(FaultCode.LINK_LOST, reader.name, why))
        self.check_ready()

    def reader_found(self, reader: CodeReader) -> None:
        """A code reader is heard again."""
        self._decide(Recovered(reader.name))

    def look_at_packs(self) -> None:
        """Frames came in: is a pack of another maker there, or the right one again?"""
        for place, node in self._makers:
            was, wrong = self._wrong.get(place, ""), node.wrong
            self._wrong[place] = wrong
            if wrong and not was:
                self._decide(
                    Trouble(FaultCode.DEVICE_IDENTITY_WRONG, place, f"{place}: not the pack of its file: {wrong}")
                )
            elif was and not wrong:
                self._decide(Recovered(place, FaultCode.DEVICE_IDENTITY_WRONG))

    def bus_lost(self, bus: str, why: str) -> None:
        """A CAN channel is down, with everybody on it."""
        self._decide(Trouble(FaultCode.LINK_LOST, bus, why))

    def bus_found(self, bus: str) -> None:
        """A CAN channel is back."""
        self._decide(Recovered(bus))

    def _gone(self, code: FaultCode, unit: ModbusUnit, why: str) -> None:
        self._missed[code].add(unit.name)
        self._decide(Trouble(code, self._plant.device_of_unit(unit.name), why))
        self._told_of(unit.name, False)
        self.check_ready()

    def _back(self, code: FaultCode, unit: ModbusUnit) -> None:
        missed, device = self._missed[code], self._plant.device_of_unit(unit.name)
        if unit.name in missed:
            missed.discard(unit.name)
            if not any(u.name in missed for u in self._plant.devices[device].units):
                self._decide(Recovered(device, code))

    def check_ready(self) -> None:
        """Has every device been told of? To be called whenever one was heard."""
        if self.ready.is_set():
            return
        lost = {f.device for f in self._state().faults if f.code in _CODES}
        silent = [d.name for d in self._plant.devices.values() if any(u.at_s == NEVER for u in d.units)]
        silent += [name for name, charger in self._plant.chargers.items() if charger.at_s == NEVER]
        if self._plant.scanner is not None and self._plant.scanner.at_s == NEVER:
            silent.append(self._plant.scanner.name)
        if all(name in lost for name in silent):
            self.ready.set()
            self._became_ready()
