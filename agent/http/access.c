/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http/access.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/http/headers.h"
#include "agent/http/http.h"
#include "agent/http/server.h"
#include "base/access-log.h"

bool access_log_on;

static struct oriel_logger *logger;
static struct str ignored;

static struct str get(const char *ours, const char *theirs)
{
	struct str value = str_trim(str_of(getenv(ours)));

	return value.n || !theirs ? value : str_trim(str_of(getenv(theirs)));
}

/* The environment's text may go; what was set at the start counts. */
static struct str keep(struct str text)
{
	static char kept[1024];

	if (!text.n || text.n > sizeof(kept))
		return STR("");
	memcpy(kept, text.p, text.n);
	return (struct str){ kept, text.n };
}

void access_log_set(void)
{
	access_log_on = access_log_is_on(get("ORIEL_ACCESS_LOG", NULL),
					 get("ORIEL_LOG_FORMAT", "LOG_FORMAT"),
					 get("ORIEL_LOG_PROFILE", NULL));
	if (!access_log_on)
		return;
	logger = oriel_logger("oriel.access");
	ignored = keep(get("ORIEL_ACCESS_LOG_IGNORE", NULL));
}

static uint8_t copy(char *to, size_t room, const char *from, size_t n)
{
	n = n < room ? n : room;
	if (n)
		memcpy(to, from, n);
	return (uint8_t)n;
}

/* What lies ready for the span's record has the same. */
static struct str known_text(const struct server_known *k, enum wire_key key)
{
	struct str rest = { (const char *)k->bytes, k->n };

	while (rest.n >= WIRE_ATTRIBUTE_HEAD) {
		uint8_t type = (uint8_t)rest.p[0], key_n = (uint8_t)rest.p[1];
		size_t skip = type & WIRE_KNOWN ? 0 : key_n;
		uint16_t n;

		memcpy(&n, rest.p + 2, sizeof(n));
		rest = str_from(rest, WIRE_ATTRIBUTE_HEAD + skip);
		if ((type & WIRE_KNOWN) && key_n == (uint8_t)key)
			return str_first(rest, n);
		rest = str_from(rest, n);
	}
	return STR("");
}

void access_begin_any(struct access_request *a, const struct server_seen *seen)
{
	struct str path = http_target_of(seen->target).path;
	const char *agent = seen->headers ? seen->headers->user_agent : NULL;
	struct str text = agent ? str_of(agent) : STR("");

	a->peer[0] = '\0';
	if (seen->known) {
		struct str peer = known_text(seen->known, KEY_CLIENT_ADDRESS);

		a->peer[copy(a->peer, sizeof(a->peer) - 1, peer.p, peer.n)] = '\0';
		text = known_text(seen->known, KEY_USER_AGENT_ORIGINAL);
	} else if (!server_client(seen, a->peer)) {
		a->peer[0] = '\0';
	}
	a->agent_n = copy(a->agent, sizeof(a->agent), text.p, text.n);
	if (path.n <= sizeof(a->path))
		a->path_n = copy(a->path, sizeof(a->path), path.p, path.n);
	else /* cut when secrets are out of it */
		a->path_n = (uint8_t)redact_text(oriel_redaction(), path, a->path, sizeof(a->path));
}

static void gather_text(struct gathered *g, const char *key, const char *p, size_t n)
{
	if (n)
		gather(g, oriel_strn(key, p, n));
}

static void write_record(int severity, struct gathered *g)
{
	static struct oriel_site nowhere;
	static const char event[] = "request_completed";

	if (oriel_passes(logger, severity))
		oriel_log_at(&nowhere, ORIEL_WHAT(logger, severity), event, sizeof(event) - 1,
			     gathered_all(g));
}

void access_end_any(const struct access_request *a, const struct oriel_context *context,
		    const struct access_done *done)
{
	int severity = done->status >= 500 || done->status < 100 ? ORIEL_ERR
		       : done->status >= 400			 ? ORIEL_WARN
								 : ORIEL_INFO;
	struct gathered g = { .n = 0 };
	unsigned token;

	if (access_log_ignores(ignored, done->route, (struct str){ a->path, a->path_n },
			       done->status))
		return;
	gather_text(&g, "route", done->route.p, done->route.n);
	if (done->status)
		gather(&g, oriel_int("status_code", done->status));
	if (done->request_bytes > 0)
		gather(&g, oriel_int("request_bytes", done->request_bytes));
	if (done->response_bytes >= 0)
		gather(&g, oriel_int("response_bytes", done->response_bytes));
	gather_text(&g, "client_address", a->peer, strlen(a->peer));
	gather_text(&g, "user_agent", a->agent, a->agent_n);
	if (done->version)
		gather(&g, oriel_str("http_version", done->version));
	if (done->error)
		gather(&g, oriel_str("error", done->error));
	gather(&g, oriel_f64("duration_ms", done->seconds * 1e3));
	token = oriel_context_attach(context);
	write_record(severity, &g);
	oriel_context_detach(token);
}
