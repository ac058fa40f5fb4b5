/* SPDX-License-Identifier: Apache-2.0 */
#include "export/exporter.h"

extern const struct exporter exporter_console;
extern const struct exporter exporter_otlp;

const struct exporter *const exporters[] = {
	&exporter_console,
	&exporter_otlp,
	NULL,
};

const struct exporter *exporter_find(struct str name)
{
	for (const struct exporter *const *x = exporters; *x; x++)
		if (str_eq(str_of((*x)->name), name))
			return *x;
	return NULL;
}
