"""What the plant of a station is like: geometry, masses, speeds and times of the truth, in mm, kg, s, N·m, degrees."""

from dataclasses import dataclass, field
from typing import Final

from hal.commands import Actuator, Connector

PROFILE_ACTUATORS: Final[dict[Actuator, tuple[float, float]]] = {
    Actuator.RODS: (3.6, 1.8),
    Actuator.PINS: (1.8, 1.8),
    Actuator.PIN_LIFT: (2.8, 2.8),
    Actuator.SHUTTER: (3.6, 1.4),
    Actuator.LANE_GATE: (1.8, 1.8),
}
"""Travel times (to the working position, home) inside the nominal seconds of the fast profile."""
CONNECTORS: Final[dict[Connector, tuple[float, float]]] = {Connector.POWER: (4.0, 3.0), Connector.COOLANT: (6.0, 4.0)}
"""Travel times of a bay's connectors (mate, retract) [EST]."""


@dataclass(frozen=True, slots=True)
class PackKind:
    """What the world must know of a pack type."""

    name: str
    mass_kg: float
    voltage_v: float = 400.0
    cells: int = 100
    energy_kwh: float = 42.0


@dataclass(frozen=True, slots=True)
class StackerPlace:
    """Where the stacker's fork finds a place: level in mm, side -1 left or +1 right."""

    name: str
    level_mm: float
    side: int


@dataclass(frozen=True, slots=True)
class Plant:
    """Everything the world is built from. The defaults are a station of the fast profile with 14 bays."""

    pack_kinds: tuple[PackKind, ...] = (PackKind("choco-20", 300.0), PackKind("choco-25", 360.0))
    vehicle: str = "aion-ut"
    vehicle_pack: str = "choco-20"
    fixed: dict[str, str] = field(default_factory=dict)
    """Places where one kind of pack alone can stand, and stands at the start."""
    bays: int = 14
    lock_points: int = 10
    # lift
    home_mm: float = 0.0
    transfer_mm: float = 250.0
    slot_mm: float = 300.0
    shutter_mm: float = 600.0
    dock_mm: float = 900.0
    support_mm: float = 904.0
    lift_accel: float = 1500.0
    lift_max_mm_s: float = 600.0
    overload: float = 1.6
    overload_kg: float = 600.0
    # rail
    buffer_mm: float = -3000.0
    under_mm: float = 0.0
    store_mm: float = 3000.0
    rail_accel: float = 1000.0
    rail_max_mm_s: float = 800.0
    slot_length_mm: float = 2400.0
    aligned_mm: float = 5.0
    # stacker
    places: tuple[StackerPlace, ...] = ()
    stacker_mm_s: float = 500.0
    stacker_accel: float = 500.0
    fork_mm: float = 1400.0
    fork_stroke_s: float = 4.0
    # lock points
    latches: bool = False
    turn_deg: float = 1500.0
    engage_deg: float = 200.0
    limit_deg: float = 360.0
    target_nm: float = 65.0
    lock_s: float = 7.5
    unlock_s: float = 5.5
    # platform, car, safety
    actuators: dict[Actuator, tuple[float, float]] = field(default_factory=lambda: dict(PROFILE_ACTUATORS))
    connectors: dict[Connector, tuple[float, float]] = field(default_factory=lambda: dict(CONNECTORS))
    fire_zones: int = 2
    hoist_rise_mm: float = 120.0
    base_load_w: float = 6000.0
    ups_runtime_s: float = 1800.0
    drive_in_s: float = 14.5
    settle_s: float = 2.6
    handshake_s: float = 4.6
    self_check_s: float = 11.6
    drive_out_s: float = 9.5
    dc_link_v: float = 400.0
    dc_link_safe_v: float = 60.0
    dead_man_s: float = 0.5
    stopping_s: float = 0.5
    """Declared by the safety chain: so long after it has opened nothing heavy moves."""
    ambient_degc: float = 25.0

    @property
    def stop_s(self) -> float:
        """Time in which the stop ramps are set to end: a fifth is kept in hand."""
        return 0.8 * self.stopping_s

    @property
    def soft_mm(self) -> float:
        """Way of the head from touching a pack to carrying all of it."""
        return self.support_mm - self.dock_mm


def rack(bays: int) -> tuple[StackerPlace, ...]:
    """A plain rack: two columns of bays, buffer and store at its foot, isolation on top."""
    rows = tuple(
        StackerPlace(f"bay-{k}", 600.0 + 600.0 * ((k - 1) // 2), -1 if k % 2 else 1) for k in range(1, bays + 1)
    )
    top = 1200.0 + 600.0 * ((bays - 1) // 2)
    return (*rows, StackerPlace("buffer", 0.0, -1), StackerPlace("store", 0.0, 1), StackerPlace("isolation", top, 1))
