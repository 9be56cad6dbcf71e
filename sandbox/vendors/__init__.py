"""One module per vendor: its addresses, its checks, its words."""
