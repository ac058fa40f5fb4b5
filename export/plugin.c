/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exporter that a shared object brings (include/oriel-export.h): it gets OTLP, whatever it does with that.
 *
 * The object is code that runs here, so it must be as trustworthy as our own settings are: a file of ours or
 * root's that nobody else can write to, in a directory of which the same is true.
 */
#include "base/err.h"
#include "export/otlp-encode.h"
#include "export/otlp-json.h"
#include "export/shipment.h"
#include "oriel-export.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REQUEST_MOST = 4 << 20, ITEM_MOST = 64 << 20, BUFFER_KEPT = 4 << 20 };

struct plugin {
	const struct oriel_exporter *exporter;
	void *state;
	enum signal signals;
	struct out body;
	char path[PATH_MAX];
};

struct borrowed {
	struct oriel_export_settings settings;
	const struct settings *of;
	struct arena arena;
};

static const char *setting_get(const struct oriel_export_settings *settings, const char *name)
{
	struct borrowed *b = (struct borrowed *)settings;
	struct str value = name ? settings_get(b->of, str_of(name)) : STR("");
	char *text = value.n ? arena_take(&b->arena, value.n + 1) : NULL;

	if (!text)
		return NULL;
	memcpy(text, value.p, value.n);
	text[value.n] = '\0';
	return text;
}

static bool only_ours(const struct stat *st)
{
	return (st->st_uid == geteuid() || st->st_uid == 0) && !(st->st_mode & 022);
}

/* Sticky directories such as /tmp are anybody's. */
static const char *distrust(const char *path)
{
	char directory[PATH_MAX];
	struct stat st;

	if (stat(path, &st) < 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "no file";
	if (!only_ours(&st))
		return "others can write to it, or it belongs to another user";
	snprintf(directory, sizeof(directory), "%s", path);
	*strrchr(directory, '/') = '\0';
	if (stat(directory[0] ? directory : "/", &st) < 0)
		return strerror(errno);
	return only_ours(&st) ? NULL : "others can write to its directory";
}

static bool is_whole(const struct oriel_exporter *x)
{
	return x->size >= offsetof(struct oriel_exporter, close) && x->write && x->name &&
	       (x->form == ORIEL_EXPORT_PROTOBUF || x->form == ORIEL_EXPORT_JSON);
}

static int load(struct plugin *p, char why[160])
{
	const char *trouble = distrust(p->path);
	void *object;

	if (trouble) {
		snprintf(why, 160, "%.80s: %s", p->path, trouble);
		return ERR(-EINVAL);
	}
	object = dlopen(p->path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	p->exporter = object ? dlsym(object, "oriel_exporter") : NULL;
	if (!p->exporter)
		snprintf(why, 160, "%.155s", dlerror());
	else if (!is_whole(p->exporter))
		snprintf(why, 160, "%.80s: its oriel_exporter isn't whole", p->path);
	else
		return 0;
	if (object)
		dlclose(object);
	return ERR(-EINVAL);
}

static int open_state(struct plugin *p, const struct settings *settings, char why[160])
{
	struct borrowed b = { { sizeof(b.settings), setting_get }, settings, { 0 } };
	int r = p->exporter->open ? p->exporter->open(&p->state, &b.settings, why) : 0;

	arena_fini(&b.arena);
	why[159] = '\0';
	return r ? ERR(-EINVAL) : 0;
}

static void *plugin_free(struct plugin *p)
{
	out_fini(&p->body);
	free(p);
	return NULL;
}

static int plugin_open(void **state, const struct settings *settings,
		       const struct export_place *place, char why[160])
{
	struct plugin *p = calloc(1, sizeof(*p));
	int r;

	why[0] = '\0';
	if (!p)
		return ERR(-ENOMEM);
	p->signals = place->signals;
	if (!place->argument.n || place->argument.p[0] != '/' ||
	    place->argument.n >= sizeof(p->path)) {
		snprintf(why, 160, "\"" STR_FMT "\" is no absolute path",
			 STR_ARG(str_first(place->argument, 80)));
		r = ERR(-EINVAL);
	} else {
		memcpy(p->path, place->argument.p, place->argument.n);
		r = load(p, why);
	}
	if (r == 0)
		r = open_state(p, settings, why);
	if (r) {
		plugin_free(p);
		return TRACE(r);
	}
	if (p->signals & ~(enum signal)p->exporter->signals)
		snprintf(why, 160, "%.60s does not take all that it is named for",
			 p->exporter->name);
	*state = p;
	return 0;
}

static int told(struct export_result *result, const struct shipment *s, int r, const char *why)
{
	if (why[0])
		shipment_tell(result, s, "%.120s", why);
	if (r == ORIEL_EXPORT_DONE)
		return 0;
	if (r == ORIEL_EXPORT_RETRY)
		return SHIP_LATER;
	shipment_reject(result, s, SIZE_MAX);
	return 0;
}

static int ship(void *state, const struct shipment *s, struct export_result *result)
{
	struct plugin *p = state;
	enum signal signal = shipment_signal(s->which);
	char why[ORIEL_EXPORT_WHY] = "";
	int r;

	out_clear(&p->body);
	p->body.limit = shipment_items(s) > 1 ? REQUEST_MOST : ITEM_MOST;
	if (p->exporter->form == ORIEL_EXPORT_JSON)
		otlp_encode_json(&p->body, signal, s->slice);
	else
		otlp_encode(&p->body, signal, s->slice);
	r = shipment_encoded(result, s, &p->body, ITEM_MOST);
	if (r)
		return TRACE(r);
	r = p->exporter->write(p->state, (enum oriel_export_signal)signal, p->body.p, p->body.n,
			       why);
	why[sizeof(why) - 1] = '\0';
	return told(result, s, r, why);
}

static int plugin_write(void *state, struct batch *const *batches, size_t n,
			struct export_result *result)
{
	struct plugin *p = state;
	int r = 0;

	for (size_t which = 0; which < N_SIGNALS && r == 0; which++)
		if (p->signals & p->exporter->signals & (unsigned)shipment_signal(which))
			r = shipment_send_all(which, batches, n, ship, p, result);
	out_shrink(&p->body, BUFFER_KEPT);
	return r > 0 ? EXPORT_RETRY : TRACE(r);
}

static void *plugin_close(void *state)
{
	struct plugin *p = state;

	if (!p)
		return NULL;
	if (p->exporter->size >= sizeof(*p->exporter) && p->exporter->close)
		p->exporter->close(p->state);
	return plugin_free(p);
}

static void plugin_where(const void *state, char *to, size_t room)
{
	const struct plugin *p = state;

	snprintf(to, room, "%s", p->path);
}

const struct exporter exporter_plugin = {
	.name = "plugin",
	.summary = "Hand everything to a shared object of your own, as OTLP",
	.takes = SIGNAL_ALL,
	.open = plugin_open,
	.write = plugin_write,
	.close = plugin_close,
	.where = plugin_where,
};

_Static_assert((int)SIGNAL_SPAN == ORIEL_EXPORT_SPANS && (int)SIGNAL_LOG == ORIEL_EXPORT_LOGS &&
		       (int)SIGNAL_METRIC == ORIEL_EXPORT_METRICS,
	       "one set of numbers");
