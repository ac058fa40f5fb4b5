/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ulfius: the route of a request that libmicrohttpd serves (agent/libraries/libmicrohttpd.c has its span).
 *
 *     ulfius_add_endpoint      the callback becomes ours; the program's own ways to add endpoints
 *                              come here, all of them
 *     endpoint_called          its prefix and format are the request's http.route: "/users/:id"
 *
 * Of several endpoints that a request runs through, the last one that is no wildcard counts: filters
 * are usually set for everything.
 *
 * Debian's ulfius has no headers that stand beside those of libcurl that we need, so the struct is
 * declared here, as libulfius.so.2.7 has it; another one is left alone. What an endpoint needs here
 * is kept when it is removed: bounded, and counted when there is no more.
 */
#include "agent/agent.h"

#include <dlfcn.h>
#include <errno.h>

#include "agent/libraries/libmicrohttpd.h"
#include "agent/pool.h"
#include "agent/real.h"

struct _u_instance;
struct _u_request;
struct _u_response;

typedef int (*endpoint_callback)(const struct _u_request *, struct _u_response *, void *);

struct _u_endpoint {
	char *http_method, *url_prefix, *url_format;
	unsigned priority;
	endpoint_callback callback_function;
	void *user_data;
};

int ulfius_add_endpoint(struct _u_instance *instance, const struct _u_endpoint *endpoint);

static struct real_library library;
static struct real real_add = { .name = "ulfius_add_endpoint", .library = &library };

#define REAL_ADD ((__typeof__(ulfius_add_endpoint) *)real_of(&real_add))

struct endpoint {
	struct pool_item item;
	endpoint_callback call;
	void *arg;
	uint8_t n;
	bool wild;
	char route[SERVER_ROUTE_MOST];
};

static struct pool endpoints = { .item_bytes = sizeof(struct endpoint), .n = 2048 };
static struct watch watch;

static bool version_is_known(void)
{
	Dl_info info;

	return dladdr((void *)REAL_ADD, &info) && info.dli_fname &&
	       strstr(info.dli_fname, "/libulfius.so.2.7");
}

static int endpoint_called(const struct _u_request *request, struct _u_response *response,
			   void *arg)
{
	const struct endpoint *e = arg;
	struct server_request *q = libmicrohttpd_now;
	int kept = errno;

	if (q && (!e->wild || !q->route_n))
		server_route(q, (struct str){ e->route, e->n });
	errno = kept;
	return e->call(request, response, e->arg);
}

/* A part of it, with one slash before it and none behind. */
static bool route_add(struct endpoint *e, const char *text)
{
	struct str part = str_of(text);

	while (part.n && part.p[0] == '/')
		part = str_from(part, 1);
	while (part.n && part.p[part.n - 1] == '/')
		part.n--;
	if (!part.n)
		return true;
	if (part.n + 1 > (size_t)(SERVER_ROUTE_MOST - e->n))
		return false;
	e->route[e->n++] = '/';
	memcpy(e->route + e->n, part.p, part.n);
	e->n = (uint8_t)(e->n + part.n);
	return true;
}

/* NULL: it stays the program's alone. */
static struct endpoint *endpoint_new(const struct _u_endpoint *own)
{
	struct endpoint *e = pool_open(&endpoints) ? pool_take(&endpoints) : NULL;

	if (!e) {
		agent_missed("ulfius");
		return NULL;
	}
	e->call = own->callback_function;
	e->arg = own->user_data;
	e->n = 0;
	if (!route_add(e, own->url_prefix) || !route_add(e, own->url_format)) {
		pool_give(&endpoints, e);
		return NULL;
	}
	if (!e->n)
		e->route[e->n++] = '/';
	e->wild = e->route[e->n - 1] == '*';
	return e;
}

HOOK int ulfius_add_endpoint(struct _u_instance *instance, const struct _u_endpoint *own)
{
	struct _u_endpoint changed;
	struct endpoint *e = NULL;
	int r, kept = errno;

	if (!REAL_ADD)
		return -1;
	if (own && own->callback_function && watches(&watch)) {
		if (version_is_known())
			e = endpoint_new(own);
		else
			agent_missed("ulfius");
	}
	errno = kept;
	if (!e)
		return REAL_ADD(instance, own);
	changed = *own;
	changed.callback_function = endpoint_called;
	changed.user_data = e;
	r = REAL_ADD(instance, &changed);
	if (r != 0)
		pool_give(&endpoints, e);
	return r;
}

const struct watched watched_ulfius = {
	.name = "ulfius",
	.summary = "Routes of the requests that ulfius answers",
	.watch = &watch,
};
