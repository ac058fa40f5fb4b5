/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/libraries/libcurl-handle.h"

#include <stdio.h>

#include "agent/agent.h"
#include "agent/libraries/curl-error.h"
#include "agent/table.h"
#include "wire/record.h"

enum { HANDLES_MOST = 2048 };

static struct pool handles = { .item_bytes = sizeof(struct handle), .n = HANDLES_MOST };

static struct table_slot slots[2 * HANDLES_MOST];
static const struct table known = { slots, 2 * HANDLES_MOST };

struct handle *handle_of(const CURL *curl)
{
	return table_get(&known, curl);
}

void handle_reset(struct handle *h)
{
	h->connect_only = h->lent = false;
	h->ours = 0;
	h->url_n = 0;
	h->port = 0;
	h->method = "GET";
	h->url_handle = NULL;
	h->headers = NULL;
	h->custom[0] = 0;
	memset(h->callback, 0, sizeof(h->callback));
	h->callback[CALLBACK_WRITE].data = stdout; /* as libcurl has it */
	h->callback[CALLBACK_READ].data = stdin;
}

struct handle *handle_new(const CURL *curl)
{
	struct handle *h = NULL;

	if (pool_open(&handles))
		h = pool_take(&handles);
	if (h && !table_put(&known, curl, h)) {
		pool_give(&handles, h);
		h = NULL;
	}
	if (!h) {
		agent_missed("libcurl");
		return NULL;
	}
	h->busy = false;
	h->transfer.begun = 0;
	handle_reset(h);
	return h;
}

void handle_forget(const CURL *curl)
{
	struct handle *h = table_remove(&known, curl);

	if (h)
		pool_give(&handles, h);
}

void handle_copy(struct handle *to, const struct handle *from)
{
	memcpy((char *)to + sizeof(to->item), (const char *)from + sizeof(from->item),
	       offsetof(struct handle, injected) - sizeof(to->item));
	to->busy = to->lent = false;
	to->ours = 0;
}

/* ---- options ------------------------------------------------------------------------------------ */

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
static void option_of_request(struct handle *h, CURLoption option, void *value)
{
	bool on = value != NULL;

	switch ((int)option) {
	case CURLOPT_URL:
		handle_url(h, value);
		break;
	case CURLOPT_CURLU:
		h->url_handle = value;
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

/* The callbacks that we stand in for: option numbers of the function and of its data. */
static const struct {
	CURLoption function, data;
} options[N_CALLBACKS] = {
	[CALLBACK_WRITE] = { CURLOPT_WRITEFUNCTION, CURLOPT_WRITEDATA },
	[CALLBACK_HEADER] = { CURLOPT_HEADERFUNCTION, CURLOPT_HEADERDATA },
	[CALLBACK_READ] = { CURLOPT_READFUNCTION, CURLOPT_READDATA },
	[CALLBACK_PROGRESS] = { CURLOPT_XFERINFOFUNCTION, CURLOPT_XFERINFODATA },
};

static struct own_callback *option_of_callback(struct handle *h, CURLoption option, void *value)
{
	for (int i = 0; i < N_CALLBACKS; i++) {
		if (option == options[i].function)
			h->callback[i].function = value;
		else if (option == options[i].data)
			h->callback[i].data = value;
		else
			continue;
		return &h->callback[i];
	}
	return NULL;
}

bool handle_option(struct handle *h, CURLoption option, void *value)
{
	if (option_of_callback(h, option, value))
		return h->lent;
	option_of_request(h, option, value);
	return false;
}

/* ---- callbacks in the transfer's context --------------------------------------------------------- */

static size_t on_data(enum callback which, char *p, size_t size, size_t n, void *handle)
{
	struct handle *h = handle;
	unsigned token = oriel_context_attach(client_context(&h->transfer));
	curl_write_callback function;
	size_t r;

	memcpy(&function, &h->callback[which].function, sizeof(function));
	r = function(p, size, n, h->callback[which].data);
	oriel_context_detach(token);
	return r;
}

static size_t on_write(char *p, size_t size, size_t n, void *handle)
{
	return on_data(CALLBACK_WRITE, p, size, n, handle);
}

static size_t on_header(char *p, size_t size, size_t n, void *handle)
{
	return on_data(CALLBACK_HEADER, p, size, n, handle);
}

static size_t on_read(char *p, size_t size, size_t n, void *handle)
{
	return on_data(CALLBACK_READ, p, size, n, handle);
}

static int on_progress(void *handle, curl_off_t down, curl_off_t down_now, curl_off_t up,
		       curl_off_t up_now)
{
	struct handle *h = handle;
	unsigned token = oriel_context_attach(client_context(&h->transfer));
	curl_xferinfo_callback function;
	int r;

	memcpy(&function, &h->callback[CALLBACK_PROGRESS].function, sizeof(function));
	r = function(h->callback[CALLBACK_PROGRESS].data, down, down_now, up, up_now);
	oriel_context_detach(token);
	return r;
}

/*
 * Without a function of its own libcurl writes to a FILE *, which we leave; and with header data but
 * no header function it calls the write function with them, which then can't be ours.
 */
static bool is_lendable(const struct handle *h, int which)
{
	if (!h->callback[which].function)
		return false;
	return which != CALLBACK_WRITE || h->callback[CALLBACK_HEADER].function ||
	       !h->callback[CALLBACK_HEADER].data;
}

static void callback_set(const struct handle *h, const struct curl_flavour *f, CURL *curl,
			 int which, bool ours)
{
	__typeof__(curl_easy_setopt) *set = CURL_REAL(f, curl_easy_setopt);
	const struct own_callback *own = &h->callback[which];

	if (!ours)
		set(curl, options[which].function, own->function);
	else if (which == CALLBACK_WRITE)
		set(curl, CURLOPT_WRITEFUNCTION, on_write);
	else if (which == CALLBACK_HEADER)
		set(curl, CURLOPT_HEADERFUNCTION, on_header);
	else if (which == CALLBACK_READ)
		set(curl, CURLOPT_READFUNCTION, on_read);
	else
		set(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	set(curl, options[which].data, ours ? (void *)(uintptr_t)h : own->data);
}

/* Also when it is lent already, and the program has changed a callback: those that may be ours are. */
void handle_lend(struct handle *h, const struct curl_flavour *f, CURL *curl)
{
	for (int i = 0; i < N_CALLBACKS; i++) {
		bool lend = is_lendable(h, i);

		if (lend || (h->ours & 1u << i))
			callback_set(h, f, curl, i, lend);
		h->ours = (uint8_t)(lend ? h->ours | 1u << i : h->ours & ~(1u << i));
	}
	h->lent = true;
}

void handle_give_back(const struct handle *h, const struct curl_flavour *f, CURL *curl)
{
	for (int i = 0; i < N_CALLBACKS; i++)
		if (h->ours & 1u << i)
			callback_set(h, f, curl, i, false);
	/* The program may have set another list from a callback: that one stays. */
	if (h->injected.n)
		CURL_REAL(f, curl_easy_setopt)(curl, CURLOPT_HTTPHEADER, h->headers);
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

	if (has_header(i->own, key))
		return;
	if (str_eq_nocase(key, STR("tracestate")) && has_header(i->own, STR("traceparent")))
		return;
	if (i->n == NODES_MOST || key.n + text.n + 3 > LINES_MOST - i->used) {
		agent_missed("libcurl");
		return;
	}
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

/* ---- the transfer --------------------------------------------------------------------------------- */

/* A program that gives a CURLU instead of a text: the text is asked for. */
static void url_of_handle(struct handle *h, const struct curl_flavour *f)
{
	char *text = NULL;

	if (!CURL_REAL(f, curl_url_get) || !CURL_REAL(f, curl_free) ||
	    CURL_REAL(f, curl_url_get)(h->url_handle, CURLUPART_URL, &text, 0) != CURLUE_OK)
		return;
	handle_url(h, text);
	CURL_REAL(f, curl_free)(text);
}

bool transfer_begin(struct handle *h, const struct curl_flavour *f, CURL *curl)
{
	struct injected *i = &h->injected;

	if (h->url_handle)
		url_of_handle(h, f);
	if (h->connect_only ||
	    !client_begin(&h->transfer,
			  &(struct client_seen){
				  .method = str_of(h->custom[0] ? h->custom : h->method),
				  .url = { h->url, h->url_n },
				  .port = h->port,
				  .scope = SCOPE_LIBCURL,
			  }))
		return false;
	i->own = h->headers;
	i->n = i->used = 0;
	client_inject(&h->transfer, inject, i);
	h->busy = true;
	if (i->n)
		CURL_REAL(f, curl_easy_setopt)(curl, CURLOPT_HTTPHEADER, injected_list(i));
	return true;
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

static void ask(const struct curl_flavour *f, CURL *curl, struct client_outcome *o)
{
	__typeof__(curl_easy_getinfo) *get = CURL_REAL(f, curl_easy_getinfo);
	long status = 0, port = 0, version = 0;

	if (!get)
		return;
	get(curl, CURLINFO_RESPONSE_CODE, &status);
	get(curl, CURLINFO_PRIMARY_IP, &o->peer_address);
	get(curl, CURLINFO_PRIMARY_PORT, &port);
	get(curl, CURLINFO_HTTP_VERSION, &version);
	o->status = status > 0 && status < 1000 ? (unsigned)status : 0;
	/* A socket's path has none, whatever libcurl says. */
	o->peer_port = o->peer_address && *o->peer_address == '/' ? 0 : (int)port;
	o->version = version_of(version);
}

void transfer_end(struct handle *h, const struct curl_flavour *f, CURL *curl, CURLcode r)
{
	struct client_outcome o = { .request_bytes = -1, .response_bytes = -1 };

	h->busy = false;
	handle_give_back(h, f, curl);
	h->lent = false;
	h->ours = 0;
	h->injected.n = 0;
	ask(f, curl, &o);
	if (r != CURLE_OK) {
		o.error = curl_error_name((int)r);
		if (o.status < 400 && CURL_REAL(f, curl_easy_strerror))
			o.message = CURL_REAL(f, curl_easy_strerror)(r);
	}
	client_end(&h->transfer, &o);
}
