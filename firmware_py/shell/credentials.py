"""Secrets, handed over by the service manager as files that nobody else reads: systemd's LoadCredential=."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hal.errors import ConfigError, Mistake

DIRECTORY: Final = "CREDENTIALS_DIRECTORY"
LONGEST: Final = 65536
"""Bytes; what an MQTT field can hold."""


def credential(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """The secret of this name, without the end of its line. Raises `ConfigError`; no text ever holds the secret."""
    folder = environment.get(DIRECTORY)
    allowed = f"a file of this name in ${DIRECTORY} (systemd: LoadCredential={name}:PATH)"
    if not folder:
        raise ConfigError(
            mistakes=[Mistake("(environment)", f"credential {name!r}", f"${DIRECTORY} is not set", allowed)]
        )
    path = Path(folder) / name
    try:
        secret = path.read_bytes()[:LONGEST].decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror or str(error) if isinstance(error, OSError) else "no UTF-8 text"
        raise ConfigError(mistakes=[Mistake(str(path), f"credential {name!r}", why, allowed)]) from None
    if not secret:
        raise ConfigError(mistakes=[Mistake(str(path), f"credential {name!r}", "an empty file", allowed)])
    return secret
