/* SPDX-License-Identifier: Apache-2.0 */
#include "configure/maker.h"

#define ARG "OTEL_TRACES_SAMPLER_ARG"

static const struct {
	const char *name, *plain, *parent_based;
} kinds[] = {
	{ "always_on", "always_on", "parentbased_always_on" },
	{ "always_off", "always_off", "parentbased_always_off" },
	{ "trace_id_ratio_based", "traceidratio", "parentbased_traceidratio" },
	{ "probability/development", "traceidratio", "parentbased_traceidratio" },
	{ "jaeger_remote", "jaeger_remote", "parentbased_jaeger_remote" },
	{ "jaeger_remote/development", "jaeger_remote", "parentbased_jaeger_remote" },
};

enum { FIRST_OF_A_RATIO = 2, FIRST_JAEGER = 4 };

/* What holds until there is a strategy; here the variables know shares only. */
static void put_initial(struct maker *m, struct out *arg, yaml_node_t *initial)
{
	struct str name = STR(""), share = STR("");
	yaml_node_t *what = initial ? make_only(m, initial, &name) : NULL;

	if (!what)
		return;
	if (str_eq(name, STR("always_on")))
		share = STR("1");
	else if (str_eq(name, STR("always_off")))
		share = STR("0");
	else if (str_eq(name, STR("trace_id_ratio_based")))
		share = document_text(&m->d, document_get(&m->d, what, "ratio"));
	if (share.n)
		out_fmt(arg, ",initialSamplingRate=" STR_FMT, STR_ARG(share));
	else
		make_warn(m, initial, "until there is a strategy only a share can be taken");
}

static void make_jaeger(struct maker *m, yaml_node_t *what)
{
	struct str endpoint = document_text(&m->d, document_get(&m->d, what, "endpoint"));
	struct str interval = document_text(&m->d, document_get(&m->d, what, "interval"));
	struct out arg = { 0 };

	out_fmt(&arg, "endpoint=" STR_FMT, STR_ARG(endpoint));
	if (interval.n)
		out_fmt(&arg, ",pollingIntervalMs=" STR_FMT, STR_ARG(interval));
	put_initial(m, &arg, document_get(&m->d, what, "initial_sampler"));
	if (!arg.error)
		make_set(m, what, ARG, out_all(&arg));
	out_fini(&arg);
}

static void make_kind(struct maker *m, yaml_node_t *n, bool parent_based)
{
	struct str name = STR("");
	yaml_node_t *what = make_only(m, n, &name);
	struct str ratio;

	for (size_t i = 0; what && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!str_eq(name, str_of(kinds[i].name)))
			continue;
		make_set(m, n, "OTEL_TRACES_SAMPLER",
			 str_of(parent_based ? kinds[i].parent_based : kinds[i].plain));
		make_known(m, what,
			   i >= FIRST_JAEGER	   ? "endpoint interval initial_sampler"
			   : i >= FIRST_OF_A_RATIO ? "ratio"
						   : "");
		ratio = document_text(&m->d, document_get(&m->d, what, "ratio"));
		if (i >= FIRST_JAEGER)
			make_jaeger(m, what);
		else if (i >= FIRST_OF_A_RATIO)
			make_set(m, n, ARG, ratio.n ? ratio : STR("1.0"));
		return;
	}
	if (what)
		make_warn(m, n, "there is no sampler " STR_FMT " here",
			  STR_ARG(str_first(name, NAME_SHOWN)));
}

static void take_root(struct maker *m, yaml_node_t *n)
{
	make_kind(m, n, true);
}

/* Of what a parent has decided only the usual is there: to do the same. */
static void take_same(struct maker *m, yaml_node_t *n, const char *usual)
{
	struct str name = STR("");

	if (make_only(m, n, &name) && !str_eq(name, str_of(usual)))
		make_warn(m, n, "a parent's decision always counts: only %s is there", usual);
}

static void take_sampled(struct maker *m, yaml_node_t *n)
{
	take_same(m, n, "always_on");
}

static void take_unsampled(struct maker *m, yaml_node_t *n)
{
	take_same(m, n, "always_off");
}

static const struct key parent_based[] = {
	{ .name = "root", .take = take_root },
	{ .name = "remote_parent_sampled", .take = take_sampled },
	{ .name = "remote_parent_not_sampled", .take = take_unsampled },
	{ .name = "local_parent_sampled", .take = take_sampled },
	{ .name = "local_parent_not_sampled", .take = take_unsampled },
	{ .name = NULL },
};

void make_sampler(struct maker *m, yaml_node_t *n)
{
	yaml_node_t *of_parent = document_get(&m->d, n, "parent_based");

	if (!of_parent) {
		make_kind(m, n, false);
		return;
	}
	make_map(m, of_parent, parent_based);
	if (!configured_get(m->out, "OTEL_TRACES_SAMPLER"))
		make_set(m, n, "OTEL_TRACES_SAMPLER", STR("parentbased_always_on"));
}
