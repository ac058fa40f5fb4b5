/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Oriel in tests: what the code under test recorded, asserted in C, in the test's own process. No
 * collector, nothing on disk, nothing left behind.
 *
 *     #include <oriel-test.h>             cc test.c $(pkg-config --cflags --libs oriel-test)
 *
 *     oriel_test_begin();
 *     place_order("book", 3);
 *     ORIEL_EXPECT_VALUE(1, "orders", oriel_str("product", "book"));
 *     ORIEL_EXPECT_COUNT(1, "order.duration");
 *     ORIEL_EXPECT_SPAN("place order", oriel_int("items", 3));
 *     ORIEL_EXPECT_LOG("order placed");
 *     oriel_test_end();
 *
 * An expectation that doesn't hold says what was recorded instead, and ends the program by abort,
 * unless oriel_test_on_failure says otherwise. The functions behind them answer and say nothing.
 *
 * What is asked for is found by its name, as it would be exported (after views), and by attributes:
 * those that are given must be there, others may. Names and attributes of metrics, spans and logs
 * are matched whole.
 *
 * Threads     what all threads recorded is found; these functions are for one thread at a time.
 * Memory      what they return stays until the next oriel_test_begin or oriel_test_end.
 * fork        children don't record.
 * Not with    the agent, `oriel run`, or an oriel_start before the first oriel_test_begin. The code
 *             under test may call oriel_start and oriel_stop: they nest.
 * Settings    of the environment hold (OTEL_TRACES_SAMPLER, ORIEL_VIEWS, LOG_LEVEL, ...), but for
 *             ORIEL_RUN_DIR and ORIEL_COLLECTOR, which it sets, and ORIEL_SEGMENT_SIZE, which is 16 MiB
 *             if it isn't set. What is recorded between two looks must fit there: oriel_test_lost.
 */
#ifndef ORIEL_TEST_H
#define ORIEL_TEST_H

#include <oriel.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Start to record, or forget all that was recorded so far: values and counts are since then, gauges
 * what they are. 0, or why not, as oriel_start has it.
 */
ORIEL_API int oriel_test_begin(void);

/* Free what the last begin and its questions took; after it nothing records any more. */
ORIEL_API void oriel_test_end(void);

/* How many records were lost for want of room. */
ORIEL_API uint64_t oriel_test_lost(void);

/* ---- metrics ---------------------------------------------------------------------------------------- */

/* All series of the instrument that have these attributes, added up. */
struct oriel_test_metric {
	size_t n_series; /* 0: there is none, and the rest is 0 */
	double value;	 /* counters, up-down counters; of gauges the last one's */
	uint64_t count;	 /* histograms and summaries: how many were recorded, and their sum */
	double sum;
	double min, max;   /* since the program began */
	char trace_id[33]; /* of an exemplar, or "" */
};

ORIEL_API struct oriel_test_metric oriel_test_metric_all(const char *name,
							 struct oriel_attributes attributes);
#define oriel_test_metric(name, ...) oriel_test_metric_all((name), ORIEL_WITH(__VA_ARGS__))
#define oriel_test_value(name, ...) (oriel_test_metric(name, __VA_ARGS__).value)
#define oriel_test_count(name, ...) (oriel_test_metric(name, __VA_ARGS__).count)

/* Of an exponential histogram or a summary, since the program began; NaN: there is none. */
ORIEL_API double oriel_test_quantile_all(const char *name, double quantile,
					 struct oriel_attributes attributes);
#define oriel_test_quantile(name, quantile, ...) \
	oriel_test_quantile_all((name), (quantile), ORIEL_WITH(__VA_ARGS__))

/* ---- spans and log records -------------------------------------------------------------------------- */

struct oriel_test_span {
	const char *name, *status_message;
	enum oriel_kind kind;
	enum oriel_status status;
	char trace_id[33], span_id[17], parent_id[17]; /* hex; no parent: "" */
	uint64_t duration_ns;
	size_t n_events, n_links;
	const char *scope; /* its name (oriel-scope.h); the program's own: "oriel" */
	const void *inside;
};

/* The last one that has ended; NULL: there is none. */
ORIEL_API const struct oriel_test_span *oriel_test_span_all(const char *name,
							    struct oriel_attributes attributes);
#define oriel_test_span(name, ...) oriel_test_span_all((name), ORIEL_WITH(__VA_ARGS__))

/* How many; a name that is NULL: all. */
ORIEL_API size_t oriel_test_spans_all(const char *name, struct oriel_attributes attributes);
#define oriel_test_spans(name, ...) oriel_test_spans_all((name), ORIEL_WITH(__VA_ARGS__))

/* Has it an event of that name with these attributes? */
ORIEL_API bool oriel_test_event_all(const struct oriel_test_span *span, const char *name,
				    struct oriel_attributes attributes);
#define oriel_test_event(span, name, ...) \
	oriel_test_event_all((span), (name), ORIEL_WITH(__VA_ARGS__))

struct oriel_test_log {
	const char *event;
	int severity;
	char trace_id[33], span_id[17]; /* hex; "" outside of spans */
	const char *scope;
	const void *inside;
};

ORIEL_API const struct oriel_test_log *oriel_test_log_all(const char *event,
							  struct oriel_attributes attributes);
#define oriel_test_log(event, ...) oriel_test_log_all((event), ORIEL_WITH(__VA_ARGS__))
ORIEL_API size_t oriel_test_logs_all(const char *event, struct oriel_attributes attributes);
#define oriel_test_logs(event, ...) oriel_test_logs_all((event), ORIEL_WITH(__VA_ARGS__))

/* ---- expectations ------------------------------------------------------------------------------------- */

/*
 * Called for an expectation that doesn't hold, with the reason; it may return, or leave by longjmp as
 * test frameworks do. NULL: print it and abort.
 *
 *     static void fail(const char *file, int line, const char *text) { _fail(file, line); }
 */
typedef void (*oriel_test_failure)(const char *file, int line, const char *text);
ORIEL_API void oriel_test_on_failure(oriel_test_failure failure);

/* What the macros call; true if it holds. */
ORIEL_API bool oriel_test_expect_value(const char *file, int line, double expected,
				       const char *name, struct oriel_attributes attributes);
ORIEL_API bool oriel_test_expect_count(const char *file, int line, uint64_t expected,
				       const char *name, struct oriel_attributes attributes);
ORIEL_API bool oriel_test_expect_spans(const char *file, int line, size_t least, size_t most,
				       const char *name, struct oriel_attributes attributes);
ORIEL_API bool oriel_test_expect_logs(const char *file, int line, size_t least, size_t most,
				      const char *event, struct oriel_attributes attributes);

/* A counter's, an up-down counter's or a gauge's value. */
#define ORIEL_EXPECT_VALUE(expected, name, ...) \
	oriel_test_expect_value(__FILE__, __LINE__, (expected), (name), ORIEL_WITH(__VA_ARGS__))
/* How many values a histogram or a summary got. */
#define ORIEL_EXPECT_COUNT(expected, name, ...) \
	oriel_test_expect_count(__FILE__, __LINE__, (expected), (name), ORIEL_WITH(__VA_ARGS__))
/* At least one, or exactly so many. */
#define ORIEL_EXPECT_SPAN(name, ...) \
	oriel_test_expect_spans(__FILE__, __LINE__, 1, SIZE_MAX, (name), ORIEL_WITH(__VA_ARGS__))
#define ORIEL_EXPECT_SPANS(n, name, ...) \
	oriel_test_expect_spans(__FILE__, __LINE__, (n), (n), (name), ORIEL_WITH(__VA_ARGS__))
#define ORIEL_EXPECT_LOG(event, ...) \
	oriel_test_expect_logs(__FILE__, __LINE__, 1, SIZE_MAX, (event), ORIEL_WITH(__VA_ARGS__))
#define ORIEL_EXPECT_LOGS(n, event, ...) \
	oriel_test_expect_logs(__FILE__, __LINE__, (n), (n), (event), ORIEL_WITH(__VA_ARGS__))

#ifdef __cplusplus
}
#endif

#endif
