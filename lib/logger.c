/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/logger.h"

#include "base/severity.h"
#include "lib/names.h"
#include "lib/process.h"

enum { NAME_ROOM = 48 };

_Static_assert((int)CONTROL_LOGGERS == (int)ORIEL_LOGGERS &&
		       (int)CONTROL_SEVERITY_MOST == (int)ORIEL_SEVERITY_MOST,
	       "what the header's inline check reads");

/* [0] is the program's own logger. Written with the door shut; `n` with release, then whole. */
static struct logger {
	char name[NAME_ROOM];
	uint8_t own; /* as the program wants it; CONTROL_FOLLOWS: it didn't say */
} logger[CONTROL_LOGGERS] = { [0] = { .own = CONTROL_FOLLOWS } };
static _Atomic uint32_t n_loggers = 1;

static uint8_t passing_of(int severity)
{
	return (uint8_t)(severity > SEVERITY_MOST ? 0
			 : severity < 1		  ? SEVERITY_MOST
						  : SEVERITY_OFF - severity);
}

/* What ORIEL_LOG_LEVELS says of a name; CONTROL_FOLLOWS: nothing that makes sense. */
static uint8_t configured(struct str name)
{
	struct str rest = str_of(process.config.log_levels), item;
	uint8_t found = CONTROL_FOLLOWS;

	while (str_next(&rest, ',', &item)) {
		struct cut pair = str_cut(item, '=');
		int severity = severity_of(str_trim(pair.tail));

		if (pair.found && severity && str_eq(str_trim(pair.head), name))
			found = passing_of(severity);
	}
	return found;
}

/* From the strongest: the program, the configuration. */
static uint8_t own_of(uint32_t i)
{
	if (logger[i].own != CONTROL_FOLLOWS)
		return logger[i].own;
	return i ? configured(str_of(logger[i].name)) : passing_of(process.config.severity);
}

static uint8_t passing_now(uint32_t i)
{
	return atomic_load_explicit(&process.control->passing[i], memory_order_relaxed);
}

static void pass(uint32_t i, uint8_t own)
{
	struct control *c = process.control;

	atomic_store_explicit(&c->own[i], own, memory_order_relaxed);
	atomic_store_explicit(&c->passing[i], own != CONTROL_FOLLOWS ? own : passing_now(0),
			      memory_order_relaxed);
}

static void fill(uint32_t i)
{
	uint16_t name = i ? names_text(str_of(logger[i].name)) : 0;

	atomic_store_explicit(&process.control->logger[i], name, memory_order_relaxed);
	pass(i, own_of(i));
}

void logger_fill_all(const uint8_t *passing)
{
	uint32_t n = atomic_load_explicit(&n_loggers, memory_order_relaxed);

	for (uint32_t i = 0; i < n; i++) {
		fill(i);
		if (passing)
			atomic_store_explicit(&process.control->passing[i], passing[i],
					      memory_order_relaxed);
	}
}

struct str logger_name(unsigned i)
{
	return str_of(logger[i % CONTROL_LOGGERS].name);
}

/* Acquire: pairs with logger_make's release of the count. */
static uint32_t logger_find(struct str name)
{
	uint32_t n = atomic_load_explicit(&n_loggers, memory_order_acquire);

	for (uint32_t i = 1; i < n; i++)
		if (str_eq(str_of(logger[i].name), name))
			return i;
	return 0;
}

static uint32_t logger_make(struct str name)
{
	uint32_t i = atomic_load_explicit(&n_loggers, memory_order_relaxed);

	if (i == CONTROL_LOGGERS) {
		process_lose(LOSS_names_no_room, oriel_recording());
		return 0;
	}
	memcpy(logger[i].name, name.p, name.n);
	logger[i].own = CONTROL_FOLLOWS;
	if (process_is_ours())
		fill(i);
	atomic_store_explicit(&n_loggers, i + 1, memory_order_release);
	return i;
}

struct oriel_logger *oriel_logger(const char *name)
{
	struct str wanted = str_first(str_of(name), NAME_ROOM - 1);
	uint32_t i = logger_find(wanted);

	if (!i && wanted.n) {
		door_shut(&process.door);
		i = logger_find(wanted);
		if (!i)
			i = logger_make(wanted);
		door_open(&process.door);
	}
	return (struct oriel_logger *)(uintptr_t)i;
}

void oriel_logger_level(struct oriel_logger *l, int severity)
{
	uint32_t i = (uint32_t)((uintptr_t)l % ORIEL_LOGGERS);

	door_shut(&process.door);
	logger[i].own = passing_of(severity);
	if (process_is_ours()) {
		pass(i, logger[i].own);
		for (uint32_t k = 1; !i && k < atomic_load(&n_loggers); k++)
			pass(k, own_of(k));
	}
	door_open(&process.door);
}
