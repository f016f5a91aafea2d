"""The units that are known, as a plain table: what a text spells, its dimension, its size.

A table and not a library: pint reads expressions (`2 ** 10 ** 10`), which a hostile output could
use to hold up a worker, and takes a third of a second to import. What is missing here is given in
the comparator's `units`.
"""

from decimal import Decimal
from functools import cache

#: (names, dimension, size in the dimension's own unit). Names are tried as they stand, then in
#: lower case.
_TABLE: list[tuple[str, str, str]] = [
    ("m metre metres meter meters", "length", "1"),
    ("km kilometre kilometres kilometer kilometers", "length", "1000"),
    ("cm centimetre centimetres centimeter centimeters", "length", "0.01"),
    ("mm millimetre millimetres millimeter millimeters", "length", "0.001"),
    ("µm um micrometre micrometres micrometer micrometers", "length", "0.000001"),
    ("nm nanometre nanometres nanometer nanometers", "length", "0.000000001"),
    ('in inch inches ″ "', "length", "0.0254"),
    ("ft foot feet ′ '", "length", "0.3048"),
    ("yd yard yards", "length", "0.9144"),
    ("mi mile miles", "length", "1609.344"),
    ("m² m2 sqm", "area", "1"),
    ("km² km2", "area", "1000000"),
    ("cm² cm2", "area", "0.0001"),
    ("ha hectare hectares", "area", "10000"),
    ("ft² ft2 sqft", "area", "0.09290304"),
    ("acre acres", "area", "4046.8564224"),
    ("m³ m3", "volume", "1"),
    ("l L litre litres liter liters", "volume", "0.001"),
    ("dl", "volume", "0.0001"),
    ("cl", "volume", "0.00001"),
    ("ml mL millilitre millilitres milliliter milliliters cm³ cm3", "volume", "0.000001"),
    ("gal gallon gallons", "volume", "0.003785411784"),
    ("kg kilogram kilograms kilo kilos", "mass", "1"),
    ("g gram grams", "mass", "0.001"),
    ("mg milligram milligrams", "mass", "0.000001"),
    ("µg ug mcg microgram micrograms", "mass", "0.000000001"),
    ("t tonne tonnes", "mass", "1000"),
    ("lb lbs pound pounds", "mass", "0.45359237"),
    ("oz ounce ounces", "mass", "0.028349523125"),
    ("s sec secs second seconds", "time", "1"),
    ("ms millisecond milliseconds msec", "time", "0.001"),
    ("µs us microsecond microseconds", "time", "0.000001"),
    ("ns nanosecond nanoseconds", "time", "0.000000001"),
    ("min mins minute minutes", "time", "60"),
    ("h hr hrs hour hours", "time", "3600"),
    ("d day days", "time", "86400"),
    ("wk week weeks", "time", "604800"),
    ("m/s mps", "speed", "1"),
    ("km/h kmh kph", "speed", "0.2777777777777777777777777778"),
    ("mph", "speed", "0.44704"),
    ("kn knot knots", "speed", "0.5144444444444444444444444444"),
    ("N newton newtons", "force", "1"),
    ("Pa pascal pascals", "pressure", "1"),
    ("hPa mbar", "pressure", "100"),
    ("kPa", "pressure", "1000"),
    ("MPa", "pressure", "1000000"),
    ("bar bars", "pressure", "100000"),
    ("psi", "pressure", "6894.757293168"),
    ("J joule joules", "energy", "1"),
    ("kJ kilojoule kilojoules", "energy", "1000"),
    ("MJ", "energy", "1000000"),
    ("cal calorie calories", "energy", "4.184"),
    ("kcal", "energy", "4184"),
    ("Wh", "energy", "3600"),
    ("kWh", "energy", "3600000"),
    ("MWh", "energy", "3600000000"),
    ("W watt watts", "power", "1"),
    ("mW milliwatt milliwatts", "power", "0.001"),
    ("kW kilowatt kilowatts", "power", "1000"),
    ("MW megawatt megawatts", "power", "1000000"),
    ("GW gigawatt gigawatts", "power", "1000000000"),
    ("Hz hertz", "frequency", "1"),
    ("kHz", "frequency", "1000"),
    ("MHz", "frequency", "1000000"),
    ("GHz", "frequency", "1000000000"),
    ("V volt volts", "voltage", "1"),
    ("mV", "voltage", "0.001"),
    ("kV", "voltage", "1000"),
    ("A amp amps ampere amperes", "current", "1"),
    ("mA", "current", "0.001"),
    ("K kelvin", "temperature", "1"),
    ("°C ℃ degC celsius", "temperature", "1"),
    ("°F ℉ degF fahrenheit", "temperature", "0.5555555555555555555555555556"),
    ("bit bits", "data", "0.125"),
    ("B byte bytes", "data", "1"),
    ("kB KB kilobyte kilobytes", "data", "1000"),
    ("MB megabyte megabytes", "data", "1000000"),
    ("GB gigabyte gigabytes", "data", "1000000000"),
    ("TB terabyte terabytes", "data", "1000000000000"),
    ("KiB", "data", "1024"),
    ("MiB", "data", "1048576"),
    ("GiB", "data", "1073741824"),
    ("TiB", "data", "1099511627776"),
    ("% percent pct", "", "0.01"),
    ("‰", "", "0.001"),
    ("° deg degree degrees", "angle", "1"),
    ("rad radian radians", "angle", "57.29577951308232087679815481"),
    ("$ USD dollar dollars US$", "US dollars", "1"),
    ("¢ cent cents", "US dollars", "0.01"),
    ("€ EUR euro euros", "euros", "1"),
    ("£ GBP", "pounds sterling", "1"),
    ("¥ JPY yen", "yen", "1"),
    ("CHF", "Swiss francs", "1"),
]
#: Kelvins at zero of a scale that does not start there.
ZERO = {"°C": Decimal("273.15"), "°F": Decimal("255.3722222222222222222222222")}

Unit = tuple[str, Decimal, Decimal]


@cache
def known() -> dict[str, Unit]:
    """(dimension, size, kelvins at zero) of each name."""
    table: dict[str, Unit] = {"": ("", Decimal(1), Decimal(0))}
    for names, dimension, size in _TABLE:
        spelled = names.split()
        offset = ZERO.get(spelled[0], Decimal(0))
        for name in spelled:
            table[name] = (dimension, Decimal(size), offset)
    # Lower case only where it says one thing: "mw" could be a milliwatt or a megawatt.
    for name in list(table):
        lower = name.lower()
        if lower not in table and len({table[one] for one in table if one.lower() == lower}) == 1:
            table[lower] = table[name]
    return table
