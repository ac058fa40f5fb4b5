/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instrumentation/development: what is general of it. What is there for one language is for that language's SDK, which reads
 * the same file.
 */
#include "configure/maker.h"

static void take_methods(struct maker *m, yaml_node_t *list)
{
	struct out all = { 0 };

	for (size_t i = 0; i < node_n(list); i++) {
		if (i)
			out_char(&all, ',');
		out_str(&all, document_text(&m->d, node_value(&m->d, list, i)));
	}
	if (!all.n)
		make_warn(m, list, "known_methods: one is known at least");
	else if (!all.error)
		make_set(m, list, "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", out_all(&all));
	out_fini(&all);
}

#define NO_HEADERS "headers are not captured, but for request ids (ORIEL_REQUEST_ID_HEADERS)"

static const struct key http_side[] = {
	{ .name = "request_captured_headers", .cannot = NO_HEADERS },
	{ .name = "response_captured_headers", .cannot = NO_HEADERS },
	{ .name = "known_methods", .take = take_methods },
	{ .name = NULL },
};

static void take_http_side(struct maker *m, yaml_node_t *n)
{
	make_map(m, n, http_side);
}

static void take_version(struct maker *m, yaml_node_t *n)
{
	struct str version = document_text(&m->d, n);

	if (version.n && !str_eq(version, STR("1")))
		make_warn(m, n, "version: attributes are named by version 1, or the latest draft");
}

static void warn_if_true(struct maker *m, yaml_node_t *n, const char *says)
{
	if (str_eq_nocase(document_text(&m->d, n), STR("true")))
		make_warn(m, n, "%s", says);
}

static void take_experimental(struct maker *m, yaml_node_t *n)
{
	warn_if_true(m, n, "experimental: what is told is the same with and without");
}

static void take_dual(struct maker *m, yaml_node_t *n)
{
	warn_if_true(m, n, "dual_emit: older names are not told beside the new ones");
}

static const struct key semconv[] = {
	{ .name = "version", .take = take_version },
	{ .name = "experimental", .take = take_experimental },
	{ .name = "dual_emit", .take = take_dual },
	{ .name = NULL },
};

static void take_semconv(struct maker *m, yaml_node_t *n)
{
	make_map(m, n, semconv);
}

static const struct key http[] = {
	{ .name = "semconv", .take = take_semconv },
	{ .name = "client", .take = take_http_side },
	{ .name = "server", .take = take_http_side },
	{ .name = NULL },
};

static void take_http(struct maker *m, yaml_node_t *n)
{
	make_map(m, n, http);
}

static const struct key conventions[] = {
	{ .name = "semconv", .take = take_semconv },
	{ .name = NULL },
};

static void take_conventions(struct maker *m, yaml_node_t *n)
{
	make_map(m, n, conventions);
}

/* Beside those that look like a secret, which stay. */
static void take_parameters(struct maker *m, yaml_node_t *list)
{
	if (node_is_list(list) && !node_n(list))
		make_warn(m, list,
			  "sensitive_query_parameters: what looks like a secret is "
			  "redacted all the same (ORIEL_REDACT)");
	for (size_t i = 0; i < node_n(list); i++) {
		yaml_node_t *item = node_value(&m->d, list, i);
		struct str name = document_text(&m->d, item);
		struct out rule = { 0 };

		if (!name.n || memchr(name.p, ',', name.n) || memchr(name.p, ';', name.n) ||
		    memchr(name.p, '=', name.n)) {
			make_warn(m, item, "sensitive_query_parameters: this is no name");
			continue;
		}
		out_char(&rule, '?');
		out_str(&rule, name);
		if (!rule.error)
			make_add(m, item, "ORIEL_REDACT", ',', out_all(&rule));
		out_fini(&rule);
	}
}

static const struct key url[] = {
	{ .name = "sensitive_query_parameters", .take = take_parameters },
	{ .name = NULL },
};

static void take_url(struct maker *m, yaml_node_t *n)
{
	make_map(m, n, url);
}

static const struct key sanitization[] = {
	{ .name = "url", .take = take_url },
	{ .name = NULL },
};

static void take_sanitization(struct maker *m, yaml_node_t *n)
{
	make_map(m, n, sanitization);
}

/* The stable conventions are what is told; "http/dup" wants the older ones, too. */
static void take_opt_in(struct maker *m, yaml_node_t *n)
{
	struct str rest = document_text(&m->d, n), item;

	while (str_next(&rest, ',', &item))
		if (str_ends(item, STR("/dup")))
			make_warn(m, n,
				  "stability_opt_in_list: older names are not told beside the new "
				  "ones");
}

static const struct key general[] = {
	{ .name = "http", .take = take_http },
	{ .name = "code", .take = take_conventions },
	{ .name = "db", .take = take_conventions },
	{ .name = "gen_ai", .take = take_conventions },
	{ .name = "messaging", .take = take_conventions },
	{ .name = "rpc", .take = take_conventions },
	{ .name = "sanitization", .take = take_sanitization },
	{ .name = "stability_opt_in_list", .take = take_opt_in },
	{ .name = NULL },
};

static void take_general(struct maker *m, yaml_node_t *n)
{
	make_map(m, n, general);
}

static const struct key instrumentation[] = {
	{ .name = "general", .take = take_general },
	{ .name = "cpp" },
	{ .name = "dotnet" },
	{ .name = "erlang" },
	{ .name = "go" },
	{ .name = "java" },
	{ .name = "js" },
	{ .name = "php" },
	{ .name = "python" },
	{ .name = "ruby" },
	{ .name = "rust" },
	{ .name = "swift" },
	{ .name = NULL },
};

void make_instrumentation(struct maker *m, yaml_node_t *n)
{
	make_map(m, n, instrumentation);
}
