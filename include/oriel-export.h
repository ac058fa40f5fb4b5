/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Oriel's exporters of your own: a shared object that the collector loads, and gives what services recorded.
 *
 *     #include <oriel-export.h>
 *
 *     static int write_it(void *state, enum oriel_export_signal signal, const void *bytes, size_t n,
 *                         char why[ORIEL_EXPORT_WHY])
 *     {
 *             return send_somewhere(bytes, n) ? ORIEL_EXPORT_DONE : ORIEL_EXPORT_RETRY;
 *     }
 *
 *     ORIEL_EXPORT const struct oriel_exporter oriel_exporter = {
 *             .size = sizeof(struct oriel_exporter),
 *             .name = "somewhere",
 *             .signals = ORIEL_EXPORT_SPANS | ORIEL_EXPORT_LOGS,
 *             .write = write_it,
 *     };
 *
 *     cc -shared -fPIC -o somewhere.so somewhere.c
 *     oriel run --traces-exporter ./somewhere.so --logs-exporter ./somewhere.so -- ./server
 *
 * A name with a slash in OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER or OTEL_LOGS_EXPORTER is such a file; it may
 * stand beside others. The file must belong to the collector's user or to root, and nobody else may be able to
 * write to it or to its directory.
 *
 * What it gets   requests of OpenTelemetry's protocol, version 1 (ExportTraceServiceRequest and its kin), as
 *                protobuf or as JSON: a form that other languages' libraries read, and that doesn't change
 *                when Oriel does. Resource, scopes and all are in each; one is 4 MiB at most, or one item.
 * Who runs it    the collector, never the service. A crash in it ends the collector, as would one of its own;
 *                what the services record meanwhile waits in their memory for the next one.
 * Threads        one at a time, the same one from open to close, with all signals blocked. A loaded object is
 *                never unloaded. Two services with different settings are two states, on two threads.
 * Time           write may take as long as it needs; meanwhile up to 65,536 items wait, and more are
 *                dropped and counted. At the end of a run it has a few seconds; then the rest is dropped.
 * Ownership      everything that is handed over is borrowed until the call returns.
 * Errors         from the return value. `why` is a line for the collector's log, told once until it works again.
 */
#ifndef ORIEL_EXPORT_H
#define ORIEL_EXPORT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ORIEL_EXPORT __attribute__((visibility("default")))

enum { ORIEL_EXPORT_WHY = 160 };

enum oriel_export_signal {
	ORIEL_EXPORT_SPANS = 1,
	ORIEL_EXPORT_LOGS = 2,
	ORIEL_EXPORT_METRICS = 4,
};

enum oriel_export_form {
	ORIEL_EXPORT_PROTOBUF = 0,
	ORIEL_EXPORT_JSON = 1,
};

enum oriel_export_outcome {
	ORIEL_EXPORT_DONE = 0,
	ORIEL_EXPORT_RETRY =
		1, /* the same again later: after 1 s, doubling to 30 s, for 5 minutes */
	ORIEL_EXPORT_REFUSED = 2, /* never again; it is counted as lost */
};

/* The service's settings: its OTEL_*, ORIEL_* and other variables that travel. */
struct oriel_export_settings {
	size_t size;
	/* NULL: not set. Valid until open returns. */
	const char *(*get)(const struct oriel_export_settings *settings, const char *name);
};

struct oriel_exporter {
	size_t size; /* sizeof(struct oriel_exporter) */
	const char *name;
	unsigned signals; /* what it takes; others that it is named for are a warning */
	enum oriel_export_form form;
	/* May be NULL: then state is NULL. Anything but 0: it isn't used, and `why` is told. */
	int (*open)(void **state, const struct oriel_export_settings *settings,
		    char why[ORIEL_EXPORT_WHY]);
	int (*write)(void *state, enum oriel_export_signal signal, const void *bytes, size_t n,
		     char why[ORIEL_EXPORT_WHY]);
	void (*close)(void *state); /* may be NULL */
};

#ifdef __cplusplus
}
#endif

#endif
