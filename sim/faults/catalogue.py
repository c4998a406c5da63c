"""The table of all faults."""

from typing import Final

from sim.faults.car import CAR_FAULTS, PACK_FAULTS
from sim.faults.house import HOUSE_FAULTS
from sim.faults.kinds import FaultKind
from sim.faults.plant import PLANT_FAULTS
from sim.faults.safety import SAFETY_FAULTS
from sim.faults.wires import WIRE_FAULTS

_ALL: Final = (*PLANT_FAULTS, *HOUSE_FAULTS, *PACK_FAULTS, *CAR_FAULTS, *SAFETY_FAULTS, *WIRE_FAULTS)
CATALOGUE: Final[dict[str, FaultKind]] = {fault.id: fault for fault in _ALL}
