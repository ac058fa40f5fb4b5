/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/check-names.h"

#include "base/named.h"
#include "launch/misspelling.h"
#include "launch/variables.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct {
	const char *list, *endpoint;
} signals[] = {
	{ "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" },
	{ "OTEL_LOGS_EXPORTER", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT" },
	{ "OTEL_METRICS_EXPORTER", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" },
};

enum { N_LISTS = sizeof(signals) / sizeof(signals[0]) };

/* NULL: it is like none. */
static const char *meant_by(const char *name)
{
	const char *best = NULL;
	unsigned far = 3, d; /* more is no misspelling any more */
	size_t n = strlen(name);

	for (const struct variable *v = variables; v->name; v++) {
		if (strlen(v->name) + far <= n || n + far <= strlen(v->name))
			continue;
		d = misspelling_distance(name, v->name);
		best = d < far ? v->name : best;
		far = d < far ? d : far;
	}
	return best;
}

/* ---- exporters with names ---------------------------------------------------------------------------- */

/*
 * A file may mean the default by saying nothing, and what it says of one may be more than a list in an option
 * leaves of it.
 */
static bool a_file_says_it(void)
{
	return variable_get("OTEL_CONFIG_FILE") || variable_get("OTEL_EXPERIMENTAL_CONFIG_FILE") ||
	       variable_get("ORIEL_YAML");
}

/* How much of the variable is ORIEL_OF_ and the name of an exporter in a list; 0: none has that name. */
static size_t prefix_length(struct str variable)
{
	char room[NAMED_PREFIX_ROOM];
	struct str item, kind, name;
	size_t n = 0;

	for (size_t i = 0; i < N_LISTS; i++) {
		struct str list = str_of(getenv(signals[i].list));

		while (str_next(&list, ',', &item)) {
			struct str prefix =
				named_read(item, &kind, &name) ? named_prefix(name, room) : STR("");

			if (prefix.n > n && str_starts(variable, prefix))
				n = prefix.n;
		}
	}
	return n;
}

/* Some of these have names that aren't in our list. */
static bool is_anothers(const char *name)
{
	return str_starts(str_of(name), STR("SENTRY_")) || str_starts(str_of(name), STR("DD_"));
}

static void check_own(struct complaints *c, struct str variable)
{
	size_t n = prefix_length(variable);
	char name[VARIABLE_NAME_ROOM], quoted[QUOTE_ROOM];
	const char *meant;

	quote(variable, quoted);
	if (!n && a_file_says_it())
		return;
	if (!n) {
		complain(
			c,
			"%s: ignoring it: no list of exporters has one of that name (OTEL_TRACES_EXPORTER=otlp/eu is for ORIEL_OF_EU_...)",
			quoted);
		return;
	}
	snprintf(name, sizeof(name), STR_FMT, STR_ARG(str_from(variable, n)));
	if (variable_of(name) || is_anothers(name))
		return;
	meant = meant_by(name);
	if (meant)
		complain(c, "%s: no variable is called so; did you mean " STR_FMT "%s?", quoted,
			 STR_ARG(str_first(variable, n)), meant);
	else
		complain(c, "%s: no variable is called so", quoted);
}

static bool has(struct str prefix, const char *variable)
{
	char name[NAMED_PREFIX_ROOM + VARIABLE_NAME_ROOM];

	snprintf(name, sizeof(name), STR_FMT "%s", STR_ARG(prefix), variable);
	return variable_get(name) != NULL;
}

static void check_endpoint(struct complaints *c, size_t signal, struct str item)
{
	const char *endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT", *own = signals[signal].endpoint;
	char room[NAMED_PREFIX_ROOM], quoted[QUOTE_ROOM];
	struct str kind, name, prefix;

	if (!named_read(item, &kind, &name) || str_eq_nocase(item, STR("otlp/stdout")))
		return;
	if (str_eq_nocase(kind, STR("zipkin")))
		endpoint = own = "OTEL_EXPORTER_ZIPKIN_ENDPOINT";
	else if (!str_eq_nocase(kind, STR("otlp")))
		return;
	prefix = named_prefix(name, room);
	if (!has(prefix, endpoint) && !has(prefix, own))
		complain(c, "%s: %s has no " STR_FMT "%s, so it sends to localhost",
			 signals[signal].list, quote(item, quoted), STR_ARG(prefix), endpoint);
}

static void check_endpoints(struct complaints *c)
{
	struct str item;

	for (size_t i = 0; i < N_LISTS; i++) {
		struct str list = str_of(getenv(signals[i].list));

		while (str_next(&list, ',', &item))
			check_endpoint(c, i, item);
	}
}

/* ---- all -------------------------------------------------------------------------------------------- */

static void check_name(struct complaints *c, struct str is)
{
	char name[VARIABLE_NAME_ROOM], quoted[QUOTE_ROOM];
	const char *meant;

	if (is.n >= sizeof(name))
		return;
	snprintf(name, sizeof(name), STR_FMT, STR_ARG(is));
	meant = variable_of(name) ? NULL : meant_by(name);
	if (meant)
		complain(c, "%s: no variable is called so; did you mean %s?", quote(is, quoted),
			 meant);
}

/* Only what looks like one of the list: others may read names of their own. */
void check_names(struct complaints *c)
{
	for (char **e = environ; *e; e++) {
		struct str is = str_cut(str_of(*e), '=').head;

		if (str_starts(is, STR(NAMED_OF)))
			check_own(c, is);
		else if (str_starts(is, STR("OTEL_")) || str_starts(is, STR("ORIEL_")))
			check_name(c, is);
	}
	if (!a_file_says_it())
		check_endpoints(c);
}
