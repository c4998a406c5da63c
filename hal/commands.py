"""What the station can do: one frozen command per verb. Commands state the goal ("be locked"), never a toggle.

`Stop` is the only command that every judge and every queue must always let pass.
"""

from dataclasses import dataclass
from enum import StrEnum


class CarMode(StrEnum):
    """What we ask of the car."""

    NONE = "none"
    SWAP = "swap"
    WAKE = "wake"
    RELEASE = "release"


class Actuator(StrEnum):
    """Two-position actuators of the platform. Each is driven by a pair of outputs; both off = held where it is."""

    RODS = "rods"
    PINS = "pins"
    PIN_LIFT = "pin_lift"
    SHUTTER = "shutter"
    LANE_GATE = "lane_gate"


class Slot(StrEnum):
    """The two slots of the shuttle."""

    OUT = "out"
    IN = "in"


class Side(StrEnum):
    """Side of the stacker's aisle."""

    LEFT = "left"
    RIGHT = "right"


class Connector(StrEnum):
    """The two connectors of a bay."""

    POWER = "power"
    COOLANT = "coolant"


class Lamp(StrEnum):
    """Colour of the signal lamp at the lane."""

    OFF = "off"
    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class DriverText(StrEnum):
    """What the display tells the driver; the display has the wording."""

    NONE = "none"
    WELCOME = "welcome"
    DRIVE_IN = "drive_in"
    PARK_AGAIN = "park_again"
    STAY = "stay"
    LEAVE = "leave"
    WAIT = "wait"
    CLOSED = "closed"
    EVACUATE = "evacuate"


@dataclass(frozen=True, slots=True)
class MoveLift:
    """Bring the swap head to a height. mm above home; mm/s > 0."""

    position_mm: float
    speed_mm_s: float


@dataclass(frozen=True, slots=True)
class Lock:
    """Tighten these lock points (1-based, ascending) to their full specification."""

    points: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unlock:
    """Free these lock points (1-based, ascending)."""

    points: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MoveSlot:
    """Bring one shuttle slot to a place on the rail. mm; mm/s > 0."""

    slot: Slot
    position_mm: float
    speed_mm_s: float


@dataclass(frozen=True, slots=True)
class MoveStacker:
    """Bring the stacker to a level. mm above its lowest place."""

    level_mm: float


@dataclass(frozen=True, slots=True)
class PickPack:
    """Fork out, take the pack that stands there, fork home."""

    side: Side


@dataclass(frozen=True, slots=True)
class PlacePack:
    """Fork out, put the carried pack down, fork home."""

    side: Side


@dataclass(frozen=True, slots=True)
class Drive:
    """Drive a two-position actuator to its working (`out=True`: extended, raised, open) or home position."""

    actuator: Actuator
    out: bool


@dataclass(frozen=True, slots=True)
class HomeFork:
    """Bring the fork home with whatever is on it, or not: the end of a pick or place that was stopped half way."""


@dataclass(frozen=True, slots=True)
class RequestCar:
    """Ask the car for a mode."""

    mode: CarMode


@dataclass(frozen=True, slots=True)
class DriveConnector:
    """Mate (`out=True`) or retract one connector of a bay (1-based)."""

    bay: int
    connector: Connector
    out: bool


@dataclass(frozen=True, slots=True)
class EnableCharger:
    """Let the charger of a bay (1-based) deliver, or stop it."""

    bay: int
    on: bool


@dataclass(frozen=True, slots=True)
class SetCharger:
    """What the charger of a bay (1-based) may deliver at the most. V; A, positive = charging."""

    bay: int
    voltage_v: float
    current_a: float


@dataclass(frozen=True, slots=True)
class Extract:
    """Run the smoke extraction, or stop it."""

    on: bool


@dataclass(frozen=True, slots=True)
class Signal:
    """Show a lamp and a text to the driver."""

    lamp: Lamp
    text: DriverText


@dataclass(frozen=True, slots=True)
class RunEnable:
    """Ask the safety PLC to let drives run, or cut them all behind their links."""

    on: bool


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Proof of progress for the safety PLC: a counter that must change, 0..65535."""

    count: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop one device ("lift", "locks", "shuttle", "stacker", "platform") where it is, holding its load."""

    device: str


Command = (
    MoveLift
    | Lock
    | Unlock
    | MoveSlot
    | MoveStacker
    | PickPack
    | PlacePack
    | HomeFork
    | Drive
    | RequestCar
    | DriveConnector
    | EnableCharger
    | SetCharger
    | Extract
    | Signal
    | RunEnable
    | Heartbeat
    | Stop
)
