/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http/headers.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

enum { NAMES_MOST = 8, NAMES_ROOM = 256 };

static struct {
	bool set;
	size_t n;
	const char *item[NAMES_MOST];
	char text[NAMES_ROOM];
} request_id;

static bool is_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 127 ||
		    strchr("()<>@,;:\\\"/[]?={}", name.p[i]))
			return false;
	return name.n > 0;
}

void headers_request_id_set(const char *list)
{
	struct str rest = list ? str_of(list) : STR("X-Request-ID"), name;
	size_t used = 0;

	request_id.set = true;
	request_id.n = 0;
	while (request_id.n < NAMES_MOST && str_next(&rest, ',', &name)) {
		if (!is_name(name) || name.n >= NAMES_ROOM - used)
			continue;
		memcpy(request_id.text + used, name.p, name.n);
		request_id.text[used + name.n] = '\0';
		request_id.item[request_id.n++] = request_id.text + used;
		used += name.n + 1;
	}
}

const char *headers_request_id(void)
{
	return request_id.n ? request_id.item[0] : NULL;
}

void headers_begin(struct headers *h, headers_get get, void *carrier)
{
	memset(h, 0, offsetof(struct headers, joined));
	h->get = get;
	h->carrier = carrier;
}

/* tracestate and baggage may come in several fields, which together are one list. */
static const char *join(struct headers *h, const char *first, const char *more)
{
	size_t first_n = strlen(first), more_n = strlen(more);
	char *at = h->joined + h->n;

	if (first_n + more_n + 2 > HEADERS_JOINED_MOST - h->n)
		return first;
	memcpy(at, first, first_n);
	at[first_n] = ',';
	memcpy(at + first_n + 1, more, more_n + 1);
	h->n += first_n + more_n + 2;
	return at;
}

static void see_list(struct headers *h, const char **list, const char *value)
{
	*list = *list ? join(h, *list, value) : value;
}

/* The last field counts most: it is the one of the nearest proxy. */
static void see_hops(struct headers *h, const char **list, const char *value)
{
	const char *joined = *list ? join(h, *list, value) : value;

	*list = *list && joined == *list ? value : joined;
}

static void see_first(const char **at, const char *value)
{
	if (!*at)
		*at = value;
}

/* Of several fields the one that stands first in our list counts. */
static bool see_request_id(struct headers *h, const char *name, const char *value)
{
	for (size_t i = 0; i < request_id.n; i++) {
		if (strcasecmp(name, request_id.item[i]) != 0)
			continue;
		if (!h->request_id || i < h->request_id_rank) {
			h->request_id = value;
			h->request_id_rank = (unsigned char)i;
		}
		return true;
	}
	return false;
}

static const char *const b3_names[HEADERS_B3] = { "b3", "x-b3-traceid", "x-b3-spanid",
						  "x-b3-sampled", "x-b3-flags" };

static bool see_b3(struct headers *h, const char *name, const char *value)
{
	for (int i = 0; i < HEADERS_B3; i++) {
		if (strcasecmp(name, b3_names[i]) == 0) {
			see_first(&h->b3[i], value);
			return true;
		}
	}
	return false;
}

/* Jaeger's and OpenTracing's. */
static bool is_entry(const char *name)
{
	return !strncasecmp(name, "uberctx-", 8) || !strncasecmp(name, "ot-baggage-", 11);
}

static void see_entry(struct headers *h, const char *name, const char *value)
{
	if (is_entry(name) && h->n_entries < HEADERS_ENTRIES) {
		h->entry[h->n_entries][0] = name;
		h->entry[h->n_entries++][1] = value;
	}
}

void headers_see(struct headers *h, const char *name, const char *value)
{
	if (!name || !value || see_request_id(h, name, value))
		return;
	switch (str_lower(name[0])) {
	case 't':
		h->context = true;
		if (!strcasecmp(name, "traceparent")) {
			h->two_parents |= h->traceparent != NULL;
			h->traceparent = value;
		} else if (!strcasecmp(name, "tracestate")) {
			see_list(h, &h->tracestate, value);
		}
		break;
	case 'b':
		h->context = true;
		if (!strcasecmp(name, "baggage"))
			see_list(h, &h->baggage, value);
		else
			see_b3(h, name, value);
		break;
	case 'f':
		if (!strcasecmp(name, "forwarded"))
			see_hops(h, &h->forwarded, value);
		break;
	case 'h':
		if (!strcasecmp(name, "host"))
			see_first(&h->host, value);
		break;
	case 'o':
		h->context = true;
		see_entry(h, name, value);
		break;
	case 'u':
		if (!strcasecmp(name, "user-agent")) {
			see_first(&h->user_agent, value);
		} else {
			h->context = true;
			see_entry(h, name, value);
		}
		break;
	case 'x':
		h->context = true;
		if (see_b3(h, name, value))
			break;
		if (!strcasecmp(name, "x-forwarded-for"))
			see_hops(h, &h->x_forwarded_for, value);
		else if (!strcasecmp(name, "x-forwarded-proto"))
			see_first(&h->x_forwarded_proto, value);
		break;
	}
}

const char *headers_context(void *headers, const char *name)
{
	struct headers *h = headers;

	if (!strcmp(name, "traceparent"))
		return h->two_parents ? NULL : h->traceparent;
	if (!strcmp(name, "tracestate"))
		return h->tracestate;
	if (!strcmp(name, "baggage"))
		return h->baggage;
	for (int i = 0; i < HEADERS_B3; i++)
		if (!strcmp(name, b3_names[i]))
			return h->b3[i];
	for (int i = 0; i < h->n_entries; i++)
		if (name == h->entry[i][0])
			return h->entry[i][1];
	return h->get ? h->get(h->carrier, name) : NULL;
}

const char *headers_context_key(void *headers, size_t i)
{
	const struct headers *h = headers;

	return i < h->n_entries ? h->entry[i][0] : NULL;
}
