/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stats: what the collector counts about itself. One list: the struct, /metrics, /api/status and
 * the page's labels come from it. Every loss has a row here, by reason.
 *
 *     stats_add(export_dropped_queue_full, n);
 *
 * Any thread; relaxed, because nobody reads an order out of them.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

/* X(name, unit, sentence) */
#define STATS(X) \
	X(segments_opened, "segments", "Segments that the collector took up") \
	X(segments_refused, "segments", "Files in the run directory that are no segment of ours") \
	X(segments_truncated, "segments", "Segments that were cut short while they were read") \
	X(processes_ended, "processes", "Processes whose end was noticed") \
	X(records_read, "records", "Records taken from shared memory") \
	X(records_bad, "records", "Records that did not make sense and were skipped") \
	X(records_dropped, "records", \
	  "Records lost in services because the segment had no chunk left") \
	X(records_unstarted, "records", "Records of a span whose START was never seen") \
	X(spans_finished, "spans", "Spans that were assembled") \
	X(spans_orphaned, "spans", "Spans closed as errors because their process was gone") \
	X(spans_abandoned, "spans", "Spans closed because an outer span ended first") \
	X(crashes, "processes", "Processes that died of a fault and left word of it") \
	X(stacks_unnamed, "records", \
	  "Errors whose stacks stayed addresses: too many new ones at once") \
	X(spans_dropped_limit, "spans", "Open spans forgotten because too many were open") \
	X(tail_dropped, "spans", "Spans of traces that tail sampling did not keep") \
	X(logs_finished, "records", "Log records that were assembled") \
	X(audits_kept, "records", "Audit records that are on disk") \
	X(audits_failed, "attempts", "Times that audit records could not be written; they wait") \
	X(audits_dropped, "records", "Audit records lost because too many waited for the disk") \
	X(memory_dropped, "records", "Records lost because the collector had no memory") \
	X(receive_requests, "requests", "Requests to the OTLP and Zipkin intake") \
	X(receive_refused, "requests", "Of those, refused: malformed, too large, of a wrong type") \
	X(receive_busy, "requests", "Of those, told to come again: there was no room") \
	X(receive_slow, "connections", \
	  "Connections to the intake that were cut off: a request took too long") \
	X(receive_items, "items", "Spans, log records and points that were taken in") \
	X(receive_rejected, "items", "Items that were not taken in: without ids, or nonsense") \
	X(receive_series_dropped, "points", \
	  "Received points whose series /metrics has no room for") \
	X(export_sent, "items", "Spans, log records and points that a destination accepted") \
	X(export_retried, "batches", "Requests sent again after a retryable failure") \
	X(export_dropped_queue_full, "items", \
	  "Items dropped because a destination's queue was full") \
	X(export_dropped_refused, "items", "Items that a destination refused for good") \
	X(export_dropped_retries, "items", "Items dropped after the last retry failed") \
	X(export_dropped_closing, "items", "Items not delivered before the deadline at the end") \
	X(log_rotations, "files", "Log files that were rotated") \
	X(log_rotations_failed, "files", \
	  "Log files that could not be rotated, and grow beyond their size") \
	X(store_written, "items", "Spans and log records kept in the store") \
	X(store_dropped, "items", "Items that the store could not keep") \
	X(totals_forgotten, "series", \
	  "Series of dead processes that are no longer in their service's totals") \
	X(totals_unsaved, "times", \
	  "Times that dead processes' totals could not be written down for the next collector") \
	X(totals_unread, "times", \
	  "Times that an earlier collector's totals made no sense and were left out") \
	X(scrape_conflicts, "points", \
	  "Points left out of a scrape: a metric of that name is of another type") \
	X(scrape_duplicates, "points", \
	  "Points left out of a scrape: another has the same name and labels") \
	X(scrape_descriptions, "metrics", \
	  "Descriptions left out of a scrape: a metric of that name has another") \
	X(watches_unread, "values", "Numbers at an address that could not be read when asked for") \
	X(strategies_failed, "requests", \
	  "Remote samplers that gave no strategy that makes sense; the one before stays") \
	X(instruments_odd, "instruments", \
	  "Instruments of services with a name or unit that is none, or a name that another has") \
	X(settings_bad, "settings", "Settings that made no sense and were ignored") \
	X(http_requests, "requests", "Requests to the page and its API") \
	X(http_refused, "requests", "Requests to the page and its API that were refused")

struct stats {
#define X(name, unit, sentence) _Atomic uint64_t name;
	STATS(X)
#undef X
};

extern struct stats stats;

#define stats_add(name, n) atomic_fetch_add_explicit(&stats.name, (n), memory_order_relaxed)
#define stats_get(name) atomic_load_explicit(&stats.name, memory_order_relaxed)
