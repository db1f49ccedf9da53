"""What is counted, in one list. No label holds a feed's text: names of sources and sinks are configured."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

POLLS = Counter("wirewatch_polls", "Polls by how they went", ["state"])
REFUSED = Counter("wirewatch_polls_refused", "Polls that the bus did not take (disk full), to be done again")
SOURCES = Gauge("wirewatch_sources", "Sources polled since the start, by how their last poll went", ["state"])
BYTES = Counter("wirewatch_fetched_bytes", "Bytes of documents fetched, decoded")
ARTICLES = Counter("wirewatch_articles", "Articles accepted from sources")
REJECTED = Counter("wirewatch_rejected", "Entries and documents set aside at polling")
LATENESS = Histogram(
    "wirewatch_poll_lateness_seconds", "How late polls began", buckets=(0.01, 0.1, 1, 5, 10, 30, 60, 300, 3600)
)
SPOOLED = Gauge("wirewatch_spool_waiting", "Records polled that the bus has not taken yet")
FORWARDED = Counter("wirewatch_spool_forwarded", "Records polled that the bus has taken, or that were set aside")
GAPS = Counter("wirewatch_gap_records", "Records that were gone before a reader came to them", ["topic"])
RELOAD_OK = Gauge(
    "wirewatch_config_last_reload_successful", "1 when the last reading of the watchlists found no mistake"
)
DELIVERIES = Counter("wirewatch_deliveries", "Alerts handed to a sink", ["sink"])
RETRIES = Counter("wirewatch_delivery_retries", "Deliveries that failed and are tried again", ["sink"])
DELIVERY_DEAD = Counter("wirewatch_delivery_dead_letters", "Alerts set aside because a sink never took them", ["sink"])
DELIVERY_LAG = Gauge("wirewatch_delivery_lag", "Records of alert topics that a sink has not passed yet", ["sink"])
SINK_GONE = Gauge("wirewatch_sink_gone", "1 when a sink wants no more alerts and is disabled until a restart", ["sink"])
