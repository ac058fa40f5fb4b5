/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/mortem.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/out.h"
#include "collect/backtrace.h"
#include "collect/fault-name.h"
#include "model/copy.h"
#include "model/stats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

enum {
	SEVERITY_FATAL = 21,
	TICK_NS = 20 * 1000 * 1000,
	ATTRIBUTES = 24,
	TEXT_MOST = 1024,
	OWN_EXIT_S = 10, /* that the program's own handler may take to exit */
	BUILD_ID_MOST = 64,
};

int mortem_of(struct mortem **out, struct intake *in)
{
	struct mortem *m = calloc(1, sizeof(*m));
	int r;

	*out = NULL;
	if (!m)
		return ERR(-ENOMEM);
	r = wreck_read(&m->wreck, in);
	if (r < 0 || !m->wreck.block.signal) {
		mortem_free(m);
		return r == -EFAULT ? 0 : TRACE(r);
	}
	*out = m;
	return 0;
}

struct mortem *mortem_free(struct mortem *m)
{
	if (!m)
		return NULL;
	wreck_fini(&m->wreck);
	arena_fini(&m->arena);
	free(m);
	return NULL;
}

/* Its own handler may have told what happened, and then ended the process in its own way. */
static bool exited_from_handler(const struct mortem *m, uint64_t gone_real_ns)
{
	const struct crash_block *b = &m->wreck.block;

	if (b->fate != CRASH_HANDLED)
		return false;
	return !gone_real_ns || b->real_ns > gone_real_ns ||
	       gone_real_ns - b->real_ns < OWN_EXIT_S * 1000000000ull;
}

bool mortem_explains(const struct mortem *m, int wait_status, uint64_t gone_real_ns)
{
	const struct crash_block *b = &m->wreck.block;
	uint32_t by;

	if (wait_status < 0)
		return b->fate == CRASH_DEFAULT || exited_from_handler(m, gone_real_ns);
	if (WIFEXITED(wait_status))
		return WEXITSTATUS(wait_status) != 0 && exited_from_handler(m, gone_real_ns);
	by = (uint32_t)WTERMSIG(wait_status);
	return by == b->signal || (b->then_signal && by == b->then_signal);
}

uint64_t mortem_time(const struct mortem *m, uint64_t newest_ns)
{
	uint64_t then = m->wreck.block.real_ns;

	return newest_ns >= then && newest_ns - then < TICK_NS ? newest_ns + 1 : then;
}

/* ---- words ------------------------------------------------------------------------------------ */

static struct str keep(struct mortem *m, struct out *o)
{
	struct str s = o->error ? (struct str){ 0 } : arena_copy(&m->arena, out_all(o));

	out_fini(o);
	return s;
}

/* What the processor says is a bad address, close below the stack's end: it has grown too far. */
static bool is_stack_overflow(const struct crash_block *b)
{
	uint64_t sp = b->reg[b->machine == CRASH_X86_64 ? 7 : 31];

	return b->signal == SIGSEGV && b->code > 0 && b->n_frames > 64 &&
	       b->address + (64 << 10) > sp && b->address < sp + (64 << 10);
}

static void message_fault(struct out *o, const struct crash_block *b)
{
	const char *about = fault_about((int)b->signal, b->code);

	if (is_stack_overflow(b))
		about = "stack overflow";
	out_str(o, str_of(about));
	/* The processor doesn't say where for an address that no program can have. */
	if (b->code > 0 && b->signal != SIGFPE && fault_has_address((int)b->signal, b->code))
		out_fmt(o, " at 0x%" PRIx64, b->address);
}

static struct str message_of(struct mortem *m)
{
	const struct crash_block *b = &m->wreck.block;
	struct str said = str_trim(str_of(b->message));
	struct out o = { .limit = TEXT_MOST };

	if (b->exception[0])
		out_str(&o, STR("uncaught exception"));
	else if (said.n)
		out_str(&o, said);
	else
		message_fault(&o, b);
	return keep(m, &o);
}

static struct str type_of(struct mortem *m)
{
	const struct crash_block *b = &m->wreck.block;
	struct out o = { .limit = TEXT_MOST };
	char room[24];

	if (b->exception[0])
		fault_exception_name(&o, str_of(b->exception));
	else
		out_str(&o, mortem_signal(b->signal, room));
	return keep(m, &o);
}

struct str mortem_signal(uint32_t signal, char room[24])
{
	const char *name = signal < 65 ? sigabbrev_np((int)signal) : NULL;
	int n = name ? snprintf(room, 24, "SIG%s", name) : snprintf(room, 24, "signal %u", signal);

	return (struct str){ room, (size_t)n };
}

/* ---- examined --------------------------------------------------------------------------------- */

static struct value registers_of(struct mortem *m)
{
	const struct crash_block *b = &m->wreck.block;
	struct attribute *a = arena_take_n(&m->arena, struct attribute, CRASH_REGISTERS + 1);
	size_t n = 0;

	if (!a || !b->known)
		return (struct value){ .type = VALUE_MAP };
	a[n++] = (struct attribute){ str_of(fault_register(b->machine, CRASH_REGISTERS)),
				     backtrace_hex(&m->arena, b->pc) };
	for (unsigned i = 0; i < CRASH_REGISTERS; i++) {
		const char *name = fault_register(b->machine, i);

		if (name && b->known >> i & 1)
			a[n++] = (struct attribute){ str_of(name),
						     backtrace_hex(&m->arena, b->reg[i]) };
	}
	return (struct value){ .type = VALUE_MAP, .map = { a, n } };
}

static struct value module_value(struct mortem *m, const struct symbol_module *module)
{
	struct attribute *a = arena_take_n(&m->arena, struct attribute, 5);
	char id[2 * BUILD_ID_MOST];
	size_t n = 0;

	if (!a)
		return (struct value){ 0 };
	hex_write(id, module->build_id, module->build_id_n);
	a[n++] = (struct attribute){ STR("path"), { .type = VALUE_STRING, .text = module->path } };
	a[n++] = (struct attribute){
		STR("build_id"),
		{ .type = VALUE_STRING,
		  .text = arena_copy(&m->arena, (struct str){ id, 2 * module->build_id_n }) }
	};
	a[n++] = (struct attribute){ STR("begin"), backtrace_hex(&m->arena, module->begin) };
	a[n++] = (struct attribute){ STR("end"), backtrace_hex(&m->arena, module->end) };
	a[n++] = (struct attribute){ STR("bias"), backtrace_hex(&m->arena, module->bias) };
	return (struct value){ .type = VALUE_MAP, .map = { a, n } };
}

static struct value modules_of(struct mortem *m)
{
	const struct wreck *w = &m->wreck;
	struct value *v = arena_take_n(&m->arena, struct value, w->n_modules);

	for (size_t i = 0; v && i < w->n_modules; i++)
		v[i] = module_value(m, &w->module[i]);
	return (struct value){ .type = VALUE_ARRAY, .array = { v, v ? w->n_modules : 0 } };
}

static struct str frame_word(const struct value *frame, struct str key)
{
	struct attributes a = { frame->map.item, frame->map.n, 0 };

	return attributes_text(a, key);
}

/* Where people look first: not within libc's own way to the signal. */
static struct str where_of(struct mortem *m)
{
	const struct value *first = NULL;
	struct out o = { .limit = TEXT_MOST };

	for (size_t i = 0; i < m->frames.array.n; i++) {
		const struct value *f = &m->frames.array.item[i];

		if (!frame_word(f, STR("function")).n)
			continue;
		if (!first)
			first = f;
		if (!fault_is_way_to_abort(frame_word(f, STR("function")),
					   frame_word(f, STR("module")))) {
			first = f;
			break;
		}
	}
	if (first) {
		struct attributes a = { first->map.item, first->map.n, 0 };
		struct str file = frame_word(first, STR("file"));

		out_str(&o, frame_word(first, STR("function")));
		while (str_cut(file, '/').found)
			file = str_cut(file, '/').tail;
		if (file.n)
			out_fmt(&o, " (" STR_FMT ":%d)", STR_ARG(file),
				(int)attributes_int(a, STR("line"), 0));
	}
	return keep(m, &o);
}

void mortem_examine(struct mortem *m)
{
	struct wreck *w = &m->wreck;
	struct symbols *s = symbols_new(w->module, w->n_modules);
	struct backtrace t = { .arena = &m->arena, .cut_at = w->cut_at, .n_cut = w->n_cut };

	if (s)
		backtrace_make(&t, s, w->frame, w->n_frames);
	symbols_free(s);
	m->frames = t.frames;
	m->stacktrace = t.text;
	m->registers = registers_of(m);
	m->modules = modules_of(m);
	m->type = type_of(m);
	m->message = message_of(m);
	m->where = where_of(m);
	m->examined = true;
}

/* ---- told ------------------------------------------------------------------------------------- */

struct telling {
	struct arena *arena;
	struct attribute *item;
	size_t n;
};

static void tell(struct telling *t, struct str key, struct value v)
{
	if (t->n < ATTRIBUTES && (v.type != VALUE_STRING || v.text.n))
		t->item[t->n++] = (struct attribute){ key, copy_value(t->arena, v) };
}

static void tell_text(struct telling *t, struct str key, struct str text)
{
	tell(t, key, (struct value){ .type = VALUE_STRING, .text = text });
}

static void tell_int(struct telling *t, struct str key, int64_t n)
{
	tell(t, key, (struct value){ .type = VALUE_INT, .integer = n });
}

struct span_event mortem_event(const struct mortem *m, uint64_t time_ns,
			       struct attribute room[MORTEM_EVENT])
{
	room[0] = (struct attribute){ STR("exception.type"),
				      { .type = VALUE_STRING, .text = m->type } };
	room[1] = (struct attribute){ STR("exception.message"),
				      { .type = VALUE_STRING, .text = m->message } };
	room[2] = (struct attribute){ STR("exception.stacktrace"),
				      { .type = VALUE_STRING, .text = m->stacktrace } };
	room[3] = (struct attribute){ STR("oriel.crash"), { .type = VALUE_BOOL, .boolean = true } };
	return (struct span_event){ .time_ns = time_ns,
				    .name = STR("exception"),
				    .attributes = { room, MORTEM_EVENT, 0 } };
}

static void tell_signal(struct telling *t, const struct crash_block *b)
{
	const char *code = fault_code_name((int)b->signal, b->code);
	char room[24];

	tell_text(t, STR("signal.name"), mortem_signal(b->signal, room));
	tell_int(t, STR("signal.number"), b->signal);
	tell_int(t, STR("signal.code"), b->code);
	tell_text(t, STR("signal.code_name"), str_of(code));
	if (b->code > 0)
		tell(t, STR("signal.address"), backtrace_hex(t->arena, b->address));
	if (b->then_signal)
		tell_text(t, STR("signal.then"), mortem_signal(b->then_signal, room));
	tell_int(t, STR("thread.id"), b->tid);
	tell_text(t, STR("thread.name"), str_of(b->thread));
}

static struct value body_of(const struct mortem *m, struct arena *arena)
{
	struct out o = { .limit = TEXT_MOST };
	struct value v = { .type = VALUE_STRING };

	out_str(&o, m->type);
	if (m->message.n)
		out_fmt(&o, ": " STR_FMT, STR_ARG(m->message));
	if (m->where.n)
		out_fmt(&o, " in " STR_FMT, STR_ARG(m->where));
	v.text = arena_copy(arena, out_all(&o));
	out_fini(&o);
	return v;
}

static void identify(struct log_record *l, const struct crash_block *b)
{
	memcpy(l->trace_id.b, b->trace_id, sizeof(l->trace_id.b));
	memcpy(l->span_id.b, &b->span_id, sizeof(l->span_id.b));
	l->flags = b->trace_flags;
	l->thread_id = b->tid;
}

/* A record of severity FATAL that is an exception; NULL: no memory, which is counted. */
static struct log_record *exception_log(struct telling *t, struct batch *b, uint64_t time_ns,
					struct str type, struct str message)
{
	static const struct scope scope = { .name = { "oriel.crash", 11 },
					    .version = { ORIEL_VERSION,
							 sizeof(ORIEL_VERSION) - 1 } };
	struct log_record *l = batch_add_log(b);

	*t = (struct telling){ .arena = &b->arena,
			       .item = arena_take_n(&b->arena, struct attribute, ATTRIBUTES) };
	if (!l || !t->item) {
		stats_add(memory_dropped, 1);
		return NULL;
	}
	l->observed_ns = clock_real_ns();
	l->time_ns = time_ns && time_ns < l->observed_ns ? time_ns : l->observed_ns;
	l->severity = SEVERITY_FATAL;
	l->severity_text = STR("FATAL");
	l->event_name = STR("exception");
	l->scope = &scope;
	tell_text(t, STR("exception.type"), type);
	tell_text(t, STR("exception.message"), message);
	tell(t, STR("oriel.crash"), (struct value){ .type = VALUE_BOOL, .boolean = true });
	stats_add(logs_finished, 1);
	stats_add(crashes, 1);
	return l;
}

void mortem_log(const struct mortem *m, struct batch *b, uint64_t time_ns,
		const struct crumbs *crumbs)
{
	struct telling t;
	struct log_record *l = exception_log(&t, b, time_ns, m->type, m->message);

	if (!l)
		return;
	identify(l, &m->wreck.block);
	l->body = body_of(m, &b->arena);
	tell_text(&t, STR("exception.stacktrace"), m->stacktrace);
	tell_signal(&t, &m->wreck.block);
	tell(&t, STR("oriel.frames"), m->frames);
	tell(&t, STR("oriel.registers"), m->registers);
	tell(&t, STR("oriel.modules"), m->modules);
	tell(&t, STR("oriel.breadcrumbs"), crumbs_value(crumbs, &b->arena));
	l->attributes = (struct attributes){ t.item, t.n, 0 };
}

void mortem_log_unseen(struct batch *b, int signal, struct str why, uint64_t time_ns,
		       const struct crumbs *crumbs)
{
	char room[24];
	struct telling t;
	struct str name = mortem_signal((uint32_t)signal, room);
	struct log_record *l = exception_log(&t, b, time_ns, name, why);

	if (!l)
		return;
	l->body = (struct value){ .type = VALUE_STRING, .text = arena_copy(&b->arena, why) };
	tell_text(&t, STR("signal.name"), name);
	tell_int(&t, STR("signal.number"), signal);
	tell(&t, STR("oriel.breadcrumbs"), crumbs_value(crumbs, &b->arena));
	l->attributes = (struct attributes){ t.item, t.n, 0 };
}
