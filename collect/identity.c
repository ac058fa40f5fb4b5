/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/identity.h"

#include "base/entity.h"
#include "base/hex.h"
#include "base/path.h"
#include "model/sieve.h"
#include "model/stats.h"

#include <stdio.h>
#include <sys/random.h>

enum { IDENTITY_MOST = 128, ENTITIES_MOST = 64, UUID_TEXT = 36 };

/* The first to set a key wins; what is set borrows from the arena or from longer-lived text. */
struct list {
	struct attribute item[IDENTITY_MOST];
	size_t n;
	struct arena arena;
	const struct redact *rules;
};

static void set(struct list *l, struct str key, struct value value)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->item[i].key, key))
			return;
	if (l->n < IDENTITY_MOST)
		l->item[l->n++] = (struct attribute){ key, value };
}

static void set_text(struct list *l, struct str key, struct str text)
{
	if (text.n)
		set(l, key, (struct value){ .type = VALUE_STRING, .text = text });
}

static void set_int(struct list *l, struct str key, int64_t n)
{
	set(l, key, (struct value){ .type = VALUE_INT, .integer = n });
}

/* Of what pair_next found good. */
static struct str percent_decoded(struct arena *arena, struct str from)
{
	char *to = from.n ? arena_take(arena, from.n) : NULL;
	size_t n = 0;

	for (size_t i = 0; to && i < from.n; i++) {
		uint8_t byte = (uint8_t)from.p[i];

		if (byte == '%' && hex_read(&byte, 1, str_first(str_from(from, i + 1), 2), true))
			i += 2;
		to[n++] = (char)byte;
	}
	return (struct str){ to ? to : "", n };
}

/*
 * A name that says that there is none, as SDKs and launchers write it: "unknown_service", and with
 * the program's name after a colon.
 */
static bool is_unknown(struct str service)
{
	return str_eq(service, STR("unknown_service")) ||
	       str_starts(service, STR("unknown_service:"));
}

static void set_service(struct list *l, struct str name)
{
	if (!is_unknown(name))
		set_text(l, STR("service.name"), name);
}

/*
 * The specification would have one bad pair spoil the whole variable; a service that keeps the name
 * that was meant for it is worth more. `oriel run` tells of each before it starts the program.
 */
static void set_pairs(struct list *l, struct str rest)
{
	enum pair_kind kind;
	struct pair pair;

	while ((kind = pair_next(&rest, &pair)) != PAIR_END) {
		struct str key, value;

		if (kind == PAIR_BAD) {
			stats_add(settings_bad, 1);
			continue;
		}
		key = percent_decoded(&l->arena, pair.key);
		value = percent_decoded(&l->arena, pair.value);
		if (str_eq(key, STR("service.name")))
			set_service(l, value);
		else
			set_text(l, key, value);
	}
}

/* The last of a type and the last to say something counts, and OTEL_RESOURCE_ATTRIBUTES before all. */
static void set_from_entities(struct list *l, const struct settings *settings)
{
	struct str all = settings_get(settings, STR("OTEL_ENTITIES")), rest = all;
	enum entity_kind kind;
	struct entity e;
	size_t n = 0;

	while (n++ < ENTITIES_MOST && (kind = entity_last(&rest, &e)) != ENTITY_END) {
		if (kind == ENTITY_BAD) {
			stats_add(settings_bad, 1);
		} else if (!entity_is_told_again(all, &e)) {
			set_pairs(l, e.identifying);
			set_pairs(l, e.describing);
		}
	}
}

/* Other systems' names for three of these, which many deployments set already; the first counts. */
static void set_from_others(struct list *l, const struct settings *settings)
{
	static const struct str version[] = { STR("DD_VERSION"), STR("SENTRY_RELEASE"),
					      STR("RELEASE_SHA") };
	static const struct str environment[] = { STR("DD_ENV"), STR("SENTRY_ENVIRONMENT"),
						  STR("SENTRY_ENV") };

	set_service(l, settings_get(settings, STR("DD_SERVICE")));
	for (size_t i = 0; i < 3; i++) {
		set_text(l, STR("service.version"), settings_get(settings, version[i]));
		set_text(l, STR("deployment.environment.name"),
			 settings_get(settings, environment[i]));
	}
}

/* Names that every second program gives itself tell nothing. */
static struct str service_given(const struct identity_given *given)
{
	struct str name = str_of(given->service);

	return str_eq(name, STR("service")) || str_eq(name, STR("app")) ? (struct str){ "", 0 }
									: name;
}

static struct str service_unknown(struct list *l, struct str program)
{
	struct str base = path_name(program);
	size_t n = sizeof("unknown_service:") - 1 + base.n;
	char *text = arena_take(&l->arena, n + 1);

	if (!text || !base.n)
		return STR("unknown_service");
	snprintf(text, n + 1, "unknown_service:" STR_FMT, STR_ARG(base));
	return (struct str){ text, n };
}

static struct str uuid_text(const uint8_t id[16], char text[UUID_TEXT])
{
	char hex[32], *to = text;

	hex_write(hex, id, 16);
	for (int i = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			*to++ = '-';
		*to++ = hex[i];
	}
	return (struct str){ text, UUID_TEXT };
}

struct str identity_run(const struct segment_header *h)
{
	struct str run = { h->run, sizeof(h->run) };
	uint8_t id[8];

	return hex_read(id, sizeof(id), run, true) ? run : (struct str){ "", 0 };
}

/* All of them, unless a list says which. */
static bool detects(const struct settings *s, struct str detector)
{
	struct str name = STR("ORIEL_RESOURCE_DETECTORS");

	if (!str_trim(settings_get(s, name)).n)
		name = STR("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS");
	return !str_trim(settings_get(s, name)).n || settings_lists(s, name, STR("*")) ||
	       settings_lists(s, name, detector);
}

static void set_host(struct list *l, const struct host *h)
{
	if (!h)
		return;
	set_text(l, STR("host.name"), str_of(h->name));
	set_text(l, STR("host.id"), str_of(h->id));
	set_text(l, STR("host.arch"), str_of(h->arch));
}

static void set_os(struct list *l, const struct host *h)
{
	set_text(l, STR("os.type"), STR("linux"));
	if (!h)
		return;
	set_text(l, STR("os.name"), str_of(h->os_name));
	set_text(l, STR("os.version"), str_of(h->os_version));
	set_text(l, STR("os.description"), str_of(h->os_description));
}

static void set_words(struct list *l, const struct outside *o)
{
	struct str rest = { o->words, o->words_n };
	struct value *item = o->words_n ? arena_take_n(&l->arena, struct value, o->words_n) : NULL;
	bool secret = false;
	size_t n = 0;

	while (item && rest.n) {
		struct cut word = str_cut(rest, '\0');
		struct str text = secret ? STR(REDACT_MARK) : word.head;

		item[n++] = (struct value){ .type = VALUE_STRING, .text = text };
		secret = !secret && redact_is_option(l->rules, word.head);
		rest = word.tail;
	}
	if (n)
		set(l, STR("process.command_args"),
		    (struct value){ .type = VALUE_ARRAY, .array = { item, n } });
}

static void set_process(struct list *l, const struct segment_header *h, struct str program,
			const struct outside *o)
{
	set_int(l, STR("process.pid"), h->pid);
	if (h->parent_pid > 0)
		set_int(l, STR("process.parent_pid"), h->parent_pid);
	set_text(l, STR("process.executable.name"), path_name(program));
	set_text(l, STR("process.executable.path"), program);
	if (!o)
		return;
	set_text(l, STR("process.owner"), str_of(o->owner));
	set_words(l, o);
}

static void set_detected(struct list *l, const struct settings *s, const struct segment_header *h,
			 const struct identity_around *around)
{
	if (detects(s, STR("process")))
		set_process(l, h, str_of(h->program), around->outside);
	if (detects(s, STR("container")) && around->outside)
		set_text(l, STR("container.id"), str_of(around->outside->container));
	if (detects(s, STR("host")))
		set_host(l, around->host);
	if (detects(s, STR("os")))
		set_os(l, around->host);
}

bool identity_wants_words(const struct settings *settings)
{
	struct str asked = settings_get(settings, STR("ORIEL_COMMAND_ARGS"));

	return str_eq_nocase(asked, STR("true")) || str_eq(asked, STR("1"));
}

/*
 * The service's own. What its environment says of it comes redacted, and hashed with a key that we don't
 * have; so hashes that are made here are only told from each other.
 */
static void rules_read(struct redact *rules, const struct settings *settings)
{
	uint64_t random[2] = { 0 };

	redact_default(rules);
	if (getrandom(random, sizeof(random), GRND_NONBLOCK) == sizeof(random))
		redact_hash_key(rules, (struct str){ (const char *)random, sizeof(random) });
	redact_read(rules, settings_get(settings, STR("ORIEL_REDACT")), NULL);
}

struct resource *identity_resource(const struct segment_header *h, const struct settings *settings,
				   const struct identity_given *given,
				   struct identity_around around)
{
	struct redact rules;
	struct sieve sieve = { .rules = &rules };
	struct list l = { .n = 0, .rules = &rules };
	struct str program = str_of(h->program);
	char uuid[UUID_TEXT];

	rules_read(&rules, settings);
	set_service(&l, settings_get(settings, STR("OTEL_SERVICE_NAME")));
	set_pairs(&l, settings_get(settings, STR("OTEL_RESOURCE_ATTRIBUTES")));
	set_from_entities(&l, settings);
	set_from_others(&l, settings);
	set_service(&l, service_given(given));
	set_text(&l, STR("service.name"), service_unknown(&l, program));
	set_text(&l, STR("service.version"), str_of(given->version));
	set_text(&l, STR("service.instance.id"), uuid_text(h->instance, uuid));
	set_detected(&l, settings, h, &around);
	set_text(&l, STR("telemetry.sdk.name"), STR("oriel"));
	set_text(&l, STR("telemetry.sdk.language"), STR("c"));
	set_text(&l, STR("telemetry.sdk.version"), STR(ORIEL_VERSION));
	set_text(&l, STR("telemetry.distro.name"), STR("oriel"));
	set_text(&l, STR("telemetry.distro.version"), STR(ORIEL_VERSION));

	struct attributes all = { l.item, l.n, 0 };
	struct resource *r = NULL;

	if (sieve_attributes(&sieve, &all, &l.arena))
		r = resource_new(all, identity_run(h), h->pid);

	arena_fini(&l.arena);
	return r;
}
