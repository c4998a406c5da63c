"""The links beside the bare libraries on the same wires."""

from bench import links_can, links_modbus
from bench.figure import Figure


def run() -> list[Figure]:
    """One measurement after the other."""
    return [*links_modbus.figures(), *links_can.figures()]
