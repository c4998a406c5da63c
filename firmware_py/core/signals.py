"""What the lamp and the display tell the driver, from the state alone."""

from typing import Final

from firmware_py.core.faults import FaultCode
from firmware_py.core.packml import PackML
from firmware_py.core.standing import blocks
from firmware_py.core.state import State
from hal.commands import DriverText, Lamp, Signal

_ROWS: Final = (
    (("2.again", "2.in"), Signal(Lamp.AMBER, DriverText.PARK_AGAIN)),
    (("1",), Signal(Lamp.GREEN, DriverText.DRIVE_IN)),
    (("19", "19.gate", "19.refuse"), Signal(Lamp.GREEN, DriverText.LEAVE)),
    (("19.close",), Signal(Lamp.AMBER, DriverText.WAIT)),
)
_CLOSED: Final = Signal(Lamp.RED, DriverText.CLOSED)
_WAIT: Final = Signal(Lamp.RED, DriverText.WAIT)


def signal_for(state: State) -> Signal:
    """Lamp and text of now: evacuation before all, then the car's row, then whether the station serves."""
    if any(fault.code is FaultCode.FIRE_ALARM for fault in state.faults):
        return Signal(Lamp.RED, DriverText.EVACUATE)
    match state.packml:
        case PackML.IDLE:
            return _CLOSED if any(map(blocks, state.faults)) else Signal(Lamp.GREEN, DriverText.WELCOME)
        case PackML.STARTING | PackML.COMPLETING | PackML.COMPLETE | PackML.RESETTING:
            return Signal(Lamp.AMBER, DriverText.WAIT)
        case PackML.EXECUTE | PackML.ABORTING:
            active = {a.row for a in state.active}
            return next((s for rows, s in _ROWS if active & set(rows)), Signal(Lamp.AMBER, DriverText.STAY))
        case PackML.HOLDING | PackML.HELD | PackML.UNHOLDING:
            return _WAIT
        case _:
            return _CLOSED
