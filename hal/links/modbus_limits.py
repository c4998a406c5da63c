"""What one Modbus request can hold. Modbus Application Protocol V1.1b3, 6.1 to 6.4, 6.11, 6.12."""

from hal.errors import ConfigError
from hal.ports import Table

BITS = (Table.COIL, Table.DISCRETE)
_MAX_READ = {True: 2000, False: 125}
_MAX_WRITE = {True: 1968, False: 123}


def check_read(table: Table, address: int, count: int) -> None:
    """Raise `ConfigError` for a read that no frame can ask for."""
    if not 1 <= count <= _MAX_READ[table in BITS] or not 0 <= address <= 0x10000 - count:
        raise ConfigError(f"cannot read {count} of {table} from {address}")


def check_write(table: Table, address: int, values: tuple[int, ...], *, multiple: bool) -> None:
    """Raise `ConfigError` for a write that no frame can hold."""
    bits = table in BITS
    count = len(values)
    most = _MAX_WRITE[bits] if multiple else 1
    if table not in (Table.COIL, Table.HOLDING) or not 1 <= count <= most or not 0 <= address <= 0x10000 - count:
        raise ConfigError(f"cannot write {count} of {table} from {address}, multiple={multiple}")
    if not all(0 <= value <= (1 if bits else 0xFFFF) for value in values):
        raise ConfigError(f"cannot write {values} to {table} {address}")
