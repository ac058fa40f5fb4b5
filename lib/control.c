/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/control.h"

#include "lib/logger.h"
#include "lib/scope.h"

#include <string.h>

static uint32_t filled; /* the generation whose control block is */

static uint64_t word(const _Atomic uint64_t *p)
{
	return atomic_load_explicit(p, memory_order_relaxed);
}

static void put(_Atomic uint64_t *p, uint64_t v)
{
	atomic_store_explicit(p, v, memory_order_relaxed);
}

static void strategy_keep(struct control_kept *out, const struct control_strategy *s)
{
	uint32_t n = atomic_load_explicit(&s->n, memory_order_relaxed);

	out->strategy.limit_ns = word(&s->limit_ns);
	out->strategy.lower_ns = word(&s->lower_ns);
	out->strategy.n = n < CONTROL_OPERATIONS ? n : CONTROL_OPERATIONS;
	for (uint32_t i = 0; i < out->strategy.n; i++) {
		out->strategy.operation[i].name = word(&s->operation[i].name);
		out->strategy.operation[i].threshold = word(&s->operation[i].threshold);
	}
}

static void strategy_fill(struct control_strategy *s, const struct control_kept *kept)
{
	put(&s->limit_ns, kept->strategy.limit_ns);
	put(&s->lower_ns, kept->strategy.lower_ns);
	for (uint32_t i = 0; i < kept->strategy.n; i++) {
		put(&s->operation[i].name, kept->strategy.operation[i].name);
		put(&s->operation[i].threshold, kept->strategy.operation[i].threshold);
	}
	atomic_store_explicit(&s->n, kept->strategy.n, memory_order_relaxed);
}

void control_keep(struct control_kept *out)
{
	const struct control *c = process.control;

	out->there = process_is_ours();
	if (!out->there)
		return;
	for (uint32_t i = 0; i < CONTROL_LOGGERS; i++)
		out->passing[i] = atomic_load_explicit(&c->passing[i], memory_order_relaxed);
	out->sampler = control_sampler();
	out->threshold = control_threshold();
	strategy_keep(out, &c->strategy);
	out->excluded_seq = control_excluded(0, out->excluded, &(size_t){ 0 });
	if (out->excluded_seq)
		out->excluded_n = c->excluded_n;
}

/* Acquire: the number first, then the text, then the number again. */
uint32_t control_excluded(uint32_t known, char *out, size_t *n)
{
	const struct control *c = process.control;
	uint32_t seq = atomic_load_explicit(&c->excluded_seq, memory_order_acquire);
	uint32_t bytes;

	if (seq == known || seq % 2)
		return 0;
	bytes = c->excluded_n;
	if (bytes > CONTROL_EXCLUDED)
		return 0;
	memcpy(out, c->excluded, bytes);
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&c->excluded_seq, memory_order_relaxed) != seq)
		return 0;
	*n = bytes;
	return seq;
}

static void fill(const struct control_kept *kept)
{
	struct control *c = process.control;
	bool has = kept && kept->there;

	logger_fill_all(has ? kept->passing : NULL);
	scope_fill_all();
	atomic_store_explicit(&c->own_sampler, process.config.sampler, memory_order_relaxed);
	atomic_store_explicit(&c->own_threshold, process.config.threshold, memory_order_relaxed);
	atomic_store_explicit(&c->threshold, has ? kept->threshold : process.config.threshold,
			      memory_order_relaxed);
	atomic_store_explicit(&c->sampler, has ? kept->sampler : process.config.sampler,
			      memory_order_relaxed);
	if (has)
		strategy_fill(&c->strategy, kept);
	if (!has || !kept->excluded_seq)
		return;
	memcpy(c->excluded, kept->excluded, kept->excluded_n);
	c->excluded_n = kept->excluded_n;
	atomic_store_explicit(&c->excluded_seq, kept->excluded_seq, memory_order_release);
}

void control_open(const struct control_kept *kept)
{
	uint32_t generation = atomic_load_explicit(&process.generation, memory_order_relaxed);
	int64_t *levels = process_levels();

	if (filled != generation)
		fill(kept);
	filled = generation;
	__atomic_store_n(levels, (const char *)process.control->passing - (const char *)levels,
			 __ATOMIC_RELAXED);
	__atomic_store_n(&oriel_gate.levels, levels, __ATOMIC_RELEASE);
}

void control_close(void)
{
	__atomic_store_n(process_levels(), 0, __ATOMIC_RELAXED);
}
