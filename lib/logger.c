/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/logger.h"

#include "base/severity.h"
#include "lib/names.h"
#include "lib/process.h"

enum { NAME_ROOM = 48, PASSING_UNSET = 0xff };

_Static_assert((int)CONTROL_LOGGERS == (int)ORIEL_LOGGERS &&
		       (int)CONTROL_SEVERITY_MOST == (int)ORIEL_SEVERITY_MOST,
	       "what the header's inline check reads");

/* [0] is the program's own logger. Written with the door shut; `n` with release, then whole. */
static struct logger {
	char name[NAME_ROOM];
	uint8_t passing; /* as the program wants it; PASSING_UNSET */
} logger[CONTROL_LOGGERS] = { [0] = { .passing = PASSING_UNSET } };
static _Atomic uint32_t n_loggers = 1;
static uint32_t filled; /* the generation whose control block is */

static struct control *control(void)
{
	return (struct control *)((char *)process.segment + process.segment->control_at);
}

static uint8_t passing_of(int severity)
{
	return (uint8_t)(severity > SEVERITY_MOST ? 0
			 : severity < 1		  ? SEVERITY_MOST
						  : SEVERITY_OFF - severity);
}

/* What ORIEL_LOG_LEVELS says of a name; PASSING_UNSET: nothing that makes sense. */
static uint8_t configured(struct str name)
{
	struct str rest = str_of(process.config.log_levels);
	uint8_t found = PASSING_UNSET;

	while (rest.n) {
		struct cut item = str_cut(rest, ','), pair = str_cut(item.head, '=');
		int severity = severity_of(str_trim(pair.tail));

		if (pair.found && severity && str_eq(str_trim(pair.head), name))
			found = passing_of(severity);
		rest = item.tail;
	}
	return found;
}

/* From the strongest: the program, the configuration, the program's own logger. */
static uint8_t first_passing(uint32_t i)
{
	const struct logger *l = &logger[i];
	uint8_t found = l->passing != PASSING_UNSET ? l->passing : configured(str_of(l->name));

	if (found != PASSING_UNSET)
		return found;
	return i ? atomic_load_explicit(&control()->passing[0], memory_order_relaxed)
		 : passing_of(process.config.severity);
}

static void fill(uint32_t i, const struct logger_levels *kept)
{
	struct control *c = control();
	uint16_t name = i ? names_text(str_of(logger[i].name)) : 0;
	uint8_t passing = kept && kept->there ? kept->passing[i] : first_passing(i);

	atomic_store_explicit(&c->logger[i], name, memory_order_relaxed);
	atomic_store_explicit(&c->passing[i], passing, memory_order_relaxed);
}

void logger_open(const struct logger_levels *kept)
{
	uint32_t n = atomic_load_explicit(&n_loggers, memory_order_relaxed);
	uint32_t generation = atomic_load_explicit(&process.generation, memory_order_relaxed);
	int64_t *levels = process_levels();

	for (uint32_t i = 0; filled != generation && i < n; i++)
		fill(i, kept);
	filled = generation;
	__atomic_store_n(levels, (const char *)control()->passing - (const char *)levels,
			 __ATOMIC_RELAXED);
	__atomic_store_n(&oriel_gate.levels, levels, __ATOMIC_RELEASE);
}

void logger_close(void)
{
	__atomic_store_n(process_levels(), 0, __ATOMIC_RELAXED);
}

void logger_keep(struct logger_levels *out)
{
	out->there = process_is_ours();
	for (uint32_t i = 0; out->there && i < CONTROL_LOGGERS; i++)
		out->passing[i] =
			atomic_load_explicit(&control()->passing[i], memory_order_relaxed);
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
		process_lose(LOSS_names_no_room, oriel_gate.recording);
		return 0;
	}
	memcpy(logger[i].name, name.p, name.n);
	logger[i].passing = PASSING_UNSET;
	if (filled && process_is_ours())
		fill(i, NULL);
	atomic_store_explicit(&n_loggers, i + 1, memory_order_release);
	return i;
}

struct oriel_logger *oriel_logger(const char *name)
{
	struct str wanted = str_first(str_of(name), NAME_ROOM - 1);
	uint32_t i = logger_find(wanted);

	if (!i && wanted.n) {
		process_door_shut();
		i = logger_find(wanted);
		if (!i)
			i = logger_make(wanted);
		process_door_open();
	}
	return (struct oriel_logger *)(uintptr_t)i;
}

void oriel_logger_level(struct oriel_logger *l, int severity)
{
	uint32_t i = (uint32_t)((uintptr_t)l % ORIEL_LOGGERS);

	process_door_shut();
	logger[i].passing = passing_of(severity);
	if (filled && process_is_ours())
		atomic_store_explicit(&control()->passing[i], logger[i].passing,
				      memory_order_relaxed);
	process_door_open();
}
