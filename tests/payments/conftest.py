"""What the line needs in tests stands in ``tests/line.py``; it serves other rooms too."""

from tests.line import airtel_xml, work_all

__all__ = ["airtel_xml", "work_all"]
