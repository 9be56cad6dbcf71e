"""Reconciliation: an operator's statement laid beside our payments, and what differs mended.

A file is kept, read by a worker with the columns that a person confirmed once per operator, and compared. What
the operator has and we have not goes through the same door as a call of the operator; the rest is flagged.
"""
