/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl, easy interface: a client span for each curl_easy_perform of HTTP.
 *
 * What a handle will do can't be read back from it, so we follow the options that matter from
 * curl_easy_init on: method, URL, port, and the program's own header list. For a transfer, headers
 * of ours stand in front of that list; its nodes are not touched:
 *
 *     [traceparent: ..] -> [tracestate: ..] -> the program's first node -> ...
 *
 * and afterwards the program's list is put back. A handle that we know nothing of (made before we
 * were there, or no room), or whose URL is a CURLU, is passed through and counted. The multi
 * interface is passed through.
 *
 * A program may have two libcurls, OpenSSL's and GnuTLS's, told apart by their symbol versions, so
 * each hook exists twice, with the real functions of its own flavour (agent/libcurl-hooks.c).
 *
 * libcurl uses its own exported functions through the PLT: those calls are passed through.
 */
#include "agent/libcurl.h"

#include <errno.h>

#include "agent/agent.h"
#include "agent/client.h"
#include "agent/curl-error.h"
#include "agent/pool.h"
#include "agent/table.h"
#include "wire/record.h"

enum { URL_MOST = 1024, METHOD_MOST = 24, HANDLES_MOST = 2048 };

enum { LINES_MOST = 2048, NODES_MOST = 8 };

struct injected {
	const struct curl_slist *own; /* the program's */
	size_t n, used;
	struct curl_slist node[NODES_MOST];
	char line[LINES_MOST];
};

struct handle {
	struct pool_item item;
	bool connect_only, is_url_handle, busy;
	uint16_t url_n;
	int port;	    /* CURLOPT_PORT; 0: the URL's */
	const char *method; /* by the options that imply one */
	struct curl_slist *headers;
	char custom[METHOD_MOST]; /* CURLOPT_CUSTOMREQUEST; "": none */
	char url[URL_MOST];

	/* of the transfer that runs; here, as the caller's stack may be small */
	struct injected injected;
	struct client_request transfer;
};

static struct pool handles = { .item_bytes = sizeof(struct handle), .n = HANDLES_MOST };

static struct table_slot slots[2 * HANDLES_MOST];
static const struct table handle_of = { slots, 2 * HANDLES_MOST };

/* ---- what we know of a handle ---------------------------------------------------------------- */

static void handle_reset(struct handle *h)
{
	h->connect_only = h->is_url_handle = h->busy = false;
	h->url_n = 0;
	h->port = 0;
	h->method = "GET";
	h->headers = NULL;
	h->custom[0] = 0;
}

static struct handle *handle_new(CURL *curl)
{
	struct handle *h = NULL;

	if (pool_open(&handles))
		h = pool_take(&handles);
	if (h && !table_put(&handle_of, curl, h)) {
		pool_give(&handles, h);
		h = NULL;
	}
	if (!h)
		agent_missed("libcurl");
	return h;
}

static void handle_url(struct handle *h, const char *url)
{
	h->url_n = (uint16_t)(url ? strnlen(url, URL_MOST) : 0);
	if (h->url_n)
		memcpy(h->url, url, h->url_n);
}

static void handle_custom(struct handle *h, const char *method)
{
	size_t n = method ? strnlen(method, METHOD_MOST - 1) : 0;

	if (n)
		memcpy(h->custom, method, n);
	h->custom[n] = 0;
}

/* As libcurl does, where one option undoes another. */
static void handle_option(struct handle *h, CURLoption option, void *value)
{
	bool on = value != NULL;

	switch ((int)option) {
	case CURLOPT_URL:
		handle_url(h, value);
		break;
	case CURLOPT_CURLU:
		h->is_url_handle = on;
		break;
	case CURLOPT_PORT:
		h->port = (int)(intptr_t)value;
		break;
	case CURLOPT_HTTPHEADER:
		h->headers = value;
		break;
	case CURLOPT_CUSTOMREQUEST:
		handle_custom(h, value);
		break;
	case CURLOPT_CONNECT_ONLY:
		h->connect_only = on;
		break;
	case CURLOPT_NOBODY:
		if (on)
			h->method = "HEAD";
		else if (h->method[0] == 'H')
			h->method = "GET";
		break;
	case CURLOPT_HTTPGET:
		if (on)
			h->method = "GET";
		break;
	case CURLOPT_POST:
		h->method = on ? "POST" : "GET";
		break;
	case CURLOPT_UPLOAD:
	case 54: /* CURLOPT_PUT, deprecated */
		h->method = on ? "PUT" : "GET";
		break;
	case CURLOPT_POSTFIELDS:
	case CURLOPT_COPYPOSTFIELDS:
	case 10024: /* CURLOPT_HTTPPOST, deprecated */
	case CURLOPT_MIMEPOST:
		h->method = "POST";
		break;
	}
}

/* ---- headers of ours ---------------------------------------------------------------------------- */

static bool line_is(const char *line, struct str name)
{
	return str_eq_nocase(str_first(str_of(line), name.n), name) &&
	       (line[name.n] == ':' || line[name.n] == ';');
}

static bool has_header(const struct curl_slist *list, struct str name)
{
	for (; list; list = list->next)
		if (list->data && line_is(list->data, name))
			return true;
	return false;
}

/* A header that the program sets itself stays as it is; tracestate goes with traceparent. */
static void inject(void *carrier, const char *name, const char *value)
{
	struct injected *i = carrier;
	struct str key = str_of(name), text = str_of(value);
	char *at = i->line + i->used;

	if (i->n == NODES_MOST || key.n + text.n + 3 > LINES_MOST - i->used ||
	    has_header(i->own, key))
		return;
	if (str_eq_nocase(key, STR("tracestate")) && has_header(i->own, STR("traceparent")))
		return;
	memcpy(at, key.p, key.n);
	memcpy(at + key.n, ": ", 2);
	memcpy(at + key.n + 2, text.p, text.n + 1);
	i->used += key.n + text.n + 3;
	i->node[i->n++] = (struct curl_slist){ .data = at };
}

/* The list to send: ours in front of the program's. */
static struct curl_slist *injected_list(struct injected *i)
{
	for (size_t k = 0; k < i->n; k++)
		i->node[k].next = k + 1 < i->n ? &i->node[k + 1] : (struct curl_slist *)i->own;
	return i->n ? i->node : (struct curl_slist *)i->own;
}

/* ---- the span -------------------------------------------------------------------------------------- */

/* False: not an HTTP transfer whose target we know beforehand. */
static bool transfer_begin(struct handle *h)
{
	return !h->connect_only &&
	       client_begin(&h->transfer,
			    &(struct client_seen){
				    .method = str_of(h->custom[0] ? h->custom : h->method),
				    .url = { h->url, h->url_n },
				    .port = h->port,
				    .scope = SCOPE_LIBCURL,
			    });
}

static const char *version_of(long version)
{
	switch (version) {
	case CURL_HTTP_VERSION_1_0:
		return "1.0";
	case CURL_HTTP_VERSION_1_1:
		return "1.1";
	case CURL_HTTP_VERSION_2_0:
		return "2";
	case 30: /* CURL_HTTP_VERSION_3 */
		return "3";
	}
	return NULL;
}

static void transfer_end(struct client_request *c, const struct curl_flavour *f, CURL *curl,
			 CURLcode r)
{
	struct client_outcome o = { .request_bytes = -1, .response_bytes = -1 };
	long status = 0, port = 0, version = 0;

	if (CURL_REAL(f, curl_easy_getinfo)) {
		CURL_REAL(f, curl_easy_getinfo)(curl, CURLINFO_RESPONSE_CODE, &status);
		CURL_REAL(f, curl_easy_getinfo)(curl, CURLINFO_PRIMARY_IP, &o.peer_address);
		CURL_REAL(f, curl_easy_getinfo)(curl, CURLINFO_PRIMARY_PORT, &port);
		CURL_REAL(f, curl_easy_getinfo)(curl, CURLINFO_HTTP_VERSION, &version);
	}
	o.status = status > 0 && status < 1000 ? (unsigned)status : 0;
	o.peer_port = (int)port;
	o.version = version_of(version);
	if (r != CURLE_OK) {
		o.error = curl_error_name((int)r);
		if (o.status < 400 && CURL_REAL(f, curl_easy_strerror))
			o.message = CURL_REAL(f, curl_easy_strerror)(r);
	}
	client_end(c, &o);
}

/* ---- what the program calls, by flavour ----------------------------------------------------------- */

static CURLcode perform_watched(const struct curl_flavour *f, CURL *curl, struct handle *h)
{
	struct injected *i = &h->injected;
	int kept = errno;
	unsigned token;
	CURLcode r;

	if (!transfer_begin(h)) {
		errno = kept;
		return CURL_REAL(f, curl_easy_perform)(curl);
	}
	i->own = h->headers;
	i->n = i->used = 0;
	client_inject(&h->transfer, inject, i);
	h->busy = true;
	if (i->n)
		CURL_REAL(f, curl_easy_setopt)(curl, CURLOPT_HTTPHEADER, injected_list(i));
	token = oriel_context_attach(client_context(&h->transfer));
	errno = kept;
	r = CURL_REAL(f, curl_easy_perform)(curl);
	kept = errno;
	oriel_context_detach(token);
	/* The program may have set another list from a callback: that one stays. */
	if (i->n)
		CURL_REAL(f, curl_easy_setopt)(curl, CURLOPT_HTTPHEADER, h->headers);
	h->busy = false;
	transfer_end(&h->transfer, f, curl, r);
	errno = kept;
	return r;
}

CURLcode libcurl_perform(const struct curl_flavour *f, CURL *curl, const void *caller)
{
	struct handle *h;

	if (!CURL_REAL(f, curl_easy_perform))
		return CURLE_FAILED_INIT;
	if (!agent_watches() || real_calls_itself(f->library, caller))
		return CURL_REAL(f, curl_easy_perform)(curl);
	h = table_get(&handle_of, curl);
	if (!h || h->busy || h->is_url_handle || !CURL_REAL(f, curl_easy_setopt)) {
		agent_missed("libcurl");
		return CURL_REAL(f, curl_easy_perform)(curl);
	}
	return perform_watched(f, curl, h);
}

CURLcode libcurl_setopt(const struct curl_flavour *f, CURL *curl, CURLoption option, void *value,
			const void *caller)
{
	struct handle *h;
	CURLcode r;

	if (!CURL_REAL(f, curl_easy_setopt))
		return CURLE_FAILED_INIT;
	r = CURL_REAL(f, curl_easy_setopt)(curl, option, value);
	if (r != CURLE_OK || real_calls_itself(f->library, caller))
		return r;
	h = table_get(&handle_of, curl);
	if (h)
		handle_option(h, option, value);
	return r;
}

CURL *libcurl_init(const struct curl_flavour *f, const void *caller)
{
	CURL *curl;
	struct handle *h;
	int kept;

	if (!CURL_REAL(f, curl_easy_init))
		return NULL;
	curl = CURL_REAL(f, curl_easy_init)();
	kept = errno;
	if (curl && agent_watches() && !real_calls_itself(f->library, caller)) {
		client_ready();
		h = handle_new(curl);
		if (h)
			handle_reset(h);
	}
	errno = kept;
	return curl;
}

CURL *libcurl_duphandle(const struct curl_flavour *f, CURL *curl, const void *caller)
{
	struct handle *from, *h;
	CURL *copy;
	int kept;

	if (!CURL_REAL(f, curl_easy_duphandle))
		return NULL;
	copy = CURL_REAL(f, curl_easy_duphandle)(curl);
	kept = errno;
	from = table_get(&handle_of, curl);
	if (!copy || !from || real_calls_itself(f->library, caller)) {
		errno = kept;
		return copy;
	}
	/* From a callback of a transfer: the copy must not keep our nodes. */
	if (from->busy && CURL_REAL(f, curl_easy_setopt))
		CURL_REAL(f, curl_easy_setopt)(copy, CURLOPT_HTTPHEADER, from->headers);
	h = handle_new(copy);
	if (h) {
		memcpy((char *)h + sizeof(h->item), (char *)from + sizeof(from->item),
		       offsetof(struct handle, injected) - sizeof(h->item));
		h->busy = false;
	}
	errno = kept;
	return copy;
}

void libcurl_reset(const struct curl_flavour *f, CURL *curl, const void *caller)
{
	struct handle *h;

	if (!CURL_REAL(f, curl_easy_reset))
		return;
	CURL_REAL(f, curl_easy_reset)(curl);
	h = table_get(&handle_of, curl);
	if (h && !real_calls_itself(f->library, caller))
		handle_reset(h);
}

/* Forgotten before it is freed: another thread may get a handle at the same address at once. */
void libcurl_cleanup(const struct curl_flavour *f, CURL *curl)
{
	struct handle *h = table_remove(&handle_of, curl);

	if (h)
		pool_give(&handles, h);
	if (CURL_REAL(f, curl_easy_cleanup))
		CURL_REAL(f, curl_easy_cleanup)(curl);
}
