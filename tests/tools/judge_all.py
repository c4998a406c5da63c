"""Judge every case of the gate's unit tests once, for the measurement of its branch coverage."""

from firmware_py.core.gate import judge
from tests.unit.core import scenes
from tests.unit.core.gate_cases import cases

if __name__ == "__main__":
    for case in cases():
        judge(case.command, case.image, case.limits or scenes.limits())
