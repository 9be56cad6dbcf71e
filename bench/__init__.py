"""How many payments per second, and at what cost. Not part of the tests: `python -m bench`.

Everything is the real thing (web server, workers, PostgreSQL with fsync) on this machine, with pretend
vendors that answer at once. The same rows written by hand-made SQL in the same run are the ceiling.
"""
