"""The composition root: settings, addresses, queue, embedded services. Imports all, imported by none."""
