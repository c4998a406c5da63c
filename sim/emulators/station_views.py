"""Views of the devices around the swap: what each of them could show of the truth."""

from typing import Final

from hal.commands import Connector
from sim.emulators.view import Values, View
from sim.world import World
from sim.world.packs import CAR

MOST_OHM: Final = 10_000_000.0
"""End of the insulation monitor's range [EST]."""
WARNING_OHM, ALARM_OHM = 400_000.0, 200_000.0
"""Its two thresholds as set at the station [EST]."""
GRID_V, GRID_HZ = 230.0, 50.0
INSULATION_CHANNEL: Final = 71
"""Channel that says "insulation value" (isoEV425 manual D00126, description of the channels)."""


def hoist_values(world: World) -> Values:
    """Hoist: columns and catch."""
    hoist = world.hoist
    return {"columns_mm": hoist.columns_mm, "catch_engaged": hoist.catch_engaged, "overloaded": hoist.overloaded}


def vision_values(world: World) -> Values:
    """Position unit: the car against its place, and whether anything hangs at the seat."""
    car = world.cars.parked
    x_mm, y_mm, yaw_deg = car.offset if car is not None else (0.0, 0.0, 0.0)
    taken = CAR in world.packs.at or world.lift.mated
    return {
        "car_seen": car is not None,
        "x_mm": x_mm,
        "y_mm": y_mm,
        "yaw_deg": yaw_deg,
        "seat_clear": not taken and not world.sight.seat_blocked,
    }


def rack_values(world: World) -> Values:
    """Rack: switches of the connectors, leak switches."""
    rack = world.rack
    power, coolant = Connector.POWER, Connector.COOLANT
    return {
        "power_mated": tuple(rack.is_mated(k, power) for k in rack.bays),
        "power_home": tuple(rack.is_home(k, power) for k in rack.bays),
        "coolant_mated": tuple(rack.is_mated(k, coolant) for k in rack.bays),
        "coolant_home": tuple(rack.is_home(k, coolant) for k in rack.bays),
        "coolant_leak": tuple(k in rack.leaks for k in rack.bays),
    }


def fire_values(world: World) -> Values:
    """Fire panel."""
    fire = world.fire
    return {
        "smoke": tuple(zone in fire.smoke for zone in fire.zones),
        "gas": tuple(zone in fire.gas for zone in fire.zones),
        "panel_ok": fire.panel_ok,
        "extraction_on": fire.extraction_on,
    }


def signals_values(world: World) -> Values:
    """Lamp and display, as they show."""
    return {"lamp": world.signals.lamp.value, "text": world.signals.text.value}


def ups_values(world: World) -> Values:
    """Emergency supply."""
    ups = world.ups
    return {
        "on_mains": ups.on_mains,
        "charge_pct": ups.charge_pct,
        "runtime_s": ups.runtime_s,
        "battery_ok": ups.battery_ok,
    }


def insulation_values(world: World) -> Values:
    """Insulation monitor, with what its values say of themselves."""
    ohm = world.insulation.ohm
    state = "alarm" if ohm < ALARM_OHM else "warning" if ohm < WARNING_OHM else "none"
    return {
        "insulation_ohm": min(ohm, MOST_OHM),
        "insulation_bound": "higher" if ohm > MOST_OHM else "exact",
        "insulation_state": state,
        "insulation_unit": "ohm",
        "insulation_test": "none",
        "insulation_channel": INSULATION_CHANNEL,
        "link_v": world.rack.link_v,
        "link_bound": "exact",
        "link_unit": "volt",
        "measuring": int(world.insulation.measuring),
    }


def meter_values(world: World) -> Values:
    """Grid meter, its load spread evenly over the phases."""
    meter = world.meter
    volts = GRID_V if meter.live else 0.0
    watts = meter.power_w / 3.0
    return {
        "power_w": meter.power_w,
        "phase_v": (volts,) * 3,
        "phase_a": (watts / volts if volts else 0.0,) * 3,
        "phase_w": (watts,) * 3,
        "frequency_hz": GRID_HZ if meter.live else 0.0,
        "import_kwh": meter.import_kwh,
        "export_kwh": 0.0,
        "power_factor": 1.0,
        "total_kwh": meter.import_kwh,
    }


STATION_VIEWS: Final[dict[str, View]] = {
    "hoist": View(hoist_values, lambda w: (w.platform,)),
    "vision": View(vision_values, lambda w: (w.platform,)),
    "rack": View(rack_values, lambda w: (w.rack,)),
    "fire-panel": View(fire_values, lambda _w: ()),
    "signals": View(signals_values, lambda _w: ()),
    "ups": View(ups_values, lambda w: (w.ups,)),
    "insulation": View(insulation_values, lambda w: (w.rack,)),
    "meter": View(meter_values, lambda w: (w.meter,)),
}
"""Device kind -> its view."""
