"""Settings of other products, made into ours; what has no counterpart is listed, never dropped."""
