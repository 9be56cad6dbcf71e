"""A trace as lines of text, for a terminal."""

from collections.abc import Iterator

from desk.trace.values import Split, Station, Step, Trace
from desk.trace.writer import Writer


def lines_of(trace: Trace, writer: Writer) -> list[str]:
    """Return the trace from outcome to last step, one thing a line."""
    lines = [trace.title, trace.subtitle, "", f"{trace.outcome.lead} {trace.outcome.text}"]
    lines += [f"  {code.text}   {code.caption}" for code in trace.outcome.codes]
    lines += [f"! {note.lead} {note.text}" for note in trace.notes]
    if trace.split:
        lines += ["", *_split(trace.split, writer)]
    for station in trace.stations:
        lines += ["", *_station(station, writer)]
    lines += ["", *(f"{fact.label}: {fact.value}" for fact in trace.facts)]
    return lines


def _split(split: Split, writer: Writer) -> Iterator[str]:
    rows = [
        (f"{p.label}, {p.note}" if p.note else p.label, writer.money(p.amount)) for p in split.parts
    ]
    rows.append(("Sum", writer.money(split.total)))
    width = max(len(label) for label, _ in rows)
    figures = max(len(money) for _, money in rows)
    for label, money in rows:
        yield f"  {label:<{width}}  {money:>{figures}}"


def _station(station: Station, writer: Writer) -> Iterator[str]:
    at = writer.clock_seconds(station.at) if station.at else station.aside
    state = f" [{station.badge.label}]" if station.badge else ""
    yield f"{station.title}{state}  {at}".rstrip()
    yield from (f"  {text}" for text in station.texts if text)
    yield from (_step(step, writer) for step in station.steps)
    for bubble in station.bubbles:
        yield f"  “{bubble.text}”"
        yield from (_step(step, writer) for step in bubble.steps)
    for entry in station.entries:
        yield f"  {entry.event}: {entry.account} {writer.money(entry.amount)}"
    for raw in station.raws:
        yield f"  {raw.title}"
        yield from (f"    {line}" for line in raw.text.splitlines() if line)


def _step(step: Step, writer: Writer) -> str:
    return f"  {writer.clock_seconds(step.at)}  {step.text}"
