"""The service's files: what is in them, that they can be written again and again, and what systemd thinks of them."""

import re
import subprocess
import sys
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from firmware_py.cli.app import build
from firmware_py.shell.credentials import credential
from firmware_py.shell.installation import plan
from hal.config.loader import load_station
from hal.errors import ConfigError

SOURCE = Path(__file__).resolve().parents[2]
PROGRAM = Path(sys.executable).with_name("swapstation")
UNIT = "etc/systemd/system/swapstation@.service"
WITH_CREDENTIAL = 'client_id = "choco-14", username = "choco-14", credential = "mqtt-password" }'


def install(root: Path, *options: str, station: str = "choco-14") -> Result:
    words = ["install-service", station, "--root", str(root), "--program", str(PROGRAM), *options]
    return CliRunner().invoke(build(), words)


def files(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def secret_station(folder: Path) -> str:
    """The first station, with a password for its broker."""
    text = (SOURCE / "config" / "stations" / "choco-14.toml").read_text()
    path = folder / "secret.toml"
    path.write_text(text.replace('client_id = "choco-14" }', WITH_CREDENTIAL))
    return str(path)


def test_a_dry_run_shows_everything_and_writes_nothing(tmp_path: Path) -> None:
    shown = install(tmp_path, "--dry-run")
    assert (shown.exit_code, files(tmp_path)) == (0, {})
    assert f"{tmp_path / UNIT}: new" in shown.output
    assert f"ExecStart={PROGRAM} run %i" in shown.output
    assert "systemctl enable --now swapstation@choco-14" in shown.output


def test_files_are_written_once_and_then_left(tmp_path: Path) -> None:
    assert install(tmp_path).exit_code == 0
    first = files(tmp_path)
    assert set(first) == {
        UNIT, "etc/sysusers.d/swapstation.conf", "etc/udev/rules.d/70-swapstation-choco-14.rules",
        "etc/systemd/network/80-can0.network", "etc/systemd/network/80-can1.network",
        "etc/systemd/network/80-can2.network",
    }  # fmt: skip
    assert f"ExecStart={PROGRAM} run %i" in first[UNIT]
    again = install(tmp_path)
    assert (again.exit_code, again.output.count(": unchanged")) == (0, 6)
    assert files(tmp_path) == first


def test_the_can_interfaces_have_the_bit_rates_of_the_station(tmp_path: Path) -> None:
    install(tmp_path)
    found = {}
    for name in ("can0", "can1", "can2"):
        parsed = ConfigParser()
        parsed.read(tmp_path / f"etc/systemd/network/80-{name}.network")
        found[parsed["Match"]["Name"]] = (parsed["CAN"]["BitRate"], parsed["CAN"]["RestartSec"])
    assert found == {"can0": ("250000", "100ms"), "can1": ("250000", "100ms"), "can2": ("125000", "100ms")}


def test_our_own_old_file_is_renewed_and_a_foreign_one_is_not(tmp_path: Path) -> None:
    install(tmp_path)
    unit, user = tmp_path / UNIT, tmp_path / "etc/sysusers.d/swapstation.conf"
    fresh = unit.read_text()
    unit.write_text(fresh.replace("WatchdogSec=10", "WatchdogSec=99"))
    user.write_text("u swapstation 990\n")
    result = install(tmp_path)
    assert result.exit_code == 1
    assert "/etc/sysusers.d/swapstation.conf was not written by this command" in result.output
    assert (unit.read_text(), user.read_text()) == (fresh, "u swapstation 990\n")


def test_the_groups_of_the_roles_are_made_and_who_gets_into_them_is_told(tmp_path: Path) -> None:
    root = tmp_path / "root"
    result = install(root)
    lines = files(root)["etc/sysusers.d/swapstation.conf"].splitlines()
    assert {"g swapstation-view -", "g swapstation-operate -", "g swapstation-maintain -"} <= set(lines)
    assert "m swapstation swapstation-view" in lines
    assert "usermod -aG swapstation-view,swapstation-operate NAME" in result.output
    assert "groupadd" not in result.output


def test_groups_of_other_names_are_made_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "north.toml"
    text = (SOURCE / "config" / "stations" / "choco-14.toml").read_text()
    path.write_text(text.replace('"swapstation-view"', '"yard"').replace('"swapstation-operate"', '"shift"'))
    result = install(tmp_path / "root", station=str(path))
    for line in ("groupadd --system yard", "groupadd --system shift", "usermod -aG yard swapstation",
                 "usermod -aG yard,shift NAME"):  # fmt: skip
        assert f"  {line}" in result.output
    assert "groupadd --system swapstation-maintain" not in result.output


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", forbidden)
    result = install(tmp_path)
    assert result.exit_code == 69
    assert "run it as root, or look first by --dry-run" in result.output


def test_a_credential_of_the_station_is_loaded_by_its_own_drop_in(tmp_path: Path) -> None:
    root = tmp_path / "root"
    result = install(root, station=secret_station(tmp_path))
    assert result.exit_code == 0, result.output
    drop_in = files(root)["etc/systemd/system/swapstation@choco-14.service.d/credentials.conf"]
    assert "[Service]\nLoadCredential=mqtt-password:/etc/swapstation/credentials/mqtt-password\n" in drop_in
    assert "install -D -m 600 FILE /etc/swapstation/credentials/mqtt-password" in result.output


def test_the_installed_unit_is_the_one_of_the_source_but_for_the_program() -> None:
    (unit, *_) = plan(load_station("choco-14"), Path("/opt/swapstation/bin/swapstation"))
    assert unit.text.split("\n", 1)[1] == (SOURCE / "systemd" / "swapstation@.service").read_text()


@pytest.mark.needs_program("systemd-analyze")
def test_systemd_finds_no_mistake_in_the_unit(tmp_path: Path, needs_program: Callable[[str], Path]) -> None:
    root = tmp_path / "root"
    install(root, station=secret_station(tmp_path))
    command = [needs_program("systemd-analyze"), "verify", "--man=no", root / "etc/systemd/system/swapstation@.service"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.needs_program("systemd-analyze")
def test_the_unit_is_exposed_to_little(needs_program: Callable[[str], Path]) -> None:
    unit = SOURCE / "systemd" / "swapstation@.service"
    command = [needs_program("systemd-analyze"), "security", "--offline=true", "--no-pager", unit]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert exposure is not None, done.stdout + done.stderr
    assert float(exposure[1]) <= 2.0


# ------------------------------------------------------------------------------------------------------- credentials


def test_a_credential_is_read_without_its_end_of_line(tmp_path: Path) -> None:
    (tmp_path / "mqtt-password").write_text(" grün 7 \n")
    assert credential("mqtt-password", {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == " grün 7 "


@pytest.mark.parametrize(
    ("content", "environment", "why"),
    [
        (None, {}, "$CREDENTIALS_DIRECTORY is not set"),
        (None, {"CREDENTIALS_DIRECTORY": "."}, "No such file"),
        (b"\n", {"CREDENTIALS_DIRECTORY": "."}, "an empty file"),
        (b"\xff", {"CREDENTIALS_DIRECTORY": "."}, "no UTF-8 text"),
    ],
)
def test_a_credential_that_is_not_there_is_a_mistake_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, environment: dict[str, str], why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "mqtt-password").write_bytes(content)
    with pytest.raises(ConfigError) as wrong:
        credential("mqtt-password", environment)
    assert why in str(wrong.value)
    assert "LoadCredential=mqtt-password:PATH" in str(wrong.value)
