"""The composition root: the only place that knows which parts stand where."""
