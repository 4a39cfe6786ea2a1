"""Did something move? Watches the luma plane."""
