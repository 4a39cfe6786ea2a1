"""Long work besides the cameras: exports, imports, backtests; survives the process."""
