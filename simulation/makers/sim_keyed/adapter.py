"""Honours our order number; can be asked nothing."""

from plugins.registry import register
from simulation.makers.keyed import KeyedManufacturer


@register
class SimKeyed(KeyedManufacturer):
    slug = "sim_keyed"
    label = "Simulated, honours our number"
