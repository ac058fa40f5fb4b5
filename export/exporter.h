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
 * An instance belongs to one destination thread (export/destination.h): open, write and close are
 * never called concurrently on it, and write may take as long as its own time-out. Adding one is a
 * file here and a row in export/list.c.
 */
#pragma once

#include "model/batch.h"
#include "model/settings.h"

enum signal {
	SIGNAL_SPAN = 1,
	SIGNAL_LOG = 2,
	SIGNAL_METRIC = 4,
	SIGNAL_ALL = 7,
};

/* What an exporter may need of its surroundings besides the settings. */
struct export_place {
	enum signal signals; /* which of its signals this instance is asked for */
	int out_fd;	     /* where text for people goes (the run's standard output), or -1; borrowed */
};

/* Positive outcomes of write. Zero: the destination has everything. */
enum export_outcome {
	EXPORT_RETRY = 1, /* nothing was taken; offer the same batches again, after retry_after_ms */
	EXPORT_REFUSED,	  /* never offer these again; count them */
};

struct export_result {
	uint32_t retry_after_ms; /* 0: the caller's back-off decides */
	uint64_t n_rejected;	 /* with 0: items of this write that were not accepted (partial success) */
	char why[160];		 /* for the log, when not zero */
};

struct exporter {
	const char *name;    /* as in OTEL_TRACES_EXPORTER */
	const char *summary;
	enum signal takes;
	/* `*state` only on success. -EINVAL with a line in `why` for settings that make no sense. */
	int (*open)(void **state, const struct settings *settings, const struct export_place *place,
		    char why[160]);
	/* Offers only batches' parts that are in place->signals. */
	int (*write)(void *state, struct batch *const *batches, size_t n, struct export_result *result);
	void *(*close)(void *state);
};

/* All of them, alphabetically, ended by NULL. */
extern const struct exporter *const exporters[];
const struct exporter *exporter_find(struct str name);
