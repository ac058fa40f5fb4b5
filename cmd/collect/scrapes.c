/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/collect/scrapes.h"
#include "base/err.h"
#include "cmd/collect/say.h"
#include "export/prometheus-options.h"
#include "model/stats.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert((int)PROMETHEUS_WORDS <= (int)COLLECTOR_PLACE, "words must fit");

struct scrape_port {
	struct scrape_port *next;
	struct scrapes *all;
	char host[PROMETHEUS_HOST];
	uint16_t port;
	uint32_t n_routes;
	bool shared; /* more than one service has been here: from then on they are told apart */
	struct scrape *server;
};

struct scrapes {
	pthread_mutex_t lock;
	struct scrape_port *port;
	struct collector *collector;
};

/* ---- what is answered ------------------------------------------------------------------------------ */

struct answer {
	const struct scrape_request *request;
	struct out *o;
	struct scrape_port *port; /* NULL: the page's */
	const struct prometheus_target *own;
	int error;
};

static bool answer_wants(const char *place, void *you)
{
	const struct answer *a = you;
	struct prometheus_place at;

	return !a->port || (prometheus_options_parse(&at, place) && at.port == a->port->port &&
			    strcmp(at.host, a->port->host) == 0);
}

static bool is_shared(const struct collector_total *total, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (!str_eq(total[i].batch->resource->service, total[0].batch->resource->service))
			return true;
	return false;
}

static void answer_use(const struct collector_total *total, size_t n, void *you)
{
	struct answer *a = you;
	struct prometheus_target *target = calloc(n + 1, sizeof(*target));
	struct prometheus_request request = { .format = a->request->openmetrics
								? PROMETHEUS_OPENMETRICS
								: PROMETHEUS_TEXT,
					      .name = a->request->name,
					      .n_names = a->request->n_names };

	if (!target) {
		a->error = ERR(-ENOMEM);
		return;
	}
	if (a->port && is_shared(total, n))
		a->port->shared = true;
	for (size_t i = 0; i < n; i++) {
		struct prometheus_place at = { .port = 0 };

		prometheus_options_parse(&at, total[i].place);
		target[i] = (struct prometheus_target){ .batch = total[i].batch,
							.options = at.options,
							.unique = true,
							.named = !a->port || a->port->shared };
	}
	if (a->own)
		target[n++] = *a->own;
	a->error = prometheus_write(a->o, &request, target, n);
	free(target);
}

static const char *answer_write(struct collector *c, struct answer *a)
{
	struct collector_ask ask = { answer_wants, answer_use, a };

	collector_totals(c, &ask);
	return a->error ? NULL
			: prometheus_type(a->request->openmetrics ? PROMETHEUS_OPENMETRICS
								  : PROMETHEUS_TEXT);
}

static const char *port_write(const struct scrape_request *q, struct out *o, void *you)
{
	struct scrape_port *port = you;
	struct answer a = { .request = q, .o = o, .port = port };

	return answer_write(port->all->collector, &a);
}

/* ---- the collector's own --------------------------------------------------------------------------- */

static void add_counter(struct batch *b, struct str name, struct str about, uint64_t value,
			struct attributes attributes)
{
	struct metric_point *p = batch_add_point(b);

	if (p)
		*p = (struct metric_point){ .kind = METRIC_SUM,
					    .name = name,
					    .description = about,
					    .attributes = attributes,
					    .integer = (int64_t)value };
}

static void add_losses(struct batch *b, struct collector *c)
{
	static const struct str reason[N_LOSSES] = {
#define X(loss, unit, sentence) [LOSS_##loss] = { #loss, sizeof(#loss) - 1 },
		SEGMENT_LOSSES(X)
#undef X
	};
	uint64_t loss[N_LOSSES];

	collector_losses(c, loss);
	for (size_t i = 0; i < N_LOSSES; i++) {
		struct attribute *a = arena_take_n(&b->arena, struct attribute, 1);

		if (!a)
			return;
		*a = (struct attribute){ STR("reason"), { VALUE_STRING, .text = reason[i] } };
		add_counter(b, STR("oriel_service_losses"),
			    STR("What services could not record, by reason"), loss[i],
			    (struct attributes){ a, 1, 0 });
	}
}

static struct batch *own_counters(struct collector *c)
{
	struct attribute who = { STR("service.name"), { VALUE_STRING, .text = STR("oriel") } };
	struct resource *r = resource_new((struct attributes){ &who, 1, 0 }, STR(""), 0);
	struct batch *b = r ? batch_new(r) : NULL;

	resource_free(r);
	if (!b)
		return NULL;
#define X(counter, unit, sentence) \
	add_counter(b, STR("oriel_" #counter), STR(sentence), stats_get(counter), \
		    (struct attributes){ 0 });
	STATS(X)
#undef X
	add_losses(b, c);
	return b;
}

const char *scrapes_write_all(struct scrapes *s, const struct scrape_request *q, struct out *o)
{
	struct batch *own = own_counters(s->collector);
	struct prometheus_target target = {
		.batch = own,
		.options = { .no_target_info = true, .no_scope_info = true, .no_created = true }
	};
	struct answer a = { .request = q, .o = o, .own = own ? &target : NULL };
	const char *type = answer_write(s->collector, &a);

	batch_free(own);
	return type;
}

/* ---- ports ----------------------------------------------------------------------------------------- */

void scrapes_place(const struct settings *settings, char words[COLLECTOR_PLACE], void *you)
{
	struct prometheus_place at;

	(void)you;
	if (!prometheus_options_read(&at, settings)) {
		snprintf(at.host, sizeof(at.host), "-");
		at.port = 0;
	}
	prometheus_options_write(&at, words);
}

static struct scrape_port *port_find(const struct scrapes *s, const struct prometheus_place *at)
{
	struct scrape_port *p = s->port;

	while (p && !(p->port == at->port && strcmp(p->host, at->host) == 0))
		p = p->next;
	return p;
}

static void tell(struct scrape_port *p, char why[256])
{
	char address[SCRAPE_TEXT], reason[SCRAPE_TEXT];

	scrape_address(p->server, address);
	if (scrape_why(p->server, reason))
		snprintf(why, 256, "prometheus: can't listen on %.100s: %.60s; trying on", address,
			 reason);
	else
		say("prometheus: metrics are at http://%s/metrics", address);
}

static struct scrape_port *port_new(struct scrapes *s, const struct prometheus_place *at,
				    char why[256])
{
	struct scrape_port *p = calloc(1, sizeof(*p));
	struct scrape_options options = {
		.host = at->host, .port = at->port, .write = port_write, .you = p
	};
	int r = p ? 0 : -ENOMEM;

	if (p) {
		p->all = s;
		p->port = at->port;
		memcpy(p->host, at->host, sizeof(p->host));
		r = scrape_start(&p->server, &options);
	}
	if (r < 0) {
		snprintf(why, 256, "prometheus: can't listen on %.100s:%u: %.80s", at->host,
			 at->port, err_path(r));
		free(p);
		return NULL;
	}
	tell(p, why);
	p->next = s->port;
	s->port = p;
	return p;
}

struct scrape_port *scrapes_take(struct scrapes *s, const struct settings *settings, char why[256])
{
	struct prometheus_place at;
	struct scrape_port *p;

	why[0] = '\0';
	if (!prometheus_options_read(&at, settings))
		return NULL;
	pthread_mutex_lock(&s->lock);
	p = port_find(s, &at);
	if (!p)
		p = port_new(s, &at, why);
	if (p)
		p->n_routes++;
	pthread_mutex_unlock(&s->lock);
	return p;
}

/* Under the lock to the end: who takes the same port again finds it free. */
void scrapes_drop(struct scrapes *s, struct scrape_port *port)
{
	pthread_mutex_lock(&s->lock);
	if (port && --port->n_routes == 0) {
		for (struct scrape_port **at = &s->port; *at; at = &(*at)->next)
			if (*at == port) {
				*at = port->next;
				break;
			}
		scrape_stop(port->server);
		free(port);
	}
	pthread_mutex_unlock(&s->lock);
}

static void port_json(struct scrape_port *p, struct json *j)
{
	char address[SCRAPE_TEXT], why[SCRAPE_TEXT], url[SCRAPE_TEXT + 16];
	bool failing = scrape_why(p->server, why);

	scrape_address(p->server, address);
	snprintf(url, sizeof(url), "http://%s/metrics", address);
	json_open(j, '{');
	json_key(j, STR("name"));
	json_str(j, STR("prometheus"));
	json_key(j, STR("signals"));
	json_open(j, '[');
	json_str(j, STR("metrics"));
	json_close(j, ']');
	json_key(j, STR("endpoint"));
	json_str(j, str_of(url));
	json_key(j, STR("queued"));
	json_u64(j, 0);
	json_key(j, STR("sent"));
	json_u64(j, scrape_count(p->server));
	json_key(j, STR("dropped"));
	json_u64(j, 0);
	json_key(j, STR("failing"));
	json_bool(j, failing);
	json_key(j, STR("why"));
	json_str(j, str_of(why));
	json_close(j, '}');
}

void scrapes_json(struct scrapes *s, struct json *j)
{
	pthread_mutex_lock(&s->lock);
	for (struct scrape_port *p = s->port; p; p = p->next)
		port_json(p, j);
	pthread_mutex_unlock(&s->lock);
}

int scrapes_new(struct scrapes **out)
{
	struct scrapes *s = calloc(1, sizeof(*s));

	if (!s)
		return ERR(-ENOMEM);
	pthread_mutex_init(&s->lock, NULL);
	*out = s;
	return 0;
}

struct scrapes *scrapes_free(struct scrapes *s)
{
	if (!s)
		return NULL;
	pthread_mutex_destroy(&s->lock);
	free(s);
	return NULL;
}

void scrapes_set_collector(struct scrapes *s, struct collector *c)
{
	s->collector = c;
}
