"""Files of the service manager, of udev and of the network service for one station: content and place."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from hal.config.bundle import Station
from hal.config.links import ModbusRtuConfig, MqttConfig, SocketcanConfig

UNIT: Final = "swapstation@.service"
USERS: Final = "swapstation.sysusers"
EXEC: Final = "/opt/swapstation/bin/swapstation"
"""The program as the unit in the source tree has it."""
MARK: Final = "# Written by `swapstation install-service`."
CREDENTIALS: Final = "/etc/swapstation/credentials"


class Verdict(StrEnum):
    """What becomes of a file."""

    NEW = "new"
    SAME = "unchanged"
    CHANGED = "changed"
    FOREIGN = "not ours, left as it is"


@dataclass(frozen=True, slots=True)
class Planned:
    """One file below the root of a system."""

    path: Path
    text: str

    def verdict(self, root: Path) -> Verdict:
        """Compared with what is there. Raises OSError."""
        try:
            found = at(root, self.path).read_text(encoding="utf-8")
        except FileNotFoundError:
            return Verdict.NEW
        if found == self.text:
            return Verdict.SAME
        return Verdict.CHANGED if found.startswith(MARK) else Verdict.FOREIGN

    def write(self, root: Path) -> None:
        """Whole or not at all. Raises OSError."""
        target = at(root, self.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.name}.new")
        fresh.write_text(self.text, encoding="utf-8")
        fresh.chmod(0o644)
        fresh.replace(target)


def at(root: Path, path: Path) -> Path:
    """An absolute path of a system whose root is elsewhere."""
    return root / path.relative_to("/")


def templates() -> Path:
    """Folder with the unit and the examples: of the source tree, or of the installed share."""
    source = Path(__file__).resolve().parents[2] / "systemd"
    return source if source.is_dir() else Path(sys.prefix) / "share" / "swapstation" / "systemd"


def plan(station: Station, program: Path) -> tuple[Planned, ...]:
    """All files of one station, started by `program`. Raises OSError where the templates are not there."""
    unit = (templates() / UNIT).read_text(encoding="utf-8").replace(EXEC, str(program))
    user = (templates() / USERS).read_text(encoding="utf-8")
    return (
        _planned("/etc/systemd/system", UNIT, unit),
        _planned("/etc/sysusers.d", "swapstation.conf", user),
        _planned("/etc/udev/rules.d", f"70-swapstation-{station.name}.rules", _rules(station)),
        *_networks(station),
        *_drop_in(station),
    )


def next_steps(station: Station, files: tuple[Planned, ...]) -> Iterator[str]:
    """Commands that make the files work, in order."""
    yield "systemd-sysusers"
    yield from _groups(station)
    yield "udevadm control --reload && udevadm trigger --subsystem-match=tty --subsystem-match=usb-serial"
    if any(file.path.suffix == ".network" for file in files):
        yield "systemctl enable --now systemd-networkd && networkctl reload"
    for name in secrets(station):
        yield f"install -D -m 600 FILE {CREDENTIALS}/{name}     # the password of the broker"
    yield "systemctl daemon-reload"
    yield f"systemctl enable --now swapstation@{station.name}"


def _groups(station: Station) -> Iterator[str]:
    """Groups of `[control]` that the users' file does not make, and how a person gets a role."""
    control = station.config.control
    made = (templates() / USERS).read_text(encoding="utf-8")
    for name in (control.view, control.operate, control.maintain):
        if f"g {name} " not in made:
            yield f"groupadd --system {name}"
    if f" {control.view}\n" not in made:
        yield f"usermod -aG {control.view} swapstation"
    yield f"usermod -aG {control.view},{control.operate} NAME     # each person; or {control.maintain}"


def secrets(station: Station) -> tuple[str, ...]:
    """Names of the credentials that the station's links ask for."""
    links = station.config.links.values()
    found = {link.credential for link in links if isinstance(link, MqttConfig) and link.credential}
    return tuple(sorted(found))


def _planned(folder: str, name: str, text: str) -> Planned:
    return Planned(Path(folder) / name, f"{MARK}\n{text}")


def _rules(station: Station) -> str:
    text = (templates() / "examples" / "70-swapstation.rules").read_text(encoding="utf-8")
    ports = {name: link.port for name, link in station.config.links.items() if isinstance(link, ModbusRtuConfig)}
    lines = [f'#SUBSYSTEM=="tty", ENV{{ID_SERIAL_SHORT}}=="?", SYMLINK+="swapstation/{name}"   # now {port}'
             for name, port in ports.items()]  # fmt: skip
    return "\n".join([text.rstrip("\n"), f"# Serial lines of {station.name}:", *lines, ""]) if lines else text


def _networks(station: Station) -> Iterator[Planned]:
    example = (templates() / "examples" / "80-can0.network").read_text(encoding="utf-8")
    for link in station.config.links.values():
        if isinstance(link, SocketcanConfig):
            text = example.replace("Name=can0", f"Name={link.channel}")
            text = text.replace("BitRate=250000", f"BitRate={link.bitrate}")
            yield _planned("/etc/systemd/network", f"80-{link.channel}.network", text)


def _drop_in(station: Station) -> Iterator[Planned]:
    found = secrets(station)
    if found:
        lines = [f"LoadCredential={name}:{CREDENTIALS}/{name}" for name in found]
        text = "\n".join(["[Service]", *lines, ""])
        yield _planned(f"/etc/systemd/system/swapstation@{station.name}.service.d", "credentials.conf", text)
