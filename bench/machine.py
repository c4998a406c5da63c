"""The class of machine that a figure was measured on: what makes it fast or slow, nothing that tells whose it is."""

import os
import platform
import re
from pathlib import Path


def machine_class(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """For example "2 cores Intel Xeon Processor, x86_64, CPython 3.11.7"."""
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} core{'s' if cores != 1 else ''} {_cpu(cpuinfo)}, {platform.machine()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def _cpu(cpuinfo: Path) -> str:
    try:
        text = cpuinfo.read_text(encoding="ascii", errors="replace")
    except OSError:
        return "unknown CPU"
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    if found is None:
        return "unknown CPU"
    kind = re.sub(r"\((R|TM)\)|\bCPU\b|@.*$", " ", found.group(1))
    return " ".join(kind.split())
