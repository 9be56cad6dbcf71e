"""Makers of our own, for the capability classes that no shipped adapter has.

Installed as any foreign adapter is: by an entry point of the group ``mpm.plugins`` (``installing.py``).
"""
