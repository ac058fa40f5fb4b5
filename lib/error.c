/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error: a log record that knows the stack it was made on. Return addresses go as one attribute; the
 * objects that they lie in are noted in the segment, so that the collector can name them, also when
 * this process is gone by then.
 */
#include "lib/encode.h"
#include "lib/fault.h"
#include "lib/known.h"
#include "lib/modules.h"
#include "lib/process.h"

enum { STACK_MOST = 48, OWN = 3, ALL = 32 };

/* From the caller of who calls this on; a frame of ours more or less is the collector's to see. */
static size_t stack_walk(struct unwind_registers *r, int64_t *to)
{
	struct crash_block *b = modules_block();
	uint64_t address[STACK_MOST + 1];
	size_t n = unwind_walk(&modules_space, r, address, STACK_MOST + 1, fault_is_installed());

	for (size_t i = 1; i < n; i++) {
		to[i - 1] = (int64_t)address[i];
		if (b)
			modules_note(b, address[i] - 1);
	}
	return n ? n - 1 : 0;
}

static size_t gather(struct oriel_attribute *all, size_t n, struct oriel_attributes more)
{
	for (size_t i = 0; i < more.n; i++)
		if (n < ALL)
			all[n++] = more.item[i];
		else
			process_lose(LOSS_attributes_no_room, 1);
	return n;
}

void oriel_error_at(struct oriel_site *site, uint64_t what, const char *type, const char *message,
		    struct oriel_attributes attributes)
{
	struct oriel_attribute all[ALL];
	struct unwind_registers r;
	int64_t stack[STACK_MOST];
	const char *said = message ? message : type ? type : "error";

	if (!oriel_recording())
		return;
	unwind_here(&r);
	all[0] = known_str(KEY_EXCEPTION_TYPE, type ? type : "error");
	all[1] = known_str(KEY_EXCEPTION_MESSAGE, message);
	all[2] = oriel_ints("oriel.stack", stack, stack_walk(&r, stack));
	oriel_log_at(site, what, said, strlen(said),
		     (struct oriel_attributes){ all, gather(all, OWN, attributes) });
}

/* ---- the answer to a request that failed ------------------------------------------------------ */

static const char *path_only(const char *path, size_t *n)
{
	*n = path ? strcspn(path, "?#") : 0;
	return path;
}

void oriel_failure_at(struct oriel_site *site, uint64_t what, const struct oriel_failure *f)
{
	struct oriel_attribute all[6];
	struct unwind_registers r;
	int64_t stack[STACK_MOST];
	size_t path_n, n = 0;
	const char *path, *type;

	if (!oriel_recording() || !f || f->size < sizeof(*f))
		return;
	unwind_here(&r);
	path = path_only(f->path, &path_n);
	type = f->type ? f->type : "error";
	all[n++] = known_str(KEY_EXCEPTION_TYPE, type);
	all[n++] = known_str(KEY_EXCEPTION_MESSAGE, f->message);
	all[n++] = oriel_str("method", f->method);
	all[n++] = oriel_strn("path", path, path_n);
	all[n++] = oriel_ints("oriel.stack", stack, stack_walk(&r, stack));
	oriel_log_at(site, what, "unhandled_exception", strlen("unhandled_exception"),
		     (struct oriel_attributes){ all, n });
}

/* A request id has letters, digits, _ and - only, so there is nothing to be escaped. */
size_t oriel_failure_body(enum oriel_answer form, char out[ORIEL_FAILURE_ROOM])
{
	static const char *const begin[] = {
		"{\"error\":\"internal_server_error\"",
		"{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500",
	};
	char id[ORIEL_REQUEST_ID_ROOM];
	const char *text = begin[form == ORIEL_PROBLEM];
	size_t n = strlen(text);

	memcpy(out, text, n);
	if (oriel_request_id(id)) {
		memcpy(out + n, ",\"request_id\":\"", 15);
		n += 15;
		memcpy(out + n, id, strlen(id));
		n += strlen(id);
		out[n++] = '"';
	}
	out[n++] = '}';
	out[n] = '\0';
	return n;
}

const char *oriel_failure_type(enum oriel_answer form)
{
	return form == ORIEL_PROBLEM ? "application/problem+json" : "application/json";
}
