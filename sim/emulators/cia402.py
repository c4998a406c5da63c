"""State machine of a drive by IEC 61800-7-201 (CiA 402): command word in, state and status word out.

A step at a time: a command that asks for a state further on is ignored, as drives do that want each state seen.
"""

from enum import StrEnum
from typing import Final

SWITCH_ON, VOLTAGE, NO_QUICK_STOP, RESET = 0x01, 0x02, 0x04, 0x80
"""Bits of the command word 0x6040."""


class Drive402(StrEnum):
    """States of the drive."""

    NOT_READY = "not ready to switch on"
    DISABLED = "switch on disabled"
    READY = "ready to switch on"
    SWITCHED_ON = "switched on"
    ENABLED = "operation enabled"
    QUICK_STOP = "quick stop active"
    FAULT = "fault"


STATUS: Final = {
    Drive402.NOT_READY: 0x0000,
    Drive402.DISABLED: 0x0050,
    Drive402.READY: 0x0031,
    Drive402.SWITCHED_ON: 0x0033,
    Drive402.ENABLED: 0x0037,
    Drive402.QUICK_STOP: 0x0017,
    Drive402.FAULT: 0x0008,
}
"""Status word 0x6041: b0 ready, b1 switched on, b2 enabled, b3 fault, b4 voltage, b5 no quick stop, b6 disabled."""

_ON: Final = (Drive402.READY, Drive402.SWITCHED_ON, Drive402.ENABLED, Drive402.QUICK_STOP)
_SHUTDOWN, _SWITCH_ON, _ENABLE = 0x06, 0x07, 0x0F
_STEPS: Final = {
    (Drive402.DISABLED, _SHUTDOWN): Drive402.READY,
    (Drive402.SWITCHED_ON, _SHUTDOWN): Drive402.READY,
    (Drive402.ENABLED, _SHUTDOWN): Drive402.READY,
    (Drive402.READY, _SWITCH_ON): Drive402.SWITCHED_ON,
    (Drive402.ENABLED, _SWITCH_ON): Drive402.SWITCHED_ON,
    (Drive402.SWITCHED_ON, _ENABLE): Drive402.ENABLED,
}


class Machine402:
    """One drive. `state` is read freely; it is changed by commands, `started` and `trip` only."""

    def __init__(self, state: Drive402 = Drive402.DISABLED) -> None:
        self.state = state
        self.cause = False
        """Is the reason of a fault still there? Then no reset helps."""
        self._word = 0

    @property
    def status(self) -> int:
        """Status word."""
        return STATUS[self.state]

    def started(self) -> None:
        """The drive's own start is over."""
        if self.state is Drive402.NOT_READY:
            self.state = Drive402.DISABLED

    def trip(self) -> None:
        """Something is wrong: fault, whatever the state was."""
        self.state = Drive402.FAULT

    def drop(self) -> None:
        """The voltage is taken away by wire."""
        if self.state in _ON:
            self.state = Drive402.DISABLED

    def command(self, word: int) -> None:
        """Take a command word. Reset counts on its rising edge, everything else by level."""
        rising = word & ~self._word
        self._word = word
        if self.state is Drive402.FAULT:
            if rising & RESET and not self.cause:
                self.state = Drive402.DISABLED
        elif self.state in _ON and not word & VOLTAGE:
            self.state = Drive402.DISABLED
        elif self.state in _ON and not word & NO_QUICK_STOP:
            enabled = self.state in {Drive402.ENABLED, Drive402.QUICK_STOP}
            self.state = Drive402.QUICK_STOP if enabled else Drive402.DISABLED
        else:
            asked = word & _ENABLE if word & SWITCH_ON else word & _SWITCH_ON
            self.state = _STEPS.get((self.state, asked), self.state)
