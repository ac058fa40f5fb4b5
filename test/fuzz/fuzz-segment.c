/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment with anything in it: opened, drained, its metrics read, its threads reclaimed, its owner
 * gone. The input patches a segment that was whole, because few random files get past the first
 * check: offset, length, bytes, and again; an odd first byte means that the input is the file.
 */
#include "collect/assemble.h"
#include "collect/by-hand.h"
#include "collect/guard.h"
#include "collect/intake.h"
#include "collect/metrics.h"
#include "collect/reclaim.h"
#include "collect/watches.h"

#include <stdlib.h>

enum { CHUNKS = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/dev/shm/oriel-fuzz-XXXXXX";
static int dir = -1;

static void leave(void)
{
	unlinkat(dir, "f.segment", 0);
	rmdir(path);
}

static void begin(void)
{
	if (dir >= 0)
		return;
	if (guard_init() < 0 || !mkdtemp(path))
		abort();
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	atexit(leave);
	stderr = fopen("/dev/null",
		       "w"); /* refusals; the fuzzer and the sanitizers have their own way out */
}

static void patch(unsigned char *map, size_t n, const uint8_t *data, size_t size)
{
	while (size >= 5) {
		uint32_t at;
		size_t k = data[4];

		memcpy(&at, data, 4);
		data += 5;
		size -= 5;
		k = k < size ? k : size;
		at %= (uint32_t)n;
		k = k < n - at ? k : n - at;
		memcpy(map + at, data, k);
		data += k;
		size -= k;
	}
}

/* An entry with `n` bytes behind its head, zeros; its place. */
static uint32_t entry(struct hand_segment *s, uint16_t kind, const void *head, size_t head_n,
		      size_t n)
{
	unsigned char *area = (unsigned char *)s->head + s->head->series_at;
	struct series_area *a = (struct series_area *)area;
	struct series_entry *e = (struct series_entry *)(area + a->used);
	uint32_t at = a->used;

	memcpy(e, head, head_n);
	e->kind = kind;
	e->size = (uint32_t)((head_n + n + 7) & ~(size_t)7);
	a->used += e->size;
	return at;
}

/* An instrument of each kind with a series, examples, buckets in a row, and a watch. */
static void fill_series(struct hand_segment *s)
{
	unsigned char *area = (unsigned char *)s->head + s->head->series_at;
	struct buckets b = { .scale = 3, .n = BUCKETS_MOST };
	struct exemplars x = { .n = 3, .n_words = EXEMPLAR_WORDS + 2 };
	struct watch w = { .type = 8 };
	struct series_area *page = (struct series_area *)(s->chunks + 5 * CHUNK_SIZE + CHUNK_HEAD);
	uint32_t examples = entry(s, SERIES_EXEMPLARS, &x, sizeof(x), 3 * x.n_words * 8u);

	b.next_at = entry(s, SERIES_BUCKETS, &b, sizeof(b), BUCKETS_MOST * 8);
	b.scale = 20;
	b.next_at = entry(s, SERIES_BUCKETS, &b, sizeof(b), BUCKETS_MOST * 8);
	for (uint8_t kind = INSTRUMENT_COUNTER; kind <= INSTRUMENT_SUMMARY; kind++) {
		struct instrument i = {
			.kind = kind, .scope = SCOPE_OWN, .name_n = 1, .n_bounds = 2
		};
		struct series t = { .n_cells = 16, .exemplars_at = examples };
		uint64_t *cell;

		t.instrument_at = entry(s, SERIES_INSTRUMENT, &i, sizeof(i), 17);
		w.series_at = entry(s, SERIES_POINT, &t, sizeof(t), 16 * 8);
		cell = (uint64_t *)(void *)(area + w.series_at + sizeof(t));
		cell[EXPONENTIAL_FIRST] = cell[EXPONENTIAL_FIRST + 1] = b.next_at;
		entry(s, SERIES_WATCH, &w, sizeof(w), 0);
	}
	s->head->watches = 1;
	page->used = sizeof(*page);
	atomic_store(&s->state[4], CHUNK_CELLS);
	atomic_store(&s->state[5], CHUNK_SERIES);
}

static void fill(struct hand_segment *s)
{
	struct hand_record start = hand_start(1, "span", 1);

	hand_str(&start, "k", "v");
	hand_write(s, 0, hand_thread(7));
	hand_write(s, 0, start);
	hand_write(s, 0, hand_event(1, "event", 2));
	hand_write(s, 1, hand_end(1, 3));
	hand_write(s, 2, hand_log_at(hand_log(1, "log", 3), hand_name_site(s, 12, "f.c", "f"), 1));
	hand_logger(s, 1, "db");
	hand_scope(s, 0, (const char *const[]){ "acme", "2.1", "https://s" },
		   "\2\1\10\0k\4\0\0\0\0\0\0", 13);
	hand_write(s, 0, hand_start_in(2, "scoped", 2, SCOPE_OWN));
	hand_write(s, 0, hand_end(2, 3));
	fill_series(s);
	atomic_store(&s->state[1], CHUNK_FULL);
	atomic_store(&s->state[2], CHUNK_IDLE);
}

static void each(const struct record_head *h, uint32_t tid, void *you)
{
	assemble_record(you, h, tid);
}

static bool lives(pid_t pid, uint32_t tid, void *you)
{
	(void)pid;
	(void)you;
	return tid % 2;
}

static void look(struct intake *in)
{
	struct timeline t = { .rate = 1ull << 31 };
	struct resource *resource = resource_new((struct attributes){ 0 }, STR(""), 1);
	struct assembler a;
	struct intake_drained d;
	struct batch *b = NULL;

	if (assembler_init(&a, &t, INSTANT_TSC, NULL) < 0)
		abort();
	assembler_set_resource(&a, resource);
	a.names.in = in;
	for (int i = 0; i < 4; i++) {
		while (intake_drain(in, each, &a, &d) == INTAKE_MORE)
			;
		assemble_round(&a);
		reclaim_dead(in, lives, NULL);
	}
	watches_read(in, getpid(), 1);
	metrics_snapshot(&b, in, resource, 1);
	batch_free(b);
	assemble_gone(&a, STR("gone"), 1);
	batch_free(assembler_take(&a));
	assembler_fini(&a);
	resource_free(resource);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct segment_header h;
	struct hand_segment s;
	struct intake *in;

	begin();
	hand_layout(&h, CHUNKS);
	s = hand_segment(dir, "f.segment", &h);
	if (!s.head)
		abort();
	fill(&s);
	hand_publish(&s);
	if (size && data[0] % 2)
		memcpy(s.head, data + 1, size - 1 < h.size ? size - 1 : h.size);
	else if (size)
		patch((unsigned char *)s.head, h.size, data + 1, size - 1);
	munmap(s.head, h.size);
	close(s.fd);
	if (!intake_open(&in, dir, "f.segment")) {
		look(in);
		intake_close(in);
	}
	unlinkat(dir, "f.segment", 0);
	return 0;
}
