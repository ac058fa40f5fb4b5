/* SPDX-License-Identifier: Apache-2.0 */
#include "export/exporter.h"

extern const struct exporter exporter_console;
extern const struct exporter exporter_datadog;
extern const struct exporter exporter_log;
extern const struct exporter exporter_log_file;
extern const struct exporter exporter_otlp;
extern const struct exporter exporter_otlp_file;
extern const struct exporter exporter_otlp_stdout;
extern const struct exporter exporter_plugin;
extern const struct exporter exporter_sentry;
extern const struct exporter exporter_zipkin;

const struct exporter *const exporters[] = {
	&exporter_console,
	&exporter_datadog,
	&exporter_log,
	&exporter_log_file,
	&exporter_otlp,
	&exporter_otlp_stdout,
	&exporter_otlp_file,
	&exporter_plugin,
	&exporter_sentry,
	&exporter_zipkin,
	NULL,
};

const struct exporter *exporter_find(struct str name)
{
	for (const struct exporter *const *x = exporters; *x; x++)
		if (str_eq_nocase(str_of((*x)->name), name))
			return *x;
	return NULL;
}
