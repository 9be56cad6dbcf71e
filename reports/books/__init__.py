"""Reading the books: sums of any period, lines behind any sum, and what stands behind a line.

The date of a posting is ``occurred_at``, in the company's time zone; ``recorded_at`` says when it was written.
"""
