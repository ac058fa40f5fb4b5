/* SPDX-License-Identifier: Apache-2.0 */
/* An exporter of one's own: appends JSON lines to the file that MY_FILE names; the first try fails. */
#include <oriel-export.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mine {
	FILE *file;
	int tries;
};

static int mine_open(void **state, const struct oriel_export_settings *settings,
		     char why[ORIEL_EXPORT_WHY])
{
	const char *path = settings->get(settings, "ORIEL_MY_FILE");
	struct mine *m = calloc(1, sizeof(*m));

	if (!m)
		return -1;
	m->file = path ? fopen(path, "a") : NULL;
	if (!m->file) {
		snprintf(why, ORIEL_EXPORT_WHY, "ORIEL_MY_FILE can't be written");
		free(m);
		return -1;
	}
	*state = m;
	return 0;
}

static int mine_write(void *state, enum oriel_export_signal signal, const void *bytes, size_t n,
		      char why[ORIEL_EXPORT_WHY])
{
	struct mine *m = state;

	if (!m->tries++) {
		strcpy(why, "not yet");
		return ORIEL_EXPORT_RETRY;
	}
	fprintf(m->file, "{\"signal\":%d,\"request\":%.*s}\n", (int)signal, (int)n,
		(const char *)bytes);
	return fflush(m->file) ? ORIEL_EXPORT_REFUSED : ORIEL_EXPORT_DONE;
}

static void mine_close(void *state)
{
	struct mine *m = state;

	fclose(m->file);
	free(m);
}

ORIEL_EXPORT const struct oriel_exporter oriel_exporter = {
	.size = sizeof(struct oriel_exporter),
	.name = "mine",
	.signals = ORIEL_EXPORT_SPANS | ORIEL_EXPORT_LOGS,
	.form = ORIEL_EXPORT_JSON,
	.open = mine_open,
	.write = mine_write,
	.close = mine_close,
};
