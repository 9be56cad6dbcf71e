"""The entry points of our makers, as an installed distribution has them."""

from pathlib import Path

from plugins.registry import GROUP

SLUGS = ("sim_keyed", "sim_remembering")


def install(folder: Path) -> Path:
    """Write the metadata of a distribution with our makers; return the folder for ``PYTHONPATH``."""
    metadata = folder / "mpm_simulation-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: mpm-simulation\nVersion: 1.0\n"
    )
    lines = [f"{slug} = simulation.makers.{slug}.adapter" for slug in SLUGS]
    (metadata / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))
    return folder
