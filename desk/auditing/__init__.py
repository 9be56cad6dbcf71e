"""The audit log in plain words: who did what to which thing, when, from where, and what it was before."""
