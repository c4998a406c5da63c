"""The table of faults and reactions of a swap, row by row as people wrote it, and the scenario that shows each.

Typed by hand from the literature, never from the chart. Reactions: RETRY, HOLD, BACK_OUT, ABORT, ISOLATE, E_STOP,
REFUSE (before anything begins), GO_ON (no reaction at all).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A fault at a step, the reactions asked for, and the scenarios that show them. No scenario: `open_` says why."""

    step: str
    fault: str
    reactions: str
    scenarios: str
    open_: str = ""


TABLE = (
    Line("1-2", "wrong model", "REFUSE", "unknown-model"),
    Line("1-2", "no order", "", "no-order"),
    Line("1-2", "two orders at once", "REFUSE", "two-orders-at-once"),
    Line("1-2", "outside capture range", "RETRY ABORT", "parked-again parked-off-each-time not-parked-again"),
    Line("1-2", "person detected", "E_STOP", "person-in-the-cell"),
    Line("0", "no eligible pack", "REFUSE", "no-eligible-pack"),
    Line("3", "P lost", "ABORT", "park-lost-before-unlock park-lost-while-centring"),
    Line("3", "door opened", "ABORT", "door-opened-before-unlock door-opened-while-clamping"),
    Line("3", "HV not off", "ABORT", "hv-not-off hv-back-before-unlock"),
    Line("3", "VIN differs from the order", "ABORT", "wrong-vin"),
    Line("3", "the car does not accept", "ABORT", "car-refuses"),
    Line("3", "communication lost", "ABORT", "car-silent-at-handshake car-silent-before-unlock"),
    Line("3", "the same after the unlock", "HOLD",
         "park-lost-after-unlock brake-lost-without-pack door-opened-after-unlock car-silent-without-pack"),
    Line("4", "push-rod force high", "RETRY", "rods-jam-once"),
    Line("4", "offset not closing", "RETRY ABORT", "offset-does-not-close"),
    Line("5", "catch not engaged", "HOLD", "catch-not-engaged pins-not-seen-raised"),
    Line("5", "the clamps of a held car are lost", "HOLD", "clamp-lost-without-pack"),
    Line("5", "pins, shutter not at their end", "HOLD", "pins-jam shutter-jam"),
    Line("5", "overload", "HOLD", "hoist-overloaded"),
    Line("5", "column out of step", "HOLD", "column-out-of-step"),
    Line("6", "pin not seated", "RETRY ABORT", "dock-pin-once dock-pin-never"),
    Line("7", "mass too low", "BACK_OUT", "mass-too-low"),
    Line("7", "mass too high", "BACK_OUT", "mass-too-high mass-far-too-high"),
    Line("8", "a bolt does not break loose", "RETRY BACK_OUT ABORT",
         "bolt-opens-the-second-time bolt-will-not-open latch-stuck"),
    Line("8-9", "unlock reported, switch disagrees", "HOLD",
         "unlocked-but-switch-disagrees bolt-locks-again hvil-stays-closed"),
    Line("10", "pack hangs", "BACK_OUT", "pack-hangs"),
    Line("10", "lift stalls, runs nowhere, runs the wrong way", "HOLD",
         "lift-stall-with-pack lift-deaf lift-wrong-way lift-position-frozen lift-switch-disagrees"),
    Line("11-12", "transfer jam", "HOLD", "shuttle-jam in-slot-jam stacker-jam"),
    Line("11-12", "position lost", "HOLD", "shuttle-position-lost"),
    Line("11-12", "target occupied", "HOLD", "store-seen-occupied bay-occupied"),
    Line("12", "identity mismatch", "BACK_OUT", "wrong-pack-at-buffer wrong-pack-staged"),
    Line("12", "pack now ineligible", "BACK_OUT", "pack-hot-at-buffer"),
    Line("12", "the same, and no other: old pack reinstalled", "BACK_OUT ABORT",
         "wrong-pack-and-no-other pack-hot-at-buffer-and-no-other"),
    Line("12", "code reader silent or misread", "BACK_OUT ABORT",
         "scanner-blind scanner-misreads-once scanner-sends-junk"),
    Line("13", "seat switch missing", "BACK_OUT ABORT", "seat-switch-missing-once no-new-pack-seats"),
    Line("13", "mating force over limit", "BACK_OUT", "mating-force-too-high"),
    Line("13", "underbody seat not clear", "HOLD", "seat-blocked"),
    Line("14", "torque too early (cross-thread)", "RETRY BACK_OUT", "bolt-cross-threaded one-bad-thread"),
    Line("14", "angle without torque (stripped)", "RETRY BACK_OUT ABORT", "bolt-never-reaches-torque"),
    Line("14", "a latch's own switch lies", "RETRY HOLD", "latch-switch-wrong"),
    Line("15", "second channel disagrees", "HOLD", "torque-without-second-channel bolt-loosens-after-proof"),
    Line("17", "BMS silent", "RETRY BACK_OUT", "bms-silent-after-mating"),
    Line("17", "serial mismatch", "RETRY HOLD", "serial-seen-by-the-car-differs"),
    Line("17", "HVIL open", "RETRY BACK_OUT", "hvil-open"),
    Line("17", "insulation low", "RETRY HOLD", "car-insulation-low"),
    Line("17", "trouble codes", "RETRY HOLD", "car-has-trouble-codes self-check-fails-once car-rejects-every-pack"),
    Line("17", "cloud down", "GO_ON", "broker-killed broker-frozen"),
    Line("19", "the car does not leave, the gate does not open", "HOLD", "car-does-not-leave lane-gate-jam"),
    Line("bay", "connector not home", "HOLD", "connector-stuck"),
    Line("bay", "leak, charger fault, silent charger, silent BMS, a pack without a code", "GO_ON",
         "coolant-leak charger-fault charger-silent pack-silent-in-a-bay pack-without-a-code"),
    Line("bay", "insulation low", "REFUSE", "insulation-low"),
    Line("bay", "over-temperature", "ISOLATE", "hot-pack-in-a-bay"),
    Line("bay", "hot pack returned", "ISOLATE ABORT", "hot-pack-returned second-hot-pack"),
    Line("any", "smoke", "E_STOP", "smoke-in-a-zone"),
    Line("any", "gas", "E_STOP REFUSE", "gas-in-a-zone"),
    Line("any", "the extraction does not run", "E_STOP", "extraction-fails"),
    Line("any", "fire panel out of order", "REFUSE", "fire-panel-out-of-order"),
    Line("any", "power loss", "REFUSE", "mains-lost mains-lost-while-another-waits ups-on-battery"),
    Line("any", "e-stop", "E_STOP",
         "estop-at-each-stable-place estop-no-pack estop-while-fetching estop-while-unlocking estop-while-locking "
         "estop-while-storing estop-in-an-empty-station estop-while-another-waits"),
    Line("any", "e-stop on the heels of which an order comes", "REFUSE", "order-just-after-estop"),
    Line("any", "light curtain", "E_STOP", "curtain-broken"),
    Line("any", "door of the guard", "E_STOP", "guard-gate-opened"),
    Line("any", "the chain falls, the drives are cut", "E_STOP HOLD", "chain-falls drives-cut"),
    Line("any", "controller restart", "HOLD ABORT",
         "controller-killed controller-killed-at-each-step controller-killed-unlocking "
         "controller-killed-and-given-up controller-killed-and-cleared"),
    Line("any", "journal fails", "HOLD", "journal-fails"),
    Line("any", "a commit hangs", "HOLD", "disk-hangs"),
    Line("any", "the disk is full, is nearly full", "HOLD REFUSE", "disk-full disk-nearly-full"),
    Line("any", "a start with other files than the last", "HOLD ABORT", "other-files other-files-in-mid-swap"),
    Line("any", "a start on a journal that was restored", "HOLD", "journal-restored"),
    Line("any", "operator", "HOLD ABORT", "operator-abort"),
    Line("any", "the key of the mode selector is turned back", "HOLD", "mode-key-turned-back"),
    Line("link", "device silent", "HOLD",
         "modbus-device-gone modbus-device-gone-raising lock-tools-gone safety-plc-gone packs-channel-gone"),
    Line("link", "exceptions, late, garbage, truncated, another unit's answer", "HOLD",
         "lift-answers-with-exceptions lift-answers-late shuttle-answers-garbage lift-answers-cut-short "
         "lift-answers-of-another-unit"),
    Line("link", "frozen value, two channels disagree", "HOLD", "lift-position-frozen lift-switch-disagrees"),
    Line("link", "does not stop", "HOLD", "mover-does-not-stop"),
    Line("link", "half of the devices missing at the start", "REFUSE", "half-of-the-devices-missing"),
    Line("link", "configuration of the wrong station", "REFUSE", "wrong-station"),
    Line("link", "another device at the address", "HOLD", "other-product"),
    Line("pose", "a start pose that is not there, an interlock that refuses", "HOLD",
         "slot-pushed-away interlock-refuses"),
    Line("none", "nothing goes wrong", "GO_ON", "happy latch-swap"),
    Line("none", "two cars in line", "GO_ON", "two-cars-in-line"),
    Line("none", "the next car after one that was not served", "ABORT", "two-cars"),
)  # fmt: skip

NO_SCENARIO: dict[str, str] = {}
"""Fault codes that no scenario shows yet, and why."""

STEPS = tuple(range(20))
"""At each of these a person comes into the cell, and the guard gate is opened."""
