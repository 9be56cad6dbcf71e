"""Clusters, mini-grids and villages as pages: what is in them, from several rooms."""
