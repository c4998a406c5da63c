"""Station file: which units are where, what makes up a device, the process data (`config/stations/<name>.toml`)."""

from typing import Annotated, Literal

from pydantic import Field

from hal.commands import Side
from hal.config.base import Flag, Int, Name, NotNegative, Num, Positive, Strict, Text
from hal.config.links import LinkConfig
from hal.config.process import Plant, Process

STEPS = tuple(range(20))
"""Steps of the swap, domain numbering 0..19; the tables by step hold all of them."""

StepNumber = Annotated[int, Field(ge=0, le=19)]


class StationInfo(Strict):
    """What the station is. Wheelbase in mm.

    A `bench` is a part of a station: it may lack devices, and cars with all that belongs to them; it gives no service.
    The sections that it leaves out stand as in the station that it is `like`.
    """

    name: Name
    site: Name
    title: Text
    bays: Annotated[int, Field(strict=True, ge=1, le=64)]
    bench: Flag = False
    like: Name | None = None
    lock_points: Annotated[int, Field(strict=True, ge=0, le=16)] = 0
    vehicles: tuple[Name, ...] = ()
    wheelbase_min_mm: Positive | None = None
    wheelbase_max_mm: Positive | None = None


class Poll(Strict):
    """Poll periods in s. The controller picks one at run time: nothing happens / watched / something moves."""

    idle_s: Positive
    watch_s: Positive
    motion_s: Positive


Channels = Text | Annotated[tuple[Text, ...], Field(min_length=1)]


class UnitConfig(Strict):
    """One Modbus unit: link, unit id, device file, and this station's mechanics and wiring.

    `roles` (role -> register) and `verbs` (verb -> verb of the file) say what the unit is in a device of several alike:
    then it offers these and no others. Absent, it offers everything under the names of its file.
    `expect` (identity mark -> number) is what a mark says of the very unit, where its file leaves that to the station.
    """

    link: Name
    unit: Annotated[int, Field(strict=True, ge=0, le=255)]
    device: Text
    poll: Poll
    gain: dict[Name, Num] = Field(default_factory=dict)
    inputs: dict[Name, Channels] = Field(default_factory=dict)
    outputs: dict[Name, Channels] = Field(default_factory=dict)
    roles: dict[Name, Name] = Field(default_factory=dict)
    verbs: dict[Name, Name] = Field(default_factory=dict)
    expect: dict[Name, Annotated[int, Field(strict=True, ge=0, le=65535)]] = Field(default_factory=dict)


class UnitsDevice(Strict):
    """A device made of one or more Modbus units."""

    kind: Literal[
        "lift",
        "lock-set",
        "shuttle",
        "stacker",
        "platform",
        "safety-plc",
        "hoist",
        "vision",
        "rack",
        "fire-panel",
        "signals",
        "insulation",
        "meter",
        "ups",
    ]
    units: Annotated[tuple[Name, ...], Field(min_length=1)]


class VehicleDevice(Strict):
    """The car's own bus; `model` is the vehicle file whose DBC is spoken there."""

    kind: Literal["vehicle"]
    link: Name
    model: Name


Ascii = Annotated[str, Field(strict=True, pattern=r"^[\x01-\x7e]*$")]


class ReaderDevice(Strict):
    """A code reader that sends a line every `every_s`: `start`, what stands before it, `end`.

    A code matches `pattern` as a whole; `no_read` is what it sends where it reads none.
    """

    kind: Literal["code-reader"]
    link: Name
    start: Ascii = ""
    end: Annotated[Ascii, Field(min_length=1)]
    no_read: Annotated[Ascii, Field(min_length=1)]
    pattern: Text
    max_chars: Annotated[int, Field(strict=True, ge=1, le=256)] = 64
    every_s: Positive


DeviceConfig = UnitsDevice | VehicleDevice | ReaderDevice
DEVICE_NAMES = {
    "lift": "lift",
    "locks": "lock-set",
    "shuttle": "shuttle",
    "stacker": "stacker",
    "platform": "platform",
    "safety": "safety-plc",
    "car": "vehicle",
    "hoist": "hoist",
    "vision": "vision",
    "scanner": "code-reader",
    "rack": "rack",
    "fire": "fire-panel",
    "signals": "signals",
    "insulation": "insulation",
    "meter": "meter",
    "ups": "ups",
}
"""The devices a station must have, and the kind of each."""


Node = Annotated[int, Field(strict=True, ge=0, le=0x1FFFFFFF)]


class PackAt(Strict):
    """Where the pack of one place is heard: by its `node` on a channel that it shares, or on a channel of its own.

    What a node is to the ids, the pack's file says (`node_in`). `type`: the one class of pack that can stand here.
    """

    link: Name
    node: Node | None = None
    type: Name | None = None


class PacksConfig(Strict):
    """Classes of packs, and where they speak: `bay-1` ... `bay-N`, `buffer`, `car`."""

    types: Annotated[tuple[Name, ...], Field(min_length=1)]
    at: dict[Name, PackAt]


class ChargerAt(Strict):
    """The charger of one bay: a module by its address on a CAN link, spoken with as the charger file `type` says."""

    link: Name
    address: Annotated[int, Field(strict=True, ge=0)]
    type: Name


class PlaceConfig(Strict):
    """Where the stacker finds a place: level in mm above its lowest one, side of the aisle."""

    level_mm: Num
    side: Side


class FreshnessConfig(Strict):
    """A reading is stale after `periods` poll (or frame) periods plus the unit's reply time-out.

    After `lost_after` failed polls in a row a unit is lost, and is asked every `probe_s` (or at its own period if
    that is longer). Packs and car speak by themselves: silent for `pack_s` or `car_s` seconds, they are unknown.
    """

    periods: Annotated[Int, Field(ge=2, le=20)]
    lost_after: Annotated[Int, Field(ge=1, le=20)]
    probe_s: Positive
    pack_s: Positive
    car_s: Positive


class CloudConfig(Strict):
    """The link to the cloud and how often retained state is repeated at the most, in s.

    `events_kept`: events that wait for a broker before the oldest is lost; `again_s`: from a message that failed to the
    next one. `answers_kept`: of so many commands the last answer is remembered. `clock_set_by`: who sets the machine's
    clock, as long as the machine says that somebody does. `remote`: operator's acts that may come over this link.
    """

    link: Name
    state_every_s: Positive = 1.0
    events_kept: Annotated[Int, Field(ge=1, le=1_000_000)] = 10_000
    again_s: Positive = 0.1
    answers_kept: Annotated[Int, Field(ge=10, le=1000)] = 1000
    clock_set_by: Literal["ntp", "gps"] = "ntp"
    remote: tuple[Literal["reset", "hold", "resume", "abort"], ...] = ()


Group = Annotated[str, Field(strict=True, pattern=r"^[a-z_][a-z0-9_-]{0,30}$")]
"""A group of the machine, as useradd(8) lets it be named."""
ActName = Literal["reset", "hold", "resume", "abort", "clear", "mode", "step", "jog"]


class ControlConfig(Strict):
    """Who may do what at the station's own socket: the group of the machine that has each role.

    Each role may do what the ones before it may; root and the user that the station runs as may do everything.
    `why`: acts that are refused without a reason.
    """

    view: Group = "swapstation-view"
    operate: Group = "swapstation-operate"
    maintain: Group = "swapstation-maintain"
    why: tuple[ActName, ...] = ("abort", "clear", "mode", "jog")


class ReservationsConfig(Strict):
    """How many packs may be reserved at once, and for how many s at most. None where the section is left out."""

    most: Annotated[Int, Field(ge=0, le=64)] = 0
    longest_s: Positive = 1800.0


class StationConfig(Strict):
    """The whole file."""

    station: StationInfo
    links: dict[Name, LinkConfig]
    units: dict[Name, UnitConfig]
    devices: dict[Name, DeviceConfig]
    packs: PacksConfig
    chargers: dict[Name, ChargerAt] = Field(default_factory=dict)
    places: dict[Name, PlaceConfig]
    process: Process
    plant: Plant
    profile: dict[StepNumber, NotNegative]
    limits: dict[StepNumber, Positive]
    retries: dict[StepNumber, Annotated[Int, Field(ge=0, le=5)]]
    freshness: FreshnessConfig
    cloud: CloudConfig
    control: ControlConfig = Field(default_factory=ControlConfig)
    reservations: ReservationsConfig = Field(default_factory=ReservationsConfig)
