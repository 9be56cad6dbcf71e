"""Pages about people: one's own account, the company's users, and what asks for the second password."""
