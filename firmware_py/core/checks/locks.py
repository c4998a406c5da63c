"""Checks of the lock points."""

from firmware_py.core.checks.words import Check, Miss, View, no
from hal.readings import LockState


def locks_are(state: LockState) -> Check:
    """Every lock point is in this state, by the tool."""

    def check(v: View) -> Miss | None:
        seen = v.image.locks.state
        if seen is None:
            return no("locks", None)
        if all(s is state for s in seen):
            return None
        others = ", ".join(f"{i} {s.value}" for i, s in enumerate(seen, 1) if s is not state)
        return Miss(f"lock points not {state.value}: {others}")

    return check


def tools_stand(v: View) -> Miss | None:
    """No lock point is being turned."""
    seen = v.image.locks.state
    if seen is None:
        return no("locks", None)
    turning = ", ".join(str(i) for i, s in enumerate(seen, 1) if s is LockState.TURNING)
    return Miss(f"lock points still turning: {turning}") if turning else None


def no_lock_failed(v: View) -> Miss | None:
    """No lock point reports a failed run."""
    seen = v.image.locks.state
    if seen is None:
        return no("locks", None)
    failed = [i for i, s in enumerate(seen, 1) if s is LockState.FAILED]
    if not failed:
        return None
    torque, angle = v.image.locks.torque_nm, v.image.locks.angle_deg
    parts = [f"{i}" + (f" ({torque[i - 1]:.1f} N·m, {angle[i - 1]:.0f}°)" if torque and angle else "") for i in failed]
    return Miss(f"lock points failed: {', '.join(parts)}")


def locks_settled(v: View) -> Miss | None:
    """Every lock point has come to an end, locked or free, and the second channel agrees with the tool."""
    seen, proof = v.image.locks.state, v.image.locks.proof_locked
    if seen is None or proof is None:
        return no("locks", None)
    for i, (state, tight) in enumerate(zip(seen, proof, strict=True), 1):
        if state is not (LockState.LOCKED if tight else LockState.FREE):
            return Miss(f"lock point {i} is {state.value}, second channel {'locked' if tight else 'open'}")
    return None


def torque_and_angle(v: View) -> Miss | None:
    """Each bolt ended inside its torque window and its angle window. Latches have none: switches are their proof."""
    locks, p = v.image.locks, v.params.bolts
    if p is None:
        return None
    if locks.torque_nm is None or locks.angle_deg is None:
        return no("locks", None)
    for i, (torque, angle) in enumerate(zip(locks.torque_nm, locks.angle_deg, strict=True), 1):
        if not p.torque_min_nm <= torque <= p.torque_max_nm:
            return Miss(f"lock point {i}: {torque:.1f} N·m, allowed {p.torque_min_nm:.1f} to {p.torque_max_nm:.1f}")
        if not p.angle_min_deg <= angle <= p.angle_max_deg:
            return Miss(f"lock point {i}: {angle:.0f}°, allowed {p.angle_min_deg:.0f} to {p.angle_max_deg:.0f}")
    return None
