"""A machine without any route, not even a default one: simulator and controller need the loopback and nothing else."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.wire
ROOT = Path(__file__).resolve().parents[2]
WITHIN = """
import fcntl, socket, struct, sys
import pytest
UP, SET_FLAGS = 0x1, 0x8914  # IFF_UP and SIOCSIFFLAGS of <linux/if.h>
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    fcntl.ioctl(sock, SET_FLAGS, struct.pack("16sh", b"lo", UP))
    try:
        sock.connect(("192.0.2.1", 9))
    except OSError:
        sys.exit(pytest.main([*sys.argv[1:], "-q", "-p", "no:cacheprovider", "-n0"]))
sys.exit("there is a route")
"""
TEST = "tests/wire/test_can_carriers.py::test_a_pack_and_the_controller_are_reached[slcan]"


def test_a_station_is_simulated_read_and_controlled_without_any_route() -> None:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no route: this kernel gives no network namespace of one's own")
    words = [unshare, "-rn", sys.executable, "-c", WITHIN, TEST]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
