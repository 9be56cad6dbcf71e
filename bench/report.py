"""The figures as a table for people."""

from typing import Any


def table(figures: dict[str, Any]) -> str:
    """Return the figures beside what they should be."""
    accept, line, top = figures["accept"], figures["line"], figures["ceiling"]
    ratios, memory = figures["ratios"], figures["idle_mib"]
    rows = [
        ("Webhooks accepted", f"{accept['per_second']:.0f} /s", ""),
        ("  of the same rows by hand", f"{ratios['accept']:.2f}", "0.25 or more"),
        ("  processor time", _costs(accept["cpu_ms"]), ""),
        ("  answered, p50 and p99", f"{accept['p50_ms']:.1f} and {accept['p99_ms']:.1f} ms", ""),
        ("Repeats answered", f"{figures['duplicate']['per_second']:.0f} /s", ""),
        ("  processor time", _costs(figures["duplicate"]["cpu_ms"]), ""),
        ("Whole line, until the SMS is sent", f"{line['per_second']:.0f} /s", "150 or more"),
        ("  of the same rows by hand", f"{ratios['line']:.2f}", ""),
        ("  processor time", _costs(line["cpu_ms"]), ""),
        ("By hand, accept", f"{top['accepts_per_second']:.0f} /s", "the ceiling"),
        ("By hand, line", f"{top['lines_per_second']:.0f} /s", "the ceiling"),
        ("A new company", f"{figures['new_company_seconds']:.1f} s", "less than 3 s"),
        ("Idle web, worker and beat", f"{sum(memory.values()):.0f} MiB", "less than 400 MiB"),
    ]
    left = max(len(name) for name, _, _ in rows)
    middle = max(len(reached) for _, reached, _ in rows)
    return "\n".join(
        f"{name:<{left}}  {reached:<{middle}}  {aim}".rstrip() for name, reached, aim in rows
    )


def _costs(cpu_ms: dict[str, float]) -> str:
    parts = ", ".join(f"{name} {value:.2f}" for name, value in cpu_ms.items())
    return f"{sum(cpu_ms.values()):.2f} ms ({parts})"
