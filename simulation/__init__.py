"""Real processes, real faults: an installation that is broken on purpose, and what must be true afterwards."""
