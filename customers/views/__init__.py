"""Pages about what is kept of a customer, and the settings of this room."""
