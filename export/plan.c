/* SPDX-License-Identifier: Apache-2.0 */
#include "export/plan.h"

#include "base/named.h"
#include "export/log-form.h"
#include "export/otlp-target.h"
#include "export/prometheus-options.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
	enum signal signal;
	const char *list;
	const char *endpoint;
} signals[N_SIGNALS] = {
	{ SIGNAL_SPAN, "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" },
	{ SIGNAL_LOG, "OTEL_LOGS_EXPORTER", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT" },
	{ SIGNAL_METRIC, "OTEL_METRICS_EXPORTER", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" },
};

static bool has(const struct settings *s, const char *name)
{
	return str_trim(settings_get(s, str_of(name))).n > 0;
}

static void __attribute__((format(printf, 2, 3))) warn(struct export_plan *p, const char *fmt, ...)
{
	va_list ap;

	if (p->n_warnings == EXPORT_WARNINGS_MOST)
		return;
	char *line = p->warning[p->n_warnings++];

	va_start(ap, fmt);
	vsnprintf(line, sizeof(p->warning[0]), fmt, ap);
	va_end(ap);
	for (; *line; line++)
		if ((unsigned char)*line < 0x20 || *line == 0x7f)
			*line = '?';
}

/* At i, where it is already or the list ends. */
static struct export_item *put(struct export_plan *p, size_t i, const struct exporter *kind,
			       enum signal signal)
{
	static struct export_item nowhere;

	if (i == EXPORT_PLAN_MOST) {
		warn(p, "more than %d destinations; %s is left out", EXPORT_PLAN_MOST, kind->name);
		return &nowhere;
	}
	p->n += i == p->n;
	p->item[i].kind = kind;
	p->item[i].signals = (enum signal)(p->item[i].signals | signal);
	return &p->item[i];
}

static void add(struct export_plan *p, const struct exporter *kind, enum signal signal, bool alone)
{
	size_t i = 0;

	while (i < p->n && (alone || p->item[i].kind != kind || p->item[i].name.n))
		i++;
	put(p, i, kind, signal);
}

/* One of a name is one, but otlp's signals may go to different places. */
static void add_own(struct export_plan *p, const struct exporter *kind, enum signal signal,
		    struct str name)
{
	bool alone = kind == exporter_find(STR("otlp"));
	size_t i = 0;

	while (i < p->n &&
	       !(str_eq_nocase(p->item[i].name, name) && (!alone || p->item[i].signals == signal)))
		i++;
	put(p, i, kind, signal)->name = name;
}

/* otlp's destinations are told apart by their settings; everybody else's are one each. */
static void add_otlp(struct export_plan *p, size_t i, const struct settings *s)
{
	const struct exporter *otlp = exporter_find(STR("otlp"));
	enum signal signal = signals[i].signal;

	for (size_t k = 0; k < p->n; k++)
		if (p->item[k].kind == otlp && !p->item[k].name.n && (p->item[k].signals & signal))
			return;
	for (size_t k = 0; k < p->n && !otlp_target_is_own(signal, s); k++)
		if (p->item[k].kind == otlp && !p->item[k].name.n &&
		    !otlp_target_is_own(p->item[k].signals, s)) {
			p->item[k].signals = (enum signal)(p->item[k].signals | signal);
			return;
		}
	add(p, otlp, signal, true);
}

/* Other names of the same, as SDKs have had them while they were new. */
static struct str usual_name(struct str name)
{
	if (str_eq_nocase(name, STR("otlp_file/development")))
		return STR("otlp_file");
	if (str_eq_nocase(name, STR("experimental-otlp/stdout")))
		return STR("otlp/stdout");
	return name;
}

static void add_plugin(struct export_plan *p, enum signal signal, struct str path)
{
	size_t i = 0;

	while (i < p->n && !str_eq(p->item[i].argument, path))
		i++;
	put(p, i, exporter_find(STR("plugin")), signal)->argument = path;
}

static bool may_be_named(const struct exporter *kind)
{
	return kind && kind != exporter_find(STR("plugin")) && kind != exporter_find(STR("log")) &&
	       kind != exporter_find(STR("log_file"));
}

static void add_named(struct export_plan *p, size_t i, struct str name, const struct settings *s)
{
	const struct exporter *kind = exporter_find(usual_name(name));
	struct str of, own;

	if (str_eq_nocase(name, STR("none")))
		return;
	if (!kind && named_read(name, &of, &own) && may_be_named(exporter_find(of))) {
		kind = exporter_find(of);
		if (kind->takes & signals[i].signal)
			add_own(p, kind, signals[i].signal, name);
		else
			warn(p, "%s: %s does not take these", signals[i].list, kind->name);
		return;
	}
	if (!kind && memchr(name.p, '/', name.n)) {
		add_plugin(p, signals[i].signal, name);
		return;
	}
	if (str_eq_nocase(name, STR("otlp")))
		add_otlp(p, i, s);
	else if (str_eq_nocase(name, STR("prometheus")) && signals[i].signal == SIGNAL_METRIC)
		return; /* prometheus_is_asked */
	else if (str_eq_nocase(name, STR("prometheus")))
		warn(p, "%s: prometheus does not take these", signals[i].list);
	else if (!kind)
		warn(p,
		     "%s: there is no exporter \"" STR_FMT
		     "\" (otlp, otlp_file, zipkin, datadog, sentry, console, log, log_file, none)",
		     signals[i].list, STR_ARG(str_first(name, 40)));
	else if (!(kind->takes & signals[i].signal))
		warn(p, "%s: %s does not take these", signals[i].list, kind->name);
	else
		add(p, kind, signals[i].signal, false);
}

/* Datadog's own word for it, where nothing else is chosen. */
static bool datadog_asks(size_t i, const struct settings *s)
{
	return signals[i].signal == SIGNAL_SPAN && settings_bool(s, STR("DD_TRACE_ENABLED"), NULL);
}

static bool names_otlp(const struct settings *s)
{
	for (size_t i = 0; i < N_SIGNALS; i++)
		if (settings_lists(s, str_of(signals[i].list), STR("otlp")))
			return true;
	return false;
}

/* The common one, where nobody has said which signals it is for. */
static bool endpoint_asks(size_t i, const struct settings *s)
{
	if (has(s, signals[i].endpoint))
		return true;
	if (signals[i].signal == SIGNAL_METRIC && settings_name_prometheus(s))
		return false;
	return has(s, "OTEL_EXPORTER_OTLP_ENDPOINT") && !otlp_endpoint_is_ours(s) && !names_otlp(s);
}

void export_plan(struct export_plan *out, const struct settings *settings)
{
	*out = (struct export_plan){ .n = 0 };
	if (settings_bool(settings, STR("OTEL_SDK_DISABLED"), NULL))
		return;
	out->prometheus = prometheus_is_asked(settings);
	for (size_t i = 0; i < N_SIGNALS; i++) {
		struct str names = str_trim(settings_get(settings, str_of(signals[i].list))), name;

		if (!names.n && endpoint_asks(i, settings))
			add_otlp(out, i, settings);
		else if (!names.n && datadog_asks(i, settings))
			add_named(out, i, STR("datadog"), settings);
		if (!names.n && signals[i].signal == SIGNAL_SPAN &&
		    has(settings, "OTEL_EXPORTER_ZIPKIN_ENDPOINT"))
			add_named(out, i, STR("zipkin"), settings);
		if (has(settings, "SENTRY_DSN") &&
		    exporter_find(STR("sentry"))->takes & signals[i].signal)
			add_named(out, i, STR("sentry"), settings);
		while (str_next(&names, ',', &name))
			add_named(out, i, name, settings);
	}
}

static bool lists_named(const struct settings *s, struct str list, struct str wanted)
{
	struct str rest = settings_get(s, list), item, kind, name;

	while (str_next(&rest, ',', &item))
		if (named_read(item, &kind, &name) && str_eq(kind, wanted))
			return true;
	return false;
}

/* Standard output has the records already, readable. */
static bool has_console(const struct settings *s)
{
	const struct str list = STR("OTEL_LOGS_EXPORTER");

	return settings_lists(s, list, STR("console")) || lists_named(s, list, STR("console")) ||
	       settings_lists(s, list, STR("otlp/stdout")) ||
	       settings_lists(s, list, STR("experimental-otlp/stdout"));
}

void export_plan_lines(struct export_plan *p, const struct settings *s)
{
	struct str format = log_setting(s, "ORIEL_LOG_FORMAT");
	struct str path = log_setting(s, "ORIEL_LOG_FILE");

	if (settings_bool(s, STR("OTEL_SDK_DISABLED"), NULL) || log_format_is_none(format))
		return;
	if (path.n && !str_eq(path, STR("none")) && !str_eq(path, STR("/dev/stderr")))
		add(p, exporter_find(STR("log_file")), SIGNAL_LOG, false);
	if (format.n || !has_console(s))
		add(p, exporter_find(STR("log")), SIGNAL_LOG, false);
}
