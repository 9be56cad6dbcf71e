"""What a trial found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One target, what was measured, and whether the promise was kept."""

    name: str
    said: str
    is_held: bool
    # Why a figure says less than it could here, such as a program that is not installed.
    aside: str = ""

    def __str__(self) -> str:
        word = "held  " if self.is_held else "MISSED"
        aside = f" ({self.aside})" if self.aside else ""
        return f"{self.name.upper()}  {word}  {self.said}{aside}"
