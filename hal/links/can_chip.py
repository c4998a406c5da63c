"""What the controller chip of a CAN adapter says of itself: error frames, and the state that they add up to.

Classes and bytes are those of `linux/can/error.h` (Linux kernel, "Network Problem Notifications").
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_CONTROLLER: Final = 0x004  # details in byte 1
_NO_ACK: Final = 0x020
_BUS_OFF: Final = 0x040
_RESTARTED: Final = 0x100
_COUNTERS: Final = 0x200  # Linux 5.19 and newer say so; older ones fill the counters without a word
_PASSIVE: Final = 0x30  # byte 1: receiver 0x10, sender 0x20
_ACTIVE: Final = 0x40  # byte 1: back from passive
_LENGTH: Final = 8


class ChipState(StrEnum):
    """Error states of a CAN controller (ISO 11898-1). In `BUS_OFF` it neither sends nor receives."""

    ACTIVE = "error-active"
    PASSIVE = "error-passive"
    BUS_OFF = "bus-off"


@dataclass(frozen=True, slots=True)
class Report:
    """One error frame. `state` is None where it does not speak of the state; counters are None where it has none."""

    state: ChipState | None = None
    no_ack: bool = False
    tx_errors: int | None = None
    rx_errors: int | None = None


def report_of(can_id: int, data: bytes) -> Report:
    """Read an error frame. Any id and any data are one: socketcand, for example, sends no details."""
    state = None
    if can_id & _BUS_OFF:
        state = ChipState.BUS_OFF
    elif can_id & _RESTARTED:
        state = ChipState.ACTIVE
    elif can_id & _CONTROLLER and len(data) > 1:
        if data[1] & _PASSIVE:
            state = ChipState.PASSIVE
        elif data[1] & _ACTIVE:
            state = ChipState.ACTIVE
    counted = len(data) == _LENGTH and (can_id & _COUNTERS or data[6] or data[7])
    tx_errors, rx_errors = (data[6], data[7]) if counted else (None, None)
    return Report(state, bool(can_id & _NO_ACK), tx_errors, rx_errors)


class Chip:
    """Counts the error frames of one channel, over all its adapters' lives, and keeps the state of the present one."""

    def __init__(self) -> None:
        self.state = ChipState.ACTIVE
        self.error_frames = 0
        self.bus_offs = 0
        self.no_acks = 0
        """Frames that nobody acknowledged: this station is alone on its bus, or the bit rate is wrong."""
        self.tx_errors = 0
        self.rx_errors = 0
        """Error counters of the chip as it last told them."""

    def take(self, report: Report) -> bool:
        """Add one error frame; whether the state changed."""
        self.error_frames += 1
        self.no_acks += report.no_ack
        self.tx_errors = self.tx_errors if report.tx_errors is None else report.tx_errors
        self.rx_errors = self.rx_errors if report.rx_errors is None else report.rx_errors
        return report.state is not None and self._become(report.state)

    def heard(self) -> bool:
        """A data frame came, which none does in bus-off; whether the state changed."""
        return self.state is ChipState.BUS_OFF and self._become(ChipState.ACTIVE)

    def opened(self) -> None:
        """A new session: what the last one said is over."""
        self.state = ChipState.ACTIVE

    def _become(self, state: ChipState) -> bool:
        if state is self.state:
            return False
        self.state = state
        self.bus_offs += state is ChipState.BUS_OFF
        return True

    def __str__(self) -> str:
        return f"{self.state}, error counters {self.tx_errors} sending, {self.rx_errors} receiving"
