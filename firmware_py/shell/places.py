"""Where a running station keeps its files: the runtime directory with its sockets, and the state directory."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

CONTROL: Final = "control.sock"
OVERLAY: Final = "links.toml"
JOURNAL: Final = "journal.sqlite"
BALLAST: Final = "journal.ballast"
_APP: Final = "swapstation"


def runtime_dirs(station: str, environment: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Candidates, best first: of the service manager, of the user, of the system, and in /tmp for users without any."""
    given = environment.get("RUNTIME_DIRECTORY", "").split(":")[0]
    user = environment.get("XDG_RUNTIME_DIR")
    return (
        *((Path(given),) if given else ()),
        *((Path(user) / _APP / station,) if user else ()),
        Path("/run") / _APP / station,
        Path("/tmp") / f"{_APP}-{os.getuid()}" / station,
    )


def make_runtime_dir(station: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The first candidate that can be made and belongs to us. Raises OSError where none can."""
    problem: OSError | None = None
    for path in runtime_dirs(station, environment):
        try:
            path.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError as error:
            problem = problem or error
            continue
        if path.stat().st_uid == os.getuid() and os.access(path, os.W_OK):
            return path
    raise problem or PermissionError(f"no runtime directory for {station} can be written")


def find(station: str, name: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The file `name` of a running station; where there is none, the best place where it would be."""
    paths = [folder / name for folder in runtime_dirs(station, environment)]
    return next((path for path in paths if path.exists()), paths[0])


def state_dir(station: str, environment: Mapping[str, str] = os.environ) -> Path:
    """Where the journal is kept: the service manager's directory, or one in the user's home."""
    given = environment.get("STATE_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given)
    home = environment.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / _APP / station


def journal(station: str, state: Path | None = None, environment: Mapping[str, str] = os.environ) -> Path:
    """The journal of a station for who comes from outside: where `run` keeps it, else where the service does."""
    if state is not None:
        return state / JOURNAL
    own, service = state_dir(station, environment) / JOURNAL, Path("/var/lib") / _APP / station / JOURNAL
    return service if service.exists() and not own.exists() else own


def log_dir(state: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Where wire logs are kept: the service manager's directory for logs, or one beside the journal."""
    given = environment.get("LOGS_DIRECTORY", "").split(":")[0]
    return Path(given) if given else state / "wire-logs"


def running(name: str, environment: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """Stations on this machine whose runtime directory holds the file `name`."""
    found: dict[str, Path] = {}
    for folder in runtime_dirs("*", environment):
        for path in sorted(folder.parent.glob(f"*/{name}")):
            found.setdefault(path.parent.name, path)
    return found
