/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a span of five attributes costs the collector from shared memory to a finished batch: a
 * segment of the usual size is filled with START and END, drained, assembled, freed; again and
 * again. Prints the median of some rounds. Filling is not timed.
 */
#include "bench/median.h"
#include "collect/assemble.h"
#include "collect/by-hand.h"
#include "collect/guard.h"
#include "collect/intake.h"

#include <malloc.h>
#include <stdlib.h>

enum { CHUNKS = 60, ROUNDS = 200 };

static void each(const struct record_head *h, uint32_t tid, void *you)
{
	assemble_record(you, h, tid);
}

static size_t fill(struct hand_segment *s, uint64_t *id)
{
	size_t n = 0;

	for (uint32_t i = 0; i < CHUNKS; i++) {
		hand_write(s, i, hand_thread(4711));
		while (hand_chunk(s, i)->write + 512 < CHUNK_SIZE) {
			uint64_t span = ++*id * 0x9e3779b97f4a7c15u;
			struct hand_record r = hand_start(span, "GET /orders/{id}", 1000 + *id);

			hand_str(&r, "http.request.method", "GET");
			hand_str(&r, "url.path", "/orders/4711");
			hand_int(&r, "http.response.status_code", 200);
			hand_f64(&r, "amount", 12.5);
			hand_bool(&r, "cached", true);
			hand_write(s, i, r);
			hand_write(s, i, hand_end(span, 2000 + *id));
			n++;
		}
		atomic_store(&s->state[i], CHUNK_FULL);
	}
	return n;
}

static int measure(struct intake *in, struct hand_segment *s, struct assembler *a)
{
	static double ns[ROUNDS];
	double took;
	uint64_t id = 0;

	for (int i = 0; i < ROUNDS; i++) {
		size_t n = fill(s, &id);
		uint64_t from = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		struct intake_drained d;

		if (intake_drain(in, each, a, &d) != 0)
			return 1;
		assemble_round(a);
		batch_free(assembler_take(a));
		ns[i] = (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - from) / (double)n;
	}
	took = median(ns, ROUNDS);
	printf("drain-assemble: %.0f ns/span, %.2f million spans/s (median of %d rounds, 5 attributes)\n",
	       took, 1000 / took, ROUNDS);
	return 0;
}

int main(void)
{
	char path[] = "/dev/shm/oriel-bench-XXXXXX";
	struct resource *resource = resource_new((struct attributes){ 0 }, STR(""), 1);
	struct timeline timeline;
	struct assembler a;
	struct segment_header h;
	struct intake *in = NULL;
	int r = 1;

	/* As the collector keeps its heap (collect/collector.c). */
	mallopt(M_MMAP_THRESHOLD, 8 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
	hand_layout(&h, CHUNKS);
	if (guard_init() < 0 || !mkdtemp(path))
		return 1;

	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct hand_segment s = hand_segment(dir, "bench.segment", &h);

	timeline_start(&timeline);
	if (s.head && !assembler_init(&a, &timeline, INSTANT_TSC, NULL)) {
		assembler_set_resource(&a, resource);
		hand_publish(&s);
		if (!intake_open(&in, dir, "bench.segment"))
			r = measure(in, &s, &a);
		intake_close(in);
		assembler_fini(&a);
	}
	resource_free(resource);
	unlinkat(dir, "bench.segment", 0);
	close(dir);
	rmdir(path);
	return r;
}
