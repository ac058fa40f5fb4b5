/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP as the semantic conventions want it: methods, targets, hosts, addresses. Pure functions on
 * slices of foreign text; nothing is allocated, and whatever is not well-formed is "no".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/redact.h"
#include "base/str.h"

/*
 * The known methods: a comma-separated list (OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS), which
 * replaces the default ones; NULL or empty leaves those. Before there are threads.
 */
void http_methods_set(const char *list);

/* The method if it is known, as text that stays; else NULL. Methods are case-sensitive. */
const char *http_method(struct str method);

/* A request target ("/a?b", "http://host/a?b", "*") as its path and query; no '?' no query. */
struct http_target {
	struct str path, query;
};
struct http_target http_target_of(struct str target);

/*
 * The query with the values of parameters that are secrets, such as signatures, replaced by REDACTED,
 * and what looks like a secret in others; as much of it as fits. Bytes written; no NUL.
 */
size_t http_query_redact(const struct redact *rules, struct str query, char *out, size_t size);

/* "host", "host:80", "[::1]:80" and NUL-free; port -1: none given. */
struct http_host {
	struct str name; /* without brackets */
	int port;
};
bool http_host_of(struct str text, struct http_host *out);

/*
 * An absolute URL as a client sends it: without credentials (REDACTED instead) and other secrets, a
 * scheme added when there is none; as much of it as fits. `host` lies in that text; host.port is
 * never -1. False if it isn't HTTP, or the host doesn't fit.
 */
struct http_url {
	bool https;
	struct http_host host;
	size_t n; /* bytes of the redacted text in the caller's buffer */
};
bool http_url_of(const struct redact *rules, struct str url, struct http_url *out, char *redacted,
		 size_t size);

/* Telemetry that the program sends to our own intake, as `oriel run` told it to (/run/ID/v1/...): no news. */
bool http_is_to_intake(struct str url);

/* A peer's address as text and NUL, and its port; false for what is not IP. */
bool http_peer_of(const struct sockaddr *a, char out[46], int *port);

/* The same address as base/proxies.h has it, and one of those as text; `mapped` ones as IPv4. */
bool http_peer_address(const struct sockaddr *a, uint8_t out[16]);
void http_address_text(const uint8_t address[16], char out[46]);

/* "503", as error.type has it. */
const char *http_status_text(unsigned status, char out[4]);

/* "1.1" of "HTTP/1.1" as text that stays, for the versions that there are; else NULL. */
const char *http_version(struct str version);
