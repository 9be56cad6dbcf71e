"""The promises of ``docs/reliability.md``, each tried at real processes by a short module of its own.

A trial has a ``TARGET``, a sentence, and ``run(site, full=…)``, which does the thing and returns the figure.
"""
