/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/configure.h"

#include "base/err.h"
#include "launch/bootstrap.h"
#include "launch/child.h"
#include "launch/place.h"
#include "launch/variables.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TIMEOUT_MS = 10000 };

static bool only_look(void *you, struct str name, struct str value)
{
	(void)you, (void)value;
	return name.n < 2 * VARIABLE_NAME_ROOM;
}

/* Are these the last rules there? Not only the end of one. */
static bool ends_with_rules(struct str there, struct str rules)
{
	return str_ends(there, rules) &&
	       (there.n == rules.n || strchr(",;\n", there.p[there.n - rules.n - 1]));
}

/* What is to be redacted is added to, lest a secret get out that somebody has named. */
static int set_redact(const char *more)
{
	const char *there = variable_get("ORIEL_REDACT");
	char *both;
	int r;

	if (!there || ends_with_rules(str_of(there), str_of(more)))
		return there ? 0 : setenv("ORIEL_REDACT", more, 1);
	if (asprintf(&both, "%s,%s", there, more) < 0)
		return -1;
	r = setenv("ORIEL_REDACT", both, 1);
	free(both);
	return r;
}

/* Unless `you` says that what is there stays. */
static bool set_one(void *you, struct str name, struct str value)
{
	const bool *stays = you;
	char text[2 * VARIABLE_NAME_ROOM];
	char *copy = strndup(value.p, value.n);
	bool done;

	snprintf(text, sizeof(text), STR_FMT, STR_ARG(name));
	if (!copy || (*stays && variable_get(text)))
		done = copy != NULL;
	else if (strcmp(text, "ORIEL_REDACT") == 0)
		done = set_redact(copy) == 0;
	else
		done = setenv(text, copy, 1) == 0;
	free(copy);
	return done;
}

/* What the file would have said; the rest (how libraries are watched, say) it has no word for. */
static void forget_opentelemetrys(void)
{
	static const char *const groups[] = {
		"OTEL_SDK_DISABLED=", "OTEL_RESOURCE_ATTRIBUTES=",
		"OTEL_SERVICE_NAME=", "OTEL_ENTITIES=",
		"OTEL_PROPAGATORS=",  "OTEL_TRACES_",
		"OTEL_METRICS_",      "OTEL_METRIC_",
		"OTEL_LOGS_",	      "OTEL_BSP_",
		"OTEL_BLRP_",	      "OTEL_ATTRIBUTE_",
		"OTEL_SPAN_",	      "OTEL_EVENT_",
		"OTEL_LINK_",	      "OTEL_LOGRECORD_",
		"OTEL_EXPORTER_",     "ORIEL_OF_",
	};
	char **variable = environ;

	while (*variable) {
		struct str text = str_of(*variable), name = str_cut(text, '=').head;
		char ended[2 * VARIABLE_NAME_ROOM];
		bool forget = false;

		for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
			forget |= str_starts(text, str_of(groups[i]));
		variable++;
		if (!forget || name.n >= sizeof(ended))
			continue;
		memcpy(ended, name.p, name.n);
		ended[name.n] = '\0';
		unsetenv(ended);
		variable = environ; /* it has moved */
	}
}

static void complain(const char *file, const char *says)
{
	fprintf(stderr, "oriel: %s %s; %s\n", file, says,
		variable_is_true("ORIEL_STRICT") ? "not starting" : "starting without it");
}

static int read_file(const char *file, struct out *text)
{
	char tool[PLACE_ROOM], says[200];
	int r = place_configure(tool);

	if (r == -ENOENT) {
		complain(file, "can't be read, because oriel-configure isn't installed");
		return CONFIGURE_FAILED;
	}
	if (r == 0)
		r = child_run((char *[]){ tool, (char *)(uintptr_t)file, NULL }, TIMEOUT_MS, text,
			      says);
	if (r == 0 && says[0]) {
		complain(file, "is no configuration");
		return CONFIGURE_FAILED;
	}
	return TRACE(r);
}

static int take_file(const char *file, bool replaces)
{
	struct out text = { 0 };
	bool stays = !replaces;
	struct str bad;
	int r = read_file(file, &text);

	if (r == 0 && !bootstrap_parse(out_all(&text), only_look, NULL, &bad)) {
		complain(file, "has a setting that isn't one of ours");
		r = CONFIGURE_FAILED;
	}
	if (r == 0 && replaces)
		forget_opentelemetrys();
	if (r == 0 && !bootstrap_parse(out_all(&text), set_one, &stays, &bad))
		r = ERR(-ENOMEM);
	out_fini(&text);
	return TRACE(r);
}

int configure_from_files(unsigned *n)
{
	const char *now = variable_get("OTEL_CONFIG_FILE"),
		   *all = now ? now : variable_get("OTEL_EXPERIMENTAL_CONFIG_FILE"),
		   *more = variable_get("ORIEL_YAML");
	int r = all ? take_file(all, true) : 0, s;

	s = more ? take_file(more, false) : 0;
	if (n)
		*n = (all != NULL) + (more != NULL);
	return r ? r : TRACE(s);
}
