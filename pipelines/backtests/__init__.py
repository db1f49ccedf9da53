"""Backtests: what an edited watchlist would have alerted on, beside the running one."""
