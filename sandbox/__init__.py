"""Pretend manufacturers, operators and an SMS gateway that speak the real protocols over HTTP.

A separate program: it imports nothing of the product and the product imports nothing of it.
"""
