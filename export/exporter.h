/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exporter: one kind of destination, as a table of functions.
 *
 *     const struct exporter exporter_console = {
 *             .name = "console", .summary = "Readable lines for people",
 *             .takes = SIGNAL_SPAN | SIGNAL_LOG | SIGNAL_METRIC,
 *             .open = console_open, .write = console_write, .close = console_close,
 *     };
 *
 * An instance belongs to one of a destination's threads (export/destination.h): open, write and close are
 * never called concurrently on it, and write may take as long as its own time-out. Adding one is a
 * file here and a row in export/list.c.
 */
#pragma once

#include "model/batch.h"
#include "model/settings.h"

#include "export/spool.h"

#include <stdatomic.h>

enum signal {
	SIGNAL_SPAN = 1,
	SIGNAL_LOG = 2,
	SIGNAL_METRIC = 4,
	SIGNAL_ALL = 7,
};

enum { N_SIGNALS = 3 };

/* What an exporter may need of its surroundings besides the settings. */
struct export_place {
	enum signal signals; /* which of its signals this instance is asked for */
	struct str
		name; /* of its own, "otlp/eu"; empty: the exporter's. Borrowed while it is opened */
	struct str
		argument; /* what it was named by, if that was a path; borrowed while it is opened */
	const char
		*queue_dir; /* where what can't be sent may wait on disk, NULL: nowhere; borrowed */
	uint64_t queue_bytes; /* at most */
	int out_fd; /* where text for people goes (the run's standard output), or -1; borrowed */
	int err_fd; /* the run's standard error, or -1; borrowed */
	/* True: write must come back soon, with EXPORT_RETRY if need be. NULL: never. Borrowed. */
	const atomic_bool *stop;
	/* Called every 100 ms or so by a write that waits for somebody else. NULL: nothing is to do. */
	void (*idle)(void *to);
	void *idle_to;
	/*
	 * Told one line when a destination begins to fail and one when it works again; called by
	 * the destination's thread. NULL: nobody is. Not for exporters.
	 */
	void (*tell)(void *to, const char *line);
	void *tell_to;
};

/* Positive outcomes of write. Zero: the destination has everything but n_rejected. */
enum export_outcome {
	EXPORT_RETRY =
		1, /* offer the same batches again with the same result, after retry_after_ms */
	EXPORT_REFUSED, /* never offer these again; count all that isn't in n_done */
};

/*
 * All zero but `most` when batches are offered for the first time. A retry finds in n_done and n_rejected what
 * the write before left there, so that nothing is delivered twice and every item counts once.
 */
struct export_result {
	size_t most[N_SIGNALS];		   /* items in one request; 0: as many as there are */
	size_t n_done[N_SIGNALS];	   /* spans, log records, points that need no more work */
	uint64_t n_rejected;		   /* of those: not accepted (partial success) */
	uint64_t n_rejected_of[N_SIGNALS]; /* by signal, where an exporter knows it */
	uint32_t retry_after_ms;	   /* 0: the caller's back-off decides */
	char why[160]; /* for the log: what went wrong, also when only some of it did */
};

struct exporter {
	const char *name; /* as in OTEL_TRACES_EXPORTER */
	const char *summary;
	enum signal takes;
	bool is_near; /* it writes to this machine's disk, so waiting for it is worth while */
	bool is_out;  /* it may write to out_fd or err_fd, which are closed when all such are */
	/*
	 * `*state` only on success. -EINVAL with a line in `why` for settings that make no sense;
	 * on success `why` is empty or a warning. `place` is copied, what it points to is borrowed.
	 */
	int (*open)(void **state, const struct settings *settings, const struct export_place *place,
		    char why[160]);
	/*
	 * Another instance that says and does the same, to be used at the same time: it may borrow what the first
	 * one reads only, and is closed before it. NULL: there is one alone.
	 */
	int (*beside)(void **state, const void *first, void *idle_to);
	/* Offers only batches' parts that are in place->signals. */
	int (*write)(void *state, struct batch *const *batches, size_t n,
		     struct export_result *result);
	/*
	 * For those whose requests can wait on disk (export/spool.h), both or none. stow writes what isn't
	 * done yet of the batches; resend offers one request of it, and its outcomes are those of write.
	 * Neither changes n_done.
	 */
	int (*stow)(void *state, struct batch *const *batches, size_t n,
		    const struct export_result *done, struct spool *to);
	int (*resend)(void *state, const struct spool_item *item, struct export_result *result);
	void *(*close)(void *state);
	/* What otel.component.type begins with, "otlp_http"; NULL: the exporter's name. May be NULL. */
	const char *(*speaks)(const void *state, enum signal signal);
	/*
	 * Where it sends to, for people: no user's name, no password, no key. May be NULL, and may
	 * leave it empty; the same from open to close, so any thread may ask.
	 */
	void (*where)(const void *state, char *to, size_t room);
};

/* All of them, alphabetically, ended by NULL. */
extern const struct exporter *const exporters[];
const struct exporter *exporter_find(struct str name);
