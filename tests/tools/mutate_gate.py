"""Mutation test of the gate: every mutant of it must be caught by the cases of the gate's unit tests.

`python -m tests.tools.mutate_gate` tries all of them and exits with 1 when one survives.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

from firmware_py.core import gate
from tests.tools.mutants import Mutant, mutants
from tests.unit.core import scenes
from tests.unit.core.gate_cases import Case, cases

GATE = Path(gate.__file__)
Judge = Callable[..., gate.Refusal | None]


def _fails(case: Case, judge: Judge) -> bool:
    """The unit test of this case would be red."""
    try:
        refusal = judge(case.command, case.image, case.limits or scenes.limits())
    except Exception:  # a mutant may do anything
        return True
    if refusal is None or not case.interlock:
        return (refusal is None) != (not case.interlock)
    return refusal.interlock != case.interlock or case.seen not in refusal.seen


def killer(mutant: Mutant, table: list[Case]) -> Case | None:
    """The case that kills a mutant; `None` when it survives. A killer moves to the front: it may kill the next too."""
    module = ModuleType(gate.__name__ + "_mutant")
    sys.modules[module.__name__] = module
    try:
        exec(mutant.compile(), module.__dict__)
    finally:
        del sys.modules[module.__name__]
    for k, case in enumerate(table):
        if _fails(case, module.judge):
            table.insert(0, table.pop(k))
            return case
    return None


def survivors(some: Iterable[Mutant]) -> list[Mutant]:
    """Mutants that no case kills."""
    table = list(cases())
    return [mutant for mutant in some if killer(mutant, table) is None]


def main() -> int:
    """Try all mutants and say which survive."""
    found = list(mutants(GATE))
    left = survivors(found)
    for mutant in left:
        sys.stdout.write(f"survives: {GATE.name} {mutant}\n")
    sys.stdout.write(f"{GATE.name}: {len(found) - len(left)} of {len(found)} mutants killed\n")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
