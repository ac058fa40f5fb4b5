/* SPDX-License-Identifier: Apache-2.0 */
/* Headers from anywhere, by every propagator: what is taken is sent on, and taken again as the same. */
#include "base/str.h"
#include "oriel.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELDS = 4096, TEXT = 1024 };

/* name NUL value NUL, in lower case as they are asked for. */
static struct {
	size_t n;
	char name[FIELDS][TEXT], value[FIELDS][TEXT];
} fields;

static void field_add(struct str name, struct str value)
{
	if (fields.n == FIELDS || name.n >= TEXT || value.n >= TEXT)
		return;
	for (size_t i = 0; i < name.n; i++)
		fields.name[fields.n][i] = str_lower(name.p[i]);
	fields.name[fields.n][name.n] = '\0';
	memcpy(fields.value[fields.n], value.p, value.n);
	fields.value[fields.n++][value.n] = '\0';
}

static const char *get(void *carrier, const char *name)
{
	(void)carrier;
	for (size_t i = 0; i < fields.n; i++)
		if (!strcmp(fields.name[i], name))
			return fields.value[i];
	return NULL;
}

static const char *key(void *carrier, size_t i)
{
	(void)carrier;
	return i < fields.n ? fields.name[i] : NULL;
}

/* What a header can't hold would be a way to smuggle one. */
static void set(void *carrier, const char *name, const char *value)
{
	(void)carrier;
	for (const char *c = value; *c; c++)
		if (*c == '\r' || *c == '\n')
			__builtin_trap();
	field_add(str_of(name), str_of(value));
}

static bool take(struct oriel_context *c)
{
	return oriel_context_extract_from(c, ORIEL_CARRIER(.get = get, .key = key));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char directory[] = "/tmp/oriel-fuzz-XXXXXX";

	(void)argc;
	(void)argv;
	setenv("ORIEL_COLLECTOR", "none", 1);
	setenv("ORIEL_CRASH_HANDLER", "off", 1);
	setenv("ORIEL_RUN_DIR", mkdtemp(directory) ? directory : "", 1);
	setenv("OTEL_PROPAGATORS", "tracecontext,baggage,b3,b3multi,jaeger,ottrace,xray,datadog",
	       1);
	return oriel_start(NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct oriel_context c, again;
	unsigned token;
	bool parent;

	fields.n = 0;
	while (rest.n) {
		struct cut line = str_cut(rest, '\n');
		struct cut pair = str_cut(line.head, ':');

		rest = line.tail;
		field_add(pair.head, pair.tail);
	}
	parent = take(&c);
	token = oriel_context_attach(&c);
	fields.n = 0;
	oriel_context_inject(set, NULL);
	oriel_context_detach(token);
	/* ottrace, which sends half of the trace id, isn't the last of them. */
	if (take(&again) != parent || (parent && (memcmp(again.trace_id, c.trace_id, 16) != 0 ||
						  memcmp(again.span_id, c.span_id, 8) != 0)))
		__builtin_trap();
	oriel_context_release(&again);
	oriel_context_release(&c);
	return 0;
}
