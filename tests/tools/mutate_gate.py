"""Mutation test of the gate: every mutant of it must be caught by the cases of the gate's unit tests.

`python -m tests.tools.mutate_gate` tries all of them and exits with 1 when one survives.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Final

from firmware_py.core import gate, gate_rack, gate_rail, gate_words
from tests.tools.mutants import Mutant, mutants
from tests.unit.core import scenes
from tests.unit.core.gate_cases import Case, cases

GATE: Final = tuple(Path(module.__file__ or "") for module in (gate, gate_rack, gate_rail, gate_words))
"""The files of the gate."""
Judge = Callable[..., gate_words.Refusal | None]


def gate_mutants() -> Iterator[Mutant]:
    """All mutants of all files of the gate."""
    return chain.from_iterable(mutants(path) for path in GATE)


def _fails(case: Case, judge: Judge) -> bool:
    """The unit test of this case would be red."""
    try:
        refusal = judge(case.command, case.image, case.limits or scenes.limits())
    except Exception:  # a mutant may do anything
        return True
    if refusal is None or not case.interlock:
        return (refusal is None) != (not case.interlock)
    return refusal.interlock != case.interlock or case.seen not in refusal.seen


@contextmanager
def _judge_of(mutant: Mutant) -> Iterator[Judge]:
    """The gate with one of its files mutated: the functions of that file take the place of the true ones."""
    module = ModuleType(gate.__name__ + "_mutant")
    sys.modules[module.__name__] = module
    kept = [(room, vars(room).copy()) for room in (gate, gate_rack, gate_rail)]
    try:
        exec(mutant.compile(), module.__dict__)
        own = (f for f in vars(module).values() if isinstance(f, FunctionType) and f.__module__ == module.__name__)
        lies = {f.__name__: f for f in own}
        for room, true in kept:
            vars(room).update({name: lie for name, lie in lies.items() if name in true})
        yield gate.judge
    finally:
        del sys.modules[module.__name__]
        for room, true in kept:
            vars(room).update(true)


def killer(mutant: Mutant, table: list[Case]) -> Case | None:
    """The case that kills a mutant; `None` when it survives. A killer moves to the front: it may kill the next too."""
    with _judge_of(mutant) as judge:
        for k, case in enumerate(table):
            if _fails(case, judge):
                table.insert(0, table.pop(k))
                return case
    return None


def survivors(some: Iterable[Mutant]) -> list[Mutant]:
    """Mutants that no case kills."""
    table = list(cases())
    return [mutant for mutant in some if killer(mutant, table) is None]


def main() -> int:
    """Try all mutants and say which survive."""
    found = list(gate_mutants())
    left = survivors(found)
    for mutant in left:
        sys.stdout.write(f"survives: {mutant}\n")
    sys.stdout.write(f"gate: {len(found) - len(left)} of {len(found)} mutants killed\n")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
