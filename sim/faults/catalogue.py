"""The table of all faults."""

from typing import Final

from sim.faults.kinds import FaultKind
from sim.faults.plant import PLANT_FAULTS
from sim.faults.wires import WIRE_FAULTS

CATALOGUE: Final[dict[str, FaultKind]] = {fault.id: fault for fault in (*PLANT_FAULTS, *WIRE_FAULTS)}
