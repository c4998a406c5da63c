"""Inject, clear, describe: names and values are checked before anything is changed."""

from difflib import get_close_matches
from math import isfinite

from sim.faults.catalogue import CATALOGUE
from sim.faults.kinds import Argument, FaultError, FaultKind, Parameter, Rig


def inject(rig: Rig, name: str, **arguments: Argument) -> None:
    """Make a fault real. Raises `FaultError` for an unknown name, a bad value, or when it cannot be done now."""
    fault = _find(name)
    fault.inject(rig, _checked(rig, fault, arguments))
    rig.world.touch()


def clear(rig: Rig, name: str, **arguments: Argument) -> None:
    """Take a fault away. Raises `FaultError` as `inject` does, and for a momentary act."""
    fault = _find(name)
    if fault.clear is None:
        raise FaultError(f"{name} is a momentary act: there is nothing to clear")
    fault.clear(rig, _checked(rig, fault, arguments))
    rig.world.touch()


def describe(rig: Rig) -> list[str]:
    """One line per fault: name, parameters with what is allowed, title."""
    return [_line(rig, fault) for fault in CATALOGUE.values()]


def _find(name: str) -> FaultKind:
    fault = CATALOGUE.get(name)
    if fault is None:
        raise FaultError(f"no fault {name!r}{_nearest(name, tuple(CATALOGUE))}")
    return fault


def _checked(rig: Rig, fault: FaultKind, given: dict[str, Argument]) -> dict[str, Argument]:
    names = tuple(p.name for p in fault.parameters)
    for name in given:
        if name not in names:
            raise FaultError(f"{fault.id} has no parameter {name!r}{_nearest(name, names)}")
    return {p.name: _value(rig, fault, p, given.get(p.name, p.default)) for p in fault.parameters if _wanted(p, given)}


def _wanted(parameter: Parameter, given: dict[str, Argument]) -> bool:
    return parameter.name in given or parameter.default != ""


def _value(rig: Rig, fault: FaultKind, parameter: Parameter, value: Argument | None) -> Argument:
    if value is None:
        raise FaultError(f"{fault.id} needs {parameter.name} ({parameter.title})")
    try:
        made = parameter.kind(value)
    except ValueError:
        raise FaultError(f"{fault.id}: {parameter.name}={value!r} is no {parameter.kind.__name__}") from None
    if isinstance(made, float) and not isfinite(made):
        raise FaultError(f"{fault.id}: {parameter.name}={value!r} is no finite number")
    allowed = parameter.allowed(rig.world, rig.emulators) if parameter.allowed else ()
    if allowed and made not in allowed:
        near = _nearest(str(made), tuple(str(a) for a in allowed))
        raise FaultError(f"{fault.id}: {parameter.name}={made!r} is not one of {', '.join(map(str, allowed))}{near}")
    return made


def _nearest(name: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; nearest is {close[0]!r}" if close else f"; known: {', '.join(known)}" if known else ""


def _line(rig: Rig, fault: FaultKind) -> str:
    parts = []
    for parameter in fault.parameters:
        allowed = parameter.allowed(rig.world, rig.emulators) if parameter.allowed else ()
        values = "|".join(map(str, allowed)) or parameter.kind.__name__
        parts.append(f"{parameter.name}={values}" if parameter.default is None else f"[{parameter.name}={values}]")
    return f"{' '.join([fault.id, *parts])}: {fault.title}"
