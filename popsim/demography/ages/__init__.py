"""Ages: groups, graduation to single years, smoothing and heaping."""
