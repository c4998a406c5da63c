"""Which pack may be handed out, and where a returned one goes."""

from collections.abc import Iterator

from firmware_py.core.image import Image
from firmware_py.core.params import Params
from firmware_py.core.state import Order
from hal.readings import PackReading


def why_not(pack: PackReading, order: Order, params: Params) -> str | None:
    """The first hard filter that a pack fails, as text; `None` when it may be handed out. Unknown fails."""
    return "identity or state unknown" if not _told(pack) else why_bad(pack, order, params)


def why_bad(pack: PackReading, order: Order, params: Params) -> str | None:
    """The first hard filter that what a pack says fails, as text. What it has not said, or not lately, fails none."""
    e = params.eligibility
    kind = params.pack_class(pack.serial)
    fits = params.pack_classes.get(order.vehicle, frozenset())
    if pack.serial is not None and (kind not in fits or order.pack_class not in {None, kind}):
        return f"class {kind or 'unknown'} does not fit {order.pack_class or order.vehicle}"
    if pack.soc_pct is not None and pack.soc_pct < e.soc_min_pct:
        return f"SOC {pack.soc_pct:.0f} %, at least {e.soc_min_pct:.0f} %"
    if pack.soh_pct is not None and pack.soh_pct < e.soh_min_pct:
        return f"SOH {pack.soh_pct:.0f} %, at least {e.soh_min_pct:.0f} %"
    for seen in (pack.temp_min_degc, pack.temp_max_degc):
        if seen is not None and not e.temp_min_degc <= seen <= e.temp_max_degc:
            return f"{seen:.0f} °C, allowed {e.temp_min_degc:.0f} to {e.temp_max_degc:.0f} °C"
    if pack.cell_max_v is not None and pack.cell_min_v is not None:
        spread = pack.cell_max_v - pack.cell_min_v
        if spread > e.cell_spread_max_v:
            return f"cell spread {spread:.3f} V, at most {e.cell_spread_max_v:.3f} V"
    if pack.fault_bits or pack.contactors_open is False:
        return "fault bits set, or contactors not open"
    return None


def unheard(image: Image) -> list[int]:
    """Bays with a pack in them whose BMS has not said everything that eligibility asks for."""
    present = image.platform.bay_present or ()
    return [bay for bay, full in enumerate(present, 1) if full and not _told(image.bay(bay))]


def _told(pack: PackReading) -> bool:
    needed = (pack.serial, pack.soc_pct, pack.soh_pct, pack.temp_min_degc, pack.temp_max_degc, pack.cell_min_v)
    return None not in needed and None not in (pack.cell_max_v, pack.fault_bits, pack.contactors_open)


def eligible(image: Image, order: Order, params: Params, tried: tuple[str, ...] = ()) -> Iterator[tuple[int, str]]:
    """(bay, code) of each pack that may be handed out, best first: held for this car, fullest, coolest, lowest bay.

    What is reserved for others is none of them.
    """
    good = []
    for bay, pack in enumerate(image.packs, 1):
        present = image.platform.bay_present
        if present is None or not present[bay - 1] or why_not(pack, order, params) is not None:
            continue
        if pack.serial in tried or pack.serial in order.withheld:
            continue
        mine = pack.serial == order.held
        good.append((not mine, -(pack.soc_pct or 0.0), pack.temp_max_degc or 0.0, bay, pack.serial or ""))
    return ((bay, serial) for *_, bay, serial in sorted(good))
