/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handle: what we know of a CURL easy handle, and a transfer on it.
 *
 * What a handle will do can't be read back from it, so the options that matter are followed from
 * curl_easy_init on: method, URL, port, the program's header list and its callbacks. For a transfer,
 * headers of ours stand in front of that list; its nodes are not touched:
 *
 *     [traceparent: ..] -> [tracestate: ..] -> the program's first node -> ...
 *
 * and afterwards the program's list is put back. In a transfer of the multi interface the program's
 * callbacks run inside the transfer's context, through ours.
 *
 * libcurl wants a handle to be used by one thread at a time, and so do we.
 */
#pragma once

#include "agent/http/client.h"
#include "agent/libraries/libcurl.h"
#include "agent/pool.h"

enum { URL_MOST = 1024, METHOD_MOST = 24, LINES_MOST = 10240, NODES_MOST = 64 };

enum callback { CALLBACK_WRITE, CALLBACK_HEADER, CALLBACK_READ, CALLBACK_PROGRESS, N_CALLBACKS };

struct own_callback {
	void *function, *data; /* the program's; NULL: libcurl's own */
};

struct injected {
	const struct curl_slist *own; /* the program's */
	size_t n, used;
	struct curl_slist node[NODES_MOST];
	char line[LINES_MOST];
};

struct handle {
	struct pool_item item;
	bool connect_only;
	bool busy;    /* a transfer of ours runs */
	bool lent;    /* its callbacks go through ours */
	uint8_t ours; /* which of them libcurl has ours of */
	uint16_t url_n;
	int port;	    /* CURLOPT_PORT; 0: the URL's */
	const char *method; /* by the options that imply one */
	CURLU *url_handle;
	struct curl_slist *headers;
	struct own_callback callback[N_CALLBACKS];
	char custom[METHOD_MOST]; /* CURLOPT_CUSTOMREQUEST; "": none */
	char url[URL_MOST];

	/* of the transfer that runs; here, as the caller's stack may be small */
	struct client_request transfer;
	struct injected injected; /* last: what isn't used of it is no memory */
};

struct handle *handle_of(const CURL *curl);  /* NULL: unknown */
struct handle *handle_new(const CURL *curl); /* NULL: no room, counted */
void handle_forget(const CURL *curl);

void handle_reset(struct handle *h); /* options only */
void handle_copy(struct handle *to, const struct handle *from);

/*
 * An option that libcurl has taken. True: it is about a callback of a handle that is lent, so libcurl
 * has the program's now, and `handle_lend` must be called again.
 */
bool handle_option(struct handle *h, CURLoption option, void *value);

/* Our callbacks in, or the program's back; also for a copy of the handle. */
void handle_lend(struct handle *h, const struct curl_flavour *f, CURL *curl);
void handle_give_back(const struct handle *h, const struct curl_flavour *f, CURL *curl);

/* False: not an HTTP transfer whose target we know beforehand; nothing was changed. */
bool transfer_begin(struct handle *h, const struct curl_flavour *f, CURL *curl);
void transfer_end(struct handle *h, const struct curl_flavour *f, CURL *curl, CURLcode r);
