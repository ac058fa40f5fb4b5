/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instrument: made once, found by its name and kind, kept for the life of the process. Its overflow
 * series (otel.metric.overflow=true; Metrics SDK, "Overflow attribute") is made with it, so that it
 * can't fail later.
 */
#include "lib/encode.h"
#include "lib/metric.h"
#include "lib/observe.h"

#include <errno.h>
#include <sched.h>

enum { HANDLES = 256, KEPT = 512 * 1024, BOUNDS_MOST = 64 };
enum { NAME_MOST = 255, UNIT_MOST = 63, DESCRIPTION_MOST = 3 * 1023 };

struct instruments {
	struct handle handle[HANDLES];
	_Atomic uint32_t n_handles;
	uint32_t kept_used;
	_Alignas(8) char kept[KEPT];
};

static struct instruments *_Atomic known_memory;
#define memory atomic_load_explicit(&known_memory, memory_order_acquire)
static _Atomic uint32_t registering; /* a try-lock: see register_begin */

size_t instrument_memory_size(void)
{
	return (sizeof(struct instruments) + 63) & ~(size_t)63;
}

void instrument_use(void *zeroed)
{
	atomic_store_explicit(&known_memory, zeroed, memory_order_release);
}

void instrument_forked(void)
{
	atomic_store_explicit(&registering, 0, memory_order_relaxed);
}

void *metric_keep_room(size_t n)
{
	struct instruments *m = memory;
	uint32_t room = (uint32_t)((n + 7) & ~(size_t)7), at = m->kept_used;

	if (n > KEPT || room > KEPT - at)
		return NULL;
	m->kept_used += room;
	return m->kept + at;
}

void *metric_keep(const void *bytes, size_t n)
{
	void *p = metric_keep_room(n);

	if (p && n)
		memcpy(p, bytes, n);
	return p;
}

static struct str text_keep(struct str text, size_t most)
{
	size_t n = text.n ? encode_cut(text.p, text.n, most) : 0;
	char *p = metric_keep(text.p, n);

	return p ? (struct str){ p, n } : STR("");
}

static uint32_t overflow_make(const struct handle *h)
{
	unsigned char bytes[64 + 8]; /* encode_put may write a little further */
	struct oriel_attribute a = oriel_bool("otel.metric.overflow", true);
	struct encode e = encode_fit((struct oriel_attributes){ &a, 1 }, 64);

	encode_put(bytes, &e);
	return series_make(h, bytes, e.bytes);
}

static bool handle_place(struct handle *h, uint32_t generation)
{
	size_t texts = h->name.n + h->unit.n + h->description.n;
	uint32_t at = area_take(sizeof(struct instrument) + h->n_bounds * 8u + texts);
	struct instrument *i;
	unsigned char *p;

	if (!at)
		return false;
	i = (struct instrument *)(series_area() + at);
	i->kind = h->kind;
	i->is_double = h->is_double;
	i->scope = h->scope;
	i->name_n = (uint16_t)h->name.n;
	i->unit_n = (uint16_t)h->unit.n;
	i->description_n = (uint16_t)h->description.n;
	i->n_bounds = h->n_bounds;
	p = (unsigned char *)(i + 1);
	if (h->n_bounds)
		memcpy(p, h->bounds, h->n_bounds * 8u);
	p = encode_copy(p + h->n_bounds * 8u, h->name.p, h->name.n);
	p = encode_copy(p, h->unit.p, h->unit.n);
	encode_copy(p, h->description.p, h->description.n);
	area_publish(at, SERIES_INSTRUMENT);
	h->at = at;
	atomic_store_explicit(&h->n_series, 0, memory_order_relaxed);
	h->overflow_at = overflow_make(h);
	atomic_store_explicit(&h->generation, generation, memory_order_release);
	return h->overflow_at != 0;
}

/*
 * Registration is rare and short, so whoever finds another at it tries a while and then gives up: the
 * other one may be the very thread that this handler interrupted.
 */
bool register_begin(void)
{
	for (int i = 0; i < 10000; i++)
		if (!atomic_exchange_explicit(&registering, 1, memory_order_acquire))
			return true;
	return false;
}

void register_end(void)
{
	atomic_store_explicit(&registering, 0, memory_order_release);
}

bool handle_ready(struct handle *h)
{
	uint32_t generation = atomic_load_explicit(&process.generation, memory_order_relaxed);
	bool ready;

	if (atomic_load_explicit(&h->generation, memory_order_acquire) == generation)
		return h->overflow_at != 0;
	if (!register_begin())
		return false;
	ready = atomic_load_explicit(&h->generation, memory_order_relaxed) == generation ||
		handle_place(h, generation);
	register_end();
	return ready;
}

/*
 * "Duplicate instrument registration": names in other letters are the same one, another unit isn't. Who
 * says no unit means the one that is there.
 */
static bool is_asked_for(const struct handle *h, const struct handle *asked)
{
	return h->asked_kind == asked->kind && h->asked_double == asked->is_double &&
	       h->observed == asked->observed && h->scope == asked->scope &&
	       str_eq_nocase(h->asked_name, asked->name) &&
	       (!asked->unit.n || str_eq(h->unit, str_first(asked->unit, UNIT_MOST)));
}

static struct handle *handle_find(const struct handle *asked)
{
	uint32_t n = atomic_load_explicit(&memory->n_handles, memory_order_acquire);

	for (uint32_t i = 0; i < n; i++) {
		struct handle *h = &memory->handle[i];

		if (is_asked_for(h, asked))
			return h;
	}
	return NULL;
}

static const double *bounds_keep(const double *bounds, size_t n)
{
	double padded[BOUNDS_MOST];

	for (size_t i = 0; i < BOUNDS_MOST; i++)
		padded[i] = i < n ? bounds[i] : __builtin_inf();
	return metric_keep(padded, (n + BOUNDS_STEP - 1) / BOUNDS_STEP * BOUNDS_STEP * 8u);
}

/* Under register_begin. `like` is what it is to be. */
static struct handle *handle_add(const struct handle *like)
{
	uint32_t n = atomic_load_explicit(&memory->n_handles, memory_order_relaxed);
	struct handle *h;

	if (n == HANDLES)
		return NULL;
	h = &memory->handle[n];
	*h = *like;
	h->overflow = (struct bound){ .kind = h->kind,
				      .is_double = h->is_double,
				      .handle = h,
				      .to = like->overflow.to,
				      .quick_int = QUICK_NEVER,
				      .quick_f64 = QUICK_NEVER,
				      .quick_histogram = QUICK_NEVER };
	h->name = text_keep(like->name, NAME_MOST);
	h->asked_name = str_eq(like->name, like->asked_name)
				? h->name
				: text_keep(like->asked_name, NAME_MOST);
	h->unit = text_keep(like->unit, UNIT_MOST);
	h->description = text_keep(like->description, DESCRIPTION_MOST);
	h->bounds = like->n_bounds ? bounds_keep(like->bounds, like->n_bounds) : NULL;
	if (!h->name.n || (like->n_bounds && !h->bounds))
		return NULL;
	atomic_store_explicit(&memory->n_handles, n + 1, memory_order_release);
	return h;
}

/* What the views make of it, in their order; of those with one name the first. */
struct made {
	struct handle *handle[VIEWS_AT_ONCE];
	size_t n;
	bool selected;
};

static bool is_made(const struct made *m, struct str name)
{
	for (size_t i = 0; i < m->n; i++)
		if (str_eq_nocase(m->handle[i]->name, name))
			return true;
	return false;
}

static void make_views(struct made *m, const struct handle *asked)
{
	double room[VIEW_NUMBERS_MOST];
	struct str rest = views_all();
	struct view view;

	while (m->n < VIEWS_AT_ONCE && views_next(&rest, &view, asked)) {
		struct handle like = *asked, *h = NULL;

		m->selected = true;
		if (views_apply(&like, asked, &view, room) && !is_made(m, like.name))
			h = handle_add(&like);
		if (h)
			m->handle[m->n++] = h;
	}
}

static struct bound *const *overflows_keep(const struct made *m)
{
	struct bound *to[VIEWS_AT_ONCE];

	for (size_t i = 0; i < m->n; i++)
		to[i] = &m->handle[i]->overflow;
	return metric_keep(to, m->n * sizeof(to[0]));
}

/* Those it stands for are found by no name. */
static struct handle *handle_of_each(const struct handle *asked, const struct made *m)
{
	struct handle like = *asked;

	for (size_t i = 0; i < m->n; i++)
		m->handle[i]->asked_name = STR("");
	like.to = metric_keep(m->handle, m->n * sizeof(m->handle[0]));
	like.overflow.to = overflows_keep(m);
	like.n_to = (uint8_t)m->n;
	like.n_bounds = 0;
	return like.to && like.overflow.to ? handle_add(&like) : NULL;
}

static struct handle *handle_new(const struct handle *given)
{
	struct handle asked = *given;
	struct made m = { .n = 0 };

	asked.asked_name = given->name;
	asked.asked_kind = given->kind;
	asked.asked_double = given->is_double;
	asked.limit = process.config.series_most;
	make_views(&m, &asked);
	if (m.n > 1)
		return handle_of_each(&asked, &m);
	if (m.selected)
		return m.n ? m.handle[0] : NULL;
	views_default(&asked);
	return handle_add(&asked);
}

/* Instruments aren't made in handlers, so another thread is at it, and may need its turn. */
static void *handle_get(const struct handle *asked)
{
	struct handle *h;

	if (!memory || !process.segment || !asked->name.n)
		return NULL;
	for (int i = 0; i < 1000; i++) {
		if (!register_begin()) {
			sched_yield();
			continue;
		}
		h = handle_find(asked);
		if (!h)
			h = handle_new(asked);
		register_end();
		return h;
	}
	return NULL;
}

static struct handle handle_of(const struct oriel_instrument_of *of)
{
	return (struct handle){ .kind = (uint8_t)of->what,
				.is_double = of->what & ORIEL_F64_OF,
				.scope = (uint8_t)(uintptr_t)of->scope,
				.name = str_of(of->name),
				.unit = str_of(of->unit),
				.description = str_of(of->description) };
}

struct handle *instrument_observed(const struct oriel_instrument_of *of)
{
	struct handle asked = handle_of(of);

	asked.observed = true;
	return handle_get(&asked);
}

/* Semantic conventions for HTTP metrics, advice on http.server.request.duration. */
static const double seconds[] = { 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
				  0.5,	 0.75, 1,     2.5,  5,	   7.5, 10 };

/* Metrics SDK, "Explicit Bucket Histogram Aggregation". */
static const double others[] = { 0,   5,   10,	 25,   50,   75,   100,	 250,
				 500, 750, 1000, 2500, 5000, 7500, 10000 };

static const double quantiles[] = { 0.5, 0.9, 0.95, 0.99 };

#define USUAL(list) (*n = sizeof(list) / sizeof((list)[0]), (list))
#define USUAL_IN(list) (list), sizeof(list) / sizeof((list)[0])

const double *bounds_usual(enum instrument_kind kind, struct str unit, uint16_t *n)
{
	if (kind == INSTRUMENT_SUMMARY)
		return USUAL(quantiles);
	return str_eq(unit, STR("s")) ? USUAL(seconds) : USUAL(others);
}

_Static_assert((int)ORIEL_COUNTER == (int)INSTRUMENT_COUNTER &&
		       (int)ORIEL_SUMMARY == (int)INSTRUMENT_SUMMARY,
	       "kinds are the same numbers");

static bool are_bounds(const double *number, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (!(number[i - 1] < number[i]))
			return false;
	return true;
}

static bool are_quantiles(const double *number, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!(number[i] >= 0 && number[i] <= 1))
			return false;
	return are_bounds(number, n);
}

static struct oriel_histogram *histogram_get(struct handle *asked, const double *number, size_t n)
{
	if (n > BOUNDS_MOST || (n && !number))
		return NULL;
	asked->is_double = true;
	asked->bounds = number;
	asked->n_bounds = (uint16_t)n;
	return handle_get(asked);
}

void *oriel_make_instrument(const struct oriel_instrument_of *of, const double *number, size_t n)
{
	struct handle asked = handle_of(of);

	switch (of->what) {
	case ORIEL_HISTOGRAM:
		if (!n)
			return histogram_get(&asked, USUAL_IN(seconds));
		return are_bounds(number, number ? n : 0) ? histogram_get(&asked, number, n) : NULL;
	case ORIEL_EXPONENTIAL:
		return histogram_get(&asked, NULL, 0);
	case ORIEL_SUMMARY:
		if (!n)
			return histogram_get(&asked, USUAL_IN(quantiles));
		return are_quantiles(number, number ? n : 0) ? histogram_get(&asked, number, n)
							     : NULL;
	default:
		return is_number(of->what) ? handle_get(&asked) : NULL;
	}
}

struct oriel_histogram *oriel_histogram(const char *name, const char *unit, const char *description,
					const double *bounds, size_t n)
{
	return oriel_histogram_in(NULL, name, unit, description, bounds, n);
}

struct oriel_histogram *oriel_histogram_exponential(const char *name, const char *unit,
						    const char *description)
{
	return oriel_histogram_exponential_in(NULL, name, unit, description);
}

struct oriel_histogram *oriel_summary(const char *name, const char *unit, const char *description,
				      const double *asked, size_t n)
{
	return oriel_summary_in(NULL, name, unit, description, asked, n);
}

#define MAKER(maker) \
	struct maker *maker(const char *name, const char *unit, const char *description) \
	{ \
		return maker##_in(NULL, name, unit, description); \
	}

MAKER(oriel_counter)
MAKER(oriel_counter_f64)
MAKER(oriel_up_down)
MAKER(oriel_up_down_f64)
MAKER(oriel_gauge)
MAKER(oriel_gauge_f64)
