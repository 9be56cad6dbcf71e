"""All defects by name."""

from simulation.defects import of_intake, of_messages, of_settling, of_sweeping, of_vending
from simulation.defects.defect import Defect

DEFECTS: dict[str, Defect] = {
    each.name: each
    for room in (of_intake, of_settling, of_vending, of_messages, of_sweeping)
    for each in room.DEFECTS
}
