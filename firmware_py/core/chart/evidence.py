"""What a row leaves for the record when it is done: values with the names and units of the readings."""

from collections.abc import Callable, Mapping

from firmware_py.core.checks import View
from hal.readings import PackReading

_PACK_FIELDS = (
    "serial",
    "soc_pct",
    "soh_pct",
    "voltage_v",
    "current_a",
    "cell_max_v",
    "cell_min_v",
    "temp_max_degc",
    "temp_min_degc",
    "contactors_open",
    "hvil_closed",
    "fault_bits",
)


def lock_evidence(stage: str) -> Callable[[View], Mapping[str, object]]:
    """Per lock point: state, torque, angle and second channel at the end of `unlock`, `lock` or `proof`.

    A latch has neither torque nor angle: they are an explicit `None`. On bolts a missing one leaves no point proven.
    """

    def evidence(v: View) -> Mapping[str, object]:
        locks = v.image.locks
        nothing = (None,) * v.params.lock_points if v.params.bolts is None else ()
        rows = zip(
            locks.state or (),
            locks.torque_nm or nothing,
            locks.angle_deg or nothing,
            locks.proof_locked or (),
            strict=False,
        )
        points = [
            {"point": i, "state": state.value, "torque_nm": torque, "angle_deg": angle, "proof_locked": proof}
            for i, (state, torque, angle, proof) in enumerate(rows, 1)
        ]
        proven = stage != "proof" or (len(points) == v.params.lock_points and all(p["proof_locked"] for p in points))
        return {
            "stage": stage,
            "points": points,
            "proven": stage == "proof" and proven,
            "car_latched": v.image.car.pack_latched,
            "lift_load_kg": v.image.lift.load_kg,
            "install": v.swap.install.value,
        }

    return evidence


def pack_evidence(source: str, role: str) -> Callable[[View], Mapping[str, object]]:
    """State of a pack at hand-over, as its own BMS gives it. A missing value is an explicit `None`."""

    def evidence(v: View) -> Mapping[str, object]:
        pack: PackReading = getattr(v.image, source)
        return {"role": role, "source": "pack BMS over CAN", **{name: getattr(pack, name) for name in _PACK_FIELDS}}

    return evidence
