"""Device emulators: views of the world as a bus sees them."""

from sim.emulators.build import Emulators, build_emulators, build_unit
from sim.emulators.can import CanEmulator
from sim.emulators.charger import ChargerEmulator
from sim.emulators.code_reader import CodeReaderEmulator
from sim.emulators.nodes import CarEmulator, PackEmulator
from sim.emulators.protocol import ModbusEmulator, ModbusReject, ModbusSilence
from sim.emulators.unit import UnitEmulator

__all__ = [
    "CanEmulator",
    "CarEmulator",
    "ChargerEmulator",
    "CodeReaderEmulator",
    "Emulators",
    "ModbusEmulator",
    "ModbusReject",
    "ModbusSilence",
    "PackEmulator",
    "UnitEmulator",
    "build_emulators",
    "build_unit",
]
